using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine.Tracking;

/// <summary>
/// Which clients may have cached which of one shard's keys. A key is forgotten when its clients have been told. Keys of the
/// same name in different databases count as one, as clients don't say which they mean. Used under the shard.
/// </summary>
public sealed class TrackedKeys(Shard shard, TrackingDirectory directory)
{
    private readonly Dictionary<byte[], HashSet<ClientTracking>> _byKey = new(BytesComparer.Instance);

    /// <summary>How many keys are remembered; other threads may read it and see a recent value.</summary>
    public int KeyCount => _byKey.Count;

    /// <summary>Remembers that a client has read a key.</summary>
    public void Remember(Worker worker, ReadOnlySpan<byte> key, ClientTracking tracking)
    {
        ref HashSet<ClientTracking>? clients = ref CollectionsMarshal.GetValueRefOrAddDefault(
            _byKey.GetAlternateLookup<ReadOnlySpan<byte>>(), key, out bool exists);
        clients ??= [];
        shard.BeginObserving();
        bool isNew = clients.Add(tracking);
        directory.Count(exists ? 0 : 1, isNew ? 1 : 0);
        if (directory.IsOverLimit)
        {
            Shrink(worker);
        }
    }

    /// <summary>Tells the clients that have read a key that it is no longer what they know.</summary>
    public void Invalidate(Worker worker, ReadOnlySpan<byte> key)
    {
        if (_byKey.Count > 0 && _byKey.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(key, out _, out HashSet<ClientTracking>? clients))
        {
            Tell(worker, key, clients, isEviction: false);
        }
    }

    /// <summary>Forgets keys, and tells their clients, until the table is within its limit or nothing is left here.</summary>
    public void Shrink(Worker worker)
    {
        while (directory.IsOverLimit && _byKey.Count > 0)
        {
            (byte[] key, HashSet<ClientTracking> clients) = _byKey.First();
            _byKey.Remove(key);
            Tell(worker, key, clients, isEviction: true);
        }
    }

    /// <summary>Forgets everything; the clients are told by other means.</summary>
    public void Clear()
    {
        directory.Count(-_byKey.Count, -_byKey.Values.Sum(clients => clients.Count));
        _byKey.Clear();
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
