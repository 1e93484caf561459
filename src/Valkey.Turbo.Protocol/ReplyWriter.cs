using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>
/// Writes replies in RESP2 or RESP3 straight into a connection's output. One a thread, pointed at one connection after
/// another; nothing is visible to the sender until <see cref="Flush"/>.
/// </summary>
public sealed unsafe class ReplyWriter
{
    private const int LargestHeaderBytes = 32;
    private OutputQueue? _queue;
    private byte* _at;
    private byte* _end;

    /// <summary>Whether the client asked for RESP3.</summary>
    public bool IsResp3 { get; set; }

    /// <summary>How many error replies have been written since this was last set to 0.</summary>
    public int ErrorCount { get; set; }

    /// <summary>Told about every error's text, for the statistics.</summary>
    public Action<string>? OnError { get; set; }

    /// <summary>A place in the output to return to.</summary>
    public readonly struct Mark
    {
        internal readonly OutputBlock? Block;
        internal readonly int Length;

        internal Mark(OutputBlock? block, int length) => (Block, Length) = (block, length);
    }

    /// <summary>Writes to another connection's output from now on.</summary>
    public void Target(OutputQueue queue)
    {
        Flush();
        _queue = queue;
        OutputBlock? tail = queue.Tail;
        _at = tail is null ? null : tail.Memory + tail.Length;
        _end = tail is null ? null : tail.Memory + tail.Capacity;
    }

    /// <summary>Makes what was written visible to the sender.</summary>
    public void Flush()
    {
        if (_queue?.Tail is OutputBlock tail && _at != null)
        {
            tail.Length = (int)(_at - tail.Memory);
        }
    }

    /// <summary>How many blocks were begun; so long as it stays the same, what was written meanwhile is short.</summary>
    public int BlocksBegun { get; private set; }

    /// <summary>Bytes in the output up to here.</summary>
    public long Position => _queue is null ? 0 : _queue.SealedBytes + (_queue.Tail is OutputBlock tail ? _at - tail.Memory : 0);

    /// <summary>Makes what was written visible and writes nowhere until <see cref="Target"/>; others may add to the output then.</summary>
    public void Detach()
    {
        Flush();
        _queue = null;
    }

    /// <summary>Adds shared bytes, which are RESP already, behind what was written.</summary>
    public void Append(SharedBytes shared)
    {
        Flush();
        OutputQueue queue = _queue!;
        queue.Append(shared);
        _queue = null;
        Target(queue);
    }

    /// <summary>Remembers the end of the output.</summary>
    public Mark GetMark()
    {
        Flush();
        return new Mark(_queue!.Tail, _queue.Tail?.Length ?? 0);
    }

    /// <summary>Forgets everything written after <paramref name="mark"/>.</summary>
    public void Rollback(Mark mark)
    {
        OutputQueue queue = _queue!;
        queue.Truncate(mark.Block, mark.Length);
        _queue = null;
        Target(queue);
    }

    /// <summary><c>+OK</c></summary>
    public void Ok() => Raw("+OK\r\n"u8);

    /// <summary>A simple string; must have no line end.</summary>
    public void Simple(ReadOnlySpan<byte> text) => Line((byte)'+', text);

    /// <summary>A simple string of ASCII text.</summary>
    public void Simple(string text)
    {
        Reserve(text.Length + 3);
        *_at++ = (byte)'+';
        _at += Encoding.ASCII.GetBytes(text, new Span<byte>(_at, text.Length));
        *(ushort*)_at = 0x0A0D;
        _at += 2;
    }

    /// <summary>An error as written on the wire, code first and without the leading dash. Line ends become blanks, but for those at its end.</summary>
    public void Error(string text)
    {
        text = text.TrimEnd('\r', '\n');
        if (text.AsSpan().ContainsAny('\r', '\n'))
        {
            text = text.Replace('\r', ' ').Replace('\n', ' ');
        }
        OnError?.Invoke(text);
        Error(Encoding.Latin1.GetBytes(text));
    }

