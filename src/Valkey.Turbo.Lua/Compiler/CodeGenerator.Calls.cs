namespace Valkey.Turbo.Lua.Compiler;

/// <content>Chains of fields, methods and calls.</content>
internal sealed partial class CodeGenerator
{
    /// <summary>Makes a call whose results begin at the free register.</summary>
    /// <param name="call">The call.</param>
    /// <param name="wanted">Results wanted; -1 for all.</param>
    private void GenerateCall(CallExpression call, int wanted)
    {
        int first = _function.Free;
        GenerateSuffixed(call, -1, wanted);
        _function.Free = first;
        _function.Reserve(Math.Max(wanted, 0));
    }

    private void GenerateTailCall(CallExpression call)
    {
        int first = _function.Free;
        Operand target = GenerateTarget(call.Target);
        int arguments = PrepareCall(call, target, first);
        _function.Line = call.CallLine;
        _function.Emit(Opcode.TailCall, first, arguments);
        _function.NameOperand(first, CallName(call));
    }

    private static (NameKind Kind, LuaString Name)? CallName(CallExpression call) =>
        call.Method is { } method ? (NameKind.Method, method) : NameOf(call.Target);

    /// <summary>Evaluates what a call or an index applies to.</summary>
    private Operand GenerateTarget(Expression target) => Unwrap(target) switch
    {
        IndexExpression or CallExpression => GenerateChain(Unwrap(target)),
        _ => GenerateOperand(target),
    };

    /// <summary>Evaluates a chain into the free register.</summary>
    private Operand GenerateChain(Expression expression)
    {
        int register = _function.Free;
        GenerateSuffixed(expression, -1, 1);
        _function.Free = register;
        return Operand.InRegister(_function.Reserve());
    }

    /// <summary>Evaluates a chain from its innermost part outwards.</summary>
    /// <param name="expression">An index or a call.</param>
    /// <param name="target">Where an only value goes; -1 for the free register.</param>
    /// <param name="wanted">Values wanted of a call.</param>
    private void GenerateSuffixed(Expression expression, int target, int wanted)
    {
        Stack<Expression> chain = [];
        Expression current = expression;
        while (current is IndexExpression or CallExpression)
        {
            chain.Push(current);
            current = Unwrap(current is IndexExpression index ? index.Target : ((CallExpression)current).Target);
        }
        int first = _function.Free;
        Operand value = GenerateOperand(current);
        while (chain.TryPop(out Expression? link))
        {
            bool isLast = chain.Count == 0;
            if (link is IndexExpression index)
            {
                value = GenerateIndex(index, value, first, isLast ? target : -1);
            }
            else
            {
                value = GenerateCallOf((CallExpression)link, value, first, isLast ? wanted : 1);
            }
        }
        if (target >= 0)
        {
            LoadInto(value, target);
        }
    }

    private Operand GenerateIndex(IndexExpression index, in Operand table, int first, int target)
    {
        // A local is read when it is indexed, so the key comes first.
        Operand key = GenerateOperand(index.Key);
        int register = Materialize(table);
        Opcode opcode = Opcode.GetTable;
        int field;
        if (IsFieldName(key, out int name))
        {
            opcode = Opcode.GetField;
            field = name;
        }
        else if (IsSmallInteger(key, out int integer))
        {
            opcode = Opcode.GetInteger;
            field = integer;
        }
        else
        {
            field = Materialize(key);
        }
        _function.Free = first;
        int destination = target >= 0 ? target : _function.Reserve();
        _function.Line = index.Line;
        _function.Emit(opcode, destination, register, field);
        _function.NameOperand(register, NameOf(index.Target));
        return Operand.InRegister(destination);
    }

    private Operand GenerateCallOf(CallExpression call, in Operand target, int first, int wanted)
    {
        int arguments = PrepareCall(call, target, first);
        _function.Line = call.CallLine;
        _function.Emit(Opcode.Call, first, arguments, wanted + 1);
        _function.NameOperand(first, CallName(call));
        _function.Free = first;
        _function.Reserve(Math.Max(wanted, 1));
        return Operand.InRegister(first);
    }

    /// <summary>Puts the function and its arguments into consecutive registers.</summary>
    /// <returns>The count of arguments plus one; zero if they go up to the top.</returns>
    private int PrepareCall(CallExpression call, in Operand target, int first)
    {
        int fixedArguments = 0;
        if (call.Method is { } method)
        {
            int register = Materialize(target);
            _function.Free = first;
            _function.Reserve(2);
            _function.Line = call.NameLine;
            EmitSelf(first, register, method);
            _function.NameOperand(register, NameOf(call.Target));
            fixedArguments = 1;
        }
        else
        {
            _function.Free = first;
            LoadInto(target, _function.Reserve());
        }
        int count = GenerateOpenValues(call.Arguments);
        return count == 0 ? 0 : count + fixedArguments;
    }

    private void EmitSelf(int first, int register, LuaString method)
    {
        int constant = _function.Constant(method);
        if (constant <= Instruction.MaxField)
        {
            _function.Emit(Opcode.Self, first, register, constant);
            return;
        }
        int key = _function.Reserve();
        LoadConstant(method, key);
        _function.Emit(Opcode.Move, first + 1, register);
        _function.Emit(Opcode.GetTable, first, register, key);
        _function.Free = first + 2;
    }
}
