using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Engine;

/// <content>Expiry of keys and of fields: the sweep, removal on sight, and the counts of what expires.</content>
public sealed partial class Keyspace
{
    private const int SweepsInEstimate = 50;
    private const int FieldsPerStep = 256;
    private const int FieldBucketsPerStep = 4096;

    /// <summary>
    /// To be called after fields of a hash have got, changed or lost an expiry, so that the sweep finds the hash: it stands
    /// in the expiry index by the first of its own expiry and its fields'.
    /// </summary>
    public void NoteFieldExpiry(Worker worker, TablePosition position)
    {
        Entry entry = new(position.Entry);
        bool isVolatile = HasExpiringFields(entry);
        if (!isVolatile && !entry.HasVolatileFields)
        {
            return;
        }
        CountVolatile(entry, isVolatile);
        Table.SetNow(worker.NowUnixMs);
        Table.Replace(position, entry.Address);
    }

    private bool HasExpiringFields(Entry entry) => entry.Type == ValueType.Hash && entry.Encoding == ValueEncoding.HashTable
        && new HashTable<HashField>(entry.Collection, Shard.Arena).ExpiringCount > 0;

    /// <summary>How long keys that expire have left on average: a running estimate, from a few keys a sweep; 0 if it is not known.</summary>
    public long AverageTtlMs { get; private set; }

    /// <summary>Whether the last sweep ended at a hash with more fields to remove.</summary>
    internal bool HasDueFields { get; private set; }

    /// <summary>Removes entries that have expired, until the table has been walked once or <paramref name="bucketBudget"/> is spent.</summary>
    /// <returns>Buckets looked at.</returns>
    public long SweepExpired(Worker worker, long bucketBudget)
    {
        if (Table.ExpiringCount == 0)
        {
            AverageTtlMs = 0;
            return 0;
        }
        EstimateTtl(worker);
        HasDueFields = false;
        long count = Math.Min(bucketBudget, Table.BucketCount);
        for (long i = 0; i < count; i++)
        {
            if (_sweepBucket >= Table.BucketCount)
            {
                _sweepBucket = 0;
            }
            DueEntries due = new(worker.Found);
            Table.VisitDue(_sweepBucket++, worker.NowUnixMs, ref due);
            foreach (nint address in worker.Found)
            {
                ReadOnlySpan<byte> key = Entry.Key(address);
                TablePosition position = Table.Find(key, KeyHash.Of(key));
                if (!IsUnseen(worker, position, mayRemove: true))
                {
                    HasDueFields |= ExpireFields(worker, position);
                }
            }
            worker.Found.Clear();
            if (HasDueFields)
            {
                // The same bucket once more, after others have had their turn.
                _sweepBucket--;
                return i;
            }
        }
        return count;
    }

    private void EstimateTtl(Worker worker)
    {
        TtlSample sample = new() { NowUnixMs = worker.NowUnixMs };
        Table.VisitBucket((long)(worker.Random.NextDouble() * Table.BucketCount), ref sample);
        if (sample.Count > 0)
        {
            long mean = sample.SumMs / sample.Count;
            AverageTtlMs = AverageTtlMs == 0 ? mean : AverageTtlMs + (mean - AverageTtlMs) / SweepsInEstimate;
        }
    }

    private struct TtlSample : IEntryVisitor
    {
        internal long NowUnixMs;
        internal long SumMs;
        internal long Count;

        public void Visit(nint entry)
        {
            long expiresAt = new Entry(entry).ExpiresAtUnixMs;
            if (expiresAt != ITableEntry.NoExpiry && expiresAt > NowUnixMs)
            {
                SumMs += expiresAt - NowUnixMs;
                Count++;
            }
        }
    }

    private void ChangeExpiryInPlace(Worker worker, TablePosition position, Entry entry, long expiresAtUnixMs)
    {
        if (entry.HasExpiryField && entry.ExpiresAtUnixMs != expiresAtUnixMs)
        {
            entry.ExpiresAtUnixMs = expiresAtUnixMs;
            CountVolatile(entry, entry.HasVolatileFields);
            Table.SetNow(worker.NowUnixMs);
            Table.Replace(position, entry.Address);
        }
    }

