using System.Text;
using Valkey.Turbo.Commands.Keys;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence.Rdb;
using Valkey.Turbo.Scripting;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Scripting;

/// <summary>FUNCTION: the libraries of functions.</summary>
internal static class FunctionCommand
{
    private const string EachFunction = "O(N) where N is the number of functions";
    private const string EveryShard = "request_policy:all_shards response_policy:all_succeeded";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("function", -2, CommandFlags.None, "scripting", "7.0.0", "Depends on subcommand.",
            "A container for function commands.", null, subcommands:
            [
                CommandSpec.Define("delete", 3, CommandFlags.Write | NoScript, "scripting", "7.0.0", "O(1)", "Deletes a library and its functions.",
                    Delete, syntax: "library-name:string", tips: EveryShard, scope: ShardScope.All),
                CommandSpec.Define("dump", 2, NoScript, "scripting", "7.0.0", EachFunction, "Returns all libraries as bytes to be restored elsewhere.",
                    Dump, scope: ShardScope.All),
                CommandSpec.Define("flush", -2, CommandFlags.Write | NoScript, "scripting", "7.0.0", $"{EachFunction} deleted",
                    "Deletes all libraries and functions.", Flush, syntax: "[flush-type=<async:ASYNC | sync:SYNC>]", tips: EveryShard,
                    scope: ShardScope.All),
                CommandSpec.Define("help", 2, Loading | Stale, "scripting", "7.0.0", "O(1)", "Returns helpful text about the different subcommands.",
                    Help, scope: ShardScope.None),
                CommandSpec.Define("kill", 2, NoScript | AllowBusy, "scripting", "7.0.0", "O(1)", "Ends the function that runs.", Kill,
                    tips: "request_policy:all_shards response_policy:one_succeeded", scope: ShardScope.None),
                CommandSpec.Define("list", -2, NoScript, "scripting", "7.0.0", EachFunction, "Returns information about all libraries.", List,
                    syntax: "[library-name-pattern:string@LIBRARYNAME] [withcode:WITHCODE]",
                    tips: "nondeterministic_output_order", scope: ShardScope.All),
                CommandSpec.Define("load", -3, CommandFlags.Write | DenyOom | NoScript, "scripting", "7.0.0",
                    "O(1) (considering compilation time is redundant)", "Creates a library.", Load,
                    syntax: "[replace:REPLACE] function-code:string", tips: EveryShard, scope: ShardScope.All),
                CommandSpec.Define("restore", -3, CommandFlags.Write | DenyOom | NoScript, "scripting", "7.0.0", $"{EachFunction} on the payload",
                    "Creates the libraries that a payload holds.", Restore,
                    syntax: "serialized-value:string [policy=<flush:FLUSH | append:APPEND | replace:REPLACE>]", tips: EveryShard,
                    scope: ShardScope.All),
                CommandSpec.Define("stats", 2, NoScript | AllowBusy, "scripting", "7.0.0", "O(1)", "Returns information about the function that runs.",
                    Stats, tips: "nondeterministic_output request_policy:all_shards response_policy:special", scope: ShardScope.None),
            ]),
    ];

    private static void Load(CommandContext context)
    {
        int last = context.ArgumentCount - 1;
        for (int i = 2; i < last; i++)
        {
            if (!context.Is(i, "REPLACE"))
            {
                context.Reply.Error($"ERR Unknown option given: {Encoding.Latin1.GetString(context.Argument(i))}");
                return;
            }
        }
        if (context.Server.Functions.Add(context.Argument(last), replaces: last > 2, out string name) is string problem)
        {
            context.Reply.Error($"ERR {problem}");
            return;
        }
        context.Changed();
        context.Reply.Bulk(name);
    }

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
        if (context.ArgumentCount == 3 && !context.Is(2, "SYNC") && !context.Is(2, "ASYNC"))
        {
            context.Reply.Error("ERR FUNCTION FLUSH only supports SYNC|ASYNC option");
            return;
        }
        context.Server.Functions.Clear();
        context.Changed();
        context.Reply.Ok();
    }

    private static void Dump(CommandContext context)
    {
        using NativeBuffer payload = new();
        using NativeBufferStream stream = new(payload);
        RdbWriter writer = new(stream);
        foreach (FunctionLibrary library in context.Server.Functions.Libraries)
        {
            writer.Byte((byte)RdbOpcode.Function);
            writer.String(library.Code);
        }
        DumpCommands.WriteTail(writer);
        context.Reply.Bulk(payload);
    }

    private static void Restore(CommandContext context)
    {
        if (context.ArgumentCount > 4)
        {
            context.ReplySubcommandSyntax("function");
            return;
        }
        bool flushes = context.ArgumentCount == 4 && context.Is(3, "FLUSH"), replaces = context.ArgumentCount == 4 && context.Is(3, "REPLACE");
        if (context.ArgumentCount == 4 && !flushes && !replaces && !context.Is(3, "APPEND"))
        {
            context.Reply.Error("ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE.");
            return;
        }
        if (!DumpCommands.HasValidTail(context, context.Argument(2), out _))
        {
            context.Reply.Error(DumpCommands.BadPayload);
            return;
        }
        FunctionLibraries functions = context.Server.Functions, read = functions.Beside();
        string? problem = Read(context.Argument(2)[..^DumpCommands.TailBytes], read);
        if (problem is null && flushes)
        {
            functions.Clear();
        }
        problem ??= functions.Join(read, replaces);
        if (problem is not null)
        {
            read.Clear();
            context.Reply.Error($"ERR {problem}");
            return;
        }
        context.Changed();
        context.Reply.Ok();
    }

    /// <summary>Reads the libraries of a payload.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    private static string? Read(ReadOnlySpan<byte> payload, FunctionLibraries target)
    {
        RdbReader reader = new(payload);
        while (reader.Remaining > 0)
        {
            byte kind = reader.Byte();
            if (kind == (byte)RdbOpcode.EarlyFunction)
            {
                return "Pre-GA function format not supported";
            }
            if (kind != (byte)RdbOpcode.Function)
            {
                return "given type is not a function";
            }
            ReadOnlySpan<byte> code = reader.String();
            if (reader.IsDamaged)
            {
                return "Failed loading library code";
            }
            if (target.Add(code, replaces: false) is string problem)
            {
                return problem;
            }
        }
        return null;
    }

    private static void List(CommandContext context)
    {
        bool withCode = false, hasPattern = false;
        ReadOnlySpan<byte> pattern = "*"u8;
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
        context.Reply.Bulk("functions"u8);
        IReadOnlyList<Function> functions = library.Compiled is CompiledLibrary compiled ? compiled.Functions : [];
        context.Reply.Array(functions.Count);
        foreach (Function function in functions)
        {
            Describe(context, function);
        }
        if (withCode)
        {
            context.Reply.Bulk("library_code"u8);
            context.Reply.Bulk(library.Code);
        }
    }

    private static void Describe(CommandContext context, Function function)
    {
        context.Reply.Map(3);
        context.Reply.Bulk("name"u8);
        context.Reply.Bulk(function.Name);
        context.Reply.Bulk("description"u8);
        if (function.Description is string description)
        {
            context.Reply.Bulk(Encoding.Latin1.GetBytes(description));
        }
        else
        {
            context.Reply.Null();
        }
        context.Reply.Bulk("flags"u8);
        string[] flags = [.. ScriptFlagNames.All.Where(pair => function.Flags.HasFlag(pair.Flag)).Select(pair => pair.Name)];
        context.Reply.Set(flags.Length);
        Array.ForEach(flags, context.Reply.Simple);
    }

    private static void Stats(CommandContext context)
    {
        ScriptEngine scripts = context.Dispatcher!.Scripts;
        BusyScript? busy = scripts.Busy.FirstOrDefault();
        if (busy is { Run.IsEval: true })
        {
            context.Reply.Error(scripts.BusyError(busy));
            return;
        }
        context.Reply.Map(2);
        context.Reply.Bulk("running_script"u8);
        if (busy is null)
        {
            context.Reply.Null();
        }
        else
        {
            context.Reply.Map(3);
            context.Reply.Bulk("name"u8);
            context.Reply.Bulk(busy.Run.Runnable.Name);
            context.Reply.Bulk("command"u8);
            context.Reply.Array(busy.Words.Length);
            foreach (byte[] word in busy.Words)
            {
                context.Reply.Bulk(word);
            }
            context.Reply.Bulk("duration_ms"u8);
            context.Reply.Integer((context.Server.Clock.MonotonicNs - busy.Run.StartedNs) / 1_000_000);
        }
        context.Reply.Bulk("engines"u8);
        context.Reply.Map(1);
        context.Reply.Bulk("LUA"u8);
        context.Reply.Map(2);
        context.Reply.Bulk("libraries_count"u8);
        context.Reply.Integer(context.Server.Functions.Count);
        context.Reply.Bulk("functions_count"u8);
        context.Reply.Integer(context.Server.Functions.FunctionCount);
    }

    private static void Kill(CommandContext context)
    {
        if (context.Dispatcher!.Scripts.Kill(isEval: false) is string problem)
        {
            context.Reply.Error(problem);
            return;
        }
        context.Reply.Ok();
    }

    private static void Help(CommandContext context) => context.ReplyHelp("FUNCTION",
    [
        "LOAD [REPLACE] <FUNCTION CODE>",
        "    Create a new library with the given library name and code.",
        "DELETE <LIBRARY NAME>",
        "    Delete the given library.",
        "LIST [LIBRARYNAME PATTERN] [WITHCODE]",
        "    Return general information on all the libraries:",
        "    * Library name",
        "    * The engine used to run the Library",
        "    * Functions list",
        "    * Library code (if WITHCODE is given)",
        "    It also possible to get only function that matches a pattern using LIBRARYNAME argument.",
        "STATS",
        "    Return information about the current function running:",
        "    * Function name",
        "    * Command used to run the function",
        "    * Duration in MS that the function is running",
        "    If no function is running, return nil",
        "    In addition, returns a list of available engines.",
        "KILL",
        "    Kill the current running function.",
        "FLUSH [ASYNC|SYNC]",
        "    Delete all the libraries.",
        "    When called without the optional mode argument, the behavior is determined by the",
        "    lazyfree-lazy-user-flush configuration directive. Valid modes are:",
        "    * ASYNC: Asynchronously flush the libraries.",
        "    * SYNC: Synchronously flush the libraries.",
        "DUMP",
        "    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command",
        "RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]",
        "    Restore the libraries represented by the given payload, it is possible to give a restore policy to",
        "    control how to handle existing libraries (default APPEND):",
        "    * FLUSH: delete all existing libraries.",
        "    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.",
        "    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old",
        "      libraries with the new libraries (notice that even on this option there is a chance of failure",
        "      in case of functions name collision with another library).",
    ]);
}
