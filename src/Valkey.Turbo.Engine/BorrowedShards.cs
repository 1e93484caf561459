using System.Diagnostics;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine;

/// <summary>
/// The shards one thread holds for the command it runs. Takes all of a set or none, so that no thread ever holds one
/// shard while it waits for another; after some failures it reserves the set, so that it can't starve.
/// </summary>
/// <remarks>
/// At most one thread of the process holds a reservation (the token), which is why reservations can't block each other.
/// A single shard is kept from command to command of a batch while they need the same one.
/// </remarks>
public sealed class BorrowedShards(Shard[] shards, int thread, ReservationToken token)
{
    // About a microsecond: longer than an ordinary command, shorter than being parked costs.
    private const int SpinCount = 8;
    private const int FailuresBeforeReservation = 4;
    private const int PatienceMs = 200;
    private readonly int[] _held = new int[shards.Length];
    private readonly bool[] _wanted = new bool[shards.Length];
    private int _heldCount;
    private int _failures;
    private bool _hasReservation;

    /// <summary>How often a shard was not to be had at once; for the statistics.</summary>
    public long ContendedCount { get; private set; }

    /// <summary>The shards held.</summary>
    public ReadOnlySpan<int> Held => _held.AsSpan(0, _heldCount);

    /// <summary>
    /// Whether what is held stays held: a transaction has borrowed everything its commands need, and they neither borrow nor
    /// let go by themselves.
    /// </summary>
    public bool IsPinned { get; set; }

    /// <summary>
    /// Whether the thread passes those who wait for shards: it runs a blocked command that was told of its key, or tidies up after one.
    /// </summary>
    public bool GoesFirst { get; set; }

    /// <summary>Borrows one shard, letting go of any other. False: the thread will be woken when it is worth trying again.</summary>
    public bool TryHold(int shard)
    {
        if (IsPinned || (_heldCount == 1 && _held[0] == shard))
        {
            return true;
        }
        ReleaseAll();
        Interleaving.Point();
        if (!TryTake(shard))
        {
            return WaitFor(shard);
        }
        _failures = 0;
        return true;
    }

    /// <summary>Borrows every shard, in order; all or none.</summary>
    public bool TryHoldAll()
    {
        if (IsPinned || _heldCount == shards.Length)
        {
            return true;
        }
        for (int i = 0; i < shards.Length; i++)
        {
            _wanted[i] = true;
        }
        return TryHoldWanted();
    }

    /// <summary>Names a shard for the next <see cref="TryHoldWanted"/>.</summary>
    public void Want(int shard) => _wanted[shard] = true;

    /// <summary>Forgets the names given since the last <see cref="TryHoldWanted"/>.</summary>
    public void ForgetWanted() => Array.Clear(_wanted);

    /// <summary>Borrows all shards named, in order; all or none. Forgets the names.</summary>
    public bool TryHoldWanted()
    {
        if (IsPinned)
        {
            ForgetWanted();
            return true;
        }
        ReleaseAll();
        bool taken = TryTakeWanted(out int missing);
        if (!taken)
        {
            ContendedCount++;
            // With nothing held: others need not wait for one who waits.
            taken = (IsSoonFree(shards[missing]) && TryTakeWanted(out missing)) || WaitForSet(missing);
        }
        Array.Clear(_wanted);
        if (taken)
        {
            Succeeded();
        }
        return taken;
    }

    /// <summary>Takes all shards named or none, without waiting.</summary>
    private bool TryTakeWanted(out int missing)
    {
        for (missing = 0; missing < shards.Length; missing++)
        {
            if (!_wanted[missing])
            {
                continue;
            }
            Interleaving.Point();
            if (!shards[missing].TryBorrow(thread, GoesFirst))
            {
                LastMissing = missing;
                ReleaseAll();
                return false;
            }
            _held[_heldCount++] = missing;
        }
        return true;
    }

    /// <summary>The shard that was missing when a borrowing last failed.</summary>
    public int LastMissing { get; private set; }

    /// <summary>Whether every shard is held.</summary>
    public bool HoldsAll => _heldCount == shards.Length;

    /// <summary>Whether a shard is held.</summary>
    public bool Holds(int shard) => Held.Contains(shard);

