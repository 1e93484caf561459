namespace Valkey.Turbo.Lua.Compiler;

/// <content>Assignments.</content>
internal sealed partial class CodeGenerator
{
    /// <summary>A place that is assigned to, its table and key evaluated.</summary>
    private readonly record struct Place(Expression Target, Operand Table, Operand Key);

    private void GenerateAssignment(AssignmentStatement assignment)
    {
        if (assignment.Targets.Count == 1 && assignment.Values.Count == 1)
        {
            GenerateSingle(assignment.Targets[0], assignment.Values[0], assignment.EndLine);
            return;
        }
        List<Place> places = [.. assignment.Targets.Select(target => Evaluate(target, assignment.Targets))];
        int first = _function.Free;
        GenerateValues(assignment.Values, places.Count);
        _function.Free = first + places.Count;
        _function.Line = assignment.EndLine;
        for (int i = places.Count - 1; i >= 0; i--)
        {
            Store(places[i], Operand.InRegister(first + i));
        }
    }

    private void GenerateSingle(Expression target, Expression value, int line)
    {
        if (target is LocalExpression { Variable: { IsCell: false } variable } && WritesTargetLast(value))
        {
            GenerateTo(value, variable.Register);
            return;
        }
        Place place = Evaluate(target, []);
        Operand operand = GenerateOperand(value);
        _function.Line = line;
        Store(place, operand);
    }

    /// <summary>Whether evaluating straight into a local's register is safe, because the old value is not needed once it is written.</summary>
    private static bool WritesTargetLast(Expression value) =>
        value is ConstantExpression or LocalExpression or UpvalueExpression or GlobalExpression or IndexExpression
            or CallExpression or UnaryExpression or FunctionExpression or VarargExpression
            or BinaryExpression
        {
            Operator: < BinaryOperator.Equal
        };

    private Place Evaluate(Expression target, List<Expression> targets)
    {
        if (target is not IndexExpression index)
        {
            return new Place(target, default, default);
        }
        Operand table = Protect(GenerateOperand(index.Target), index.Target, targets);
        Operand key = Protect(GenerateOperand(index.Key), index.Key, targets);
        return new Place(target, table, key);
    }

    /// <summary>Copies a local that the same statement assigns to.</summary>
    private Operand Protect(Operand operand, Expression expression, List<Expression> targets)
    {
        if (Unwrap(expression) is not LocalExpression local
            || !targets.Exists(target => target is LocalExpression assigned && ReferenceEquals(assigned.Variable, local.Variable)))
        {
            return operand;
        }
        if (operand.Kind == OperandKind.Cell)
        {
            return Operand.InRegister(Materialize(operand));
        }
        int copy = _function.Reserve();
        _function.Emit(Opcode.Move, copy, operand.Register);
        return Operand.InRegister(copy);
    }

    private void Store(in Place place, in Operand value)
    {
        switch (place.Target)
        {
            case LocalExpression { Variable.IsCell: true } cell:
                _function.Emit(Opcode.SetCell, cell.Variable.Register, Materialize(value));
                break;
            case LocalExpression local:
                LoadInto(value, local.Variable.Register);
                break;
            case UpvalueExpression upvalue:
                _function.Emit(Opcode.SetCellUpvalue, Materialize(value), upvalue.Index);
                break;
            case GlobalExpression global:
                _function.EmitWide(Opcode.SetGlobal, Materialize(value), 0, _function.Constant(global.Name));
                break;
            default:
                StoreIndexed((IndexExpression)place.Target, place.Table, place.Key, value);
                break;
        }
    }

    private void StoreIndexed(IndexExpression target, in Operand table, in Operand key, in Operand value)
    {
        int mark = _function.Free;
        int tableRegister = Materialize(table);
        Opcode opcode = Opcode.SetTable;
        int keyField;
        if (IsFieldName(key, out int name))
        {
            opcode = Opcode.SetField;
            keyField = name;
        }
        else if (IsSmallInteger(key, out int integer))
        {
            opcode = Opcode.SetInteger;
            keyField = integer;
        }
        else
        {
            keyField = Materialize(key);
        }
        _function.Emit(opcode, tableRegister, keyField, RegisterOrConstant(value));
        _function.NameOperand(tableRegister, NameOf(target.Target));
        _function.Free = mark;
    }

    private int RegisterOrConstant(in Operand value)
    {
        if (value.Kind == OperandKind.Constant)
        {
            int constant = _function.Constant(value.Constant);
            if (constant < Instruction.ConstantFlag)
            {
                return constant | Instruction.ConstantFlag;
            }
        }
        return Materialize(value);
    }

    private bool IsFieldName(in Operand key, out int constant)
    {
        constant = 0;
        if (key.Kind != OperandKind.Constant || key.Constant.AsString() is null)
        {
            return false;
        }
        constant = _function.Constant(key.Constant);
        return constant <= Instruction.MaxField;
    }

    private static bool IsSmallInteger(in Operand key, out int integer)
    {
        integer = 0;
        if (key.Kind != OperandKind.Constant || !key.Constant.TryGetNumber(out double number))
        {
            return false;
        }
        integer = number is >= 1 and <= Instruction.MaxField ? (int)number : 0;
        return integer != 0 && integer == number;
    }
}
