using Valkey.Turbo.Engine;
using Valkey.Turbo.Lua;

namespace Valkey.Turbo.Scripting;

/// <summary>The scripts and functions of a server: what all threads share, and each thread's interpreters.</summary>
public sealed class ScriptEngine : ILibraryCompiler
{
    private static readonly LuaString s_functionChunk = LuaString.Constant("@user_function");

    private readonly ServerInstance _server;
    private readonly ThreadScripts?[] _threads;
    private const long MostThresholdMs = 1L << 40;

    private readonly Lock _busyLock = new();
    private volatile BusyScript[] _busy = [];
    // Runs the code of libraries that are loaded, which happens under all shards.
    private FunctionInterpreter? _loader;

    private ScriptEngine(ServerInstance server)
    {
        _server = server;
        _threads = new ThreadScripts?[server.Workers.Length];
        Scripts = new ScriptCache(server.Workers.Length);
        MemoryLimitBytes = Math.Max(64L << 20, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2);
    }

    /// <summary>The scripts that are known by their digests.</summary>
    public ScriptCache Scripts { get; }

    /// <summary>Bytes that the interpreters of scripts hold.</summary>
    public long EvalBytes => _threads.Sum(thread => thread?.EvalBytes ?? 0);

    /// <summary>Bytes that the interpreters of functions hold, and the compiled libraries.</summary>
    public long FunctionBytes => _threads.Sum(thread => thread?.FunctionBytes ?? 0) + Catalog.CodeBytes;

    /// <summary>Bytes of what is known of functions, their code included.</summary>
    public long FunctionOverheadBytes => _server.Functions.CodeBytes + _server.Functions.FunctionCount * 256L;

    /// <summary>Bytes that scripts and functions take beside the interpreters.</summary>
    public long OverheadBytes => Scripts.OverheadBytes + FunctionOverheadBytes;

    internal long MemoryLimitBytes { get; }

    internal bool AllowsInsecureApi => _server.Config.AllowsInsecureLua.IsSet;

    internal bool ActsAsRedis => _server.Config.ActsAsRedis.IsSet;

    /// <summary>The functions that can be called.</summary>
    internal FunctionCatalog Catalog { get; } = new();

    /// <summary>The server's; made by who asks first, which is before there are threads.</summary>
    public static ScriptEngine Of(ServerInstance server)
    {
        if (server.Functions.Compiler is not ScriptEngine engine)
        {
            server.Functions.Compiler = engine = new ScriptEngine(server);
        }
        return engine;
    }

    /// <summary>The scripts of a thread, for that thread.</summary>
    public ThreadScripts For(Worker worker) => _threads[worker.Thread] ??= new ThreadScripts(this, worker);

    /// <summary>Finds a function by its name, in any case.</summary>
    public Function? FindFunction(ReadOnlySpan<byte> name) => Catalog.Find(name);

