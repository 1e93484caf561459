namespace Valkey.Turbo.Engine;

/// <summary>
/// Whether a thread has been signalled, and has not yet begun to look at what others have left for it: while it is, nobody else needs to.
/// </summary>
/// <remarks>
/// A waker first leaves its message and then raises the flag; the thread first lowers the flag and then looks for messages. On both
/// sides a store comes before a load of what the other side stores, which processors exchange, x86 included, unless there is a fence in
/// between. With both fences, either the waker finds the flag lowered, and signals, or the thread's look comes later and finds the message.
/// Without the thread's, its look could come before its store is seen: the waker finds the flag still raised, and the message waits.
/// </remarks>
public sealed class WakeFlag
{
    private int _isRaised;

    /// <summary>To be called after a message has been left. True: the thread is to be signalled. Any thread.</summary>
    public bool TryRaise() => Interlocked.Exchange(ref _isRaised, 1) == 0;

    /// <summary>To be called by the thread that was signalled, before it looks for messages.</summary>
    public void Lower()
    {
        Volatile.Write(ref _isRaised, 0);
        Interlocked.MemoryBarrier();
    }
}
