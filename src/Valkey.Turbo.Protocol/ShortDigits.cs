using System.Numerics;

namespace Valkey.Turbo.Protocol;

/// <summary>
/// The digits of a floating-point number by Grisu2 (Loitsch, 2010), which Valkey uses: they always read back as the same number and
/// nearly always are the fewest that do. Where they are not, the same digits are written as by Valkey.
/// </summary>
internal static class ShortDigits
{
    /// <summary>The most digits that are written.</summary>
    internal const int MaxDigits = 18;

    private const int FractionBits = 52;
    private const int ExponentBias = 1075;
    private const ulong HiddenBit = 1UL << FractionBits;

    // Of the powers of ten every eighth is kept, from 10^-348 to 10^340.
    private const int FirstPower = -348;
    private const int PowerStep = 8;
    private const int PowerCount = 87;
    private const double DecimalDigitsPerBit = 0.30102999566398114;

    // A power is chosen so that the product's binary exponent lies between these.
    private const int LowestExponent = -60;
    private const int HighestExponent = -32;

    private static readonly Float[] Powers = [.. Enumerable.Range(0, PowerCount).Select(i => Float.PowerOfTen(FirstPower + i * PowerStep))];

    private static ReadOnlySpan<ulong> Tens =>
    [
        1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000, 10_000_000_000, 100_000_000_000, 1_000_000_000_000,
        10_000_000_000_000, 100_000_000_000_000, 1_000_000_000_000_000, 10_000_000_000_000_000, 100_000_000_000_000_000, 1_000_000_000_000_000_000,
        10_000_000_000_000_000_000,
    ];

    /// <summary>A fraction times a power of two.</summary>
    private readonly record struct Float(ulong Fraction, int Exponent)
    {
        internal Float Normalized
        {
            get
            {
                int shift = BitOperations.LeadingZeroCount(Fraction);
                return new Float(Fraction << shift, Exponent - shift);
            }
        }

        /// <summary>The upper half of the product, rounded.</summary>
        public static Float operator *(Float a, Float b)
        {
            ulong high = Math.BigMul(a.Fraction, b.Fraction, out ulong low);
            return new Float(high + (low >> 63), a.Exponent + b.Exponent + 64);
        }

        /// <summary>A power of ten, rounded to 64 bits.</summary>
        internal static Float PowerOfTen(int power)
        {
            BigInteger ten = BigInteger.Pow(10, Math.Abs(power));
            int bits = (int)ten.GetBitLength();
            // Some bits more than are kept decide how the last one is rounded.
            int exponent = power >= 0 ? bits - 68 : -bits - 68;
            BigInteger scaled = power < 0 ? (BigInteger.One << -exponent) / ten : exponent >= 0 ? ten >> exponent : ten << -exponent;
            int excess = (int)scaled.GetBitLength() - 64;
            return new Float((ulong)((scaled + (BigInteger.One << (excess - 1))) >> excess), exponent + excess);
        }
    }

    /// <summary>
    /// Writes the digits of a positive number and returns how many they are; the number is those digits times ten to
    /// <paramref name="power"/>.
    /// </summary>
    internal static int Write(double value, Span<byte> digits, out int power)
    {
        ulong bits = BitConverter.DoubleToUInt64Bits(value), fraction = bits & (HiddenBit - 1);
        int biased = (int)(bits >> FractionBits);
        Float number = biased == 0 ? new Float(fraction, 1 - ExponentBias) : new Float(fraction + HiddenBit, biased - ExponentBias);
        // What lies between these reads back as the number.
        Float upper = new Float(number.Fraction * 2 + 1, number.Exponent - 1).Normalized;
        int gap = number.Fraction == HiddenBit ? 2 : 1;
        Float lower = new(((number.Fraction << gap) - 1) << (number.Exponent - gap - upper.Exponent), upper.Exponent);
        Float scale = ScaleFor(upper.Exponent, out power);
        Float scaledUpper = upper * scale, scaledLower = lower * scale, scaled = number.Normalized * scale;
        // The products are not exact, but surely what lies within one unit less is within the bounds.
        return Generate(scaled.Fraction, scaledUpper.Fraction - 1, scaledLower.Fraction + 1, -scaledUpper.Exponent, digits, ref power);
    }

    private static Float ScaleFor(int exponent, out int power)
    {
        int guess = (int)(-(exponent + PowerCount) * DecimalDigitsPerBit);
        int index = (guess - FirstPower) / PowerStep;
        while (true)
        {
            int result = exponent + Powers[index].Exponent + 64;
            if (result is >= LowestExponent and <= HighestExponent)
            {
                break;
            }
            index += result < LowestExponent ? 1 : -1;
        }
        power = -(FirstPower + index * PowerStep);
        return Powers[index];
    }

    /// <summary>Writes digits of the upper bound until what is left is less than the bounds are apart, then goes down towards the number.</summary>
    private static int Generate(ulong value, ulong upper, ulong lower, int shift, Span<byte> digits, ref int power)
    {
        ulong one = 1UL << shift, whole = upper >> shift, rest = upper & (one - 1), width = upper - lower, distance = upper - value;
        int count = 0;
        for (int kappa = 9; kappa >= 0; kappa--)
        {
            ulong ten = Tens[kappa], digit = whole / ten;
            if (digit > 0 || count > 0)
            {
                digits[count++] = (byte)('0' + digit);
            }
            whole -= digit * ten;
            ulong left = (whole << shift) + rest;
            if (left <= width)
            {
                power += kappa;
                Approach(digits[(count - 1)..], width, left, ten << shift, distance);
                return count;
            }
        }
        for (int kappa = 1; ; kappa++)
        {
            rest *= 10;
            width *= 10;
            ulong digit = rest >> shift;
            if (digit > 0 || count > 0)
            {
                digits[count++] = (byte)('0' + digit);
            }
            rest &= one - 1;
            if (rest < width)
            {
                power -= kappa;
                Approach(digits[(count - 1)..], width, rest, one, distance * Tens[kappa]);
                return count;
            }
        }
    }

    /// <summary>Lowers the last digit while that brings it closer to the number and not below its bound.</summary>
    private static void Approach(Span<byte> last, ulong width, ulong left, ulong unit, ulong distance)
    {
        while (left < distance && width - left >= unit && (left + unit < distance || distance - left > left + unit - distance))
        {
            last[0]--;
            left += unit;
        }
    }
}