    /// <summary>An error as in <see cref="Error(string)"/> that was counted for the statistics where it first came up.</summary>
    public void Error(ReadOnlySpan<byte> text)
    {
        ErrorCount++;
        Span<byte> line = text.Length <= 512 ? stackalloc byte[text.Length] : new byte[text.Length];
        WithoutLineEnds(text, line);
        Line((byte)'-', line);
    }

    /// <summary>A simple string whose line ends become blanks.</summary>
    public void SimpleLine(ReadOnlySpan<byte> text)
    {
        Span<byte> line = text.Length <= 512 ? stackalloc byte[text.Length] : new byte[text.Length];
        WithoutLineEnds(text, line);
        Line((byte)'+', line);
    }

    /// <summary>A number of any size, given by its digits; a bulk string in RESP2. Line ends become blanks.</summary>
    public void BigNumber(ReadOnlySpan<byte> digits)
    {
        Span<byte> line = digits.Length <= 512 ? stackalloc byte[digits.Length] : new byte[digits.Length];
        WithoutLineEnds(digits, line);
        if (IsResp3)
        {
            Line((byte)'(', line);
        }
        else
        {
            Bulk(line);
        }
    }

    private static void WithoutLineEnds(ReadOnlySpan<byte> text, Span<byte> line)
    {
        for (int i = 0; i < text.Length; i++)
        {
            line[i] = text[i] is (byte)'\r' or (byte)'\n' ? (byte)' ' : text[i];
        }
    }

    /// <summary>An integer.</summary>
    public void Integer(long value) => Number((byte)':', value);

    /// <summary>A string of any bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Bulk(ReadOnlySpan<byte> value)
    {
        int length = value.Length;
        if (_end - _at < length + (long)LargestHeaderBytes)
        {
            BulkSlowly(value);
            return;
        }
        byte* at = WriteHeader(_at, (byte)'$', length);
        value.CopyTo(new Span<byte>(at, length));
        at += length;
        *(ushort*)at = 0x0A0D;
        _at = at + 2;
    }

    /// <summary>A string that is sent from where it lies.</summary>
    public void Bulk(SharedBytes value)
    {
        Number((byte)'$', value.Length);
        Append(value);
        Raw("\r\n"u8);
    }

    /// <summary>A string of any length.</summary>
    public void Bulk(NativeBuffer value)
    {
        Number((byte)'$', value.Length);
        Parts(value);
        Raw("\r\n"u8);
    }

    /// <summary>A string given as text.</summary>
    public void Bulk(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        Reserve(length + LargestHeaderBytes);
        _at = WriteHeader(_at, (byte)'$', length);
        _at += Encoding.UTF8.GetBytes(text, new Span<byte>(_at, length));
        *(ushort*)_at = 0x0A0D;
        _at += 2;
    }

    /// <summary>An integer as a bulk string.</summary>
    public void BulkInteger(long value)
    {
        Span<byte> digits = stackalloc byte[Decimal64.MaxDigits];
        Bulk(digits[..Decimal64.Format(value, digits)]);
    }

    /// <summary>Nothing: <c>$-1</c>, or <c>_</c> in RESP3.</summary>
    public void Null() => Raw(IsResp3 ? "_\r\n"u8 : "$-1\r\n"u8);

    /// <summary>No array: <c>*-1</c>, or <c>_</c> in RESP3.</summary>
    public void NullArray() => Raw(IsResp3 ? "_\r\n"u8 : "*-1\r\n"u8);

    /// <summary>The header of an array; its items follow.</summary>
    public void Array(long count) => Number((byte)'*', count);

    /// <summary>The header of a map of <paramref name="pairCount"/> pairs; a flat array in RESP2.</summary>
    public void Map(long pairCount)
    {
        if (IsResp3)
        {
            Number((byte)'%', pairCount);
        }
        else
        {
            Number((byte)'*', pairCount * 2);
        }
    }

    /// <summary>The header of a set; an array in RESP2.</summary>
    public void Set(long count) => Number(IsResp3 ? (byte)'~' : (byte)'*', count);

