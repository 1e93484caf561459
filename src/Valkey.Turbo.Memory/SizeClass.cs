using System.Numerics;

namespace Valkey.Turbo.Memory;

/// <summary>
/// The sizes in which slabs hand out memory: every multiple of 8 up to 512 bytes, then sixteen steps a doubling up to 4 KiB,
/// and beyond that a slab's bytes divided by 15, 14, … 4, so that large objects leave little of a slab unused.
/// </summary>
public static class SizeClass
{
    /// <summary>The largest object a slab holds; beyond it memory comes in pages.</summary>
    public const int LargestBytes = SlabBytes / FewestPerSlab & -Alignment;

    /// <summary>Bytes of a slab that objects can use.</summary>
    internal const int SlabBytes = SpanSource.SpanBytes - 64;

    private const int Alignment = 64;
    private const int FineLimitBytes = 512;
    private const int FineCount = FineLimitBytes / 8;
    private const int StepsShift = 4;
    private const int StepsPerDoubling = 1 << StepsShift;
    private const int CoarseLimitBytes = 4096;
    private const int CoarseCount = 3 * StepsPerDoubling;
    private const int MostPerSlab = 15;
    private const int FewestPerSlab = 4;

    /// <summary>How many classes there are.</summary>
    public const int Count = FineCount + CoarseCount + MostPerSlab - FewestPerSlab + 1;

    /// <summary>The smallest class that holds <paramref name="bytes"/> (1 to <see cref="LargestBytes"/>).</summary>
    public static int Of(int bytes)
    {
        if (bytes <= FineLimitBytes)
        {
            return (bytes + 7 >> 3) - 1;
        }
        if (bytes <= CoarseLimitBytes)
        {
            int last = bytes - 1;
            int log = BitOperations.Log2((uint)last);
            int step = last >> (log - StepsShift) & (StepsPerDoubling - 1);
            return FineCount + (log - 9) * StepsPerDoubling + step;
        }
        int index = FineCount + CoarseCount + MostPerSlab - SlabBytes / bytes;
        return Bytes(index) >= bytes ? index : index + 1;
    }

    /// <summary>The bytes of an object of class <paramref name="index"/>.</summary>
    public static int Bytes(int index)
    {
        if (index < FineCount)
        {
            return index + 1 << 3;
        }
        int coarse = index - FineCount;
        if (coarse >= CoarseCount)
        {
            return SlabBytes / (MostPerSlab - (coarse - CoarseCount)) & -Alignment;
        }
        int log = 9 + coarse / StepsPerDoubling;
        return (1 << log) + (coarse % StepsPerDoubling + 1) * (1 << log - StepsShift);
    }

    /// <summary>The bytes that an allocation of <paramref name="bytes"/> really takes.</summary>
    public static long RoundUp(long bytes) =>
        bytes <= LargestBytes ? Bytes(Of((int)bytes)) : (bytes + 4095) & ~4095L;
}
