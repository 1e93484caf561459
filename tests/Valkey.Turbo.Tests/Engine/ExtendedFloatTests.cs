using System.Globalization;
using System.Text;
using Valkey.Turbo.Commands.Strings;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>Short numbers are added the short way, with the same digits as the long way.</summary>
public sealed class ExtendedFloatTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void TheShortWayShowsTheSameDigits(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 20_000; i++)
        {
            string a = Number(random), b = Number(random);
            Assert.Equal(Sum($"{a}e0", $"{b}e0"), Sum(a, b));
        }
    }

    [Theory]
    [InlineData("3.0", "1.10", "4.1")]
    [InlineData("0.1", "0.2", "0.3")]
    [InlineData("-31.99999999999999999", "-31.99999999999999999", "-63.99999999999999998")]
    [InlineData("5.", "0", "5")]
    [InlineData("-0", "0", "0")]
    [InlineData("32", "0.5", "32.5")]
    [InlineData("1e2", "1", "101")]
    [InlineData("0x1p3", "0", "8")]
    [InlineData("-0X.8", "0", "-0.5")]
    [InlineData("0x1p-16445", "0", "0")]
    [InlineData("1e-4950", "1", "1")]
    [InlineData("0e99999999999999999999", "1", "1")]
    [InlineData("1.8e308", "-1.8e308", "0")]
    public void Sums(string a, string b, string sum) => Assert.Equal(sum, Sum(a, b));

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("1.2.3")]
    [InlineData(" 1")]
    [InlineData("1 ")]
    [InlineData("1\0")]
    [InlineData("33.5\0")]
    [InlineData("33.5e1\0")]
    [InlineData("0x")]
    [InlineData("0xg")]
    [InlineData("0x1p")]
    [InlineData("0x1p16384")]
    [InlineData("1.2e4932")]
    [InlineData("1e99999999999999999999")]
    [InlineData("1e-5000")]
    [InlineData("nan")]
    public void IsNoNumber(string text) => Assert.False(ExtendedFloat.TryParse(Encoding.ASCII.GetBytes(text), out _));

    [Theory]
    [InlineData("0.01", 10)]
    [InlineData("0.0101", 11)]
    [InlineData("0x1p-1075", 1)]
    [InlineData("100.001", 100_001)]
    [InlineData("-0x.8", -500)]
    [InlineData("-1e400", long.MinValue)]
    [InlineData("1e400", long.MaxValue)]
    [InlineData("inf", long.MaxValue)]
    public void SecondsAreRoundedUpToMilliseconds(string seconds, long milliseconds)
    {
        Assert.True(ExtendedFloat.TryParse(Encoding.ASCII.GetBytes(seconds), out ExtendedFloat value));
        Assert.Equal(milliseconds, value.CeilingTimes(1000));
    }

    private static string Number(Random random)
    {
        string decimals = random.NextInt64(100_000_000_000_000_000).ToString("D17", CultureInfo.InvariantCulture)[..random.Next(18)];
        return $"{(random.Next(2) == 0 ? "-" : "")}{random.Next(32)}{(decimals.Length > 0 ? "." : "")}{decimals}";
    }

    private static string Sum(string a, string b)
    {
        Assert.True(ExtendedFloat.TryParse(Encoding.ASCII.GetBytes(a), out ExtendedFloat left));
        Assert.True(ExtendedFloat.TryParse(Encoding.ASCII.GetBytes(b), out ExtendedFloat right));
        return Encoding.ASCII.GetString((left + right).Format(stackalloc byte[ExtendedFloat.ScratchBytes]));
    }
}
