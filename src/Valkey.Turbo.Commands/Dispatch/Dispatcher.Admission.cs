using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands;

/// <content>
/// Whether a command may run: known, of the right length, allowed to this client in its present state. A batch of a client
/// in no special state, on a server that nobody has asked for anything special, skips nearly all of it.
/// </content>
public sealed partial class Dispatcher
{
    private const int UnknownArgumentsBytes = 128;
    private const string Discarded = "EXECABORT Transaction discarded because of: ";
    private bool _isPlain;
    private bool _isOutOfMemory;

    private enum Admission
    {
        Admitted,
        /// <summary>It was answered, or queued.</summary>
        Done,
        /// <summary>It is to be tried again.</summary>
        Waits,
    }

    /// <summary>
    /// Whether nothing about the client or the server asks for a closer look at its commands. Only commands without keys,
    /// and subscriptions, change that for their own client; what another client changes counts from the next batch on.
    /// </summary>
    private bool IsPlain(Session session) =>
        session is { IsAuthenticated: true, Blocked: null }
        and { Subscriptions: null or { Total: 0 }, Tracking: null or { IsOn: false }, Transaction: not { IsOpen: true } }
        && _server.Config.MaxMemory.Number == 0 && !_server.Pause.IsSet && !_server.Monitors.HasAny && _server.Saves.WasOk && _server.Journal?.Failure is null
        && !_scripts.IsBusy;

    /// <summary>The same as <see cref="Admit"/>; what it replies is taken back where CLIENT REPLY wants silence.</summary>
    private Admission AdmitInMode(Session session, RequestBatch batch, int index, ref CommandSpec? spec)
    {
        if (session.ReplyMode == ReplyMode.On)
        {
            return Admit(session, batch, index, ref spec);
        }
        ReplyWriter.Mark mark = _reply.GetMark();
        Admission admission = Admit(session, batch, index, ref spec);
        if (admission == Admission.Done)
        {
            _reply.Rollback(mark);
            session.ReplyMode = session.ReplyMode == ReplyMode.Off ? ReplyMode.Off : ReplyMode.On;
        }
        return admission;
    }

    /// <summary>Decides about one request; <paramref name="spec"/> is not null if it is admitted.</summary>
    private Admission Admit(Session session, RequestBatch batch, int index, ref CommandSpec? spec)
    {
        if (session is { Chain: not null, Blocked: null, AwaitsChain: true })
        {
            // It stands behind a command that had waited, and had a part in what others have not ended yet.
            return Admission.Waits;
        }
        int argumentCount = batch.ArgumentCount(index);
        if (spec is null)
        {
            if (IsHttp(batch.Argument(index, 0)))
            {
                session.EndFor(ClientFault.SpeaksHttp);
            }
            else
            {
                RejectUnknown(session, batch, index);
            }
            return Admission.Done;
        }
        if (spec is { Subcommands.Length: > 0 } && argumentCount > 1)
        {
            RejectSubcommand(session, spec, batch, index);
            return Admission.Done;
        }
        session.LastCommand = spec.FullName;
        if (Refusal(session, spec, argumentCount) is string refusal)
        {
            Reject(session, spec, refusal);
            return Admission.Done;
        }
        if (BusyRefusal(session, spec) is string busy)
        {
            Reject(session, spec, busy);
            return Admission.Done;
        }
        CommandFlags flags = FlagsOf(spec, batch, index);
        _isOutOfMemory = false;
        if (_server.Config.MaxMemory.Number > 0 && !TryMakeRoom(session, spec, flags))
        {
            return Admission.Done;
        }
        // What a script without flags does is looked at when it does it.
        bool mayWrite = spec.Is(CommandFlags.RunsScript) ? (flags & CommandFlags.Write) != 0 : IsWrite(session, flags);
        if (DiskError() is string diskError && (mayWrite || spec.Is(CommandFlags.ShowsDiskErrors)))
        {
            Reject(session, spec, diskError);
            return Admission.Done;
        }
        if (session.Tracking is not null && _server.Tracking.IsOverLimit)
        {
            _server.Tracking.Shrink(_worker);
            _worker.DeliverAll();
        }
        if (_server.Pause.IsSet && IsPostponed(session, flags))
        {
            return Admission.Waits;
        }
        return session.Transaction is { IsOpen: true } ? AdmitToTransaction(session, spec, batch, index) : Admission.Admitted;
    }

