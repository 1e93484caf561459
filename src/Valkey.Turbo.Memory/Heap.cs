using System.Numerics;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Memory;

/// <summary>
/// The process's one reservation of address space. All keys, values and tables lie in it, so that a 40-bit reference
/// (8-byte granularity, relative to <see cref="BaseAddress"/>) names any of them. Handed out in regions of 2 MiB.
/// </summary>
/// <remarks>Rarely called (once for 32 spans), so a lock is fine here.</remarks>
public static class Heap
{
    /// <summary>The size of a huge page, and the unit in which address space is handed out.</summary>
    public const int RegionBytes = 2 << 20;

    // Small servers should stay small: their regions keep 4 KiB pages.
    private const int RegionsBeforeHugePages = 8;

    private const int SmallestShift = 31;
    private const int LargestShift = 43;

    private static readonly Lock Gate = new();
    private static readonly SortedList<long, long> FreeRuns = [];
    private static readonly long RegionLimit;
    private static long s_nextRegion;
    private static long s_regionsInUse;

    /// <summary>Where the reservation begins; references are relative to it.</summary>
    public static readonly nint BaseAddress;

    /// <summary>Whether to ask for transparent huge pages.</summary>
    public static bool UseHugePages { get; set; } = true;

    /// <summary>Bytes of all regions handed out and not returned.</summary>
    public static long MappedBytes => Volatile.Read(ref s_regionsInUse) * RegionBytes;

    static Heap()
    {
        for (int shift = ReservationShift(MemoryMapping.PhysicalBytes); shift >= SmallestShift; shift--)
        {
            nint address = MemoryMapping.Reserve((nuint)1 << shift);
            if (address != 0)
            {
                nint aligned = (address + RegionBytes - 1) & ~(nint)(RegionBytes - 1);
                BaseAddress = aligned;
                RegionLimit = ((1L << shift) - (aligned - address)) / RegionBytes;
                // Reference 0 means "none", so region 0 is never handed out.
                s_nextRegion = 1;
                return;
            }
        }
        throw new OutOfMemoryException("no address space for the data");
    }

    /// <summary>
    /// How much address space to ask for, as a power of two: at least twice the machine's memory, so that large values find adjoining
    /// regions between small ones, and at most the 8 TiB that a 40-bit reference reaches. Some emulators and tools keep books of
    /// every page that is reserved, so no more than that. Under a small RLIMIT_AS what is granted is taken.
    /// </summary>
    internal static int ReservationShift(long physicalBytes) =>
        Math.Clamp(BitOperations.Log2((ulong)Math.Max(physicalBytes, 1)) + 2, SmallestShift, LargestShift);

    /// <summary>Takes <paramref name="count"/> adjoining regions, zeroed, on the given NUMA node (-1: any).</summary>
    /// <param name="count">How many.</param>
    /// <param name="node">The node.</param>
    /// <param name="hugePages">Whether all of it is about to be written, so that huge pages cost no more than small ones.</param>
    public static nint TakeRegions(long count, int node, bool hugePages)
    {
        nint address;
        nuint bytes = (nuint)(count * RegionBytes);
        lock (Gate)
        {
            long first = TakeFreeRun(count);
            if (first < 0)
            {
                if (s_nextRegion + count > RegionLimit)
                {
                    throw new OutOfMemoryException("the address space for data is used up");
                }
                first = s_nextRegion;
                s_nextRegion += count;
            }
            address = BaseAddress + (nint)(first * RegionBytes);
            s_regionsInUse += count;
        }
        if (!MemoryMapping.Commit(address, bytes))
        {
            ReturnRegions(address, count);
            throw new OutOfMemoryException("the system refuses more memory");
        }
        if (node >= 0)
        {
            MemoryMapping.PreferNode(address, bytes, node);
        }
        if (hugePages)
        {
            AdviseHugePages(address, count);
        }
        return address;
    }

    /// <summary>Asks for huge pages in regions that are in use, if there is enough in use for that to be worth it.</summary>
    internal static void AdviseHugePages(nint address, long count)
    {
        if (UseHugePages && Volatile.Read(ref s_regionsInUse) > RegionsBeforeHugePages)
        {
            MemoryMapping.AdviseHugePages(address, (nuint)(count * RegionBytes));
        }
    }

    /// <summary>Returns regions; their pages go back to the system at once.</summary>
    public static void ReturnRegions(nint address, long count)
    {
        MemoryMapping.Discard(address, (nuint)(count * RegionBytes));
        MemoryMapping.AdviseSmallPages(address, (nuint)(count * RegionBytes));
        lock (Gate)
        {
            s_regionsInUse -= count;
            long first = (address - BaseAddress) / RegionBytes;
            AddFreeRun(first, count);
        }
    }

    private static long TakeFreeRun(long count)
    {
        for (int i = 0; i < FreeRuns.Count; i++)
        {
            long first = FreeRuns.GetKeyAtIndex(i), length = FreeRuns.GetValueAtIndex(i);
            if (length >= count)
            {
                FreeRuns.RemoveAt(i);
                if (length > count)
                {
                    FreeRuns.Add(first + count, length - count);
                }
                return first;
            }
        }
        return -1;
    }

    private static void AddFreeRun(long first, long count)
    {
        FreeRuns.Add(first, count);
        int at = FreeRuns.IndexOfKey(first);
        if (at + 1 < FreeRuns.Count && FreeRuns.GetKeyAtIndex(at + 1) == first + count)
        {
            FreeRuns.SetValueAtIndex(at, count + FreeRuns.GetValueAtIndex(at + 1));
            FreeRuns.RemoveAt(at + 1);
        }
        if (at > 0 && FreeRuns.GetKeyAtIndex(at - 1) + FreeRuns.GetValueAtIndex(at - 1) == first)
        {
            FreeRuns.SetValueAtIndex(at - 1, FreeRuns.GetValueAtIndex(at - 1) + FreeRuns.GetValueAtIndex(at));
            FreeRuns.RemoveAt(at);
        }
    }
}
