using System.Runtime.CompilerServices;
using Valkey.Turbo.Lua.Compiler;
using static Valkey.Turbo.Lua.Compiler.Instruction;

namespace Valkey.Turbo.Lua;

/// <content>Instructions in all their generality: conversions, metamethods, errors.</content>
internal sealed partial class Interpreter
{
    /// <summary>Metamethods that may lead to each other.</summary>
    private const int MaxEventChain = 100;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Signal ExecuteSlowly(LuaThread thread, ulong instruction)
    {
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        Prototype prototype = frame.Closure!.Prototype;
        LuaValue[] constants = prototype.Constants;
        LuaValue[] stack = thread.Stack;
        int b = B(instruction);
        int c = C(instruction);
        int first = frame.Base + A(instruction);
        int second = frame.Base + b;
        int third = frame.Base + c;
        switch (Operation(instruction))
        {
            case Opcode.GetGlobal:
                return Index(thread, frame.Closure.Environment, constants[J(instruction)], -1);
            case Opcode.SetGlobal:
                return SetIndex(thread, frame.Closure.Environment, constants[J(instruction)], stack[first], -1);
            case Opcode.GetTable:
                return Index(thread, stack[second], stack[third], b);
            case Opcode.GetField:
                return Index(thread, stack[second], constants[c], b);
            case Opcode.GetInteger:
                return Index(thread, stack[second], (double)c, b);
            case Opcode.Self:
                LuaValue target = stack[second];
                stack[first + 1] = target;
                return Index(thread, target, constants[c], b);
            case Opcode.SetTable:
                return SetIndex(thread, stack[first], stack[second], Source(in frame, stack, constants, c), A(instruction));
            case Opcode.SetField:
                return SetIndex(thread, stack[first], constants[b], Source(in frame, stack, constants, c), A(instruction));
            case Opcode.SetInteger:
                return SetIndex(thread, stack[first], (double)b, Source(in frame, stack, constants, c), A(instruction));
            case >= Opcode.Add and <= Opcode.Power:
                return Calculate(thread, Operation(instruction), stack[second], stack[third], b, c);
            case >= Opcode.AddConstant and <= Opcode.PowerConstant:
                Opcode opcode = Operation(instruction) - (Opcode.AddConstant - Opcode.Add);
                return D(instruction) == 0
                    ? Calculate(thread, opcode, stack[second], constants[c], b, -1)
                    : Calculate(thread, opcode, constants[c], stack[second], -1, b);
            case Opcode.Negate:
                return Negate(thread, stack[second], b);
            case Opcode.Length:
                return Length(thread, stack[second], b);
            case Opcode.Concat:
                return Concat(thread, second, third);
            case >= Opcode.JumpIfEqual and <= Opcode.JumpUnlessGreaterOrEqualConstant:
                return CompareSlowly(thread, instruction, in frame);
            case Opcode.ForEach:
                return CallIterator(thread, first, b);
            case Opcode.SetList:
                SetList(thread, instruction, first);
                return Signal.Continue;
            case Opcode.Vararg:
                LoadVarargs(thread, prototype, in frame, first, b - 1);
                return Signal.Continue;
            default:
                throw new InvalidOperationException("an instruction without a meaning");
        }
    }

    private static LuaValue Source(in CallFrame frame, LuaValue[] stack, LuaValue[] constants, int field) =>
        (field & ConstantFlag) == 0 ? stack[frame.Base + field] : constants[field & ~ConstantFlag];

    /// <summary>The handler of an event of a value; nil if there is none.</summary>
    internal LuaValue EventOf(in LuaValue value, Metamethod metamethod)
    {
        LuaTable? metatable = MetatableOf(in value);
        return metatable is null ? default : metatable.FindEvent(metamethod);
    }

    /// <summary>The metatable of any value.</summary>
    internal LuaTable? MetatableOf(in LuaValue value) => value.Reference switch
    {
        LuaTable table => table.Metatable,
        LuaUserdata userdata => userdata.Metatable,
        LuaString => StringMetatable,
        _ => null,
    };

