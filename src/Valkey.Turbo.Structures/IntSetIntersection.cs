using System.Numerics;

namespace Valkey.Turbo.Structures;

/// <summary>
/// Keeps of some ascending integers those that an intset has as well. Both are walked at once; the set is stepped over, and
/// compared, a vector at a time.
/// </summary>
internal static class IntSetIntersection
{
    // Where the set is so much larger, looking each integer up costs less than walking.
    private const int SearchFrom = 32;

    /// <summary>Moves what is kept to the front, and returns how much.</summary>
    internal static int Keep<T>(ReadOnlySpan<T> set, Span<long> values)
        where T : unmanaged, IBinaryInteger<T>, IMinMaxValue<T>
    {
        long least = long.CreateTruncating(T.MinValue), greatest = long.CreateTruncating(T.MaxValue);
        bool searches = set.Length / SearchFrom > values.Length;
        int at = 0, kept = 0;
        foreach (long value in values)
        {
            if (value < least || value > greatest)
            {
                continue;
            }
            T wanted = T.CreateTruncating(value);
            bool isFound = searches ? set.BinarySearch(wanted) >= 0 : Find(set, ref at, wanted);
            if (isFound)
            {
                values[kept++] = value;
            }
        }
        return kept;
    }

    /// <summary>Whether an integer is in the set; the search goes on from where the one for a smaller integer ended.</summary>
    private static bool Find<T>(ReadOnlySpan<T> set, ref int at, T wanted)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (Vector.IsHardwareAccelerated)
        {
            int width = Vector<T>.Count;
            while (at + width <= set.Length && set[at + width - 1] < wanted)
            {
                at += width;
            }
            if (at + width <= set.Length)
            {
                return Vector.EqualsAny(new Vector<T>(wanted), new Vector<T>(set.Slice(at, width)));
            }
        }
        while (at < set.Length && set[at] < wanted)
        {
            at++;
        }
        return at < set.Length && set[at] == wanted;
    }
}
