using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace Valkey.Turbo.Lua;

/// <summary>How Lua writes and reads numbers: C's <c>%.14g</c> and <c>strtod</c>.</summary>
internal static class NumberText
{
    /// <summary>Room for any number written with fourteen digits.</summary>
    internal const int MaxBytes = 32;

    private const double ExactIntegers = 1e14;

    private static readonly string[] s_exponentFormats = [.. Enumerable.Range(0, 100).Select(digits => $"E{digits}")];
    private static readonly string[] s_fixedFormats = [.. Enumerable.Range(0, 100).Select(digits => $"F{digits}")];

    /// <summary>Writes a number as <c>%.14g</c> does.</summary>
    /// <returns>Bytes written.</returns>
    internal static int Write(double value, Span<byte> destination)
    {
        if (value > -ExactIntegers && value < ExactIntegers)
        {
            long integer = (long)value;
            if (integer == value && (integer != 0 || !double.IsNegative(value)))
            {
                Utf8Formatter.TryFormat(integer, destination, out int written);
                return written;
            }
        }
        return WriteGeneral(value, 14, false, destination);
    }

    /// <summary>The text of a number.</summary>
    internal static string ToText(double value)
    {
        Span<byte> buffer = stackalloc byte[MaxBytes];
        return Encoding.ASCII.GetString(buffer[..Write(value, buffer)]);
    }

    /// <summary>Writes a number as C's <c>%e</c> does.</summary>
    internal static int WriteExponent(double value, int precision, Span<byte> destination)
    {
        if (!double.IsFinite(value))
        {
            return WriteNotFinite(value, destination);
        }
        value.TryFormat(destination, out int written, s_exponentFormats[precision], CultureInfo.InvariantCulture);
        return written - RemoveExponentZero(destination[..written]);
    }

    /// <summary>Writes a number as C's <c>%f</c> does.</summary>
    internal static int WriteFixed(double value, int precision, Span<byte> destination)
    {
        if (!double.IsFinite(value))
        {
            return WriteNotFinite(value, destination);
        }
        value.TryFormat(destination, out int written, s_fixedFormats[precision], CultureInfo.InvariantCulture);
        return written;
    }

    /// <summary>Writes a number as C's <c>%g</c> does.</summary>
    /// <param name="value">The number.</param>
    /// <param name="precision">Significant digits.</param>
    /// <param name="keepZeros">C's alternate form: zeros at the end stay.</param>
    /// <param name="destination">Where to.</param>
    internal static int WriteGeneral(double value, int precision, bool keepZeros, Span<byte> destination)
    {
        if (!double.IsFinite(value))
        {
            return WriteNotFinite(value, destination);
        }
        int digits = Math.Max(precision, 1);
        Span<byte> scientific = stackalloc byte[128];
        value.TryFormat(scientific, out int length, s_exponentFormats[digits - 1], CultureInfo.InvariantCulture);
        scientific = scientific[..length];
        int mark = scientific.IndexOf((byte)'E');
        Utf8Parser.TryParse(scientific[(mark + 1)..], out int exponent, out _);
        if (exponent < -4 || exponent >= digits)
        {
            return WriteScientific(scientific[..mark], exponent, keepZeros, destination);
        }
        return WritePositional(scientific[..mark], exponent, digits, keepZeros, destination);
    }

