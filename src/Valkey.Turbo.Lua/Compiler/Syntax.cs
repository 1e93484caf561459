namespace Valkey.Turbo.Lua.Compiler;

/// <summary>A local variable, as all that use it see it.</summary>
internal sealed class LocalVariable(LuaString name)
{
    internal LuaString Name { get; } = name;

    /// <summary>Whether an inner function uses it.</summary>
    internal bool IsCaptured { get; set; }

    /// <summary>Whether it is assigned to after its declaration.</summary>
    internal bool IsReassigned { get; set; }

    /// <summary>Whether an inner function uses it before its first value is there: a local function that calls itself.</summary>
    internal bool IsCapturedEarly { get; set; }

    /// <summary>Whether its first value is still being read.</summary>
    internal bool IsInitializing { get; set; }

    /// <summary>The register it lives in, once code is made.</summary>
    internal int Register { get; set; }

    /// <summary>Whether functions share it through a cell; a variable that never changes is copied instead.</summary>
    internal bool IsCell => IsCaptured && (IsReassigned || IsCapturedEarly);
}

/// <summary>How a closure gets one of its upvalues when it is made.</summary>
/// <param name="Variable">The variable.</param>
/// <param name="FromParentLocal">Whether it is a local of the function around, or else one of its upvalues.</param>
/// <param name="ParentIndex">The index of that upvalue.</param>
internal sealed record UpvalueSource(LocalVariable Variable, bool FromParentLocal, int ParentIndex);

internal abstract class Expression
{
    /// <summary>The line of the last token of the expression.</summary>
    internal int Line { get; init; }

    /// <summary>Whether the expression can have any number of values.</summary>
    internal virtual bool IsMultiple => false;
}

internal sealed class ConstantExpression(LuaValue value) : Expression
{
    internal LuaValue Value { get; } = value;
}

internal sealed class VarargExpression : Expression
{
    internal override bool IsMultiple => true;
}

internal sealed class FunctionExpression(FunctionBody body) : Expression
{
    internal FunctionBody Body { get; } = body;
}

internal sealed class LocalExpression(LocalVariable variable) : Expression
{
    internal LocalVariable Variable { get; } = variable;
}

internal sealed class UpvalueExpression(int index, LocalVariable variable) : Expression
{
    internal int Index { get; } = index;

    internal LocalVariable Variable { get; } = variable;
}

internal sealed class GlobalExpression(LuaString name) : Expression
{
    internal LuaString Name { get; } = name;
}

internal sealed class IndexExpression(Expression target, Expression key) : Expression
{
    internal Expression Target { get; } = target;

    internal Expression Key { get; } = key;
}

internal sealed class CallExpression(Expression target, LuaString? method, List<Expression> arguments) : Expression
{
    internal Expression Target { get; } = target;

    /// <summary>The method's name, if the call passes its target on.</summary>
    internal LuaString? Method { get; } = method;

    internal List<Expression> Arguments { get; } = arguments;

    /// <summary>The line of the opening parenthesis, which errors of the call give.</summary>
    internal int CallLine { get; init; }

    /// <summary>The line of the last token before the arguments.</summary>
    internal int NameLine { get; init; }

    internal override bool IsMultiple => true;
}

internal sealed class ParenthesizedExpression(Expression inner) : Expression
{
    internal Expression Inner { get; } = inner;
}

internal enum BinaryOperator
{
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Concat,
    Equal,
    NotEqual,
    LessThan,
    LessOrEqual,
    GreaterThan,
    GreaterOrEqual,
    And,
    Or,
}

internal sealed class BinaryExpression(BinaryOperator @operator, Expression left, Expression right) : Expression
{
    internal BinaryOperator Operator { get; } = @operator;

    internal Expression Left { get; } = left;

    internal Expression Right { get; } = right;
}

/// <summary>A chain of <c>and</c> or of <c>or</c>.</summary>
internal sealed class LogicalExpression(bool isAnd, List<Expression> operands) : Expression
{
    internal bool IsAnd { get; } = isAnd;

    internal List<Expression> Operands { get; } = operands;
}

