using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>
/// What a thread does for its home shards between batches: removing expired keys and freeing what FLUSHALL left, a
/// bounded amount a turn, each shard borrowed only for a moment.
/// </summary>
public sealed class Housekeeping(Worker worker)
{
    private const int BucketsPerSlice = 256;
    private const long ActiveBudgetNs = 1_000_000;
    private const int TurnsPerSweep = 10;
    private readonly Shard[] _home = [.. worker.Server.Shards.Where(shard => shard.HomeThread == worker.Thread)];
    private int _nextShard;

    /// <summary>Whether the last turn ended with work left over, so that the next should come soon.</summary>
    public bool HasMore { get; private set; }

    /// <summary>One turn; takes about a millisecond at most.</summary>
    public void Run()
    {
        HasMore = false;
        long startNs = worker.Server.Clock.MonotonicNs;
        RunUntil(startNs + ActiveBudgetNs);
        worker.Server.Latency.Note("expire-cycle", worker.Server.Clock.MonotonicNs - startNs, worker.NowUnixMs / 1000);
    }

    private void RunUntil(long endNs)
    {
        for (int i = 0; i < _home.Length; i++)
        {
            Shard shard = _home[(_nextShard + i) % _home.Length];
            if (!Tidy(shard, endNs))
            {
                _nextShard = (_nextShard + i) % _home.Length;
                HasMore = true;
                return;
            }
        }
    }

    private bool Tidy(Shard shard, long endNs)
    {
        for (int database = 0; database < shard.Keyspaces.Length; database++)
        {
            if (worker.Server.ExpiresActively && !worker.Server.KeepsExpired && !Sweep(shard, database, endNs))
            {
                return false;
            }
        }
        if (worker.Server.Tracking.IsOverLimit && shard.Tracked.KeyCount > 0 && worker.Shards.TryHold(shard.Index))
        {
            shard.Tracked.Shrink(worker);
            worker.Shards.ReleaseAll();
        }
        while (shard.Dying.Count > 0)
        {
            if (!worker.Shards.TryHold(shard.Index))
            {
                return true;
            }
            FreeStep(shard);
            worker.Shards.ReleaseAll();
            if (worker.Server.Clock.MonotonicNs >= endNs)
            {
                return false;
            }
        }
        while (shard.Discarded.Count > 0)
        {
            if (!worker.Shards.TryHold(shard.Index))
            {
                return true;
            }
            if (shard.Discarded.TryPeek(out Keyspace? keyspace) && keyspace.FreeSome(BucketsPerSlice))
            {
                shard.Discarded.Dequeue();
                worker.Server.Retire(shard, keyspace);
            }
            worker.Shards.ReleaseAll();
            if (worker.Server.Clock.MonotonicNs >= endNs)
            {
                return false;
            }
        }
        if (!shard.Returned.IsEmpty && worker.Shards.TryHold(shard.Index))
        {
            FreeReturned(shard);
            worker.Shards.ReleaseAll();
        }
        if (shard.Watched.HasEnded && worker.Shards.TryHold(shard.Index))
        {
            shard.Watched.ForgetEnded();
            worker.Shards.ReleaseAll();
        }
        if (shard.Blocked.HasEnded)
        {
            shard.Blocked.TryForgetEnded(worker, shard);
        }
        if (shard.Retired.Count > 0 && worker.Shards.TryHold(shard.Index))
        {
            worker.Server.FreeRetired(shard);
            worker.Shards.ReleaseAll();
        }
        return true;
    }

    /// <summary>Goes on with the value that is being freed. The shard must be held.</summary>
    internal static void FreeStep(Shard shard)
    {
        if (shard.Dying.TryPeek(out IEnumerator<bool>? steps) && !steps.MoveNext())
        {
            shard.Dying.Dequeue();
        }
    }

    private static void FreeReturned(Shard shard)
    {
        while (shard.Returned.TryDequeue(out ValueBlock block))
        {
            block.FreeReturned(shard.Arena);
        }
    }

    private bool Sweep(Shard shard, int database, long endNs)
    {
        // A tenth of the table a turn, ten turns a second: every bucket is seen about once a second.
        long buckets = shard.Keyspaces[database].Table.BucketCount / TurnsPerSweep + 1;
        while (buckets > 0 && shard.Keyspaces[database].Table.ExpiringCount > 0)
        {
            if (!worker.Shards.TryHold(shard.Index))
            {
                return true;
            }
            long seen = shard.Keyspaces[database].SweepExpired(worker, Math.Min(buckets, BucketsPerSlice));
            worker.Shards.ReleaseAll();
            buckets -= shard.Keyspaces[database].HasDueFields ? seen : Math.Max(1, seen);
            if (worker.Server.Clock.MonotonicNs >= endNs)
            {
                return false;
            }
        }
        return true;
    }
}
