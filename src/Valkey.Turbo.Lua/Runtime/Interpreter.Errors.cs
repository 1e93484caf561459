using Valkey.Turbo.Lua.Compiler;
using static Valkey.Turbo.Lua.Compiler.Instruction;

namespace Valkey.Turbo.Lua;

/// <content>Raising errors and saying where they are from.</content>
internal sealed partial class Interpreter
{
    /// <summary>Raises an error with the position of the function that runs.</summary>
    private Signal Fail(string message) => Fail(message, _current.FrameCount - 1);

    private Signal Fail(string message, int frameIndex)
    {
        _error = Text(PositionOf(_current, frameIndex) + message);
        return Signal.Error;
    }

    /// <summary>Sets the error that a function of the host raises.</summary>
    internal void SetError(in LuaValue error) => _error = error;

    /// <summary>Looks for who catches the error: lets an error handler see it, or unwinds.</summary>
    private Signal Raise()
    {
        LuaThread thread = _current;
        int index = ProtectedFrame(thread);
        if (index < 0)
        {
            return LeaveThread(thread);
        }
        LuaValue handler = thread.Frames[index].Continuation!.ErrorHandler;
        if (handler.IsNil)
        {
            return UnwindToProtected(thread);
        }
        if (thread.HostDepth >= MaxHandlerDepth || ++_failedHandlers >= MaxHandlerDepth)
        {
            _error = s_errorInHandler;
            return UnwindToProtected(thread);
        }
        ref CallFrame top = ref thread.Frames[thread.FrameCount - 1];
        int function = Math.Max(top.Top, top.Closure is null ? 0 : thread.Top);
        thread.EnsureStack(function + 2);
        thread.Stack[function] = handler;
        thread.Stack[function + 1] = _error;
        if (handler.Reference is not LuaFunction)
        {
            _error = s_errorInHandler;
            return UnwindToProtected(thread);
        }
        return CallValue(thread, function, 1, 1, FrameKind.ErrorHandler);
    }

    /// <summary>Handlers that were called, and have not returned, since an error was caught last.</summary>
    private int _failedHandlers;

    private static readonly LuaString s_errorInHandler = LuaString.Constant("error in error handling");