    /// <summary>The header of an out-of-band message; an array in RESP2.</summary>
    public void Push(long count) => Number(IsResp3 ? (byte)'>' : (byte)'*', count);

    /// <summary>A truth value; 1 or 0 in RESP2.</summary>
    public void Boolean(bool value)
    {
        if (IsResp3)
        {
            Raw(value ? "#t\r\n"u8 : "#f\r\n"u8);
        }
        else
        {
            Integer(value ? 1 : 0);
        }
    }

    /// <summary>A floating-point number; a bulk string in RESP2.</summary>
    public void Double(double value)
    {
        Span<byte> text = stackalloc byte[32];
        int length = DoubleText.Format(value, text);
        Double(text[..length]);
    }

    /// <summary>A floating-point number that is text already; a bulk string in RESP2.</summary>
    public void Double(ReadOnlySpan<byte> text)
    {
        if (IsResp3)
        {
            Line((byte)',', text);
        }
        else
        {
            Bulk(text);
        }
    }

    /// <summary>Text with a three-letter format; a bulk string in RESP2.</summary>
    public void Verbatim(string format, string text)
    {
        if (!IsResp3)
        {
            Bulk(text);
            return;
        }
        byte[] bytes = Encoding.UTF8.GetBytes($"{format}:{text}");
        Number((byte)'=', bytes.Length);
        Raw(bytes);
        Raw("\r\n"u8);
    }

    /// <summary>Bytes with a format of three letters; a bulk string in RESP2.</summary>
    public void Verbatim(ReadOnlySpan<byte> format, ReadOnlySpan<byte> text)
    {
        if (!IsResp3)
        {
            Bulk(text);
            return;
        }
        Number((byte)'=', text.Length + 4L);
        Raw([format[0], format[1], format[2], (byte)':']);
        Raw(text);
        Raw("\r\n"u8);
    }

    /// <summary>Bytes that are already RESP.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(new Span<byte>(_at, bytes.Length));
        _at += bytes.Length;
    }

    private void Line(byte kind, ReadOnlySpan<byte> text)
    {
        Reserve(text.Length + 3);
        *_at++ = kind;
        text.CopyTo(new Span<byte>(_at, text.Length));
        _at += text.Length;
        *_at++ = (byte)'\r';
        *_at++ = (byte)'\n';
    }

    private void Number(byte kind, long value)
    {
        Reserve(LargestHeaderBytes);
        _at = WriteHeader(_at, kind, value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte* WriteHeader(byte* at, byte kind, long value)
    {
        *at++ = kind;
        if ((ulong)value < 100)
        {
            uint small = (uint)value;
            if (small >= 10)
            {
                *at++ = (byte)('0' + small / 10);
                small %= 10;
            }
            *at++ = (byte)('0' + small);
        }
        else
        {
            at += Decimal64.Format(value, new Span<byte>(at, Decimal64.MaxDigits));
        }
        *(ushort*)at = 0x0A0D;
        return at + 2;
    }

    private void BulkSlowly(ReadOnlySpan<byte> value)
    {
        Number((byte)'$', value.Length);
        Parts(value);
        Raw("\r\n"u8);
    }

    /// <summary>Bytes that do not fit the block are split, so that nothing of their size is allocated at once.</summary>
    private void Parts(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            Reserve(1);
            int part = (int)Math.Min(bytes.Length, _end - _at);
            bytes[..part].CopyTo(new Span<byte>(_at, part));
            _at += part;
            bytes = bytes[part..];
        }
    }

    private void Parts(NativeBuffer bytes)
    {
        for (long at = 0; at < bytes.Length;)
        {
            Span<byte> part = bytes.From(at);
            Parts(part);
            at += part.Length;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Reserve(int byteCount)
    {
        if (_end - _at < byteCount)
        {
            Extend(byteCount);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Extend(int byteCount)
    {
        Flush();
        BlocksBegun++;
        OutputBlock block = _queue!.Extend(byteCount);
        _at = block.Memory;
        _end = block.Memory + block.Capacity;
        Invariant.Check(_end - _at >= byteCount);
    }
}
