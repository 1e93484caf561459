using System.Diagnostics;
using Valkey.Turbo.Lua;

namespace Valkey.Turbo.Scripting;

/// <summary>A function that a library's code has registered.</summary>
internal readonly record struct Registration(string Name, string? Description, ScriptFlags Flags, LuaFunction Callback);

/// <summary>An interpreter with the libraries whose functions it has called.</summary>
internal sealed class FunctionInterpreter : IDisposable
{
    private const long SliceInstructions = 100_000;
    private const int MostLoadMs = 500;

    private readonly ScriptInterpreter _interpreter;
    private readonly LuaTable _shell;
    private readonly LuaTable _shellMetatable;
    private readonly LuaTable _loadApi;
    private readonly Dictionary<CompiledLibrary, Dictionary<string, LuaFunction>> _libraries = [];
    private List<Registration>? _loading;

    internal FunctionInterpreter(ScriptEngine engine, LuaRandom random)
    {
        _interpreter = ScriptInterpreter.ForFunctions(engine, random);
        // What code sees while it is loaded: next to nothing. Later it sees everything, through the same table.
        _loadApi = State.NewTable(0, 2);
        LuaTable api = State.NewTable(0, 16);
        api[LuaString.Constant("register_function")] = State.NewFunction("register_function", Register, this);
        ScriptApi.FillLog(api, _interpreter);
        ScriptApi.FillVersions(api, _interpreter);
        _interpreter.RefuseUnknown(api);
        _loadApi[Words.Server] = api;
        _loadApi[Words.Redis] = api;
        _interpreter.RefuseUnknown(_loadApi);
        LuaState.Protect(_loadApi);
        _shell = State.NewTable();
        _shellMetatable = State.NewTable(0, 1);
        _shellMetatable[Words.Index] = State.Globals;
        LuaState.SetMetatable(_shell, _shellMetatable);
        _shell.IsReadOnly = _shellMetatable.IsReadOnly = true;
    }

    internal LuaState State => _interpreter.State;

    internal ScriptInterpreter Interpreter => _interpreter;

    /// <summary>Runs a library's code, which registers its functions.</summary>
    /// <param name="chunk">The code.</param>
    /// <param name="functions">They.</param>
    /// <returns>Null, or what went wrong.</returns>
    internal string? Load(LuaChunk chunk, out List<Registration> functions)
    {
        functions = _loading = [];
        _shellMetatable[Words.Index] = _loadApi;
        try
        {
            State.Start(State.Load(chunk, _shell));
            long startedAt = Stopwatch.GetTimestamp();
            LuaRunStatus status;
            while ((status = State.Run(SliceInstructions)) == LuaRunStatus.OutOfBudget)
            {
                if (Stopwatch.GetElapsedTime(startedAt).TotalMilliseconds > MostLoadMs)
                {
                    State.Abort();
                    return "Error registering functions: ERR FUNCTION LOAD timeout";
                }
            }
            return status == LuaRunStatus.Completed ? null : $"Error registering functions: {Describe(State.Error)}";
        }
        catch (LuaException error)
        {
            return $"Error registering functions: {Describe(error.Value)}";
        }
        finally
        {
            _loading = null;
            _shellMetatable[Words.Index] = State.Globals;
        }
    }

    /// <summary>The interpreter's own of a function; the library's code is run first if that has not been done.</summary>
    /// <returns>Null, or why there is none.</returns>
    internal string? Find(Function function, out LuaFunction? callback)
    {
        callback = null;
        if (!_libraries.TryGetValue(function.Library, out Dictionary<string, LuaFunction>? functions))
        {
            if (Load(function.Library.Chunk, out List<Registration> registered) is string problem)
            {
                return problem;
            }
            functions = [];
            registered.ForEach(one => functions[one.Name] = one.Callback);
            _libraries.Add(function.Library, functions);
        }
        return functions.TryGetValue(function.Name, out callback) ? null : "Function not found";
    }

