using Valkey.Turbo.Lua.Compiler;
using static Valkey.Turbo.Lua.Compiler.Instruction;

namespace Valkey.Turbo.Lua;

/// <content>The loop that executes instructions.</content>
internal sealed partial class Interpreter
{
    /// <summary>What a call costs of the budget; a jump back costs the instructions it jumps over.</summary>
    private const int CallCost = 10;

    /// <summary>
    /// Runs the frame on top until it needs something else. Calls between functions of Lua do not recurse here. What is
    /// not frequent is left to <see cref="ExecuteSlowly"/>, after which everything is read anew.
    /// </summary>
    private Signal Execute()
    {
    Reload:
        LuaThread thread = _current;
        ref CallFrame frame = ref thread.Frames[thread.FrameCount - 1];
        LuaClosure? closure = frame.Closure;
        Signal signal;
        if (closure is null)
        {
            signal = ResumeNative(thread);
            goto Check;
        }
        Prototype prototype = closure.Prototype;
        Verified<LuaValue> registers = new(thread.Stack, frame.Base, prototype.RegisterCount);
        Verified<LuaValue> constants = new(prototype.Constants, 0, prototype.Constants.Length);
        Verified<ulong> code = new(prototype.Code, 0, prototype.Code.Length);
        int pc = frame.Pc;
        ulong i;
        while (true)
        {
            i = code[pc++];
            switch (Operation(i))
            {
                case Opcode.Move:
                    registers[A(i)].Set(in registers[B(i)]);
                    continue;
                case Opcode.LoadConstant:
                    registers[A(i)].Set(in constants[J(i)]);
                    continue;
                case Opcode.LoadNil:
                    for (int register = A(i); register <= B(i); register++)
                    {
                        registers[register].Reference = null;
                    }
                    continue;
                case Opcode.LoadBoolean:
                    registers[A(i)].SetBoolean(B(i) != 0);
                    continue;
                case Opcode.GetUpvalue:
                    registers[A(i)].Set(in closure.Upvalues[B(i)]);
                    continue;
                case Opcode.GetCellUpvalue:
                    registers[A(i)].Set(in ((Cell)closure.Upvalues[B(i)].Reference!).Value);
                    continue;
                case Opcode.SetCellUpvalue:
                    ((Cell)closure.Upvalues[B(i)].Reference!).Value.Set(in registers[A(i)]);
                    continue;
                case Opcode.NewCell:
                    registers[A(i)].Reference = NewCell(in registers[A(i)]);
                    continue;
                case Opcode.GetCell:
                    registers[A(i)].Set(in ((Cell)registers[B(i)].Reference!).Value);
                    continue;
                case Opcode.SetCell:
                    ((Cell)registers[A(i)].Reference!).Value.Set(in registers[B(i)]);
                    continue;
                case Opcode.GetGlobal:
                    {
                        ref LuaValue found = ref closure.Environment.Find((LuaString)constants[J(i)].Reference!);
                        if (found.IsNil && closure.Environment.Metatable is not null)
                        {
                            break;
                        }
                        registers[A(i)].Set(in found);
                        continue;
                    }
                case Opcode.SetGlobal:
                    {
                        LuaTable environment = closure.Environment;
                        ref LuaValue place = ref environment.Find((LuaString)constants[J(i)].Reference!);
                        if (place.IsNil || environment.IsReadOnly)
                        {
                            break;
                        }
                        place.Set(in registers[A(i)]);
                        continue;
                    }
                case Opcode.GetTable:
                    {
                        if (registers[B(i)].Reference is not LuaTable table)
                        {
                            break;
                        }
                        ref LuaValue key = ref registers[C(i)];
                        ref LuaValue found = ref key.IsNumber ? ref table.Find(key.Number) : ref table.Find(in key);
                        if (found.IsNil && table.Metatable is not null)
                        {
                            break;
                        }
                        registers[A(i)].Set(in found);
                        continue;
                    }
                case Opcode.GetField:
                    {
                        if (registers[B(i)].Reference is not LuaTable table)
                        {
                            break;
                        }
                        ref LuaValue found = ref table.Find((LuaString)constants[C(i)].Reference!);
                        if (found.IsNil && table.Metatable is not null)
                        {
                            if (!TryIndexThroughTables(table, (LuaString)constants[C(i)].Reference!, ref registers[A(i)]))
                            {
                                break;
                            }
                            continue;
                        }
                        registers[A(i)].Set(in found);
                        continue;
                    }
                case Opcode.GetInteger:
                    {
                        if (registers[B(i)].Reference is not LuaTable table)
                        {
                            break;
                        }
                        ref LuaValue found = ref table.Find(C(i));
                        if (found.IsNil && table.Metatable is not null)
                        {
                            break;
                        }
                        registers[A(i)].Set(in found);
                        continue;
                    }
                case Opcode.SetTable:
                    {
                        if (registers[A(i)].Reference is not LuaTable { IsReadOnly: false } table)
                        {
                            break;
                        }
                        ref LuaValue key = ref registers[B(i)];
                        ref LuaValue place = ref key.IsNumber ? ref table.Find(key.Number) : ref table.Find(in key);
                        int value = C(i);
                        ref LuaValue source = ref (value & ConstantFlag) == 0 ? ref registers[value] : ref constants[value & ~ConstantFlag];
                        if (!place.IsNil)
                        {
                            place.Set(in source);
                            continue;
                        }
                        if (table.Metatable is not null)
                        {
                            break;
                        }
                        frame.Pc = pc;
                        table.Insert(in key, in source);
                        continue;
                    }
                case Opcode.SetField:
                    {
                        if (registers[A(i)].Reference is not LuaTable { IsReadOnly: false } table)
                        {
                            break;
                        }
                        ref LuaValue place = ref table.Find((LuaString)constants[B(i)].Reference!);
                        int value = C(i);
                        ref LuaValue source = ref (value & ConstantFlag) == 0 ? ref registers[value] : ref constants[value & ~ConstantFlag];
                        if (!place.IsNil)
                        {
                            place.Set(in source);
                            continue;
                        }
                        if (table.Metatable is not null)
                        {
                            break;
                        }
                        frame.Pc = pc;
                        table.Insert(in constants[B(i)], in source);
                        continue;
                    }
                case Opcode.SetInteger:
                    {
                        if (registers[A(i)].Reference is not LuaTable { IsReadOnly: false } table)
                        {
                            break;
                        }
                        ref LuaValue place = ref table.Find(B(i));
                        if (place.IsNil && table.Metatable is not null)
                        {
                            break;
                        }
                        int value = C(i);
                        frame.Pc = pc;
                        table.Set(B(i), in (value & ConstantFlag) == 0 ? ref registers[value] : ref constants[value & ~ConstantFlag]);
                        continue;
                    }
                case Opcode.Self:
                    {
                        if (registers[B(i)].Reference is not LuaTable table)
                        {
                            break;
                        }
                        LuaString name = (LuaString)constants[C(i)].Reference!;
                        ref LuaValue found = ref table.Find(name);
                        registers[A(i) + 1].Reference = table;
                        if (!found.IsNil)
                        {
                            registers[A(i)].Set(in found);
                            continue;
                        }
                        if (!TryIndexThroughTables(table, name, ref registers[A(i)]))
                        {
                            break;
                        }
                        continue;
                    }
                case Opcode.NewTable:
                    frame.Pc = pc;
                    registers[A(i)].Reference = new LuaTable(Heap, J(i), B(i));
                    continue;
                case Opcode.Add:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        ref LuaValue right = ref registers[C(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            registers[A(i)].SetNumber(left.Number + right.Number);
                            continue;
                        }
                        break;
                    }
                case Opcode.Subtract:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        ref LuaValue right = ref registers[C(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            registers[A(i)].SetNumber(left.Number - right.Number);
                            continue;
                        }
                        break;
                    }
                case Opcode.Multiply:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        ref LuaValue right = ref registers[C(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            registers[A(i)].SetNumber(left.Number * right.Number);
                            continue;
                        }
                        break;
                    }
                case Opcode.Divide:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        ref LuaValue right = ref registers[C(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            registers[A(i)].SetNumber(left.Number / right.Number);
                            continue;
                        }
                        break;
                    }
                case Opcode.Modulo:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        ref LuaValue right = ref registers[C(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            registers[A(i)].SetNumber(Arithmetic.Modulo(left.Number, right.Number));
                            continue;
                        }
                        break;
                    }
                case Opcode.Power:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        ref LuaValue right = ref registers[C(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            registers[A(i)].SetNumber(Arithmetic.Power(left.Number, right.Number));
                            continue;
                        }
                        break;
                    }
                case Opcode.AddConstant:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        if (left.IsNumber)
                        {
                            registers[A(i)].SetNumber(left.Number + constants[C(i)].Number);
                            continue;
                        }
                        break;
                    }
                case Opcode.SubtractConstant:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        if (left.IsNumber)
                        {
                            registers[A(i)].SetNumber(left.Number - constants[C(i)].Number);
                            continue;
                        }
                        break;
                    }
                case Opcode.MultiplyConstant:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        if (left.IsNumber)
                        {
                            registers[A(i)].SetNumber(left.Number * constants[C(i)].Number);
                            continue;
                        }
                        break;
                    }
                case Opcode.DivideConstant:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        if (left.IsNumber)
                        {
                            registers[A(i)].SetNumber(left.Number / constants[C(i)].Number);
                            continue;
                        }
                        break;
                    }
                case Opcode.ModuloConstant:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        if (left.IsNumber)
                        {
                            registers[A(i)].SetNumber(Arithmetic.Modulo(left.Number, constants[C(i)].Number));
                            continue;
                        }
                        break;
                    }
                case Opcode.PowerConstant:
                    {
                        ref LuaValue left = ref registers[B(i)];
                        if (left.IsNumber)
                        {
                            registers[A(i)].SetNumber(Arithmetic.Power(left.Number, constants[C(i)].Number));
                            continue;
                        }
                        break;
                    }
                case Opcode.Negate:
                    if (registers[B(i)].IsNumber)
                    {
                        registers[A(i)].SetNumber(-registers[B(i)].Number);
                        continue;
                    }
                    break;
                case Opcode.Not:
                    registers[A(i)].SetBoolean(registers[B(i)].IsFalsy);
                    continue;
                case Opcode.Length:
                    if (registers[B(i)].Reference is LuaTable measured)
                    {
                        registers[A(i)].SetNumber(measured.Length);
                        continue;
                    }
                    if (registers[B(i)].Reference is LuaString text)
                    {
                        registers[A(i)].SetNumber(text.Length);
                        continue;
                    }
                    break;
                case Opcode.Concat:
                    {
                        frame.Pc = pc;
                        LuaString? joined = TryConcat(thread.Stack, frame.Base + B(i), frame.Base + C(i));
                        if (joined is null)
                        {
                            break;
                        }
                        registers[A(i)].Reference = joined;
                        continue;
                    }
                case Opcode.Jump:
                    {
                        int jump = J(i);
                        pc += jump;
                        if (jump < 0 && (Budget += jump) < 0)
                        {
                            goto OutOfBudget;
                        }
                        continue;
                    }
                case Opcode.JumpIf:
                    if (!registers[A(i)].IsFalsy)
                    {
                        pc += J(i);
                    }
                    continue;
                case Opcode.JumpUnless:
                    if (registers[A(i)].IsFalsy)
                    {
                        pc += J(i);
                    }
                    continue;
                case Opcode.JumpIfEqual or Opcode.JumpUnlessEqual:
                    {
                        ref LuaValue left = ref registers[A(i)];
                        ref LuaValue right = ref registers[B(i)];
                        bool equal = left.RawEquals(in right);
                        if (!equal && CanHaveEqualEvent(left.Reference, right.Reference))
                        {
                            break;
                        }
                        if (equal == (Operation(i) == Opcode.JumpIfEqual))
                        {
                            pc += J(i);
                        }
                        continue;
                    }
                case Opcode.JumpIfEqualConstant:
                    if (registers[A(i)].RawEquals(in constants[B(i)]))
                    {
                        pc += J(i);
                    }
                    continue;
                case Opcode.JumpUnlessEqualConstant:
                    if (!registers[A(i)].RawEquals(in constants[B(i)]))
                    {
                        pc += J(i);
                    }
                    continue;
                case Opcode.JumpIfLess:
                    {
                        ref LuaValue left = ref registers[A(i)];
                        ref LuaValue right = ref registers[B(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            pc += left.Number < right.Number ? J(i) : 0;
                            continue;
                        }
                        break;
                    }
                case Opcode.JumpUnlessLess:
                    {
                        ref LuaValue left = ref registers[A(i)];
                        ref LuaValue right = ref registers[B(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            pc += left.Number < right.Number ? 0 : J(i);
                            continue;
                        }
                        break;
                    }
                case Opcode.JumpIfLessOrEqual:
                    {
                        ref LuaValue left = ref registers[A(i)];
                        ref LuaValue right = ref registers[B(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            pc += left.Number <= right.Number ? J(i) : 0;
                            continue;
                        }
                        break;
                    }
                case Opcode.JumpUnlessLessOrEqual:
                    {
                        ref LuaValue left = ref registers[A(i)];
                        ref LuaValue right = ref registers[B(i)];
                        if (left.IsNumber && right.IsNumber)
                        {
                            pc += left.Number <= right.Number ? 0 : J(i);
                            continue;
                        }
                        break;
                    }
                case Opcode.JumpIfLessConstant:
                    if (registers[A(i)].IsNumber)
                    {
                        pc += registers[A(i)].Number < constants[B(i)].Number ? J(i) : 0;
                        continue;
                    }
                    break;
                case Opcode.JumpUnlessLessConstant:
                    if (registers[A(i)].IsNumber)
                    {
                        pc += registers[A(i)].Number < constants[B(i)].Number ? 0 : J(i);
                        continue;
                    }
                    break;
                case Opcode.JumpIfLessOrEqualConstant:
                    if (registers[A(i)].IsNumber)
                    {
                        pc += registers[A(i)].Number <= constants[B(i)].Number ? J(i) : 0;
                        continue;
                    }
                    break;
                case Opcode.JumpUnlessLessOrEqualConstant:
                    if (registers[A(i)].IsNumber)
                    {
                        pc += registers[A(i)].Number <= constants[B(i)].Number ? 0 : J(i);
                        continue;
                    }
                    break;
                case Opcode.JumpIfGreaterConstant:
                    if (registers[A(i)].IsNumber)
                    {
                        pc += constants[B(i)].Number < registers[A(i)].Number ? J(i) : 0;
                        continue;
                    }
                    break;
                case Opcode.JumpUnlessGreaterConstant:
                    if (registers[A(i)].IsNumber)
                    {
                        pc += constants[B(i)].Number < registers[A(i)].Number ? 0 : J(i);
                        continue;
                    }
                    break;
                case Opcode.JumpIfGreaterOrEqualConstant:
                    if (registers[A(i)].IsNumber)
                    {
                        pc += constants[B(i)].Number <= registers[A(i)].Number ? J(i) : 0;
                        continue;
                    }
                    break;
                case Opcode.JumpUnlessGreaterOrEqualConstant:
                    if (registers[A(i)].IsNumber)
                    {
                        pc += constants[B(i)].Number <= registers[A(i)].Number ? 0 : J(i);
                        continue;
                    }
                    break;
                case Opcode.ForPrepare:
                    frame.Pc = pc;
                    PrepareLoop(ref registers[A(i)], ref registers[A(i) + 1], ref registers[A(i) + 2]);
                    pc += J(i);
                    continue;
                case Opcode.ForLoop:
                    {
                        ref LuaValue index = ref registers[A(i)];
                        double step = registers[A(i) + 2].Number;
                        double next = index.Number + step;
                        double limit = registers[A(i) + 1].Number;
                        if (step > 0 ? next <= limit : limit <= next)
                        {
                            int jump = J(i);
                            index.Number = next;
                            registers[A(i) + 3].SetNumber(next);
                            pc += jump;
                            if ((Budget += jump) < 0)
                            {
                                goto OutOfBudget;
                            }
                        }
                        continue;
                    }
                case Opcode.ForEach:
                    {
                        if (registers[A(i)].Reference is not LuaNative { Role: not NativeRole.Ordinary })
                        {
                            break;
                        }
                        int found = NextPair(ref registers[A(i)], in registers[A(i) + 1], ref registers[A(i) + 2], ref registers[A(i) + 3], ref registers[A(i) + 4]);
                        if (found < 0)
                        {
                            break;
                        }
                        for (int variable = 3; variable <= B(i); variable++)
                        {
                            registers[A(i) + 2 + variable].Reference = null;
                        }
                        if (found > 0)
                        {
                            int jump = J(i);
                            pc += jump;
                            if ((Budget += jump) < 0)
                            {
                                goto OutOfBudget;
                            }
                        }
                        continue;
                    }
                case Opcode.Call:
                    {
                        if (Budget < 0)
                        {
                            pc--;
                            goto OutOfBudget;
                        }
                        Budget -= CallCost;
                        frame.Pc = pc;
                        int function = frame.Base + A(i);
                        int arguments = B(i) != 0 ? B(i) - 1 : thread.Top - function - 1;
                        object? callee = registers[A(i)].Reference;
                        if (callee is LuaClosure called)
                        {
                            EnterClosure(thread, called, function, arguments, C(i) - 1, FrameKind.Call);
                            goto Reload;
                        }
                        if (callee is not LuaNative native)
                        {
                            signal = CallValue(thread, function, arguments, C(i) - 1, FrameKind.Call);
                            goto Check;
                        }
                        LuaCall call = new(this, thread, native, function, arguments);
                        _isNativeRunning = true;
                        int results = native.Function(ref call);
                        _isNativeRunning = false;
                        if (results < 0)
                        {
                            signal = FollowSignal(results, ref call, C(i) - 1, FrameKind.Call);
                            goto Check;
                        }
                        if (C(i) == 0)
                        {
                            thread.Top = function + results;
                        }
                        else if (results < C(i) - 1)
                        {
                            Array.Clear(thread.Stack, function + results, C(i) - 1 - results);
                        }
                        registers = new Verified<LuaValue>(thread.Stack, frame.Base, prototype.RegisterCount);
                        continue;
                    }
                case Opcode.TailCall:
                    if (Budget < 0)
                    {
                        pc--;
                        goto OutOfBudget;
                    }
                    Budget -= CallCost;
                    frame.Pc = pc;
                    signal = TailCall(thread, A(i), B(i));
                    goto Check;
                case Opcode.ReturnNothing:
                    if (frame.Kind != FrameKind.Call)
                    {
                        signal = ReturnFrom(thread, frame.Base, 0);
                        goto Check;
                    }
                    ReturnNothing(thread, in frame);
                    goto Reload;
                case Opcode.ReturnOne:
                    if (frame.Kind != FrameKind.Call || frame.Wanted != 1)
                    {
                        signal = ReturnFrom(thread, frame.Base + A(i), 1);
                        goto Check;
                    }
                    thread.Stack[frame.Function].Set(in registers[A(i)]);
                    thread.FrameCount--;
                    goto Reload;
                case Opcode.Return:
                    {
                        int first = frame.Base + A(i);
                        signal = ReturnFrom(thread, first, B(i) != 0 ? B(i) - 1 : thread.Top - first);
                        goto Check;
                    }
                case Opcode.Closure:
                    frame.Pc = pc;
                    registers[A(i)].Reference = MakeClosure(closure, prototype.Prototypes[J(i)], thread.Stack, frame.Base);
                    continue;
                case Opcode.Line:
                    if (!TracesLines)
                    {
                        continue;
                    }
                    frame.Pc = pc;
                    return Signal.Line;
                default:
                    break;
            }
            frame.Pc = pc;
            signal = ExecuteSlowly(thread, i);
            goto Check;
        }
    OutOfBudget:
        frame.Pc = pc;
        return Signal.OutOfBudget;
    Check:
        if (signal != Signal.Continue)
        {
            return signal;
        }
        goto Reload;
    }
}
