using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.Diagnostics;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Scripting;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands;

/// <summary>
/// Runs batches of requests on one thread: looks up the commands, hashes and prefetches all keys, then runs the commands
/// in order, each with its shards borrowed.
/// </summary>
public sealed partial class Dispatcher : IDisposable
{
    private readonly CommandTable _table;
    private readonly CommandSpec?[] _specs = new CommandSpec?[RequestBatch.MaxRequests];
    private readonly ulong[] _hashes = new ulong[RequestBatch.MaxRequests];
    private readonly nint[] _tables = new nint[RequestBatch.MaxRequests];
    private readonly int[] _overflowing = new int[RequestBatch.MaxRequests];
    private readonly int[] _shards = new int[RequestBatch.MaxRequests];
    private readonly nint[] _memberTables = new nint[RequestBatch.MaxRequests];
    private readonly ulong[] _memberHashes = new ulong[RequestBatch.MaxRequests];
    private readonly Worker _worker;
    private readonly ServerInstance _server;
    private readonly ReplyWriter _reply;
    private readonly CommandContext _context;
    private readonly bool _isSingleThreaded;
    private readonly ScriptEngine _scripts;

    /// <summary>Makes one of the commands as the server's configuration names them, or of those that <paramref name="table"/> has.</summary>
    public Dispatcher(Worker worker, ReplyWriter reply, CommandTable? table = null)
    {
        _table = table ?? CommandTable.For(worker.Server.Config);
        _worker = worker;
        _server = worker.Server;
        _reply = reply;
        _context = new CommandContext(worker, reply, _table) { Dispatcher = this };
        _scripts = ScriptEngine.Of(_server);
        _isSingleThreaded = _server.Workers.Length == 1;
        _reply.OnError = CountError;
        if (worker.Stats.Commands.Length == 0)
        {
            worker.Stats.Commands = new CommandCounters[_table.All.Length];
            worker.Stats.Latencies = new LatencyHistogram?[_table.All.Length];
        }
    }

    /// <summary>
    /// Runs requests and returns the first one not run: the batch's count, or less. Then shards were not to be had, or what a command has
    /// set going on other threads is not over, and the thread will be woken to call again; or blocked commands of this thread were told of
    /// their keys, and are to be run before the rest.
    /// </summary>
    public int Run(Session session, RequestBatch batch)
    {
        Prepare(session, batch);
        return GoOn(session, batch, 0);
    }

    /// <summary>The same for the rest of the batch that was run last.</summary>
    public int GoOn(Session session, RequestBatch batch, int first)
    {
        if (_server.Shutdown.IsOver || (_isSingleThreaded && _scripts.IsBusy && session.Blocked is { Work: null }))
        {
            // Nor does a command go on that has waited, while a script has everything.
            return first;
        }
        if (session.Blocked is not null)
        {
            session.TakeUpChain();
        }
        else if (session.AwaitsChain)
        {
            return first;
        }
        _worker.RefreshTime();
        session.LastActiveNs = _worker.NowMonotonicNs;
        _worker.Session = session;
        _reply.IsResp3 = session.ProtocolVersion == 3;
        _worker.Shards.GoesFirst = session.Blocked is { IsTold: true };
        int at = first;
        _worker.Evictor.BeginBatch();
        BeginTiming(batch);
        _isPlain = IsPlain(session);
        for (; at < batch.Count && !session.ClosesAfterReply; at++)
        {
            if (!TryRunOne(session, batch, at, _specs[at]))
            {
                break;
            }
            if (_worker.HasOwnDeliveries)
            {
                _worker.DeliverAll();
            }
            if (_worker.HasTold && (_worker.GiveWay() || session.Chain is not null))
            {
                at++;
                break;
            }
        }
        ChargeRow();
        _worker.Shards.ReleaseAll();
        _worker.Shards.GoesFirst = false;
        _worker.Session = null;
        return session.ClosesAfterReply ? batch.Count : at;
    }

