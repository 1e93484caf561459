namespace Valkey.Turbo.Lua;

/// <summary>What a coroutine is doing.</summary>
internal enum ThreadStatus
{
    /// <summary>It waits to be resumed, or has not begun.</summary>
    Suspended,

    /// <summary>It runs.</summary>
    Running,

    /// <summary>It has resumed another one.</summary>
    Normal,

    /// <summary>It has ended.</summary>
    Dead,
}

/// <summary>A coroutine: a stack of values and a stack of frames. It is data, not a thread of the system.</summary>
public sealed class LuaThread : LuaObject
{
    /// <summary>Frames a coroutine may have before its calls overflow.</summary>
    internal const int MaxFrames = 16383;

    /// <summary>Frames beyond that, for handling the overflow.</summary>
    internal const int ExtraFrames = 1000;

    private const int InitialSlots = 48;
    private const int SlotBytes = 16;
    private const int FrameBytes = 56;

    private readonly LuaHeap _heap;

    internal LuaThread(LuaHeap heap, LuaTable environment)
    {
        _heap = heap;
        Environment = environment;
        Stack = new LuaValue[InitialSlots];
        Frames = new CallFrame[4];
        heap.Charge(HeapBytes);
    }

    internal LuaValue[] Stack { get; private set; }

    internal CallFrame[] Frames { get; private set; }

    internal int FrameCount { get; set; }

    /// <summary>The first slot above values of which there are as many as there happen to be.</summary>
    internal int Top { get; set; }

    internal ThreadStatus Status { get; set; }

    /// <summary>The status as scripts see it.</summary>
    internal string StatusName => Status switch
    {
        ThreadStatus.Suspended => "suspended",
        ThreadStatus.Running => "running",
        ThreadStatus.Normal => "normal",
        _ => "dead",
    };

    /// <summary>The coroutine that has resumed this one.</summary>
    internal LuaThread? Resumer { get; set; }

    /// <summary>Calls that would lie on the stack of the host if it were C.</summary>
    internal int HostDepth { get; set; }

    /// <summary><see cref="HostDepth"/> where the coroutine was resumed: only there can it yield.</summary>
    internal int ResumedDepth { get; set; }

    /// <summary>Globals of chunks that the coroutine loads.</summary>
    internal LuaTable Environment { get; set; }

    internal long HeapBytes => 160 + ((long)Stack.Length * SlotBytes) + ((long)Frames.Length * FrameBytes);

    /// <summary>Makes room for slots up to an index.</summary>
    internal void EnsureStack(int end)
    {
        if (end > Stack.Length)
        {
            GrowStack(end);
        }
    }

    /// <summary>Adds a frame, all of whose fields the caller sets.</summary>
    internal ref CallFrame PushFrame()
    {
        if (FrameCount == Frames.Length)
        {
            GrowFrames();
        }
        return ref Frames[FrameCount++];
    }

    /// <summary>Forgets what lies above an index, so that the collector may have it.</summary>
    internal void ClearAbove(int end) => Array.Clear(Stack, end, Stack.Length - end);

    private void GrowStack(int end)
    {
        int size = (int)Math.Min(Math.Max((long)end + 16, Stack.Length * 2L), Array.MaxLength);
        _heap.Charge((long)(size - Stack.Length) * SlotBytes);
        LuaValue[] larger = new LuaValue[size];
        Array.Copy(Stack, larger, Stack.Length);
        Stack = larger;
    }

    private void GrowFrames()
    {
        int size = Frames.Length * 2;
        _heap.Charge((long)Frames.Length * FrameBytes);
        CallFrame[] larger = new CallFrame[size];
        Array.Copy(Frames, larger, Frames.Length);
        Frames = larger;
    }
}
