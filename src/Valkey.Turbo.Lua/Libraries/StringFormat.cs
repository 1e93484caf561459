using System.Buffers.Text;

namespace Valkey.Turbo.Lua.Libraries;

/// <summary><c>string.format</c>: C's printf.</summary>
internal static class StringFormat
{
    /// <summary>Strings this long are not padded, unless a precision cuts them.</summary>
    private const int LongString = 100;

    private const int MaxFlags = 5;

    /// <summary>What lies between the percent sign and the letter.</summary>
    private struct Specification
    {
        internal bool LeftAligned;
        internal bool Plus;
        internal bool Space;
        internal bool Alternate;
        internal bool Zero;
        internal int Width;

        /// <summary>-1 if there is none.</summary>
        internal int Precision;
    }

    internal static int Format(ref LuaCall call)
    {
        ReadOnlySpan<byte> format = call.CheckString(1).Span;
        ByteBuilder builder = call.Interpreter.TakeBuilder();
        int argument = 1;
        while (format.Length > 0)
        {
            int mark = format.IndexOf((byte)'%');
            if (mark < 0)
            {
                builder.Append(format);
                break;
            }
            builder.Append(format[..mark]);
            format = format[(mark + 1)..];
            if (format.Length > 0 && format[0] == '%')
            {
                builder.Append((byte)'%');
                format = format[1..];
                continue;
            }
            if (++argument > call.Count)
            {
                throw call.ArgumentError(argument, "no value");
            }
            int length = ReadSpecification(ref call, format, out Specification specification);
            byte letter = length < format.Length ? format[length] : (byte)0;
            format = format[Math.Min(length + 1, format.Length)..];
            AppendItem(ref call, builder, argument, letter, in specification);
        }
        LuaString text = builder.ToLuaString();
        call.Interpreter.GiveBack(builder);
        return call.Return(text);
    }

    private static int ReadSpecification(ref LuaCall call, ReadOnlySpan<byte> format, out Specification specification)
    {
        specification = new Specification { Precision = -1 };
        int position = 0;
        for (; position < format.Length && "-+ #0"u8.Contains(format[position]); position++)
        {
            switch (format[position])
            {
                case (byte)'-':
                    specification.LeftAligned = true;
                    break;
                case (byte)'+':
                    specification.Plus = true;
                    break;
                case (byte)' ':
                    specification.Space = true;
                    break;
                case (byte)'#':
                    specification.Alternate = true;
                    break;
                default:
                    specification.Zero = true;
                    break;
            }
        }
        if (position > MaxFlags)
        {
            throw call.Error("invalid format (repeated flags)");
        }
        specification.Width = ReadTwoDigits(format, ref position);
        if (position < format.Length && format[position] == '.')
        {
            position++;
            specification.Precision = ReadTwoDigits(format, ref position);
        }
        return position < format.Length && char.IsAsciiDigit((char)format[position])
            ? throw call.Error("invalid format (width or precision too long)")
            : position;
    }

    private static int ReadTwoDigits(ReadOnlySpan<byte> format, ref int position)
    {
        int value = 0;
        for (int digits = 0; digits < 2 && position < format.Length && char.IsAsciiDigit((char)format[position]); digits++)
        {
            value = (value * 10) + (format[position++] - '0');
        }
        return value;
    }

    private static void AppendItem(ref LuaCall call, ByteBuilder builder, int argument, byte letter, in Specification specification)
    {
        switch (letter)
        {
            case (byte)'c':
                byte character = unchecked((byte)call.CheckLong(argument));
                Pad(builder, specification, "", [character], false);
                break;
            case (byte)'d' or (byte)'i':
                AppendInteger(builder, call.CheckLong(argument), in specification);
                break;
            case (byte)'o' or (byte)'u' or (byte)'x' or (byte)'X':
                AppendUnsigned(builder, ToUnsigned(call.CheckNumber(argument)), letter, specification);
                break;
            case (byte)'e' or (byte)'E' or (byte)'f' or (byte)'g' or (byte)'G':
                AppendReal(builder, call.CheckNumber(argument), letter, in specification);
                break;
            case (byte)'q':
                AppendQuoted(builder, call.CheckString(argument).Span);
                break;
            case (byte)'s':
                AppendString(builder, call.CheckString(argument).Span, in specification);
                break;
            default:
                throw call.Error($"invalid option '%{(letter == 0 ? "" : (char)letter)}' to 'format'");
        }
    }

    /// <summary>As C on x86-64 converts to an unsigned long.</summary>
    private static ulong ToUnsigned(double value) => value < 9223372036854775808.0
        ? unchecked((ulong)double.ConvertToIntegerNative<long>(value))
        : unchecked((ulong)double.ConvertToIntegerNative<long>(value - 9223372036854775808.0) ^ 0x8000000000000000);

    private static void AppendInteger(ByteBuilder builder, long value, in Specification specification)
    {
        Span<byte> digits = stackalloc byte[128];
        ulong magnitude = value < 0 ? unchecked(0 - (ulong)value) : (ulong)value;
        int length = WriteDigits(magnitude, specification.Precision, digits);
        string sign = value < 0 ? "-" : specification.Plus ? "+" : specification.Space ? " " : "";
        Pad(builder, specification, sign, digits[..length], specification.Zero && specification.Precision < 0);
    }

