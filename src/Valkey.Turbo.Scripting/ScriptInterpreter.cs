using Valkey.Turbo.Lua;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Scripting;

/// <summary>How a run has ended.</summary>
internal enum RunEnd
{
    Completed,
    Failed,
    Stopped,

    /// <summary>It has run for long and goes on later.</summary>
    Suspended,
}

/// <summary>An interpreter as a thread has one for scripts and one for functions: its globals are protected, and commands can be called.</summary>
internal sealed class ScriptInterpreter : IDisposable
{
    /// <summary>Instructions between two looks at whether the script is to end; well under a millisecond.</summary>
    private const long SliceInstructions = 100_000;

    private static readonly string[] s_insecure = ["newproxy", "setfenv", "getfenv"];

    private readonly ScriptEngine _engine;

    private ScriptInterpreter(ScriptEngine engine, LuaRandom random)
    {
        _engine = engine;
        State = new LuaState(new LuaOptions { MemoryLimitBytes = engine.MemoryLimitBytes }) { Random = random, ShowsCaughtError = TextOf };
        LuaLibraries.OpenAll(State);
        if (!engine.AllowsInsecureApi)
        {
            foreach (string name in s_insecure)
            {
                State.Globals[LuaString.Constant(name)] = default;
            }
        }
        Api = State.NewTable(0, 32);
        ScriptApi.Fill(Api, this);
        State.Globals[Words.Server] = Api;
        State.Globals[Words.Redis] = Api;
    }

    /// <summary>The interpreter.</summary>
    internal LuaState State { get; }

    /// <summary>The table <c>redis</c>.</summary>
    internal LuaTable Api { get; }

    /// <summary>What runs, or null.</summary>
    internal ScriptRun? Run { get; private set; }

    /// <summary>The command that is being called.</summary>
    internal OwnRequest Request { get; } = new();

    internal bool ActsAsRedis => _engine.ActsAsRedis;

    /// <summary>An interpreter for scripts of the cache.</summary>
    internal static ScriptInterpreter ForScripts(ScriptEngine engine, LuaRandom random)
    {
        ScriptInterpreter made = new(engine, random);
        ScriptApi.FillEvalOnly(made.Api, made);
        ScriptApi.Add(made.State.Globals, made, "__server__err__handler", HandleError);
        made.State.Globals[LuaString.Constant("__redis__err__handler")] = made.State.Globals[LuaString.Constant("__server__err__handler")];
        made.ProtectGlobals();
        return made;
    }

    /// <summary>An interpreter for functions.</summary>
    internal static ScriptInterpreter ForFunctions(ScriptEngine engine, LuaRandom random)
    {
        ScriptInterpreter made = new(engine, random);
        made.ProtectGlobals();
        return made;
    }

    /// <summary>Gives a table an error for whatever it lacks.</summary>
    internal void RefuseUnknown(LuaTable table)
    {
        LuaTable metatable = State.NewTable(0, 1);
        metatable[Words.Index] = State.NewFunction("__index", static (ref LuaCall call) => throw call.Error(
            call[2].AsString() is null && !call[2].IsNumber
                ? "Second argument to luaProtectedTableError must be a string or number"
                : $"Script attempted to access nonexistent global variable '{call.State.ToLuaString(call[2])}'"));
        LuaState.SetMetatable(table, metatable);
    }

    /// <summary>Runs a function to its end, whatever that is.</summary>
    internal RunEnd Execute(LuaFunction function, ReadOnlySpan<LuaValue> arguments, ScriptRun run)
    {
        State.Start(function, arguments);
        return Continue(run, _engine.SuspensionNs(run));
    }

    /// <summary>Goes on with what was suspended, until a time.</summary>
    internal RunEnd Continue(ScriptRun run, long endNs)
    {
        Run = run;
        try
        {
            while (true)
            {
                switch (State.Run(SliceInstructions))
                {
                    case LuaRunStatus.Completed:
                        run.IsCompleted = true;
                        return RunEnd.Completed;
                    case LuaRunStatus.Failed:
                        return RunEnd.Failed;
                    case LuaRunStatus.OutOfBudget when run.IsKilled:
                        run.Stop = StopReason.Killed;
                        return RunEnd.Stopped;
                    case LuaRunStatus.OutOfBudget when _engine.NowNs >= endNs:
                        return RunEnd.Suspended;
                    case LuaRunStatus.OutOfBudget:
                        break;
                    default:
                        return RunEnd.Stopped;
                }
            }
        }
        finally
        {
            Run = null;
        }
    }

    /// <summary>Writes a line to the server's log.</summary>
    internal void Log(int level, string text)
    {
        if (Run is not null)
        {
            // A line that is written twice would show that a script was begun twice.
            Run.HasEffects = true;
        }
        _engine.Log(level, text);
    }

    public void Dispose() => Request.Dispose();

    private void ProtectGlobals()
    {
        RefuseUnknown(State.Globals);
        LuaState.Protect(State.Globals);
        if (State.StringMetatable is { } metatable)
        {
            LuaState.Protect(metatable);
        }
    }

    /// <summary>Error tables are texts to those who catch them, as all errors once were.</summary>
    private static LuaValue TextOf(LuaValue error) =>
        error.AsTable()?[Words.Error] is { } text && (text.AsString() is not null || text.IsNumber) ? text : error;

    private static int HandleError(ref LuaCall call) => call.Return(Describe(call.State, call[1], call.State.RunningAt));

    /// <summary>The table of an error that says where it happened.</summary>
    internal static LuaTable Describe(LuaState state, in LuaValue error, SourceLine place)
    {
        LuaTable? table = error.AsTable();
        if (table is null)
        {
            table = state.NewTable(0, 4);
            table[Words.Error] = state.NewString([.. "ERR "u8, .. state.ToLuaString(in error).Span]);
        }
        table[Words.Source] = place.Source;
        table[Words.Line] = (double)place.Line;
        return table;
    }
}
