using System.Text;
using Valkey.Turbo.Engine;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>
/// FUNCTION: of libraries that files have brought, which are kept as they are. Loading and calling come with scripting; until then only a log
/// may load.
/// </summary>
internal static class FunctionCommand
{
    private const string EachFunction = "O(N) where N is the number of functions.";
    private const string EveryNode = "request_policy:all_shards response_policy:all_succeeded";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("function", -2, CommandFlags.None, "scripting", "7.0.0", "Depends on subcommand.",
            "A container for function commands.", null, subcommands:
            [
                CommandSpec.Define("delete", 3, CommandFlags.Write | NoScript, "scripting", "7.0.0", "O(1)", "Deletes a library and its functions.",
                    Delete, syntax: "library-name:string", tips: EveryNode, scope: ShardScope.All),
                CommandSpec.Define("flush", -2, CommandFlags.Write | NoScript, "scripting", "7.0.0", EachFunction,
                    "Deletes all libraries and functions.", Flush, syntax: "[flush-type=<async:ASYNC | sync:SYNC>]", tips: EveryNode,
                    scope: ShardScope.All),
                CommandSpec.Define("help", 2, Loading | Stale, "scripting", "7.0.0", "O(1)", "Returns helpful text about the different subcommands.",
                    context => context.ReplyHelp("FUNCTION",
                    [
                        "DELETE <LIBRARY NAME>", "    Delete the given library.", "FLUSH [ASYNC|SYNC]", "    Delete all the functions.",
                        "LIST [LIBRARYNAME PATTERN] [WITHCODE]", "    Return general information on all the libraries.",
                    ]), scope: ShardScope.None),
                CommandSpec.Define("list", -2, NoScript, "scripting", "7.0.0", EachFunction,
                    "Returns information about all libraries.", List,
                    syntax: "[library-name-pattern:string@LIBRARYNAME] [withcode:WITHCODE]",
                    tips: "nondeterministic_output_order", scope: ShardScope.All),
                CommandSpec.Define("load", -3, CommandFlags.Write | DenyOom | NoScript, "scripting", "7.0.0",
                    "O(1) (considering compilation time is redundant)", "Creates a library.", Load,
                    syntax: "[replace:REPLACE] function-code:string", tips: EveryNode, scope: ShardScope.All),
            ]),
    ];

    private static void Delete(CommandContext context)
    {
        if (!context.Server.Functions.Remove(Encoding.Latin1.GetString(context.Argument(2))))
        {
            context.Reply.Error("ERR Library not found");
            return;
        }
        context.Changed();
        context.Reply.Ok();
    }

    private static void Flush(CommandContext context)
    {
        if (context.ArgumentCount > 3)
        {
            context.ReplySubcommandSyntax("function");
            return;
        }
        bool valid = context.ArgumentCount == 2
            || (context.ArgumentCount == 3 && (context.Is(2, "SYNC") || context.Is(2, "ASYNC")));
        if (!valid)
        {
            context.Reply.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
            return;
        }
        context.Server.Functions.Clear();
        context.Changed();
        context.Reply.Ok();
    }

    private static void List(CommandContext context)
    {
        bool withCode = false, hasPattern = false;
        ReadOnlySpan<byte> pattern = GlobPattern.All;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (!withCode && context.Is(i, "WITHCODE"))
            {
                withCode = true;
            }
            else if (!hasPattern && context.Is(i, "LIBRARYNAME"))
            {
                if (++i == context.ArgumentCount)
                {
                    context.Reply.Error("ERR library name argument was not given");
                    return;
                }
                hasPattern = true;
                pattern = context.Argument(i);
            }
            else
            {
                context.Reply.Error($"ERR Unknown argument {context.Shown(i)}");
                return;
            }
        }
        List<FunctionLibrary> found = [];
        foreach (FunctionLibrary library in context.Server.Functions.Libraries)
        {
            if (GlobPattern.IsMatch(pattern, Encoding.Latin1.GetBytes(library.Name), ignoreCase: true))
            {
                found.Add(library);
            }
        }
        context.Reply.Array(found.Count);
        foreach (FunctionLibrary library in found)
        {
            Describe(context, library, withCode);
        }
    }

    private static void Describe(CommandContext context, FunctionLibrary library, bool withCode)
    {
        context.Reply.Map(withCode ? 4 : 3);
        context.Reply.Bulk("library_name"u8);
        context.Reply.Bulk(library.Name);
        context.Reply.Bulk("engine"u8);
        context.Reply.Bulk("LUA"u8);
        // Which there are shows only when the code is run.
        context.Reply.Bulk("functions"u8);
        context.Reply.Array(0);
        if (withCode)
        {
            context.Reply.Bulk("library_code"u8);
            context.Reply.Bulk(library.Code);
        }
    }

    private static void Load(CommandContext context)
    {
        if (!context.Server.IsReplaying)
        {
            context.ReplyUnknownSubcommand("function");
            return;
        }
        bool replaces = context.ArgumentCount == 4 && context.Is(2, "REPLACE");
        string? problem = context.ArgumentCount == 3 || replaces
            ? context.Server.Functions.Add(context.Argument(context.ArgumentCount - 1), replaces)
            : $"Unknown option given: {context.Shown(2)}";
        if (problem is not null)
        {
            context.Server.LogNotice?.Invoke($"Failed loading library, {problem}");
            context.Reply.Error($"ERR {problem}");
            return;
        }
        context.Changed();
        context.Reply.Ok();
    }
}
