using Valkey.Turbo.Lua.Compiler;

namespace Valkey.Turbo.Lua;

/// <summary>Follows all references of an interpreter and adds up what it meets.</summary>
/// <remarks>
/// Nothing is freed here; that is the collector's work. Strings and code that compiled chunks share are not counted. Weak
/// tables count as strong ones unless the measurement is one that clears them, since what is on its way between two
/// instructions may be referred to by nothing else.
/// </remarks>
internal struct HeapMeasurement
{
    private static int s_last;

    private readonly int _number;
    private readonly bool _clearsWeak;
    private readonly Stack<object> _left = [];
    private readonly List<(LuaTable Table, bool Keys, bool Values)> _weak = [];
    private long _bytes;
    private LuaThread? _running;
    private int _top;

    private HeapMeasurement(bool clearsWeak)
    {
        _number = Interlocked.Increment(ref s_last);
        _clearsWeak = clearsWeak;
    }

    /// <summary>Measures what lives.</summary>
    /// <param name="state">The interpreter.</param>
    /// <param name="clearsWeak">Whether to clear weak tables.</param>
    /// <param name="top">The first slot of the running coroutine that nothing uses any more, if that is known.</param>
    internal static long Run(LuaState state, bool clearsWeak, int top = int.MaxValue)
    {
        HeapMeasurement measurement = new(clearsWeak) { _running = state.Interpreter.Current, _top = top };
        measurement.Visit(state.Globals);
        measurement.Visit(state.Registry);
        measurement.Visit(state.StringMetatable);
        measurement.Visit(state.Interpreter.Main);
        measurement.Visit(state.Interpreter.Current);
        measurement.Visit(state.Interpreter.Error);
        while (measurement._left.TryPop(out object? next))
        {
            measurement.Expand(next);
        }
        measurement.ClearWeak();
        return measurement._bytes;
    }

    /// <summary>Counts a value and what it leads to.</summary>
    internal void Visit(in LuaValue value) => Visit(value.Reference);

    private void Visit(object? reference)
    {
        switch (reference)
        {
            case LuaString text:
                if (text.MeasuredIn != LuaString.Shared && text.MeasuredIn != _number)
                {
                    text.MeasuredIn = _number;
                    _bytes += LuaString.OverheadBytes + text.Length;
                }
                break;
            case LuaObject item:
                if (item.MeasuredIn != _number)
                {
                    item.MeasuredIn = _number;
                    _left.Push(item);
                }
                break;
            case Cell cell:
                if (cell.MeasuredIn != _number)
                {
                    cell.MeasuredIn = _number;
                    _bytes += Cell.HeapBytes;
                    Visit(cell.Value.Reference);
                }
                break;
            case Prototype prototype:
                if (prototype.MeasuredIn != LuaString.Shared && prototype.MeasuredIn != _number)
                {
                    prototype.MeasuredIn = _number;
                    _left.Push(prototype);
                }
                break;
        }
    }

    private void Expand(object item)
    {
        switch (item)
        {
            case LuaTable table:
                Expand(table);
                break;
            case LuaClosure closure:
                _bytes += LuaClosure.OverheadBytes + (closure.Upvalues.Length * 16);
                Visit(closure.Environment);
                Visit(closure.Prototype);
                foreach (ref LuaValue upvalue in closure.Upvalues.AsSpan())
                {
                    Visit(upvalue.Reference);
                }
                break;
            case LuaNative native:
                _bytes += LuaClosure.OverheadBytes;
                Visit(native.Environment);
                Visit(native.State);
                break;
            case LuaUserdata userdata:
                _bytes += 48;
                Visit(userdata.Metatable);
                Visit(userdata.Environment);
                break;
            case LuaThread thread:
                Expand(thread);
                break;
            case Prototype prototype:
                _bytes += prototype.HeapBytes;
                foreach (Prototype inner in prototype.Prototypes)
                {
                    Visit(inner);
                }
                break;
        }
    }

    private void Expand(LuaTable table)
    {
        _bytes += table.HeapBytes;
        Visit(table.Metatable);
        bool weakKeys = false;
        bool weakValues = false;
        if (_clearsWeak && table.Metatable?.FindEvent(Metamethod.Mode).Reference is LuaString mode)
        {
            weakKeys = mode.Span.Contains((byte)'k');
            weakValues = mode.Span.Contains((byte)'v');
            if (weakKeys || weakValues)
            {
                _weak.Add((table, weakKeys, weakValues));
            }
        }
        table.Visit(!weakKeys, !weakValues, ref this);
    }

    private void Expand(LuaThread thread)
    {
        _bytes += thread.HeapBytes;
        Visit(thread.Environment);
        Visit(thread.Resumer);
        int top = thread.Top;
        foreach (ref CallFrame frame in thread.Frames.AsSpan(0, thread.FrameCount))
        {
            Visit(frame.Closure);
            top = frame.Top + (frame.Closure is null ? frame.ResultCount : 0);
        }
        top = Math.Min(Math.Min(top, ReferenceEquals(thread, _running) ? _top : top), thread.Stack.Length);
        foreach (ref LuaValue value in thread.Stack.AsSpan(0, top))
        {
            Visit(value.Reference);
        }
    }

    private readonly void ClearWeak()
    {
        int number = _number;
        foreach ((LuaTable table, bool keys, bool values) in _weak)
        {
            table.ClearWeak(keys, values, value => value.Reference is LuaObject item && item.MeasuredIn != number);
        }
    }
}
