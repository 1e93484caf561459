namespace Valkey.Turbo.Lua.Compiler;

/// <summary>Reads statements; what expressions are is in the other part.</summary>
internal sealed partial class Parser
{
    /// <summary>How deep constructs may lie in each other.</summary>
    private const int MaxLevels = 200;

    private const int MaxLocals = 200;

    private static readonly LuaString s_self = LuaString.Constant("self");
    private static readonly LuaString s_argumentTable = LuaString.Constant("arg");
    private static readonly LuaString s_hidden = LuaString.Constant("(for state)");

    private readonly Lexer _lexer;
    private readonly LuaString _self;
    private readonly LuaString _argumentTable;
    private FunctionScope _scope;
    private int _levels;

    private Parser(Lexer lexer, FunctionScope scope)
    {
        _lexer = lexer;
        _scope = scope;
        _self = lexer.Intern(s_self.Span);
        _argumentTable = lexer.Intern(s_argumentTable.Span);
    }

    /// <summary>Parses a chunk.</summary>
    /// <param name="lexer">Its tokens.</param>
    /// <param name="levels">Levels that count as entered already.</param>
    /// <exception cref="LuaException">It is not Lua.</exception>
    internal static FunctionBody Parse(Lexer lexer, int levels)
    {
        FunctionBody body = new() { IsVararg = true };
        Parser parser = new(lexer, new FunctionScope(null, body)) { _levels = levels };
        lexer.Next();
        parser.ParseBlockInto(body.Body);
        if (lexer.Kind != Token.EndOfStream)
        {
            throw parser.Expected(Token.EndOfStream);
        }
        body.LastLine = lexer.Line;
        return body;
    }

    private LuaException Expected(Token kind) => _lexer.SyntaxError($"'{Tokens.Texts[(int)kind]}' expected");

    private LuaException LimitPassed(FunctionBody body, int limit, string what) => _lexer.Error(
        body.LineDefined == 0
            ? $"main function has more than {limit} {what}"
            : $"function at line {body.LineDefined} has more than {limit} {what}",
        null);

    private void EnterLevel()
    {
        if (++_levels > MaxLevels)
        {
            throw _lexer.Error("chunk has too many syntax levels", null);
        }
    }

    private bool Accept(Token kind)
    {
        if (_lexer.Kind != kind)
        {
            return false;
        }
        _lexer.Next();
        return true;
    }

    private bool Accept(char symbol)
    {
        if (!_lexer.Is(symbol))
        {
            return false;
        }
        _lexer.Next();
        return true;
    }

    private void Require(Token kind)
    {
        if (!Accept(kind))
        {
            throw Expected(kind);
        }
    }

    private void Require(char symbol)
    {
        if (!Accept(symbol))
        {
            throw _lexer.SyntaxError($"'{symbol}' expected");
        }
    }

    private void RequireMatch(Token what, Token opening, int line)
    {
        if (_lexer.Kind == what)
        {
            _lexer.Next();
            return;
        }
        throw Unmatched(Tokens.Texts[(int)what], Tokens.Texts[(int)opening], line);
    }

    private void RequireMatch(char what, char opening, int line)
    {
        if (!Accept(what))
        {
            throw Unmatched(what.ToString(), opening.ToString(), line);
        }
    }

    private LuaException Unmatched(string what, string opening, int line) => line == _lexer.Line
        ? _lexer.SyntaxError($"'{what}' expected")
        : _lexer.SyntaxError($"'{what}' expected (to close '{opening}' at line {line})");

    private LuaString RequireName()
    {
        if (_lexer.Kind != Token.Name)
        {
            throw Expected(Token.Name);
        }
        LuaString name = _lexer.Text;
        _lexer.Next();
        return name;
    }

    private LocalVariable Declare(LuaString name, int alreadyDeclared)
    {
        if (_scope.ActiveCount + alreadyDeclared + 1 > MaxLocals)
        {
            throw LimitPassed(_scope.Body, MaxLocals, "local variables");
        }
        return new LocalVariable(name);
    }