    private void Prepare(Session session, RequestBatch batch)
    {
        int database = session.Database;
        for (int i = 0; i < batch.Count; i++)
        {
            CommandSpec? spec = _table.Find(batch.Argument(i, 0));
            if (spec is { Subcommands.Length: > 0 } && batch.ArgumentCount(i) > 1)
            {
                spec = CommandTable.FindSubcommand(spec, batch.Argument(i, 1)) ?? spec;
            }
            _specs[i] = spec;
            if (spec is null || spec.Keys.First >= batch.ArgumentCount(i) || !spec.Keys.HasKeys || spec.Keys.Keyword is not null)
            {
                _hashes[i] = 0;
                _shards[i] = -1;
                continue;
            }
            ReadOnlySpan<byte> key = batch.Argument(i, spec.Keys.First);
            _hashes[i] = KeyHash.Of(key);
            _shards[i] = _server.ShardOf(key);
            Shard shard = _server.Shards[_shards[i]];
            shard.Approach();
            HashTable<Entry> table = shard.Keyspaces[database].Table;
            _tables[i] = table.Address;
            table.PrefetchBucket(_hashes[i]);
        }
        if (batch.Count > 1)
        {
            PrefetchEntries(batch.Count);
            if (_isSingleThreaded)
            {
                PrefetchMembers(batch, _server.Shards[0].Keyspaces[database].Table);
            }
        }
    }

    private void PrefetchEntries(int count)
    {
        int overflowing = 0;
        for (int i = 0; i < count; i++)
        {
            if (_shards[i] >= 0 && new HashTable<Entry>(_tables[i], null!).PrefetchEntry(_hashes[i]))
            {
                _overflowing[overflowing++] = i;
            }
        }
        if (_isSingleThreaded)
        {
            foreach (int i in _overflowing.AsSpan(0, overflowing))
            {
                new HashTable<Entry>(_tables[i], null!).PrefetchOverflow(_hashes[i]);
            }
        }
    }

    /// <summary>
    /// Goes one step further into large collections, whose members are two more cache misses away: looks the keys up and
    /// starts loading the members' buckets, then the members. Only where nobody else could be changing the keys.
    /// </summary>
    private void PrefetchMembers(RequestBatch batch, HashTable<Entry> keys)
    {
        for (int i = 0; i < batch.Count; i++)
        {
            CommandSpec? spec = _specs[i];
            _memberTables[i] = 0;
            if (spec is null || spec.MemberAt == 0 || spec.MemberAt >= batch.ArgumentCount(i))
            {
                continue;
            }
            TablePosition position = keys.Find(batch.Argument(i, spec.Keys.First), _hashes[i]);
            nint table = position.IsNone ? 0 : Collection.MemberTable(new Entry(position.Entry));
            if (table != 0)
            {
                _memberTables[i] = table;
                _memberHashes[i] = KeyHash.Of(batch.Argument(i, spec.MemberAt));
                new HashTable<SetMember>(table, null!).PrefetchBucket(_memberHashes[i]);
            }
        }
        for (int i = 0; i < batch.Count; i++)
        {
            if (_memberTables[i] != 0)
            {
                new HashTable<SetMember>(_memberTables[i], null!).PrefetchEntry(_memberHashes[i]);
            }
        }
    }

    /// <summary>False when the command has to wait, for shards or for something else.</summary>
    private bool TryRunOne(Session session, RequestBatch batch, int index, CommandSpec? spec)
    {
        bool isPlain = _isPlain && spec is { Run: not null } && spec.Accepts(batch.ArgumentCount(index));
        if (!isPlain && AdmitInMode(session, batch, index, ref spec) is Admission admission and not Admission.Admitted)
        {
            if (admission == Admission.Done && session.Blocked is not null)
            {
                // A blocked command that was to be run again, and refused.
                session.EndBlocked(_worker);
            }
            return admission == Admission.Done;
        }
        if (!TryBorrow(session, spec!, batch, index))
        {
            if (_scripts.IsBusy && IsRefusedAsBusy(session, spec!))
            {
                return true;
            }
            _worker.Stats.ParkedCommands++;
            return false;
        }
        BeginTiming(session, spec!);
        _context.Begin(session, spec!, batch, index, _hashes[index], _shards[index]);
        RunHandler(session, spec!);
        if (_context.IsToBeRepeated)
        {
            _worker.Shards.ReleaseAll();
            return TryRunOne(session, batch, index, spec);
        }
        if (!isPlain)
        {
            AfterSpecial(session, spec!);
        }
        else if (!spec!.Keys.HasKeys || spec.Is(CommandFlags.PubSub))
        {
            _isPlain = IsPlain(session);
        }
        return !_context.IsBlocked;
    }

