using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.Diagnostics;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Scripting;

namespace Valkey.Turbo.Commands;

/// <content>
/// Scripts and functions, and the commands that they call. A script runs under the shards of the keys that it declares. Whether it keeps to them
/// is not known before it has run once, so the first run has all shards, and so have all runs of a script that was seen to touch others. One that
/// does so for the first time is begun anew under all shards if it has had no effect yet; else it takes the shard as well, see
/// <see cref="BorrowedShards.TryHoldMore"/>.
/// </content>
public sealed partial class Dispatcher : ICommandCaller
{
    private ScriptCalls? _calls;
    private ThreadScripts? _threadScripts;

    private ScriptCalls Calls => _calls ??= new ScriptCalls(_worker, _table, CountError);

    private ThreadScripts ThreadScripts => _threadScripts ??= _scripts.For(_worker);

    /// <summary>The scripts and functions of the server.</summary>
    internal ScriptEngine Scripts => _scripts;

    /// <summary>Whether memory was full when the command that runs was admitted.</summary>
    private bool IsOutOfMemory => _isOutOfMemory && _server.Config.MaxMemory.Number > 0;

    /// <summary>What a request may do, which scripts and functions say for themselves.</summary>
    private CommandFlags FlagsOf(CommandSpec spec, RequestBatch batch, int index)
    {
        if (!spec.Is(CommandFlags.RunsScript) || FlagsOfScript(spec, batch, index) is not ScriptFlags flags
            || flags.HasFlag(ScriptFlags.IsCompatible))
        {
            return spec.Flags;
        }
        CommandFlags own = spec.Flags & ~(CommandFlags.Stale | CommandFlags.DenyOom | CommandFlags.Write | CommandFlags.MayReplicate);
        own |= flags.HasFlag(ScriptFlags.NoWrites) ? 0 : CommandFlags.Write;
        own |= (flags & (ScriptFlags.NoWrites | ScriptFlags.AllowOom)) == 0 ? CommandFlags.DenyOom : 0;
        return own | (flags.HasFlag(ScriptFlags.AllowStale) ? CommandFlags.Stale : 0);
    }

    private ScriptFlags? FlagsOfScript(CommandSpec spec, RequestBatch batch, int index)
    {
        if (batch.ArgumentCount(index) < 2)
        {
            return null;
        }
        ReadOnlySpan<byte> word = batch.Argument(index, 1);
        return RunnableOf(spec, word)?.Flags ?? (Scripting.EvalCommands.TakesSource(spec) ? ScriptCache.FlagsOf(word) : null);
    }

    private Runnable? RunnableOf(CommandSpec spec, ReadOnlySpan<byte> word)
    {
        if (Scripting.EvalCommands.CallsFunction(spec))
        {
            return _scripts.FindFunction(word);
        }
        bool isNamed = Scripting.EvalCommands.TakesSource(spec) || ScriptDigest.TryParse(word, out _);
        if (!isNamed)
        {
            return null;
        }
        ScriptDigest digest = default;
        if (Scripting.EvalCommands.TakesSource(spec))
        {
            digest = ScriptDigest.Of(word);
        }
        else
        {
            ScriptDigest.TryParse(word, out digest);
        }
        return _scripts.Scripts.TryFind(digest, out Script? script) ? script : null;
    }

    private bool TryBorrowForScript(Session session, CommandSpec spec, RequestBatch batch, int index)
    {
        // What others see of a run that is begun anew must not be seen twice.
        bool isQuiet = session.ReplyMode == ReplyMode.On && !_server.Monitors.HasAny;
        return isQuiet && RunnableOf(spec, batch.Argument(index, 1)) is { Habit: KeyHabit.KeepsToDeclared }
            ? TryBorrowKeys(spec, batch, index)
            : _worker.Shards.TryHoldAll();
    }

