using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Lua;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Scripting;

/// <summary>The interpreters of one thread, made when it runs its first script or function. Used by that thread only.</summary>
public sealed class ThreadScripts
{
    private readonly ScriptEngine _engine;
    private readonly Worker _worker;
    private readonly ReplyConversion _conversion = new();
    private readonly LinearCongruentialRandom _random = new();
    private ScriptInterpreter? _scripts;
    private FunctionInterpreter? _functions;
    private int _functionGeneration;
    private int _removedCount;
    private int _scriptGeneration;

    internal ThreadScripts(ScriptEngine engine, Worker worker)
    {
        _engine = engine;
        _worker = worker;
    }

    /// <summary>The run that goes on, or the last one.</summary>
    public ScriptRun Run { get; private set; } = new();

    internal long EvalBytes => _scripts?.State.UsedBytes ?? 0;

    internal long FunctionBytes => _functions?.State.UsedBytes ?? 0;

    /// <summary>Runs what <see cref="Run"/> was begun for, and replies what came of it.</summary>
    /// <param name="words">The request, from which keys and arguments are taken.</param>
    /// <param name="request">Which of the batch it is.</param>
    /// <param name="keyCount">How many keys stand behind the first three words.</param>
    /// <param name="reply">Where to.</param>
    public ScriptEnd Execute(RequestBatch words, int request, int keyCount, ReplyWriter reply)
    {
        try
        {
            return Run.Runnable is Script script
                ? ExecuteScript(script, words, request, keyCount, reply)
                : ExecuteFunction((Function)Run.Runnable, words, request, keyCount, reply);
        }
        catch (LuaException error)
        {
            // There was no memory left for keys, arguments or the error itself.
            reply.Error($"ERR {error.Value}");
            return ScriptEnd.Replied;
        }
    }

    private ScriptEnd ExecuteScript(Script script, RequestBatch words, int request, int keyCount, ReplyWriter reply)
    {
        int generation = _engine.Scripts.Generation;
        if (_scripts is null || _scriptGeneration != generation)
        {
            _scripts?.Dispose();
            (_scripts, _scriptGeneration) = (ScriptInterpreter.ForScripts(_engine, _random), generation);
        }
        LuaState state = _scripts.State;
        state.Globals[Words.Keys] = Table(state, words, request, 3, keyCount);
        state.Globals[Words.Arguments] = Table(state, words, request, 3 + keyCount, words.ArgumentCount(request) - 3 - keyCount);
        script.NoteUse(_worker.Thread, _worker.NowMonotonicNs);
        return Finish(_scripts, _scripts.Execute(state.Load(script.Chunk), [], Run), reply);
    }

    private ScriptEnd ExecuteFunction(Function function, RequestBatch words, int request, int keyCount, ReplyWriter reply)
    {
        FunctionCatalog catalog = _engine.Catalog;
        if (_functions is null || _functionGeneration != catalog.Generation)
        {
            _functions?.Dispose();
            _functions = new FunctionInterpreter(_engine, _random);
            _functionGeneration = catalog.Generation;
        }
        if (_removedCount != catalog.RemovedCount)
        {
            _functions.ForgetRemoved();
            _removedCount = catalog.RemovedCount;
        }
        if (_functions.Find(function, out LuaFunction? callback) is string problem)
        {
            reply.Error($"ERR {problem}");
            return ScriptEnd.Replied;
        }
        LuaState state = _functions.State;
        LuaTable keys = Table(state, words, request, 3, keyCount);
        LuaTable arguments = Table(state, words, request, 3 + keyCount, words.ArgumentCount(request) - 3 - keyCount);
        return Finish(_functions.Interpreter, _functions.Interpreter.Execute(callback!, [keys, arguments], Run), reply);
    }

    private ScriptEnd Finish(ScriptInterpreter interpreter, RunEnd end, ReplyWriter reply) =>
        end == RunEnd.Suspended ? ScriptEnd.Suspended
        : Reply(interpreter, Run, end, _conversion, reply) ? ScriptEnd.Replied : ScriptEnd.IsToBeRepeated;

    /// <summary>Gives what is suspended away; the thread gets another interpreter for its next script.</summary>
    public SuspendedRun Suspend()
    {
        SuspendedRun suspended = new(Run, Run.IsEval ? _scripts! : _functions!.Interpreter);
        if (Run.IsEval)
        {
            _scripts = null;
        }
        else
        {
            _functions = null;
        }
        Run = new ScriptRun();
        return suspended;
    }

    /// <summary>Replies what came of a run; false if it is to be repeated.</summary>
    internal static bool Reply(ScriptInterpreter interpreter, ScriptRun run, RunEnd end, ReplyConversion conversion, ReplyWriter reply)
    {
        LuaState state = interpreter.State;
        switch (end)
        {
            case RunEnd.Completed:
                LuaValue result = state.Results.Length > 0 ? state.Results[0] : default;
                conversion.Write(in result, run.IsResp3, reply);
                state.Abort();
                return true;
            case RunEnd.Failed:
                LuaTable error = ScriptInterpreter.Describe(state, state.Error, state.FailedAt);
                LuaValue text = error[Words.Error];
                bool hasText = text.AsString() is not null || text.IsNumber;
                ReplyConversion.WriteError(
                    error, hasText ? state.ToLuaString(in text) : state.NewString("ERR unknown error"), reply, Suffix(state.FailedAt));
                return true;
        }
        SourceLine place = state.RunningAt;
        state.Abort();
        switch (run.Stop)
        {
            case StopReason.NeedsAllShards:
                return false;
            case StopReason.Killed:
                reply.Error($"ERR Script killed by user with {(run.IsEval ? "SCRIPT" : "FUNCTION")} KILL.{Suffix(place)}");
                return true;
            default:
                reply.Error("ERR The script touches a key that it has not declared, and that was not to be had after it had written. "
                    + $"What it has written stays. Declare all keys that scripts touch.{Suffix(place)}");
                return true;
        }
    }

    private static string Suffix(SourceLine place) => $" script: on {place.Source}:{place.Line}.";

    private static LuaTable Table(LuaState state, RequestBatch words, int request, int first, int count)
    {
        LuaTable table = state.NewTable(count);
        for (int i = 0; i < count; i++)
        {
            table[i + 1] = state.NewString(words.Argument(request, first + i));
        }
        return table;
    }
}
