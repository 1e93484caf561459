using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>FUNCTION: as in a server into which no library has been loaded. Loading and calling come with scripting.</summary>
internal static class FunctionCommand
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("function", -2, CommandFlags.None, "scripting", "7.0.0", "Depends on subcommand.",
            "A container for function commands.", null, subcommands:
            [
                CommandSpec.Define("flush", -2, CommandFlags.Write | NoScript, "scripting", "7.0.0", "O(N) where N is the number of functions.",
                    "Deletes all libraries and functions.", Flush, syntax: "[flush-type=<async:ASYNC | sync:SYNC>]",
                    tips: "request_policy:all_shards response_policy:all_succeeded", scope: ShardScope.None),
                CommandSpec.Define("help", 2, Loading | Stale, "scripting", "7.0.0", "O(1)", "Returns helpful text about the different subcommands.",
                    context => context.ReplyHelp("FUNCTION",
                    [
                        "FLUSH [ASYNC|SYNC]", "    Delete all the functions.",
                        "LIST [LIBRARYNAME PATTERN] [WITHCODE]", "    Return general information on all the libraries.",
                    ]), scope: ShardScope.None),
                CommandSpec.Define("list", -2, NoScript, "scripting", "7.0.0", "O(N) where N is the number of functions.",
                    "Returns information about all libraries.", context => context.Reply.Array(0),
                    syntax: "[library-name-pattern:string@LIBRARYNAME] [withcode:WITHCODE]",
                    tips: "nondeterministic_output_order", scope: ShardScope.None),
            ]),
    ];

    private static void Flush(CommandContext context)
    {
        bool valid = context.ArgumentCount == 2
            || (context.ArgumentCount == 3 && (context.Is(2, "SYNC") || context.Is(2, "ASYNC")));
        if (!valid)
        {
            context.Reply.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
            return;
        }
        context.Reply.Ok();
    }
}
