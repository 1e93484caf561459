using System.Numerics;

namespace Valkey.Turbo.Engine.Diagnostics;

/// <summary>
/// How often something took how long: buckets whose width grows with the value, so that each is known to about 3 %.
/// Written by one thread; read by all, who may see a slightly older state.
/// </summary>
/// <remarks>
/// Values below 64 ns have a bucket each; from there every power of two is cut into 32. (The layout of Gil Tene's
/// HdrHistogram.)
/// </remarks>
public sealed class LatencyHistogram
{
    private const int PartBits = 5;
    private const int Parts = 1 << PartBits;
    private const int LargestBits = 36;
    private readonly long[] _counts = new long[Parts * (LargestBits - PartBits + 1)];

    /// <summary>How many values there are.</summary>
    public long Count { get; private set; }

    /// <summary>Adds a value a number of times.</summary>
    public void Record(long ns, long times)
    {
        _counts[IndexOf(ns)] += times;
        Count += times;
    }

    /// <summary>Adds another histogram's values.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int i = 0; i < _counts.Length; i++)
        {
            _counts[i] += other._counts[i];
        }
        Count += other.Count;
    }

    /// <summary>The value that a share of all values, in percent, does not exceed.</summary>
    public long Percentile(double percent)
    {
        long wanted = Math.Max(1, (long)Math.Ceiling(Count * percent / 100)), seen = 0;
        for (int i = 0; i < _counts.Length; i++)
        {
            seen += _counts[i];
            if (seen >= wanted)
            {
                return GreatestOf(i);
            }
        }
        return 0;
    }

    /// <summary>How many values are not greater than <paramref name="ns"/>, as far as the buckets tell.</summary>
    public long CountUpTo(long ns)
    {
        long sum = 0;
        for (int i = IndexOf(ns); i >= 0; i--)
        {
            sum += _counts[i];
        }
        return sum;
    }

    private static int IndexOf(long ns)
    {
        ulong value = (ulong)Math.Clamp(ns, 0, (1L << LargestBits) - 1);
        int shift = Math.Max(0, BitOperations.Log2(value | 1) - PartBits);
        return shift * Parts + (int)(value >> shift);
    }

    private static long GreatestOf(int index)
    {
        int shift = Math.Max(0, index / Parts - 1);
        return ((long)(index - shift * Parts + 1) << shift) - 1;
    }
}
