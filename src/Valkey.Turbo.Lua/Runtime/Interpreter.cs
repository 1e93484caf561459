using Valkey.Turbo.Lua.Libraries;

namespace Valkey.Turbo.Lua;

/// <summary>Executes functions. All its state is on the heap, so that it can be left and entered again.</summary>
internal sealed partial class Interpreter
{
    /// <summary>Calls that C's stack could hold in Lua 5.1: what a metamethod, a <c>pcall</c> or a coroutine lies in counts.</summary>
    private const int MaxHostDepth = 200;

    /// <summary>How far error handlers may go beyond.</summary>
    private const int MaxHandlerDepth = MaxHostDepth + (MaxHostDepth / 8) - 1;

    private LuaThread _current;

    /// <summary>Whether a function of the host runs.</summary>
    private bool _isNativeRunning;

    /// <summary>The error that is being raised.</summary>
    private LuaValue _error;

    internal Interpreter(LuaState state, LuaHeap heap, LuaTable globals)
    {
        State = state;
        Heap = heap;
        Main = new LuaThread(heap, globals) { Status = ThreadStatus.Running };
        _current = Main;
    }

    internal LuaState State { get; }

    internal LuaHeap Heap { get; }

    /// <summary>The coroutine that the host starts functions on.</summary>
    internal LuaThread Main { get; }

    /// <summary>The coroutine that runs.</summary>
    internal LuaThread Current => _current;

    /// <summary>The metatable of strings.</summary>
    internal LuaTable? StringMetatable { get; set; }

    /// <summary>What may still be spent; below zero the interpreter is left at the next occasion.</summary>
    internal long Budget { get; set; }

    /// <summary>Whether to leave at each line of chunks that were compiled for it.</summary>
    internal bool TracesLines { get; set; }

    /// <summary>The error that ended a run.</summary>
    internal LuaValue Error => _error;

    /// <summary>Results of a completed run: they begin at slot zero of the main coroutine.</summary>
    internal int ResultCount { get; private set; }

    /// <summary>Prepares a call on the main coroutine.</summary>
    internal void Start(in LuaValue function, ReadOnlySpan<LuaValue> arguments)
    {
        Reset();
        Main.EnsureStack(arguments.Length + 1);
        Main.Stack[0] = function;
        arguments.CopyTo(Main.Stack.AsSpan(1));
        Main.Top = arguments.Length + 1;
        _pendingStart = true;
    }

    private bool _pendingStart;

    /// <summary>Forgets whatever was running.</summary>
    internal void Reset()
    {
        _current = Main;
        Main.FrameCount = 0;
        Main.Status = ThreadStatus.Running;
        Main.HostDepth = 1;
        Main.ResumedDepth = 0;
        Main.ClearAbove(0);
        _isNativeRunning = false;
        _error = default;
        _pendingStart = false;
        ResultCount = 0;
    }

    /// <summary>Runs until the call is complete, fails, waits, or has spent its budget.</summary>
    internal Signal Run(long budget)
    {
        Budget = budget;
        Signal signal = Signal.Continue;
        while (signal is Signal.Continue or Signal.Error)
        {
            try
            {
                signal = signal == Signal.Error ? Raise() : Begin();
                signal = signal == Signal.Continue ? Execute() : signal;
            }
            catch (LuaException exception)
            {
                signal = Catch(exception);
            }
            catch (OutOfMemoryException)
            {
                signal = Catch(LuaException.OutOfMemory());
            }
            catch (InsufficientExecutionStackException)
            {
                signal = Catch(LuaException.AtRunningFunction("stack overflow"));
            }
            if (signal == Signal.Error && _current.FrameCount == 0 && ReferenceEquals(_current, Main))
            {
                return Signal.Error;
            }
        }
        return signal;
    }

    private Signal Begin()
    {
        if (!_pendingStart)
        {
            return Signal.Continue;
        }
        _pendingStart = false;
        return CallValue(Main, 0, Main.Top - 1, -1, FrameKind.Entry);
    }

    private Signal Catch(LuaException exception)
    {
        _error = exception.LacksPosition && !_isNativeRunning
            ? Position(_current, 0) is { Length: > 0 } position ? Text(position + exception.Value) : exception.Value
            : exception.Value;
        _isNativeRunning = false;
        return Signal.Error;
    }

    /// <summary>A string of the interpreter, each character a byte.</summary>
    internal LuaString Text(string text) => NewString(System.Text.Encoding.Latin1.GetBytes(text));

    /// <summary>A string that owns its bytes.</summary>
    internal LuaString NewString(byte[] bytes)
    {
        Heap.Charge(LuaString.OverheadBytes + bytes.Length);
        return new LuaString(bytes);
    }

    /// <summary>A string of a copy of bytes.</summary>
    internal LuaString NewString(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length == 0)
        {
            return LuaString.Empty;
        }
        Heap.Charge(LuaString.OverheadBytes + bytes.Length);
        return new LuaString(bytes);
    }

    private ByteBuilder? _spareBuilder;
    private PatternMatcher? _spareMatcher;

    /// <summary>A matcher; whoever is done with it may give it back.</summary>
    internal PatternMatcher TakeMatcher()
    {
        PatternMatcher matcher = _spareMatcher ?? new PatternMatcher();
        _spareMatcher = null;
        return matcher;
    }

    /// <summary>Keeps a matcher for the next who needs one.</summary>
    internal void GiveBack(PatternMatcher matcher)
    {
        matcher.Release();
        _spareMatcher = matcher;
    }

    /// <summary>A builder that is empty; whoever is done with it may give it back.</summary>
    internal ByteBuilder TakeBuilder()
    {
        ByteBuilder builder = _spareBuilder ?? new ByteBuilder(this);
        _spareBuilder = null;
        builder.Clear();
        return builder;
    }

    /// <summary>Keeps a builder for the next who needs one, unless it has become large.</summary>
    internal void GiveBack(ByteBuilder builder) => _spareBuilder = builder.IsSmall ? builder : null;

    private Cell NewCell(in LuaValue value)
    {
        Heap.Charge(Cell.HeapBytes);
        return new Cell { Value = value };
    }
}
