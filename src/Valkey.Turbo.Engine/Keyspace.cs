using System.Runtime.CompilerServices;
using Valkey.Turbo.Engine.Eviction;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Engine;

/// <summary>
/// One database's keys in one shard. Owns its entries. Every change of an entry goes through here, past the write barrier.
/// Used under the shard only.
/// </summary>
public sealed partial class Keyspace
{
    private long _sweepBucket;
    private long _volatileOnlyCount;

    internal Keyspace(Shard shard, int database)
    {
        Shard = shard;
        Database = database;
        Table = new HashTable<Entry>(shard.Arena);
    }

    /// <summary>The shard that this is part of.</summary>
    public Shard Shard { get; }

    /// <summary>The database's number; SWAPDB changes it.</summary>
    public int Database { get; internal set; }

    /// <summary>The table of entries, for iteration and lookup ahead.</summary>
    public HashTable<Entry> Table { get; }

    /// <summary>Listings of the keys that are under way.</summary>
    internal List<KeyListingPart> Listings { get; } = [];

    /// <summary>Finds a live entry. One that has expired is removed and journalled as deleted.</summary>
    public TablePosition Find(Worker worker, ReadOnlySpan<byte> key, ulong hash) => Find(worker, key, hash, mayRemove: true);

    /// <summary>
    /// Finds a live entry. One that has expired is removed only if <paramref name="mayRemove"/>, as that moves other entries: who holds
    /// positions in the table already must not.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TablePosition Find(Worker worker, ReadOnlySpan<byte> key, ulong hash, bool mayRemove)
    {
        Shard.AssertBorrowed();
        TablePosition position = Table.Find(key, hash);
        if (!position.IsNone && new Entry(position.Entry).HasExpiryField && IsUnseen(worker, position, mayRemove))
        {
            return default;
        }
        return position;
    }

    /// <summary>Whether there is an entry that has not expired.</summary>
    internal bool Contains(ReadOnlySpan<byte> key, long nowUnixMs)
    {
        TablePosition position = Table.Find(key, KeyHash.Of(key));
        return !position.IsNone && new Entry(position.Entry).ExpiresAtUnixMs is long at && (at == ITableEntry.NoExpiry || at > nowUnixMs);
    }

    /// <summary>Sets a string, whatever was there before.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="position">What <see cref="Find"/> returned for the key.</param>
    /// <param name="key">The key, copied when it is new.</param>
    /// <param name="hash">Its hash.</param>
    /// <param name="value">The value, copied; a canonical integer is kept as one.</param>
    /// <param name="expiresAtUnixMs">The new expiry, or <see cref="ITableEntry.NoExpiry"/>.</param>
    public void SetString(
        Worker worker, TablePosition position, ReadOnlySpan<byte> key, ulong hash, ReadOnlySpan<byte> value, long expiresAtUnixMs)
    {
        if (IsMaybeInteger(value) && Decimal64.TryParse(value, out long integer))
        {
            SetInteger(worker, position, key, hash, integer, expiresAtUnixMs);
            return;
        }
        SetText(worker, position, key, hash, value, expiresAtUnixMs);
    }

    /// <summary>The same as <see cref="SetString"/>, but even an integer is kept as text.</summary>
    public void SetText(
        Worker worker, TablePosition position, ReadOnlySpan<byte> key, ulong hash, ReadOnlySpan<byte> value, long expiresAtUnixMs)
    {
        if (!position.IsNone && TryOverwrite(worker, position, value, expiresAtUnixMs))
        {
            return;
        }
        bool embedded = value.Length <= Entry.LargestEmbeddedBytes;
        Entry entry = NewEntry(
            worker, key, embedded ? ValueEncoding.Embedded : ValueEncoding.Block, embedded ? value.Length : 0, expiresAtUnixMs);
        if (embedded)
        {
            value.CopyTo(entry.EmbeddedSpan);
        }
        else
        {
            ValueBlock block = ValueBlock.Create(Shard.Arena, value.Length);
            value.CopyTo(block.Span);
            entry.Block = block;
        }
        Put(worker, position, entry, hash);
    }

    /// <summary>Sets a string that is an integer, whatever was there before.</summary>
    public void SetInteger(
        Worker worker, TablePosition position, ReadOnlySpan<byte> key, ulong hash, long value, long expiresAtUnixMs)
    {
        if (!position.IsNone)
        {
            Entry old = new(position.Entry);
            bool sameShape = old.Type == ValueType.String && old.Encoding == ValueEncoding.Int
                && (expiresAtUnixMs == ITableEntry.NoExpiry || old.HasExpiryField);
            if (sameShape)
            {
                BeforeChange(old);
                old.Integer = value;
                ChangeExpiryInPlace(worker, position, old, expiresAtUnixMs);
                return;
            }
        }
        Entry entry = NewEntry(worker, key, ValueEncoding.Int, 0, expiresAtUnixMs);
        entry.Integer = value;
        Put(worker, position, entry, hash);
    }

