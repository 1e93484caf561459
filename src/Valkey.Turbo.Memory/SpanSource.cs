using System.Numerics;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Memory;

/// <summary>
/// Hands out spans of 64 KiB, one by one or in runs, from regions on one NUMA node. Shared by the arenas of all shards
/// with the same home; every call is rare (once for hundreds of objects), so it locks.
/// </summary>
public sealed class SpanSource(int node)
{
    /// <summary>Bytes of a span; spans are aligned to their size.</summary>
    public const int SpanBytes = 64 << 10;

    private const int SpansPerRegion = Heap.RegionBytes / SpanBytes;
    private const uint AllFree = uint.MaxValue;

    private readonly Lock _gate = new();
    private readonly RegionSet _slabs = new();
    private readonly RegionSet _runs = new();

    /// <summary>Takes a zeroed or recycled span for slabs or table segments.</summary>
    public nint TakeSpan()
    {
        lock (_gate)
        {
            nint span = _slabs.Take(1, node), region = RegionOf(span);
            if (_slabs.IsFull(region))
            {
                Heap.AdviseHugePages(region, 1);
            }
            return span;
        }
    }

    /// <summary>Gives a span back.</summary>
    public void ReturnSpan(nint address)
    {
        lock (_gate)
        {
            _slabs.Return(address, 1);
        }
    }

    /// <summary>Takes memory for one large object: pages are only resident once touched.</summary>
    public nint TakeRun(long bytes)
    {
        long spans = (bytes + SpanBytes - 1) / SpanBytes;
        if (spans > SpansPerRegion)
        {
            return Heap.TakeRegions(RegionsFor(bytes), node, hugePages: true);
        }
        lock (_gate)
        {
            return _runs.Take((int)spans, node);
        }
    }

    /// <summary>Gives a large object back; <paramref name="bytes"/> as it was asked for.</summary>
    public void ReturnRun(nint address, long bytes)
    {
        long spans = (bytes + SpanBytes - 1) / SpanBytes;
        if (spans > SpansPerRegion)
        {
            Heap.ReturnRegions(address, RegionsFor(bytes));
            return;
        }
        MemoryMapping.Discard(address, (nuint)(spans * SpanBytes));
        lock (_gate)
        {
            _runs.Return(address, (int)spans);
        }
    }

    /// <summary>Gives the pages of every free span back to the system.</summary>
    public void Purge()
    {
        lock (_gate)
        {
            _slabs.Purge();
        }
    }

    private static nint RegionOf(nint address) => address & ~(nint)(Heap.RegionBytes - 1);

    private static long RegionsFor(long bytes) => (bytes + Heap.RegionBytes - 1) / Heap.RegionBytes;

    /// <summary>
    /// Regions of one kind, each with a bit per free span. They begin with small pages: clearing a huge one at its first touch
    /// makes one command wait for milliseconds. Once all of a region has been taken the kernel may make a huge page of it,
    /// in the background.
    /// </summary>
    private sealed class RegionSet
    {
        private readonly Dictionary<nint, uint> _freeSpans = [];
        private readonly Stack<nint> _candidates = [];

        // One region without anything in it is kept, so that objects that come and go at the edge of a region do not make
        // the system clear its pages each time.
        private nint _spare;

        internal nint Take(int count, int node)
        {
            if (count == 1)
            {
                while (_candidates.TryPeek(out nint region))
                {
                    if (_freeSpans.TryGetValue(region, out uint free) && free != 0)
                    {
                        return Claim(region, free, BitOperations.TrailingZeroCount(free), 1);
                    }
                    _candidates.Pop();
                }
            }
            else
            {
                foreach ((nint region, uint free) in _freeSpans)
                {
                    int at = FindRun(free, count);
                    if (at >= 0)
                    {
                        return Claim(region, free, at, count);
                    }
                }
            }
            nint fresh = Heap.TakeRegions(1, node, hugePages: false);
            _freeSpans[fresh] = AllFree;
            _candidates.Push(fresh);
            return Claim(fresh, AllFree, 0, count);
        }

        internal bool IsFull(nint region) => _freeSpans.TryGetValue(region, out uint free) && free == 0;

        internal void Return(nint address, int count)
        {
            nint region = RegionOf(address);
            uint before = _freeSpans[region];
            uint free = before | Mask((int)((address - region) / SpanBytes), count);
            bool hasSpare = _spare != 0 && _spare != region && _freeSpans[_spare] == AllFree;
            if (free == AllFree && hasSpare)
            {
                _freeSpans.Remove(region);
                Heap.ReturnRegions(region, 1);
                return;
            }
            _spare = free == AllFree ? region : _spare;
            _freeSpans[region] = free;
            if (before == 0)
            {
                _candidates.Push(region);
            }
        }

        internal void Purge()
        {
            foreach ((nint region, uint free) in _freeSpans)
            {
                for (int i = 0; i < SpansPerRegion; i++)
                {
                    if ((free >> i & 1) != 0)
                    {
                        MemoryMapping.Discard(region + i * SpanBytes, SpanBytes);
                    }
                }
            }
        }

        private nint Claim(nint region, uint free, int at, int count)
        {
            _freeSpans[region] = free & ~Mask(at, count);
            return region + at * SpanBytes;
        }

        private static uint Mask(int at, int count) => (count == 32 ? uint.MaxValue : (1u << count) - 1) << at;

        private static int FindRun(uint free, int count)
        {
            for (int at = 0; at + count <= SpansPerRegion; at++)
            {
                uint mask = Mask(at, count);
                if ((free & mask) == mask)
                {
                    return at;
                }
            }
            return -1;
        }
    }
}
