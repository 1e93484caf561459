using System.Collections.Concurrent;

namespace Valkey.Turbo.Engine;

/// <summary>
/// What one command has set going by telling blocked commands of their keys, if some of those move elements on to other keys, where others
/// may wait in turn: all of that is one change, though it takes place on several threads, one after another. Until it is complete the
/// shards that it has gone through stay closed to others, and the clients whose commands had a part in it get no reply and run nothing.
/// </summary>
/// <remarks>
/// Its members are the commands told and not run since. One that tells others while it runs has them join before it leaves, so there is
/// no moment in between without members. Who leaves first leaves its shard to be opened, and the last opens all.
/// </remarks>
public sealed class HandOffChain(ServerInstance server, long beganNs)
{
    private readonly ConcurrentQueue<Shard> _closed = new();
    private readonly ConcurrentQueue<int> _waitingThreads = new();
    private int _memberCount;

    /// <summary>Whether nobody need wait for it any more: it is complete, or takes too long.</summary>
    public bool IsOver => Volatile.Read(ref _memberCount) == 0 || server.Clock.MonotonicNs - beganNs >= ShardLock.PatienceNs;

    /// <summary>Has a thread woken at the end. To be called by a command that has a part in the chain, while it runs.</summary>
    internal void WakeAtEnd(int thread) => _waitingThreads.Enqueue(thread);

    /// <summary>A command was told; its shard is closed to others.</summary>
    internal void Join() => Interlocked.Increment(ref _memberCount);

    /// <summary>A command has run, or never will.</summary>
    internal void Leave(Shard shard)
    {
        _closed.Enqueue(shard);
        if (Interlocked.Decrement(ref _memberCount) > 0)
        {
            return;
        }
        while (_closed.TryDequeue(out Shard? closed))
        {
            closed.EndHandOffFromAnywhere();
        }
        while (_waitingThreads.TryDequeue(out int thread))
        {
            server.Wake(thread);
        }
    }
}
