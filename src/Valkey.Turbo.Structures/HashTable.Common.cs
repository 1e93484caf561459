using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <content>Looking up many entries at once.</content>
public readonly unsafe partial struct HashTable<TEntry>
{
    private const int LookAhead = 32;

    /// <summary>
    /// Keeps those entries of another table whose keys are in this one too. Block by block the buckets and then the entries
    /// are drawn near before the first is looked at, so that their cache misses run side by side.
    /// </summary>
    public void KeepCommon(NativeList<nint> entries)
    {
        Span<nint> all = entries.Span;
        Span<ulong> hashes = stackalloc ulong[LookAhead], chained = stackalloc ulong[LookAhead];
        int kept = 0;
        for (int start = 0; start < all.Length; start += LookAhead)
        {
            Span<nint> block = all.Slice(start, Math.Min(LookAhead, all.Length - start));
            for (int i = 0; i < block.Length; i++)
            {
                hashes[i] = KeyHash.Of(TEntry.Key(block[i]));
                PrefetchBucket(hashes[i]);
            }
            int chainedCount = 0;
            for (int i = 0; i < block.Length; i++)
            {
                if (PrefetchEntry(hashes[i]))
                {
                    chained[chainedCount++] = hashes[i];
                }
            }
            foreach (ulong hash in chained[..chainedCount])
            {
                PrefetchOverflow(hash);
            }
            for (int i = 0; i < block.Length; i++)
            {
                if (!Find(TEntry.Key(block[i]), hashes[i]).IsNone)
                {
                    all[kept++] = block[i];
                }
            }
        }
        entries.SetCount(kept);
    }
}