    /// <summary>Runs a script or a function for a command whose shards are held.</summary>
    internal void RunScript(CommandContext context, Runnable runnable, int keyCount, bool isReadOnly)
    {
        if (RefusalOfScript(context, runnable, isReadOnly) is string refusal)
        {
            context.Reply.Error(refusal);
            return;
        }
        BorrowedShards shards = _worker.Shards;
        bool wasPinned = shards.IsPinned;
        // What was pinned before, a transaction's or a log's, is everything.
        Calls.HasAll = _isSingleThreaded || wasPinned;
        if (!Calls.HasAll)
        {
            Array.Clear(Calls.Declared);
            foreach (int position in KeyPositions.Of(context.Command, context.Batch, context.Request))
            {
                Calls.Declared[_server.ShardOf(context.Argument(position))] = true;
            }
        }
        int database = context.Session.Database;
        ScriptRun run = ThreadScripts.Run;
        run.Begin(runnable, this, isReadOnly, _server.Clock.MonotonicNs);
        // A transaction is not left in between, nor is what a log has brought.
        run.MayBeSuspended = !wasPinned && context.Session.ReplyMode == ReplyMode.On;
        shards.IsPinned = true;
        ScriptEnd end = ThreadScripts.Execute(context.Batch, context.Request, keyCount, context.Reply);
        if (end == ScriptEnd.Suspended)
        {
            Suspend(context, database);
            return;
        }
        shards.IsPinned = wasPinned;
        context.Session.Database = database;
        _worker.IsWriting = context.Command.Is(CommandFlags.Write);
        Calls.End();
        if (!Calls.HasAll)
        {
            runnable.NoteRun(run);
        }
        context.IsToBeRepeated = end == ScriptEnd.IsToBeRepeated;
    }

