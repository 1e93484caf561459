using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Lua;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Scripting;

/// <summary>The functions that scripts find in <c>redis</c> and <c>server</c>.</summary>
internal static class ScriptApi
{
    private const int LogDebug = 0;
    private const int LogWarning = 3;
    private const int ReplicateAof = 1;
    private const int ReplicateReplicas = 2;
    private const double LargestExact = long.MaxValue / 2;
    private const long CallCost = 20;

    /// <summary>Fills the table of interpreters that run scripts or functions.</summary>
    internal static void Fill(LuaTable api, ScriptInterpreter interpreter)
    {
        Add(api, interpreter, "call", static (ref LuaCall call) => Call(ref call, raises: true));
        Add(api, interpreter, "pcall", static (ref LuaCall call) => Call(ref call, raises: false));
        FillLog(api, interpreter);
        FillVersions(api, interpreter);
        Add(api, interpreter, "setresp", SetResp);
        Add(api, interpreter, "sha1hex", Sha1Hex);
        Add(api, interpreter, "error_reply", ErrorReply);
        Add(api, interpreter, "status_reply", StatusReply);
        Add(api, interpreter, "set_repl", SetReplication);
        Add(api, interpreter, "acl_check_cmd", CheckCommand);
        Set(api, "REPL_NONE", 0);
        Set(api, "REPL_AOF", ReplicateAof);
        Set(api, "REPL_SLAVE", ReplicateReplicas);
        Set(api, "REPL_REPLICA", ReplicateReplicas);
        Set(api, "REPL_ALL", ReplicateAof | ReplicateReplicas);
    }

    /// <summary>Adds what only scripts of the cache have.</summary>
    internal static void FillEvalOnly(LuaTable api, ScriptInterpreter interpreter)
    {
        // There is no debugger at work: nothing stops, and nothing is shown.
        Add(api, interpreter, "breakpoint", static (ref LuaCall call) => call.Return(false));
        Add(api, interpreter, "debug", static (ref LuaCall call) => call.Return());
        Add(api, interpreter, "replicate_commands", static (ref LuaCall call) => call.Return(true));
    }

    /// <summary>Adds <c>log</c> and its levels.</summary>
    internal static void FillLog(LuaTable api, ScriptInterpreter interpreter)
    {
        Add(api, interpreter, "log", Log);
        Set(api, "LOG_DEBUG", LogDebug);
        Set(api, "LOG_VERBOSE", 1);
        Set(api, "LOG_NOTICE", 2);
        Set(api, "LOG_WARNING", LogWarning);
    }

    /// <summary>Adds the versions.</summary>
    internal static void FillVersions(LuaTable api, ScriptInterpreter interpreter)
    {
        Set(api, "REDIS_VERSION_NUM", NumberOf(VersionInfo.Redis));
        api[LuaString.Constant("REDIS_VERSION")] = LuaString.Constant(VersionInfo.Redis);
        Set(api, "VALKEY_VERSION_NUM", NumberOf(VersionInfo.Valkey));
        api[LuaString.Constant("VALKEY_VERSION")] = LuaString.Constant(VersionInfo.Valkey);
        api[LuaString.Constant("SERVER_NAME")] = LuaString.Constant(interpreter.ActsAsRedis ? "redis" : "valkey");
    }

    /// <summary>Adds a function.</summary>
    internal static void Add(LuaTable table, ScriptInterpreter interpreter, string name, LuaNativeFunction function) =>
        table[LuaString.Constant(name)] = interpreter.State.NewFunction(name, function, interpreter);

    private static void Set(LuaTable table, string name, double value) => table[LuaString.Constant(name)] = value;

    private static double NumberOf(string version)
    {
        string[] parts = version.Split('.');
        return parts.Aggregate(0, (sum, part) => sum << 8 | int.Parse(part, CultureInfo.InvariantCulture));
    }

    private static ScriptInterpreter Interpreter(ref LuaCall call) => (ScriptInterpreter)call.NativeState!;

    /// <summary>The table of an error that the API itself finds.</summary>
    private static LuaTable Error(ref LuaCall call, string text)
    {
        LuaTable error = call.State.NewTable(0, 4);
        error[Words.Error] = call.State.NewString("ERR " + text);
        return error;
    }

    internal static int Raise(ref LuaCall call, string text) => call.Raise(Error(ref call, text));

    private static int Call(ref LuaCall call, bool raises)
    {
        ScriptInterpreter interpreter = Interpreter(ref call);
        ScriptRun run = interpreter.Run!;
        if (ReadWords(ref call, interpreter.Request) is string problem)
        {
            LuaTable wrong = Error(ref call, problem);
            return raises ? call.Raise(wrong) : call.Return(wrong);
        }
        call.Spend(CallCost);
        LuaValue result;
        bool isError;
        switch (run.Caller.Call(run, interpreter.Request, out ReadOnlySpan<byte> reply))
        {
            case CallEnd.Stopped:
                return call.Suspend(Never.Instance);
            case CallEnd.Refused:
                result = ReplyReader.Error(call.State, reply);
                isError = true;
                break;
            default:
                ReplyReader reader = new(call.State, reply);
                isError = reader.IsError;
                result = reader.Read();
                break;
        }
        return isError && raises ? call.Raise(in result) : call.Return(in result);
    }

