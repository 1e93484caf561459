using Valkey.Turbo.Protocol;
using Valkey.Turbo.Scripting;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Scripting;

/// <summary>EVAL, EVALSHA, FCALL and their read-only twins.</summary>
internal static class EvalCommands
{
    private const CommandFlags Writing = NoScript | SkipMonitor | MayReplicate | NoMandatoryKeys | Stale | MovableKeys | RunsScript;
    private const CommandFlags Reading = NoScript | SkipMonitor | CommandFlags.ReadOnly | NoMandatoryKeys | Stale | MovableKeys | RunsScript;
    private const string OfScript = "Depends on the script that is executed.";
    private const string OfFunction = "Depends on the function that is executed.";
    private const string Rest = " numkeys:integer [key:key...] [arg:string...]";
    private const string NoScriptError = "NOSCRIPT No matching script.";

    private static readonly KeySpec s_written = KeySpec.Counted(2, 1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Update);
    private static readonly KeySpec s_read = KeySpec.Counted(2, 1, KeyFlags.RO | KeyFlags.Access);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("eval", -3, Writing, "scripting", "2.6.0", OfScript, "Runs a script of Lua.", Eval, s_written, "script:string" + Rest),
        CommandSpec.Define("eval_ro", -3, Reading, "scripting", "7.0.0", OfScript, "Runs a script of Lua that does not write.", Eval, s_read,
            "script:string" + Rest),
        CommandSpec.Define("evalsha", -3, Writing, "scripting", "2.6.0", OfScript, "Runs a script that is known by its digest.", EvalSha, s_written,
            "sha1:string" + Rest),
        CommandSpec.Define("evalsha_ro", -3, Reading, "scripting", "7.0.0", OfScript,
            "Runs a script that is known by its digest and does not write.", EvalSha, s_read, "sha1:string" + Rest),
        CommandSpec.Define("fcall", -3, Writing, "scripting", "7.0.0", OfFunction, "Calls a function.", CallFunction, s_written,
            "function:string" + Rest),
        CommandSpec.Define("fcall_ro", -3, Reading, "scripting", "7.0.0", OfFunction, "Calls a function that does not write.", CallFunction, s_read,
            "function:string" + Rest),
    ];

    /// <summary>Whether the first argument is the script itself.</summary>
    internal static bool TakesSource(CommandSpec spec) => spec.Run == Eval;

    /// <summary>Whether the first argument is a function's name.</summary>
    internal static bool CallsFunction(CommandSpec spec) => spec.Run == CallFunction;

    private static void Eval(CommandContext context)
    {
        if (Dispatcher.TryFinishScript(context))
        {
            return;
        }
        context.Dispatcher!.ShowFirst(context);
        if (!TryKeyCount(context, Errors.NotInteger, out int keyCount))
        {
            return;
        }
        ScriptDigest digest = ScriptDigest.Of(context.Argument(1));
        ScriptCache scripts = context.Dispatcher.Scripts.Scripts;
        if (!scripts.TryFind(digest, out Script? script)
            && scripts.Add(context.Argument(1), digest, stays: false, context.Worker.NowMonotonicNs, out script) is string problem)
        {
            context.Reply.Error($"ERR {problem}");
            return;
        }
        context.Dispatcher.RunScript(context, script!, keyCount, context.Command.Is(CommandFlags.ReadOnly));
    }

    private static void EvalSha(CommandContext context)
    {
        if (Dispatcher.TryFinishScript(context))
        {
            return;
        }
        context.Dispatcher!.ShowFirst(context);
        bool isDigest = ScriptDigest.TryParse(context.Argument(1), out ScriptDigest digest);
        if (context.Argument(1).Length != ScriptDigest.TextBytes)
        {
            context.Reply.Error(NoScriptError);
            return;
        }
        if (!TryKeyCount(context, Errors.NotInteger, out int keyCount))
        {
            return;
        }
        if (!isDigest || !context.Dispatcher.Scripts.Scripts.TryFind(digest, out Script? script))
        {
            context.Reply.Error(NoScriptError);
            return;
        }
        context.Dispatcher.RunScript(context, script, keyCount, context.Command.Is(CommandFlags.ReadOnly));
    }

    private static void CallFunction(CommandContext context)
    {
        if (Dispatcher.TryFinishScript(context))
        {
            return;
        }
        context.Dispatcher!.ShowFirst(context);
        if (context.Dispatcher.Scripts.FindFunction(context.Argument(1)) is not Function function)
        {
            context.Reply.Error("ERR Function not found");
            return;
        }
        if (TryKeyCount(context, "ERR Bad number of keys provided", out int keyCount))
        {
            context.Dispatcher.RunScript(context, function, keyCount, context.Command.Is(CommandFlags.ReadOnly));
        }
    }

    private static bool TryKeyCount(CommandContext context, string notNumber, out int count)
    {
        count = 0;
        if (!context.TryInteger(2, out long number, notNumber))
        {
            return false;
        }
        if (number > context.ArgumentCount - 3 || number < 0)
        {
            context.Reply.Error(number < 0 ? "ERR Number of keys can't be negative" : "ERR Number of keys can't be greater than number of args");
            return false;
        }
        count = (int)number;
        return true;
    }
}