    /// <summary>
    /// Makes a string writable at a given length: what it held is kept up to there, zeros follow. The position is renewed.
    /// </summary>
    public Span<byte> Reshape(Worker worker, scoped ref TablePosition position, ulong hash, int length)
    {
        Entry entry = new(position.Entry);
        BeforeChange(entry);
        int before = StringValue.Length(entry);
        if (entry.Encoding == ValueEncoding.Block)
        {
            entry.Block = entry.Block.Resize(Shard.Arena, length);
        }
        else if (entry.FitsInPlace(length))
        {
            entry.SetEmbeddedLength(length);
        }
        else
        {
            entry = MoveTo(worker, ref position, hash, entry, length);
        }
        entry.WasModified = true;
        Span<byte> bytes = entry.Encoding == ValueEncoding.Block ? entry.Block.Span : entry.EmbeddedSpan;
        if (length > before)
        {
            bytes[before..].Clear();
        }
        return bytes;
    }

    /// <summary>Changes when an entry expires; <see cref="ITableEntry.NoExpiry"/> makes it stay. The position is renewed.</summary>
    public void SetExpiry(Worker worker, ref TablePosition position, ulong hash, long expiresAtUnixMs)
    {
        Entry entry = new(position.Entry);
        if (entry.HasExpiryField || expiresAtUnixMs == ITableEntry.NoExpiry)
        {
            BeforeChange(entry);
            ChangeExpiryInPlace(worker, position, entry, expiresAtUnixMs);
            return;
        }
        Entry moved = CopyWithExpiry(entry, entry.KeySpan, Shard.Arena, expiresAtUnixMs, moveValue: true);
        BeforeChange(entry);
        bool isVolatile = entry.HasVolatileFields;
        CountVolatile(entry, isVolatile: false);
        CountVolatile(moved, isVolatile);
        Table.SetNow(worker.NowUnixMs);
        Table.Replace(position, moved.Address);
        Shard.Arena.Free(entry.Address, entry.EntryBytes);
        position = Table.Find(moved.KeySpan, hash);
    }

    /// <summary>Adds an empty collection under a key that is absent.</summary>
    public TablePosition AddCollection(
        Worker worker, ReadOnlySpan<byte> key, ulong hash, ValueType type, ValueEncoding encoding, long expiresAtUnixMs)
    {
        Shard.AssertBorrowed();
        Entry entry = Entry.Create(Shard.Arena, key, type, encoding, 0, expiresAtUnixMs);
        entry.Collection = Collection.Create(type, encoding, Shard.Arena);
        entry.Access = AccessClock.Initial(worker);
        Table.SetNow(worker.NowUnixMs);
        Insert(worker, entry, hash);
        return Table.Find(key, hash);
    }

    /// <summary>
    /// Makes an empty collection that is not in the keyspace yet, for results that are built before they take a key's place.
    /// Ends with <see cref="Attach"/> or <see cref="Discard"/>.
    /// </summary>
    public Entry NewDetached(Worker worker, ReadOnlySpan<byte> key, ValueType type, ValueEncoding encoding, long expiresAtUnixMs)
    {
        Shard.AssertBorrowed();
        Entry entry = Entry.Create(Shard.Arena, key, type, encoding, 0, expiresAtUnixMs);
        entry.Collection = Collection.Create(type, encoding, Shard.Arena);
        entry.Access = AccessClock.Initial(worker);
        return entry;
    }

    /// <summary>Makes a string of undefined bytes that is not in the keyspace yet.</summary>
    public Entry NewDetachedString(Worker worker, ReadOnlySpan<byte> key, int length, out Span<byte> bytes)
    {
        bool embedded = length <= Entry.LargestEmbeddedBytes;
        Entry entry = NewEntry(
            worker, key, embedded ? ValueEncoding.Embedded : ValueEncoding.Block, embedded ? length : 0, ITableEntry.NoExpiry);
        if (!embedded)
        {
            entry.Block = ValueBlock.Create(Shard.Arena, length);
        }
        bytes = embedded ? entry.EmbeddedSpan : entry.Block.Span;
        entry.WasModified = true;
        return entry;
    }

    /// <summary>Puts a detached entry into the keyspace, in the place of whatever its key holds; fields of it that expire are known to the sweep.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="position">Where the key stands now.</param>
    /// <param name="entry">The entry; the keyspace takes it over.</param>
    /// <param name="hash">The key's hash.</param>
    public void Attach(Worker worker, TablePosition position, Entry entry, ulong hash)
    {
        CountVolatile(entry, HasExpiringFields(entry));
        Table.SetNow(worker.NowUnixMs);
        Put(worker, position, entry, hash);
    }