    /// <summary>Calls a handler for the instruction that runs.</summary>
    private Signal CallEvent(LuaThread thread, in LuaValue handler, LuaValue first, LuaValue second, LuaValue? third = null)
    {
        int function = thread.Frames[thread.FrameCount - 1].Top;
        thread.EnsureStack(function + 4);
        LuaValue[] stack = thread.Stack;
        stack[function] = handler;
        stack[function + 1] = first;
        stack[function + 2] = second;
        stack[function + 3] = third.GetValueOrDefault();
        int arguments = third.HasValue ? 3 : 2;
        thread.Top = function + 1 + arguments;
        return CallValue(thread, function, arguments, 1, FrameKind.Instruction);
    }

    /// <summary>Stores what the instruction that runs has computed.</summary>
    private static Signal Store(LuaThread thread, in LuaValue value)
    {
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        ulong instruction = frame.Closure!.Prototype.Code[frame.Pc - 1];
        thread.Stack[frame.Base + A(instruction)].Set(in value);
        return Signal.Continue;
    }

    /// <summary>Follows <c>__index</c> from table to table.</summary>
    /// <returns>Whether that has found a value or nil; if not, a function has to be called or an error raised.</returns>
    private static bool TryIndexThroughTables(LuaTable table, LuaString key, ref LuaValue result)
    {
        for (int i = 0; i < MaxEventChain; i++)
        {
            if (table.Metatable is not { } metatable)
            {
                result = default;
                return true;
            }
            ref readonly LuaValue handler = ref metatable.FindEvent(Metamethod.Index);
            if (handler.IsNil)
            {
                result = default;
                return true;
            }
            if (handler.Reference is not LuaTable next)
            {
                return false;
            }
            ref LuaValue found = ref next.Find(key);
            if (!found.IsNil)
            {
                result.Set(in found);
                return true;
            }
            table = next;
        }
        return false;
    }

    private Signal Index(LuaThread thread, LuaValue target, LuaValue key, int register)
    {
        for (int i = 0; i < MaxEventChain; i++)
        {
            LuaValue handler;
            if (target.Reference is LuaTable table)
            {
                ref LuaValue found = ref table.Find(in key);
                if (!found.IsNil || table.Metatable is null)
                {
                    return Store(thread, in found);
                }
                handler = table.Metatable.FindEvent(Metamethod.Index);
                if (handler.IsNil)
                {
                    return Store(thread, default);
                }
            }
            else
            {
                handler = EventOf(in target, Metamethod.Index);
                if (handler.IsNil)
                {
                    throw TypeError(thread, "index", i == 0 ? register : -1, in target);
                }
            }
            if (handler.Reference is LuaFunction)
            {
                return CallEvent(thread, in handler, target, key);
            }
            target = handler;
        }
        throw LuaException.AtRunningFunction("loop in gettable");
    }

    /// <summary>Reads a field for a function of the host.</summary>
    /// <returns>The function that has to be called for it with the owner and the key, or nil if the value is there.</returns>
    internal LuaValue Get(LuaValue target, in LuaValue key, out LuaValue owner, out LuaValue value)
    {
        for (int i = 0; i < MaxEventChain; i++)
        {
            LuaValue handler;
            owner = target;
            value = default;
            if (target.Reference is LuaTable table)
            {
                value = table.Find(in key);
                handler = value.IsNil && table.Metatable is not null ? table.Metatable.FindEvent(Metamethod.Index) : default;
                if (handler.IsNil)
                {
                    return default;
                }
            }
            else
            {
                handler = EventOf(in target, Metamethod.Index);
                if (handler.IsNil)
                {
                    throw LuaException.AtRunningFunction($"attempt to index a {target.TypeName} value");
                }
            }
            if (handler.Reference is LuaFunction)
            {
                return handler;
            }
            target = handler;
        }
        throw LuaException.AtRunningFunction("loop in gettable");
    }

