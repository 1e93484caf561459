using Valkey.Turbo.Lua.Compiler;
using static Valkey.Turbo.Lua.Compiler.Instruction;

namespace Valkey.Turbo.Lua;

/// <content>Comparing and joining values.</content>
internal sealed partial class Interpreter
{
    /// <summary>Marks a frame whose comparison asks the opposite question with operands exchanged.</summary>
    private const int Inverted = 1;

    /// <summary>Whether values that are not the same object may be equal by a metamethod.</summary>
    private static bool CanHaveEqualEvent(object? left, object? right) =>
        (left is LuaTable { Metatable: not null } && right is LuaTable { Metatable: not null })
        || (left is LuaUserdata { Metatable: not null } && right is LuaUserdata { Metatable: not null });

    private Signal CompareSlowly(LuaThread thread, ulong instruction, in CallFrame frame)
    {
        LuaValue[] stack = thread.Stack;
        LuaValue left = stack[frame.Base + A(instruction)];
        Opcode opcode = Operation(instruction);
        switch (opcode)
        {
            case Opcode.JumpIfEqual or Opcode.JumpUnlessEqual:
                return CompareByEvent(thread, left, stack[frame.Base + B(instruction)]);
            case >= Opcode.JumpIfLess and <= Opcode.JumpUnlessLessOrEqual:
                return Order(thread, left, stack[frame.Base + B(instruction)], opcode >= Opcode.JumpIfLessOrEqual);
            case >= Opcode.JumpIfLessConstant and <= Opcode.JumpUnlessLessOrEqualConstant:
                return Order(thread, left, frame.Closure!.Prototype.Constants[B(instruction)], opcode >= Opcode.JumpIfLessOrEqualConstant);
            default:
                return Order(thread, frame.Closure!.Prototype.Constants[B(instruction)], left, opcode >= Opcode.JumpIfGreaterOrEqualConstant);
        }
    }

    /// <summary>Both operands must have the same handler of equality.</summary>
    private Signal CompareByEvent(LuaThread thread, LuaValue left, LuaValue right)
    {
        LuaValue handler = EventOf(in left, Metamethod.Equal);
        if (handler.IsNil || !handler.RawEquals(EventOf(in right, Metamethod.Equal)))
        {
            return Decide(thread, false);
        }
        thread.Frames[thread.FrameCount - 1].Progress = 0;
        return CallEvent(thread, in handler, left, right);
    }

    private Signal Order(LuaThread thread, LuaValue left, LuaValue right, bool orEqual)
    {
        if (left.IsNumber && right.IsNumber)
        {
            return Decide(thread, orEqual ? left.Number <= right.Number : left.Number < right.Number);
        }
        if (left.Reference is LuaString leftText && right.Reference is LuaString rightText)
        {
            int order = leftText.Span.SequenceCompareTo(rightText.Span);
            Budget -= Math.Min(leftText.Length, rightText.Length) >> 6;
            return Decide(thread, orEqual ? order <= 0 : order < 0);
        }
        if (left.Type == right.Type)
        {
            ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
            LuaValue handler = SharedHandler(left, right, orEqual ? Metamethod.LessOrEqual : Metamethod.LessThan);
            if (!handler.IsNil)
            {
                frame.Progress = 0;
                return CallEvent(thread, in handler, left, right);
            }
            handler = orEqual ? SharedHandler(right, left, Metamethod.LessThan) : default;
            if (!handler.IsNil)
            {
                frame.Progress = Inverted;
                return CallEvent(thread, in handler, right, left);
            }
        }
        throw CannotCompare(left, right);
    }

    /// <summary>Compares what needs no metamethod.</summary>
    internal static bool TryCompare(in LuaValue left, in LuaValue right, out bool isLess)
    {
        if (left.IsNumber && right.IsNumber)
        {
            isLess = left.Number < right.Number;
            return true;
        }
        if (left.Reference is LuaString leftText && right.Reference is LuaString rightText)
        {
            isLess = leftText.Span.SequenceCompareTo(rightText.Span) < 0;
            return true;
        }
        isLess = false;
        return false;
    }

    /// <summary>The metamethod that says whether a value is less than another.</summary>
    /// <exception cref="LuaException">There is none.</exception>
    internal LuaValue OrderHandler(in LuaValue left, in LuaValue right)
    {
        LuaValue handler = left.Type == right.Type ? SharedHandler(left, right, Metamethod.LessThan) : default;
        return handler.IsNil ? throw CannotCompare(left, right) : handler;
    }

    private LuaValue SharedHandler(in LuaValue left, in LuaValue right, Metamethod metamethod)
    {
        LuaValue handler = EventOf(in left, metamethod);
        return !handler.IsNil && handler.RawEquals(EventOf(in right, metamethod)) ? handler : default;
    }

    internal static LuaException CannotCompare(in LuaValue left, in LuaValue right)
    {
        string first = left.TypeName;
        string second = right.TypeName;
        // Lua tells types apart by their third letter.
        return LuaException.AtRunningFunction(first[2] == second[2]
            ? $"attempt to compare two {first} values"
            : $"attempt to compare {first} with {second}");
    }

