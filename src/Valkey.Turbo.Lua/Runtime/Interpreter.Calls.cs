using System.Runtime.CompilerServices;
using Valkey.Turbo.Lua.Compiler;

namespace Valkey.Turbo.Lua;

/// <content>Calling and returning.</content>
internal sealed partial class Interpreter
{
    private static readonly LuaString s_countField = LuaString.Constant("n");

    /// <summary>Calls whatever lies on the stack, its arguments above it.</summary>
    /// <param name="thread">The coroutine.</param>
    /// <param name="function">The slot of the function.</param>
    /// <param name="arguments">Count of arguments.</param>
    /// <param name="wanted">Results wanted; -1 for all.</param>
    /// <param name="kind">What happens with the results.</param>
    private Signal CallValue(LuaThread thread, int function, int arguments, int wanted, FrameKind kind)
    {
        object? callee = thread.Stack[function].Reference;
        if (callee is not LuaFunction)
        {
            callee = InsertCallEvent(thread, function, arguments);
            arguments++;
        }
        if (kind.IsHostCall() && thread.HostDepth >= MaxHostDepth - 1 && kind != FrameKind.ErrorHandler)
        {
            return Fail("C stack overflow");
        }
        if (callee is LuaClosure closure)
        {
            EnterClosure(thread, closure, function, arguments, wanted, kind);
            return Signal.Continue;
        }
        LuaNative native = (LuaNative)callee;
        LuaCall call = new(this, thread, native, function, arguments);
        _isNativeRunning = true;
        int results = native.Function(ref call);
        _isNativeRunning = false;
        return results >= 0
            ? Deliver(thread, kind, function, results, function, wanted)
            : FollowSignal(results, ref call, wanted, kind);
    }

    /// <summary>Puts the <c>__call</c> of a value below it.</summary>
    private LuaFunction InsertCallEvent(LuaThread thread, int function, int arguments)
    {
        LuaValue handler = EventOf(in thread.Stack[function], Metamethod.Call);
        if (handler.Reference is not LuaFunction found)
        {
            throw CannotCall(thread, function);
        }
        thread.EnsureStack(function + arguments + 2);
        Array.Copy(thread.Stack, function, thread.Stack, function + 1, arguments + 1);
        thread.Stack[function] = handler;
        return found;
    }

