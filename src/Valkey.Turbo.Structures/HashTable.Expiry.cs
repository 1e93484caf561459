using System.Numerics;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <content>The expiry index: a lower bound of the expiries of each bucket.</content>
public readonly unsafe partial struct HashTable<TEntry>
{
    // Deadlines are circular numbers of 21 bits; they are compared within half a circle, about 12 days, which is why a
    // deadline is never set further ahead than that.
    private const int DeadlineUnitShift = 10;
    private const uint HalfCircle = Bucket.DeadlineMask / 2;
    private const long HorizonMs = (long)(HalfCircle - 1) << DeadlineUnitShift;

    private static uint DeadlineOf(long unixMs) => (uint)(unixMs >> DeadlineUnitShift) & Bucket.DeadlineMask;

    private static bool IsDue(uint deadline, long nowUnixMs) =>
        (DeadlineOf(nowUnixMs) - deadline & Bucket.DeadlineMask) <= HalfCircle;

    /// <summary>
    /// Goes on with a walk over the table that finds what is due: over some buckets, until it has found enough. Whatever is added or moved
    /// in between is known to the walk. When it is over, <see cref="EarliestExpiryUnixMs"/> is right again, and the next begins.
    /// </summary>
    /// <returns>Whether the walk is over; what was found is to be removed either way.</returns>
    public bool WalkDue(long nowUnixMs, int bucketBudget, int enough, NativeList<nint> due)
    {
        SetNow(nowUnixMs);
        if (_state->WalkedBuckets == 0)
        {
            _state->WalkedEarliestUnixMs = long.MaxValue;
        }
        DueList visitor = new(due);
        while (_state->WalkedBuckets < BucketCount)
        {
            if (bucketBudget-- == 0 || due.Count >= enough)
            {
                // Whoever looks for the earliest must come back at once.
                _state->EarliestExpiryUnixMs = nowUnixMs;
                return false;
            }
            for (Bucket bucket = BucketAt((ulong)_state->WalkedBuckets); !bucket.IsNull; bucket = bucket.Next)
            {
                _state->WalkedEarliestUnixMs = Math.Min(_state->WalkedEarliestUnixMs, LookAt(bucket, nowUnixMs, ref visitor));
            }
            _state->WalkedBuckets++;
        }
        _state->EarliestExpiryUnixMs = _state->WalkedEarliestUnixMs;
        _state->WalkedBuckets = 0;
        // Removing what was found may have moved other entries that are due to buckets behind the walk.
        return _state->EarliestExpiryUnixMs > nowUnixMs;
    }

    private readonly ref struct DueList(NativeList<nint> due) : IEntryVisitor
    {
        public void Visit(nint entry) => due.Add(entry);
    }

    /// <summary>
    /// Visits what has expired, sets the deadline anew, and returns a lower bound of the other expiries. Costs one cache line where
    /// nothing is due.
    /// </summary>
    private static long LookAt<TVisitor>(Bucket bucket, long nowUnixMs, ref TVisitor visitor)
        where TVisitor : struct, IEntryVisitor, allows ref struct
    {
        if (bucket.Expiring == 0)
        {
            return long.MaxValue;
        }
        if (!IsDue(bucket.Deadline, nowUnixMs))
        {
            long unitsAhead = bucket.Deadline - DeadlineOf(nowUnixMs) & Bucket.DeadlineMask;
            return (nowUnixMs >> DeadlineUnitShift) + unitsAhead << DeadlineUnitShift;
        }
        long earliest = long.MaxValue;
        for (uint mask = bucket.Expiring; mask != 0; mask &= mask - 1)
        {
            nint entry = bucket.Entry(BitOperations.TrailingZeroCount(mask));
            long expiresAt = TEntry.ExpiresAtUnixMs(entry);
            if (expiresAt <= nowUnixMs)
            {
                visitor.Visit(entry);
            }
            else
            {
                earliest = Math.Min(earliest, expiresAt);
            }
        }
        bucket.Deadline = DeadlineOf(Math.Min(earliest, nowUnixMs + HorizonMs));
        return earliest;
    }

    /// <summary>Visits every entry that expires, whenever; of buckets without one nothing but a cache line is read.</summary>
    public void VisitExpiring<TVisitor>(ref TVisitor visitor)
        where TVisitor : struct, IEntryVisitor, allows ref struct
    {
        for (long i = 0; i < BucketCount; i++)
        {
            for (Bucket bucket = BucketAt((ulong)i); !bucket.IsNull; bucket = bucket.Next)
            {
                for (uint mask = bucket.Expiring; mask != 0; mask &= mask - 1)
                {
                    visitor.Visit(bucket.Entry(BitOperations.TrailingZeroCount(mask)));
                }
            }
        }
    }

    private void LowerDeadline(Bucket bucket, long expiresAtUnixMs, bool hasDeadline)
    {
        _state->EarliestExpiryUnixMs = Math.Min(_state->EarliestExpiryUnixMs, expiresAtUnixMs);
        _state->WalkedEarliestUnixMs = Math.Min(_state->WalkedEarliestUnixMs, expiresAtUnixMs);
        uint deadline = DeadlineOf(Math.Clamp(expiresAtUnixMs, NowUnixMs, NowUnixMs + HorizonMs));
        uint now = DeadlineOf(NowUnixMs);
        uint current = bucket.Deadline;
        bool currentIsFuture = (current - now & Bucket.DeadlineMask) <= HalfCircle;
        bool sooner = currentIsFuture && (deadline - now & Bucket.DeadlineMask) < (current - now & Bucket.DeadlineMask);
        if (!hasDeadline || sooner)
        {
            bucket.Deadline = deadline;
        }
    }

    /// <summary>
    /// Visits the entries of a bucket that may have expired by <paramref name="nowUnixMs"/>, and sets its deadline anew.
    /// Costs one cache line where nothing is due.
    /// </summary>
    public void VisitDue<TVisitor>(long bucketIndex, long nowUnixMs, ref TVisitor visitor)
        where TVisitor : struct, IEntryVisitor, allows ref struct
    {
        SetNow(nowUnixMs);
        for (Bucket bucket = BucketAt((ulong)bucketIndex); !bucket.IsNull; bucket = bucket.Next)
        {
            LookAt(bucket, nowUnixMs, ref visitor);
        }
    }
}