    /// <summary>Runs the command that <see cref="_context"/> was set up for, after its timing has begun.</summary>
    private void RunHandler(Session session, CommandSpec spec)
    {
        int errors = _reply.ErrorCount;
        // A command that borrows by itself lets go in between; what expires meanwhile has nothing to do with one another.
        bool isGroup = !spec.Is(CommandFlags.TouchesArbitraryKeys);
        if (isGroup)
        {
            _worker.BeginGroup();
        }
        if (spec.HasSeveralKeys)
        {
            _context.SettleKeys();
        }
        if (session.ReplyMode == ReplyMode.On)
        {
            spec.Run!(_context);
            _context.End();
        }
        else
        {
            RunSilently(session, spec);
        }
        if (isGroup && !_context.LeavesGroupOpen)
        {
            _worker.EndGroup();
        }
        if (_context.IsBlocked || _context.IsToBeRepeated)
        {
            return;
        }
        ref CommandCounters counters = ref _worker.Stats.Commands[spec.Id];
        session.CommandCount++;
        _worker.Stats.CommandsProcessed++;
        counters.Calls++;
        if (_reply.ErrorCount != errors)
        {
            ref long count = ref session.Blocked is { UnblockError: not null } ? ref counters.Rejected : ref counters.Failed;
            count++;
        }
        EndTiming(session, spec);
    }

    private void RunSilently(Session session, CommandSpec spec)
    {
        // CLIENT REPLY itself decides whether it is answered; everything else is not.
        bool wasSkip = session.ReplyMode is ReplyMode.SkipNext or ReplyMode.Skip;
        session.ReplyMode = wasSkip ? ReplyMode.Skip : ReplyMode.Off;
        ReplyWriter.Mark mark = _reply.GetMark();
        spec.Run!(_context);
        _context.End();
        bool isUnwanted = session.ReplyMode != ReplyMode.On && !_context.IsAlwaysAnswered;
        if (session.ReplyMode == ReplyMode.Skip)
        {
            session.ReplyMode = ReplyMode.On;
        }
        if (isUnwanted)
        {
            _reply.Rollback(mark);
        }
    }

    private bool TryBorrow(Session session, CommandSpec spec, RequestBatch batch, int index)
    {
        if (_isSingleThreaded || session.Blocked is { Work: not null })
        {
            return true;
        }
        if (spec.Is(CommandFlags.RunsScript))
        {
            return TryBorrowForScript(session, spec, batch, index);
        }
        switch (spec.ScopeOf?.Invoke(batch, index) ?? spec.Scope)
        {
            case ShardScope.None:
                // A command that borrows by itself must not find its thread holding something.
                _worker.Shards.ReleaseAll();
                return true;
            case ShardScope.All:
                return _worker.Shards.TryHoldAll();
            default:
                return TryBorrowKeys(spec, batch, index);
        }
    }

    private bool TryBorrowKeys(CommandSpec spec, RequestBatch batch, int index)
    {
        KeySpec keys = spec.Keys;
        if (!keys.HasKeys)
        {
            return true;
        }
        if (keys.First == keys.Last && spec.MoreKeys.Length == 0)
        {
            return _shards[index] < 0 || _worker.Shards.TryHold(_shards[index]);
        }
        int firstShard = -1;
        bool several = false;
        foreach (int position in KeyPositions.Of(spec, batch, index))
        {
            int shard = _server.ShardOf(batch.Argument(index, position));
            several |= firstShard >= 0 && shard != firstShard;
            firstShard = shard;
            _worker.Shards.Want(shard);
        }
        if (!several && firstShard >= 0)
        {
            _worker.Shards.ForgetWanted();
            return _worker.Shards.TryHold(firstShard);
        }
        return _worker.Shards.TryHoldWanted();
    }

    private void CountError(string text)
    {
        _worker.Stats.ErrorReplies++;
        int space = text.IndexOf(' ');
        _server.Errors.Count(space > 0 ? text[..space] : text);
    }
}