    /// <summary>Reads a whole text as a number; spaces around it are allowed, and C's end of string ends it.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        int consumed = ParsePrefix(text, out value);
        if (consumed == 0)
        {
            return false;
        }
        for (int i = consumed; i < text.Length && text[i] != 0; i++)
        {
            if (!IsSpace(text[i]))
            {
                return false;
            }
        }
        return true;
    }

    /// <summary>Reads the longest prefix that is a number, as <c>strtod</c> does.</summary>
    /// <returns>Bytes read, none if there is no number.</returns>
    internal static int ParsePrefix(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        int start = 0;
        while (start < text.Length && IsSpace(text[start]))
        {
            start++;
        }
        int position = start;
        bool negative = position < text.Length && text[position] == '-';
        if (negative || (position < text.Length && text[position] == '+'))
        {
            position++;
        }
        ReadOnlySpan<byte> rest = text[position..];
        int length = rest.Length >= 2 && rest[0] == '0' && (rest[1] | 0x20) == 'x' ? ParseHexadecimal(rest, out value) : 0;
        if (length == 0)
        {
            length = ParseDecimal(rest, out value);
        }
        if (length == 0)
        {
            length = ParseWord(rest, out value);
        }
        if (negative)
        {
            value = -value;
        }
        return length == 0 ? 0 : position + length;
    }

    /// <summary>What C's isspace takes for a space.</summary>
    internal static bool IsSpace(byte value) => value == ' ' || (value >= 9 && value <= 13);

    private static int WriteNotFinite(double value, Span<byte> destination)
    {
        ReadOnlySpan<byte> text = double.IsNaN(value) ? "nan"u8 : "inf"u8;
        int sign = 0;
        if (double.IsNegative(value))
        {
            destination[0] = (byte)'-';
            sign = 1;
        }
        text.CopyTo(destination[sign..]);
        return sign + text.Length;
    }

    /// <summary>.NET writes three digits of exponent at least, C two.</summary>
    /// <returns>Bytes removed.</returns>
    private static int RemoveExponentZero(Span<byte> scientific)
    {
        int mark = scientific.LastIndexOf((byte)'E');
        scientific[mark] = (byte)'e';
        if (scientific[mark + 2] != '0')
        {
            return 0;
        }
        scientific[(mark + 3)..].CopyTo(scientific[(mark + 2)..]);
        return 1;
    }

    private static int WriteScientific(ReadOnlySpan<byte> mantissa, int exponent, bool keepZeros, Span<byte> destination)
    {
        if (!keepZeros && mantissa.Contains((byte)'.'))
        {
            mantissa = mantissa.TrimEnd((byte)'0').TrimEnd((byte)'.');
        }
        mantissa.CopyTo(destination);
        int length = mantissa.Length;
        destination[length++] = (byte)'e';
        destination[length++] = exponent < 0 ? (byte)'-' : (byte)'+';
        Utf8Formatter.TryFormat(Math.Abs(exponent), destination[length..], out int written, new('D', 2));
        return length + written;
    }

    private static int WritePositional(ReadOnlySpan<byte> mantissa, int exponent, int digits, bool keepZeros, Span<byte> destination)
    {
        int length = 0;
        if (mantissa[0] == '-')
        {
            destination[length++] = (byte)'-';
            mantissa = mantissa[1..];
        }
        Span<byte> number = stackalloc byte[128];
        number[0] = mantissa[0];
        if (mantissa.Length > 2)
        {
            mantissa[2..].CopyTo(number[1..]);
        }
        number = number[..digits];
        if (exponent < 0)
        {
            "0."u8.CopyTo(destination[length..]);
            length += 2;
            destination.Slice(length, -exponent - 1).Fill((byte)'0');
            length += -exponent - 1;
            number = keepZeros ? number : number.TrimEnd((byte)'0');
            number.CopyTo(destination[length..]);
            return length + number.Length;
        }
        number[..(exponent + 1)].CopyTo(destination[length..]);
        length += exponent + 1;
        Span<byte> fraction = number[(exponent + 1)..];
        fraction = keepZeros ? fraction : fraction.TrimEnd((byte)'0');
        if (fraction.Length > 0 || keepZeros)
        {
            destination[length++] = (byte)'.';
            fraction.CopyTo(destination[length..]);
            length += fraction.Length;
        }
        return length;
    }

    private static int ParseDecimal(ReadOnlySpan<byte> text, out double value)
    {
        int position = 0;
        long integer = 0;
        while (position < text.Length && char.IsAsciiDigit((char)text[position]))
        {
            integer = unchecked(integer * 10 + (text[position] - '0'));
            position++;
        }
        int digits = position;
        bool plain = digits is > 0 and <= 15;
        if (position < text.Length && text[position] == '.')
        {
            int point = position++;
            while (position < text.Length && char.IsAsciiDigit((char)text[position]))
            {
                position++;
            }
            digits += position - point - 1;
            plain = false;
        }
        value = integer;
        if (digits == 0)
        {
            return 0;
        }
        int exponentEnd = EndOfExponent(text, position, 'e');
        if (exponentEnd == position && plain)
        {
            return position;
        }
        double.TryParse(text[..exponentEnd], NumberStyles.Float, CultureInfo.InvariantCulture, out value);
        return exponentEnd;
    }

    /// <summary>The end of an exponent that begins here, or here if none does.</summary>
    private static int EndOfExponent(ReadOnlySpan<byte> text, int position, char letter)
    {
        if (position >= text.Length || (text[position] | 0x20) != letter)
        {
            return position;
        }
        int end = position + 1;
        if (end < text.Length && text[end] is (byte)'+' or (byte)'-')
        {
            end++;
        }
        int firstDigit = end;
        while (end < text.Length && char.IsAsciiDigit((char)text[end]))
        {
            end++;
        }
        return end == firstDigit ? position : end;
    }

    private static int ParseHexadecimal(ReadOnlySpan<byte> text, out double value)
    {
        ulong mantissa = 0;
        int exponent = 0;
        int digits = 0;
        bool point = false;
        int position = 2;
        for (; position < text.Length; position++)
        {
            byte current = text[position];
            if (current == '.' && !point)
            {
                point = true;
                continue;
            }
            if (!char.IsAsciiHexDigit((char)current))
            {
                break;
            }
            digits++;
            ulong digit = (ulong)Convert.ToInt32(((char)current).ToString(), 16);
            if (mantissa >> 60 == 0)
            {
                mantissa = (mantissa << 4) | digit;
                exponent -= point ? 4 : 0;
            }
            else
            {
                mantissa |= digit != 0 ? 1UL : 0;
                exponent += point ? 0 : 4;
            }
        }
        value = 0;
        if (digits == 0)
        {
            return 0;
        }
        int end = EndOfExponent(text, position, 'p');
        if (end != position)
        {
            ReadOnlySpan<byte> scale = text[(position + 1)..end];
            bool negative = scale[0] == '-';
            Utf8Parser.TryParse(scale[0] is (byte)'+' or (byte)'-' ? scale[1..] : scale, out long power, out _);
            power = Math.Min(power, 1 << 20);
            exponent += (int)(negative ? -power : power);
        }
        value = Math.ScaleB((double)mantissa, exponent);
        return end;
    }

    private static int ParseWord(ReadOnlySpan<byte> text, out double value)
    {
        value = double.PositiveInfinity;
        if (Ascii.EqualsIgnoreCase(text[..Math.Min(8, text.Length)], "infinity"u8))
        {
            return 8;
        }
        ReadOnlySpan<byte> word = text[..Math.Min(3, text.Length)];
        if (Ascii.EqualsIgnoreCase(word, "inf"u8))
        {
            return 3;
        }
        // The bits of C's NaN: those of .NET's have the sign set.
        value = BitConverter.UInt64BitsToDouble(0x7FF8_0000_0000_0000);
        if (!Ascii.EqualsIgnoreCase(word, "nan"u8))
        {
            value = 0;
            return 0;
        }
        return 3 + LengthOfPayload(text[3..]);
    }

    private static int LengthOfPayload(ReadOnlySpan<byte> text)
    {
        if (text.Length == 0 || text[0] != '(')
        {
            return 0;
        }
        int end = text.IndexOf((byte)')');
        for (int i = 1; i < end; i++)
        {
            if (!char.IsAsciiLetterOrDigit((char)text[i]) && text[i] != '_')
            {
                return 0;
            }
        }
        return end + 1;
    }
}
