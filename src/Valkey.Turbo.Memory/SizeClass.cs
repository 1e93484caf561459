using System.Numerics;

namespace Valkey.Turbo.Memory;

/// <summary>
/// The sizes in which slabs hand out memory: every multiple of 8 up to 512 bytes, then eight steps a doubling up to 16 KiB.
/// </summary>
public static class SizeClass
{
    /// <summary>The largest object a slab holds; beyond it memory comes in pages.</summary>
    public const int LargestBytes = 16 << 10;

    private const int FineLimitBytes = 512;
    private const int FineCount = FineLimitBytes / 8;
    private const int StepsPerDoubling = 8;

    /// <summary>How many classes there are.</summary>
    public const int Count = FineCount + 5 * StepsPerDoubling;

    /// <summary>The smallest class that holds <paramref name="bytes"/> (1 to <see cref="LargestBytes"/>).</summary>
    public static int Of(int bytes)
    {
        if (bytes <= FineLimitBytes)
        {
            return (bytes + 7 >> 3) - 1;
        }
        int last = bytes - 1;
        int log = BitOperations.Log2((uint)last);
        int step = last >> (log - 3) & (StepsPerDoubling - 1);
        return FineCount + (log - 9) * StepsPerDoubling + step;
    }

    /// <summary>The bytes of an object of class <paramref name="index"/>.</summary>
    public static int Bytes(int index)
    {
        if (index < FineCount)
        {
            return index + 1 << 3;
        }
        int coarse = index - FineCount;
        int log = 9 + coarse / StepsPerDoubling;
        return (1 << log) + (coarse % StepsPerDoubling + 1) * (1 << log - 3);
    }

    /// <summary>The bytes that an allocation of <paramref name="bytes"/> really takes.</summary>
    public static long RoundUp(long bytes) =>
        bytes <= LargestBytes ? Bytes(Of((int)bytes)) : (bytes + 4095) & ~4095L;
}
