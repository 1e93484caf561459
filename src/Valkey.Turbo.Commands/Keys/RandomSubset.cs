using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>Chooses elements at random without repetition, every subset of the size being as likely.</summary>
internal static class RandomSubset
{
    // Below this share of a table, drawing again what was drawn before costs less than walking over all of it.
    private const int WalkFrom = 3;
    private const int LargestKept = 1 << 12;

    [ThreadStatic]
    private static HashSet<nint>? t_drawn;

    private static HashSet<nint> Drawn
    {
        get
        {
            if (t_drawn is null || t_drawn.Capacity > LargestKept)
            {
                // Emptying a large one would cost every small draw after it.
                t_drawn = [];
            }
            t_drawn.Clear();
            return t_drawn;
        }
    }

    /// <summary>Draws <paramref name="count"/> of the numbers below <paramref name="size"/> (Floyd's algorithm), in no order.</summary>
    internal static void Indexes(RandomSource random, int count, int size, NativeList<int> target)
    {
        HashSet<nint> drawn = Drawn;
        for (int i = 0, limit = size - count; i < count; i++, limit++)
        {
            int candidate = random.Below(limit + 1), number = drawn.Add(candidate) ? candidate : limit;
            drawn.Add(number);
            target.Add(number);
        }
    }

    /// <summary>Draws entries of a table into <paramref name="target"/>, fewer than the table has.</summary>
    internal static void Entries<TEntry>(RandomSource random, HashTable<TEntry> table, int count, NativeList<nint> target)
        where TEntry : struct, ITableEntry
    {
        if (count * (long)WalkFrom > table.Count)
        {
            foreach (nint entry in table)
            {
                target.Add(entry);
            }
            for (int i = 0; i < count; i++)
            {
                int other = i + random.Below(target.Count - i);
                (target[i], target[other]) = (target[other], target[i]);
            }
            target.SetCount(count);
            return;
        }
        HashSet<nint> drawn = Drawn;
        while (drawn.Count < count)
        {
            nint entry = table.RandomEntry(random);
            if (drawn.Add(entry))
            {
                target.Add(entry);
            }
        }
    }
}
