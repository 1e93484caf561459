using System.Numerics;

namespace Valkey.Turbo.Engine.Diagnostics;

/// <summary>
/// How often something took how long: buckets whose width grows with the value, so that each is known to about 3 %.
/// Written by one thread, which only counts up. Others may read no more than a bucket at a time: whoever wants to know how many values
/// there are, or where some share of them lies, merges first, and asks what it has merged.
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
    private const int FirstStepBits = 10;
    private readonly long[] _counts = new long[Parts * (LargestBits - PartBits + 1)];

    /// <summary>Adds a value a number of times.</summary>
    public void Record(long ns, long times) => _counts[IndexOf(ns)] += times;

    /// <summary>The values of some histograms together, which other threads may be writing: a copy that changes no more. Null if there are none.</summary>
    public static Merged? Merge(IEnumerable<LatencyHistogram> histograms)
    {
        Merged merged = new();
        foreach (LatencyHistogram histogram in histograms)
        {
            merged.Add(histogram._counts);
        }
        return merged.Count > 0 ? merged : null;
    }

    /// <summary>Values of one moment, or nearly. What it says of them fits together, as it was all counted from the same copy.</summary>
    public sealed class Merged
    {
        private readonly long[] _counts = new long[Parts * (LargestBits - PartBits + 1)];

        /// <summary>How many values there are.</summary>
        public long Count { get; private set; }

        internal void Add(long[] counts)
        {
            for (int i = 0; i < counts.Length; i++)
            {
                long count = Volatile.Read(ref counts[i]);
                _counts[i] += count;
                Count += count;
            }
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

        /// <summary>How many values are not greater than some powers of two from 1,024 ns on: those at which the number grows.</summary>
        public List<(long BoundNs, long Count)> Steps()
        {
            List<(long BoundNs, long Count)> steps = [];
            long sum = 0, last = 0;
            int next = 0;
            for (int bits = FirstStepBits; bits <= LargestBits; bits++)
            {
                for (int end = IndexOf(1L << bits); next <= end; next++)
                {
                    sum += _counts[next];
                }
                if (sum > last)
                {
                    steps.Add((1L << bits, sum));
                    last = sum;
                }
            }
            return steps;
        }
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
