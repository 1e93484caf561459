using System.Text;

namespace Valkey.Turbo.Lua.Compiler;

/// <summary>Turns the bytes of a source into tokens.</summary>
internal sealed class Lexer
{
    private const int End = -1;

    private readonly byte[] _source;
    private readonly string _chunk;
    private readonly Dictionary<LuaString, LuaString> _strings = [];
    private byte[] _buffer = new byte[64];
    private int _buffered;
    private int _position;
    private int _current;

    /// <summary>The token read ahead of the current one, if one was.</summary>
    private (Token Kind, char Symbol, double Number, LuaString? Text)? _ahead;

    internal Lexer(byte[] source, string chunk)
    {
        _source = source;
        _chunk = chunk;
        _current = source.Length > 0 ? source[0] : End;
    }

    /// <summary>The current token.</summary>
    internal Token Kind { get; private set; }

    /// <summary>The character of a token that is a single one.</summary>
    internal char Symbol { get; private set; }

    /// <summary>The value of a number.</summary>
    internal double Number { get; private set; }

    /// <summary>The text of a name or a string.</summary>
    internal LuaString Text { get; private set; } = LuaString.Empty;

    /// <summary>The line of the current token.</summary>
    internal int Line { get; private set; } = 1;

    /// <summary>The line of the token before the current one.</summary>
    internal int LastLine { get; private set; } = 1;

    /// <summary>Goes to the next token.</summary>
    internal void Next()
    {
        LastLine = Line;
        if (_ahead is { } ahead)
        {
            (Kind, Symbol, Number, Text) = (ahead.Kind, ahead.Symbol, ahead.Number, ahead.Text ?? LuaString.Empty);
            _ahead = null;
            return;
        }
        Kind = Scan();
    }

    /// <summary>The kind and character of the token after the current one.</summary>
    internal (Token Kind, char Symbol) Peek()
    {
        if (_ahead is null)
        {
            (Token kind, char symbol, double number, LuaString text) = (Kind, Symbol, Number, Text);
            Token next = Scan();
            _ahead = (next, Symbol, Number, Text);
            (Kind, Symbol, Number, Text) = (kind, symbol, number, text);
        }
        return (_ahead.Value.Kind, _ahead.Value.Symbol);
    }

    internal bool Is(char symbol) => Kind == Token.Symbol && Symbol == symbol;

    /// <summary>The one string that stands for this content in the whole chunk.</summary>
    internal LuaString Intern(ReadOnlySpan<byte> bytes)
    {
        LuaString text = new(bytes);
        if (_strings.TryGetValue(text, out LuaString? known))
        {
            return known;
        }
        LuaString.Share(text);
        _strings.Add(text, text);
        return text;
    }

    /// <summary>An error at the current token.</summary>
    internal LuaException SyntaxError(string message) => Error(message, DescribeCurrent());

    /// <summary>An error of the source.</summary>
    internal LuaException Error(string message, string? near) =>
        new($"{_chunk}:{Line}: {message}" + (near is null ? "" : $" near '{near}'"));

    /// <summary>The token as messages show it; the byte zero, which for Lua means that there is none, they do not.</summary>
    private string? DescribeCurrent() => Kind switch
    {
        Token.Symbol when Symbol == '\0' => null,
        Token.Symbol => Symbol is < ' ' or (char)127 ? $"char({(int)Symbol})" : Symbol.ToString(),
        Token.Number or Token.Name or Token.String => Buffered(),
        _ => Tokens.Texts[(int)Kind],
    };

    private string Buffered()
    {
        string text = Encoding.Latin1.GetString(_buffer, 0, _buffered);
        int end = text.IndexOf('\0', StringComparison.Ordinal);
        return end < 0 ? text : text[..end];
    }

    private void Advance() => _current = ++_position < _source.Length ? _source[_position] : End;

    private void Save(int value)
    {
        if (_buffered == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }
        _buffer[_buffered++] = (byte)value;
    }

    private void SaveAndAdvance()
    {
        Save(_current);
        Advance();
    }

    /// <summary>Skips one line break, of one or two characters.</summary>
    private void SkipLineBreak()
    {
        int first = _current;
        Advance();
        if (_current is '\n' or '\r' && _current != first)
        {
            Advance();
        }
        Line++;
    }

    private Token Single(int symbol)
    {
        Symbol = (char)symbol;
        return Token.Symbol;
    }

    private Token Scan()
    {
        while (true)
        {
            switch (_current)
            {
                case End:
                    return Token.EndOfStream;
                case '\n' or '\r':
                    SkipLineBreak();
                    continue;
                case ' ' or '\t' or '\v' or '\f':
                    Advance();
                    continue;
                case '-':
                    Advance();
                    if (_current != '-')
                    {
                        return Single('-');
                    }
                    Advance();
                    SkipComment();
                    continue;
                default:
                    return ScanToken();
            }
        }
    }