    /// <summary>Forgets libraries that are gone.</summary>
    internal void ForgetRemoved()
    {
        foreach (CompiledLibrary library in _libraries.Keys.Where(library => library.IsRemoved).ToArray())
        {
            _libraries.Remove(library);
        }
    }

    public void Dispose() => _interpreter.Dispose();

    private string Describe(in LuaValue error) =>
        error.AsTable()?[Words.Error].AsString() is { } text ? text.ToString()
        : error.AsTable() is not null ? "ERR unknown error"
        : $"ERR {State.ToLuaString(in error)}";

    private static int Register(ref LuaCall call)
    {
        FunctionInterpreter self = (FunctionInterpreter)call.NativeState!;
        if (self._loading is not { } loading)
        {
            return ScriptApi.Raise(ref call, "server.register_function can only be called on FUNCTION LOAD command");
        }
        if (call.Count is < 1 or > 2)
        {
            return ScriptApi.Raise(ref call, "wrong number of arguments to server.register_function");
        }
        string? problem = call.Count == 1 ? ReadNamed(ref call, out Registration made) : ReadPlaced(ref call, out made);
        if (problem is not null)
        {
            return ScriptApi.Raise(ref call, problem);
        }
        loading.Add(made);
        return call.Return();
    }

    private static string? ReadPlaced(ref LuaCall call, out Registration made)
    {
        made = default;
        if (!IsText(call[1]))
        {
            return "first argument to server.register_function must be a string";
        }
        if (call[2].AsFunction() is not { } callback)
        {
            return "second argument to server.register_function must be a function";
        }
        made = new Registration(call.State.ToLuaString(call[1]).ToString(), null, ScriptFlags.None, callback);
        return null;
    }

    private static string? ReadNamed(ref LuaCall call, out Registration made)
    {
        made = default;
        if (call[1].AsTable() is not { } arguments)
        {
            return "calling server.register_function with a single argument is only applicable to Lua table (representing named arguments).";
        }
        string? name = null, description = null;
        LuaFunction? callback = null;
        ScriptFlags flags = ScriptFlags.None;
        for (LuaValue key = default; arguments.Next(in key, out key, out LuaValue value);)
        {
            if (!IsText(key))
            {
                return "named argument key given to server.register_function is not a string";
            }
            switch (call.State.ToLuaString(in key).ToString().ToLowerInvariant())
            {
                case "function_name" when IsText(value):
                    name = call.State.ToLuaString(in value).ToString();
                    break;
                case "function_name":
                    return "function_name argument given to server.register_function must be a string";
                case "description" when IsText(value):
                    description = call.State.ToLuaString(in value).ToString();
                    break;
                case "description":
                    return "description argument given to server.register_function must be a string";
                case "callback" when value.AsFunction() is { } function:
                    callback = function;
                    break;
                case "callback":
                    return "callback argument given to server.register_function must be a function";
                case "flags" when value.AsTable() is { } names:
                    if (!TryReadFlags(ref call, names, out flags))
                    {
                        return "unknown flag given";
                    }
                    break;
                case "flags":
                    return "flags argument to server.register_function must be a table representing function flags";
                default:
                    return "unknown argument given to server.register_function";
            }
        }
        if (name is null || callback is null)
        {
            return name is null
                ? "server.register_function must get a function name argument"
                : "server.register_function must get a callback argument";
        }
        made = new Registration(name, description, flags, callback);
        return null;
    }

    private static bool TryReadFlags(ref LuaCall call, LuaTable names, out ScriptFlags flags)
    {
        flags = ScriptFlags.None;
        for (int i = 1; !names[i].IsNil; i++)
        {
            if (!IsText(names[i])
                || !ScriptFlagNames.TryParse(call.State.ToLuaString(names[i]).ToString(), StringComparison.OrdinalIgnoreCase, out ScriptFlags flag))
            {
                return false;
            }
            flags |= flag;
        }
        return true;
    }

    private static bool IsText(in LuaValue value) => value.AsString() is not null || value.IsNumber;
}
