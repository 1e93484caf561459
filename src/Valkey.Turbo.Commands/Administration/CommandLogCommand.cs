using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.Diagnostics;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>COMMANDLOG and its older form SLOWLOG: commands that were slow, or large, or had large replies.</summary>
internal static class CommandLogCommand
{
    private const string Types = "type=<slow:SLOW | large-request:LARGE-REQUEST | large-reply:LARGE-REPLY>";
    private const string AllNodes = "request_policy:all_nodes";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("commandlog", -2, CommandFlags.None, "server", "8.1.0", "Depends on subcommand.",
            "A container for command log commands.", null, subcommands:
            [
                Sub("get", 4, "8.1.0", "O(N) where N is the number of entries returned", "Returns the specified command log's entries.",
                    Get, "count:integer " + Types, $"{AllNodes} nondeterministic_output"),
                Sub("len", 3, "8.1.0", "O(1)", "Returns the number of entries in the specified type of command log.",
                    context => OfType(context, 2, log => context.Reply.Integer(log.Count)), Types,
                    $"{AllNodes} response_policy:agg_sum nondeterministic_output"),
                Sub("reset", 3, "8.1.0", "O(N) where N is the number of entries in the commandlog",
                    "Clears all entries from the specified type of command log.", context => OfType(context, 2, log => Reset(context, log)),
                    Types, $"{AllNodes} response_policy:all_succeeded"),
                HelpRow("8.1.0", "Shows helpful text about the different subcommands.", Help),
            ]),
        CommandSpec.Define("slowlog", -2, CommandFlags.None, "server", "2.2.12", "Depends on subcommand.",
            "A container for slow log commands.", null, subcommands:
            [
                Sub("get", -2, "2.2.12", "O(N) where N is the number of entries returned", "Returns the slow log's entries.",
                    SlowGet, "[count:integer]", $"{AllNodes} nondeterministic_output"),
                Sub("len", 2, "2.2.12", "O(1)", "Returns the number of entries in the slow log.",
                    context => context.Reply.Integer(context.Server.SlowCommands.Count), "",
                    $"{AllNodes} response_policy:agg_sum nondeterministic_output"),
                Sub("reset", 2, "2.2.12", "O(N) where N is the number of entries in the slowlog", "Clears all entries from the slow log.",
                    context => Reset(context, context.Server.SlowCommands), "", $"{AllNodes} response_policy:all_succeeded"),
                HelpRow("6.2.0", "Shows helpful text about the different subcommands.", SlowHelp),
            ]),
    ];

    private static CommandSpec Sub(
        string name, int arity, string since, string complexity, string summary, Action<CommandContext> run, string syntax, string tips) =>
        CommandSpec.Define(name, arity, Admin | Loading | Stale, "server", since, complexity, summary, run, syntax: syntax, tips: tips,
            scope: ShardScope.None);

    private static CommandSpec HelpRow(string since, string summary, Action<CommandContext> run) =>
        CommandSpec.Define("help", 2, Loading | Stale, "server", since, "O(1)", summary, run, scope: ShardScope.None);

    private static void OfType(CommandContext context, int index, Action<CommandLog> run)
    {
        CommandLog? log = context.Text(index).ToLowerInvariant() switch
        {
            "slow" => context.Server.SlowCommands,
            "large-request" => context.Server.LargeRequests,
            "large-reply" => context.Server.LargeReplies,
            _ => null,
        };
        if (log is null)
        {
            context.Reply.Error("ERR type should be one of the following: slow, large-request, large-reply");
            return;
        }
        run(log);
    }

    private static void Get(CommandContext context)
    {
        if (TryCount(context, out long count))
        {
            OfType(context, 3, log => ReplyEntries(context, log.Newest(count)));
        }
    }

    private static void SlowGet(CommandContext context)
    {
        const int usualCount = 10;
        if (context.ArgumentCount > 3)
        {
            context.ReplySubcommandSyntax("slowlog");
        }
        else if (context.ArgumentCount < 3)
        {
            ReplyEntries(context, context.Server.SlowCommands.Newest(usualCount));
        }
        else if (TryCount(context, out long count))
        {
            ReplyEntries(context, context.Server.SlowCommands.Newest(count));
        }
    }

    private static bool TryCount(CommandContext context, out long count)
    {
        const string error = "ERR count should be greater than or equal to -1";
        if (!context.TryInteger(2, out count, error))
        {
            return false;
        }
        if (count < -1)
        {
            context.Reply.Error(error);
            return false;
        }
        count = count < 0 ? long.MaxValue : count;
        return true;
    }

    private static void ReplyEntries(CommandContext context, CommandLog.Entry[] entries)
    {
        context.Reply.Array(entries.Length);
        foreach (CommandLog.Entry entry in entries)
        {
            context.Reply.Array(6);
            context.Reply.Integer(entry.Id);
            context.Reply.Integer(entry.UnixSeconds);
            context.Reply.Integer(entry.Value);
            context.Reply.Array(entry.Arguments.Length);
            foreach (byte[] argument in entry.Arguments)
            {
                context.Reply.Bulk(argument);
            }
            context.Reply.Bulk(entry.Address);
            context.Reply.Bulk(entry.ClientName);
        }
    }

    private static void Reset(CommandContext context, CommandLog log)
    {
        log.Clear();
        context.Reply.Ok();
    }

    private static readonly string[] EntryHelp =
    [
        "    An entry has six parts: id, Unix time, value, arguments, client's address, client's name.",
    ];

    private static void Help(CommandContext context) => context.ReplyHelp("COMMANDLOG",
    [
        "GET <count> <type>",
        "    Return the newest entries of a log (-1: all).",
        .. EntryHelp,
        "    The value is in microseconds for slow, in bytes for large-request and large-reply.",
        "LEN <type>",
        "    Return the number of entries of a log.",
        "RESET <type>",
        "    Forget the entries of a log.",
    ]);

    private static void SlowHelp(CommandContext context) => context.ReplyHelp("SLOWLOG",
    [
        "GET [<count>]",
        "    Return the newest entries (default: 10, -1: all).",
        .. EntryHelp,
        "LEN",
        "    Return the number of entries.",
        "RESET",
        "    Forget all entries.",
    ]);
}
