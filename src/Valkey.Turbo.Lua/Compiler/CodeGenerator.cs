namespace Valkey.Turbo.Lua.Compiler;

/// <summary>Makes code of the syntax tree: functions and statements; expressions are in the other parts.</summary>
/// <remarks>
/// The parser counts how deep constructs lie in each other, so recursion here is bounded; what it does not count, chains
/// of operators that bind to the left and of fields and calls, is walked without recursion.
/// </remarks>
internal sealed partial class CodeGenerator
{
    private readonly string _chunk;
    private readonly LuaString _source;
    private readonly bool _traceLines;
    private FunctionBuilder _function;

    private CodeGenerator(string chunk, LuaString source, bool traceLines, FunctionBody main)
    {
        _chunk = chunk;
        _source = source;
        _traceLines = traceLines;
        _function = new FunctionBuilder(null, main, chunk, source);
    }

    /// <summary>Makes the code of a chunk.</summary>
    internal static Prototype Generate(FunctionBody main, string chunk, LuaString source, bool traceLines)
    {
        CodeGenerator generator = new(chunk, source, traceLines, main);
        return generator.GenerateFunction();
    }

    private Prototype GenerateFunction()
    {
        FunctionBuilder function = _function;
        FunctionBody body = function.Body;
        body.Parameters.ForEach(DeclareParameter);
        if (body.ArgumentTable is { } table)
        {
            DeclareParameter(table);
        }
        GenerateBlock(body.Body);
        function.Line = body.LastLine;
        function.Emit(Opcode.ReturnNothing, 0);
        Prototype prototype = function.Build();
        CodeVerifier.Verify(prototype);
        return prototype;
    }

    private void DeclareParameter(LocalVariable variable)
    {
        variable.Register = _function.Reserve();
        _function.LocalRegisters = _function.Free;
        MakeCell(variable);
    }

    /// <summary>Turns the value in a variable's register into a cell that holds it, if functions share the variable.</summary>
    private void MakeCell(LocalVariable variable)
    {
        if (variable.IsCell)
        {
            _function.Emit(Opcode.NewCell, variable.Register);
        }
    }

    private void DeclareLocal(LocalVariable variable, int register)
    {
        variable.Register = register;
        MakeCell(variable);
    }

    private void GenerateBlock(Block block)
    {
        int locals = _function.LocalRegisters;
        GenerateStatements(block);
        LeaveBlock(locals);
    }

    private void LeaveBlock(int locals)
    {
        _function.LocalRegisters = locals;
        _function.Free = locals;
    }

    private void GenerateStatements(Block block)
    {
        int tracedLine = -1;
        foreach (Statement statement in block.Statements)
        {
            _function.Line = statement.Line;
            if (_traceLines && statement.Line != tracedLine)
            {
                tracedLine = statement.Line;
                _function.Emit(Opcode.Line, 0);
            }
            GenerateStatement(statement);
            _function.Free = _function.LocalRegisters;
        }
    }

    private void GenerateStatement(Statement statement)
    {
        switch (statement)
        {
            case LocalStatement local:
                GenerateLocal(local);
                break;
            case LocalFunctionStatement local:
                GenerateLocalFunction(local);
                break;
            case AssignmentStatement assignment:
                GenerateAssignment(assignment);
                break;
            case CallStatement call:
                GenerateCall(call.Call, 0);
                break;
            case DoStatement block:
                GenerateBlock(block.Body);
                break;
            case IfStatement conditional:
                GenerateIf(conditional);
                break;
            case WhileStatement loop:
                GenerateWhile(loop);
                break;
            case RepeatStatement loop:
                GenerateRepeat(loop);
                break;
            case NumericForStatement loop:
                GenerateNumericFor(loop);
                break;
            case GenericForStatement loop:
                GenerateGenericFor(loop);
                break;
            case ReturnStatement @return:
                GenerateReturn(@return);
                break;
            default:
                _function.Breaks.Peek().Add(_function.EmitJump(Opcode.Jump));
                break;
        }
    }

    private void GenerateLocal(LocalStatement local)
    {
        int first = _function.Free;
        GenerateValues(local.Values, local.Variables.Count);
        for (int i = 0; i < local.Variables.Count; i++)
        {
            DeclareLocal(local.Variables[i], first + i);
        }
        _function.Free = first + local.Variables.Count;
        _function.LocalRegisters = _function.Free;
    }

    private void GenerateLocalFunction(LocalFunctionStatement local)
    {
        int register = _function.Reserve();
        _function.LocalRegisters = _function.Free;
        if (!local.Variable.IsCell)
        {
            local.Variable.Register = register;
            GenerateTo(local.Function, register);
            return;
        }
        _function.Emit(Opcode.LoadNil, register, register);
        DeclareLocal(local.Variable, register);
        int closure = _function.Reserve();
        GenerateTo(local.Function, closure);
        _function.Emit(Opcode.SetCell, register, closure);
    }

