using Valkey.Turbo.Scripting;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Scripting;

/// <summary>SCRIPT: the cache of scripts.</summary>
internal static class ScriptCommand
{
    private const string EveryNode = "request_policy:all_nodes response_policy:all_succeeded";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("script", -2, CommandFlags.None, "scripting", "2.6.0", "Depends on subcommand.", "A container for commands about scripts.",
            null, subcommands:
            [
                CommandSpec.Define("debug", -3, NoScript, "scripting", "3.2.0", "O(1)", "Sets whether scripts are debugged.", Debug,
                    syntax: "mode=<yes:YES | sync:SYNC | no:NO> [engine:string^9.1.0]", scope: ShardScope.None),
                CommandSpec.Define("exists", -3, NoScript | Stale, "scripting", "2.6.0",
                    "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
                    "Tells which scripts there are.", Exists, syntax: "sha1:string...",
                    tips: "request_policy:all_shards response_policy:agg_logical_and", scope: ShardScope.None),
                CommandSpec.Define("flush", -2, NoScript | Stale, "scripting", "2.6.0", "O(N) with N being the number of scripts in cache",
                    "Forgets all scripts.", Flush, syntax: "[flush-type=<async:ASYNC | sync:SYNC>^6.2.0]", tips: EveryNode, scope: ShardScope.None),
                CommandSpec.Define("help", 2, Loading | Stale, "scripting", "5.0.0", "O(1)", "Returns helpful text about the different subcommands.",
                    Help, scope: ShardScope.None),
                CommandSpec.Define("kill", 2, NoScript | AllowBusy, "scripting", "2.6.0", "O(1)", "Ends the script that runs.", Kill,
                    tips: "request_policy:all_shards response_policy:one_succeeded", scope: ShardScope.None),
                CommandSpec.Define("load", 3, NoScript | Stale, "scripting", "2.6.0", "O(N) with N being the length in bytes of the script body.",
                    "Takes a script in without running it.", Load, syntax: "script:string", tips: EveryNode, scope: ShardScope.None),
                CommandSpec.Define("show", 3, NoScript | Stale, "scripting", "8.0.0", "O(1).", "Shows a script.", Show, syntax: "sha1:string",
                    scope: ShardScope.None),
            ]),
    ];

    private static ScriptCache Scripts(CommandContext context) => context.Dispatcher!.Scripts.Scripts;

    private static void Load(CommandContext context)
    {
        ScriptDigest digest = ScriptDigest.Of(context.Argument(2));
        if (Scripts(context).Add(context.Argument(2), digest, stays: true, context.Worker.NowMonotonicNs, out _) is string problem)
        {
            context.Reply.Error($"ERR {problem}");
            return;
        }
        context.Reply.Bulk(digest.ToString());
    }

    private static void Exists(CommandContext context)
    {
        context.Reply.Array(context.ArgumentCount - 2);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            bool exists = ScriptDigest.TryParse(context.Argument(i), out ScriptDigest digest) && Scripts(context).TryFind(digest, out _);
            context.Reply.Integer(exists ? 1 : 0);
        }
    }

    private static void Show(CommandContext context)
    {
        if (ScriptDigest.TryParse(context.Argument(2), out ScriptDigest digest) && Scripts(context).TryFind(digest, out Script? script))
        {
            context.Reply.Bulk(script.Source);
            return;
        }
        context.Reply.Error("NOSCRIPT No matching script.");
    }

    private static void Flush(CommandContext context)
    {
        bool isValid = context.ArgumentCount == 2 || (context.ArgumentCount == 3 && (context.Is(2, "SYNC") || context.Is(2, "ASYNC")));
        if (!isValid)
        {
            context.Reply.Error("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
            return;
        }
        Scripts(context).Flush();
        context.Reply.Ok();
    }

    private static void Kill(CommandContext context)
    {
        if (context.Dispatcher!.Scripts.Kill(isEval: true) is string problem)
        {
            context.Reply.Error(problem);
            return;
        }
        context.Reply.Ok();
    }

    private static void Debug(CommandContext context)
    {
        if (context.Is(2, "NO"))
        {
            context.Reply.Ok();
            return;
        }
        context.Reply.Error(context.Is(2, "YES") || context.Is(2, "SYNC")
            ? "ERR This server has no debugger for scripts"
            : "ERR Use SCRIPT DEBUG YES/SYNC/NO");
    }

    private static void Help(CommandContext context) => context.ReplyHelp("SCRIPT",
    [
        "DEBUG (YES|SYNC|NO) [<engine_name>]",
        "    Set the debug mode for subsequent scripts executed of the specified engine.",
        "    Default engine name: 'lua'",
        "EXISTS <sha1> [<sha1> ...]",
        "    Return information about the existence of the scripts in the script cache.",
        "FLUSH [ASYNC|SYNC]",
        "    Flush the Lua scripts cache. Very dangerous on replicas.",
        "    When called without the optional mode argument, the behavior is determined",
        "     by the lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the scripts cache.",
        "    * SYNC: Synchronously flush the scripts cache.",
        "KILL",
        "    Kill the currently executing Lua script.",
        "LOAD <script>",
        "    Load a script into the scripts cache without executing it.",
        "SHOW <sha1>",
        "    Show a script from the scripts cache.",
    ]);
}
