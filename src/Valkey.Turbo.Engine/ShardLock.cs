using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine;

/// <summary>
/// Who has a shard, and who may borrow it next. With a single thread there is nothing to borrow.
/// <code>
/// 0       4       8               12      16        24      28      32             40        128
/// | owner |   -   | reserved for  | told  | waiters | hint  |   -   | last told ns |    -    |
///                 '---- gate: 0 where anybody may borrow
/// </code>
/// The words that threads contend for, in native memory and on a cache line of their own: otherwise every failed try would take
/// something else away from the holder. Two lines are set aside for them, as processors fetch pairs.
/// </summary>
/// <remarks>
/// Borrowing: <c>owner</c> goes from 0 to thread + 1 by compare-exchange, and back by a plain store. A thread that does not get
/// the shard leaves its bit in <c>waiters</c>, makes every thread of the process pass a fence, and tries once more. The holder
/// stores 0 first and looks at <c>waiters</c> then, so either its store came before its fence and that try succeeds, or its
/// look comes after it and finds the bit. No wake-up is lost, and the fence is paid by the one who has to wait anyway. Where the
/// kernel has no such fence, every holder passes its own between the store and the look. The gate is opened and <c>waiters</c> looked at
/// in the same way: when the shard is let go, or, by who does not hold it, with an interlocked instruction in between.
/// </remarks>
internal readonly unsafe struct ShardLock
{
    private const int Bytes = 128;

    [StructLayout(LayoutKind.Explicit, Size = Bytes)]
    private struct Words
    {
        /// <summary>0, or the holder's number + 1.</summary>
        [FieldOffset(0)] internal int Owner;
        /// <summary>The two that follow as one: 0 where anybody may borrow.</summary>
        [FieldOffset(8)] internal long Gate;
        /// <summary>0, or the number + 1 of the thread that nobody may get ahead of.</summary>
        [FieldOffset(8)] internal int ReservedFor;
        /// <summary>How many hand-offs keep the shard from everybody else.</summary>
        [FieldOffset(12)] internal int Told;
        /// <summary>A bit for every thread to wake.</summary>
        [FieldOffset(16)] internal ulong Waiters;
        /// <summary>Written to draw the line to this core; never read.</summary>
        [FieldOffset(24)] internal int Hint;
        /// <summary>When a hand-off last began.</summary>
        [FieldOffset(32)] internal long LastToldNs;
    }

    /// <summary>
    /// For so long a blocked command that was told keeps its turn. Its thread may be busy with something slow, and that is to stop
    /// nobody who does not need it.
    /// </summary>
    internal const long PatienceNs = 100_000_000;

    private readonly Words* _words;
    private readonly bool _isShared;
    private readonly bool _hasProcessFence;
    private readonly Clock _clock;
    private readonly Action<ulong> _wakeThreads;

    /// <summary>Makes the lock of a shard that is free. Ends with <see cref="Free"/>.</summary>
    /// <param name="isShared">Whether there are other threads.</param>
    /// <param name="hasProcessFence">Whether a waiter can make all threads pass a fence.</param>
    /// <param name="clock">Time.</param>
    /// <param name="wakeThreads">Wakes the threads whose bits are set.</param>
    internal ShardLock(bool isShared, bool hasProcessFence, Clock clock, Action<ulong> wakeThreads)
    {
        _words = (Words*)NativeMemory.AlignedAlloc(Bytes, Bytes);
        *_words = default;
        _isShared = isShared;
        _hasProcessFence = hasProcessFence;
        _clock = clock;
        _wakeThreads = wakeThreads;
    }

    internal void Free() => NativeMemory.AlignedFree(_words);

    /// <summary>Whether nobody has the shard just now. A look that does not take the line away from the holder.</summary>
    internal bool IsFree => Volatile.Read(ref _words->Owner) == 0;

    /// <summary>Whether some thread has it, as far as it can be told.</summary>
    internal bool IsBorrowed => !_isShared || _words->Owner != 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal bool TryBorrow(int thread, bool goesFirst)
    {
        if (!_isShared)
        {
            return true;
        }
        return (Volatile.Read(ref _words->Gate) == 0 || goesFirst || IsOpenTo(thread))
            && Interlocked.CompareExchange(ref _words->Owner, thread + 1, 0) == 0
            && (Volatile.Read(ref _words->Gate) == 0 || goesFirst || StaysOpenTo(thread));
    }

    /// <summary>The last holder may have closed the gate after it was seen open. If so, the shard is let go again.</summary>
    private bool StaysOpenTo(int thread)
    {
        if (IsOpenTo(thread))
        {
            return true;
        }
        Release(thread);
        return false;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Release(int thread)
    {
        if (!_isShared)
        {
            return;
        }
        Invariant.Check(_words->Owner == thread + 1);
        Volatile.Write(ref _words->Owner, 0);
        if (!_hasProcessFence)
        {
            Interlocked.MemoryBarrier();
        }
        if (Volatile.Read(ref _words->Waiters) != 0)
        {
            WakeWaiters();
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Approach()
    {
        if (_isShared)
        {
            _words->Hint = 1;
        }
    }

    internal void AddWaiter(int thread)
    {
        Interlocked.Or(ref _words->Waiters, 1UL << (thread & 63));
        if (_hasProcessFence)
        {
            Interlocked.MemoryBarrierProcessWide();
        }
        else
        {
            Interlocked.MemoryBarrier();
        }
    }

    internal void Reserve(int thread) => Volatile.Write(ref _words->ReservedFor, thread + 1);

    internal void EndReservation()
    {
        Interlocked.Exchange(ref _words->ReservedFor, 0);
        WakeWaitersIfAny();
    }

    internal void BeginHandOff(long nowNs)
    {
        Volatile.Write(ref _words->LastToldNs, nowNs);
        Interlocked.Increment(ref _words->Told);
    }

    internal void EndHandOff() => Interlocked.Decrement(ref _words->Told);

    internal void WakeWaitersIfAny()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _words->Waiters) != 0)
        {
            WakeWaiters();
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool IsOpenTo(int thread)
    {
        if (Volatile.Read(ref _words->Told) > 0 && _clock.MonotonicNs - Volatile.Read(ref _words->LastToldNs) < PatienceNs)
        {
            return false;
        }
        int reservedFor = Volatile.Read(ref _words->ReservedFor);
        return reservedFor == 0 || reservedFor == thread + 1;
    }

    private void WakeWaiters()
    {
        ulong waiters = Interlocked.Exchange(ref _words->Waiters, 0);
        if (waiters != 0)
        {
            _wakeThreads(waiters);
        }
    }
}
