namespace Valkey.Turbo.Lua.Libraries;

/// <summary>Reads whole numbers of any base, as C's strtoul does.</summary>
internal static class UnsignedText
{
    internal static bool TryParse(ReadOnlySpan<byte> text, int radix, out double value)
    {
        int end = text.IndexOf((byte)0);
        text = Trim(end < 0 ? text : text[..end]);
        bool negative = text.Length > 0 && text[0] == '-';
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+')
        {
            text = text[1..];
        }
        if (radix == 16 && text.Length > 2 && text[0] == '0' && (text[1] | 0x20) == 'x')
        {
            text = text[2..];
        }
        ulong number = 0;
        bool overflows = false;
        foreach (byte character in text)
        {
            int digit = DigitOf(character);
            if (digit >= radix)
            {
                value = 0;
                return false;
            }
            UInt128 next = ((UInt128)number * (uint)radix) + (uint)digit;
            overflows |= next > ulong.MaxValue;
            number = (ulong)next;
        }
        number = overflows ? ulong.MaxValue : negative ? unchecked(0 - number) : number;
        value = number;
        return text.Length > 0;
    }

    private static ReadOnlySpan<byte> Trim(ReadOnlySpan<byte> text)
    {
        while (text.Length > 0 && NumberText.IsSpace(text[0]))
        {
            text = text[1..];
        }
        while (text.Length > 0 && NumberText.IsSpace(text[^1]))
        {
            text = text[..^1];
        }
        return text;
    }

    private static int DigitOf(byte character) => (character | 0x20) switch
    {
        _ when character is >= (byte)'0' and <= (byte)'9' => character - '0',
        int letter and >= 'a' and <= 'z' => letter - 'a' + 10,
        _ => int.MaxValue,
    };
}
