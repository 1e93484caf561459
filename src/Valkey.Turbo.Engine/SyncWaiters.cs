namespace Valkey.Turbo.Engine;

/// <summary>The clients that wait until their writes are on the disk (WAITAOF). Any thread.</summary>
public sealed class SyncWaiters
{
    private readonly AppendOnlyLog _log;
    private readonly Lock _gate = new();
    private readonly Dictionary<Session, long> _waiting = [];
    private readonly List<Session> _reached = [];
    // Looked at without the lock, so that who syncs for nobody takes none.
    private volatile bool _hasAny;

    internal SyncWaiters(AppendOnlyLog log) => _log = log;

    /// <summary>
    /// Has the client's blocked command run again when so many records are on the disk, or when nothing is logged any more. The client
    /// then has to begin to wait, in the same turn of its thread.
    /// </summary>
    /// <returns>False where that is so already.</returns>
    public bool TryAdd(Session client, long recordCount)
    {
        lock (_gate)
        {
            // The flag before the look: who syncs does it the other way round, so that one of them sees the other.
            _hasAny = true;
            Interlocked.MemoryBarrier();
            bool isReached = IsReached(recordCount);
            if (!isReached)
            {
                _waiting[client] = recordCount;
            }
            _hasAny = _waiting.Count > 0;
            return !isReached;
        }
    }

    /// <summary>The client waits no longer.</summary>
    public void Remove(Session client)
    {
        lock (_gate)
        {
            _waiting.Remove(client);
            _hasAny = _waiting.Count > 0;
        }
    }

    /// <summary>Wakes those whose records are on the disk, or all if nothing is logged any more.</summary>
    internal void WakeReached()
    {
        Interlocked.MemoryBarrier();
        if (!_hasAny)
        {
            return;
        }
        lock (_gate)
        {
            _reached.AddRange(_waiting.Where(wait => IsReached(wait.Value)).Select(wait => wait.Key));
            foreach (Session client in _reached)
            {
                _waiting.Remove(client);
                client.Transport.Resume();
            }
            _reached.Clear();
            _hasAny = _waiting.Count > 0;
        }
    }

    private bool IsReached(long recordCount) => !_log.IsOn || _log.SyncedCount >= recordCount;
}
