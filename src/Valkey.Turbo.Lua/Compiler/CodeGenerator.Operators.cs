namespace Valkey.Turbo.Lua.Compiler;

/// <content>Operators and conditions.</content>
internal sealed partial class CodeGenerator
{
    /// <summary>The value of constant arithmetic, unless it would divide by zero or is not a number.</summary>
    private static bool TryFold(BinaryOperator binary, double left, double right, out double value)
    {
        value = 0;
        if (right == 0 && binary is BinaryOperator.Divide or BinaryOperator.Modulo)
        {
            return false;
        }
        value = binary switch
        {
            BinaryOperator.Add => left + right,
            BinaryOperator.Subtract => left - right,
            BinaryOperator.Multiply => left * right,
            BinaryOperator.Divide => left / right,
            BinaryOperator.Modulo => Arithmetic.Modulo(left, right),
            _ => Math.Pow(left, right),
        };
        return !double.IsNaN(value);
    }

    /// <summary>The variant of an instruction that lies some places behind it.</summary>
    private static Opcode Offset(Opcode opcode, int places) => (Opcode)((int)opcode + places);

    private static bool IsComparison(BinaryOperator binary) =>
        binary is >= BinaryOperator.Equal and <= BinaryOperator.GreaterOrEqual;

    /// <summary>Evaluates a chain of operators from its innermost left operand outwards.</summary>
    /// <param name="expression">The outermost operator.</param>
    /// <param name="target">Where the value may go; -1 for the free register.</param>
    private Operand GenerateBinary(BinaryExpression expression, int target)
    {
        Stack<BinaryExpression> chain = [];
        Expression current = expression;
        while (current is BinaryExpression { Operator: not BinaryOperator.Concat } binary)
        {
            chain.Push(binary);
            current = Unwrap(binary.Left);
        }
        int first = _function.Free;
        if (current is BinaryExpression concat)
        {
            int destination = target >= 0 && chain.Count == 0 ? target : -1;
            Operand joined = GenerateConcat(concat, destination);
            if (chain.Count == 0)
            {
                return joined;
            }
            return Continue(chain, joined, first, target);
        }
        return Continue(chain, GenerateOperand(current), first, target);
    }

    private Operand Continue(Stack<BinaryExpression> chain, Operand left, int first, int target)
    {
        while (chain.TryPop(out BinaryExpression? binary))
        {
            Operand right = GenerateOperand(binary.Right);
            if (left.Kind == OperandKind.Constant && right.Kind == OperandKind.Constant
                && left.Constant.TryGetNumber(out double a) && right.Constant.TryGetNumber(out double b)
                && !IsComparison(binary.Operator) && TryFold(binary.Operator, a, b, out double folded))
            {
                left = Operand.Of(folded);
                continue;
            }
            int destination = chain.Count == 0 ? target : -1;
            left = IsComparison(binary.Operator)
                ? StoreComparison(binary, left, right, first, destination)
                : EmitArithmetic(binary, left, right, first, destination);
        }
        return left;
    }

    private Operand EmitArithmetic(BinaryExpression binary, Operand left, Operand right, int first, int target)
    {
        Opcode opcode = Offset(Opcode.Add, (int)binary.Operator);
        bool isSwapped = binary.Operator is BinaryOperator.Add or BinaryOperator.Multiply && IsNumber(left) && !IsNumber(right);
        if (isSwapped)
        {
            (left, right) = (right, left);
        }
        int leftRegister = Materialize(left);
        bool isConstant = IsNumber(right) && _function.Constant(right.Constant) <= Instruction.MaxField;
        int rightField = isConstant ? _function.Constant(right.Constant) : Materialize(right);
        opcode = Offset(opcode, isConstant ? Opcode.AddConstant - Opcode.Add : 0);
        _function.Free = first;
        int destination = target >= 0 ? target : _function.Reserve();
        _function.Line = binary.Line;
        if (isSwapped && !isConstant)
        {
            (leftRegister, rightField) = (rightField, leftRegister);
            isSwapped = false;
        }
        _function.Emit(opcode, destination, leftRegister, rightField, isSwapped ? 1 : 0);
        _function.NameOperand(leftRegister, NameOf(isSwapped ? binary.Right : binary.Left));
        if (!isConstant)
        {
            _function.NameOperand(rightField, NameOf(binary.Right));
        }
        return Operand.InRegister(destination);
    }

