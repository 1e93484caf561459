namespace Valkey.Turbo.Lua.Compiler;

/// <content>Reads expressions.</content>
internal sealed partial class Parser
{
    private const int UnaryPriority = 8;

    private Expression ResolveName(LuaString name)
    {
        Expression? resolved = _scope.Resolve(name, _lexer.LastLine);
        return resolved ?? throw LimitPassed(_scope.FullScope().Body, FunctionScope.UpvalueLimit, "upvalues");
    }

    private ConstantExpression NameConstant(LuaString name) => new(name) { Line = _lexer.LastLine };

    private List<Expression> ParseExpressions()
    {
        List<Expression> expressions = [ParseExpression()];
        while (Accept(','))
        {
            expressions.Add(ParseExpression());
        }
        return expressions;
    }

    private Expression ParseExpression() => ParseOperators(0);

    /// <summary>Reads an expression of operators that bind more closely than a limit.</summary>
    private Expression ParseOperators(int limit)
    {
        EnterLevel();
        Expression left;
        if (UnaryOperatorHere() is { } unary)
        {
            _lexer.Next();
            Expression operand = ParseOperators(UnaryPriority);
            left = new UnaryExpression(unary, operand) { Line = _lexer.LastLine };
        }
        else
        {
            left = ParseSimple();
        }
        while (BinaryOperatorHere() is { } binary && Priority(binary).Left > limit)
        {
            _lexer.Next();
            Expression right = ParseOperators(Priority(binary).Right);
            left = Combine(binary, left, right);
        }
        _levels--;
        return left;
    }

    private Expression Combine(BinaryOperator binary, Expression left, Expression right)
    {
        int line = _lexer.LastLine;
        if (binary is not (BinaryOperator.And or BinaryOperator.Or))
        {
            return new BinaryExpression(binary, left, right) { Line = line };
        }
        bool isAnd = binary == BinaryOperator.And;
        if (left is LogicalExpression chain && chain.IsAnd == isAnd)
        {
            chain.Operands.Add(right);
            return chain;
        }
        return new LogicalExpression(isAnd, [left, right]) { Line = line };
    }

    private UnaryOperator? UnaryOperatorHere() => _lexer.Kind switch
    {
        Token.Not => UnaryOperator.Not,
        Token.Symbol when _lexer.Symbol == '-' => UnaryOperator.Negate,
        Token.Symbol when _lexer.Symbol == '#' => UnaryOperator.Length,
        _ => null,
    };

    private BinaryOperator? BinaryOperatorHere() => _lexer.Kind switch
    {
        Token.Concat => BinaryOperator.Concat,
        Token.Equal => BinaryOperator.Equal,
        Token.NotEqual => BinaryOperator.NotEqual,
        Token.LessOrEqual => BinaryOperator.LessOrEqual,
        Token.GreaterOrEqual => BinaryOperator.GreaterOrEqual,
        Token.And => BinaryOperator.And,
        Token.Or => BinaryOperator.Or,
        Token.Symbol => _lexer.Symbol switch
        {
            '+' => BinaryOperator.Add,
            '-' => BinaryOperator.Subtract,
            '*' => BinaryOperator.Multiply,
            '/' => BinaryOperator.Divide,
            '%' => BinaryOperator.Modulo,
            '^' => BinaryOperator.Power,
            '<' => BinaryOperator.LessThan,
            '>' => BinaryOperator.GreaterThan,
            _ => null,
        },
        _ => null,
    };

    /// <summary>How closely an operator binds to what is on its left and on its right.</summary>
    private static (int Left, int Right) Priority(BinaryOperator binary) => binary switch
    {
        BinaryOperator.Add or BinaryOperator.Subtract => (6, 6),
        BinaryOperator.Multiply or BinaryOperator.Divide or BinaryOperator.Modulo => (7, 7),
        BinaryOperator.Power => (10, 9),
        BinaryOperator.Concat => (5, 4),
        BinaryOperator.And => (2, 2),
        BinaryOperator.Or => (1, 1),
        _ => (3, 3),
    };

    private Expression ParseSimple()
    {
        LuaValue constant;
        switch (_lexer.Kind)
        {
            case Token.Number:
                constant = _lexer.Number;
                break;
            case Token.String:
                constant = _lexer.Text;
                break;
            case Token.Nil:
                constant = default;
                break;
            case Token.True or Token.False:
                constant = _lexer.Kind == Token.True;
                break;
            case Token.Dots:
                return ParseVararg();
            case Token.Function:
                _lexer.Next();
                return ParseFunction(false, _lexer.LastLine);
            case Token.Symbol when _lexer.Symbol == '{':
                return ParseTable();
            default:
                return ParseSuffixed();
        }
        _lexer.Next();
        return new ConstantExpression(constant) { Line = _lexer.LastLine };
    }

    private VarargExpression ParseVararg()
    {
        if (!_scope.Body.IsVararg)
        {
            throw _lexer.SyntaxError("cannot use '...' outside a vararg function");
        }
        _scope.Body.UsesVararg = true;
        _lexer.Next();
        return new VarargExpression { Line = _lexer.LastLine };
    }

