using Valkey.Turbo.Lua.Compiler;

namespace Valkey.Turbo.Lua;

/// <summary>How a run of an interpreter ended.</summary>
public enum LuaRunStatus
{
    /// <summary>The function has returned; its results are there.</summary>
    Completed,

    /// <summary>The function has raised an error that nobody caught; it is there.</summary>
    Failed,

    /// <summary>The budget is used up: run again to go on.</summary>
    OutOfBudget,

    /// <summary>A function of the host waits for something: run again to let it go on.</summary>
    Suspended,

    /// <summary>A traced line begins: run again to go on.</summary>
    Line,
}

/// <summary>How an interpreter is set up.</summary>
public sealed class LuaOptions
{
    /// <summary>Bytes that may live at once.</summary>
    public long MemoryLimitBytes { get; init; } = long.MaxValue;
}

/// <summary>A line of a source, or -1 in what is no source of Lua.</summary>
/// <param name="Source">The name of the chunk, as it was given.</param>
/// <param name="Line">The line, counted from one.</param>
public readonly record struct SourceLine(LuaString Source, int Line);

/// <summary>An interpreter with its globals. It belongs to one thread at a time and runs one function at a time.</summary>
public sealed partial class LuaState
{
    /// <summary>The longest string there can be.</summary>
    public const int MaxStringBytes = int.MaxValue - 64;

    private readonly LuaHeap _heap;
    private readonly Interpreter _interpreter;

    /// <summary>An interpreter whose table of globals is empty.</summary>
    public LuaState(LuaOptions? options = null)
    {
        _heap = new LuaHeap((options ?? new LuaOptions()).MemoryLimitBytes);
        Globals = new LuaTable(_heap);
        Registry = new LuaTable(_heap);
        _interpreter = new Interpreter(this, _heap, Globals);
        _heap.Measure = () =>
        {
            long liveBytes = HeapMeasurement.Run(this, false);
            _interpreter.Budget -= liveBytes >> 6;
            return liveBytes;
        };
    }

    /// <summary>The globals of chunks that are loaded.</summary>
    public LuaTable Globals { get; private set; }

    /// <summary>A table that only the host sees.</summary>
    public LuaTable Registry { get; }

    /// <summary>The metatable that all strings have.</summary>
    public LuaTable? StringMetatable
    {
        get => _interpreter.StringMetatable;
        set => _interpreter.StringMetatable = value;
    }

    /// <summary>Bytes that live, as the last measurement found them, and what was made since.</summary>
    public long UsedBytes => _heap.UsedBytes;

    /// <summary>Bytes that may live at once.</summary>
    public long MemoryLimitBytes
    {
        get => _heap.LimitBytes;
        set => _heap.LimitBytes = value;
    }

    /// <summary>Whether <see cref="Run"/> is left at each line of chunks that were compiled for it.</summary>
    public bool TracesLines
    {
        get => _interpreter.TracesLines;
        set => _interpreter.TracesLines = value;
    }

    /// <summary>Whether <see cref="FailedTraceback"/> is kept.</summary>
    public bool KeepsTraceback { get; set; }

    /// <summary>The calls that were going on when the last run failed.</summary>
    public string? FailedTraceback => _interpreter.FailedTraceback;

    /// <summary>Where the last run failed.</summary>
    public SourceLine FailedAt => _interpreter.FailedAt;

    /// <summary>Where the function of Lua is that runs, or that has called the function of the host that runs.</summary>
    public SourceLine RunningAt => Interpreter.Locate(_interpreter.Current);

    /// <summary>What <c>pcall</c> gives for an error, if that is not the error itself.</summary>
    public Func<LuaValue, LuaValue>? ShowsCaughtError { get; set; }

    /// <summary>The error of the last run that failed.</summary>
    public LuaValue Error => _interpreter.Error;

    /// <summary>The results of the last run that completed.</summary>
    public ReadOnlySpan<LuaValue> Results => _interpreter.Main.Stack.AsSpan(0, _interpreter.ResultCount);

    /// <summary>The line at which the interpreter was left; zero if no function of Lua runs.</summary>
    public int CurrentLine
    {
        get
        {
            LuaThread thread = _interpreter.Current;
            for (int i = thread.FrameCount - 1; i >= 0; i--)
            {
                if (thread.Frames[i].Closure is not null)
                {
                    return Interpreter.CurrentLine(in thread.Frames[i]);
                }
            }
            return 0;
        }
    }

    /// <summary>Where <c>math.random</c> gets its numbers from.</summary>
    public LuaRandom Random { get; set; } = new LinearCongruentialRandom();

    /// <summary>What <c>os.clock</c> gives.</summary>
    public Func<double> CpuSeconds { get; set; } = static () => Environment.CpuUsage.TotalTime.TotalSeconds;

    internal LuaHeap Heap => _heap;

    internal Interpreter Interpreter => _interpreter;

    /// <summary>A function of a chunk, with this interpreter's globals.</summary>
    public LuaClosure Load(LuaChunk chunk) => Load(chunk, Globals);

    /// <summary>A function of a chunk, with globals of its own.</summary>
    public LuaClosure Load(LuaChunk chunk, LuaTable environment)
    {
        _heap.Charge(LuaClosure.OverheadBytes);
        return new LuaClosure(chunk.Main, environment, []);
    }