    private static bool IsNumber(in Operand operand) => operand.Kind == OperandKind.Constant && operand.Constant.IsNumber;

    private Operand GenerateConcat(BinaryExpression expression, int target)
    {
        int first = _function.Free;
        List<(int Register, Expression Operand)> operands = [];
        Expression current = expression;
        while (current is BinaryExpression { Operator: BinaryOperator.Concat } concat)
        {
            operands.Add((GenerateToNext(concat.Left), concat.Left));
            current = concat.Right;
        }
        int last = GenerateToNext(current);
        operands.Add((last, current));
        _function.Free = first;
        int destination = target >= 0 ? target : _function.Reserve();
        _function.Line = expression.Line;
        _function.Emit(Opcode.Concat, destination, first, last);
        foreach ((int register, Expression operand) in operands)
        {
            _function.NameOperand(register, NameOf(operand));
        }
        return Operand.InRegister(destination);
    }

    private Operand StoreComparison(BinaryExpression binary, in Operand left, in Operand right, int first, int target)
    {
        int jump = EmitComparison(binary, left, right, true);
        _function.Free = first;
        int destination = target >= 0 ? target : _function.Reserve();
        StoreBoolean([jump], destination);
        return Operand.InRegister(destination);
    }

    /// <summary>Stores true if one of the jumps was taken, else false.</summary>
    private void StoreBoolean(List<int> whenTrue, int destination)
    {
        _function.Emit(Opcode.LoadBoolean, destination, 0);
        int skip = _function.EmitJump(Opcode.Jump);
        _function.PatchHere(whenTrue);
        _function.Emit(Opcode.LoadBoolean, destination, 1);
        _function.PatchHere(skip);
    }

    private void GenerateBoolean(Expression condition, int target)
    {
        List<int> whenTrue = [];
        GenerateCondition(condition, true, whenTrue);
        StoreBoolean(whenTrue, target);
    }

    /// <summary>Evaluates a chain of <c>and</c> or <c>or</c> to the value that decides it.</summary>
    private void GenerateLogical(LogicalExpression logical, int target)
    {
        // Until the chain is decided its operands may need what the target holds.
        bool isFresh = target >= _function.LocalRegisters;
        int register = isFresh ? target : _function.Reserve();
        List<int> decided = [];
        List<Expression> operands = logical.Operands;
        for (int i = 0; i < operands.Count - 1; i++)
        {
            List<int> next = [];
            GenerateLink(logical, operands[i], register, next);
            decided.Add(_function.EmitJump(logical.IsAnd ? Opcode.JumpUnless : Opcode.JumpIf, register));
            _function.PatchHere(next);
        }
        GenerateTo(operands[^1], register);
        _function.PatchHere(decided);
        LoadInto(Operand.InRegister(register), target);
    }

    /// <summary>Evaluates an operand that is not the last; <c>a and b</c> inside <c>or</c> goes on as soon as a part of it is false.</summary>
    private void GenerateLink(LogicalExpression logical, Expression operand, int register, List<int> next)
    {
        if (!logical.IsAnd && Unwrap(operand) is LogicalExpression { IsAnd: true } inner)
        {
            for (int i = 0; i < inner.Operands.Count - 1; i++)
            {
                GenerateCondition(inner.Operands[i], false, next);
            }
            operand = inner.Operands[^1];
        }
        GenerateTo(operand, register);
    }