    /// <summary>Frees a detached entry.</summary>
    public void Discard(Entry entry) => Free(entry);

    /// <summary>To be called before a collection changes in place, so that the write barrier sees what it was.</summary>
    public void BeginChange(TablePosition position) => BeforeChange(new Entry(position.Entry));

    /// <summary>Hashes with fields that expire.</summary>
    public long VolatileHashCount { get; private set; }

    /// <summary>Keys that expire themselves.</summary>
    public long ExpiringCount => Table.ExpiringCount - _volatileOnlyCount;

    /// <summary>Removes an entry and frees it; one with a large value, where that is asked for, later and bit by bit.</summary>
    public void Delete(Worker worker, TablePosition position, bool lazily)
    {
        Entry entry = new(position.Entry);
        Unhook(position, entry);
        Free(worker, entry, lazily);
    }

    private void Unhook(TablePosition position, Entry entry)
    {
        BeforeChange(entry);
        CountVolatile(entry, isVolatile: false);
        foreach (KeyListingPart listing in Listings)
        {
            listing.NoteRemoved(entry);
        }
        Table.Remove(position);
    }

    private void Free(Worker worker, Entry entry, bool lazily)
    {
        if (lazily && GradualRelease.Effort(entry, Shard.Arena) > GradualRelease.SmallestElements)
        {
            Shard.Dying.Enqueue(GradualRelease.Free(entry, Shard.Arena));
            worker.Stats.LazyFreed++;
            return;
        }
        Free(entry);
    }

    /// <summary>Removes a key, to make room, if it is still there and may go.</summary>
    internal bool TryEvict(Worker worker, EvictionPolicy policy, ReadOnlySpan<byte> key)
    {
        TablePosition position = Table.Find(key, KeyHash.Of(key));
        if (position.IsNone || !policy.Allows(new Entry(position.Entry)))
        {
            return false;
        }
        worker.Stats.EvictedKeys++;
        worker.JournalDelete(Shard, Database, key, worker.Server.Config.LazyEviction.IsSet);
        Shard.NoteChange(worker, Database, key);
        worker.Server.KeyEvents.Announce(worker, KeyEvent.Evicted, "evicted", Database, key);
        Delete(worker, position, worker.Server.Config.LazyEviction.IsSet);
        return true;
    }

    /// <summary>Puts a copy of another keyspace's entry under a key that is absent here. Both shards must be borrowed.</summary>
    public void InsertCopy(Worker worker, Entry source, ReadOnlySpan<byte> key, ulong hash, long expiresAtUnixMs)
    {
        Entry copy = CopyWithExpiry(source, key, Shard.Arena, expiresAtUnixMs, moveValue: false);
        CountVolatile(copy, source.HasVolatileFields);
        Table.SetNow(worker.NowUnixMs);
        Insert(worker, copy, hash);
    }

    /// <summary>Puts the value of an entry of a keyspace of the same shard under a key that is absent here. The entry is gone then.</summary>
    public void InsertMoved(
        Worker worker, Keyspace from, TablePosition position, ReadOnlySpan<byte> key, ulong hash, long expiresAtUnixMs)
    {
        Invariant.Require(from.Shard == Shard);
        Entry entry = new(position.Entry);
        bool isVolatile = entry.HasVolatileFields;
        Entry moved = CopyWithExpiry(entry, key, Shard.Arena, expiresAtUnixMs, moveValue: true);
        from.Unhook(position, entry);
        Shard.Arena.Free(entry.Address, entry.EntryBytes);
        CountVolatile(moved, isVolatile);
        Table.SetNow(worker.NowUnixMs);
        Insert(worker, moved, hash);
    }

    /// <summary>Frees up to <paramref name="bucketBudget"/> buckets' entries of a keyspace that is no longer in use.</summary>
    /// <returns>Whether everything is freed.</returns>
    internal bool FreeSome(long bucketBudget)
    {
        EntryFreer freer = new(this);
        long end = Math.Min(Table.BucketCount, _sweepBucket + bucketBudget);
        while (_sweepBucket < end)
        {
            Table.VisitBucket(_sweepBucket++, ref freer);
        }
        return _sweepBucket >= Table.BucketCount;
    }

    /// <summary>Frees the table of a keyspace whose entries are freed and that no thread can be prefetching from.</summary>
    internal void FreeTable() => Table.Free();

    /// <summary>Starts <see cref="FreeSome"/> from the beginning, after listings have seen the keys.</summary>
    internal void BeginFreeing()
    {
        _sweepBucket = 0;
        while (Listings.Count > 0)
        {
            Listings[^1].Finish();
        }
    }

    private static bool IsMaybeInteger(ReadOnlySpan<byte> value) =>
        (uint)(value.Length - 1) < Decimal64.MaxDigits && value[0] <= '9';

