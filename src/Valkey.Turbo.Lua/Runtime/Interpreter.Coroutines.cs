namespace Valkey.Turbo.Lua;

/// <content>Switching between coroutines.</content>
internal sealed partial class Interpreter
{
    /// <summary>Lets a coroutine run; the function of the host that asks for it has its frame on top.</summary>
    private Signal Resume(LuaThread resumer, LuaThread target, int first, int arguments)
    {
        if (resumer.HostDepth >= MaxHostDepth)
        {
            return RefuseResume(resumer, "C stack overflow");
        }
        if (target.Status != ThreadStatus.Suspended)
        {
            return RefuseResume(resumer, $"cannot resume {target.StatusName} coroutine");
        }
        bool isFirst = target.FrameCount == 0;
        int place = isFirst ? 1 : target.Frames[target.FrameCount - 1].Top;
        target.EnsureStack(place + arguments);
        Array.Copy(resumer.Stack, first, target.Stack, place, arguments);
        resumer.Status = ThreadStatus.Normal;
        target.Status = ThreadStatus.Running;
        target.Resumer = resumer;
        int depth = resumer.HostDepth + 1;
        target.HostDepth = depth + (isFirst ? 0 : target.HostDepth - target.ResumedDepth);
        target.ResumedDepth = depth;
        _current = target;
        if (isFirst)
        {
            target.Top = place + arguments;
            return CallValue(target, 0, arguments, -1, FrameKind.Entry);
        }
        target.Frames[target.FrameCount - 1].ResultCount = arguments;
        return Signal.Continue;
    }

    /// <summary>Makes the resume on top fail without an error of the coroutine.</summary>
    private Signal RefuseResume(LuaThread resumer, string message)
    {
        _error = Text(message);
        return FailResume(resumer);
    }

    /// <summary>Gives values to the resumer and leaves the coroutine, whose frame on top is that of the function that yields.</summary>
    private Signal Yield(LuaThread thread, int count)
    {
        thread.Status = ThreadStatus.Suspended;
        int first = thread.Frames[thread.FrameCount - 1].Top;
        ReturnToResumer(thread, first, count);
        return Signal.Continue;
    }

    private void ReturnToResumer(LuaThread thread, int first, int count)
    {
        LuaThread resumer = thread.Resumer!;
        ref CallFrame frame = ref resumer.Frames[resumer.FrameCount - 1];
        resumer.EnsureStack(frame.Top + count + 1);
        Array.Copy(thread.Stack, first, resumer.Stack, frame.Top, count);
        resumer.Top = frame.Top + count;
        frame.ResultCount = count;
        resumer.Status = ThreadStatus.Running;
        thread.Resumer = null;
        _current = resumer;
    }

    /// <summary>Ends a resume with the error that is being raised: <c>resume</c> returns it, what <c>wrap</c> gave raises it again.</summary>
    private Signal FailResume(LuaThread resumer)
    {
        ref CallFrame frame = ref resumer.Frames[resumer.FrameCount - 1];
        if (frame.Continuation is not { EndsCoroutineErrors: true })
        {
            if (_error.Reference is LuaString text && Position(resumer, 1) is { Length: > 0 } position)
            {
                _error = Text(position + text);
            }
            return Signal.Error;
        }
        return ReturnFailure(resumer);
    }
}
