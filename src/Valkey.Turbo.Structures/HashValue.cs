using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A hash: small ones are a listpack of fields and values in turn, larger ones, and those with fields that expire, a table
/// of <see cref="HashField"/>. Fields that have expired are there until they are removed, but no look-up finds them. A view
/// of the entry that owns the hash, by one clock: what it counts is what it finds and walks over.
/// </summary>
public readonly struct HashValue(Entry entry, Arena arena, ExpiryClock clock)
{
    /// <summary>Whether the hash is a listpack.</summary>
    public bool IsListpack => entry.Encoding == ValueEncoding.Listpack;

    /// <summary>The hash as a listpack.</summary>
    public Listpack Listpack => new(entry.Collection);

    /// <summary>The hash as a table.</summary>
    public HashTable<HashField> Table => new(entry.Collection, arena);

    /// <summary>How many fields there are, those that have expired but not been removed included.</summary>
    public long Count => IsListpack ? Listpack.Count / 2 : Table.Count;

    /// <summary>How many fields there are to see: as many as <see cref="Enumerate"/> goes over. Looks only at fields that expire.</summary>
    public long LiveCount
    {
        get
        {
            if (IsListpack || Table.ExpiringCount == 0 || clock.SeesExpired)
            {
                return Count;
            }
            UnseenFields unseen = new(this);
            Table.VisitExpiring(ref unseen);
            return Count - unseen.Count;
        }
    }

    /// <summary>Whether a field of the table is one of those there are to see.</summary>
    public bool Sees(HashField field) => !clock.IsOver(field.Expiry);

    /// <summary>Finds a field's value; an integer of a listpack is written to <paramref name="scratch"/>.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, Span<byte> scratch, out ReadOnlySpan<byte> value)
    {
        value = default;
        if (IsListpack)
        {
            Listpack pairs = Listpack;
            int at = pairs.Find(name, pairs.First, 2);
            if (at != Listpack.None)
            {
                value = pairs.Read(pairs.Behind(at), scratch);
            }
            return at != Listpack.None;
        }
        TablePosition position = Table.Find(name, KeyHash.Of(name));
        if (position.IsNone || !Sees(new HashField(position.Entry)))
        {
            return false;
        }
        value = new HashField(position.Entry).Value;
        return true;
    }

    /// <summary>When a field expires, or <see cref="ITableEntry.NoExpiry"/>; false where there is no such field.</summary>
    public bool TryGetExpiry(ReadOnlySpan<byte> name, out long expiresAtUnixMs)
    {
        expiresAtUnixMs = ITableEntry.NoExpiry;
        if (IsListpack)
        {
            return Listpack.Find(name, Listpack.First, 2) != Listpack.None;
        }
        TablePosition position = Table.Find(name, KeyHash.Of(name));
        if (position.IsNone || !Sees(new HashField(position.Entry)))
        {
            return false;
        }
        expiresAtUnixMs = new HashField(position.Entry).Expiry;
        return true;
    }

    /// <summary>Sets a field, whatever it was before.</summary>
    /// <returns>Whether there was no such field, or only an expired one.</returns>
    public bool Set(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, long expiresAtUnixMs, CollectionLimits limits)
    {
        if (IsListpack)
        {
            bool fits = name.Length <= limits.HashMaxListpackValue && value.Length <= limits.HashMaxListpackValue
                && expiresAtUnixMs == ITableEntry.NoExpiry && Listpack.HasRoomFor((long)name.Length + value.Length + 32);
            if (fits)
            {
                return SetInListpack(name, value, limits);
            }
            ConvertToTable();
        }
        return SetInTable(name, value, expiresAtUnixMs);
    }

    /// <summary>Removes a field.</summary>
    /// <returns>Whether there was one that had not expired.</returns>
    public bool Remove(ReadOnlySpan<byte> name)
    {
        if (IsListpack)
        {
            int at = Listpack.Find(name, Listpack.First, 2);
            if (at != Listpack.None)
            {
                SetListpack(Listpack.Remove(arena, at, 2));
            }
            return at != Listpack.None;
        }
        HashTable<HashField> table = Table;
        TablePosition position = table.Find(name, KeyHash.Of(name));
        if (position.IsNone)
        {
            return false;
        }
        HashField field = new(position.Entry);
        bool wasAlive = Sees(field);
        table.Remove(position);
        field.Free(arena);
        return wasAlive;
    }

    /// <summary>Changes when a field that exists expires.</summary>
    public void SetExpiry(ReadOnlySpan<byte> name, long expiresAtUnixMs)
    {
        if (IsListpack)
        {
            if (expiresAtUnixMs == ITableEntry.NoExpiry)
            {
                return;
            }
            ConvertToTable();
        }
        HashTable<HashField> table = Table;
        table.SetNow(clock.NowUnixMs);
        TablePosition position = table.Find(name, KeyHash.Of(name));
        HashField field = new(position.Entry);
        if (field.TryOverwrite(field.Value, expiresAtUnixMs))
        {
            table.Replace(position, field.Address);
            return;
        }
        table.Replace(position, HashField.Create(arena, name, field.Value, expiresAtUnixMs).Address);
        field.Free(arena);
    }

    /// <summary>A field at random, each as likely as any other; the hash has one.</summary>
    /// <param name="random">The chance.</param>
    /// <param name="scratch">Room for two integers, <see cref="Decimal64.MaxDigits"/> bytes each.</param>
    /// <param name="value">The field's value.</param>
    public ReadOnlySpan<byte> Random(RandomSource random, Span<byte> scratch, out ReadOnlySpan<byte> value)
    {
        if (IsListpack)
        {
            int at = Listpack.At(2L * random.Below((int)Count));
            value = Listpack.Read(Listpack.Behind(at), scratch[Decimal64.MaxDigits..]);
            return Listpack.Read(at, scratch);
        }
        HashField field = new(Table.RandomEntry(random));
        value = field.Value;
        return field.Name;
    }

    /// <summary>Goes over the fields there are to see; the hash must not change meanwhile.</summary>
    public HashEnumerator Enumerate() => new(this);

    /// <summary>Turns a listpack into a table.</summary>
    public void ConvertToTable()
    {
        Listpack pairs = Listpack;
        HashTable<HashField> table = new(arena);
        Span<byte> first = stackalloc byte[Decimal64.MaxDigits], second = stackalloc byte[Decimal64.MaxDigits];
        for (int at = pairs.First; at != Listpack.None; at = pairs.Next(pairs.Behind(at)))
        {
            ReadOnlySpan<byte> name = pairs.Read(at, first);
            HashField field = HashField.Create(arena, name, pairs.Read(pairs.Behind(at), second), ITableEntry.NoExpiry);
            table.Insert(field.Address, KeyHash.Of(name));
        }
        pairs.Free(arena);
        entry.SetCollection(ValueEncoding.HashTable, table.Address);
    }

    private bool SetInListpack(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, CollectionLimits limits)
    {
        Listpack pairs = Listpack;
        int at = pairs.Find(name, pairs.First, 2);
        if (at != Listpack.None)
        {
            SetListpack(pairs.Replace(arena, pairs.Behind(at), value));
            return false;
        }
        SetListpack(pairs.Append(arena, name).Append(arena, value));
        if (Count > limits.HashMaxListpackEntries)
        {
            ConvertToTable();
        }
        return true;
    }

    private bool SetInTable(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, long expiresAtUnixMs)
    {
        HashTable<HashField> table = Table;
        table.SetNow(clock.NowUnixMs);
        ulong hash = KeyHash.Of(name);
        TablePosition position = table.Find(name, hash);
        if (position.IsNone)
        {
            table.Insert(HashField.Create(arena, name, value, expiresAtUnixMs).Address, hash);
            return true;
        }
        HashField old = new(position.Entry);
        bool wasExpired = !Sees(old), hadExpiry = old.Expiry != ITableEntry.NoExpiry;
        if (old.TryOverwrite(value, expiresAtUnixMs))
        {
            if (hadExpiry || expiresAtUnixMs != ITableEntry.NoExpiry)
            {
                table.Replace(position, old.Address);
            }
            return wasExpired;
        }
        table.Replace(position, HashField.Create(arena, name, value, expiresAtUnixMs).Address);
        old.Free(arena);
        return wasExpired;
    }

    private void SetListpack(Listpack moved)
    {
        Entry owner = entry;
        owner.Collection = moved.Address;
    }

    private struct UnseenFields(HashValue hash) : IEntryVisitor
    {
        internal long Count { get; private set; }

        public void Visit(nint entry) => Count += hash.Sees(new HashField(entry)) ? 0 : 1;
    }
}

