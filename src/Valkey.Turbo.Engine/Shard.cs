using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Valkey.Turbo.Engine.Tracking;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>
/// A part of the keyspace: a range of hash slots over all databases, with its own memory. A thread must have borrowed a
/// shard to touch anything in it; with a single thread there is nothing to borrow.
/// </summary>
public sealed class Shard
{
    private readonly ShardLock _lock;
    private readonly TrackingDirectory _tracking;
    private bool _isObserved;

    /// <summary>Which shard this is.</summary>
    public int Index { get; }

    /// <summary>The thread that expires, evicts and tidies here.</summary>
    public int HomeThread { get; }

    /// <summary>The shard's memory.</summary>
    public Arena Arena { get; }

    /// <summary>The shard's part of each database.</summary>
    public Keyspace[] Keyspaces { get; }

    /// <summary>To be called when someone begins to watch, wait for or cache a key here.</summary>
    internal void BeginObserving() => _isObserved = true;

    /// <summary>The watches on the shard's keys.</summary>
    public WatchedKeys Watched { get; } = new();

    /// <summary>The commands that wait for the shard's keys.</summary>
    public BlockedKeys Blocked { get; } = new();

    /// <summary>The clients that may have cached the shard's keys.</summary>
    public TrackedKeys Tracked { get; }

    /// <summary>Tells those who watch a key, wait for it or have cached it that it has changed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void NoteChange(Worker worker, int database, ReadOnlySpan<byte> key)
    {
        if (_isObserved || _tracking.HasBroadcast)
        {
            TellObservers(worker, database, key);
        }
    }

    private void TellObservers(Worker worker, int database, ReadOnlySpan<byte> key)
    {
        _isObserved = Watched.KeyCount + Blocked.KeyCount + Tracked.KeyCount > 0;
        Watched.Touch(database, key);
        Blocked.Signal(worker, database, key);
        NoteForTrackers(worker, key);
    }

    /// <summary>Tells those who watch a key, or wait for it, that it has expired.</summary>
    public void NoteExpired(Worker worker, int database, ReadOnlySpan<byte> key)
    {
        Watched.TouchExpired(database, key);
        Blocked.Signal(worker, database, key);
        NoteForTrackers(worker, key);
    }

    private void NoteForTrackers(Worker worker, ReadOnlySpan<byte> key)
    {
        Tracked.Invalidate(worker, key);
        if (worker.Server.Tracking.HasBroadcast)
        {
            worker.NoteForBroadcast(key);
        }
    }

    /// <summary>The greatest stamp given to a write here.</summary>
    internal long LastStampNs;

    /// <summary>Told before an entry changes, or null; set while the shard is borrowed.</summary>
    public IWriteBarrier? WriteBarrier { get; set; }

    /// <summary>Tables that FLUSHALL has unhooked and the home thread frees bit by bit.</summary>
    internal Queue<Keyspace> Discarded { get; } = new();

    /// <summary>How many values, or keyspaces, are being freed; a recent value.</summary>
    public int DyingCount => Dying.Count + Discarded.Count;

    /// <summary>Large values that are being freed, a step at a time.</summary>
    internal Queue<IEnumerator<bool>> Dying { get; } = new();

    /// <summary>Values that replies have sent and whose keys are gone, to be freed under the shard. Any thread adds to them.</summary>
    internal ConcurrentQueue<ValueBlock> Returned { get; } = new();

    /// <summary>
    /// Keyspaces without entries whose tables other threads may still be prefetching from, with the turn each thread was in
    /// when they were unhooked. A thread that has begun another turn has forgotten them.
    /// </summary>
    internal Queue<(Keyspace Keyspace, long[] Turns)> Retired { get; } = new();

    internal Shard(int index, int homeThread, SpanSource memory, int databaseCount, TrackingDirectory tracking, ShardLock shardLock)
    {
        Index = index;
        _lock = shardLock;
        _tracking = tracking;
        Tracked = new TrackedKeys(this, tracking);
        HomeThread = homeThread;
        Arena = new Arena(memory);
        Keyspaces = new Keyspace[databaseCount];
        for (int i = 0; i < databaseCount; i++)
        {
            Keyspaces[i] = new Keyspace(this, i);
        }
    }

    /// <summary>Takes the shard for <paramref name="thread"/> if nobody has it. Not re-entrant.</summary>
    /// <param name="thread">The thread's number.</param>
    /// <param name="goesFirst">See <see cref="BorrowedShards.GoesFirst"/>.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryBorrow(int thread, bool goesFirst = false) => _lock.TryBorrow(thread, goesFirst);

    /// <summary>Lets the shard go and wakes the threads that wait for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release(int thread) => _lock.Release(thread);

    /// <summary>
    /// Starts bringing the words that <see cref="TryBorrow"/> changes to this core. A plain store does not wait for the line,
    /// so those of a whole batch travel at the same time; a compare-exchange would wait for each.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Approach() => _lock.Approach();

    /// <summary>Whether nobody has the shard just now. A look that does not take the line away from the holder.</summary>
    internal bool IsFree => _lock.IsFree;

    /// <summary>
    /// Asks to be woken when the shard is let go. The caller must try to borrow once more afterwards, and only then wait.
    /// </summary>
    internal void AddWaiter(int thread) => _lock.AddWaiter(thread);

    /// <summary>Keeps other threads from borrowing from now on; the present holder may finish.</summary>
    internal void Reserve(int thread) => _lock.Reserve(thread);

    /// <summary>Ends a reservation.</summary>
    internal void EndReservation() => _lock.EndReservation();

    /// <summary>
    /// Keeps all who do not go first from borrowing, once the present holder has let go, because a blocked command was told of its key.
    /// </summary>
    internal void BeginHandOff(long nowNs) => _lock.BeginHandOff(nowNs);

    /// <summary>
    /// The blocked command has run, or never will; the shard is held. Whoever has waited for that is woken when it is let go.
    /// </summary>
    internal void EndHandOff() => _lock.EndHandOff();

    /// <summary>The same by a thread that need not hold the shard.</summary>
    internal void EndHandOffFromAnywhere()
    {
        _lock.EndHandOff();
        _lock.WakeWaitersIfAny();
    }

    /// <summary>Checked builds: ends the process if no thread has borrowed the shard.</summary>
    internal void AssertBorrowed() => Invariant.Check(_lock.IsBorrowed);

    /// <summary>Frees the words that threads contend for; nobody may come any more.</summary>
    internal void FreeLock() => _lock.Free();
}
