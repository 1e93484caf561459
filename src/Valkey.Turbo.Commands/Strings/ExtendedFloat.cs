using System.Globalization;
using System.Numerics;
using System.Text;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands.Strings;

/// <summary>
/// A binary floating-point number with 64 bits of mantissa: the arithmetic of Valkey's INCRBYFLOAT, which uses the x87
/// extended format, so that sums agree to the last digit. Subnormal numbers do not matter for 17 decimals.
/// </summary>
/// <remarks>
/// Numbers below 32 with up to 17 decimals are held as multiples of 10^-17 instead: three roundings of the format, of the two
/// numbers and of their sum, stay below half of that, so its sum shows the same digits.
/// </remarks>
internal readonly struct ExtendedFloat
{
    private const int MantissaBits = 64;
    private const int LargestExponent = 16384;
    private const int Decimals = 17;
    private const int LongestText = 5119;
    private const int BitsPerHexDigit = 4;

    // Half of the smallest subnormal number: what is less than twice that is 0.
    private const int LargestZeroExponent = -16446;

    // No power is needed beyond what the longest text can make up for.
    private const int LongestExponent = 100_000;

    private const long ShortOne = 100_000_000_000_000_000;
    private const int ShortLimit = 32;
    private const int LongestShortText = 24;

    // The value is _mantissa * 2^_exponent, or _short * 10^-17.
    private readonly BigInteger _mantissa;
    private readonly int _exponent;
    private readonly long _short;
    private readonly bool _isShort;

    private ExtendedFloat(long multiple) => (_short, _isShort, IsFinite) = (multiple, true, true);

    private ExtendedFloat(BigInteger mantissa, int exponent, bool isFinite)
    {
        (_mantissa, _exponent, IsFinite) = (mantissa, exponent, isFinite);
    }

    /// <summary>Whether this is a number rather than an infinity.</summary>
    internal bool IsFinite { get; }

    /// <summary>Room that <see cref="Format"/> needs for most numbers.</summary>
    internal const int ScratchBytes = LongestShortText;

    public static ExtendedFloat operator +(ExtendedFloat a, ExtendedFloat b)
    {
        if (a._isShort && b._isShort)
        {
            return new ExtendedFloat(a._short + b._short);
        }
        (a, b) = (a.Lengthened, b.Lengthened);
        int exponent = Math.Min(a._exponent, b._exponent);
        return Round((a._mantissa << (a._exponent - exponent)) + (b._mantissa << (b._exponent - exponent)), BigInteger.One, exponent);
    }

    /// <summary>
    /// Reads decimal or hexadecimal text, as C does, infinities among them. Refused are not-a-number, blanks, and what the format has no
    /// room for: what is too large, or so small that it would be 0.
    /// </summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out ExtendedFloat value)
    {
        if (TryParseShort(text, out value))
        {
            return true;
        }
        if (text.Length > LongestText)
        {
            return false;
        }
        bool isNegative = text is [(byte)'-', ..];
        ReadOnlySpan<byte> unsigned = text is [(byte)'-' or (byte)'+', ..] ? text[1..] : text;
        if (Ascii.EqualsIgnoreCase(unsigned, "inf"u8) || Ascii.EqualsIgnoreCase(unsigned, "infinity"u8))
        {
            value = new ExtendedFloat(isNegative ? -1 : 1, 0, isFinite: false);
            return true;
        }
        bool isHex = unsigned is [(byte)'0', (byte)'x' or (byte)'X', ..];
        unsigned = isHex ? unsigned[2..] : unsigned;
        int mark = isHex ? unsigned.IndexOfAny((byte)'p', (byte)'P') : unsigned.IndexOfAny((byte)'e', (byte)'E');
        int power = 0;
        if ((mark >= 0 && !TryParseExponent(unsigned[(mark + 1)..], out power))
            || !TryParseDigits(mark < 0 ? unsigned : unsigned[..mark], isHex, out BigInteger significand, out int decimals))
        {
            return false;
        }
        power -= isHex ? decimals * BitsPerHexDigit : decimals;
        significand = isNegative ? -significand : significand;
        if (significand.IsZero)
        {
            value = new ExtendedFloat(0, 0, isFinite: true);
            return true;
        }
        // Far beyond the format's range powers of ten would take long, and the number of digits is limited.
        power = isHex ? power : Math.Clamp(power, -LargestExponent, LargestExponent);
        value = isHex ? Round(significand, BigInteger.One, power)
            : power >= 0 ? Round(significand * BigInteger.Pow(10, power), BigInteger.One, 0)
            : Round(significand, BigInteger.Pow(10, -power), 0);
        return value.IsFinite && value._exponent + (long)BigInteger.Abs(value._mantissa).GetBitLength() > LargestZeroExponent;
    }

    /// <summary>A multiple of the value, rounded up to an integer, or to the last there is.</summary>
    internal long CeilingTimes(int factor)
    {
        if (_isShort)
        {
            (Int128 quotient, Int128 remainder) = Int128.DivRem((Int128)_short * factor, ShortOne);
            return (long)quotient + (remainder > 0 ? 1 : 0);
        }
        ExtendedFloat product = Round(_mantissa * factor, BigInteger.One, _exponent);
        if (!IsFinite || product._exponent > MantissaBits)
        {
            return _mantissa.Sign < 0 ? long.MinValue : _mantissa.IsZero ? 0 : long.MaxValue;
        }
        BigInteger integer = product._exponent >= 0
            ? product._mantissa << product._exponent
            : -(-product._mantissa >> -product._exponent);
        return (long)BigInteger.Clamp(integer, long.MinValue, long.MaxValue);
    }

    /// <summary>Reads a decimal exponent; one that is longer than any that matters is as good as the longest.</summary>
    private static bool TryParseExponent(ReadOnlySpan<byte> text, out int exponent)
    {
        bool isNegative = text is [(byte)'-', ..];
        ReadOnlySpan<byte> digits = text is [(byte)'-' or (byte)'+', ..] ? text[1..] : text;
        exponent = 0;
        foreach (byte symbol in digits)
        {
            if (symbol is < (byte)'0' or > (byte)'9')
            {
                return false;
            }
            exponent = Math.Min(exponent * 10 + symbol - '0', LongestExponent);
        }
        exponent = isNegative ? -exponent : exponent;
        return !digits.IsEmpty;
    }

    /// <summary>Reads digits with a point somewhere among them, as an integer.</summary>
    private static bool TryParseDigits(ReadOnlySpan<byte> text, bool isHex, out BigInteger significand, out int decimals)
    {
        int point = text.IndexOf((byte)'.');
        decimals = point < 0 ? 0 : text.Length - point - 1;
        string digits = Encoding.Latin1.GetString(text);
        digits = point < 0 ? digits : digits.Remove(point, 1);
        significand = 0;
        // A zero goes first, as a large hexadecimal digit would otherwise be taken for a sign.
        return digits.Length > 0 && digits.All(isHex ? char.IsAsciiHexDigit : char.IsAsciiDigit)
            && BigInteger.TryParse("0" + digits, isHex ? NumberStyles.AllowHexSpecifier : NumberStyles.None, CultureInfo.InvariantCulture, out significand);
    }

    /// <summary>The value with 17 decimals at most, trailing zeros left out; in <paramref name="scratch"/> where it fits.</summary>
    internal ReadOnlySpan<byte> Format(Span<byte> scratch)
    {
        if (!_isShort)
        {
            return Encoding.ASCII.GetBytes(ToString());
        }
        int at = 0;
        if (_short < 0)
        {
            scratch[at++] = (byte)'-';
        }
        long magnitude = Math.Abs(_short), fraction = magnitude % ShortOne;
        at += Decimal64.Format(magnitude / ShortOne, scratch[at..]);
        if (fraction == 0)
        {
            return scratch[..at];
        }
        scratch[at++] = (byte)'.';
        for (int digit = Decimals - 1; digit >= 0; digit--, fraction /= 10)
        {
            scratch[at + digit] = (byte)('0' + fraction % 10);
        }
        return scratch[..(at + Decimals)].TrimEnd((byte)'0');
    }

    private ExtendedFloat Lengthened => _isShort ? Round(_short, ShortOne, 0) : this;

    private static bool TryParseShort(ReadOnlySpan<byte> text, out ExtendedFloat value)
    {
        value = default;
        bool isNegative = text.Length > 0 && text[0] == '-';
        ReadOnlySpan<byte> digits = isNegative ? text[1..] : text;
        int point = digits.IndexOf((byte)'.');
        ReadOnlySpan<byte> whole = point < 0 ? digits : digits[..point], decimals = point < 0 ? [] : digits[(point + 1)..];
        bool isShort = whole.Length is 1 or 2 && decimals.Length <= Decimals
            && whole.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0 && decimals.IndexOfAnyExceptInRange((byte)'0', (byte)'9') < 0;
        if (!isShort)
        {
            return false;
        }
        long integer = 0, multiple = 0;
        foreach (byte digit in whole)
        {
            integer = integer * 10 + digit - '0';
        }
        for (int i = 0; i < Decimals; i++)
        {
            multiple = multiple * 10 + (i < decimals.Length ? decimals[i] - '0' : 0);
        }
        multiple += integer * ShortOne;
        value = new ExtendedFloat(isNegative ? -multiple : multiple);
        return integer < ShortLimit;
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        if (_isShort)
        {
            return Encoding.ASCII.GetString(Format(stackalloc byte[ScratchBytes]));
        }
        BigInteger scaled = _mantissa * BigInteger.Pow(10, Decimals);
        scaled = _exponent >= 0 ? scaled << _exponent : DivideToEven(scaled, BigInteger.One << -_exponent);
        string digits = BigInteger.Abs(scaled).ToString(CultureInfo.InvariantCulture).PadLeft(Decimals + 1, '0');
        string text = $"{digits[..^Decimals]}.{digits[^Decimals..]}".TrimEnd('0').TrimEnd('.');
        return scaled.Sign < 0 ? "-" + text : text;
    }

    /// <summary>The number nearest to <c>numerator / denominator * 2^exponent</c>, ties to even.</summary>
    private static ExtendedFloat Round(BigInteger numerator, BigInteger denominator, int exponent)
    {
        if (numerator.IsZero)
        {
            return new ExtendedFloat(0, 0, isFinite: true);
        }
        long shift = MantissaBits - ((long)BigInteger.Abs(numerator).GetBitLength() - (long)denominator.GetBitLength());
        BigInteger mantissa = Scale(numerator, denominator, shift);
        if (BigInteger.Abs(mantissa).GetBitLength() > MantissaBits)
        {
            mantissa = Scale(numerator, denominator, --shift);
        }
        long scale = exponent - shift;
        bool isFinite = scale + BigInteger.Abs(mantissa).GetBitLength() <= LargestExponent;
        return new ExtendedFloat(mantissa, (int)scale, isFinite);
    }

    private static BigInteger Scale(BigInteger numerator, BigInteger denominator, long shift) => shift >= 0
        ? DivideToEven(numerator << (int)shift, denominator)
        : DivideToEven(numerator, denominator << (int)-shift);

    private static BigInteger DivideToEven(BigInteger numerator, BigInteger denominator)
    {
        BigInteger quotient = BigInteger.DivRem(BigInteger.Abs(numerator), denominator, out BigInteger remainder);
        int half = (remainder * 2).CompareTo(denominator);
        if (half > 0 || (half == 0 && !quotient.IsEven))
        {
            quotient += 1;
        }
        return numerator.Sign < 0 ? -quotient : quotient;
    }
}