    private Signal SetIndex(LuaThread thread, LuaValue target, LuaValue key, LuaValue value, int register)
    {
        for (int i = 0; i < MaxEventChain; i++)
        {
            LuaValue handler;
            if (target.Reference is LuaTable table)
            {
                if (table.IsReadOnly)
                {
                    throw LuaException.AtRunningFunction("Attempt to modify a readonly table");
                }
                ref LuaValue place = ref table.Find(in key);
                handler = place.IsNil && table.Metatable is not null ? table.Metatable.FindEvent(Metamethod.NewIndex) : default;
                if (handler.IsNil)
                {
                    table.Set(in key, in value);
                    return Signal.Continue;
                }
            }
            else
            {
                handler = EventOf(in target, Metamethod.NewIndex);
                if (handler.IsNil)
                {
                    throw TypeError(thread, "index", i == 0 ? register : -1, in target);
                }
            }
            if (handler.Reference is LuaFunction)
            {
                return CallEvent(thread, in handler, target, key, value);
            }
            target = handler;
        }
        throw LuaException.AtRunningFunction("loop in settable");
    }

    private Signal Calculate(LuaThread thread, Opcode opcode, LuaValue left, LuaValue right, int leftRegister, int rightRegister)
    {
        if (left.TryToNumber(out double a) && right.TryToNumber(out double b))
        {
            return Store(thread, Arithmetic.Compute(opcode, a, b));
        }
        Metamethod metamethod = Metamethod.Add + (opcode - Opcode.Add);
        LuaValue handler = EventOf(in left, metamethod);
        handler = handler.IsNil ? EventOf(in right, metamethod) : handler;
        if (!handler.IsNil)
        {
            return CallEvent(thread, in handler, left, right);
        }
        throw left.TryToNumber(out _)
            ? TypeError(thread, "perform arithmetic on", rightRegister, in right)
            : TypeError(thread, "perform arithmetic on", leftRegister, in left);
    }

    private Signal Negate(LuaThread thread, LuaValue operand, int register)
    {
        if (operand.TryToNumber(out double number))
        {
            return Store(thread, -number);
        }
        LuaValue handler = EventOf(in operand, Metamethod.Negate);
        return handler.IsNil
            ? throw TypeError(thread, "perform arithmetic on", register, in operand)
            : CallEvent(thread, in handler, operand, operand);
    }

    private Signal Length(LuaThread thread, LuaValue operand, int register)
    {
        LuaValue handler = EventOf(in operand, Metamethod.Length);
        return handler.IsNil
            ? throw TypeError(thread, "get length of", register, in operand)
            : CallEvent(thread, in handler, operand, default(LuaValue));
    }

    /// <summary>Goes on with an instruction that has called a function.</summary>
    private Signal CompleteInstruction(LuaThread thread, int firstResult, int count)
    {
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        ulong instruction = frame.Closure!.Prototype.Code[frame.Pc - 1];
        LuaValue result = count > 0 ? thread.Stack[firstResult] : default;
        switch (Operation(instruction))
        {
            case Opcode.SetTable or Opcode.SetField or Opcode.SetInteger or Opcode.SetGlobal:
                return Signal.Continue;
            case Opcode.Concat:
                thread.Stack[frame.Progress] = result;
                return Concat(thread, frame.Base + B(instruction), frame.Progress);
            case >= Opcode.JumpIfEqual and <= Opcode.JumpUnlessGreaterOrEqualConstant:
                return CompleteComparison(thread, result);
            case Opcode.ForEach:
                return CompleteIterator(thread, instruction, firstResult, count);
            default:
                return Store(thread, in result);
        }
    }

    private Signal CallIterator(LuaThread thread, int first, int variables)
    {
        LuaValue[] stack = thread.Stack;
        stack[first + 3] = stack[first];
        stack[first + 4] = stack[first + 1];
        stack[first + 5] = stack[first + 2];
        thread.Top = first + 6;
        return CallValue(thread, first + 3, 2, variables, FrameKind.Instruction);
    }