    private Signal CompleteComparison(LuaThread thread, in LuaValue result)
    {
        bool outcome = !result.IsFalsy;
        return Decide(thread, thread.Frames[thread.FrameCount - 1].Progress == Inverted ? !outcome : outcome);
    }

    /// <summary>Takes or does not take the jump of the comparison that runs.</summary>
    private static Signal Decide(LuaThread thread, bool outcome)
    {
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        ulong instruction = frame.Closure!.Prototype.Code[frame.Pc - 1];
        bool jumpsIfTrue = ((Operation(instruction) - Opcode.JumpIfEqual) & 1) == 0;
        if (outcome == jumpsIfTrue)
        {
            frame.Pc += J(instruction);
        }
        return Signal.Continue;
    }

    /// <summary>Joins registers that all are strings and numbers.</summary>
    /// <returns>Null if one is something else.</returns>
    private LuaString? TryConcat(LuaValue[] stack, int first, int last)
    {
        Span<byte> digits = stackalloc byte[NumberText.MaxBytes];
        if (last - first == 1 && stack[first].Reference is LuaString left)
        {
            ref LuaValue right = ref stack[last];
            if (right.Reference is LuaString text)
            {
                return Join(left, text.Span);
            }
            return right.IsNumber ? Join(left, digits[..NumberText.Write(right.Number, digits)]) : null;
        }
        long total = 0;
        for (int i = first; i <= last; i++)
        {
            if (stack[i].Reference is LuaString text)
            {
                total += text.Length;
            }
            else if (stack[i].IsNumber)
            {
                total += NumberText.MaxBytes;
            }
            else
            {
                return null;
            }
        }
        return JoinAll(stack, first, last, total);
    }

    private LuaString Join(LuaString left, ReadOnlySpan<byte> right)
    {
        long total = (long)left.Length + right.Length;
        if (total > LuaState.MaxStringBytes)
        {
            throw LuaException.AtRunningFunction("string length overflow");
        }
        if (right.Length == 0)
        {
            return left;
        }
        byte[] bytes = AllocateString(total);
        left.Span.CopyTo(bytes);
        right.CopyTo(bytes.AsSpan(left.Length));
        return new LuaString(bytes);
    }

    /// <summary>Counts and makes the bytes of a string.</summary>
    internal byte[] AllocateString(long length)
    {
        Heap.Charge(LuaString.OverheadBytes + length);
        Budget -= length >> 6;
        return GC.AllocateUninitializedArray<byte>((int)length);
    }

    private LuaString JoinAll(LuaValue[] stack, int first, int last, long most)
    {
        Span<byte> small = stackalloc byte[512];
        Span<byte> buffer = most <= small.Length ? small : default;
        long length = 0;
        if (buffer.IsEmpty)
        {
            Span<byte> digits = stackalloc byte[NumberText.MaxBytes];
            for (int i = first; i <= last; i++)
            {
                length += stack[i].Reference is LuaString text ? text.Length : NumberText.Write(stack[i].Number, digits);
            }
            if (length > LuaState.MaxStringBytes)
            {
                throw LuaException.AtRunningFunction("string length overflow");
            }
            byte[] bytes = AllocateString(length);
            Fill(stack, first, last, bytes);
            return new LuaString(bytes);
        }
        return NewString((ReadOnlySpan<byte>)buffer[..Fill(stack, first, last, buffer)]);
    }

    private static int Fill(LuaValue[] stack, int first, int last, Span<byte> destination)
    {
        Span<byte> digits = stackalloc byte[NumberText.MaxBytes];
        int length = 0;
        for (int i = first; i <= last; i++)
        {
            ReadOnlySpan<byte> part = stack[i].Reference is LuaString text
                ? text.Span
                : digits[..NumberText.Write(stack[i].Number, digits)];
            part.CopyTo(destination[length..]);
            length += part.Length;
        }
        return length;
    }

    /// <summary>Joins from the right: runs of strings at once, other values by their metamethods.</summary>
    /// <param name="thread">The coroutine.</param>
    /// <param name="first">The slot of the first operand.</param>
    /// <param name="last">The slot of the last operand that is left.</param>
    private Signal Concat(LuaThread thread, int first, int last)
    {
        while (last > first)
        {
            LuaValue[] stack = thread.Stack;
            LuaValue left = stack[last - 1];
            LuaValue right = stack[last];
            if (IsText(in left) && IsText(in right))
            {
                int start = last - 1;
                while (start > first && IsText(in stack[start - 1]))
                {
                    start--;
                }
                stack[start] = TryConcat(stack, start, last);
                last = start;
                continue;
            }
            LuaValue handler = EventOf(in left, Metamethod.Concat);
            handler = handler.IsNil ? EventOf(in right, Metamethod.Concat) : handler;
            ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
            if (handler.IsNil)
            {
                int wrong = IsText(in left) ? last : last - 1;
                throw TypeError(thread, "concatenate", wrong - frame.Base, in stack[wrong]);
            }
            frame.Progress = last - 1;
            return CallEvent(thread, in handler, left, right);
        }
        return Store(thread, in thread.Stack[first]);
    }

    private static bool IsText(in LuaValue value) => value.IsNumber || value.Reference is LuaString;
}
