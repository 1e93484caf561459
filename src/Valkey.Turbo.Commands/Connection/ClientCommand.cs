using System.Text;
using Valkey.Turbo.Engine;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Connection;

/// <summary>CLIENT: who is connected.</summary>
internal static class ClientCommand
{
    internal const string InvalidName = "ERR Client names cannot contain spaces, newlines or special characters.";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("client", -2, CommandFlags.None, "connection", "2.4.0", "Depends on subcommand.",
            "A container for client connection commands.", null, subcommands:
            [
                .. ClientTrackingCommand.Subcommands,
                Sub("id", 2, AllowBusy | NoScript | Loading | Stale, "5.0.0", "Returns the unique client ID of the connection.",
                    context => context.Reply.Integer(context.Session.Id)),
                Sub("info", 2, NoScript | Loading | Stale, "6.2.0", "Returns information about the connection.",
                    Info, tips: "nondeterministic_output"),
                Sub("list", -2, Admin | NoScript | Loading | Stale, "2.4.0", "Lists open connections.", List,
                    ClientFilter.ListSyntax, tips: "nondeterministic_output", categories: "dangerous"),
                Sub("getname", 2, AllowBusy | NoScript | Loading | Stale, "2.6.9", "Returns the name of the connection.", GetName),
                Sub("setname", 3, AllowBusy | NoScript | Loading | Stale, "2.6.9", "Sets the connection name.", SetName,
                    syntax: "connection-name:string", tips: "request_policy:all_nodes response_policy:all_succeeded"),
                Sub("setinfo", 4, AllowBusy | NoScript | Loading | Stale, "7.2.0", "Sets information specific to the client or connection.",
                    SetInfo, syntax: "attr=<libname:string@LIB-NAME | libver:string@LIB-VER>",
                    tips: "request_policy:all_nodes response_policy:all_succeeded"),
                Sub("kill", -3, Admin | NoScript | Loading | Stale, "2.4.0", "Terminates open connections.", Kill,
                    ClientFilter.KillSyntax, categories: "dangerous"),
                Sub("pause", -3, Admin | NoScript | Loading | Stale, "3.0.0", "Suspends commands processing.", Pause,
                    syntax: "timeout:integer [mode=<write:WRITE | all:ALL>^6.2.0]", categories: "dangerous"),
                Sub("unpause", 2, Admin | NoScript | Loading | Stale, "6.2.0", "Resumes processing commands from paused clients.", Unpause,
                    categories: "dangerous"),
                Sub("unblock", -3, Admin | NoScript | Loading | Stale, "5.0.0", "Unblocks a client that waits for keys.", Unblock,
                    syntax: "client-id:integer [unblock-type=<timeout:TIMEOUT | error:ERROR>]"),
                Sub("reply", 3, AllowBusy | NoScript | Loading | Stale | NoMulti, "3.2.0", "Instructs the server whether to reply to commands.", Reply,
                    syntax: "action=<on:ON | off:OFF | skip:SKIP>"),
                Sub("capa", -3, AllowBusy | NoScript | Loading | Stale, "8.0.0", "A client claims its capability.", Capability,
                    syntax: "capability:string..."),
                Sub("import-source", 3, NoScript | Loading | Stale, "8.1.0", "Marks this client as an import source when the server is in import mode.",
                    ImportSource, syntax: "enabled=<on:ON | off:OFF>"),
                Sub("no-evict", 3, Admin | AllowBusy | NoScript | Loading | Stale, "7.0.0", "Sets the client eviction mode of the connection.",
                    context => SetFlag(context, on => context.Session.IsNoEvict = on), syntax: "enabled=<on:ON | off:OFF>",
                    categories: "dangerous"),
                Sub("no-touch", 3, AllowBusy | NoScript | Loading | Stale, "7.2.0",
                    "Controls whether commands sent by the client affect the LRU/LFU of accessed keys.",
                    context => SetFlag(context, on => context.Session.IsNoTouch = on), syntax: "enabled=<on:ON | off:OFF>"),
                Sub("help", 2, Loading | Stale, "5.0.0", "Returns helpful text about the different subcommands.", Help),
            ]),
    ];

    /// <summary>Whether a name consists of visible ASCII, so that CLIENT LIST stays parseable.</summary>
    internal static bool IsValidAttribute(ReadOnlySpan<byte> text) => text.IndexOfAnyExceptInRange((byte)'!', (byte)'~') < 0;

    internal static void SetName(Session session, ReadOnlySpan<byte> name) =>
        session.Name = name.IsEmpty ? null : Encoding.ASCII.GetString(name);

    internal static CommandSpec Sub(
        string name, int arity, CommandFlags flags, string since, string summary, Action<CommandContext> run,
        string syntax = "", string tips = "", string categories = "") =>
        CommandSpec.Define(name, arity, flags, "connection", since, name is "list" or "kill" ? "O(N) where N is the number of client connections" : "O(1)",
            summary, run, syntax: syntax, tips: tips, categories: $"{categories} connection".Trim(), scope: ShardScope.None);

    private static void Info(CommandContext context) =>
        context.Reply.Verbatim("txt", context.Session.Describe(context.Worker.NowMonotonicNs, context.ArgumentBytes) + "\n");

    private static void List(CommandContext context)
    {
        if (!ClientFilter.TryParse(context, 2, out ClientFilter filter))
        {
            return;
        }
        StringBuilder text = new();
        foreach (Session session in context.Server.Clients.Values.OrderBy(client => client.Id))
        {
            if (filter.Matches(session, context))
            {
                text.Append(session.Describe(context.Worker.NowMonotonicNs, session == context.Session ? context.ArgumentBytes : 0)).Append('\n');
            }
        }
        context.Reply.Verbatim("txt", text.ToString());
    }

    private static void Pause(CommandContext context)
    {
        bool isWrite = context.ArgumentCount == 4 && context.Is(3, "WRITE");
        if (context.ArgumentCount == 4 && !isWrite && !context.Is(3, "ALL"))
        {
            context.Reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL");
            return;
        }
        if (!context.TryTimeoutMs(2, out long timeoutNs))
        {
            return;
        }
        context.Server.Pause.Begin(isWrite ? PauseKind.Write : PauseKind.All, context.Server.Clock.MonotonicNs + timeoutNs);
        context.Reply.Ok();
    }

    private static void Unpause(CommandContext context)
    {
        context.Server.Pause.End();
        context.Server.Pause.AwaitOthers(context.Worker);
        context.Reply.Ok();
    }

    private static void Unblock(CommandContext context)
    {
        bool isError = context.ArgumentCount == 4 && context.Is(3, "ERROR");
        if (context.ArgumentCount > 4 || (context.ArgumentCount == 4 && !isError && !context.Is(3, "TIMEOUT")))
        {
            context.Reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR");
            return;
        }
        if (!context.TryInteger(2, out long id))
        {
            return;
        }
        BlockedCommand? blocked = context.Server.Clients.GetValueOrDefault(id)?.Blocked is { Work: null } waiting ? waiting : null;
        blocked?.Unblock(isError ? "UNBLOCKED client unblocked via CLIENT UNBLOCK" : null);
        context.Reply.Integer(blocked is null ? 0 : 1);
    }

    private static void Kill(CommandContext context)
    {
        ClientFilter filter;
        bool isOldForm = context.ArgumentCount == 3;
        if (isOldForm)
        {
            filter = new ClientFilter { Address = context.Text(2) };
        }
        else
        {
            if (!ClientFilter.TryParse(context, 2, out filter))
            {
                return;
            }
            filter.SkipsMe ??= true;
        }
        int killed = 0;
        foreach (Session session in context.Server.Clients.Values)
        {
            if (!filter.Matches(session, context))
            {
                continue;
            }
            killed++;
            if (session == context.Session)
            {
                session.ClosesAfterReply = true;
            }
            else
            {
                context.Server.Clients.TryRemove(session.Id, out _);
                session.Transport.Close(afterReplies: false);
            }
        }
        if (!isOldForm)
        {
            context.Reply.Integer(killed);
        }
        else if (killed == 0)
        {
            context.Reply.Error("ERR No such client");
        }
        else
        {
            context.Reply.Ok();
        }
    }

    private static void GetName(CommandContext context)
    {
        if (context.Session.Name is string name)
        {
            context.Reply.Bulk(name);
        }
        else
        {
            context.Reply.Null();
        }
    }

    private static void SetName(CommandContext context)
    {
        if (!IsValidAttribute(context.Argument(2)))
        {
            context.Reply.Error(InvalidName);
            return;
        }
        SetName(context.Session, context.Argument(2));
        context.Reply.Ok();
    }

    private static void SetInfo(CommandContext context)
    {
        bool isName = context.Is(2, "LIB-NAME");
        if (!isName && !context.Is(2, "LIB-VER"))
        {
            context.Reply.Error($"ERR Unrecognized option '{context.Shown(2)}'");
            return;
        }
        if (!IsValidAttribute(context.Argument(3)))
        {
            context.Reply.Error($"ERR {context.Shown(2)} cannot contain spaces, newlines or special characters.");
            return;
        }
        if (isName)
        {
            context.Session.LibraryName = context.Text(3);
        }
        else
        {
            context.Session.LibraryVersion = context.Text(3);
        }
        context.Reply.Ok();
    }

    private static void Reply(CommandContext context)
    {
        if (context.Is(2, "ON"))
        {
            context.Session.ReplyMode = ReplyMode.On;
            context.Reply.Ok();
        }
        else if (context.Is(2, "OFF"))
        {
            context.Session.ReplyMode = ReplyMode.Off;
        }
        else if (context.Is(2, "SKIP"))
        {
            context.Session.ReplyMode = context.Session.ReplyMode == ReplyMode.Off ? ReplyMode.Off : ReplyMode.SkipNext;
        }
        else
        {
            context.Reply.Error(Errors.Syntax);
        }
    }

    private static void Capability(CommandContext context)
    {
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (context.Is(i, "REDIRECT"))
            {
                context.Session.Capabilities = "r";
            }
        }
        context.Reply.Ok();
    }

    private static void ImportSource(CommandContext context)
    {
        if (!context.Server.Config.ImportMode.IsSet && !context.Is(2, "OFF"))
        {
            context.Reply.Error("ERR Server is not in import mode");
            return;
        }
        SetFlag(context, on => context.Session.IsImportSource = on);
    }

    private static void SetFlag(CommandContext context, Action<bool> set)
    {
        bool on = context.Is(2, "ON");
        if (!on && !context.Is(2, "OFF"))
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        set(on);
        context.Reply.Ok();
    }

    private static void Help(CommandContext context) => context.ReplyHelp("CLIENT",
    [
        "GETREDIR",
        "    Return the client ID we are redirecting to when tracking is enabled.",
        "GETNAME",
        "    Return the name of the current connection.",
        "ID",
        "    Return the ID of the current connection.",
        "INFO",
        "    Return information about the current client connection.",
        "KILL <ip:port>",
        "    Kill connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]",
        "    Kill connections that match all filters; the filters are those of LIST.",
        "LIST [options ...]",
        "    Return information about client connections. Options, each also with NOT- in front:",
        "    TYPE, USER, ADDR, LADDR, IP, ID, NAME, DB, FLAGS, LIB-NAME, LIB-VER; and SKIPME, MAXAGE, IDLE.",
        "NO-EVICT (ON|OFF)",
        "    Protect current client connection from eviction.",
        "NO-TOUCH (ON|OFF)",
        "    Will not touch LRU/LFU stats when this mode is on.",
        "REPLY (ON|OFF|SKIP)",
        "    Control the replies sent to the current connection.",
        "SETINFO <option> <value>",
        "    Set client meta attr. Options are LIB-NAME and LIB-VER.",
        "SETNAME <name>",
        "    Assign the name <name> to the current connection.",
    ]);
}