    /// <summary>Has a script that has run for long go on between the turns of the thread's loop.</summary>
    private void Suspend(CommandContext context, int database)
    {
        Session session = context.Session;
        bool[] held = new bool[_server.Shards.Length];
        for (int shard = 0; shard < held.Length; shard++)
        {
            held[shard] = _isSingleThreaded || _worker.Shards.Holds(shard);
        }
        byte[][] words = new byte[context.ArgumentCount][];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = context.Argument(i).ToArray();
        }
        SuspendedRun run = ThreadScripts.Suspend();
        BusyScript busy = new(run.Run, _worker.Thread, held, words);
        SuspendedScript script = new(this, session, run, Calls, session.Database, busy);
        _calls = null;
        session.Database = database;
        script.Leave(_worker);
        context.WaitFor(script);
        context.LeavesGroupOpen = true;
        _scripts.Add(busy);
    }

    /// <summary>Exchanges what scripts' commands need for what a script that goes on has.</summary>
    internal ScriptCalls? ExchangeCalls(ScriptCalls? calls)
    {
        ScriptCalls? had = _calls;
        _calls = calls;
        return had;
    }

    /// <summary>Replies what came of a script that the client's command has waited for. False: the command has just begun.</summary>
    internal static bool TryFinishScript(CommandContext context)
    {
        if (context.Session.Blocked?.Work is not SuspendedScript script)
        {
            return false;
        }
        if (!script.Result.Reply(context.Reply))
        {
            context.Session.EndBlocked(context.Worker);
            context.IsToBeRepeated = true;
        }
        return true;
    }

    /// <summary>Why a command can't be run while a script that runs for long has what it needs, or null.</summary>
    private string? BusyRefusal(Session session, CommandSpec spec)
    {
        if (!_scripts.IsBusy || session.Blocked is not null || spec.Is(CommandFlags.AllowBusy))
        {
            return null;
        }
        // Where the journal takes a thread's effects together, others' would become the script's.
        bool wouldJoin = _server.Journal is not null && IsWrite(session, spec.Flags);
        foreach (BusyScript script in _scripts.Busy)
        {
            if (script.HasAll || (wouldJoin && script.Thread == _worker.Thread))
            {
                return _scripts.BusyError(script);
            }
        }
        return null;
    }

    /// <summary>Whether a script that runs for long has the shard that a command could not borrow; the error has been replied then.</summary>
    private bool IsRefusedAsBusy(Session session, CommandSpec spec)
    {
        if (session.Blocked is not null || spec.Is(CommandFlags.AllowBusy))
        {
            return false;
        }
        foreach (BusyScript script in _scripts.Busy)
        {
            if (script.Shards[_worker.Shards.LastMissing])
            {
                _worker.Shards.Abandon();
                Reject(session, spec, _scripts.BusyError(script));
                return true;
            }
        }
        return false;
    }

    /// <summary>Why a script must not be begun, or null.</summary>
    private string? RefusalOfScript(CommandContext context, Runnable runnable, bool isReadOnly)
    {
        ScriptFlags flags = runnable.Flags;
        if (flags.HasFlag(ScriptFlags.IsCompatible))
        {
            return null;
        }
        if (!flags.HasFlag(ScriptFlags.NoWrites))
        {
            if (DiskError() is not null)
            {
                string name = _server.Config.ActsAsRedis.IsSet ? "Redis" : "Valkey";
                return _server.Journal?.Failure is string failure
                    ? $"MISCONF {name} is configured to persist data to AOF, but it's currently unable to persist to disk. "
                        + $"Writable scripts are blocked. Use 'no-writes' flag for read only scripts. AOF error: {failure}"
                    : $"MISCONF {name} is configured to save RDB snapshots, but it's currently unable to persist to disk. "
                        + "Writable scripts are blocked. Use 'no-writes' flag for read only scripts.";
            }
            if (isReadOnly)
            {
                return "ERR Can not execute a script with write flag using *_ro command.";
            }
        }
        return IsOutOfMemory && (flags & (ScriptFlags.AllowOom | ScriptFlags.NoWrites)) == 0
            ? "OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
            : null;
    }

    /// <summary>Shows a command to those who watch all commands before those that its script calls.</summary>
    internal void ShowFirst(CommandContext context)
    {
        if (_server.Monitors.HasAny)
        {
            Administration.MonitorCommand.Show(context);
        }
    }

    bool ICommandCaller.Knows(OwnRequest request) => Find(request.Batch, out _) is { Run: not null };

    CallEnd ICommandCaller.Call(ScriptRun run, OwnRequest request, out ReadOnlySpan<byte> reply)
    {
        RequestBatch batch = request.Batch;
        CommandSpec? spec = Find(batch, out CommandSpec? container);
        if (RefusalOfCall(run, spec, container, batch) is (string refusal, string counted))
        {
            CountError(counted);
            if (spec is not null)
            {
                _worker.Stats.Commands[spec.Id].Rejected++;
            }
            reply = Encoding.Latin1.GetBytes(refusal);
            return CallEnd.Refused;
        }
        if (!Calls.HasAll && !HasShards(run, spec!, batch))
        {
            reply = default;
            return CallEnd.Stopped;
        }
        bool writes = spec!.Is(CommandFlags.Write);
        run.HasWritten |= writes;
        run.HasEffects |= !spec.Is(CommandFlags.ReadOnly);
        Calls.Context.IsMuted = !run.IsJournalled;
        RunCall(_worker.Session!, spec, batch, run.IsResp3);
        reply = Calls.EndReply();
        return CallEnd.Replied;
    }

    private CommandSpec? Find(RequestBatch batch, out CommandSpec? container)
    {
        container = _table.Find(batch.Argument(0, 0));
        return container is { Subcommands.Length: > 0 } && batch.ArgumentCount(0) > 1
            ? CommandTable.FindSubcommand(container, batch.Argument(0, 1)) ?? (container.Run is null ? null : container)
            : container;
    }

    /// <summary>Why a script may not call a command, as the script sees it and as the statistics do; or null.</summary>
    private (string Shown, string Counted)? RefusalOfCall(ScriptRun run, CommandSpec? spec, CommandSpec? container, RequestBatch batch)
    {
        if (spec is null)
        {
            string error = container is null
                ? "ERR Unknown command called from script"
                : $"ERR unknown subcommand '{Encoding.Latin1.GetString(batch.Argument(0, 1))}'. Try {container.Name.ToUpperInvariant()} HELP.";
            return (error, "ERR");
        }
        if (spec.Run is null || !spec.Accepts(batch.ArgumentCount(0)))
        {
            return ("ERR Wrong number of args calling command from script", "ERR");
        }
        if (spec.Is(CommandFlags.NoScript) && !_server.AllowsAllInScripts)
        {
            return ("ERR This Valkey command is not allowed from script", "ERR");
        }
        if (spec.Is(CommandFlags.DenyOom) && IsOutOfMemory && !run.AllowsOom && !run.HasWritten)
        {
            return (Errors.OutOfMemory, Errors.OutOfMemory);
        }
        if (run.IsReadOnly && spec.Is(CommandFlags.Write | CommandFlags.MayReplicate))
        {
            return ("ERR Write commands are not allowed from read-only scripts.", "ERR");
        }
        return spec.Is(CommandFlags.Write) && !run.HasWritten && DiskError() is string diskError ? (diskError, diskError) : null;
    }

    /// <summary>Whether all shards are held that a command needs, after an attempt at those that are missing.</summary>
    private bool HasShards(ScriptRun run, CommandSpec spec, RequestBatch batch)
    {
        ShardScope scope = spec.ScopeOf?.Invoke(batch, 0) ?? spec.Scope;
        if (scope == ShardScope.All || (scope == ShardScope.None && spec.Is(CommandFlags.TouchesArbitraryKeys)))
        {
            run.TouchedOthers = true;
            for (int shard = 0; shard < _server.Shards.Length; shard++)
            {
                if (!HasShard(run, shard))
                {
                    return false;
                }
            }
            return true;
        }
        foreach (int position in KeyPositions.Of(spec, batch, 0))
        {
            int shard = _server.ShardOf(batch.Argument(0, position));
            if (!Calls.Declared[shard])
            {
                run.TouchedOthers = true;
                if (!HasShard(run, shard))
                {
                    return false;
                }
            }
        }
        return true;
    }

    private bool HasShard(ScriptRun run, int shard)
    {
        if (_worker.Shards.Holds(shard))
        {
            return true;
        }
        if (!run.HasEffects)
        {
            run.Stop = StopReason.NeedsAllShards;
            return false;
        }
        if (_worker.Shards.TryHoldMore(shard))
        {
            return true;
        }
        run.Stop = StopReason.ShardNotToBeHad;
        return false;
    }

    /// <summary>Runs a script's command as a client's is run: with its effects, counters, times and logs.</summary>
    private void RunCall(Session session, CommandSpec spec, RequestBatch batch, bool isResp3)
    {
        CommandContext context = Calls.Context;
        Calls.BeginReply(isResp3);
        bool hasKey = spec.Keys.HasKeys && spec.Keys.Keyword is null && spec.Keys.First < batch.ArgumentCount(0);
        ReadOnlySpan<byte> key = hasKey ? batch.Argument(0, spec.Keys.First) : default;
        context.Begin(session, spec, batch, 0, hasKey ? KeyHash.Of(key) : 0, hasKey ? _server.ShardOf(key) : -1);
        long startedNs = _server.Clock.MonotonicNs;
        if (spec.HasSeveralKeys)
        {
            context.SettleKeys();
        }
        spec.Run!(context);
        context.End();
        if (_server.Monitors.HasAny)
        {
            Show(context, spec);
        }
        if (session.Tracking is not null)
        {
            context.RememberReads(session.Tracking);
        }
        ref CommandCounters counters = ref _worker.Stats.Commands[spec.Id];
        _worker.Stats.CommandsProcessed++;
        counters.Calls++;
        counters.Failed += Calls.Reply.ErrorCount > 0 ? 1 : 0;
        EndCallTiming(session, spec, _server.Clock.MonotonicNs - startedNs + context.WorkedNs);
    }

    private void EndCallTiming(Session session, CommandSpec spec, long elapsedNs)
    {
        _worker.Stats.Commands[spec.Id].ElapsedNs += elapsedNs;
        if (_server.Config.LatencyTracking.IsSet)
        {
            (_worker.Stats.Latencies[spec.Id] ??= new LatencyHistogram()).Record(elapsedNs, 1);
        }
        if (elapsedNs >= _server.Latency.ThresholdNs)
        {
            _server.Latency.Note(spec.Is(CommandFlags.Fast) ? "fast-command" : "command", elapsedNs, _worker.NowUnixMs / 1000);
        }
        if (_server.SlowCommands.Wants(elapsedNs / 1000) && !spec.Is(CommandFlags.SkipCommandLog))
        {
            _server.SlowCommands.Add(UnixSeconds(), elapsedNs / 1000, LoggedWords(Calls.Context), session);
        }
    }
}