    private Token ScanToken()
    {
        _buffered = 0;
        int first = _current;
        switch (first)
        {
            case '[':
                int level = OpenLongBracket();
                if (level >= 0)
                {
                    ReadLong(level, false);
                    return Token.String;
                }
                return level == -1 ? Single('[') : throw Error("invalid long string delimiter", Buffered());
            case '"' or '\'':
                ReadString(first);
                return Token.String;
            case '.':
                return ScanDot();
            case '=' or '<' or '>' or '~':
                Advance();
                if (_current != '=')
                {
                    return Single(first);
                }
                Advance();
                return first switch
                {
                    '=' => Token.Equal,
                    '<' => Token.LessOrEqual,
                    '>' => Token.GreaterOrEqual,
                    _ => Token.NotEqual,
                };
            default:
                return ScanWord(first);
        }
    }

    private Token ScanDot()
    {
        SaveAndAdvance();
        if (_current == '.')
        {
            SaveAndAdvance();
            if (_current == '.')
            {
                Advance();
                return Token.Dots;
            }
            return Token.Concat;
        }
        return IsDigit(_current) ? ReadNumber() : Single('.');
    }

    private Token ScanWord(int first)
    {
        if (IsDigit(first))
        {
            return ReadNumber();
        }
        if (!IsLetter(first))
        {
            Advance();
            return Single(first);
        }
        do
        {
            SaveAndAdvance();
        }
        while (IsLetter(_current) || IsDigit(_current));
        Text = Intern(_buffer.AsSpan(0, _buffered));
        return Tokens.IsReserved(Text, out Token reserved) ? reserved : Token.Name;
    }

    private static bool IsDigit(int value) => value is >= '0' and <= '9';

    private static bool IsLetter(int value) => value is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '_';

    private Token ReadNumber()
    {
        while (IsDigit(_current) || _current == '.')
        {
            SaveAndAdvance();
        }
        if (_current is 'e' or 'E')
        {
            SaveAndAdvance();
            if (_current is '+' or '-')
            {
                SaveAndAdvance();
            }
        }
        while (IsLetter(_current) || IsDigit(_current))
        {
            SaveAndAdvance();
        }
        if (!NumberText.TryParse(_buffer.AsSpan(0, _buffered), out double value))
        {
            throw Error("malformed number", Buffered());
        }
        Number = value;
        return Token.Number;
    }

    private void SkipComment()
    {
        if (_current == '[')
        {
            _buffered = 0;
            int level = OpenLongBracket();
            _buffered = 0;
            if (level >= 0)
            {
                ReadLong(level, true);
                return;
            }
        }
        while (_current is not ('\n' or '\r' or End))
        {
            Advance();
        }
    }

    /// <summary>Reads <c>[</c>, equal signs and <c>[</c>, all but the last of which is saved.</summary>
    /// <returns>The count of equal signs; -1 if there are none and no second bracket; less if there are some but no bracket.</returns>
    private int OpenLongBracket()
    {
        int bracket = _current;
        int level = 0;
        SaveAndAdvance();
        while (_current == '=')
        {
            SaveAndAdvance();
            level++;
        }
        return _current == bracket ? level : -level - 1;
    }

    private void ReadLong(int level, bool isComment)
    {
        SaveAndAdvance();
        if (_current is '\n' or '\r')
        {
            SkipLineBreak();
        }
        while (true)
        {
            switch (_current)
            {
                case End:
                    throw Error(isComment ? "unfinished long comment" : "unfinished long string", Tokens.Texts[(int)Token.EndOfStream]);
                case ']':
                    if (OpenLongBracket() == level)
                    {
                        SaveAndAdvance();
                        if (!isComment)
                        {
                            Text = Intern(_buffer.AsSpan(level + 2, _buffered - (2 * (level + 2))));
                        }
                        return;
                    }
                    break;
                case '\n' or '\r':
                    Save('\n');
                    SkipLineBreak();
                    _buffered = isComment ? 0 : _buffered;
                    break;
                default:
                    SaveAndAdvance();
                    break;
            }
        }
    }

    private void ReadString(int delimiter)
    {
        SaveAndAdvance();
        while (_current != delimiter)
        {
            switch (_current)
            {
                case End:
                    throw Error("unfinished string", Tokens.Texts[(int)Token.EndOfStream]);
                case '\n' or '\r':
                    throw Error("unfinished string", Buffered());
                case '\\':
                    ReadEscape();
                    break;
                default:
                    SaveAndAdvance();
                    break;
            }
        }
        SaveAndAdvance();
        Text = Intern(_buffer.AsSpan(1, _buffered - 2));
    }

    private void ReadEscape()
    {
        Advance();
        switch (_current)
        {
            case '\n' or '\r':
                Save('\n');
                SkipLineBreak();
                return;
            case End:
                return;
            case >= '0' and <= '9':
                ReadDecimalEscape();
                return;
            default:
                Save(_current switch
                {
                    'a' => '\a',
                    'b' => '\b',
                    'f' => '\f',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'v' => '\v',
                    _ => _current,
                });
                Advance();
                return;
        }
    }

    private void ReadDecimalEscape()
    {
        int value = 0;
        for (int digits = 0; digits < 3 && IsDigit(_current); digits++)
        {
            value = (value * 10) + (_current - '0');
            Advance();
        }
        if (value > byte.MaxValue)
        {
            throw Error("escape sequence too large", Buffered());
        }
        Save(value);
    }
}
