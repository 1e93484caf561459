namespace Valkey.Turbo.Lua.Compiler;

internal enum OperandKind
{
    Register,
    Constant,

    /// <summary>A shared variable, which is read at the latest moment.</summary>
    Cell,
}

/// <summary>A value that an instruction is about to use.</summary>
internal readonly record struct Operand(OperandKind Kind, int Register, LuaValue Constant)
{
    internal static Operand InRegister(int register) => new(OperandKind.Register, register, default);

    internal static Operand Of(LuaValue constant) => new(OperandKind.Constant, 0, constant);
}

/// <content>Expressions that are evaluated for their values.</content>
internal sealed partial class CodeGenerator
{
    /// <summary>Array items of a constructor that are stored at once.</summary>
    private const int ItemsPerFlush = 50;

    private static Expression Unwrap(Expression expression)
    {
        while (expression is ParenthesizedExpression parenthesized)
        {
            expression = parenthesized.Inner;
        }
        return expression;
    }

    /// <summary>What messages call the value of an expression.</summary>
    private static (NameKind Kind, LuaString Name)? NameOf(Expression expression) => Unwrap(expression) switch
    {
        LocalExpression local => (NameKind.Local, local.Variable.Name),
        UpvalueExpression upvalue => (NameKind.Upvalue, upvalue.Variable.Name),
        GlobalExpression global => (NameKind.Global, global.Name),
        IndexExpression { Key: ConstantExpression constant } when constant.Value.AsString() is { } name => (NameKind.Field, name),
        IndexExpression => (NameKind.Field, s_unknown),
        _ => null,
    };

    private static readonly LuaString s_unknown = LuaString.Constant("?");

    /// <summary>Evaluates an expression to where an instruction can use it, its own register if it is a local.</summary>
    private Operand GenerateOperand(Expression expression)
    {
        switch (Unwrap(expression))
        {
            case ConstantExpression constant:
                return Operand.Of(constant.Value);
            case LocalExpression local:
                return new Operand(
                    local.Variable.IsCell ? OperandKind.Cell : OperandKind.Register, local.Variable.Register, default);
            case BinaryExpression binary:
                return GenerateBinary(binary, -1);
            case UnaryExpression { Operator: UnaryOperator.Negate } negation
                when Unwrap(negation.Operand) is ConstantExpression constant && constant.Value.TryGetNumber(out double number):
                return Operand.Of(-number);
            default:
                return Operand.InRegister(GenerateToNext(expression));
        }
    }

    /// <summary>Puts an operand into a register, if it is not in one.</summary>
    private int Materialize(in Operand operand)
    {
        if (operand.Kind == OperandKind.Register)
        {
            return operand.Register;
        }
        int register = _function.Reserve();
        LoadInto(operand, register);
        return register;
    }

    private void LoadInto(in Operand operand, int target)
    {
        switch (operand.Kind)
        {
            case OperandKind.Cell:
                _function.Emit(Opcode.GetCell, target, operand.Register);
                break;
            case OperandKind.Constant:
                LoadConstant(operand.Constant, target);
                break;
            default:
                if (operand.Register != target)
                {
                    _function.Emit(Opcode.Move, target, operand.Register);
                }
                break;
        }
    }

    private void LoadConstant(in LuaValue value, int target)
    {
        if (value.IsNil)
        {
            _function.Emit(Opcode.LoadNil, target, target);
        }
        else if (value.IsBoolean)
        {
            _function.Emit(Opcode.LoadBoolean, target, value.IsTrue ? 1 : 0);
        }
        else
        {
            _function.EmitWide(Opcode.LoadConstant, target, 0, _function.Constant(value));
        }
    }

    private int GenerateToNext(Expression expression)
    {
        int register = _function.Reserve();
        GenerateTo(expression, register);
        _function.Free = register + 1;
        return register;
    }

    /// <summary>Evaluates an expression into a register.</summary>
    private void GenerateTo(Expression expression, int target)
    {
        int mark = _function.Free;
        Expression inner = Unwrap(expression);
        switch (inner)
        {
            case ConstantExpression or LocalExpression:
                LoadInto(GenerateOperand(inner), target);
                break;
            case UpvalueExpression upvalue:
                _function.Line = upvalue.Line;
                _function.Emit(upvalue.Variable.IsCell ? Opcode.GetCellUpvalue : Opcode.GetUpvalue, target, upvalue.Index);
                break;
            case GlobalExpression global:
                _function.Line = global.Line;
                _function.EmitWide(Opcode.GetGlobal, target, 0, _function.Constant(global.Name));
                break;
            case IndexExpression or CallExpression:
                GenerateSuffixed(inner, target, 1);
                break;
            case VarargExpression:
                _function.Line = inner.Line;
                _function.Emit(Opcode.Vararg, target, 2);
                break;
            case FunctionExpression function:
                GenerateClosure(function, target);
                break;
            case BinaryExpression binary:
                LoadInto(GenerateBinary(binary, target), target);
                break;
            case UnaryExpression unary:
                GenerateUnary(unary, target);
                break;
            case LogicalExpression logical:
                GenerateLogical(logical, target);
                break;
            default:
                GenerateTable((TableExpression)inner, target);
                break;
        }
        _function.Free = mark;
    }

