using System.Globalization;
using System.Numerics;
using System.Text;

namespace Valkey.Turbo.Commands.Strings;

/// <summary>
/// A binary floating-point number with 64 bits of mantissa: the arithmetic of Valkey's INCRBYFLOAT, which uses the x87
/// extended format, so that sums agree to the last digit. Subnormal numbers do not matter for 17 decimals.
/// </summary>
internal readonly struct ExtendedFloat
{
    private const int MantissaBits = 64;
    private const int LargestExponent = 16384;
    private const int Decimals = 17;
    private const int LongestText = 256;

    // The value is _mantissa * 2^_exponent.
    private readonly BigInteger _mantissa;
    private readonly int _exponent;

    private ExtendedFloat(BigInteger mantissa, int exponent, bool isFinite)
    {
        (_mantissa, _exponent, IsFinite) = (mantissa, exponent, isFinite);
    }

    /// <summary>Whether this is a number rather than an infinity.</summary>
    internal bool IsFinite { get; }

    public static ExtendedFloat operator +(ExtendedFloat a, ExtendedFloat b)
    {
        int exponent = Math.Min(a._exponent, b._exponent);
        return Round((a._mantissa << (a._exponent - exponent)) + (b._mantissa << (b._exponent - exponent)), BigInteger.One, exponent);
    }

    /// <summary>Reads decimal text; not-a-number, blanks, and what has no digits are refused.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out ExtendedFloat value)
    {
        value = default;
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

    /// <summary>The value with 17 decimals at most, trailing zeros left out.</summary>
    public override string ToString()
    {
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
