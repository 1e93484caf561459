using System.Text;

namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The tokens of JSON, under the names that errors give them.</summary>
internal enum JsonToken
{
    ObjectBegin,
    ObjectEnd,
    ArrayBegin,
    ArrayEnd,
    String,
    Number,
    True,
    False,
    Null,
    Colon,
    Comma,
    End,
    Error,
}

/// <summary>Turns the bytes of JSON into tokens. C's end of string ends them.</summary>
internal sealed class JsonTokens(JsonSettings settings, byte[] input, Interpreter interpreter)
{
    private static readonly string[] s_names =
    [
        "T_OBJ_BEGIN", "T_OBJ_END", "T_ARR_BEGIN", "T_ARR_END", "T_STRING", "T_NUMBER", "T_BOOLEAN", "T_BOOLEAN", "T_NULL",
        "T_COLON", "T_COMMA", "T_END",
    ];

    private readonly ByteBuilder _text = new(interpreter);
    private string _error = "";
    private int _textStart;
    private int _textLength;
    private bool _isPlain;

    internal JsonToken Kind { get; private set; }

    /// <summary>Where the token begins, or where it is wrong.</summary>
    internal int Start { get; private set; }

    /// <summary>The first byte behind the token.</summary>
    internal int Position { get; private set; }

    internal double Number { get; private set; }

    internal string Describe() => Kind == JsonToken.Error ? _error : s_names[(int)Kind];

    internal LuaString TakeString() => interpreter.NewString(
        _isPlain ? input.AsSpan(_textStart, _textLength) : (ReadOnlySpan<byte>)_text.Span);

    internal void Next()
    {
        while (Position < input.Length && input[Position] is (byte)' ' or (byte)'\t' or (byte)'\n' or (byte)'\r')
        {
            Position++;
        }
        Start = Position;
        byte first = At(Position);
        switch (first)
        {
            case 0:
                Kind = JsonToken.End;
                break;
            case (byte)'{' or (byte)'}' or (byte)'[' or (byte)']' or (byte)':' or (byte)',':
                Position++;
                Kind = first switch
                {
                    (byte)'{' => JsonToken.ObjectBegin,
                    (byte)'}' => JsonToken.ObjectEnd,
                    (byte)'[' => JsonToken.ArrayBegin,
                    (byte)']' => JsonToken.ArrayEnd,
                    (byte)':' => JsonToken.Colon,
                    _ => JsonToken.Comma,
                };
                break;
            case (byte)'"':
                ReadString();
                break;
            case (byte)'-' or (>= (byte)'0' and <= (byte)'9'):
                ReadNumber(settings.DecodeInvalidNumbers || !IsInvalidNumber());
                break;
            default:
                ReadWord();
                break;
        }
    }

    private byte At(int position) => position < input.Length ? input[position] : (byte)0;

    private void Fail(string error)
    {
        Kind = JsonToken.Error;
        Start = Position;
        _error = error;
    }

    private void ReadWord()
    {
        ReadOnlySpan<byte> rest = input.AsSpan(Position);
        if (rest.StartsWith("true"u8))
        {
            Kind = JsonToken.True;
            Position += 4;
        }
        else if (rest.StartsWith("false"u8))
        {
            Kind = JsonToken.False;
            Position += 5;
        }
        else if (rest.StartsWith("null"u8))
        {
            Kind = JsonToken.Null;
            Position += 4;
        }
        else if (settings.DecodeInvalidNumbers && rest[0] is (byte)'+' or (byte)'i' or (byte)'I' or (byte)'n' or (byte)'N'
            && IsInvalidNumber())
        {
            ReadNumber(true);
        }
        else
        {
            Fail("invalid token");
        }
    }

    private void ReadNumber(bool isAllowed)
    {
        int length = NumberText.ParsePrefix(input.AsSpan(Position), out double number);
        if (!isAllowed || length == 0)
        {
            Fail("invalid number");
            return;
        }
        Kind = JsonToken.Number;
        Number = number;
        Position += length;
    }

    /// <summary>Whether this is a number of C that JSON does not have.</summary>
    private bool IsInvalidNumber()
    {
        int position = Position;
        if (At(position) == '+')
        {
            return true;
        }
        position += At(position) == '-' ? 1 : 0;
        if (At(position) == '0')
        {
            byte second = At(position + 1);
            return (second | 0x20) == 'x' || char.IsAsciiDigit((char)second);
        }
        ReadOnlySpan<byte> word = input.AsSpan(position, Math.Min(3, input.Length - position));
        return At(position) > '9' && (Ascii.EqualsIgnoreCase(word, "inf"u8) || Ascii.EqualsIgnoreCase(word, "nan"u8));
    }

    private void ReadString()
    {
        Position++;
        _textStart = Position;
        int length = input.AsSpan(Position).IndexOfAny((byte)'"', (byte)'\\', (byte)0);
        if (length >= 0 && input[Position + length] == '"')
        {
            _isPlain = true;
            _textLength = length;
            Position += length + 1;
            Kind = JsonToken.String;
            return;
        }
        _isPlain = false;
        _text.Clear();
        while (true)
        {
            ReadOnlySpan<byte> rest = input.AsSpan(Position);
            length = rest.IndexOfAny((byte)'"', (byte)'\\', (byte)0);
            length = length < 0 ? rest.Length : length;
            _text.Append(rest[..length]);
            Position += length;
            switch (At(Position))
            {
                case (byte)'"':
                    Position++;
                    Kind = JsonToken.String;
                    return;
                case 0:
                    Fail("unexpected end of string");
                    return;
            }
            if (!ReadEscape())
            {
                return;
            }
        }
    }

    private bool ReadEscape()
    {
        int character = At(Position + 1) switch
        {
            (byte)'"' => '"',
            (byte)'\\' => '\\',
            (byte)'/' => '/',
            (byte)'b' => '\b',
            (byte)'t' => '\t',
            (byte)'n' => '\n',
            (byte)'f' => '\f',
            (byte)'r' => '\r',
            (byte)'u' => 'u',
            _ => -1,
        };
        if (character == 'u')
        {
            return ReadUnicode();
        }
        if (character < 0)
        {
            Fail("invalid escape code");
            return false;
        }
        _text.Append((byte)character);
        Position += 2;
        return true;
    }

    private bool ReadUnicode()
    {
        int unit = ReadUnit(Position + 2);
        int length = 6;
        if ((unit & 0xF800) == 0xD800 && unit >= 0)
        {
            int low = At(Position + 6) == '\\' && At(Position + 7) == 'u' ? ReadUnit(Position + 8) : -1;
            bool isPair = (unit & 0x400) == 0 && low >= 0 && (low & 0xFC00) == 0xDC00;
            unit = isPair ? (((unit & 0x3FF) << 10) | (low & 0x3FF)) + 0x10000 : -1;
            length = 12;
        }
        if (unit < 0)
        {
            Fail("invalid unicode escape code");
            return false;
        }
        _text.Advance(new Rune(unit).EncodeToUtf8(_text.Reserve(4)));
        Position += length;
        return true;
    }

    private int ReadUnit(int position)
    {
        int unit = 0;
        for (int i = 0; i < 4; i++)
        {
            byte digit = At(position + i);
            if (!char.IsAsciiHexDigit((char)digit))
            {
                return -1;
            }
            unit = (unit << 4) | (char.IsAsciiDigit((char)digit) ? digit - '0' : (digit | 0x20) - 'a' + 10);
        }
        return unit;
    }
}
