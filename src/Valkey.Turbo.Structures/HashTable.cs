using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// Linear hashing (Litwin, 1980) over cache-line buckets: the table grows and shrinks by one bucket at a time, so the fill
/// stays even at every size, there is never a second table, and no single insert pays for a resize.
/// </summary>
/// <remarks>
/// With <c>level</c> L and <c>split</c> s there are 2^L + s buckets. A hash belongs to bucket <c>hash mod 2^L</c>, or, where
/// that is below s (already split), to <c>hash mod 2^(L+1)</c>. Buckets lie in segments of 1,024 (one span of memory);
/// a table of fewer has one smaller segment that doubles. The table refers to entries but does not own them.
/// </remarks>
public readonly unsafe partial struct HashTable<TEntry>
    where TEntry : struct, ITableEntry
{
    private const int SegmentShift = 10;
    private const int SegmentBuckets = 1 << SegmentShift;

    // Mean fill of the ten places at which a bucket is added, and below which one is taken away (in halves).
    private const long GrowAboveHalves = 15;
    private const long ShrinkBelowHalves = 6;
    private const int EntriesOnStack = 64;

#if CHECKED
    private const int StateBytes = 96;
#else
    private const int StateBytes = 88;
#endif

    /// <summary>What a table consists of; lies in the arena, so that a table costs the collector nothing.</summary>
    [StructLayout(LayoutKind.Sequential, Size = StateBytes)]
    private struct State
    {
        internal byte** Segments;
        internal ulong LevelMask;
        internal ulong Split;
        internal long Count;
        internal long OverflowCount;
        internal long ExpiringCount;
        internal long NowUnixMs;
        internal long EarliestExpiryUnixMs;
        internal long WalkedBuckets;
        internal long WalkedEarliestUnixMs;
        internal int SegmentCapacity;
        internal short FirstSegmentBuckets;
        internal short ExpectedEntryBytes;
#if CHECKED
        /// <summary>How often entries have moved, come or gone: a position is good for one version of its table.</summary>
        internal long Version;
#endif
    }

    private readonly State* _state;
    private readonly Arena _arena;

    /// <summary>Where the table's state lies; 0 means no table.</summary>
    public nint Address => (nint)_state;

    /// <summary>
    /// A recent time in milliseconds since 1970, which deadlines are set relative to. To be refreshed before entries that
    /// expire are added; being hours late does no harm, for deadlines are only lower bounds within days.
    /// </summary>
    public long NowUnixMs => _state->NowUnixMs;

    /// <summary>How many entries the table refers to.</summary>
    public long Count => _state->Count;

    /// <summary>How many buckets there are, overflow buckets not counted.</summary>
    public long BucketCount => (long)(_state->LevelMask + 1 + _state->Split);

    /// <summary>How many overflow buckets hang behind others.</summary>
    public long OverflowCount => _state->OverflowCount;

    /// <summary>How many entries expire.</summary>
    public long ExpiringCount => _state->ExpiringCount;

    /// <summary>No entry expires before this, in milliseconds since 1970; nothing ever lowers it but entries that were added.</summary>
    public long EarliestExpiryUnixMs => _state->ExpiringCount == 0 ? long.MaxValue : _state->EarliestExpiryUnixMs;

    /// <summary>Bytes of the buckets, their directory and the state.</summary>
    public long TableBytes =>
        (BucketCount < SegmentBuckets ? _state->FirstSegmentBuckets : (BucketCount + SegmentBuckets - 1 & -SegmentBuckets)) * Bucket.Bytes
        + OverflowCount * Bucket.Bytes + DirectoryBytes(_state->SegmentCapacity) + StateBytes;

    /// <summary>Makes an empty table of one bucket in <paramref name="arena"/>. Ends with <see cref="Free"/>.</summary>
    public HashTable(Arena arena)
    {
        _arena = arena;
        _state = (State*)arena.Allocate(StateBytes);
        *_state = default;
        _state->EarliestExpiryUnixMs = long.MaxValue;
        _state->SegmentCapacity = 1;
        _state->Segments = NewDirectory(1, null);
        _state->FirstSegmentBuckets = 1;
        _state->Segments[0] = NewBuckets(1);
    }

    /// <summary>The table whose state lies at <paramref name="address"/>.</summary>
    public HashTable(nint address, Arena arena)
    {
        _state = (State*)address;
        _arena = arena;
    }

    /// <summary>Renews <see cref="NowUnixMs"/>.</summary>
    public void SetNow(long unixMs) => _state->NowUnixMs = unixMs;

    /// <summary>Frees the table's own memory. The entries stay.</summary>
    public void Free()
    {
        for (ulong i = 0; i < (ulong)BucketCount; i++)
        {
            FreeChain(BucketAt(i).Next);
        }
        int segments = (int)(BucketCount + SegmentBuckets - 1 >> SegmentShift);
        for (int i = 0; i < segments; i++)
        {
            FreeSegment(i);
        }
        byte** directory = _state->Segments;
        for (int capacity = _state->SegmentCapacity; directory != null; capacity /= 2)
        {
            byte** outgrown = (byte**)directory[capacity];
            _arena.Free((nint)directory, DirectoryBytes(capacity));
            directory = outgrown;
        }
        _arena.Free((nint)_state, StateBytes);
    }

    /// <summary>Finds an entry by key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public TablePosition Find(ReadOnlySpan<byte> key, ulong hash)
    {
        Bucket head = BucketAt(IndexOf(hash));
        byte tag = TagOf(hash);
        Bucket bucket = head;
        do
        {
            int mask = bucket.Match(tag) & (bucket.IsChained ? ~(1 << Bucket.LinkPlace) : -1);
            while (mask != 0)
            {
                int place = BitOperations.TrailingZeroCount(mask);
                if (TEntry.Key(bucket.Entry(place)).SequenceEqual(key))
                {
                    return PositionOf(head, bucket, place);
                }
                mask &= mask - 1;
            }
            bucket = bucket.Next;
        }
        while (!bucket.IsNull);
        return default;
    }

    /// <summary>Adds an entry whose key is not in the table.</summary>
    public void Insert(nint entry, ulong hash)
    {
        Invariant.Check(Find(TEntry.Key(entry), hash).IsNone);
        BeginVersion();
        Place(BucketAt(IndexOf(hash)), entry, TagOf(hash));
        ExpectEntryBytes(TEntry.Bytes(entry));
        _state->Count++;
        if (Count * 2 > BucketCount * GrowAboveHalves)
        {
            SplitNext();
        }
    }

    /// <summary>Puts another entry of the same key in an entry's place. The old one is not freed.</summary>
    public void Replace(TablePosition position, nint entry)
    {
        position.CheckVersion();
        long expiresAt = TEntry.ExpiresAtUnixMs(entry);
        bool expires = expiresAt != ITableEntry.NoExpiry;
        bool expired = (position.Bucket.Expiring >> position.Place & 1) != 0;
        _state->ExpiringCount += (expires ? 1 : 0) - (expired ? 1 : 0);
        uint others = position.Bucket.Expiring & ~(1u << position.Place);
        position.Bucket.Set(position.Place, position.Bucket.Tag(position.Place), entry, expires);
        ExpectEntryBytes(TEntry.Bytes(entry));
        if (expires)
        {
            LowerDeadline(position.Bucket, expiresAt, others != 0);
        }
    }

    /// <summary>Takes an entry out. It is not freed.</summary>
    public void Remove(TablePosition position)
    {
        position.CheckVersion();
        BeginVersion();
        Bucket head = new((byte*)position.Head);
        Bucket bucket = position.Bucket;
        if ((bucket.Expiring >> position.Place & 1) != 0)
        {
            _state->ExpiringCount--;
        }
        bucket.Clear(position.Place);
        if (head.IsChained)
        {
            CloseGap(head, bucket, position.Place);
        }
        _state->Count--;
        if (Count * 2 < BucketCount * ShrinkBelowHalves && BucketCount > 1)
        {
            MergeLast();
        }
    }

    /// <summary>
    /// One step of an iteration that returns every entry present from its first to its last step, while the table grows
    /// and shrinks (reverse binary increment, as Valkey's SCAN). Starts and ends with cursor 0.
    /// </summary>
    public ulong Scan<TVisitor>(ulong cursor, ref TVisitor visitor)
        where TVisitor : struct, IEntryVisitor, allows ref struct
    {
        ulong index = cursor & _state->LevelMask;
        VisitChain(BucketAt(index), ref visitor);
        if (index < _state->Split)
        {
            VisitChain(BucketAt(index + _state->LevelMask + 1), ref visitor);
        }
        cursor |= ~_state->LevelMask;
        cursor = ReverseBits(ReverseBits(cursor) + 1);
        return cursor;
    }

    /// <summary>Whether <see cref="Scan"/>, having come as far as <paramref name="cursor"/>, has left an entry of this hash behind.</summary>
    /// <remarks>The iteration goes by reversed hashes, upwards, whatever the table's size.</remarks>
    public static bool IsBehind(ulong hash, ulong cursor) => ReverseBits(hash) < ReverseBits(cursor);

    /// <summary>Whether some entries of the bucket that comes next are behind already, because the table has shrunk since.</summary>
    public bool IsInsideBucket(ulong cursor) => (cursor & ~_state->LevelMask) != 0;

    /// <summary>Visits every entry of bucket <paramref name="index"/> (0 to <see cref="BucketCount"/> - 1) and its overflow.</summary>
    public void VisitBucket<TVisitor>(long index, ref TVisitor visitor)
        where TVisitor : struct, IEntryVisitor, allows ref struct =>
        VisitChain(BucketAt((ulong)index), ref visitor);

    /// <summary>A uniformly random entry, or 0 if the table is empty.</summary>
    public nint RandomEntry(RandomSource random)
    {
        if (Count == 0)
        {
            return 0;
        }
        // Uniform over (bucket, place in its chain) with rejection of free places. Chains longer than the bound are
        // vanishingly rare; their tail is found through the shorter ones' share.
        const int chainBound = 3 * Bucket.Places;
        while (true)
        {
            Bucket bucket = BucketAt((ulong)random.Below((int)Math.Min(BucketCount, int.MaxValue)));
            int place = random.Below(chainBound);
            while (place >= Bucket.Places && !bucket.IsNull)
            {
                bucket = bucket.Next;
                place -= Bucket.Places;
            }
            if (!bucket.IsNull && (bucket.Occupied >> place & 1) != 0)
            {
                return bucket.Entry(place);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
#if CHECKED
    private TablePosition PositionOf(Bucket head, Bucket bucket, int place) => new(head, bucket, place, &_state->Version);
#else
    private static TablePosition PositionOf(Bucket head, Bucket bucket, int place) => new(head, bucket, place);
#endif

    [Conditional("CHECKED")]
    private void BeginVersion()
    {
#if CHECKED
        _state->Version++;
#endif
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ulong IndexOf(ulong hash)
    {
        ulong index = hash & _state->LevelMask;
        return index < _state->Split ? hash & (_state->LevelMask << 1 | 1) : index;
    }

    private static byte TagOf(ulong hash)
    {
        byte tag = (byte)(hash >> 56);
        return tag == 0 ? (byte)1 : tag;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Bucket BucketAt(ulong index)
    {
        Invariant.Check(index < (ulong)BucketCount);
        return new Bucket(_state->Segments[index >> SegmentShift] + (index & (SegmentBuckets - 1)) * Bucket.Bytes);
    }

    private void Place(Bucket head, nint entry, byte tag)
    {
        Bucket bucket = head;
        int free;
        while ((free = bucket.Free) == 0)
        {
            bucket = bucket.IsChained ? bucket.Next : Extend(bucket);
        }
        long expiresAt = TEntry.ExpiresAtUnixMs(entry);
        bool expires = expiresAt != ITableEntry.NoExpiry;
        bool othersExpire = bucket.Expiring != 0;
        bucket.Set(BitOperations.TrailingZeroCount(free), tag, entry, expires);
        if (expires)
        {
            _state->ExpiringCount++;
            LowerDeadline(bucket, expiresAt, othersExpire);
        }
    }

    private static void VisitChain<TVisitor>(Bucket bucket, ref TVisitor visitor)
        where TVisitor : struct, IEntryVisitor, allows ref struct
    {
        for (; !bucket.IsNull; bucket = bucket.Next)
        {
            for (int mask = bucket.Occupied; mask != 0; mask &= mask - 1)
            {
                visitor.Visit(bucket.Entry(BitOperations.TrailingZeroCount(mask)));
            }
        }
    }

    private static ulong ReverseBits(ulong value)
    {
        value = value >> 1 & 0x5555555555555555 | (value & 0x5555555555555555) << 1;
        value = value >> 2 & 0x3333333333333333 | (value & 0x3333333333333333) << 2;
        value = value >> 4 & 0x0F0F0F0F0F0F0F0F | (value & 0x0F0F0F0F0F0F0F0F) << 4;
        return System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);
    }
}