internal enum UnaryOperator
{
    Negate,
    Not,
    Length,
}

internal sealed class UnaryExpression(UnaryOperator @operator, Expression operand) : Expression
{
    internal UnaryOperator Operator { get; } = @operator;

    internal Expression Operand { get; } = operand;
}

/// <summary>A table constructor; items without a key have null for it.</summary>
internal sealed class TableExpression(List<(Expression? Key, Expression Value)> items) : Expression
{
    internal List<(Expression? Key, Expression Value)> Items { get; } = items;
}

internal abstract class Statement
{
    /// <summary>The line the statement begins on.</summary>
    internal int Line { get; init; }
}

internal sealed class Block
{
    internal List<Statement> Statements { get; } = [];
}

internal sealed class LocalStatement(List<LocalVariable> variables, List<Expression> values) : Statement
{
    internal List<LocalVariable> Variables { get; } = variables;

    internal List<Expression> Values { get; } = values;
}

internal sealed class LocalFunctionStatement(LocalVariable variable, FunctionExpression function) : Statement
{
    internal LocalVariable Variable { get; } = variable;

    internal FunctionExpression Function { get; } = function;
}

internal sealed class AssignmentStatement(List<Expression> targets, List<Expression> values) : Statement
{
    internal List<Expression> Targets { get; } = targets;

    internal List<Expression> Values { get; } = values;

    /// <summary>The line that errors of the assignment give.</summary>
    internal int EndLine { get; init; }
}

internal sealed class CallStatement(CallExpression call) : Statement
{
    internal CallExpression Call { get; } = call;
}

internal sealed class DoStatement(Block body) : Statement
{
    internal Block Body { get; } = body;
}

internal sealed class WhileStatement(Expression condition, Block body) : Statement
{
    internal Expression Condition { get; } = condition;

    internal Block Body { get; } = body;
}

internal sealed class RepeatStatement(Block body, Expression condition) : Statement
{
    internal Block Body { get; } = body;

    internal Expression Condition { get; } = condition;
}

internal sealed class IfStatement(List<(Expression Condition, Block Body)> branches, Block? otherwise) : Statement
{
    internal List<(Expression Condition, Block Body)> Branches { get; } = branches;

    internal Block? Otherwise { get; } = otherwise;
}

internal sealed class NumericForStatement(
    LocalVariable variable, Expression start, Expression limit, Expression? step, Block body) : Statement
{
    internal LocalVariable Variable { get; } = variable;

    internal Expression Start { get; } = start;

    internal Expression Limit { get; } = limit;

    internal Expression? Step { get; } = step;

    internal Block Body { get; } = body;

    /// <summary>The line of the word <c>do</c>, which errors of the bounds give.</summary>
    internal int DoLine { get; init; }
}

internal sealed class GenericForStatement(List<LocalVariable> variables, List<Expression> values, Block body) : Statement
{
    internal List<LocalVariable> Variables { get; } = variables;

    internal List<Expression> Values { get; } = values;

    internal Block Body { get; } = body;
}

internal sealed class ReturnStatement(List<Expression> values) : Statement
{
    internal List<Expression> Values { get; } = values;

    /// <summary>The line of the last value.</summary>
    internal int EndLine { get; init; }
}

internal sealed class BreakStatement : Statement;

/// <summary>A function as the parser leaves it.</summary>
internal sealed class FunctionBody
{
    internal List<LocalVariable> Parameters { get; } = [];

    internal bool IsVararg { get; set; }

    /// <summary>The variable <c>arg</c> of a vararg function.</summary>
    internal LocalVariable? ArgumentTable { get; set; }

    /// <summary>Whether the body uses <c>...</c>, so that <c>arg</c> stays nil.</summary>
    internal bool UsesVararg { get; set; }

    internal List<UpvalueSource> Upvalues { get; } = [];

    internal Block Body { get; set; } = new();

    /// <summary>The line of the word <c>function</c>; zero for a chunk.</summary>
    internal int LineDefined { get; init; }

    /// <summary>The line of its end.</summary>
    internal int LastLine { get; set; }
}