    /// <summary>Reads a name or a parenthesis and the fields, methods and calls that follow it.</summary>
    private Expression ParseSuffixed()
    {
        Expression expression = ParsePrefix();
        while (true)
        {
            switch (_lexer.Kind)
            {
                case Token.Symbol when _lexer.Symbol == '.':
                    _lexer.Next();
                    expression = new IndexExpression(expression, NameConstant(RequireName())) { Line = _lexer.LastLine };
                    break;
                case Token.Symbol when _lexer.Symbol == '[':
                    _lexer.Next();
                    Expression key = ParseExpression();
                    Require(']');
                    expression = new IndexExpression(expression, key) { Line = _lexer.LastLine };
                    break;
                case Token.Symbol when _lexer.Symbol == ':':
                    _lexer.Next();
                    LuaString method = RequireName();
                    expression = ParseCall(expression, method);
                    break;
                case Token.String:
                case Token.Symbol when _lexer.Symbol is '(' or '{':
                    expression = ParseCall(expression, null);
                    break;
                default:
                    return expression;
            }
        }
    }

    private Expression ParsePrefix()
    {
        if (_lexer.Kind == Token.Name)
        {
            return ResolveName(RequireName());
        }
        if (!_lexer.Is('('))
        {
            throw _lexer.SyntaxError("unexpected symbol");
        }
        int line = _lexer.Line;
        _lexer.Next();
        Expression inner = ParseExpression();
        RequireMatch(')', '(', line);
        return new ParenthesizedExpression(inner) { Line = _lexer.LastLine };
    }

    private CallExpression ParseCall(Expression target, LuaString? method)
    {
        int line = _lexer.Line;
        int nameLine = _lexer.LastLine;
        List<Expression> arguments;
        switch (_lexer.Kind)
        {
            case Token.String:
                arguments = [ParseSimple()];
                break;
            case Token.Symbol when _lexer.Symbol == '{':
                arguments = [ParseTable()];
                break;
            case Token.Symbol when _lexer.Symbol == '(':
                if (line != _lexer.LastLine)
                {
                    throw _lexer.SyntaxError("ambiguous syntax (function call x new statement)");
                }
                _lexer.Next();
                arguments = _lexer.Is(')') ? [] : ParseExpressions();
                RequireMatch(')', '(', line);
                break;
            default:
                throw _lexer.SyntaxError("function arguments expected");
        }
        return new CallExpression(target, method, arguments) { Line = _lexer.LastLine, CallLine = line, NameLine = nameLine };
    }

    private TableExpression ParseTable()
    {
        int line = _lexer.Line;
        Require('{');
        List<(Expression?, Expression)> items = [];
        while (!_lexer.Is('}'))
        {
            items.Add(ParseItem());
            if (!Accept(',') && !Accept(';'))
            {
                break;
            }
        }
        RequireMatch('}', '{', line);
        return new TableExpression(items) { Line = _lexer.LastLine };
    }

    private (Expression? Key, Expression Value) ParseItem()
    {
        Expression? key = null;
        if (_lexer.Is('['))
        {
            _lexer.Next();
            key = ParseExpression();
            Require(']');
            Require('=');
        }
        else if (_lexer.Kind == Token.Name && _lexer.Peek() is { Kind: Token.Symbol, Symbol: '=' })
        {
            key = NameConstant(RequireName());
            Require('=');
        }
        return (key, ParseExpression());
    }

    /// <summary>Reads the parameters and the body of a function.</summary>
    private FunctionExpression ParseFunction(bool isMethod, int line)
    {
        FunctionBody body = new() { LineDefined = line };
        _scope = new FunctionScope(_scope, body);
        Require('(');
        if (isMethod)
        {
            AddParameter(_self);
        }
        ParseParameters(body);
        Require(')');
        body.Parameters.ForEach(_scope.Activate);
        if (body.ArgumentTable is { } table)
        {
            _scope.Activate(table);
        }
        ParseStatements(body.Body);
        body.LastLine = _lexer.Line;
        RequireMatch(Token.End, Token.Function, line);
        _scope = _scope.Parent!;
        return new FunctionExpression(body) { Line = _lexer.LastLine };
    }

    private void AddParameter(LuaString name) => _scope.Body.Parameters.Add(Declare(name, _scope.Body.Parameters.Count));

    private void ParseParameters(FunctionBody body)
    {
        if (_lexer.Is(')'))
        {
            return;
        }
        do
        {
            if (Accept(Token.Dots))
            {
                body.IsVararg = true;
                body.ArgumentTable = Declare(_argumentTable, body.Parameters.Count);
                return;
            }
            if (_lexer.Kind != Token.Name)
            {
                throw _lexer.SyntaxError("<name> or '...' expected");
            }
            AddParameter(RequireName());
        }
        while (Accept(','));
    }
}