    private Block ParseBlock()
    {
        Block block = new();
        ParseBlockInto(block);
        return block;
    }

    /// <summary>Parses statements with a scope of their own.</summary>
    private void ParseBlockInto(Block block)
    {
        int active = _scope.ActiveCount;
        ParseStatements(block);
        _scope.LeaveBlock(active);
    }

    private void ParseStatements(Block block)
    {
        EnterLevel();
        bool isLast = false;
        while (!isLast && !EndsBlock())
        {
            isLast = _lexer.Kind is Token.Return or Token.Break;
            block.Statements.Add(ParseStatement());
            Accept(';');
        }
        _levels--;
    }

    private bool EndsBlock() => _lexer.Kind is Token.Else or Token.ElseIf or Token.End or Token.EndOfStream or Token.Until;

    private Statement ParseStatement()
    {
        int line = _lexer.Line;
        switch (_lexer.Kind)
        {
            case Token.If:
                return ParseIf(line);
            case Token.While:
                return ParseWhile(line);
            case Token.Do:
                _lexer.Next();
                Block body = ParseBlock();
                RequireMatch(Token.End, Token.Do, line);
                return new DoStatement(body) { Line = line };
            case Token.For:
                return ParseFor(line);
            case Token.Repeat:
                return ParseRepeat(line);
            case Token.Function:
                return ParseFunctionStatement(line);
            case Token.Local:
                _lexer.Next();
                return Accept(Token.Function) ? ParseLocalFunction(line) : ParseLocal(line);
            case Token.Return:
                return ParseReturn(line);
            case Token.Break:
                _lexer.Next();
                return _scope.Loops > 0 ? new BreakStatement { Line = line } : throw _lexer.SyntaxError("no loop to break");
            default:
                return ParseExpressionStatement(line);
        }
    }

    private IfStatement ParseIf(int line)
    {
        List<(Expression, Block)> branches = [];
        Block? otherwise = null;
        do
        {
            _lexer.Next();
            Expression condition = ParseExpression();
            Require(Token.Then);
            branches.Add((condition, ParseBlock()));
        }
        while (_lexer.Kind == Token.ElseIf);
        if (Accept(Token.Else))
        {
            otherwise = ParseBlock();
        }
        RequireMatch(Token.End, Token.If, line);
        return new IfStatement(branches, otherwise) { Line = line };
    }

    private WhileStatement ParseWhile(int line)
    {
        _lexer.Next();
        Expression condition = ParseExpression();
        Require(Token.Do);
        Block body = ParseLoopBody();
        RequireMatch(Token.End, Token.While, line);
        return new WhileStatement(condition, body) { Line = line };
    }

    private Block ParseLoopBody()
    {
        _scope.Loops++;
        Block body = ParseBlock();
        _scope.Loops--;
        return body;
    }

    private RepeatStatement ParseRepeat(int line)
    {
        _lexer.Next();
        int active = _scope.ActiveCount;
        Block body = new();
        _scope.Loops++;
        ParseStatements(body);
        _scope.Loops--;
        RequireMatch(Token.Until, Token.Repeat, line);
        // The condition sees the locals of the body.
        Expression condition = ParseExpression();
        _scope.LeaveBlock(active);
        return new RepeatStatement(body, condition) { Line = line };
    }

    private Statement ParseFor(int line)
    {
        _lexer.Next();
        LuaString first = RequireName();
        int active = _scope.ActiveCount;
        Statement loop = _lexer switch
        {
            _ when _lexer.Is('=') => ParseNumericFor(first, line),
            _ when _lexer.Is(',') || _lexer.Kind == Token.In => ParseGenericFor(first, line),
            _ => throw _lexer.SyntaxError("'=' or 'in' expected"),
        };
        RequireMatch(Token.End, Token.For, line);
        _scope.LeaveBlock(active);
        return loop;
    }

    private void HideLoopState()
    {
        for (int i = 0; i < 3; i++)
        {
            _scope.Activate(Declare(s_hidden, 0));
        }
    }