/// <summary>Goes over a hash's fields.</summary>
public struct HashEnumerator
{
    private readonly HashValue _hash;
    private HashTable<HashField>.Enumerator _table;
    private int _offset;
    private bool _isStarted;

    internal HashEnumerator(HashValue hash)
    {
        _hash = hash;
        if (!hash.IsListpack)
        {
            _table = hash.Table.GetEnumerator();
        }
    }

    public bool MoveNext()
    {
        if (_hash.IsListpack)
        {
            Listpack pairs = _hash.Listpack;
            _offset = _isStarted ? pairs.Next(pairs.Behind(_offset)) : pairs.First;
            _isStarted = true;
            return _offset != Listpack.None;
        }
        while (_table.MoveNext())
        {
            if (_hash.Sees(new HashField(_table.Current)))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The field's name.</summary>
    public readonly ReadOnlySpan<byte> Name(Span<byte> scratch) =>
        _hash.IsListpack ? _hash.Listpack.Read(_offset, scratch) : new HashField(_table.Current).Name;

    /// <summary>The field's value.</summary>
    public readonly ReadOnlySpan<byte> Value(Span<byte> scratch) => _hash.IsListpack
        ? _hash.Listpack.Read(_hash.Listpack.Behind(_offset), scratch)
        : new HashField(_table.Current).Value;

    /// <summary>When the field expires, or <see cref="ITableEntry.NoExpiry"/>.</summary>
    public readonly long ExpiresAtUnixMs => _hash.IsListpack ? ITableEntry.NoExpiry : new HashField(_table.Current).Expiry;
}
