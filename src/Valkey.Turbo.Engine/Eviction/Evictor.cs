using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine.Eviction;

/// <summary>
/// Keeps memory under <c>maxmemory</c>: before a command runs, its thread samples keys of any shard, each borrowed for a
/// moment, and removes the best candidates. A shard is chosen by its share of the keys, so that all are treated alike.
/// Used by one thread, which must not hold anything that it needs.
/// </summary>
public sealed class Evictor(Worker worker) : IDisposable
{
    private const int MaxRounds = 64;
    private const int KeysBetweenLooksAtClock = 16;
    private const int LargestWalk = 1024;
    private const int CommandsBetweenChecks = 16;
    private readonly CandidatePool _pool = new();
    private readonly ServerInstance _server = worker.Server;
    private int _commandsUntilCheck;

    private enum Outcome
    {
        Evicted,
        NothingThere,
        Busy,
    }

    /// <summary>Whether eviction stopped because it had taken long enough, and ought to go on soon.</summary>
    public bool IsBehind { get; private set; }

    /// <summary>Forgets what was known of the memory in use: it is looked at anew before the next command.</summary>
    public void BeginBatch() => _commandsUntilCheck = 0;

    /// <summary>Makes room if there is need. False: memory is over its limit and nothing can go.</summary>
    public bool TryMakeRoom()
    {
        long limit = _server.Config.MaxMemory.Number;
        IsBehind = false;
        if (limit == 0 || --_commandsUntilCheck > 0 || _server.IsReplaying)
        {
            return true;
        }
        long used = _server.UsedBytes;
        if (used <= limit)
        {
            // With many shards the sum costs something; far from the limit a pipeline need not take it every time.
            _commandsUntilCheck = _server.Shards.Length > 1 && used < limit - limit / 16 ? CommandsBetweenChecks : 0;
            return true;
        }
        EvictionPolicy policy = _server.Config.Eviction;
        if (policy.IsNone || _server.Config.ImportMode.IsSet)
        {
            return false;
        }
        if (_server.Pause.Kind != PauseKind.None)
        {
            return true;
        }
        Session? running = worker.Session;
        worker.Session = null;
        long startNs = _server.Clock.MonotonicNs;
        bool fits = Evict(policy, limit);
        _server.Latency.Note("eviction-cycle", _server.Clock.MonotonicNs - startNs, worker.NowUnixMs / 1000);
        worker.Session = running;
        return fits;
    }

    private bool Evict(EvictionPolicy policy, long limit)
    {
        long startNs = _server.Clock.MonotonicNs, endNs = startNs + TimeLimitNs(_server.Config.EvictionTenacity.Number);
        for (int evicted = 0; _server.UsedBytes > limit;)
        {
            switch (EvictOne(policy, endNs))
            {
                case Outcome.NothingThere:
                    // What is still being freed is room as well.
                    return IsBehind = Array.Exists(_server.Shards, shard => shard.DyingCount > 0);
                case Outcome.Busy:
                    return IsBehind = true;
            }
            if (++evicted % KeysBetweenLooksAtClock == 0 && _server.Clock.MonotonicNs > endNs)
            {
                return IsBehind = true;
            }
        }
        return true;
    }

    private Outcome EvictOne(EvictionPolicy policy, long endNs)
    {
        for (int round = 0; round < MaxRounds; round++)
        {
            if (!Sample(policy))
            {
                return Outcome.NothingThere;
            }
            while (_pool.TryTakeBest(out CandidatePool.Candidate best))
            {
                if (worker.Shards.TryHold(best.Shard))
                {
                    bool isGone = _server.Shards[best.Shard].Keyspaces[best.Database].TryEvict(worker, policy, best.Key);
                    FreeDying(_server.Shards[best.Shard], endNs);
                    worker.Shards.ReleaseAll();
                    if (isGone)
                    {
                        return Outcome.Evicted;
                    }
                }
            }
        }
        return Outcome.Busy;
    }