    /// <summary>Pushes the frame of a function of Lua.</summary>
    private void EnterClosure(LuaThread thread, LuaClosure closure, int function, int arguments, int wanted, FrameKind kind)
    {
        Prototype prototype = closure.Prototype;
        if (thread.FrameCount >= LuaThread.MaxFrames)
        {
            CheckFrames(thread);
        }
        int start = function + 1;
        if (prototype.IsVararg)
        {
            start = MoveParameters(thread, prototype, start, arguments);
        }
        else
        {
            thread.EnsureStack(start + prototype.RegisterCount);
            for (int missing = arguments; missing < prototype.ParameterCount; missing++)
            {
                thread.Stack[start + missing] = default;
            }
        }
        thread.HostDepth += kind.IsHostCall() ? 1 : 0;
        ref CallFrame frame = ref thread.PushFrame();
        frame.Closure = closure;
        frame.Function = function;
        frame.Base = start;
        frame.Top = start + prototype.RegisterCount;
        frame.Pc = 0;
        frame.Wanted = wanted;
        frame.TailCalls = 0;
        frame.Kind = kind;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void CheckFrames(LuaThread thread)
    {
        if (thread.FrameCount == LuaThread.MaxFrames)
        {
            throw LuaException.AtRunningFunction("stack overflow");
        }
        if (thread.FrameCount >= LuaThread.MaxFrames + LuaThread.ExtraFrames)
        {
            throw new LuaException("error in error handling");
        }
    }

    /// <summary>Copies the named parameters above the arguments, so that the others stay where they are.</summary>
    private int MoveParameters(LuaThread thread, Prototype prototype, int first, int arguments)
    {
        int start = first + arguments;
        Budget -= arguments >> 3;
        thread.EnsureStack(start + prototype.RegisterCount);
        LuaValue[] stack = thread.Stack;
        for (int i = 0; i < prototype.ParameterCount; i++)
        {
            stack[start + i] = i < arguments ? stack[first + i] : default;
            if (i < arguments)
            {
                stack[first + i] = default;
            }
        }
        if (prototype.ParameterCount < prototype.RegisterCount)
        {
            stack[start + prototype.ParameterCount] = default;
        }
        if (prototype.NeedsArgumentTable)
        {
            int count = Math.Max(arguments - prototype.ParameterCount, 0);
            LuaTable table = new(Heap, count, 1);
            for (int i = 0; i < count; i++)
            {
                table.Set(i + 1, in stack[first + prototype.ParameterCount + i]);
            }
            table.Set(s_countField, count);
            stack[start + prototype.ParameterCount] = table;
        }
        return start;
    }

    /// <summary>Replaces the frame on top by a call.</summary>
    private Signal TailCall(LuaThread thread, int a, int b)
    {
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        int function = frame.Base + a;
        int arguments = b != 0 ? b - 1 : thread.Top - function - 1;
        if (thread.Stack[function].Reference is not LuaClosure closure)
        {
            return TailCallOther(thread, function, arguments);
        }
        int target = frame.Function;
        Budget -= arguments >> 3;
        Array.Copy(thread.Stack, function, thread.Stack, target, arguments + 1);
        (int wanted, int tailCalls, FrameKind kind) = (frame.Wanted, frame.TailCalls, frame.Kind);
        int depth = thread.HostDepth;
        thread.FrameCount--;
        EnterClosure(thread, closure, target, arguments, wanted, kind);
        thread.HostDepth = depth;
        thread.Frames[thread.FrameCount - 1].TailCalls = tailCalls + 1;
        return Signal.Continue;
    }

    /// <summary>Functions of the host are called from the frame, which then returns what they give.</summary>
    private Signal TailCallOther(LuaThread thread, int function, int arguments)
    {
        if (thread.Stack[function].Reference is not LuaNative)
        {
            LuaFunction handler = InsertCallEvent(thread, function, arguments);
            arguments++;
            if (handler is LuaClosure)
            {
                ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
                thread.Top = function + 1 + arguments;
                return TailCall(thread, function - frame.Base, 0);
            }
        }
        return CallValue(thread, function, arguments, -1, FrameKind.Tail);
    }

    private static void ReturnNothing(LuaThread thread, in CallFrame frame)
    {
        if (frame.Wanted < 0)
        {
            thread.Top = frame.Function;
        }
        else
        {
            Array.Clear(thread.Stack, frame.Function, frame.Wanted);
        }
        thread.FrameCount--;
    }

    /// <summary>Pops the frame on top, whose results lie on the stack.</summary>
    private Signal ReturnFrom(LuaThread thread, int first, int count)
    {
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        thread.FrameCount--;
        FrameKind kind = frame.Kind;
        if (kind.IsHostCall())
        {
            thread.HostDepth--;
        }
        frame.Continuation = null;
        return Deliver(thread, kind, first, count, frame.Function, frame.Wanted);
    }

    /// <summary>Gives results to whoever waits for them: the frame that is on top now.</summary>
    private Signal Deliver(LuaThread thread, FrameKind kind, int first, int count, int function, int wanted)
    {
        switch (kind)
        {
            case FrameKind.Call:
                MoveResults(thread, first, count, function, wanted);
                return Signal.Continue;
            case FrameKind.Tail:
                return ReturnFrom(thread, first, count);
            case FrameKind.Instruction:
                return CompleteInstruction(thread, first, count);
            case FrameKind.Native:
                ref CallFrame waiting = ref thread.Frames[thread.FrameCount - 1];
                MoveResults(thread, first, count, waiting.Top, -1);
                waiting.ResultCount = count;
                return Signal.Continue;
            case FrameKind.ErrorHandler:
                _error = count > 0 ? thread.Stack[first] : default;
                return UnwindToProtected(thread);
            default:
                return Finish(thread, first, count);
        }
    }

    private static void MoveResults(LuaThread thread, int first, int count, int target, int wanted)
    {
        int moved = wanted < 0 ? count : Math.Min(count, wanted);
        thread.EnsureStack(target + Math.Max(moved, wanted));
        LuaValue[] stack = thread.Stack;
        if (first != target)
        {
            Array.Copy(stack, first, stack, target, moved);
        }
        if (wanted < 0)
        {
            thread.Top = target + count;
        }
        else if (wanted > count)
        {
            Array.Clear(stack, target + count, wanted - count);
        }
    }

    /// <summary>Ends a coroutine, or what the host started.</summary>
    private Signal Finish(LuaThread thread, int first, int count)
    {
        if (ReferenceEquals(thread, Main))
        {
            MoveResults(thread, first, count, 0, -1);
            ResultCount = count;
            return Signal.Completed;
        }
        thread.Status = ThreadStatus.Dead;
        ReturnToResumer(thread, first, count);
        thread.ClearAbove(0);
        return Signal.Continue;
    }

    /// <summary>Does what a function of the host asks for instead of returning.</summary>
    private Signal FollowSignal(int signal, ref LuaCall call, int wanted, FrameKind kind)
    {
        LuaThread thread = call.Thread;
        if (signal == NativeSignal.Error)
        {
            return Signal.Error;
        }
        if (signal == NativeSignal.Yield && (thread.HostDepth > thread.ResumedDepth || kind.IsHostCall()))
        {
            return Fail("attempt to yield across metamethod/C-call boundary", -1);
        }
        if (!call.HasFrame)
        {
            PushNativeFrame(ref call, wanted, kind);
        }
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        frame.Continuation = call.Continuation;
        frame.Top = call.Top;
        frame.Progress = call.Pushed;
        frame.ResultCount = 0;
        return signal switch
        {
            NativeSignal.Call => CallValue(thread, call.Top, call.PendingArguments, -1, FrameKind.Native),
            NativeSignal.Yield => Yield(thread, call.PendingArguments),
            NativeSignal.Resume => Resume(thread, call.Target!, call.Top, call.PendingArguments),
            NativeSignal.OutOfBudget => Signal.OutOfBudget,
            _ => Signal.Suspended,
        };
    }

    private void PushNativeFrame(ref LuaCall call, int wanted, FrameKind kind)
    {
        LuaThread thread = call.Thread;
        if (thread.FrameCount >= LuaThread.MaxFrames)
        {
            CheckFrames(thread);
        }
        if (kind.IsHostCall())
        {
            thread.HostDepth++;
        }
        ref CallFrame frame = ref thread.PushFrame();
        frame.Closure = null;
        frame.Function = call.Function;
        frame.Base = call.Function + 1;
        frame.Pc = call.Count;
        frame.Wanted = wanted;
        frame.TailCalls = 0;
        frame.Kind = kind;
    }

    /// <summary>Lets the function of the host on top go on.</summary>
    private Signal ResumeNative(LuaThread thread)
    {
        if (Budget < 0)
        {
            return Signal.OutOfBudget;
        }
        Budget -= CallCost;
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        LuaNative? native = thread.Stack[frame.Function].Reference as LuaNative;
        LuaCall call = new(this, thread, native, in frame);
        LuaContinuation continuation = frame.Continuation!;
        (int function, int wanted, FrameKind kind) = (frame.Function, frame.Wanted, frame.Kind);
        _isNativeRunning = true;
        int results = continuation.Resume(ref call);
        _isNativeRunning = false;
        return results >= 0 ? ReturnFrom(thread, function, results) : FollowSignal(results, ref call, wanted, kind);
    }
}
