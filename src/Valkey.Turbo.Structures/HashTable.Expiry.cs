using System.Numerics;

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

    /// <summary>Raises <see cref="EarliestExpiryUnixMs"/>, after every bucket was looked at.</summary>
    public void SetEarliestExpiry(long unixMs) => _state->EarliestExpiryUnixMs = unixMs;

    private void LowerDeadline(Bucket bucket, long expiresAtUnixMs, bool hasDeadline)
    {
        _state->EarliestExpiryUnixMs = Math.Min(_state->EarliestExpiryUnixMs, expiresAtUnixMs);
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
            uint expiring = bucket.Expiring;
            if (expiring == 0 || !IsDue(bucket.Deadline, nowUnixMs))
            {
                continue;
            }
            long earliest = long.MaxValue;
            for (uint mask = expiring; mask != 0; mask &= mask - 1)
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
        }
    }
}
