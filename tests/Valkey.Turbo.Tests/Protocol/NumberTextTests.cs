using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Tests.Protocol;

/// <summary>Numbers are read and written exactly as Valkey does; the expectations are its answers.</summary>
public sealed class NumberTextTests
{
    [Theory]
    [InlineData("0", 0.0)]
    [InlineData("-2.25", -2.25)]
    [InlineData("+1.5", 1.5)]
    [InlineData(".5", 0.5)]
    [InlineData("5.", 5.0)]
    [InlineData("+.5e1", 5.0)]
    [InlineData("1E-3", 0.001)]
    [InlineData("0e99999999999999999999", 0.0)]
    [InlineData("1.7976931348623157e308", double.MaxValue)]
    [InlineData("3e-324", double.Epsilon)]
    [InlineData("9007199254740993", 9007199254740992.0)]
    [InlineData("123456789012345678901234567890", 1.2345678901234568e29)]
    [InlineData("inf", double.PositiveInfinity)]
    [InlineData("-INFINITY", double.NegativeInfinity)]
    [InlineData("+Inf", double.PositiveInfinity)]
    public void AreDoubles(string text, double expected)
    {
        Assert.True(DoubleText.TryParse(Encoding.Latin1.GetBytes(text), out double value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("e1")]
    [InlineData("1e")]
    [InlineData("1e+")]
    [InlineData("--1")]
    [InlineData("1.5\0")]
    [InlineData("1.5 ")]
    [InlineData(" 1.5")]
    [InlineData("0x1p3")]
    [InlineData("1,5")]
    [InlineData("infinit")]
    [InlineData("nan")]
    [InlineData("1e309")]
    [InlineData("-1e309")]
    [InlineData("1.7976931348623159e308")]
    [InlineData("1e-400")]
    [InlineData("1e-99999999999999999999")]
    public void AreNoDoubles(string text) => Assert.False(DoubleText.TryParse(Encoding.Latin1.GetBytes(text), out _));

    [Theory]
    [InlineData("0", 0UL)]
    [InlineData("00", 0UL)]
    [InlineData("+1", 1UL)]
    [InlineData(" \t01", 1UL)]
    [InlineData("5\0x", 5UL)]
    [InlineData("-01", ulong.MaxValue)]
    [InlineData("18446744073709551615", ulong.MaxValue)]
    public void AreUnsigned(string text, ulong expected)
    {
        Assert.True(UnsignedText.TryParse(Encoding.Latin1.GetBytes(text), out ulong value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("+")]
    [InlineData("-1")]
    [InlineData("5 ")]
    [InlineData("1x")]
    [InlineData("0x1")]
    [InlineData("18446744073709551616")]
    public void AreNotUnsigned(string text) => Assert.False(UnsignedText.TryParse(Encoding.Latin1.GetBytes(text), out _));

    [Theory]
    [InlineData(0.1, "0.1", "0.10000000000000001")]
    [InlineData(-0.0, "-0", "-0")]
    [InlineData(1e300, "1e+300", "1.0000000000000001e+300")]
    [InlineData(3.0e-17, "3e-17", "3.0000000000000001e-17")]
    [InlineData(4611686018427387904.0, "4611686018427387904", "4.6116860184273879e+18")]
    [InlineData(123456789.0, "123456789", "123456789")]
    // Grisu2 does not always find the fewest digits.
    [InlineData(1.7456728404417045e-5, "1.7456728404417044e-5", "1.7456728404417045e-05")]
    [InlineData(-89804480466091.88, "-89804480466091.87", "-89804480466091.875")]
    public void AreWritten(double value, string shortest, string seventeenDigits)
    {
        Span<byte> text = stackalloc byte[DoubleText.MaxBytes];
        Assert.Equal(shortest, Encoding.ASCII.GetString(text[..DoubleText.Format(value, text)]));
        Assert.Equal(seventeenDigits, Encoding.ASCII.GetString(text[..DoubleText.FormatSeventeenDigits(value, text)]));
    }

    [Fact]
    public void WhatIsWrittenReadsBackTheSame()
    {
        RandomSource random = new(91);
        Span<byte> text = stackalloc byte[DoubleText.MaxBytes];
        for (int i = 0; i < 200_000; i++)
        {
            double value = BitConverter.UInt64BitsToDouble(random.Next());
            if (!double.IsFinite(value))
            {
                continue;
            }
            ReadOnlySpan<byte> written = text[..DoubleText.FormatShortest(value, text)];
            Assert.True(DoubleText.TryParse(written, out double read), Encoding.ASCII.GetString(written));
            Assert.Equal(value, read);
            Assert.Equal(value, double.Parse(written, CultureInfo.InvariantCulture));
        }
    }
}