    /// <summary>Evaluates a call or the variable arguments to consecutive registers at the free one.</summary>
    /// <param name="expression">The expression.</param>
    /// <param name="wanted">Values wanted; -1 for all.</param>
    private void GenerateMultiple(Expression expression, int wanted)
    {
        if (expression is CallExpression call)
        {
            GenerateCall(call, wanted);
            return;
        }
        int first = _function.Free;
        _function.Reserve(Math.Max(wanted, 1));
        _function.Line = expression.Line;
        _function.Emit(Opcode.Vararg, first, wanted + 1);
        _function.Free = first + Math.Max(wanted, 0);
    }

    private void GenerateClosure(FunctionExpression function, int target)
    {
        FunctionBuilder outer = _function;
        _function = new FunctionBuilder(outer, function.Body, _chunk, _source);
        Prototype prototype = GenerateFunction();
        _function = outer;
        _function.Line = function.Line;
        _function.EmitWide(Opcode.Closure, target, 0, _function.AddPrototype(prototype));
    }

    private void GenerateUnary(UnaryExpression unary, int target)
    {
        if (unary.Operator == UnaryOperator.Not)
        {
            GenerateBoolean(unary, target);
            return;
        }
        Operand operand = GenerateOperand(unary.Operand);
        if (unary.Operator == UnaryOperator.Negate && operand.Kind == OperandKind.Constant
            && operand.Constant.TryGetNumber(out double number))
        {
            LoadConstant(-number, target);
            return;
        }
        int register = Materialize(operand);
        _function.Line = unary.Line;
        _function.Emit(unary.Operator == UnaryOperator.Negate ? Opcode.Negate : Opcode.Length, target, register);
        _function.NameOperand(register, NameOf(unary.Operand));
    }

    private void GenerateTable(TableExpression table, int target)
    {
        // Items may use what the target holds, so the table is built in a register of its own.
        bool isFresh = target >= _function.LocalRegisters && target == _function.Free - 1;
        int register = isFresh ? target : _function.Reserve();
        int last = table.Items.Count - 1;
        int arrayItems = table.Items.Count(item => item.Key is null);
        int fields = table.Items.Count - arrayItems;
        bool isOpen = last >= 0 && table.Items[last] is { Key: null, Value.IsMultiple: true };
        _function.EmitWide(
            Opcode.NewTable, register, Math.Min(SizeHint(fields), Instruction.MaxField), SizeHint(arrayItems - (isOpen ? 1 : 0)));
        int pending = 0;
        int stored = 0;
        for (int i = 0; i <= last; i++)
        {
            (Expression? key, Expression value) = table.Items[i];
            if (key is not null)
            {
                GenerateField(register, key, value);
                continue;
            }
            if (i == last && isOpen)
            {
                GenerateMultiple(value, -1);
                _function.EmitWide(Opcode.SetList, register, 0, stored);
                pending = 0;
                break;
            }
            GenerateToNext(value);
            if (++pending == ItemsPerFlush)
            {
                stored = Flush(register, pending, stored);
                pending = 0;
            }
        }
        if (pending > 0)
        {
            Flush(register, pending, stored);
        }
        _function.Line = table.Line;
        LoadInto(Operand.InRegister(register), target);
    }

    private int Flush(int table, int pending, int stored)
    {
        _function.EmitWide(Opcode.SetList, table, pending, stored);
        _function.Free -= pending;
        return stored + pending;
    }

    private void GenerateField(int table, Expression key, Expression value)
    {
        int mark = _function.Free;
        Operand keyOperand = GenerateOperand(key);
        Operand valueOperand = GenerateOperand(value);
        _function.Line = value.Line;
        StoreIndexed(new IndexExpression(s_noName, key), Operand.InRegister(table), keyOperand, valueOperand);
        _function.Free = mark;
    }

    private static readonly ConstantExpression s_noName = new(default);

    /// <summary>The room that Lua 5.1 makes for a count of items: exact up to fifteen, then rounded up to eighths of a power of two.</summary>
    private static int SizeHint(int count)
    {
        int shift = 0;
        while (count >= 16)
        {
            count = (count + 1) >> 1;
            shift++;
        }
        return count << shift;
    }
}
