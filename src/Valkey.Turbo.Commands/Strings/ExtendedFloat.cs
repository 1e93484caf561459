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
    private const int LongestText = 256;

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

    /// <summary>Reads decimal text; not-a-number, blanks, and what has no digits are refused.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out ExtendedFloat value)
    {
        if (TryParseShort(text, out value))
        {
            return true;
        }
        if (text.IsEmpty || text.Length > LongestText)
        {
            return false;
        }
        bool isSigned = text[0] is (byte)'+' or (byte)'-', isNegative = text[0] == '-';
        ReadOnlySpan<byte> unsigned = isSigned ? text[1..] : text;
        if (Ascii.EqualsIgnoreCase(unsigned, "inf"u8) || Ascii.EqualsIgnoreCase(unsigned, "infinity"u8))
        {
            value = new ExtendedFloat(0, 0, isFinite: false);
            return true;
        }
        int e = unsigned.IndexOfAny((byte)'e', (byte)'E');
        ReadOnlySpan<byte> digits = e < 0 ? unsigned : unsigned[..e];
        int power = 0;
        if (e >= 0 && !int.TryParse(unsigned[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out power))
        {
            return false;
        }
        int point = digits.IndexOf((byte)'.');
        string all = Encoding.Latin1.GetString(digits);
        if (point >= 0)
        {
            power -= all.Length - point - 1;
            all = all.Remove(point, 1);
        }
        if (!BigInteger.TryParse(all, NumberStyles.None, CultureInfo.InvariantCulture, out BigInteger significand))
        {
            return false;
        }
        if (Math.Abs(power) > LargestExponent)
        {
            value = new ExtendedFloat(0, 0, isFinite: significand.IsZero || power < 0);
            return true;
        }
        significand = isNegative ? -significand : significand;
        value = power >= 0
            ? Round(significand * BigInteger.Pow(10, power), BigInteger.One, 0)
            : Round(significand, BigInteger.Pow(10, -power), 0);
        return true;
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
