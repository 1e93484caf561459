using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Valkey.Turbo.Engine.Tracking;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>
/// A part of the keyspace: a range of hash slots over all databases, with its own memory. A thread must have borrowed a
/// shard to touch anything in it; with a single thread there is nothing to borrow.
/// </summary>
/// <remarks>
/// Borrowing: <c>owner</c> goes from 0 to thread + 1 by compare-exchange, and back by a plain store. A thread that does not get
/// a shard leaves its bit in <c>waiters</c>, makes every thread of the process pass a fence, and tries once more. The holder
/// stores 0 first and looks at <c>waiters</c> then, so either its store came before its fence and that try succeeds, or its
/// look comes after it and finds the bit. No wake-up is lost, and the fence is paid by the one who has to wait anyway.
/// </remarks>
public sealed class Shard
{
    /// <summary>
    /// The words that threads contend for, on a cache line of their own: otherwise every failed try would take the rest of
    /// the shard away from its holder.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Ownership
    {
        /// <summary>0, or the holder's number + 1.</summary>
        [FieldOffset(64)] internal int Owner;
        /// <summary>The two that follow as one: 0 where anybody may borrow.</summary>
        [FieldOffset(72)] internal long Gate;
        /// <summary>0, or the number + 1 of the thread that nobody may get ahead of.</summary>
        [FieldOffset(72)] internal int ReservedFor;
        /// <summary>How many blocked commands were told of their key and have not run since. Changed under the shard.</summary>
        [FieldOffset(76)] internal int Told;
        /// <summary>A bit for every thread to wake.</summary>
        [FieldOffset(80)] internal ulong Waiters;
        /// <summary>Written to draw the line to this core; never read.</summary>
        [FieldOffset(88)] internal int Hint;
    }

    // For so long a blocked command that was told keeps its turn. Its thread may be busy with something slow, and that is to stop
    // nobody who does not need it.
    private const long PatienceNs = 100_000_000;

    private readonly bool _isShared;
    private readonly Clock _clock;
    private long _lastToldNs;
    private readonly Action<ulong> _wakeThreads;
    private readonly TrackingDirectory _tracking;
    private bool _isObserved;
    private Ownership _lock;

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

    internal Shard(int index, int homeThread, SpanSource memory, int databaseCount, bool isShared, TrackingDirectory tracking, Clock clock, Action<ulong> wakeThreads)
    {
        Index = index;
        _clock = clock;
        _tracking = tracking;
        Tracked = new TrackedKeys(this, tracking);
        HomeThread = homeThread;
        Arena = new Arena(memory);
        _isShared = isShared;
        _wakeThreads = wakeThreads;
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
    public bool TryBorrow(int thread, bool goesFirst = false)
    {
        if (!_isShared)
        {
            return true;
        }
        return (Volatile.Read(ref _lock.Gate) == 0 || goesFirst || IsOpenTo(thread))
            && Interlocked.CompareExchange(ref _lock.Owner, thread + 1, 0) == 0;
    }

    private bool IsOpenTo(int thread)
    {
        if (Volatile.Read(ref _lock.Told) > 0 && _clock.MonotonicNs - Volatile.Read(ref _lastToldNs) < PatienceNs)
        {
            return false;
        }
        int reservedFor = Volatile.Read(ref _lock.ReservedFor);
        return reservedFor == 0 || reservedFor == thread + 1;
    }

    /// <summary>
    /// Keeps all who do not go first from borrowing, once the present holder has let go, because a blocked command was told of its key.
    /// </summary>
    internal void BeginHandOff(long nowNs)
    {
        Volatile.Write(ref _lastToldNs, nowNs);
        Volatile.Write(ref _lock.Told, _lock.Told + 1);
    }

    /// <summary>The blocked command has run, or never will; the shard is held. Whoever has waited for that is woken when it is let go.</summary>
    internal void EndHandOff() => Volatile.Write(ref _lock.Told, _lock.Told - 1);

    /// <summary>
    /// Starts bringing the words that <see cref="TryBorrow"/> changes to this core. A plain store does not wait for the line,
    /// so those of a whole batch travel at the same time; a compare-exchange would wait for each.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Approach()
    {
        if (_isShared)
        {
            _lock.Hint = 1;
        }
    }

    /// <summary>Whether nobody has the shard just now. A look that does not take the line away from the holder.</summary>
    internal bool IsFree => Volatile.Read(ref _lock.Owner) == 0;

    /// <summary>Lets the shard go and wakes the threads that wait for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Release(int thread)
    {
        if (!_isShared)
        {
            return;
        }
        Invariant.Check(_lock.Owner == thread + 1);
        Volatile.Write(ref _lock.Owner, 0);
        if (Volatile.Read(ref _lock.Waiters) != 0)
        {
            WakeWaiters();
        }
    }

    /// <summary>
    /// Asks to be woken when the shard is let go. The caller must try to borrow once more afterwards, and only then wait.
    /// </summary>
    internal void AddWaiter(int thread)
    {
        Interlocked.Or(ref _lock.Waiters, 1UL << (thread & 63));
        Interlocked.MemoryBarrierProcessWide();
    }

    /// <summary>Keeps other threads from borrowing from now on; the present holder may finish.</summary>
    internal void Reserve(int thread) => Volatile.Write(ref _lock.ReservedFor, thread + 1);

    /// <summary>Ends a reservation.</summary>
    internal void EndReservation()
    {
        Interlocked.Exchange(ref _lock.ReservedFor, 0);
        if (Volatile.Read(ref _lock.Waiters) != 0)
        {
            WakeWaiters();
        }
    }

    /// <summary>Checked builds: ends the process if no thread has borrowed the shard.</summary>
    internal void AssertBorrowed() => Invariant.Check(!_isShared || _lock.Owner != 0);

    private void WakeWaiters()
    {
        ulong waiters = Interlocked.Exchange(ref _lock.Waiters, 0);
        if (waiters != 0)
        {
            _wakeThreads(waiters);
        }
    }
}
