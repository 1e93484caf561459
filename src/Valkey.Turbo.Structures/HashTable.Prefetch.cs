using System.Numerics;
using System.Runtime.CompilerServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <content>
/// Loading what lookups will need, ahead of them, so that the cache misses of a batch of keys run side by side: first all
/// buckets, then all entries, then the overflow buckets' entries.
/// </content>
/// <remarks>
/// <see cref="PrefetchBucket"/> and <see cref="PrefetchEntry"/> may run while another thread changes the table: they only read the
/// directory, which is published before the size that needs it and kept until <see cref="Free"/>, and first buckets, whose
/// memory stays mapped; what they then load is a hint. <see cref="PrefetchOverflow"/> may not: it follows a link, and a bucket that was
/// freed meanwhile could hold anything in its place.
/// </remarks>
public readonly unsafe partial struct HashTable<TEntry>
{
    // More than two lines come by themselves: the processor sees the sequence.
    private const int LargestExpectedBytes = 129;
    private const int ExpectationDecay = 3;

    /// <summary>Starts loading the bucket of a hash: the first of a lookup's two cache misses.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchBucket(ulong hash)
    {
        if (Prefetch.IsSupported)
        {
            Prefetch.Line(BucketHint(hash).Address);
        }
    }

    /// <summary>
    /// Starts loading the likely entry of a hash: the second of a lookup's two cache misses. True where the entry can only be in an
    /// overflow bucket, which is then being loaded instead; <see cref="PrefetchOverflow"/> goes on from there.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool PrefetchEntry(ulong hash)
    {
        if (!Prefetch.IsSupported)
        {
            return false;
        }
        Bucket bucket = BucketHint(hash);
        if (bucket.IsNull)
        {
            return false;
        }
        bool isChained = bucket.IsChained;
        int mask = bucket.Match(TagOf(hash)) & (isChained ? ~(1 << Bucket.LinkPlace) : -1);
        if (mask != 0)
        {
            PrefetchLines(bucket, mask);
            return false;
        }
        if (isChained)
        {
            Prefetch.Line((byte*)bucket.Entry(Bucket.LinkPlace));
        }
        return isChained;
    }

    /// <summary>Starts loading the likely entry of a hash that is in its first overflow bucket. Nobody else may change the table.</summary>
    public void PrefetchOverflow(ulong hash)
    {
        Bucket bucket = BucketAt(IndexOf(hash)).Next;
        int mask = bucket.IsNull ? 0 : bucket.Match(TagOf(hash));
        if (mask != 0)
        {
            PrefetchLines(bucket, mask);
        }
    }

    /// <summary>Starts loading the entries in some places of a bucket: nearly always one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void PrefetchLines(Bucket bucket, int mask)
    {
        int last = _state->ExpectedEntryBytes - 1;
        do
        {
            byte* entry = (byte*)bucket.Entry(BitOperations.TrailingZeroCount(mask));
            Prefetch.Line(entry);
            Prefetch.Line(entry + (last >> 1));
            Prefetch.Line(entry + last);
            mask &= mask - 1;
        }
        while (mask != 0);
    }

    /// <summary>
    /// Notes the size of an entry, which tells how many lines to load of others: an upper envelope of the sizes seen of late.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void ExpectEntryBytes(long bytes)
    {
        int seen = (int)Math.Min(bytes, LargestExpectedBytes), expected = _state->ExpectedEntryBytes;
        _state->ExpectedEntryBytes = (short)(seen > expected ? seen : expected - (expected - seen >> ExpectationDecay));
    }

    /// <summary>The bucket of a hash, or null where the table is changing its level just now.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private Bucket BucketHint(ulong hash)
    {
        // Shrinking writes the level before the split, so a split that belongs to another level shows by a changed level.
        ulong levelMask = Volatile.Read(ref _state->LevelMask);
        ulong split = Volatile.Read(ref _state->Split);
        if (levelMask != Volatile.Read(ref _state->LevelMask))
        {
            return default;
        }
        ulong index = hash & levelMask;
        index = index < split ? hash & (levelMask << 1 | 1) : index;
        // After the size, and the segment after its directory.
        nint* segments = (nint*)Volatile.Read(ref *(nint*)&_state->Segments);
        return new Bucket((byte*)Volatile.Read(ref segments[index >> SegmentShift]) + (index & (SegmentBuckets - 1)) * Bucket.Bytes);
    }
}
