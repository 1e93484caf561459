using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>Builds one command as a RESP array of bulk strings, off the managed heap. Used again and again by one thread.</summary>
public sealed class CommandText : IDisposable
{
    private const int LargestKeptBytes = 1 << 20;
    private readonly NativeBuffer _buffer = new();

    /// <summary>Whether words are thrown away, because nobody will read them.</summary>
    public bool IsDiscarding { get; set; }

    /// <summary>The command so far; valid until the next call.</summary>
    public ReadOnlySpan<byte> Bytes => _buffer.Span;

    /// <summary>Starts a command of <paramref name="argumentCount"/> words.</summary>
    public CommandText Begin(int argumentCount)
    {
        if (IsDiscarding)
        {
            return this;
        }
        Empty();
        Header((byte)'*', argumentCount);
        return this;
    }

    /// <summary>Starts a row of words without a header.</summary>
    public CommandText BeginWords()
    {
        Empty();
        return this;
    }

    /// <summary>Starts an aggregate of any kind; <paramref name="kind"/> is its first byte on the wire.</summary>
    public CommandText BeginAggregate(byte kind, int count)
    {
        Empty();
        Header(kind, count);
        return this;
    }

    /// <summary>Adds bytes that are encoded already.</summary>
    public CommandText AddRaw(ReadOnlySpan<byte> bytes)
    {
        _buffer.Append(bytes);
        return this;
    }

    /// <summary>Adds an integer as such, not as a word.</summary>
    public CommandText AddInteger(long value)
    {
        Span<byte> line = stackalloc byte[Decimal64.MaxDigits + 3];
        line[0] = (byte)':';
        int length = 1 + Decimal64.Format(value, line[1..]);
        "\r\n"u8.CopyTo(line[length..]);
        _buffer.Append(line[..(length + 2)]);
        return this;
    }

    /// <summary>Adds a word.</summary>
    public CommandText Add(ReadOnlySpan<byte> word)
    {
        if (IsDiscarding)
        {
            return this;
        }
        Header((byte)'$', word.Length);
        _buffer.Append(word);
        _buffer.Append("\r\n"u8);
        return this;
    }

    /// <summary>Adds an integer as a word.</summary>
    public CommandText Add(long word)
    {
        if (IsDiscarding)
        {
            return this;
        }
        Span<byte> digits = stackalloc byte[Decimal64.MaxDigits];
        return Add(digits[..Decimal64.Format(word, digits)]);
    }

    public void Dispose() => _buffer.Dispose();

    private void Empty()
    {
        _buffer.Clear();
        _buffer.Trim(_buffer.Capacity > LargestKeptBytes ? 0 : _buffer.Capacity);
    }

    private void Header(byte kind, int value)
    {
        Span<byte> line = stackalloc byte[Decimal64.MaxDigits + 3];
        line[0] = kind;
        int length = 1 + Decimal64.Format(value, line[1..]);
        line[length++] = (byte)'\r';
        line[length++] = (byte)'\n';
        _buffer.Append(line[..length]);
    }
}
