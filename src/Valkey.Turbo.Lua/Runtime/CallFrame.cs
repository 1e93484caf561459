namespace Valkey.Turbo.Lua;

/// <summary>What happens with the results when the function of a frame returns.</summary>
internal enum FrameKind
{
    /// <summary>They go where the function was, for the function of Lua that called it.</summary>
    Call,

    /// <summary>The coroutine, or what the host started, is done.</summary>
    Entry,

    /// <summary>The function of Lua below returns them.</summary>
    Tail,

    /// <summary>They complete the instruction that the function of Lua below has begun: a metamethod, an iterator.</summary>
    Instruction,

    /// <summary>They go to the continuation of the function of the host below.</summary>
    Native,

    /// <summary>The first becomes the error that is being raised.</summary>
    ErrorHandler,
}

/// <summary>What kinds of frames mean.</summary>
internal static class FrameKinds
{
    /// <summary>Whether the call would take room on the stack of C, which is limited, and which a coroutine cannot yield across.</summary>
    internal static bool IsHostCall(this FrameKind kind) => kind > FrameKind.Tail;
}

/// <summary>A function that is running.</summary>
internal struct CallFrame
{
    /// <summary>The function of Lua; null for one of the host.</summary>
    internal LuaClosure? Closure;

    /// <summary>How a function of the host goes on.</summary>
    internal LuaContinuation? Continuation;

    /// <summary>Where on the stack the function is.</summary>
    internal int Function;

    /// <summary>Where its registers or arguments begin.</summary>
    internal int Base;

    /// <summary>The first slot above what it uses.</summary>
    internal int Top;

    /// <summary>The next instruction.</summary>
    internal int Pc;

    /// <summary>Results that the caller wants; -1 for all.</summary>
    internal int Wanted;

    /// <summary>Callers that tail calls have replaced.</summary>
    internal int TailCalls;

    /// <summary>How far an instruction that a metamethod interrupts has come.</summary>
    internal int Progress;

    /// <summary>Results that are there for the continuation, at the end of its slots.</summary>
    internal int ResultCount;

    internal FrameKind Kind;
}
