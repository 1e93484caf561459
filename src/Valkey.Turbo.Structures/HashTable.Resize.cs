using System.Numerics;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <content>Growth and shrinking: overflow chains, splits and merges, segments and their directory.</content>
public readonly unsafe partial struct HashTable<TEntry>
{
    /// <summary>Hangs an empty bucket behind a full one; the tenth entry moves into it.</summary>
    private Bucket Extend(Bucket full)
    {
        Bucket next = new(NewBuckets(1));
        bool expires = (full.Expiring >> Bucket.LinkPlace & 1) != 0;
        next.Set(0, full.Tag(Bucket.LinkPlace), full.Entry(Bucket.LinkPlace), expires);
        next.Deadline = full.Deadline;
        full.Link(next);
        _state->OverflowCount++;
        return next;
    }

    /// <summary>Fills a freed place with the chain's last entry, so that chains stay dense and empty ones end.</summary>
    private void CloseGap(Bucket head, Bucket gapBucket, int gapPlace)
    {
        Bucket previous = head, last = head.Next;
        while (last.IsChained)
        {
            (previous, last) = (last, last.Next);
        }
        int occupied = last.Occupied;
        if (gapBucket.Address != last.Address && occupied != 0)
        {
            int from = BitOperations.TrailingZeroCount(occupied);
            bool expires = (last.Expiring >> from & 1) != 0;
            bool othersExpire = gapBucket.Expiring != 0;
            nint entry = last.Entry(from);
            gapBucket.Set(gapPlace, last.Tag(from), entry, expires);
            if (expires)
            {
                LowerDeadline(gapBucket, TEntry.ExpiresAtUnixMs(entry), othersExpire);
            }
            last.Clear(from);
            occupied &= occupied - 1;
        }
        if (occupied == 0)
        {
            previous.Unlink();
            _arena.Free((nint)last.Address, Bucket.Bytes);
            _state->OverflowCount--;
        }
    }

    /// <summary>Adds one bucket: distributes bucket <c>split</c> over itself and the new last one.</summary>
    private void SplitNext()
    {
        ulong bit = _state->LevelMask + 1;
        ulong from = _state->Split, to = bit + _state->Split;
        EnsureBucket(to);
        Bucket source = BucketAt(from);
        if (_state->Split + 1 == bit)
        {
            // In this order: with the new level and the old split a prefetch would look beyond the last bucket.
            Volatile.Write(ref _state->Split, 0);
            Volatile.Write(ref _state->LevelMask, _state->LevelMask << 1 | 1);
        }
        else
        {
            Volatile.Write(ref _state->Split, _state->Split + 1);
        }
        Redistribute(source, BucketAt(from), BucketAt(to), bit);
    }

    private void Redistribute(Bucket source, Bucket low, Bucket high, ulong bit)
    {
        // Copy the chain aside, then place every entry anew: at most a few lines, on the stack.
        Span<nint> entries = stackalloc nint[EntriesOnStack];
        Span<byte> tags = stackalloc byte[EntriesOnStack];
        int count = 0;
        nint[]? spilled = null;
        byte[]? spilledTags = null;
        for (Bucket bucket = source; !bucket.IsNull; bucket = bucket.Next)
        {
            _state->ExpiringCount -= BitOperations.PopCount(bucket.Expiring);
            for (int mask = bucket.Occupied; mask != 0; mask &= mask - 1)
            {
                if (count == entries.Length)
                {
                    Array.Resize(ref spilled, count * 2);
                    Array.Resize(ref spilledTags, count * 2);
                    entries.CopyTo(spilled);
                    tags.CopyTo(spilledTags);
                    entries = spilled;
                    tags = spilledTags;
                }
                int place = BitOperations.TrailingZeroCount(mask);
                entries[count] = bucket.Entry(place);
                tags[count++] = bucket.Tag(place);
            }
        }
        FreeChain(source.Next);
        new Span<byte>(source.Address, Bucket.Bytes).Clear();
        for (int i = 0; i < count; i++)
        {
            ulong hash = KeyHash.Of(TEntry.Key(entries[i]));
            Place((hash & bit) != 0 ? high : low, entries[i], tags[i]);
        }
    }

    /// <summary>Takes the last bucket away: its entries join the bucket they were split from.</summary>
    private void MergeLast()
    {
        if (_state->Split == 0)
        {
            Volatile.Write(ref _state->LevelMask, _state->LevelMask >> 1);
            Volatile.Write(ref _state->Split, _state->LevelMask + 1);
        }
        ulong last = _state->LevelMask + _state->Split;
        Bucket source = BucketAt(last);
        Bucket target = BucketAt(last & _state->LevelMask);
        for (Bucket bucket = source; !bucket.IsNull; bucket = bucket.Next)
        {
            _state->ExpiringCount -= BitOperations.PopCount(bucket.Expiring);
            for (int mask = bucket.Occupied; mask != 0; mask &= mask - 1)
            {
                int place = BitOperations.TrailingZeroCount(mask);
                Place(target, bucket.Entry(place), bucket.Tag(place));
            }
        }
        FreeChain(source.Next);
        new Span<byte>(source.Address, Bucket.Bytes).Clear();
        _state->Split--;
        if ((last & (SegmentBuckets - 1)) == 0 && last != 0)
        {
            FreeSegment((int)(last >> SegmentShift));
        }
    }

    private void EnsureBucket(ulong index)
    {
        if (index < (ulong)_state->FirstSegmentBuckets)
        {
            return;
        }
        if (index < SegmentBuckets)
        {
            byte* larger = NewBuckets(_state->FirstSegmentBuckets * 2);
            long bytes = (long)_state->FirstSegmentBuckets * Bucket.Bytes;
            Buffer.MemoryCopy(_state->Segments[0], larger, bytes, bytes);
            FreeSegment(0);
            Publish(ref *(nint*)_state->Segments, larger);
            _state->FirstSegmentBuckets *= 2;
            return;
        }
        int segment = (int)(index >> SegmentShift);
        if ((index & (SegmentBuckets - 1)) != 0)
        {
            return;
        }
        if (segment == _state->SegmentCapacity)
        {
            byte** larger = NewDirectory(_state->SegmentCapacity * 2, _state->Segments);
            Buffer.MemoryCopy(
                _state->Segments, larger, _state->SegmentCapacity * 2L * sizeof(nint), _state->SegmentCapacity * (long)sizeof(nint));
            Publish(ref *(nint*)&_state->Segments, larger);
            _state->SegmentCapacity *= 2;
        }
        Publish(ref *(nint*)(_state->Segments + segment), NewBuckets(SegmentBuckets));
    }

    /// <summary>
    /// Puts a directory or a segment in its place, after what is in it: who prefetches without owning the table must not see it empty. That
    /// it is there before the size that needs it follows from the size's being published in the same way, later.
    /// </summary>
    private static void Publish(ref nint place, void* memory) => Volatile.Write(ref place, (nint)memory);

    // Directories that were outgrown stay until the end, because prefetching reads the directory without owning the table;
    // together they are smaller than the present one. Each keeps the one before it behind its last place.
    private static long DirectoryBytes(int capacity) => (capacity + 1L) * sizeof(nint);

    private byte** NewDirectory(int capacity, byte** outgrown)
    {
        byte** directory = (byte**)_arena.Allocate(DirectoryBytes(capacity));
        directory[capacity] = (byte*)outgrown;
        return directory;
    }

    private byte* NewBuckets(int count)
    {
        long bytes = (long)count * Bucket.Bytes;
        byte* buckets = (byte*)(count == SegmentBuckets ? _arena.AllocateSpan() : _arena.Allocate(bytes));
        Invariant.Check(((nint)buckets & (Bucket.Bytes - 1)) == 0);
        new Span<byte>(buckets, (int)bytes).Clear();
        return buckets;
    }

    private void FreeSegment(int segment)
    {
        nint address = (nint)_state->Segments[segment];
        if (segment > 0 || _state->FirstSegmentBuckets == SegmentBuckets)
        {
            _arena.FreeSpan(address);
        }
        else
        {
            _arena.Free(address, (long)_state->FirstSegmentBuckets * Bucket.Bytes);
        }
    }

    private void FreeChain(Bucket bucket)
    {
        while (!bucket.IsNull)
        {
            Bucket next = bucket.Next;
            _arena.Free((nint)bucket.Address, Bucket.Bytes);
            _state->OverflowCount--;
            bucket = next;
        }
    }
}