    /// <summary>Whether the caller is not to see an entry because it has expired. It is removed then, if that is allowed.</summary>
    private bool IsUnseen(Worker worker, TablePosition position, bool mayRemove)
    {
        long expiresAt = new Entry(position.Entry).ExpiresAtUnixMs;
        if (expiresAt == ITableEntry.NoExpiry || expiresAt > worker.NowUnixMs)
        {
            return false;
        }
        if (worker.Server.TakesDataIn && worker.Session is { IsImportSource: true })
        {
            return false;
        }
        // While clients are paused or data is brought in, keys stay; those who may still read just don't see them.
        if (mayRemove && (worker.IsWriting || !worker.Server.KeepsExpired))
        {
            Expire(worker, position);
        }
        return true;
    }

    /// <summary>Removes fields of a hash that have expired, up to some hundreds, and the hash if none is left.</summary>
    /// <returns>Whether there may be more that are due.</returns>
    private bool ExpireFields(Worker worker, TablePosition position)
    {
        Entry entry = new(position.Entry);
        HashTable<HashField> table = new(entry.Collection, Shard.Arena);
        NativeList<nint> due = worker.FoundFields;
        bool isOver = table.WalkDue(worker.NowUnixMs, FieldBucketsPerStep, FieldsPerStep, due);
        if (due.Count == 0)
        {
            NoteFieldExpiry(worker, position);
            return !isOver;
        }
        BeforeChange(entry);
        Shard.NoteChange(worker, Database, entry.KeySpan);
        worker.JournalFieldsDeleted(Shard, Database, entry.KeySpan, due);
        foreach (nint address in due)
        {
            HashField field = new(address);
            table.Remove(table.Find(field.Name, KeyHash.Of(field.Name)));
            field.Free(Shard.Arena);
        }
        worker.Stats.ExpiredFields += due.Count;
        due.Clear();
        worker.Server.KeyEvents.Announce(worker, KeyEvent.Expired, "hexpired", Database, entry.KeySpan);
        if (table.Count == 0)
        {
            worker.Server.KeyEvents.Announce(worker, KeyEvent.Generic, "del", Database, entry.KeySpan);
            Delete(worker, position, lazily: false);
            return false;
        }
        NoteFieldExpiry(worker, position);
        return !isOver;
    }

    private void Expire(Worker worker, TablePosition position)
    {
        worker.Stats.ExpiredKeys++;
        worker.JournalDelete(Shard, Database, new Entry(position.Entry).KeySpan, worker.Server.Config.LazyExpire.IsSet);
        ReadOnlySpan<byte> key = new Entry(position.Entry).KeySpan;
        Shard.NoteExpired(worker, Database, key);
        worker.Server.KeyEvents.Announce(worker, KeyEvent.Expired, "expired", Database, key);
        Delete(worker, position, worker.Server.Config.LazyExpire.IsSet);
    }

    /// <summary>Keeps the counts of hashes with fields that expire, and of those that do not expire themselves.</summary>
    private void CountVolatile(Entry entry, bool isVolatile)
    {
        bool isOnly = isVolatile && entry.ExpiresAtUnixMs == ITableEntry.NoExpiry;
        VolatileHashCount += (isVolatile ? 1 : 0) - (entry.HasVolatileFields ? 1 : 0);
        _volatileOnlyCount += (isOnly ? 1 : 0) - (entry.IsVolatileOnly ? 1 : 0);
        if (isVolatile != entry.HasVolatileFields || isOnly != entry.IsVolatileOnly)
        {
            entry.HasVolatileFields = isVolatile;
            entry.IsVolatileOnly = isOnly;
        }
    }

    private readonly ref struct DueEntries(NativeList<nint> found) : IEntryVisitor
    {
        public void Visit(nint entry) => found.Add(entry);
    }
}
