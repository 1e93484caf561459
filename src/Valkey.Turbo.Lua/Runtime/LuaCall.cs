using System.Runtime.CompilerServices;

namespace Valkey.Turbo.Lua;

/// <summary>A call of a function of the host: its arguments, counted from one, and ways to end it.</summary>
/// <remarks>
/// A function ends with one of the methods that give an <see cref="int"/>, and returns that. Results that are pushed lie
/// above the arguments; results of a function that was called through <see cref="Invoke"/> are there until the next push.
/// </remarks>
public ref partial struct LuaCall
{
    private int _pushed;
    private int _pendingArguments;

    /// <summary>A call that has no frame.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal LuaCall(Interpreter interpreter, LuaThread thread, LuaNative native, int function, int count)
    {
        Interpreter = interpreter;
        Thread = thread;
        Native = native;
        Function = function;
        Count = count;
    }

    /// <summary>A call that goes on.</summary>
    internal LuaCall(Interpreter interpreter, LuaThread thread, LuaNative? native, in CallFrame frame)
    {
        Interpreter = interpreter;
        Thread = thread;
        Native = native;
        Function = frame.Function;
        Count = frame.Pc;
        _pushed = frame.Progress;
        ResultCount = frame.ResultCount;
        HasFrame = true;
    }

    /// <summary>The interpreter's state.</summary>
    public readonly LuaState State => Interpreter.State;

    /// <summary>What the host gave the function to know.</summary>
    public readonly object? NativeState => Native?.State;

    /// <summary>Count of arguments.</summary>
    public int Count { get; private set; }

    /// <summary>Count of results of the function that was called.</summary>
    public int ResultCount { get; }

    internal Interpreter Interpreter { get; }

    internal LuaThread Thread { get; }

    internal LuaNative? Native { get; }

    internal int Function { get; }

    internal bool HasFrame { get; }

    internal LuaContinuation? Continuation { get; private set; }

    internal LuaThread? Target { get; private set; }

    /// <summary>The first slot above the arguments and what was pushed.</summary>
    internal readonly int Top => Function + 1 + Count + _pushed;

    internal readonly int Pushed => _pushed;

    internal readonly int PendingArguments => _pendingArguments;

    /// <summary>The frame of who has called.</summary>
    internal readonly int CallerIndex => Thread.FrameCount - (HasFrame ? 2 : 1);

    /// <summary>An argument; nil if there is none.</summary>
    public readonly LuaValue this[int index] => index <= Count ? Thread.Stack[Function + index] : default;

    /// <summary>A result of the function that was called; nil if there is none.</summary>
    public readonly LuaValue Result(int index) => index <= ResultCount ? Thread.Stack[Top + index - 1] : default;

    /// <summary>Ends the call without results.</summary>
    public readonly int Return() => 0;

    /// <summary>Ends the call with one result.</summary>
    public readonly int Return(in LuaValue value)
    {
        Thread.Stack[Function] = value;
        return 1;
    }

    /// <summary>Ends the call with two results.</summary>
    public readonly int Return(LuaValue first, LuaValue second)
    {
        Thread.EnsureStack(Function + 2);
        Thread.Stack[Function] = first;
        Thread.Stack[Function + 1] = second;
        return 2;
    }

    /// <summary>Ends the call with the results that were pushed.</summary>
    public readonly int ReturnPushed() => ReturnPushed(_pushed);

    /// <summary>Ends the call with the last ones of the results that were pushed.</summary>
    public readonly int ReturnPushed(int count)
    {
        LuaValue[] stack = Thread.Stack;
        Array.Copy(stack, Top - count, stack, Function, count);
        return count;
    }

    /// <summary>Ends the call with its arguments from one on.</summary>
    public readonly int ReturnArguments(int from)
    {
        int count = Math.Max(Count - from + 1, 0);
        Array.Copy(Thread.Stack, Function + from, Thread.Stack, Function, count);
        return count;
    }

    /// <summary>Ends the call with its first argument.</summary>
    public readonly int ReturnFirst()
    {
        Thread.Stack[Function] = Thread.Stack[Function + 1];
        return 1;
    }

    /// <summary>Ends the call with the results of the function that was called, after one of its own.</summary>
    public readonly int ReturnResults(in LuaValue first)
    {
        LuaValue[] stack = Thread.Stack;
        Array.Copy(stack, Top, stack, Function + 1, ResultCount);
        stack[Function] = first;
        return ResultCount + 1;
    }

    /// <summary>Ends the call with the results of the function that was called.</summary>
    public readonly int ReturnResults()
    {
        Array.Copy(Thread.Stack, Top, Thread.Stack, Function, ResultCount);
        return ResultCount;
    }

    /// <summary>Adds a result.</summary>
    public void Push(in LuaValue value)
    {
        int top = Top;
        Thread.EnsureStack(top + 1);
        Thread.Stack[top] = value;
        _pushed++;
    }

    /// <summary>The result that was pushed last.</summary>
    internal readonly LuaValue LastPushed() => Thread.Stack[Top - 1];

    /// <summary>Makes the first argument that is missing one that is nil.</summary>
    internal void AddNilArgument()
    {
        Thread.EnsureStack(Function + Count + 2);
        Thread.Stack[Function + ++Count] = default;
    }

    /// <summary>Takes back the result that was pushed last.</summary>
    internal void Pop() => _pushed--;

    /// <summary>Changes the result that lies so many below the last one.</summary>
    internal readonly void SetPushed(int below, in LuaValue value) => Thread.Stack[Top - 1 - below] = value;

    /// <summary>Forgets what was pushed.</summary>
    public void ClearPushed() => _pushed = 0;

    /// <summary>Ends the call with an error of any value.</summary>
    public readonly int Raise(in LuaValue error)
    {
        Interpreter.SetError(in error);
        return NativeSignal.Error;
    }

    /// <summary>An error to throw, with the position of the function of Lua that has called.</summary>
    public readonly LuaException Error(string message) =>
        new((LuaValue)Interpreter.Text(Interpreter.PositionOf(Thread, CallerIndex) + message));

    /// <summary>Calls a function; the continuation gets its results.</summary>
    public int Invoke(in LuaValue function, scoped ReadOnlySpan<LuaValue> arguments, LuaContinuation continuation)
    {
        int top = Top;
        Thread.EnsureStack(top + 1 + arguments.Length);
        Thread.Stack[top] = function;
        arguments.CopyTo(Thread.Stack.AsSpan(top + 1));
        _pendingArguments = arguments.Length;
        Continuation = continuation;
        return NativeSignal.Call;
    }

    /// <summary>Leaves the interpreter until the host runs it again, then goes on with the continuation.</summary>
    public int Suspend(LuaContinuation continuation)
    {
        Continuation = continuation;
        return NativeSignal.Suspend;
    }

    /// <summary>Leaves the interpreter because the budget is used up; goes on with the continuation when there is a new one.</summary>
    public int Pause(LuaContinuation continuation)
    {
        Continuation = continuation;
        return NativeSignal.OutOfBudget;
    }

    /// <summary>Takes from the budget.</summary>
    /// <param name="steps">What the work is worth, in instructions.</param>
    /// <returns>Whether something is left.</returns>
    public readonly bool Spend(long steps) => (Interpreter.Budget -= steps) >= 0;

    /// <summary>Calls the function that is an argument, with the arguments behind it.</summary>
    internal int InvokeArguments(int index, int count, LuaContinuation continuation)
    {
        int top = Top;
        Thread.EnsureStack(top + count + 1);
        Array.Copy(Thread.Stack, Function + index, Thread.Stack, top, count + 1);
        _pendingArguments = count;
        Continuation = continuation;
        return NativeSignal.Call;
    }

    /// <summary>Calls the function that was pushed before its arguments, which are pushed as well.</summary>
    internal int InvokePushed(int arguments, LuaContinuation continuation)
    {
        _pushed -= arguments + 1;
        _pendingArguments = arguments;
        Continuation = continuation;
        return NativeSignal.Call;
    }

    /// <summary>Yields the arguments.</summary>
    internal int YieldArguments(LuaContinuation continuation)
    {
        int count = Count;
        Thread.EnsureStack(Top + count);
        Array.Copy(Thread.Stack, Function + 1, Thread.Stack, Top, count);
        _pendingArguments = count;
        Continuation = continuation;
        return NativeSignal.Yield;
    }

    /// <summary>Resumes a coroutine with the arguments from one on.</summary>
    internal int ResumeThread(LuaThread target, int from, LuaContinuation continuation)
    {
        int count = Math.Max(Count - from + 1, 0);
        int top = Top;
        Thread.EnsureStack(top + count);
        Array.Copy(Thread.Stack, Function + from, Thread.Stack, top, count);
        _pendingArguments = count;
        Target = target;
        Continuation = continuation;
        return NativeSignal.Resume;
    }
}