    private NumericForStatement ParseNumericFor(LuaString name, int line)
    {
        _lexer.Next();
        Expression start = ParseExpression();
        Require(',');
        Expression limit = ParseExpression();
        Expression? step = Accept(',') ? ParseExpression() : null;
        HideLoopState();
        Require(Token.Do);
        int doLine = _lexer.LastLine;
        LocalVariable variable = Declare(name, 0);
        _scope.Activate(variable);
        Block body = ParseLoopBody();
        return new NumericForStatement(variable, start, limit, step, body) { Line = line, DoLine = doLine };
    }

    private GenericForStatement ParseGenericFor(LuaString first, int line)
    {
        List<LocalVariable> variables = [Declare(first, 3)];
        while (Accept(','))
        {
            variables.Add(Declare(RequireName(), variables.Count + 3));
        }
        Require(Token.In);
        line = _lexer.Line;
        List<Expression> values = ParseExpressions();
        HideLoopState();
        Require(Token.Do);
        variables.ForEach(_scope.Activate);
        Block body = ParseLoopBody();
        return new GenericForStatement(variables, values, body) { Line = line };
    }

    private AssignmentStatement ParseFunctionStatement(int line)
    {
        _lexer.Next();
        Expression target = ResolveName(RequireName());
        bool isMethod = false;
        while (_lexer.Is('.') || _lexer.Is(':'))
        {
            isMethod = _lexer.Is(':');
            _lexer.Next();
            target = new IndexExpression(target, NameConstant(RequireName())) { Line = _lexer.LastLine };
            if (isMethod)
            {
                break;
            }
        }
        FunctionExpression function = ParseFunction(isMethod, line);
        MarkAssigned(target);
        return new AssignmentStatement([target], [function]) { Line = line, EndLine = line };
    }

    private LocalFunctionStatement ParseLocalFunction(int line)
    {
        LocalVariable variable = Declare(RequireName(), 0);
        _scope.Activate(variable);
        variable.IsInitializing = true;
        FunctionExpression function = ParseFunction(false, _lexer.Line);
        variable.IsInitializing = false;
        return new LocalFunctionStatement(variable, function) { Line = line };
    }

    private LocalStatement ParseLocal(int line)
    {
        List<LocalVariable> variables = [];
        do
        {
            variables.Add(Declare(RequireName(), variables.Count));
        }
        while (Accept(','));
        List<Expression> values = Accept('=') ? ParseExpressions() : [];
        variables.ForEach(_scope.Activate);
        return new LocalStatement(variables, values) { Line = line };
    }

    private ReturnStatement ParseReturn(int line)
    {
        _lexer.Next();
        List<Expression> values = EndsBlock() || _lexer.Is(';') ? [] : ParseExpressions();
        return new ReturnStatement(values) { Line = line, EndLine = _lexer.LastLine };
    }

    private Statement ParseExpressionStatement(int line)
    {
        Expression first = ParseSuffixed();
        if (first is CallExpression call)
        {
            return new CallStatement(call) { Line = line };
        }
        List<Expression> targets = [first];
        RequireAssignable(first);
        while (Accept(','))
        {
            Expression target = ParseSuffixed();
            if (targets.Count > MaxLevels - _levels)
            {
                throw LimitPassed(_scope.Body, MaxLevels - _levels, "variables in assignment");
            }
            targets.Add(target);
            RequireAssignable(target);
        }
        Require('=');
        List<Expression> values = ParseExpressions();
        targets.ForEach(MarkAssigned);
        return new AssignmentStatement(targets, values) { Line = line, EndLine = _lexer.LastLine };
    }

    private void RequireAssignable(Expression target)
    {
        if (target is not (LocalExpression or UpvalueExpression or GlobalExpression or IndexExpression))
        {
            throw _lexer.SyntaxError("syntax error");
        }
    }

    private static void MarkAssigned(Expression target)
    {
        if (target is LocalExpression local)
        {
            local.Variable.IsReassigned = true;
        }
        else if (target is UpvalueExpression upvalue)
        {
            upvalue.Variable.IsReassigned = true;
        }
    }
}