    /// <summary>Why nothing may be written at present, or null.</summary>
    private string? DiskError()
    {
        ServerConfig config = _server.Config;
        if (!_server.Saves.WasOk && config.StopsWritesOnSaveError.IsSet && config.Save.Text.Length > 0)
        {
            return Errors.SaveFailure(config.ActsAsRedis.IsSet);
        }
        return _server.Journal?.Failure is string failure ? Errors.LogFailure(failure) : null;
    }

    private static string? Refusal(Session session, CommandSpec spec, int argumentCount)
    {
        if (!spec.Accepts(argumentCount) || spec.Run is null)
        {
            return Errors.Arity(spec.FullName);
        }
        if (!session.IsAuthenticated && !spec.Is(CommandFlags.NoAuth))
        {
            return Errors.NoAuth;
        }
        return session.IsSubscriber && !spec.Is(CommandFlags.ForSubscribers) ? Errors.OnlyForSubscribers(spec.FullName) : null;
    }

    private Admission AdmitToTransaction(Session session, CommandSpec spec, RequestBatch batch, int index)
    {
        if (spec.Is(CommandFlags.RunsTransaction))
        {
            if (!RunTransaction(session, spec))
            {
                return Admission.Waits;
            }
            if (_server.Monitors.HasAny)
            {
                _context.Begin(session, spec, batch, index, 0, -1);
                Show(_context, spec);
            }
            return Admission.Done;
        }
        if (spec.Is(CommandFlags.NoMulti))
        {
            Reject(session, spec, $"ERR Command '{spec.FullName}' not allowed inside a transaction");
            return Admission.Done;
        }
        if (spec.Is(CommandFlags.NotQueued))
        {
            return Admission.Admitted;
        }
        Queue(session, spec, batch, index);
        return Admission.Done;
    }

    /// <summary>What follows a command where client or server are in a special state.</summary>
    private void AfterSpecial(Session session, CommandSpec spec)
    {
        bool isRetry = session.Blocked is not null && !_context.HasBegunToWait;
        if (_server.Monitors.HasAny && !isRetry)
        {
            Show(_context, spec);
        }
        if (_context.IsBlocked)
        {
            return;
        }
        if (session.Tracking is not null)
        {
            if (!spec.Is(CommandFlags.RunsScript))
            {
                _context.RememberReads(session.Tracking);
            }
            EndCachingWord(session, spec);
        }
        if (session.Blocked is BlockedCommand served)
        {
            served.EndHeld(_worker);
            session.Blocked = null;
            _worker.Shards.GoesFirst = false;
        }
    }

    /// <summary>Whether the command, or the transaction that it runs, may change data or speak to replicas.</summary>
    private static bool IsWrite(Session session, CommandFlags flags) => (flags & (CommandFlags.Write | CommandFlags.MayReplicate)) != 0
        || ((flags & CommandFlags.RunsTransaction) != 0 && session.Transaction is { IsOpen: true, MayReplicate: true });

    /// <summary>Whether the command waits for the end of a pause; what is blocked may still give up.</summary>
    private bool IsPostponed(Session session, CommandFlags flags)
    {
        session.IsPostponed = session.Blocked is not ({ IsTimedOut: true } or { IsUnblocked: true }) && _server.Pause.Holds(IsWrite(session, flags));
        return session.IsPostponed;
    }

