using System.Globalization;
using System.Text;

namespace Valkey.Turbo.Protocol;

/// <summary>
/// Floating-point numbers as Valkey writes and reads them. Written are digits that read back the same, laid out
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

    // Integers of so many digits, and so many powers of ten, are doubles without being rounded.
    private const int MostExactDigits = 15;

    private static ReadOnlySpan<double> PowersOfTen =>
        [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22];

    /// <summary>Writes a number and returns its length; <paramref name="target"/> has at least <see cref="MaxBytes"/>.</summary>
    public static int Format(double value, Span<byte> target)
    {
        if (value is >= -IntegerLimit and <= IntegerLimit && Math.Truncate(value) == value && (value != 0 || !double.IsNegative(value)))
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

    /// <summary>Writes 17 significant digits, but no zeros at their end, as C's <c>%.17g</c> does.</summary>
    public static int FormatSeventeenDigits(double value, Span<byte> target)
    {
        if (!double.IsFinite(value) || value == 0)
        {
            return FormatShortest(value, target);
        }
        Span<byte> text = stackalloc byte[MaxBytes], digits = stackalloc byte[MaxBytes];
        value.TryFormat(text, out int textLength, "E16", CultureInfo.InvariantCulture);
        int count = Split(text[..textLength], digits, out int power, out bool isNegative), exponent = power + count - 1, at = 0;
        if (isNegative)
        {
            target[at++] = (byte)'-';
        }
        if (exponent is < -4 or >= 17)
        {
            return at + LayExponent(digits[..count], exponent, target[at..], shortestExponent: 2);
        }
        return at + (power < 0 ? LayFraction(digits[..count], power, target[at..]) : LayWhole(digits[..count], power, target[at..]));
    }

    /// <summary>
    /// Reads all of a text as a number, infinities among them; refused are blanks, hexadecimal digits, and what is too large for a
    /// double or so small that it would be 0.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out double value) =>
        Scan(text, out value, out bool isInRange) == text.Length && !text.IsEmpty && isInRange;

    /// <summary>
    /// Reads the number that a text begins with, and returns its length; 0 if there is none. What is out of range becomes an infinity or
    /// 0.
    /// </summary>
    public static int Scan(ReadOnlySpan<byte> text, out double value, out bool isInRange)
    {
        bool isNegative = text is [(byte)'-', ..];
        int at = text is [(byte)'-' or (byte)'+', ..] ? 1 : 0;
        isInRange = true;
        value = 0;
        int infinity = InfinityLength(text[at..]);
        if (infinity > 0)
        {
            value = isNegative ? double.NegativeInfinity : double.PositiveInfinity;
            return at + infinity;
        }
        // The first digits as an integer, and how many decimals they have; more digits are not exact in a double anyway.
        ulong digits = 0;
        int significantCount = 0, digitCount = 0, point = -1, start = at;
        for (; at < text.Length; at++)
        {
            uint digit = (uint)text[at] - '0';
            if (digit <= 9)
            {
                digitCount++;
                significantCount += significantCount > 0 || digit > 0 ? 1 : 0;
                digits = significantCount <= MostExactDigits ? digits * 10 + digit : digits;
            }
            else if (text[at] == '.' && point < 0)
            {
                point = at;
            }
            else
            {
                break;
            }
        }
        if (digitCount == 0)
        {
            return 0;
        }
        int decimals = point < 0 ? 0 : at - point - 1;
        int exponent = ExponentLength(text[at..]);
        if (exponent == 0 && significantCount <= MostExactDigits && decimals < PowersOfTen.Length)
        {
            // Both are exact, and so is their quotient's rounding.
            value = digits / PowersOfTen[decimals];
        }
        else
        {
            at += exponent;
            double.TryParse(text[start..at], NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out value);
            isInRange = double.IsFinite(value) && (value != 0 || significantCount == 0);
        }
        value = isNegative ? -value : value;
        return at;
    }

    private static int InfinityLength(ReadOnlySpan<byte> text)
    {
        bool begins = text.Length >= 3 && Ascii.EqualsIgnoreCase(text[..3], "inf"u8);
        return !begins ? 0 : text.Length >= 8 && Ascii.EqualsIgnoreCase(text[..8], "infinity"u8) ? 8 : 3;
    }

    /// <summary>The length of an exponent that a text begins with; 0 where it has no digits.</summary>
    private static int ExponentLength(ReadOnlySpan<byte> text)
    {
        if (text is not [(byte)'e' or (byte)'E', ..])
        {
            return 0;
        }
        int first = text is [_, (byte)'-' or (byte)'+', ..] ? 2 : 1, at = first;
        while (at < text.Length && text[at] is >= (byte)'0' and <= (byte)'9')
        {
            at++;
        }
        return at > first ? at : 0;
    }

    private static int FormatDigits(double value, Span<byte> target)
    {
        Span<byte> digits = stackalloc byte[ShortDigits.MaxDigits];
        int count = ShortDigits.Write(Math.Abs(value), digits, out int power), at = 0;
        if (value < 0)
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
            return LayWhole(digits, power, target);
        }
        if (power < 0 && (power > LongestPlainFraction || exponent < SmallestExponentWithPoint))
        {
            return LayFraction(digits, power, target);
        }
        return LayExponent(digits, power + count - 1, target, shortestExponent: 1);
    }

    private static int LayWhole(ReadOnlySpan<byte> digits, int power, Span<byte> target)
    {
        digits.CopyTo(target);
        target.Slice(digits.Length, power).Fill((byte)'0');
        return digits.Length + power;
    }

    private static int LayExponent(ReadOnlySpan<byte> digits, int exponent, Span<byte> target, int shortestExponent)
    {
        int at = 0;
        target[at++] = digits[0];
        if (digits.Length > 1)
        {
            target[at++] = (byte)'.';
            digits[1..].CopyTo(target[at..]);
            at += digits.Length - 1;
        }
        target[at++] = (byte)'e';
        target[at++] = (byte)(exponent < 0 ? '-' : '+');
        if (Math.Abs(exponent) < 10 && shortestExponent > 1)
        {
            target[at++] = (byte)'0';
        }
        return at + Decimal64.Format(Math.Abs(exponent), target[at..]);
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
