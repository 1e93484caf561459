using Valkey.Turbo.Engine.PubSub;

namespace Valkey.Turbo.Engine.Tracking;

/// <summary>Which threads have clients that track keys, and how much is remembered over all shards.</summary>
public sealed class TrackingDirectory(ServerInstance server)
{
    private readonly int[] _clients = new int[server.Workers.Length];
    private readonly int[] _broadcasting = new int[server.Workers.Length];
    private int _clientCount;
    private int _broadcastCount;
    private int _prefixCount;
    private long _keyCount;
    private long _itemCount;

    /// <summary>Clients that track.</summary>
    public int ClientCount => Volatile.Read(ref _clientCount);

    /// <summary>Prefixes of broadcast clients.</summary>
    public int PrefixCount => Volatile.Read(ref _prefixCount);

    /// <summary>Keys remembered.</summary>
    public long KeyCount => Volatile.Read(ref _keyCount);

    /// <summary>Keys remembered, counted once for every client.</summary>
    public long ItemCount => Volatile.Read(ref _itemCount);

    /// <summary>Whether some client hears of keys that it has not read.</summary>
    internal bool HasBroadcast => _broadcastCount > 0;

    /// <summary>Whether more keys are remembered than <c>tracking-table-max-keys</c> allows; 0 allows any number.</summary>
    public bool IsOverLimit => server.Config.TrackingTableMaxKeys.Number is > 0 and long limit && KeyCount > limit;

    internal void Count(int keys, int items)
    {
        if (keys != 0)
        {
            Interlocked.Add(ref _keyCount, keys);
        }
        if (items != 0)
        {
            Interlocked.Add(ref _itemCount, items);
        }
    }

    /// <summary>Turns tracking on for a session of the calling thread, in a state that the caller has set up.</summary>
    public void Begin(Worker worker, ClientTracking tracking)
    {
        if (!tracking.IsOn)
        {
            tracking.IsOn = true;
            worker.Trackers.Add(tracking);
            Interlocked.Increment(ref _clientCount);
            Interlocked.Increment(ref _clients[worker.Thread]);
            if (tracking.IsBroadcast)
            {
                Interlocked.Increment(ref _broadcastCount);
                Interlocked.Increment(ref _broadcasting[worker.Thread]);
            }
        }
    }

    /// <summary>Forgets keys beyond the limit, of whatever shards are to be had.</summary>
    public void Shrink(Worker worker)
    {
        // From a different one each time, or the keys of the first would not stay.
        int first = worker.Random.Below(server.Shards.Length);
        for (int i = 0; i < server.Shards.Length && IsOverLimit; i++)
        {
            Shard shard = server.Shards[(first + i) % server.Shards.Length];
            if (shard.Tracked.KeyCount > 0 && worker.Shards.TryHold(shard.Index))
            {
                shard.Tracked.Shrink(worker);
            }
        }
        worker.Shards.ReleaseAll();
    }

    /// <summary>Gives a broadcast client more prefixes.</summary>
    public void AddPrefixes(ClientTracking tracking, List<byte[]> prefixes)
    {
        tracking.Prefixes.AddRange(prefixes);
        CountPrefixes(prefixes.Count);
        tracking.Session?.CountPrefixes(prefixes.Count);
    }

    private void CountPrefixes(int change) => Interlocked.Add(ref _prefixCount, change);

    /// <summary>Turns tracking off for a session of the calling thread.</summary>
    public void End(Worker worker, ClientTracking? tracking)
    {
        if (tracking is not { IsOn: true })
        {
            return;
        }
        tracking.IsOn = false;
        worker.Trackers.Remove(tracking);
        Interlocked.Decrement(ref _clientCount);
        Interlocked.Decrement(ref _clients[worker.Thread]);
        if (tracking.IsBroadcast)
        {
            Interlocked.Decrement(ref _broadcastCount);
            Interlocked.Decrement(ref _broadcasting[worker.Thread]);
        }
        CountPrefixes(-tracking.Prefixes.Count);
        tracking.Session?.CountPrefixes(-tracking.Prefixes.Count);
        tracking.Prefixes.Clear();
        tracking.RedirectId = 0;
        tracking.IsBroadcast = tracking.IsOptIn = tracking.IsOptOut = tracking.IsNoLoop = tracking.IsRedirectBroken = false;
        tracking.HasCachingWord = false;
    }

    /// <summary>The session is gone.</summary>
    public void Forget(Worker worker, Session session)
    {
        End(worker, session.Tracking);
        session.Tracking?.Forget();
    }

    /// <summary>Tells all clients that track that nothing they know is true any more, as databases are emptied.</summary>
    public void InvalidateEverything(Worker worker)
    {
        for (int thread = 0; thread < _clients.Length && ClientCount > 0; thread++)
        {
            if (Volatile.Read(ref _clients[thread]) > 0)
            {
                server.Workers[thread].Post(new Everything(), worker);
            }
        }
    }

    /// <summary>Sends the changed keys of a turn to the threads with broadcast clients.</summary>
    internal void Broadcast(Worker worker, Dictionary<byte[], Session?> changed)
    {
        for (int thread = 0; thread < _broadcasting.Length; thread++)
        {
            if (Volatile.Read(ref _broadcasting[thread]) > 0)
            {
                server.Workers[thread].Post(new ChangedKeys(changed), worker);
            }
        }
    }

    private sealed class Everything : Delivery
    {
        public override void Deliver(Worker worker)
        {
            Invalidation message = Invalidation.OfEverything(worker);
            foreach (ClientTracking tracking in worker.Trackers)
            {
                message.Post(worker, tracking);
            }
            message.Release();
        }
    }

    /// <summary>The keys that one thread has changed in a turn, each with the session that did. Not changed any more.</summary>
    private sealed class ChangedKeys(Dictionary<byte[], Session?> changed) : Delivery
    {
        public override void Deliver(Worker worker)
        {
            foreach (ClientTracking tracking in worker.Trackers)
            {
                foreach (byte[] prefix in tracking.Prefixes)
                {
                    Tell(worker, tracking, prefix);
                }
            }
        }

        private void Tell(Worker worker, ClientTracking tracking, byte[] prefix)
        {
            List<byte[]> keys = [];
            foreach ((byte[] key, Session? by) in changed)
            {
                bool isOwn = tracking.IsNoLoop && by is not null && by == tracking.Session;
                if (!isOwn && key.AsSpan().StartsWith(prefix))
                {
                    keys.Add(key);
                }
            }
            if (keys.Count > 0)
            {
                Invalidation message = Invalidation.OfKeys(worker, keys);
                message.Post(worker, tracking);
                message.Release();
            }
        }
    }
}
