using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A set: an intset while all members are integers and few, a listpack while they are few and short, else a table of
/// <see cref="SetMember"/>. A view of the entry that owns the set.
/// </summary>
public readonly struct SetValue(Entry entry, Arena arena)
{
    /// <summary>How the set is held.</summary>
    public ValueEncoding Encoding => entry.Encoding;

    /// <summary>The set as an intset.</summary>
    public IntSet IntSet => new(entry.Collection);

    /// <summary>The set as a listpack.</summary>
    public Listpack Listpack => new(entry.Collection);

    /// <summary>The set as a table.</summary>
    public HashTable<SetMember> Table => new(entry.Collection, arena);

    /// <summary>How many members there are.</summary>
    public long Count => Encoding switch
    {
        ValueEncoding.IntSet => IntSet.Count,
        ValueEncoding.Listpack => Listpack.Count,
        _ => Table.Count,
    };

    /// <summary>The encoding in which to begin a set that is to hold <paramref name="expectedCount"/> members like the first.</summary>
    public static ValueEncoding EncodingFor(ReadOnlySpan<byte> first, long expectedCount, CollectionLimits limits)
    {
        if (Decimal64.TryParse(first, out _) && expectedCount <= limits.SetMaxIntsetEntries)
        {
            return ValueEncoding.IntSet;
        }
        return expectedCount <= limits.SetMaxListpackEntries ? ValueEncoding.Listpack : ValueEncoding.HashTable;
    }

    /// <summary>Makes an empty collection of an encoding.</summary>
    internal static nint Create(ValueEncoding encoding, Arena arena) => encoding switch
    {
        ValueEncoding.IntSet => IntSet.Create(arena).Address,
        ValueEncoding.Listpack => Listpack.Create(arena).Address,
        _ => new HashTable<SetMember>(arena).Address,
    };

    /// <summary>Changes the encoding at once, if adding <paramref name="addedCount"/> members is bound to.</summary>
    public void ExpectMore(long addedCount, CollectionLimits limits)
    {
        if ((Encoding == ValueEncoding.Listpack && addedCount > limits.SetMaxListpackEntries)
            || (Encoding == ValueEncoding.IntSet && addedCount > limits.SetMaxIntsetEntries))
        {
            ConvertTo(ValueEncoding.HashTable);
        }
    }

    /// <summary>Whether a value is a member.</summary>
    public bool Contains(ReadOnlySpan<byte> value) => Encoding switch
    {
        ValueEncoding.IntSet => Decimal64.TryParse(value, out long integer) && IntSet.Contains(integer),
        ValueEncoding.Listpack => Listpack.Find(value, Listpack.First, 1) != Listpack.None,
        _ => !Table.Find(value, KeyHash.Of(value)).IsNone,
    };

    /// <summary>Adds a member; false if it was one already.</summary>
    public bool Add(ReadOnlySpan<byte> value, CollectionLimits limits)
    {
        if (Encoding == ValueEncoding.IntSet && TryAddInteger(value, limits, out bool wasAdded))
        {
            return wasAdded;
        }
        if (Encoding == ValueEncoding.Listpack)
        {
            Listpack members = Listpack;
            if (members.Find(value, members.First, 1) != Listpack.None)
            {
                return false;
            }
            if (members.Count < limits.SetMaxListpackEntries && value.Length <= limits.SetMaxListpackValue
                && members.HasRoomFor(value.Length + 16L))
            {
                Move(members.Append(arena, value).Address);
                return true;
            }
            ConvertTo(ValueEncoding.HashTable);
        }
        return AddToTable(value);
    }

    /// <summary>Adds an integer as a member; false if it was one already.</summary>
    public bool Add(long value, CollectionLimits limits)
    {
        if (Encoding == ValueEncoding.IntSet)
        {
            return AddToIntSet(value, limits);
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        return Add(scratch[..Decimal64.Format(value, scratch)], limits);
    }

    /// <summary>Removes a member; false if it was none.</summary>
    public bool Remove(ReadOnlySpan<byte> value)
    {
        switch (Encoding)
        {
            case ValueEncoding.IntSet:
                if (!Decimal64.TryParse(value, out long integer))
                {
                    return false;
                }
                Move(IntSet.Remove(arena, integer, out bool wasRemoved).Address);
                return wasRemoved;
            case ValueEncoding.Listpack:
                int at = Listpack.Find(value, Listpack.First, 1);
                if (at != Listpack.None)
                {
                    Move(Listpack.Remove(arena, at, 1).Address);
                }
                return at != Listpack.None;
            default:
                HashTable<SetMember> table = Table;
                TablePosition position = table.Find(value, KeyHash.Of(value));
                if (position.IsNone)
                {
                    return false;
                }
                nint member = position.Entry;
                table.Remove(position);
                SetMember.Free(arena, member);
                return true;
        }
    }

    /// <summary>Gives an empty intset the members of another, whose bytes are valid.</summary>
    public void ReplaceIntSet(ReadOnlySpan<byte> source)
    {
        IntSet.Free(arena);
        Move(IntSet.Create(arena, source).Address);
    }

    /// <summary>A member at random, each as likely as any other; the set has one.</summary>
    public ReadOnlySpan<byte> Random(RandomSource random, Span<byte> scratch) => Encoding switch
    {
        ValueEncoding.IntSet => scratch[..Decimal64.Format(IntSet[random.Below(IntSet.Count)], scratch)],
        ValueEncoding.Listpack => Listpack.Read(Listpack.At(random.Below(Listpack.Count)), scratch),
        _ => SetMember.Key(Table.RandomEntry(random)),
    };

    /// <summary>Goes over the members; the set must not change meanwhile.</summary>
    public SetEnumerator Enumerate() => new(this);

    /// <summary>Changes the encoding, keeping the members.</summary>
    public void ConvertTo(ValueEncoding encoding)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        SetEnumerator members = Enumerate();
        nint made = Create(encoding, arena);
        while (members.MoveNext())
        {
            ReadOnlySpan<byte> value = members.Read(scratch);
            if (encoding == ValueEncoding.Listpack)
            {
                made = new Listpack(made).Append(arena, value).Address;
            }
            else
            {
                new HashTable<SetMember>(made, arena).Insert(SetMember.Create(arena, value), KeyHash.Of(value));
            }
        }
        Free();
        entry.SetCollection(encoding, made);
    }

    /// <summary>Frees the members and what holds them.</summary>
    internal void Free()
    {
        switch (Encoding)
        {
            case ValueEncoding.IntSet:
                IntSet.Free(arena);
                break;
            case ValueEncoding.Listpack:
                Listpack.Free(arena);
                break;
            default:
                foreach (nint member in Table)
                {
                    SetMember.Free(arena, member);
                }
                Table.Free();
                break;
        }
    }

    /// <summary>
    /// Adds an integer to an intset. False means that the value is none: the set now has another encoding, and the value is
    /// still to be added.
    /// </summary>
    private bool TryAddInteger(ReadOnlySpan<byte> value, CollectionLimits limits, out bool wasAdded)
    {
        if (Decimal64.TryParse(value, out long integer))
        {
            wasAdded = AddToIntSet(integer, limits);
            return true;
        }
        IntSet integers = IntSet;
        int longest = integers.Count == 0 ? 0 : Math.Max(Digits(integers[0]), Digits(integers[integers.Count - 1]));
        bool fits = integers.Count < limits.SetMaxListpackEntries && value.Length <= limits.SetMaxListpackValue
            && longest <= limits.SetMaxListpackValue;
        ConvertTo(fits ? ValueEncoding.Listpack : ValueEncoding.HashTable);
        wasAdded = false;
        return false;
    }

    private bool AddToIntSet(long value, CollectionLimits limits)
    {
        Move(IntSet.Add(arena, value, out bool wasAdded).Address);
        if (IntSet.Count > limits.SetMaxIntsetEntries)
        {
            ConvertTo(ValueEncoding.HashTable);
        }
        return wasAdded;
    }

    private static int Digits(long value)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        return Decimal64.Format(value, scratch);
    }

    private bool AddToTable(ReadOnlySpan<byte> value)
    {
        HashTable<SetMember> table = Table;
        ulong hash = KeyHash.Of(value);
        if (!table.Find(value, hash).IsNone)
        {
            return false;
        }
        table.Insert(SetMember.Create(arena, value), hash);
        return true;
    }

    private void Move(nint address)
    {
        Entry owner = entry;
        owner.Collection = address;
    }
}

