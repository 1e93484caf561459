namespace Valkey.Turbo.Lua.Tests;

/// <summary>The library of mathematics.</summary>
public sealed class MathLibraryTests
{
    [Theory]
    [InlineData(
        "return math.abs(-5), math.ceil(1.2), math.ceil(-1.2), math.floor(1.8), math.floor(-1.2), math.sqrt(16), math.max(1, 5, 3), math.min(4, 2, 8), math.max(1), math.floor(\"3.7\")",
        "5|2|-1|1|-2|4|5|2|1|3")]
    [InlineData(
        "return math.fmod(7, 3), math.fmod(-7, 3), math.fmod(7, -3), math.mod(5.5, 2), math.modf(3.7), math.modf(-3.7), math.modf(5), math.modf(1 / 0)",
        "1|-1|1|1.5|3|-3|5|inf|0")]
    [InlineData(
        "return math.frexp(8), math.frexp(0), math.frexp(-0.3), math.ldexp(0.5, 4), math.ldexp(1, -2), math.pow(2, 8), math.pow(2, -1), math.exp(0), math.log(1), math.log10(1000)",
        "0.5|0|-0.6|8|0.25|256|0.5|1|0|3")]
    [InlineData(
        "return math.deg(math.pi), math.rad(180), math.sin(0), math.cos(0), math.tan(0), math.asin(1), math.acos(1), math.atan(1), math.atan2(1, 1), math.atan2(-1, -1), math.sinh(0), math.cosh(0), math.tanh(0)",
        "180|3.1415926535898|0|1|0|1.5707963267949|0|0.78539816339745|0.78539816339745|-2.3561944901923|0|1|0")]
    [InlineData(
        "return math.sin(1), math.cos(1), math.tan(1), math.exp(1), math.log(10), math.sqrt(2), math.sinh(1), math.cosh(1), math.tanh(1)",
        "0.8414709848079|0.54030230586814|1.5574077246549|2.718281828459|2.302585092994|1.4142135623731|1.1752011936438|1.5430806348152|0.76159415595576")]
    [InlineData(
        "return math.huge, -math.huge, math.pi, math.floor(-0.5), math.ceil(-0.5), math.abs(-0.0)",
        "inf|-inf|3.1415926535898|-1|-0|0")]
    [InlineData(
        "local ok = true for i = 1, 100 do local r = math.random() ok = ok and r >= 0 and r < 1 r = math.random(10) ok = ok and r >= 1 and r <= 10 and r == math.floor(r) r = math.random(-3, 3) ok = ok and r >= -3 and r <= 3 end return ok",
        "true")]
    [InlineData(
        "math.randomseed(42) local a = math.random(1000) math.randomseed(42) return a == math.random(1000), math.random(5, 5)",
        "true|5")]
    public void Gives(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
