using System.Buffers.Text;

namespace Valkey.Turbo.Protocol;

/// <summary>Unsigned 64-bit integers as text: written in the one canonical form, read as loosely as Valkey reads cursors and stream IDs.</summary>
public static class UnsignedText
{
    /// <summary>Writes a number and returns its length, at most 20.</summary>
    public static int Format(ulong value, Span<byte> target)
    {
        Utf8Formatter.TryFormat(value, target, out int written);
        return written;
    }

    /// <summary>
    /// Reads a number that may have blanks, a sign and zeros in front of it, and anything behind a zero byte. A minus that is not
    /// in canonical form counts from 2^64 down, as it does in C; in canonical form it is refused.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ulong value)
    {
        value = 0;
        if (Decimal64.TryParse(text, out long canonical))
        {
            value = (ulong)canonical;
            return canonical >= 0;
        }
        ReadOnlySpan<byte> rest = text.TrimStart(" \t\n\v\f\r"u8);
        bool isNegative = rest is [(byte)'-', ..];
        rest = rest is [(byte)'-' or (byte)'+', ..] ? rest[1..] : rest;
        int digitCount = 0;
        while (digitCount < rest.Length && rest[digitCount] is >= (byte)'0' and <= (byte)'9')
        {
            uint digit = (uint)rest[digitCount++] - '0';
            if (value > (ulong.MaxValue - digit) / 10)
            {
                return false;
            }
            value = value * 10 + digit;
        }
        value = isNegative ? 0 - value : value;
        return digitCount > 0 && (digitCount == rest.Length || rest[digitCount] == 0);
    }
}
