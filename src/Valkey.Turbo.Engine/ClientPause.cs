namespace Valkey.Turbo.Engine;

/// <summary>Which commands wait while clients are paused.</summary>
public enum PauseKind
{
    None,
    /// <summary>Those that write or may be replicated.</summary>
    Write,
    /// <summary>All.</summary>
    All,
}

/// <summary>
/// CLIENT PAUSE: for some time commands wait instead of being run, and neither expiry nor eviction changes the data. Set by
/// any thread, looked at by all.
/// </summary>
public sealed class ClientPause(ServerInstance server)
{
    private const int LongestWaitMs = 100;
    private volatile PauseKind _kind;
    private long _endNs;

    /// <summary>What is paused now.</summary>
    public PauseKind Kind => _kind != PauseKind.None && server.Clock.MonotonicNs < EndNs ? _kind : PauseKind.None;

    /// <summary>Whether anything may be paused; a look that costs nothing.</summary>
    public bool IsSet => _kind != PauseKind.None;

    /// <summary>When it ends, on the monotonic clock.</summary>
    public long EndNs => Volatile.Read(ref _endNs);

    /// <summary>Whether a command waits.</summary>
    public bool Holds(bool mayReplicate) => Kind switch { PauseKind.All => true, PauseKind.Write => mayReplicate, _ => false };

    /// <summary>Begins a pause, or changes what is paused; a later end that was asked for before stays.</summary>
    public void Begin(PauseKind kind, long endNs)
    {
        if (Kind == PauseKind.None)
        {
            Volatile.Write(ref _endNs, 0);
        }
        Volatile.Write(ref _endNs, Math.Max(EndNs, endNs));
        _kind = kind;
    }

    /// <summary>Ends a pause whose time is over, so that nobody has to look at the clock any more.</summary>
    public void EndIfOver()
    {
        if (IsSet && Kind == PauseKind.None)
        {
            End();
        }
    }

    /// <summary>
    /// Ends the pause and lets all threads run what has waited. Who was told just now that there is a pause looks again when it is woken, and
    /// waking puts a fence behind the change.
    /// </summary>
    public void End()
    {
        _kind = PauseKind.None;
        server.WakeAll();
    }

    /// <summary>
    /// Waits, though not for long, until the other threads have run what has waited: whoever has ended the pause may rely on that. A command
    /// that comes at the same moment may be missed; it has no place in an order yet. The calling thread must not hold anything.
    /// </summary>
    public void AwaitOthers(Worker caller)
    {
        foreach (Worker worker in server.Workers)
        {
            if (worker != caller)
            {
                SpinWait.SpinUntil(() => worker.PostponedCount == 0, LongestWaitMs);
            }
        }
    }
}
