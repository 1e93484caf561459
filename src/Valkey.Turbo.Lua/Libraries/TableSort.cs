namespace Valkey.Turbo.Lua.Libraries;

/// <summary><c>table.sort</c>: a quicksort that can be left at each comparison, since a comparison may call a function.</summary>
/// <remarks>
/// Equal elements change places, and an order that contradicts itself is found out or not: both depend on the sequence of
/// comparisons. It is Lua 5.1's: ends first, then the middle as pivot, then partition, the smaller part before the larger.
/// </remarks>
internal sealed class TableSort : LuaContinuation
{
    /// <summary>Comparisons between two looks at the budget.</summary>
    private const int Stride = 64;

    private enum Step
    {
        Range,
        EndsCompared,
        LowCompared,
        HighCompared,
        Upward,
        Downward,
        Done,
    }

    private readonly Stack<(int Low, int High)> _later = [];
    private readonly LuaTable _table;
    private readonly bool _hasFunction;
    private int _low;
    private int _high;
    private int _up;
    private int _down;
    private LuaValue _pivot;
    private LuaValue _left;
    private LuaValue _right;
    private Step _step;
    private bool _isPaused;

    private TableSort(LuaTable table, bool hasFunction)
    {
        _table = table;
        _hasFunction = hasFunction;
        _low = 1;
        _high = table.Length;
    }

    internal static int Begin(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        if (!call.IsNoneOrNil(2))
        {
            call.CheckFunction(2);
        }
        TableSort sort = new(table, !call.IsNoneOrNil(2));
        return sort.Advance(false, ref call) ? sort.Run(ref call) : call.Return();
    }

    public override int Resume(ref LuaCall call)
    {
        return _isPaused || Advance(!call.Result(1).IsFalsy, ref call) ? Run(ref call) : call.Return();
    }

    /// <summary>Makes comparisons until one needs a function, or all are done.</summary>
    private int Run(ref LuaCall call)
    {
        _isPaused = false;
        for (int count = 0; ; count++)
        {
            if (_hasFunction)
            {
                return call.Invoke(call[2], [_left, _right], this);
            }
            if (count == Stride)
            {
                count = 0;
                if (!call.Spend(Stride * 4))
                {
                    _isPaused = true;
                    return call.Pause(this);
                }
            }
            if (!Interpreter.TryCompare(in _left, in _right, out bool isLess))
            {
                LuaValue handler = call.Interpreter.OrderHandler(in _left, in _right);
                return call.Invoke(in handler, [_left, _right], this);
            }
            if (!Advance(isLess, ref call))
            {
                call.Spend(count * 4);
                return call.Return();
            }
        }
    }

    /// <summary>Goes on from the outcome of a comparison to the next one.</summary>
    /// <returns>Whether there is one.</returns>
    private bool Advance(bool isLess, ref LuaCall call)
    {
        while (true)
        {
            switch (_step)
            {
                case Step.Range:
                    if (_low < _high)
                    {
                        return Compare(_high, _low, Step.EndsCompared);
                    }
                    if (!_later.TryPop(out (int Low, int High) range))
                    {
                        _step = Step.Done;
                        return false;
                    }
                    (_low, _high) = range;
                    continue;
                case Step.EndsCompared:
                    SwapIf(isLess, _low, _high);
                    if (_high - _low == 1)
                    {
                        _low = _high;
                        _step = Step.Range;
                        continue;
                    }
                    _up = (int)(((long)_low + _high) / 2);
                    return Compare(_up, _low, Step.LowCompared);
                case Step.LowCompared:
                    if (!isLess)
                    {
                        return Compare(_high, _up, Step.HighCompared);
                    }
                    SwapIf(true, _up, _low);
                    if (BeginPartition())
                    {
                        return CompareUpward();
                    }
                    continue;
                case Step.HighCompared:
                    SwapIf(isLess, _up, _high);
                    if (BeginPartition())
                    {
                        return CompareUpward();
                    }
                    continue;
                case Step.Upward:
                    if (isLess)
                    {
                        CheckOrder(_up <= _high, ref call);
                        return CompareUpward();
                    }
                    return CompareDownward();
                default:
                    if (isLess)
                    {
                        CheckOrder(_down >= _low, ref call);
                        return CompareDownward();
                    }
                    if (_down >= _up)
                    {
                        SwapIf(true, _up, _down);
                        return CompareUpward();
                    }
                    Split();
                    continue;
            }
        }
    }

    /// <summary>Takes the middle as pivot and puts it beside the end.</summary>
    /// <returns>Whether the range has more than three elements.</returns>
    private bool BeginPartition()
    {
        if (_high - _low == 2)
        {
            _low = _high;
            _step = Step.Range;
            return false;
        }
        _pivot = _table.Find(_up);
        SwapIf(true, _up, _high - 1);
        _up = _low;
        _down = _high - 1;
        return true;
    }

    private bool CompareUpward()
    {
        _left = _table.Find(++_up);
        _right = _pivot;
        _step = Step.Upward;
        return true;
    }

    private bool CompareDownward()
    {
        _left = _pivot;
        _right = _table.Find(--_down);
        _step = Step.Downward;
        return true;
    }

    /// <summary>Puts the pivot between the parts and goes on with the smaller one.</summary>
    private void Split()
    {
        SwapIf(true, _high - 1, _up);
        if (_up - _low < _high - _up)
        {
            _later.Push((_up + 1, _high));
            _high = _up - 1;
        }
        else
        {
            _later.Push((_low, _up - 1));
            _low = _up + 1;
        }
        _step = Step.Range;
    }

    private bool Compare(int left, int right, Step step)
    {
        _left = _table.Find(left);
        _right = _table.Find(right);
        _step = step;
        return true;
    }

    private void SwapIf(bool condition, int first, int second)
    {
        if (condition)
        {
            _table.CheckWritable();
            LuaValue moved = _table.Find(first);
            _table.Set(first, in _table.Find(second));
            _table.Set(second, in moved);
        }
    }

    private static void CheckOrder(bool isInRange, ref LuaCall call)
    {
        if (!isInRange)
        {
            throw call.Error("invalid order function for sorting");
        }
    }
}