    /// <summary>
    /// Borrows one more shard beside those held, which is the one case of waiting while something is held: whoever waits has the right to
    /// reserve, which one thread at a time has, so that nobody waits in a circle; and it waits for a moment only.
    /// </summary>
    public bool TryHoldMore(int shard)
    {
        if (shards[shard].TryBorrow(thread))
        {
            _held[_heldCount++] = shard;
            return true;
        }
        ContendedCount++;
        if (!token.TryTake(thread))
        {
            return false;
        }
        shards[shard].Reserve(thread);
        long startedAt = Stopwatch.GetTimestamp();
        bool taken;
        while (!(taken = shards[shard].TryBorrow(thread)) && Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds < PatienceMs)
        {
            Thread.Yield();
        }
        shards[shard].EndReservation();
        token.Return(thread);
        if (taken)
        {
            _held[_heldCount++] = shard;
        }
        return taken;
    }

    /// <summary>Lets everything go.</summary>
    public void ReleaseAll()
    {
        if (IsPinned)
        {
            return;
        }
        for (int i = _heldCount - 1; i >= 0; i--)
        {
            shards[_held[i]].Release(thread);
        }
        _heldCount = 0;
    }

    private bool TryTake(int shard)
    {
        Shard target = shards[shard];
        if (!target.TryBorrow(thread, GoesFirst))
        {
            ContendedCount++;
            if (!IsSoonFree(target) || !target.TryBorrow(thread, GoesFirst))
            {
                return false;
            }
        }
        _held[_heldCount++] = shard;
        return true;
    }

    /// <summary>Waits a moment for a shard to come free. Nothing may be held meanwhile.</summary>
    private bool IsSoonFree(Shard target)
    {
        Invariant.Check(_heldCount == 0);
        for (int spins = 0; spins < SpinCount; spins++)
        {
            Thread.SpinWait(4);
            if (target.IsFree)
            {
                return true;
            }
        }
        // The holder may be waiting for this very core, where there are more threads than cores.
        Thread.Yield();
        return target.IsFree;
    }

    private bool WaitFor(int shard)
    {
        shards[shard].AddWaiter(thread);
        if (!shards[shard].TryBorrow(thread, GoesFirst))
        {
            LastMissing = shard;
            return false;
        }
        _held[_heldCount++] = shard;
        return true;
    }

    private bool WaitForSet(int missing)
    {
        if (++_failures >= FailuresBeforeReservation && !_hasReservation && token.TryTake(thread))
        {
            _hasReservation = true;
            for (int i = 0; i < shards.Length; i++)
            {
                if (_wanted[i])
                {
                    shards[i].Reserve(thread);
                }
            }
        }
        if (!WaitFor(missing))
        {
            return false;
        }
        // It came free in between; the rest may have too, so start over rather than hold it while waiting.
        ReleaseAll();
        if (TryTakeWanted(out missing))
        {
            return true;
        }
        // Wake up soon: the shard named here is the one that is missing now.
        shards[missing].AddWaiter(thread);
        if (shards[missing].TryBorrow(thread, GoesFirst))
        {
            shards[missing].Release(thread);
            token.Retry(thread);
        }
        return false;
    }

    private void Succeeded()
    {
        _failures = 0;
        if (!_hasReservation)
        {
            return;
        }
        _hasReservation = false;
        foreach (Shard shard in shards)
        {
            shard.EndReservation();
        }
        token.Return(thread);
    }

    /// <summary>Gives up a reservation, when the command that wanted the shards will not be tried again.</summary>
    public void Abandon()
    {
        Invariant.Require(_heldCount == 0);
        Succeeded();
    }
}

/// <summary>
/// The right to reserve shards; one thread at a time has it. Nobody waits for it: who does not get it goes on to wait for a shard.
/// </summary>
public sealed class ReservationToken(Action<ulong> wakeThreads)
{
    private int _holder;

    internal bool TryTake(int thread) => Interlocked.CompareExchange(ref _holder, thread + 1, 0) == 0;

    internal void Return(int thread)
    {
        Invariant.Check(_holder == thread + 1);
        Volatile.Write(ref _holder, 0);
    }

    /// <summary>Wakes the thread itself, so that it tries again on its next turn.</summary>
    internal void Retry(int thread) => wakeThreads(1UL << (thread & 63));
}
