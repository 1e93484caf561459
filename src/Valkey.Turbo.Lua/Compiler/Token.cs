namespace Valkey.Turbo.Lua.Compiler;

/// <summary>The kinds of tokens; the reserved words come first, in the order of <see cref="Tokens.Texts"/>.</summary>
internal enum Token
{
    And,
    Break,
    Do,
    Else,
    ElseIf,
    End,
    False,
    For,
    Function,
    If,
    In,
    Local,
    Nil,
    Not,
    Or,
    Repeat,
    Return,
    Then,
    True,
    Until,
    While,
    Concat,
    Dots,
    Equal,
    GreaterOrEqual,
    LessOrEqual,
    NotEqual,
    Number,
    Name,
    String,
    EndOfStream,

    /// <summary>A single character, which <see cref="Lexer.Symbol"/> holds.</summary>
    Symbol,
}

/// <summary>The texts of tokens.</summary>
internal static class Tokens
{
    /// <summary>How messages write each kind.</summary>
    internal static readonly string[] Texts =
    [
        "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local", "nil", "not", "or", "repeat",
        "return", "then", "true", "until", "while", "..", "...", "==", ">=", "<=", "~=", "<number>", "<name>", "<string>", "<eof>",
    ];

    private static readonly Dictionary<LuaString, Token> s_reserved =
        Enumerable.Range(0, (int)Token.While + 1).ToDictionary(kind => LuaString.Constant(Texts[kind]), kind => (Token)kind);

    internal static bool IsReserved(LuaString name, out Token kind) => s_reserved.TryGetValue(name, out kind);
}