    /// <summary>Evicts where there is need. False: the command may grow memory, there is no room, and the error has been replied.</summary>
    private bool TryMakeRoom(Session session, CommandSpec spec, CommandFlags flags)
    {
        bool hasRoom = _worker.Evictor.TryMakeRoom();
        if (_worker.HasOwnDeliveries)
        {
            _worker.DeliverAll();
        }
        _isOutOfMemory = !hasRoom;
        if (hasRoom)
        {
            return true;
        }
        if (spec.Is(CommandFlags.RunsTransaction) && session.Transaction is { IsOpen: true, MayGrow: true })
        {
            Reject(session, spec, Errors.OutOfMemory);
            return false;
        }
        if ((flags & CommandFlags.DenyOom) != 0)
        {
            Reject(session, spec, Errors.OutOfMemory);
            return false;
        }
        return true;
    }

    /// <summary>CLIENT CACHING speaks for the command behind it, or for the whole transaction if that is MULTI.</summary>
    private static void EndCachingWord(Session session, CommandSpec? spec)
    {
        if (spec is not ({ Name: "client" } or { Container.Name: "client" }) && session.Transaction is not { IsOpen: true })
        {
            session.Tracking!.HasCachingWord = false;
        }
    }

    /// <summary>Shows the command that was just run to those who watch all commands.</summary>
    private static void Show(CommandContext context, CommandSpec spec)
    {
        if (!spec.Is(CommandFlags.SkipMonitor | CommandFlags.Admin))
        {
            Administration.MonitorCommand.Show(context);
        }
    }

    /// <summary>Replies why a command does not run. A transaction does not survive that: EXEC ends it, any other command spoils it.</summary>
    private void Reject(Session session, CommandSpec spec, string error)
    {
        _worker.Stats.Commands[spec.Id].Rejected++;
        if (spec.Is(CommandFlags.RunsTransaction))
        {
            session.EndTransaction();
            const string plainCode = "ERR ";
            error = Discarded + (error.StartsWith(plainCode, StringComparison.Ordinal) ? error[plainCode.Length..] : error);
        }
        AbortTransaction(session);
        _reply.Error(error);
    }

    private void RejectSubcommand(Session session, CommandSpec spec, RequestBatch batch, int index)
    {
        AbortTransaction(session);
        if (!session.IsAuthenticated && !spec.Is(CommandFlags.NoAuth))
        {
            _reply.Error(Errors.NoAuth);
            return;
        }
        ChargeRow();
        _context.Begin(session, spec, batch, index, 0, 0);
        _context.ReplyUnknownSubcommand(spec.Name);
    }

    /// <summary>Whether a request begins like one that a web page has had a browser send: its first line, or the header behind it.</summary>
    private static bool IsHttp(ReadOnlySpan<byte> name) => Ascii.EqualsIgnoreCase(name, "POST"u8) || Ascii.EqualsIgnoreCase(name, "Host:"u8);

    private void RejectUnknown(Session session, RequestBatch batch, int index)
    {
        AbortTransaction(session);
        if (!session.IsAuthenticated)
        {
            _reply.Error(Errors.NoAuth);
            return;
        }
        StringBuilder arguments = new();
        for (int i = 1; i < batch.ArgumentCount(index) && arguments.Length < UnknownArgumentsBytes; i++)
        {
            ReadOnlySpan<byte> argument = CommandContext.UpToNul(batch.Argument(index, i));
            int length = Math.Min(argument.Length, UnknownArgumentsBytes - arguments.Length);
            arguments.Append('\'').Append(Encoding.Latin1.GetString(argument[..length])).Append("' ");
        }
        ReadOnlySpan<byte> name = CommandContext.UpToNul(batch.Argument(index, 0));
        string shown = Encoding.Latin1.GetString(name[..Math.Min(UnknownArgumentsBytes, name.Length)]);
        _reply.Error($"ERR unknown command '{shown}', with args beginning with: {arguments}");
    }
}