    /// <summary>Jumps if a condition is what it should be, else goes on.</summary>
    private void GenerateCondition(Expression condition, bool jumpWhen, List<int> jumps)
    {
        int mark = _function.Free;
        switch (Unwrap(condition))
        {
            case ConstantExpression constant:
                if (constant.Value.IsFalsy != jumpWhen)
                {
                    jumps.Add(_function.EmitJump(Opcode.Jump));
                }
                break;
            case UnaryExpression { Operator: UnaryOperator.Not } negation:
                GenerateCondition(negation.Operand, !jumpWhen, jumps);
                break;
            case LogicalExpression logical:
                GenerateLogicalCondition(logical, jumpWhen, jumps);
                break;
            case BinaryExpression binary when IsComparison(binary.Operator):
                Operand left = GenerateOperand(binary.Left);
                Operand right = GenerateOperand(binary.Right);
                jumps.Add(EmitComparison(binary, left, right, jumpWhen));
                break;
            default:
                int register = Materialize(GenerateOperand(condition));
                jumps.Add(_function.EmitJump(jumpWhen ? Opcode.JumpIf : Opcode.JumpUnless, register));
                break;
        }
        _function.Free = mark;
    }

    private void GenerateLogicalCondition(LogicalExpression logical, bool jumpWhen, List<int> jumps)
    {
        // An operand that decides the chain: a false one of "and", a true one of "or".
        bool decides = !logical.IsAnd;
        List<int> decided = decides == jumpWhen ? jumps : [];
        for (int i = 0; i < logical.Operands.Count - 1; i++)
        {
            GenerateCondition(logical.Operands[i], decides, decided);
        }
        GenerateCondition(logical.Operands[^1], jumpWhen, jumps);
        if (decides != jumpWhen)
        {
            _function.PatchHere(decided);
        }
    }

    /// <summary>Emits the jump that a comparison takes when its outcome is what it should be.</summary>
    private int EmitComparison(BinaryExpression binary, Operand left, Operand right, bool jumpWhen)
    {
        _function.Line = binary.Line;
        return binary.Operator switch
        {
            BinaryOperator.Equal => EmitEquality(left, right, jumpWhen),
            BinaryOperator.NotEqual => EmitEquality(left, right, !jumpWhen),
            BinaryOperator.LessThan => EmitOrder(left, right, Opcode.JumpIfLess, jumpWhen),
            BinaryOperator.LessOrEqual => EmitOrder(left, right, Opcode.JumpIfLessOrEqual, jumpWhen),
            BinaryOperator.GreaterThan => EmitOrder(right, left, Opcode.JumpIfLess, jumpWhen),
            _ => EmitOrder(right, left, Opcode.JumpIfLessOrEqual, jumpWhen),
        };
    }

    private int EmitEquality(Operand left, Operand right, bool jumpWhen)
    {
        if (left.Kind == OperandKind.Constant && right.Kind != OperandKind.Constant)
        {
            (left, right) = (right, left);
        }
        if (right.Kind == OperandKind.Constant && _function.Constant(right.Constant) <= Instruction.MaxField)
        {
            return _function.EmitJump(
                jumpWhen ? Opcode.JumpIfEqualConstant : Opcode.JumpUnlessEqualConstant,
                Materialize(left),
                _function.Constant(right.Constant));
        }
        int leftRegister = Materialize(left);
        return _function.EmitJump(
            jumpWhen ? Opcode.JumpIfEqual : Opcode.JumpUnlessEqual, leftRegister, Materialize(right));
    }

    private int EmitOrder(Operand left, Operand right, Opcode opcode, bool jumpWhen)
    {
        opcode = Offset(opcode, jumpWhen ? 0 : 1);
        if (IsNumber(right) && _function.Constant(right.Constant) <= Instruction.MaxField)
        {
            opcode = Offset(opcode, Opcode.JumpIfLessConstant - Opcode.JumpIfLess);
            return _function.EmitJump(opcode, Materialize(left), _function.Constant(right.Constant));
        }
        if (IsNumber(left) && _function.Constant(left.Constant) <= Instruction.MaxField)
        {
            opcode = Offset(opcode, Opcode.JumpIfGreaterConstant - Opcode.JumpIfLess);
            return _function.EmitJump(opcode, Materialize(right), _function.Constant(left.Constant));
        }
        int leftRegister = Materialize(left);
        return _function.EmitJump(opcode, leftRegister, Materialize(right));
    }
}
