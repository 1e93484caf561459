using System.Text;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>
/// Splits a line into words as Valkey's command line does: blanks separate, double quotes allow \n \r \t \b \a and \xHH,
/// single quotes allow \'; a word may consist of
/// quoted and unquoted parts. Also the syntax of valkey.conf.
/// </summary>
public static class InlineLine
{
    private const int LargestQuotedBytes = 4;

    /// <summary>Splits and unquotes in place; false where quotes are unbalanced.</summary>
    internal static bool Split(Span<byte> line, RequestBatch batch)
    {
        int at = 0, write = 0;
        while (true)
        {
            while (at < line.Length && IsBlank(line[at]))
            {
                at++;
            }
            if (at == line.Length)
            {
                return true;
            }
            // Unquoting never lengthens, so the write position never overtakes the read position.
            int wordStart = write;
            if (!ReadWord(line, ref at, ref write))
            {
                return false;
            }
            batch.AddArgument(wordStart, write - wordStart);
        }
    }

    /// <summary>Splits a line of configuration; null where quotes are unbalanced.</summary>
    public static List<byte[]>? Split(ReadOnlySpan<byte> line)
    {
        byte[] copy = line.ToArray();
        List<byte[]> words = [];
        int at = 0;
        while (true)
        {
            while (at < copy.Length && IsBlank(copy[at]))
            {
                at++;
            }
            if (at == copy.Length)
            {
                return words;
            }
            int write = at, start = at;
            if (!ReadWord(copy, ref at, ref write))
            {
                return null;
            }
            words.Add(copy[start..write]);
        }
    }

    private static bool ReadWord(Span<byte> line, ref int at, ref int write)
    {
        while (at < line.Length && !IsBlank(line[at]))
        {
            byte b = line[at++];
            if (b is not ((byte)'"' or (byte)'\''))
            {
                line[write++] = b;
                continue;
            }
            if (!ReadQuoted(line, b, ref at, ref write))
            {
                return false;
            }
        }
        return true;
    }

    private static bool ReadQuoted(Span<byte> line, byte quote, ref int at, ref int write)
    {
        while (at < line.Length)
        {
            byte b = line[at++];
            if (b == quote)
            {
                return true;
            }
            if (b == '\\' && at < line.Length)
            {
                b = quote == '"' ? Unescape(line, ref at) : line[at] == '\'' ? line[at++] : b;
            }
            line[write++] = b;
        }
        return false;
    }

    private static byte Unescape(Span<byte> line, ref int at)
    {
        if (line[at] == 'x' && at + 2 < line.Length && IsHex(line[at + 1]) && IsHex(line[at + 2]))
        {
            at += 3;
            return (byte)(HexValue(line[at - 2]) << 4 | HexValue(line[at - 1]));
        }
        byte escaped = line[at++];
        return escaped switch
        {
            (byte)'n' => (byte)'\n',
            (byte)'r' => (byte)'\r',
            (byte)'t' => (byte)'\t',
            (byte)'b' => (byte)'\b',
            (byte)'a' => (byte)'\a',
            _ => escaped,
        };
    }

    private static bool IsBlank(byte b) => b is (byte)' ' or (>= 9 and <= 13) or 0;

    private static bool IsHex(byte b) => char.IsAsciiHexDigit((char)b);

    private static int HexValue(byte b) => b <= '9' ? b - '0' : (b | 32) - 'a' + 10;

    /// <summary>The same off the managed heap.</summary>
    public static void Quote(NativeBuffer line, ReadOnlySpan<byte> bytes)
    {
        Span<byte> chunk = stackalloc byte[256];
        int length = 0;
        chunk[length++] = (byte)'"';
        foreach (byte b in bytes)
        {
            length += Quote(b, chunk[length..]);
            if (length > chunk.Length - LargestQuotedBytes)
            {
                line.Append(chunk[..length]);
                length = 0;
            }
        }
        chunk[length++] = (byte)'"';
        line.Append(chunk[..length]);
    }

    private static int Quote(byte b, Span<byte> target)
    {
        byte letter = b switch
        {
            (byte)'\\' or (byte)'"' => b,
            (byte)'\n' => (byte)'n',
            (byte)'\r' => (byte)'r',
            (byte)'\t' => (byte)'t',
            7 => (byte)'a',
            8 => (byte)'b',
            _ => 0,
        };
        if (letter == 0 && b is >= 0x20 and < 0x7F)
        {
            target[0] = b;
            return 1;
        }
        target[0] = (byte)'\\';
        target[1] = letter;
        if (letter != 0)
        {
            return 2;
        }
        target[1] = (byte)'x';
        target[2] = "0123456789abcdef"u8[b >> 4];
        target[3] = "0123456789abcdef"u8[b & 15];
        return LargestQuotedBytes;
    }

    /// <summary>Writes a word between quotes, with escapes for what is not printable; read back it is the same.</summary>
    public static void Quote(StringBuilder line, ReadOnlySpan<byte> bytes)
    {
        line.Append('"');
        foreach (byte b in bytes)
        {
            _ = b switch
            {
                (byte)'\\' or (byte)'"' => line.Append('\\').Append((char)b),
                (byte)'\n' => line.Append("\\n"),
                (byte)'\r' => line.Append("\\r"),
                (byte)'\t' => line.Append("\\t"),
                7 => line.Append("\\a"),
                8 => line.Append("\\b"),
                >= 0x20 and < 0x7F => line.Append((char)b),
                _ => line.Append($"\\x{b:x2}"),
            };
        }
        line.Append('"');
    }
}