/// <summary>Goes over a set's members.</summary>
public struct SetEnumerator
{
    private readonly SetValue _set;
    private HashTable<SetMember>.Enumerator _table;
    private int _at;
    private bool _isStarted;

    internal SetEnumerator(SetValue set)
    {
        _set = set;
        if (set.Encoding == ValueEncoding.HashTable)
        {
            _table = set.Table.GetEnumerator();
        }
    }

    public bool MoveNext()
    {
        switch (_set.Encoding)
        {
            case ValueEncoding.IntSet:
                _at = _isStarted ? _at + 1 : 0;
                _isStarted = true;
                return _at < _set.IntSet.Count;
            case ValueEncoding.Listpack:
                _at = _isStarted ? _set.Listpack.Next(_at) : _set.Listpack.First;
                _isStarted = true;
                return _at != Listpack.None;
            default:
                return _table.MoveNext();
        }
    }

    /// <summary>The member; an integer is written to <paramref name="scratch"/>.</summary>
    public readonly ReadOnlySpan<byte> Read(Span<byte> scratch) => _set.Encoding switch
    {
        ValueEncoding.IntSet => scratch[..Decimal64.Format(_set.IntSet[_at], scratch)],
        ValueEncoding.Listpack => _set.Listpack.Read(_at, scratch),
        _ => SetMember.Key(_table.Current),
    };
}