    /// <summary>A large value gives its memory back bit by bit, but eviction has to see it before it takes another.</summary>
    private void FreeDying(Shard shard, long endNs)
    {
        while (shard.Dying.Count > 0 && _server.Clock.MonotonicNs < endNs)
        {
            Housekeeping.FreeStep(shard);
        }
    }

    /// <summary>Looks at some keys of every database. False if there is none that may go.</summary>
    private bool Sample(EvictionPolicy policy)
    {
        bool hasAny = false;
        for (int database = 0; database < _server.Shards[0].Keyspaces.Length; database++)
        {
            long total = 0;
            foreach (Shard shard in _server.Shards)
            {
                total += EligibleCount(shard.Keyspaces[database], policy);
            }
            if (total > 0)
            {
                hasAny = true;
                Sample(policy, database, (long)(worker.Random.NextDouble() * total));
            }
        }
        return hasAny;
    }

    private void Sample(EvictionPolicy policy, int database, long at)
    {
        foreach (Shard shard in _server.Shards)
        {
            long count = EligibleCount(shard.Keyspaces[database], policy);
            if (at >= count)
            {
                at -= count;
                continue;
            }
            if (worker.Shards.TryHold(shard.Index))
            {
                Sample(policy, shard, shard.Keyspaces[database]);
                worker.Shards.ReleaseAll();
            }
            return;
        }
    }

    /// <summary>Looks at the keys in a few neighbouring buckets: nearly as good as keys apart, and much cheaper.</summary>
    private void Sample(EvictionPolicy policy, Shard shard, Keyspace keyspace)
    {
        if (policy is { IsRandom: true, OnlyVolatile: false })
        {
            // The keys were counted before the shard was held; there may be none left.
            nint any = keyspace.Table.RandomEntry(worker.Random);
            if (any != 0)
            {
                _pool.Add(0, shard.Index, keyspace.Database, Entry.Key(any));
            }
            return;
        }
        int wanted = policy.IsRandom ? 1 : (int)_server.Config.MaxMemorySamples.Number;
        long buckets = keyspace.Table.BucketCount;
        long bucket = (long)(worker.Random.NextDouble() * buckets);
        NativeList<nint> found = worker.Found;
        EligibleEntries eligible = new(found, policy);
        for (long walked = 0; found.Count < wanted && walked < Math.Min(buckets, LargestWalk); walked++)
        {
            keyspace.Table.VisitBucket((bucket + walked) % buckets, ref eligible);
        }
        // A bucket may hold more than is wanted; any of them will do.
        int first = found.Count > wanted ? worker.Random.Below(found.Count) : 0;
        for (int i = 0; i < Math.Min(wanted, found.Count); i++)
        {
            Entry entry = new(found[(first + i) % found.Count]);
            long score = policy.Score(entry, worker);
            if (_pool.Takes(score))
            {
                _pool.Add(score, shard.Index, keyspace.Database, entry.KeySpan);
            }
        }
        found.Clear();
    }

    private static long EligibleCount(Keyspace keyspace, EvictionPolicy policy) =>
        policy.OnlyVolatile ? keyspace.ExpiringCount : keyspace.Table.Count;

    /// <summary>How long one call may take, by <c>maxmemory-eviction-tenacity</c>: 50 µs a step up to 10, then 15 % more a step; 100 is for ever.</summary>
    private static long TimeLimitNs(long tenacity) => tenacity switch
    {
        <= 10 => 50_000 * tenacity,
        < 100 => (long)(500_000 * Math.Pow(1.15, tenacity - 10)),
        _ => long.MaxValue / 4,
    };

    public void Dispose() => _pool.Dispose();

    private readonly ref struct EligibleEntries(NativeList<nint> found, EvictionPolicy policy) : IEntryVisitor
    {
        public void Visit(nint entry)
        {
            if (policy.Allows(new Entry(entry)))
            {
                found.Add(entry);
            }
        }
    }
}
