using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands;

/// <content>Transactions: requests are queued, and EXEC runs them with all their shards borrowed at once.</content>
public sealed partial class Dispatcher
{
    private const string Aborted = "EXECABORT Transaction discarded because of previous errors.";
    private readonly RequestBatch _queued = new();

    public void Dispose()
    {
        _queued.Dispose();
        _calls?.Dispose();
    }

    private void Queue(Session session, CommandSpec spec, RequestBatch batch, int index)
    {
        Transaction transaction = session.Transaction!;
        CommandFlags flags = FlagsOf(spec, batch, index);
        transaction.MayGrow |= (flags & CommandFlags.DenyOom) != 0;
        transaction.MayReplicate |= (flags & (CommandFlags.Write | CommandFlags.MayReplicate)) != 0;
        transaction.Add(batch, index);
        _reply.Simple("QUEUED"u8);
    }

    private static void AbortTransaction(Session session)
    {
        if (session.Transaction is { IsOpen: true } transaction)
        {
            transaction.IsAborted = true;
        }
    }

    /// <summary>Runs everything queued. False when the shards were not to be had.</summary>
    private bool RunTransaction(Session session, CommandSpec exec)
    {
        Transaction transaction = session.Transaction!;
        if (transaction.IsAborted)
        {
            session.EndTransaction();
            ref CommandCounters counters = ref _worker.Stats.Commands[exec.Id];
            counters.Calls++;
            counters.Failed++;
            _worker.Stats.CommandsProcessed++;
            _reply.Error(Aborted);
            return true;
        }
        if (!_isSingleThreaded && !TryBorrowTransaction(session, transaction))
        {
            _worker.Stats.ParkedCommands++;
            return false;
        }
        if (HasChanged(session))
        {
            session.EndTransaction();
            _reply.NullArray();
            return true;
        }
        session.EndWatches();
        _worker.Stats.Commands[exec.Id].Calls++;
        _worker.Stats.CommandsProcessed++;
        _reply.Array(transaction.Count);
        bool wasPinned = _worker.Shards.IsPinned;
        _worker.Shards.IsPinned = true;
        _worker.BeginGroup();
        Visit(transaction, (spec, batch, index) =>
        {
            bool hasKey = spec.Keys.HasKeys && spec.Keys.Keyword is null && spec.Keys.First < batch.ArgumentCount(index);
            ReadOnlySpan<byte> key = hasKey ? batch.Argument(index, spec.Keys.First) : default;
            BeginTiming(session, spec);
            _context.Begin(session, spec, batch, index, hasKey ? KeyHash.Of(key) : 0, hasKey ? _server.ShardOf(key) : -1);
            RunHandler(session, spec);
            AfterSpecial(session, spec);
            return true;
        });
        _worker.EndGroup();
        _worker.Shards.IsPinned = wasPinned;
        // The requests go with the transaction, and a log may want their words.
        ChargeRow();
        session.LastCommand = exec.FullName;
        session.EndTransaction();
        // What is left of the time, such as freeing the requests, is EXEC's own.
        (_rowSpec, _rowCalls) = (exec, 1);
        ChargeRow();
        if (session.Tracking is not null)
        {
            EndCachingWord(session, exec);
        }
        return true;
    }

    /// <summary>Looks at every queued request in order, until one is not agreed to. They were all accepted when they came.</summary>
    private void Visit(Transaction transaction, Func<CommandSpec, RequestBatch, int, bool> visit)
    {
        PartialRequest partial = PartialRequest.None;
        for (long at = 0; at < transaction.Requests.Length;)
        {
            _queued.Clear();
            at += RequestFramer.Frame(transaction.Requests.From(at), new FramingLimits(int.MaxValue, false), ref partial, _queued, out _);
            for (int i = 0; i < _queued.Count; i++)
            {
                CommandSpec spec = _table.Find(_queued.Argument(i, 0))!;
                if (spec.Subcommands.Length > 0 && _queued.ArgumentCount(i) > 1)
                {
                    spec = CommandTable.FindSubcommand(spec, _queued.Argument(i, 1)) ?? spec;
                }
                if (!visit(spec, _queued, i))
                {
                    return;
                }
            }
        }
    }

    private bool TryBorrowTransaction(Session session, Transaction transaction)
    {
        bool needsAll = false;
        Visit(transaction, (spec, batch, index) =>
        {
            ShardScope scope = spec.ScopeOf?.Invoke(batch, index) ?? spec.Scope;
            // What borrows by itself would let go of the others.
            needsAll |= scope == ShardScope.All || spec.Is(CommandFlags.RunsScript) || (scope == ShardScope.None && spec.Is(CommandFlags.TouchesArbitraryKeys));
            foreach (int position in KeyPositions.Of(spec, batch, index))
            {
                _worker.Shards.Want(_server.ShardOf(batch.Argument(index, position)));
            }
            return !needsAll;
        });
        foreach (Watch watch in session.Watches)
        {
            _worker.Shards.Want(watch.Shard.Index);
        }
        return needsAll ? _worker.Shards.TryHoldAll() : _worker.Shards.TryHoldWanted();
    }

    private bool HasChanged(Session session)
    {
        bool hasChanged = false;
        foreach (Watch watch in session.Watches)
        {
            if (watch.WasPresent)
            {
                // A look removes the key if it has expired, which is a change as well.
                watch.Shard.Keyspaces[watch.Database].Find(_worker, watch.Key, KeyHash.Of(watch.Key));
            }
            hasChanged |= watch.IsDirty;
        }
        return hasChanged;
    }
}
