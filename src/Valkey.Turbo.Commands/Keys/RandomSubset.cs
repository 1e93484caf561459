using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>Chooses elements at random without repetition, every subset of the size being as likely.</summary>
internal static class RandomSubset
{
    // Below this share of a table, drawing again what was drawn before costs less than walking over all of it.
    private const int WalkFrom = 3;

    /// <summary>Draws <paramref name="count"/> of the numbers below <paramref name="size"/> (Floyd's algorithm), in no order.</summary>
    internal static int[] Indexes(RandomSource random, int count, int size)
    {
        HashSet<int> drawn = new(count);
        int[] result = new int[count];
        for (int i = 0, limit = size - count; i < count; i++, limit++)
        {
            int candidate = random.Below(limit + 1);
            result[i] = drawn.Add(candidate) ? candidate : limit;
            drawn.Add(result[i]);
        }
        return result;
    }

    /// <summary>Draws entries of a table into <paramref name="target"/>, fewer than the table has.</summary>
    internal static void Entries<TEntry>(RandomSource random, HashTable<TEntry> table, int count, List<nint> target)
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
            target.RemoveRange(count, target.Count - count);
            return;
        }
        HashSet<nint> drawn = new(count);
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
