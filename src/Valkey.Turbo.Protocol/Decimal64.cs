using System.Runtime.CompilerServices;

namespace Valkey.Turbo.Protocol;

/// <summary>64-bit integers as decimal text, read as strictly as Valkey reads them.</summary>
public static class Decimal64
{
    /// <summary>The longest text of a 64-bit integer: a sign and 19 digits.</summary>
    public const int MaxDigits = 20;

    /// <summary>
    /// Reads an integer in canonical form only: no plus, no leading zero, no minus zero, no blanks, within 64 bits.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if ((uint)(text.Length - 1) >= MaxDigits)
        {
            return false;
        }
        bool negative = text[0] == '-';
        ReadOnlySpan<byte> digits = negative ? text[1..] : text;
        if (digits.Length is 0 or > 19 || (digits[0] == '0' && text.Length > 1))
        {
            return false;
        }
        ulong magnitude = 0;
        foreach (byte b in digits)
        {
            uint digit = (uint)b - '0';
            if (digit > 9)
            {
                return false;
            }
            magnitude = magnitude * 10 + digit;
        }
        if (magnitude > (ulong)long.MaxValue + (negative ? 1u : 0u))
        {
            return false;
        }
        value = negative ? (long)(0 - magnitude) : (long)magnitude;
        return true;
    }

    /// <summary>Writes an integer and returns the number of bytes; <paramref name="target"/> has at least <see cref="MaxDigits"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Format(long value, Span<byte> target)
    {
        if ((ulong)value < 10)
        {
            target[0] = (byte)('0' + value);
            return 1;
        }
        System.Buffers.Text.Utf8Formatter.TryFormat(value, target, out int written);
        return written;
    }
}
