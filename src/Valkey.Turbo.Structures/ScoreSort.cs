using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// Sorts scores, each with the index of what it belongs to. Many are sorted by radix, least significant byte first: every pass
/// is a walk over them, where a sort by comparison mispredicts half of its branches.
/// </summary>
public static class ScoreSort
{
    /// <summary>From how many scores on a histogram for each byte is worth its while.</summary>
    private const int FewestForRadix = 1024;

    private const int Values = 1 << 8;
    private const ulong SignBit = 1UL << 63;

    /// <summary>Sorts ascending, indexes along with their scores. Equal scores stay together, in any order.</summary>
    /// <param name="scores">The scores, none of which is NaN; zeros may lose their sign.</param>
    /// <param name="indexes">As many indexes.</param>
    public static void Sort(Span<double> scores, Span<int> indexes)
    {
        if (scores.Length < FewestForRadix)
        {
            scores.Sort(indexes);
            return;
        }
        using Scratch<ulong> otherKeys = new();
        using Scratch<int> otherIndexes = new();
        Span<ulong> keys = MemoryMarshal.Cast<double, ulong>(scores);
        ToOrderedBits(keys);
        SortByBytes(keys, indexes, otherKeys.Items.Extend(keys.Length), otherIndexes.Items.Extend(keys.Length));
        FromOrderedBits(keys);
    }

    /// <summary>Bits that are ordered as integers the way the scores are: negative ones inverted, the others' sign set.</summary>
    private static void ToOrderedBits(Span<ulong> keys)
    {
        foreach (ref ulong key in keys)
        {
            ulong bits = key == SignBit ? 0 : key;
            key = bits ^ ((ulong)((long)bits >> 63) | SignBit);
        }
    }

    private static void FromOrderedBits(Span<ulong> keys)
    {
        foreach (ref ulong key in keys)
        {
            key ^= (ulong)((long)~key >> 63) | SignBit;
        }
    }

    private static void SortByBytes(Span<ulong> keys, Span<int> indexes, Span<ulong> otherKeys, Span<int> otherIndexes)
    {
        Span<int> counts = stackalloc int[sizeof(ulong) * Values];
        counts.Clear();
        foreach (ulong key in keys)
        {
            for (int place = 0; place < sizeof(ulong); place++)
            {
                counts[place * Values + (byte)(key >> place * 8)]++;
            }
        }
        bool isInOther = false;
        for (int place = 0; place < sizeof(ulong); place++)
        {
            Span<int> starts = counts.Slice(place * Values, Values);
            if (starts[(byte)(keys[0] >> place * 8)] == keys.Length)
            {
                // All have the same byte here, as small integers do in the lower half.
                continue;
            }
            int start = 0;
            foreach (ref int count in starts)
            {
                (count, start) = (start, start + count);
            }
            for (int i = 0; i < keys.Length; i++)
            {
                ulong key = keys[i];
                int to = starts[(byte)(key >> place * 8)]++;
                otherKeys[to] = key;
                otherIndexes[to] = indexes[i];
            }
            Swap(ref keys, ref otherKeys);
            Swap(ref indexes, ref otherIndexes);
            isInOther = !isInOther;
        }
        if (isInOther)
        {
            keys.CopyTo(otherKeys);
            indexes.CopyTo(otherIndexes);
        }
    }

    private static void Swap<T>(ref Span<T> one, ref Span<T> other)
    {
        Span<T> kept = one;
        one = other;
        other = kept;
    }
}
