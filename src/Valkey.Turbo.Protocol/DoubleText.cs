using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Valkey.Turbo.Protocol;

/// <summary>
/// Floating-point numbers as Valkey writes and reads them. Written are the fewest digits that read back the same, laid out
/// as fpconv does: plainly where that takes few zeros, else with an exponent.
/// </summary>
public static class DoubleText
{
    /// <summary>Room that <see cref="Format"/> needs.</summary>
    public const int MaxBytes = 32;

    private const int LargestPaddingZeros = 7;
    private const int LongestPlainFraction = -7;
    private const int SmallestExponentWithPoint = 4;
    private const double IntegerLimit = 1L << 62;

    /// <summary>Writes a number and returns its length; <paramref name="target"/> has at least <see cref="MaxBytes"/>.</summary>
    public static int Format(double value, Span<byte> target)
    {
        if (value is > -IntegerLimit and < IntegerLimit && Math.Truncate(value) == value && (value != 0 || !double.IsNegative(value)))
        {
            return Decimal64.Format((long)value, target);
        }
        return FormatShortest(value, target);
    }

    /// <summary>The same, but for integers, of which those with many zeros at their end get an exponent.</summary>
    public static int FormatShortest(double value, Span<byte> target)
    {
        if (!double.IsFinite(value))
        {
            return Encoding.ASCII.GetBytes(double.IsNaN(value) ? "nan" : value > 0 ? "inf" : "-inf", target);
        }
        return value == 0 ? Encoding.ASCII.GetBytes(double.IsNegative(value) ? "-0" : "0", target) : FormatDigits(value, target);
    }

    /// <summary>Reads all of a text as a number; infinities in any of their spellings, hexadecimal never, no blanks.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        if (Utf8Parser.TryParse(text, out value, out int used) && used == text.Length && double.IsFinite(value))
        {
            return true;
        }
        bool isNegative = text.Length > 0 && text[0] == '-';
        ReadOnlySpan<byte> unsigned = text.Length > 0 && text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (Ascii.EqualsIgnoreCase(unsigned, "inf"u8) || Ascii.EqualsIgnoreCase(unsigned, "infinity"u8))
        {
            value = isNegative ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }
        if (unsigned.IsEmpty || !(char.IsAsciiDigit((char)unsigned[0]) || unsigned[0] == '.'))
        {
            value = 0;
            return false;
        }
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(text, style, CultureInfo.InvariantCulture, out value) && double.IsFinite(value);
    }

    private static int FormatDigits(double value, Span<byte> target)
    {
        // The default format has the fewest digits; they are laid out anew.
        Span<byte> digits = stackalloc byte[MaxBytes];
        Span<byte> text = stackalloc byte[MaxBytes];
        if (!value.TryFormat(text, out int textLength, "R", CultureInfo.InvariantCulture))
        {
            throw new InvalidOperationException("a number longer than numbers are");
        }
        int count = Split(text[..textLength], digits, out int power, out bool isNegative);
        int at = 0;
        if (isNegative)
        {
            target[at++] = (byte)'-';
        }
        return at + Lay(digits[..count], power, target[at..]);
    }

    /// <summary>Takes the significant digits out of a number's text; its value is those digits times ten to the power.</summary>
    private static int Split(ReadOnlySpan<byte> text, Span<byte> digits, out int power, out bool isNegative)
    {
        isNegative = text[0] == '-';
        int count = 0, e = text.IndexOf((byte)'E'), point = -1, end = e < 0 ? text.Length : e;
        power = e < 0 ? 0 : int.Parse(text[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        for (int i = isNegative ? 1 : 0; i < end; i++)
        {
            if (text[i] == '.')
            {
                point = i;
            }
            else if (count > 0 || text[i] != '0')
            {
                digits[count++] = text[i];
            }
        }
        power -= point < 0 ? 0 : end - point - 1;
        while (count > 1 && digits[count - 1] == '0')
        {
            count--;
            power++;
        }
        return count;
    }

    private static int Lay(ReadOnlySpan<byte> digits, int power, Span<byte> target)
    {
        int count = digits.Length, exponent = Math.Abs(power + count - 1);
        if (power >= 0 && exponent < count + LargestPaddingZeros)
        {
            digits.CopyTo(target);
            target.Slice(count, power).Fill((byte)'0');
            return count + power;
        }
        if (power < 0 && (power > LongestPlainFraction || exponent < SmallestExponentWithPoint))
        {
            return LayFraction(digits, power, target);
        }
        int at = 0;
        target[at++] = digits[0];
        if (count > 1)
        {
            target[at++] = (byte)'.';
            digits[1..].CopyTo(target[at..]);
            at += count - 1;
        }
        target[at++] = (byte)'e';
        target[at++] = (byte)(power + count - 1 < 0 ? '-' : '+');
        return at + Decimal64.Format(exponent, target[at..]);
    }

    private static int LayFraction(ReadOnlySpan<byte> digits, int power, Span<byte> target)
    {
        int whole = digits.Length + power;
        if (whole <= 0)
        {
            "0."u8.CopyTo(target);
            target.Slice(2, -whole).Fill((byte)'0');
            digits.CopyTo(target[(2 - whole)..]);
            return 2 - whole + digits.Length;
        }
        digits[..whole].CopyTo(target);
        target[whole] = (byte)'.';
        digits[whole..].CopyTo(target[(whole + 1)..]);
        return digits.Length + 1;
    }
}
