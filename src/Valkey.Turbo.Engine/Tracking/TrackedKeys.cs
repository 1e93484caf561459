using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine.Tracking;

/// <summary>
/// Which clients may have cached which of one shard's keys. A key is forgotten when its clients have been told. Keys of the
/// same name in different databases count as one, as clients don't say which they mean. Used under the shard.
/// </summary>
public sealed class TrackedKeys(Shard shard, TrackingDirectory directory)
{
    /// <summary>A key, the clients that may have cached it, and its place among the names.</summary>
    private sealed class Tracked(int place)
    {
        internal HashSet<ClientTracking> Clients { get; } = [];

        internal int Place { get; set; } = place;
    }

    private readonly Dictionary<byte[], Tracked> _byKey = new(BytesComparer.Instance);
    // The keys in no order, so that any of them can be picked.
    private readonly List<byte[]> _names = [];

    /// <summary>How many keys are remembered; other threads may read it and see a recent value.</summary>
    public int KeyCount => _byKey.Count;

    /// <summary>Remembers that a client has read a key.</summary>
    public void Remember(Worker worker, ReadOnlySpan<byte> key, ClientTracking tracking)
    {
        Dictionary<byte[], Tracked>.AlternateLookup<ReadOnlySpan<byte>> lookup = _byKey.GetAlternateLookup<ReadOnlySpan<byte>>();
        bool exists = lookup.TryGetValue(key, out Tracked? tracked);
        if (tracked is null)
        {
            byte[] name = key.ToArray();
            tracked = new Tracked(_names.Count);
            _byKey.Add(name, tracked);
            _names.Add(name);
        }
        shard.BeginObserving();
        bool isNew = tracked.Clients.Add(tracking);
        directory.Count(exists ? 0 : 1, isNew ? 1 : 0);
        // The one just read stays: were it the only one here, it would be told of at once, and again and again.
        while (directory.IsOverLimit && _names.Count > 1)
        {
            int other = worker.Random.Below(_names.Count - 1);
            Evict(worker, other < tracked.Place ? other : other + 1);
        }
    }

    /// <summary>Tells the clients that have read a key that it is no longer what they know.</summary>
    public void Invalidate(Worker worker, ReadOnlySpan<byte> key)
    {
        if (_byKey.Count > 0 && _byKey.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(key, out Tracked? tracked))
        {
            Forget(tracked.Place);
            Tell(worker, key, tracked.Clients, isEviction: false);
        }
    }

    /// <summary>Forgets any keys, and tells their clients, until the table is within its limit or nothing is left here.</summary>
    public void Shrink(Worker worker)
    {
        while (directory.IsOverLimit && _names.Count > 0)
        {
            Evict(worker, worker.Random.Below(_names.Count));
        }
    }

    /// <summary>Forgets everything; the clients are told by other means.</summary>
    public void Clear()
    {
        directory.Count(-_byKey.Count, -_byKey.Values.Sum(tracked => tracked.Clients.Count));
        _byKey.Clear();
        _names.Clear();
    }

    private void Evict(Worker worker, int place)
    {
        byte[] key = _names[place];
        Tell(worker, key, Forget(place).Clients, isEviction: true);
    }

    /// <summary>Takes a key out; the last one moves to its place.</summary>
    private Tracked Forget(int place)
    {
        byte[] last = _names[^1];
        _byKey.Remove(_names[place], out Tracked? tracked);
        if (place < _names.Count - 1)
        {
            _names[place] = last;
            _byKey[last].Place = place;
        }
        _names.RemoveAt(_names.Count - 1);
        return tracked!;
    }

    private void Tell(Worker worker, ReadOnlySpan<byte> key, HashSet<ClientTracking> clients, bool isEviction)
    {
        directory.Count(-1, -clients.Count);
        Invalidation? message = null;
        foreach (ClientTracking tracking in clients)
        {
            bool isOwn = tracking.IsNoLoop && !isEviction && tracking.Session is not null && tracking.Session == worker.Session;
            if (tracking.IsOn && !tracking.IsBroadcast && !isOwn)
            {
                message ??= Invalidation.OfKey(worker, key);
                message.Post(worker, tracking);
            }
        }
        message?.Release();
    }
}