    /// <summary>Makes a request of the arguments.</summary>
    /// <returns>Null, or what is wrong with them.</returns>
    private static string? ReadWords(ref LuaCall call, OwnRequest request)
    {
        if (call.Count == 0)
        {
            return "Please specify at least one argument for this call";
        }
        Span<byte> digits = stackalloc byte[DoubleText.MaxBytes];
        request.Begin();
        for (int i = 1; i <= call.Count; i++)
        {
            LuaValue value = call[i];
            bool fits;
            if (value.AsString() is { } text)
            {
                fits = request.TryAdd(text.Span);
            }
            else if (value.TryGetNumber(out double number))
            {
                fits = request.TryAdd(digits[..Format(number, digits)]);
            }
            else
            {
                return "Command arguments must be strings or integers";
            }
            if (!fits)
            {
                return "Command arguments are too long";
            }
        }
        request.End();
        return null;
    }

    /// <summary>Numbers without a fraction are written as integers, where Lua itself would begin to lose digits.</summary>
    private static int Format(double number, Span<byte> digits)
    {
        if (number is >= -LargestExact and <= LargestExact && (long)number == number)
        {
            return Decimal64.Format((long)number, digits);
        }
        return DoubleText.FormatShortest(number, digits);
    }

    private static int Log(ref LuaCall call)
    {
        ScriptInterpreter interpreter = Interpreter(ref call);
        if (call.Count < 2)
        {
            return Raise(ref call, "server.log() requires two arguments or more.");
        }
        if (!call[1].TryToNumber(out double level))
        {
            return Raise(ref call, "First argument must be a number (log level).");
        }
        if ((int)level is < LogDebug or > LogWarning)
        {
            return Raise(ref call, "Invalid log level.");
        }
        StringBuilder line = new();
        for (int i = 2; i <= call.Count; i++)
        {
            if (call[i].AsString() is not null || call[i].IsNumber)
            {
                line.Append(line.Length > 0 ? " " : "").Append(call.State.ToLuaString(call[i]));
            }
        }
        interpreter.Log((int)level, line.ToString());
        return call.Return();
    }

    private static int SetResp(ref LuaCall call)
    {
        if (call.Count != 1)
        {
            return Raise(ref call, "server.setresp() requires one argument.");
        }
        call[1].TryToNumber(out double version);
        if ((int)version is not (2 or 3))
        {
            return Raise(ref call, "RESP version must be 2 or 3.");
        }
        Interpreter(ref call).Run!.IsResp3 = (int)version == 3;
        return call.Return();
    }

    private static int Sha1Hex(ref LuaCall call)
    {
        if (call.Count != 1)
        {
            return Raise(ref call, "wrong number of arguments");
        }
        LuaString text = call[1].AsString() ?? (call[1].IsNumber ? call.State.ToLuaString(call[1]) : LuaString.Empty);
        return call.Return(call.State.NewString(ScriptDigest.Of(text.Span).ToString()));
    }

    private static int ErrorReply(ref LuaCall call)
    {
        if (call.Count != 1 || call[1].AsString() is not { } given)
        {
            return call.Return(Error(ref call, "wrong number or type of arguments"));
        }
        ReadOnlySpan<byte> text = ReplyConversion.UpToNul(given.Span);
        text = text.StartsWith("-"u8) ? text[1..] : text;
        int space = text.IndexOf((byte)' ');
        LuaTable error = call.State.NewTable(0, 4);
        error[Words.Error] = space < 0
            ? call.State.NewString([.. "ERR "u8, .. text.Trim("\r\n"u8)])
            : call.State.NewString([.. text[..(space + 1)], .. text[(space + 1)..].Trim("\r\n"u8)]);
        return call.Return(error);
    }

    private static int StatusReply(ref LuaCall call)
    {
        if (call.Count != 1 || call[1].AsString() is not { } text)
        {
            return call.Return(Error(ref call, "wrong number or type of arguments"));
        }
        LuaTable status = call.State.NewTable(0, 1);
        status[Words.Ok] = text;
        return call.Return(status);
    }

    private static int SetReplication(ref LuaCall call)
    {
        if (call.Count != 1)
        {
            return Raise(ref call, "server.set_repl() requires one argument.");
        }
        call[1].TryToNumber(out double number);
        int targets = (int)number;
        if ((targets & ~(ReplicateAof | ReplicateReplicas)) != 0)
        {
            return Raise(ref call, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.");
        }
        Interpreter(ref call).Run!.IsJournalled = (targets & ReplicateAof) != 0;
        return call.Return();
    }

    private static int CheckCommand(ref LuaCall call)
    {
        ScriptInterpreter interpreter = Interpreter(ref call);
        if (ReadWords(ref call, interpreter.Request) is string problem)
        {
            return Raise(ref call, problem);
        }
        return interpreter.Run!.Caller.Knows(interpreter.Request)
            ? call.Return(true)
            : Raise(ref call, "Invalid command passed to server.acl_check_cmd()");
    }

    /// <summary>A script that was stopped does not go on.</summary>
    private sealed class Never : LuaContinuation
    {
        internal static readonly Never Instance = new();

        public override int Resume(ref LuaCall call) => call.Suspend(this);
    }
}