    private bool TryOverwrite(Worker worker, TablePosition position, ReadOnlySpan<byte> value, long expiresAtUnixMs)
    {
        Entry old = new(position.Entry);
        bool hasRoom = expiresAtUnixMs == ITableEntry.NoExpiry || old.HasExpiryField;
        if (old.Type != ValueType.String || !hasRoom || !old.FitsInPlace(value.Length))
        {
            return false;
        }
        BeforeChange(old);
        old.SetEmbeddedLength(value.Length);
        value.CopyTo(old.EmbeddedSpan);
        old.WasModified = false;
        AccessClock.Touch(old, worker);
        ChangeExpiryInPlace(worker, position, old, expiresAtUnixMs);
        return true;
    }

    private Entry NewEntry(Worker worker, ReadOnlySpan<byte> key, ValueEncoding encoding, int embeddedLength, long expiresAtUnixMs)
    {
        Entry entry = Entry.Create(Shard.Arena, key, ValueType.String, encoding, embeddedLength, expiresAtUnixMs);
        entry.Access = AccessClock.Initial(worker);
        Table.SetNow(worker.NowUnixMs);
        return entry;
    }

    private void Put(Worker worker, TablePosition position, Entry entry, ulong hash)
    {
        if (position.IsNone)
        {
            Insert(worker, entry, hash);
            return;
        }
        Entry old = new(position.Entry);
        BeforeChange(old);
        CountVolatile(old, isVolatile: false);
        Table.Replace(position, entry.Address);
        Free(worker, old, worker.Server.Config.LazyServerDel.IsSet);
    }

    private Entry MoveTo(Worker worker, ref TablePosition position, ulong hash, Entry entry, int length)
    {
        bool embedded = length <= Entry.LargestEmbeddedBytes;
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        ReadOnlySpan<byte> content = StringValue.Read(entry, scratch);
        content = content[..Math.Min(content.Length, length)];
        Entry moved = NewEntry(worker, entry.KeySpan, embedded ? ValueEncoding.Embedded : ValueEncoding.Block,
            embedded ? length : 0, entry.ExpiresAtUnixMs);
        moved.Access = entry.Access;
        if (embedded)
        {
            content.CopyTo(moved.EmbeddedSpan);
        }
        else
        {
            ValueBlock block = ValueBlock.Create(Shard.Arena, length);
            content.CopyTo(block.Span);
            moved.Block = block;
        }
        Table.Replace(position, moved.Address);
        Free(entry);
        position = Table.Find(moved.KeySpan, hash);
        return moved;
    }

    private static Entry CopyWithExpiry(Entry source, ReadOnlySpan<byte> key, Arena arena, long expiresAtUnixMs, bool moveValue)
    {
        bool embedded = source.Encoding == ValueEncoding.Embedded;
        Entry copy = Entry.Create(
            arena, key, source.Type, source.Encoding, embedded ? source.EmbeddedSpan.Length : 0, expiresAtUnixMs);
        copy.Access = source.Access;
        copy.WasModified = source.WasModified;
        switch (source.Encoding)
        {
            case ValueEncoding.Embedded:
                source.EmbeddedSpan.CopyTo(copy.EmbeddedSpan);
                break;
            case ValueEncoding.Int:
                copy.Integer = source.Integer;
                break;
            case > ValueEncoding.Block:
                copy.Collection = moveValue ? source.Collection : Collection.Copy(source, arena);
                break;
            default:
                copy.Block = moveValue ? source.Block : CopyBlock(source.Block, arena);
                break;
        }
        return copy;
    }

    private static ValueBlock CopyBlock(ValueBlock source, Arena arena)
    {
        ValueBlock copy = ValueBlock.Create(arena, source.Length);
        source.Span.CopyTo(copy.Span);
        return copy;
    }

    private void Insert(Worker worker, Entry entry, ulong hash)
    {
        foreach (KeyListingPart listing in Listings)
        {
            listing.NoteAdded(entry.KeySpan, hash);
        }
        Table.Insert(entry.Address, hash);
        worker.Server.KeyEvents.Announce(worker, KeyEvent.New, "new", Database, entry.KeySpan);
    }

    private void BeforeChange(Entry entry)
    {
        Shard.AssertBorrowed();
        Shard.WriteBarrier?.BeforeChange(Shard.Index, Database, entry.Address);
    }

    private void Free(Entry entry)
    {
        Collection.Free(entry, Shard.Arena);
        Shard.Arena.Free(entry.Address, entry.EntryBytes);
    }

    private readonly ref struct EntryFreer(Keyspace keyspace) : IEntryVisitor
    {
        public void Visit(nint entry) => keyspace.Free(new Entry(entry));
    }
}