    /// <summary>Prepares a call, which <see cref="Run"/> then carries out; what was running before is forgotten.</summary>
    public void Start(LuaFunction function, params ReadOnlySpan<LuaValue> arguments) => _interpreter.Start(function, arguments);

    /// <summary>Runs what was started.</summary>
    /// <param name="budget">Instructions it may spend, about; natives that take long spend them as well.</param>
    public LuaRunStatus Run(long budget) => _interpreter.Run(budget) switch
    {
        Signal.Completed => LuaRunStatus.Completed,
        Signal.OutOfBudget => LuaRunStatus.OutOfBudget,
        Signal.Suspended => LuaRunStatus.Suspended,
        Signal.Line => LuaRunStatus.Line,
        _ => LuaRunStatus.Failed,
    };

    /// <summary>Ends what is running, whatever it is doing: nothing in it sees that. References to its values are dropped.</summary>
    public void Abort() => _interpreter.Reset();

    /// <summary>"chunk:line: " of the function of Lua that runs or was left.</summary>
    public string Position(int level = 0) => Interpreter.Position(_interpreter.Current, level);

    /// <summary>The calls that are going on.</summary>
    public string Traceback(int level = 0) => Interpreter.Traceback(_interpreter.Current, level);

    /// <summary>A table.</summary>
    public LuaTable NewTable(int arrayItems = 0, int fields = 0) => new(_heap, arrayItems, fields);

    /// <summary>A string of a copy of bytes.</summary>
    public LuaString NewString(ReadOnlySpan<byte> bytes) => _interpreter.NewString(bytes);

    /// <summary>A string whose characters are written as bytes.</summary>
    public LuaString NewString(string text) => _interpreter.Text(text);

    /// <summary>The text of a number.</summary>
    public LuaString NumberString(double value)
    {
        Span<byte> buffer = stackalloc byte[NumberText.MaxBytes];
        return _interpreter.NewString(buffer[..NumberText.Write(value, buffer)]);
    }

    /// <summary>The text of any value, without its metamethod.</summary>
    public LuaString ToLuaString(in LuaValue value) => value.Type switch
    {
        LuaType.String => value.AsString()!,
        LuaType.Number => NumberString(value.Number),
        LuaType.Boolean => value.IsTrue ? s_true : s_false,
        LuaType.Nil => LuaTypeNames.Strings[0],
        LuaType.Function => NewString($"function: 0x{value.AsFunction()!.Serial:x8}"),
        LuaType.Userdata when ReferenceEquals(value.Reference, LuaUserdata.Null) => NewString("userdata: (nil)"),
        _ => NewString($"{value.TypeName}: 0x{((LuaObject)value.Reference!).Serial:x8}"),
    };

    private static readonly LuaString s_true = LuaString.Constant("true");
    private static readonly LuaString s_false = LuaString.Constant("false");

    /// <summary>A function of the host.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="function">What it does.</param>
    /// <param name="state">What it is given to know.</param>
    public LuaNative NewFunction(string name, LuaNativeFunction function, object? state = null) =>
        NewFunction(name, function, state, NativeRole.Ordinary);

    /// <summary>Sets the metatable of a table or of an object of the host.</summary>
    public static void SetMetatable(LuaObject target, LuaTable? metatable)
    {
        switch (target)
        {
            case LuaTable table:
                table.Metatable = metatable;
                break;
            case LuaUserdata userdata:
                userdata.Metatable = metatable;
                break;
            default:
                throw new ArgumentException("only tables and objects of the host have metatables of their own", nameof(target));
        }
    }

    /// <summary>Makes a table, all tables in it, and their metatables read-only.</summary>
    public static void Protect(LuaTable table)
    {
        Stack<LuaTable> left = new([table]);
        while (left.TryPop(out LuaTable? next))
        {
            if (next.IsReadOnly)
            {
                continue;
            }
            next.IsReadOnly = true;
            int position = 0;
            while (next.NextAt(ref position, out _, out LuaValue value))
            {
                if (value.AsTable() is { } inner)
                {
                    left.Push(inner);
                }
            }
            if (next.Metatable is { } metatable)
            {
                left.Push(metatable);
            }
        }
    }

    /// <summary>Frees what can be freed and measures what lives; entries of weak tables whose objects are gone are removed.</summary>
    public void Collect() => Collect(int.MaxValue);

    internal void Collect(int top)
    {
        HeapMeasurement.Run(this, true, top);
        _heap.MeasureNow();
    }

    /// <summary>Compiles a chunk for this interpreter alone.</summary>
    /// <exception cref="LuaException">It is not Lua.</exception>
    internal LuaClosure Compile(byte[] source, LuaString name)
    {
        _heap.Charge(source.Length * 4L);
        Prototype main = LuaCompiler.CompileMain(source, name, false, _interpreter.Current.HostDepth);
        return new LuaClosure(main, Globals, []);
    }

    internal void SetGlobals(LuaTable globals) => Globals = globals;

    internal LuaNative NewFunction(string name, LuaNativeFunction function, object? state, NativeRole role)
    {
        _heap.Charge(LuaClosure.OverheadBytes);
        return new LuaNative(name, function, Globals, state, role);
    }
}
