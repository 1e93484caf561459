namespace Valkey.Turbo.Lua.Tests;

/// <summary>The library of bit operations.</summary>
public sealed class BitLibraryTests
{
    [Theory]
    [InlineData(
        "return bit.tobit(0xffffffff), bit.bnot(0), bit.band(0xff, 0x0f, 7), bit.bor(1, 2, 4), bit.bxor(5, 3), bit.band(5), bit.bor(\"8\", 1)",
        "-1|-1|7|7|6|5|9")]
    [InlineData(
        "return bit.lshift(1, 31), bit.rshift(-1, 1), bit.arshift(-8, 1), bit.rol(0x12345678, 8), bit.ror(0x12345678, 8), bit.lshift(1, 32), bit.lshift(1, -1), bit.rol(1, 33), bit.ror(1, 0)",
        "-2147483648|2147483647|-4|878082066|2014458966|1|-2147483648|2|1")]
    [InlineData(
        "return bit.bswap(0x12345678), bit.tohex(255), bit.tohex(255, 4), bit.tohex(-1, -8), bit.tohex(1, 0), bit.tohex(0xabc, -2), bit.tohex(1, 100), bit.tohex(1, -2^31)",
        "2018915346|000000ff|00ff|FFFFFFFF||BC|00000001|00000001")]
    [InlineData(
        "return bit.tobit(2^40 + 7), bit.tobit(1.5), bit.tobit(2.5), bit.tobit(-1.5), bit.tobit(\"12\"), bit.tobit(2^51), bit.tobit(-2^31), bit.tobit(2^31)",
        "7|2|2|-2|12|0|-2147483648|-2147483648")]
    [InlineData("return bit.band()", "error: t:1: bad argument #1 to 'band' (number expected, got no value)")]
    [InlineData("return bit.band(1, \"x\")", "error: t:1: bad argument #2 to 'band' (number expected, got string)")]
    [InlineData("return bit.lshift(1)", "error: t:1: bad argument #2 to 'lshift' (number expected, got no value)")]
    [InlineData("return bit.tobit({})", "error: t:1: bad argument #1 to 'tobit' (number expected, got table)")]
    [InlineData("return bit.tohex(1, nil)", "error: t:1: bad argument #2 to 'tohex' (number expected, got nil)")]
    public void Gives(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