    private static int WriteDigits(ulong value, int precision, Span<byte> digits)
    {
        Span<byte> text = stackalloc byte[32];
        Utf8Formatter.TryFormat(value, text, out int length);
        length = value == 0 && precision == 0 ? 0 : length;
        int zeros = Math.Max(precision - length, 0);
        digits[..zeros].Fill((byte)'0');
        text[..length].CopyTo(digits[zeros..]);
        return zeros + length;
    }

    private static void AppendUnsigned(ByteBuilder builder, ulong value, byte letter, Specification specification)
    {
        Span<byte> reversed = stackalloc byte[32];
        ReadOnlySpan<byte> alphabet = letter == 'X' ? "0123456789ABCDEF"u8 : "0123456789abcdef"u8;
        uint radix = letter switch
        {
            (byte)'o' => 8,
            (byte)'u' => 10,
            _ => 16,
        };
        int length = 0;
        for (ulong rest = value; rest != 0; rest /= radix)
        {
            reversed[length++] = alphabet[(int)(rest % radix)];
        }
        if (value == 0 && specification.Precision != 0)
        {
            reversed[length++] = (byte)'0';
        }
        Span<byte> digits = stackalloc byte[128];
        int zeros = Math.Max(specification.Precision - length, 0);
        if (letter == 'o' && specification.Alternate && zeros == 0 && (length == 0 || reversed[length - 1] != '0'))
        {
            zeros = 1;
        }
        digits[..zeros].Fill((byte)'0');
        for (int i = 0; i < length; i++)
        {
            digits[zeros + i] = reversed[length - 1 - i];
        }
        string prefix = specification.Alternate && value != 0 && radix == 16 ? (letter == 'X' ? "0X" : "0x") : "";
        Pad(builder, specification, prefix, digits[..(zeros + length)], specification.Zero && specification.Precision < 0);
    }

    private static void AppendReal(ByteBuilder builder, double value, byte letter, in Specification specification)
    {
        Span<byte> text = stackalloc byte[512];
        int precision = specification.Precision < 0 ? 6 : specification.Precision;
        bool isNegative = double.IsNegative(value);
        double magnitude = Math.Abs(value);
        int length = (letter | 0x20) switch
        {
            'e' => NumberText.WriteExponent(magnitude, precision, text),
            'f' => NumberText.WriteFixed(magnitude, precision, text),
            _ => NumberText.WriteGeneral(magnitude, precision, specification.Alternate, text),
        };
        if (specification.Alternate && precision == 0 && double.IsFinite(value) && (letter | 0x20) is 'e' or 'f')
        {
            length = InsertPoint(text, length);
        }
        if (letter is (byte)'E' or (byte)'G')
        {
            foreach (ref byte character in text[..length])
            {
                character = character is >= (byte)'a' and <= (byte)'z' ? (byte)(character & ~0x20) : character;
            }
        }
        string sign = isNegative ? "-" : specification.Plus ? "+" : specification.Space ? " " : "";
        Pad(builder, specification, sign, text[..length], specification.Zero && double.IsFinite(value));
    }

    private static int InsertPoint(Span<byte> text, int length)
    {
        int exponent = text[..length].IndexOf((byte)'e');
        int place = exponent < 0 ? length : exponent;
        text[place..length].CopyTo(text[(place + 1)..]);
        text[place] = (byte)'.';
        return length + 1;
    }

    private static void AppendString(ByteBuilder builder, ReadOnlySpan<byte> text, in Specification specification)
    {
        if (specification.Precision < 0 && text.Length >= LongString)
        {
            builder.Append(text);
            return;
        }
        // What follows is C's: a zero ends a string.
        int end = text.IndexOf((byte)0);
        text = end < 0 ? text : text[..end];
        if (specification.Precision >= 0)
        {
            text = text[..Math.Min(specification.Precision, text.Length)];
        }
        Pad(builder, specification, "", text, false);
    }

    private static void AppendQuoted(ByteBuilder builder, ReadOnlySpan<byte> text)
    {
        builder.Append((byte)'"');
        foreach (byte character in text)
        {
            switch (character)
            {
                case (byte)'"' or (byte)'\\' or (byte)'\n':
                    builder.Append((byte)'\\');
                    builder.Append(character);
                    break;
                case (byte)'\r':
                    builder.Append("\\r"u8);
                    break;
                case 0:
                    builder.Append("\\000"u8);
                    break;
                default:
                    builder.Append(character);
                    break;
            }
        }
        builder.Append((byte)'"');
    }

    private static void Pad(ByteBuilder builder, in Specification specification, string prefix, ReadOnlySpan<byte> text, bool withZeros)
    {
        int padding = specification.Width - prefix.Length - text.Length;
        if (!specification.LeftAligned && !withZeros)
        {
            builder.Fill((byte)' ', padding);
        }
        foreach (char character in prefix)
        {
            builder.Append((byte)character);
        }
        if (!specification.LeftAligned && withZeros)
        {
            builder.Fill((byte)'0', padding);
        }
        builder.Append(text);
        if (specification.LeftAligned)
        {
            builder.Fill((byte)' ', padding);
        }
    }
}