    private static int ProtectedFrame(LuaThread thread)
    {
        for (int i = thread.FrameCount - 1; i >= 0; i--)
        {
            if (thread.Frames[i].Closure is null && thread.Frames[i].Continuation is { IsProtected: true })
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>Drops the frames above the one that catches errors and makes it return the error.</summary>
    private Signal UnwindToProtected(LuaThread thread)
    {
        _failedHandlers = 0;
        int index = ProtectedFrame(thread);
        DropFrames(thread, index + 1);
        return ReturnFailure(thread);
    }

    private static void DropFrames(LuaThread thread, int count)
    {
        while (thread.FrameCount > count)
        {
            ref CallFrame frame = ref thread.Frames[--thread.FrameCount];
            thread.HostDepth -= frame.Kind.IsHostCall() ? 1 : 0;
            frame.Continuation = null;
        }
    }

    /// <summary>Makes the frame on top return its mark of failure and the error.</summary>
    private Signal ReturnFailure(LuaThread thread)
    {
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        int function = frame.Function;
        thread.EnsureStack(function + 2);
        thread.Stack[function] = frame.Continuation!.FailureMark;
        thread.Stack[function + 1] = frame.Continuation.ShowFailure(State, in _error);
        _error = default;
        return ReturnFrom(thread, function, 2);
    }

    /// <summary>Nobody in a coroutine catches the error: it dies, and whoever has resumed it gets the error.</summary>
    private Signal LeaveThread(LuaThread thread)
    {
        if (ReferenceEquals(thread, Main))
        {
            FailedTraceback = State.KeepsTraceback ? Traceback(thread, 0) : null;
            FailedAt = Locate(thread);
            thread.FrameCount = 0;
            return Signal.Error;
        }
        thread.Status = ThreadStatus.Dead;
        thread.FrameCount = 0;
        thread.ClearAbove(0);
        LuaThread resumer = thread.Resumer!;
        thread.Resumer = null;
        resumer.Status = ThreadStatus.Running;
        _current = resumer;
        return FailResume(resumer);
    }

    /// <summary>Where the last run failed.</summary>
    internal SourceLine FailedAt { get; private set; }

    /// <summary>Where the function of Lua is that runs, or that has called the function of the host that runs.</summary>
    internal static SourceLine Locate(LuaThread thread)
    {
        int index = thread.FrameCount - 1;
        index -= index > 0 && thread.Frames[index].Closure is null ? 1 : 0;
        return index >= 0 && thread.Frames[index].Closure is { } closure
            ? new SourceLine(closure.Prototype.Source, CurrentLine(in thread.Frames[index]))
            : new SourceLine(s_hostSource, -1);
    }

    private static readonly LuaString s_hostSource = LuaString.Constant("=[C]");

    /// <summary>Where the frames were when the last run failed.</summary>
    internal string? FailedTraceback { get; private set; }

    /// <summary>"chunk:line: " of a level of calls; nothing if it is not one of Lua.</summary>
    /// <param name="thread">The coroutine.</param>
    /// <param name="level">Zero for the frame on top.</param>
    internal static string Position(LuaThread thread, int level) =>
        FindLevel(thread, thread.FrameCount - 1, level, out int index) ? PositionOf(thread, index) : "";

    /// <summary>Goes down the frames; calls that were replaced by tail calls count as levels, but have no frame.</summary>
    internal static bool FindLevel(LuaThread thread, int top, int level, out int index)
    {
        for (index = top; index >= 0; index--)
        {
            if (level == 0)
            {
                return true;
            }
            level--;
            level -= thread.Frames[index].Closure is null ? 0 : thread.Frames[index].TailCalls;
            if (level < 0)
            {
                index = -1;
                return true;
            }
        }
        return false;
    }

    internal static string PositionOf(LuaThread thread, int index)
    {
        if (index < 0 || index >= thread.FrameCount || thread.Frames[index].Closure is not { } closure)
        {
            return "";
        }
        return $"{closure.Prototype.Chunk}:{CurrentLine(in thread.Frames[index])}: ";
    }

    internal static int CurrentLine(in CallFrame frame) => frame.Closure!.Prototype.Lines[Math.Max(frame.Pc - 1, 0)];

    /// <summary>What the instruction that runs calls the content of a register.</summary>
    private static OperandName? NameAt(in CallFrame frame, int register)
    {
        OperandName[] names = frame.Closure!.Prototype.OperandNames;
        int pc = frame.Pc - 1;
        int low = 0;
        int high = names.Length;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (names[middle].Pc < pc)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }
        for (; low < names.Length && names[low].Pc == pc; low++)
        {
            if (names[low].Register == register)
            {
                return names[low];
            }
        }
        return null;
    }

    private static string KindName(NameKind kind) => kind switch
    {
        NameKind.Local => "local",
        NameKind.Global => "global",
        NameKind.Field => "field",
        NameKind.Upvalue => "upvalue",
        _ => "method",
    };

    /// <summary>The error of an operation on a value of the wrong type, which lies in a register of the frame on top.</summary>
    private LuaException TypeError(LuaThread thread, string operation, int register, in LuaValue value)
    {
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        string described = frame.Closure is not null && register >= 0 && NameAt(in frame, register) is { } name
            ? $"{KindName(name.Kind)} '{name.Name}' (a {value.TypeName} value)"
            : $"a {value.TypeName} value";
        return LuaException.AtRunningFunction($"attempt to {operation} {described}");
    }

    private LuaException CannotCall(LuaThread thread, int function)
    {
        int register = -1;
        if (thread.FrameCount > 0 && thread.Frames[thread.FrameCount - 1] is { Closure: not null } frame
            && Operation(frame.Closure.Prototype.Code[Math.Max(frame.Pc - 1, 0)]) is Opcode.Call or Opcode.TailCall)
        {
            register = function - frame.Base;
        }
        LuaValue value = thread.Stack[function];
        return thread.FrameCount == 0
            ? LuaException.AtRunningFunction($"attempt to call a {value.TypeName} value")
            : TypeError(thread, "call", register, in value);
    }

    /// <summary>The name under which a frame of Lua calls the function that runs.</summary>
    internal static OperandName? CalledName(LuaThread thread, int callerIndex)
    {
        if (callerIndex < 0 || callerIndex >= thread.FrameCount || thread.Frames[callerIndex].Closure is not { } closure)
        {
            return null;
        }
        ref CallFrame frame = ref thread.Frames[callerIndex];
        ulong instruction = closure.Prototype.Code[Math.Max(frame.Pc - 1, 0)];
        return Operation(instruction) switch
        {
            Opcode.Call or Opcode.TailCall => NameAt(in frame, A(instruction)),
            Opcode.ForEach => new OperandName(0, 0, NameKind.Local, s_generator),
            _ => null,
        };
    }

    private static readonly LuaString s_generator = LuaString.Constant("(for generator)");
}