    /// <summary>Evaluates a list into consecutive registers, adjusted to a count.</summary>
    private void GenerateValues(List<Expression> values, int wanted)
    {
        for (int i = 0; i < values.Count; i++)
        {
            bool isLast = i == values.Count - 1;
            if (isLast && values[i].IsMultiple && wanted >= values.Count)
            {
                GenerateMultiple(values[i], wanted - i);
                return;
            }
            int before = _function.Free;
            GenerateToNext(values[i]);
            if (i >= wanted)
            {
                _function.Free = before;
            }
        }
        int missing = wanted - values.Count;
        if (missing > 0)
        {
            int register = _function.Reserve(missing);
            _function.Emit(Opcode.LoadNil, register, register + missing - 1);
        }
    }

    /// <summary>Evaluates an open list into consecutive registers.</summary>
    /// <returns>The count of values plus one; zero if they go up to the top.</returns>
    private int GenerateOpenValues(List<Expression> values)
    {
        for (int i = 0; i < values.Count; i++)
        {
            if (i == values.Count - 1 && values[i].IsMultiple)
            {
                GenerateMultiple(values[i], -1);
                return 0;
            }
            GenerateToNext(values[i]);
        }
        return values.Count + 1;
    }

    private void GenerateIf(IfStatement conditional)
    {
        List<int> ends = [];
        for (int i = 0; i < conditional.Branches.Count; i++)
        {
            (Expression condition, Block body) = conditional.Branches[i];
            List<int> next = [];
            GenerateCondition(condition, false, next);
            _function.Free = _function.LocalRegisters;
            GenerateBlock(body);
            if (i < conditional.Branches.Count - 1 || conditional.Otherwise is not null)
            {
                ends.Add(_function.EmitJump(Opcode.Jump));
            }
            _function.PatchHere(next);
        }
        if (conditional.Otherwise is { } otherwise)
        {
            GenerateBlock(otherwise);
        }
        _function.PatchHere(ends);
    }

    private void GenerateWhile(WhileStatement loop)
    {
        int start = _function.Next;
        List<int> exits = [];
        GenerateCondition(loop.Condition, false, exits);
        _function.Free = _function.LocalRegisters;
        _function.Breaks.Push(exits);
        GenerateBlock(loop.Body);
        _function.EmitJumpTo(Opcode.Jump, 0, 0, start);
        _function.PatchHere(_function.Breaks.Pop());
    }

    private void GenerateRepeat(RepeatStatement loop)
    {
        int locals = _function.LocalRegisters;
        int start = _function.Next;
        _function.Breaks.Push([]);
        GenerateStatements(loop.Body);
        List<int> done = [];
        GenerateCondition(loop.Condition, true, done);
        _function.EmitJumpTo(Opcode.Jump, 0, 0, start);
        _function.PatchHere(done);
        _function.PatchHere(_function.Breaks.Pop());
        LeaveBlock(locals);
    }

    private void GenerateNumericFor(NumericForStatement loop)
    {
        int locals = _function.LocalRegisters;
        int first = _function.Free;
        GenerateToNext(loop.Start);
        GenerateToNext(loop.Limit);
        GenerateToNext(loop.Step ?? new ConstantExpression(1.0));
        _function.Line = loop.DoLine;
        int prepare = _function.EmitJump(Opcode.ForPrepare, first);
        int start = _function.Next;
        GenerateLoopBody(loop.Body, [loop.Variable], 1);
        _function.PatchHere(prepare);
        _function.Line = loop.Line;
        _function.EmitJumpTo(Opcode.ForLoop, first, 0, start);
        _function.PatchHere(_function.Breaks.Pop());
        LeaveBlock(locals);
    }

    private void GenerateGenericFor(GenericForStatement loop)
    {
        int locals = _function.LocalRegisters;
        int first = _function.Free;
        GenerateValues(loop.Values, 3);
        int enter = _function.EmitJump(Opcode.Jump);
        int start = _function.Next;
        // The call of the iterator needs three registers where the variables are.
        GenerateLoopBody(loop.Body, loop.Variables, Math.Max(3, loop.Variables.Count));
        _function.PatchHere(enter);
        _function.Line = loop.Line;
        _function.EmitJumpTo(Opcode.ForEach, first, loop.Variables.Count, start);
        _function.PatchHere(_function.Breaks.Pop());
        LeaveBlock(locals);
    }

    private void GenerateLoopBody(Block body, List<LocalVariable> variables, int registers)
    {
        int register = _function.Reserve(registers);
        _function.Free = register + variables.Count;
        _function.LocalRegisters = _function.Free;
        for (int i = 0; i < variables.Count; i++)
        {
            DeclareLocal(variables[i], register + i);
        }
        _function.Breaks.Push([]);
        GenerateBlock(body);
    }

    private void GenerateReturn(ReturnStatement @return)
    {
        List<Expression> values = @return.Values;
        if (values is [CallExpression call])
        {
            GenerateTailCall(call);
            return;
        }
        if (values.Count == 0)
        {
            _function.Emit(Opcode.ReturnNothing, 0);
            return;
        }
        if (values is [{ IsMultiple: false } single])
        {
            int register = Materialize(GenerateOperand(single));
            _function.Line = @return.EndLine;
            _function.Emit(Opcode.ReturnOne, register);
            return;
        }
        int first = _function.Free;
        int count = GenerateOpenValues(values);
        _function.Line = @return.EndLine;
        _function.Emit(Opcode.Return, first, count);
    }
}