    /// <inheritdoc/>
    public string? Compile(ReadOnlySpan<byte> code, out ICompiledLibrary compiled)
    {
        compiled = null!;
        ReadOnlySpan<byte> body = ReplyConversion.UpToNul(code[code.IndexOf((byte)'\n')..]);
        LuaChunk chunk;
        try
        {
            chunk = LuaCompiler.Compile(body, s_functionChunk);
        }
        catch (LuaException error)
        {
            return $"Error compiling function: {error.Value}";
        }
        _loader ??= new FunctionInterpreter(this, new LinearCongruentialRandom());
        if (_loader.Load(chunk, out List<Registration> registered) is string problem)
        {
            return problem;
        }
        HashSet<string> names = [];
        foreach (Registration one in registered)
        {
            if (one.Name.Length == 0 || !one.Name.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter == '_'))
            {
                return "Function names can only contain letters, numbers, or underscores(_) and must be at least one character long";
            }
            if (!names.Add(one.Name))
            {
                return "Function already exists in the library";
            }
        }
        if (registered.Count == 0)
        {
            return "No functions registered";
        }
        compiled = new CompiledLibrary(chunk, [.. registered.Select(one => new Function(one.Name, one.Description, one.Flags))]);
        return null;
    }

    /// <inheritdoc/>
    public void Link(ICompiledLibrary library) => Catalog.Add((CompiledLibrary)library);

    /// <inheritdoc/>
    public void Unlink(ICompiledLibrary library) => Catalog.Remove((CompiledLibrary)library);

    /// <inheritdoc/>
    public void UnlinkAll()
    {
        Catalog.Clear();
        _loader = null;
    }

    /// <summary>The time, on the monotonic clock.</summary>
    internal long NowNs => _server.Clock.MonotonicNs;

    /// <summary>When a run is to be left, so that its thread serves others: never, if it may not be.</summary>
    internal long SuspensionNs(ScriptRun run)
    {
        long thresholdMs = _server.Config.BusyReplyThresholdMs.Number;
        return run.MayBeSuspended && thresholdMs is > 0 and < MostThresholdMs ? run.StartedNs + thresholdMs * 1_000_000 : long.MaxValue;
    }

    /// <summary>The scripts that have run for so long that others are told so.</summary>
    public IReadOnlyList<BusyScript> Busy => _busy;

    /// <summary>Whether there are any.</summary>
    public bool IsBusy => _busy.Length > 0;

    /// <summary>Notes that a script has run for long, and tells everybody.</summary>
    public void Add(BusyScript script)
    {
        lock (_busyLock)
        {
            _busy = [.. _busy, script];
        }
        string command = script.Run.IsEval ? "SCRIPT KILL" : "FUNCTION KILL";
        _server.LogWarning?.Invoke($"Slow script detected: still in execution after {(NowNs - script.Run.StartedNs) / 1_000_000} milliseconds. "
            + $"You can try killing the script using the {command} command. Script name is: {script.Run.Runnable.Name}.");
        _server.WakeAll();
    }

    /// <summary>Notes that it is over.</summary>
    public void Remove(BusyScript script)
    {
        lock (_busyLock)
        {
            _busy = [.. _busy.Where(other => other != script)];
        }
    }

    /// <summary>What others are told while a script runs for long.</summary>
    public string BusyError(BusyScript script) => $"BUSY {(ActsAsRedis ? "Redis" : "Valkey")} is busy running a script. "
        + $"You can only call {(script.Run.IsEval ? "SCRIPT" : "FUNCTION")} KILL or SHUTDOWN NOSAVE.";

    /// <summary>Ends the scripts, or the functions, that have run for long.</summary>
    /// <returns>Null, or why that can't be done.</returns>
    public string? Kill(bool isEval)
    {
        BusyScript[] busy = _busy;
        if (busy.Length == 0)
        {
            return "NOTBUSY No scripts in execution right now.";
        }
        BusyScript? found = Array.Find(busy, script => script.Run.IsEval == isEval && !script.Run.HasWritten);
        if (found is not null)
        {
            found.Run.Kill();
            return null;
        }
        return Array.Exists(busy, script => script.Run.HasWritten)
            ? "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination "
                + "or kill the server in a hard way using the SHUTDOWN NOSAVE command."
            : BusyError(busy[0]);
    }

    /// <summary>Writes a line to the server's log; the level counts from debug to warning.</summary>
    internal void Log(int level, string text)
    {
        Action<string>? log = level == 3 ? _server.LogWarning : _server.LogNotice;
        bool isWanted = level >= 2 || Enum.TryParse(_server.Config.LogLevel.Choice, ignoreCase: true, out LogDetail detail) && level >= (int)detail;
        if (isWanted)
        {
            log?.Invoke($"<lua> {text}");
        }
    }

    private enum LogDetail
    {
        Debug,
        Verbose,
        Notice,
        Warning,
        Nothing,
    }
}