    private Signal CompleteIterator(LuaThread thread, ulong instruction, int firstResult, int count)
    {
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        int variables = frame.Base + A(instruction) + 3;
        MoveResults(thread, firstResult, count, variables, B(instruction));
        if (!thread.Stack[variables].IsNil)
        {
            thread.Stack[variables - 1] = thread.Stack[variables];
            int jump = J(instruction);
            frame.Pc += jump;
            Budget += jump;
            return Budget < 0 ? Signal.OutOfBudget : Signal.Continue;
        }
        return Signal.Continue;
    }

    /// <summary>The next pair of <c>next</c> or <c>ipairs</c>.</summary>
    /// <returns>1 if there is one, 0 if not, -1 if the iterator has to be called.</returns>
    private static int NextPair(ref LuaValue iterator, in LuaValue state, ref LuaValue control, ref LuaValue key, ref LuaValue value)
    {
        if (state.Reference is not LuaTable table)
        {
            return -1;
        }
        if (((LuaNative)iterator.Reference!).Role == NativeRole.NextItem)
        {
            if (!control.IsNumber)
            {
                return -1;
            }
            double next = control.Number + 1;
            ref LuaValue item = ref table.Find(next);
            if (item.IsNil)
            {
                key.Reference = null;
                return 0;
            }
            control.Number = next;
            key.SetNumber(next);
            value.Set(in item);
            return 1;
        }
        // The number beside the reference to the iterator is free: it remembers the position.
        int position = table.PositionAfter(in control, double.ConvertToIntegerNative<int>(iterator.Number));
        if (!table.NextAt(ref position, out LuaValue nextKey, out LuaValue nextValue))
        {
            key.Reference = null;
            return 0;
        }
        iterator.Number = position;
        control.Set(in nextKey);
        key.Set(in nextKey);
        value.Set(in nextValue);
        return 1;
    }

    private void SetList(LuaThread thread, ulong instruction, int first)
    {
        LuaTable table = (LuaTable)thread.Stack[first].Reference!;
        int count = B(instruction) != 0 ? B(instruction) : thread.Top - first - 1;
        int stored = J(instruction);
        table.EnsureArray(stored + count);
        for (int i = 1; i <= count; i++)
        {
            table.Set(stored + i, in thread.Stack[first + i]);
        }
        Budget -= count;
    }

    private void LoadVarargs(LuaThread thread, Prototype prototype, in CallFrame frame, int first, int wanted)
    {
        int start = frame.Function + 1 + prototype.ParameterCount;
        int count = Math.Max(frame.Base - start, 0);
        Budget -= count >> 3;
        MoveResults(thread, start, count, first, wanted);
    }

    private LuaClosure MakeClosure(LuaClosure outer, Prototype prototype, LuaValue[] stack, int registers)
    {
        CaptureSource[] captures = prototype.Captures;
        Heap.Charge(LuaClosure.OverheadBytes + (captures.Length * 16));
        LuaValue[] upvalues = captures.Length == 0 ? [] : new LuaValue[captures.Length];
        for (int i = 0; i < upvalues.Length; i++)
        {
            upvalues[i] = captures[i].FromRegister ? stack[registers + captures[i].Index] : outer.Upvalues[captures[i].Index];
        }
        return new LuaClosure(prototype, outer.Environment, upvalues);
    }

    /// <summary>Checks and converts the bounds of a loop, and steps back once, because the loop begins with a step.</summary>
    private static void PrepareLoop(ref LuaValue start, ref LuaValue limit, ref LuaValue step)
    {
        double number;
        if (!start.TryToNumber(out number))
        {
            throw LuaException.AtRunningFunction("'for' initial value must be a number");
        }
        start.SetNumber(number);
        if (!limit.TryToNumber(out number))
        {
            throw LuaException.AtRunningFunction("'for' limit must be a number");
        }
        limit.SetNumber(number);
        if (!step.TryToNumber(out number))
        {
            throw LuaException.AtRunningFunction("'for' step must be a number");
        }
        step.SetNumber(number);
        start.SetNumber(start.Number - step.Number);
    }
}
