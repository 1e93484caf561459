namespace Valkey.Turbo.Lua.Tests;

/// <summary>The library of strings.</summary>
public sealed class StringLibraryTests
{
    [Theory]
    [InlineData(
        "return (\"hello\"):len(), (\"hello\"):upper(), (\"HeLLo\"):lower(), (\"abc\"):reverse(), (\"ab\"):rep(3), (\"ab\"):rep(0), (\"ab\"):rep(-1), (\"\"):rep(10)",
        "5|HELLO|hello|cba|ababab|||")]
    [InlineData(
        "return (\"hello\"):sub(2, 4), (\"hello\"):sub(-3), (\"hello\"):sub(2), (\"hello\"):sub(0), (\"hello\"):sub(10), (\"hello\"):sub(-100, 2), (\"hello\"):sub(3, 2), (\"hello\"):sub(2, -2), (\"x\"):sub(2^31), (\"hello\"):sub(1.9, 2.9)",
        "ell|llo|ello|hello||he||ell||he")]
    [InlineData(
        "return (\"abc\"):byte(), (\"abc\"):byte(2), (\"abc\"):byte(1, 3), (\"abc\"):byte(-1), (\"abc\"):byte(10), (\"\"):byte(), string.char(72, 105), string.char()",
        "97|98|97|99|nil|nil|Hi|")]
    [InlineData(
        "return (\"hello world\"):find(\"wor\"), (\"hello\"):find(\"l\"), (\"hello\"):find(\"l\", 4), (\"hello\"):find(\"xyz\"), (\"hello\"):find(\"\"), (\"hello\"):find(\"\", 10), (\"hello\"):find(\"\", 6), (\"a.b\"):find(\".\", 1, true), (\"a.b\"):find(\"%.\"), (\"hello\"):find(\"l\", -2)",
        "7|3|4|nil|1|6|6|2|2|4|4")]
    [InlineData(
        "return (\"hello\"):find(\"(l)(l)\"), (\"hello\"):find(\"()ll()\"), (\"abc\"):find(\"b\", -1), (\"abc\"):find(\"a\", -10)",
        "3|3|nil|1|1")]
    [InlineData(
        "return (\"key = value\"):match(\"(%w+)%s*=%s*(%w+)\"), (\"abc\"):match(\"b\"), (\"abc\"):match(\"z\"), (\"abc\"):match(\"()\"), (\"  trim  \"):match(\"^%s*(.-)%s*$\"), (\"2024-01-02\"):match(\"(%d+)-(%d+)-(%d+)\")",
        "key|b|nil|1|trim|2024|01|02")]
    [InlineData(
        "return (\"abc\"):match(\"^b\"), (\"abc\"):match(\"^a\"), (\"abc\"):match(\"c$\"), (\"abc\"):match(\"b$\"), (\"a$b\"):match(\"a$b\"), (\"a^b\"):match(\"a^b\"), (\"abc\"):match(\"a.-c\"), (\"aXbXc\"):match(\".*X\"), (\"aXbXc\"):match(\".-X\")",
        "nil|a|c|nil|a$b|a^b|abc|aXbX|aX")]
    [InlineData(
        "return (\"f(a(b)c)d\"):match(\"%b()\"), (\"x\"):match(\"%b()\"), (\"THE (quick) fox\"):find(\"%((%a+)%)\"), (\"hello\"):match(\"(h)(e)(l)(l)(o)\")",
        "(a(b)c)|nil|5|h|e|l|l|o")]
    [InlineData(
        "return (\"THE (quick) fox\"):gsub(\"%f[%a]%a+\", \"W\"), (\"abc123\"):match(\"%f[%d]%d+\"), (\"x\"):match(\"%f[x]\")",
        "W (W) W|123|")]
    [InlineData(
        "return (\"abcabc\"):match(\"(abc)%1\"), (\"xyxz\"):match(\"(x)y%1\"), (\"aa\"):match(\"(a)%1\"), ([[\"quoted\" 'x']]):match([[([\"'])(.-)%1]])",
        "abc|x|a|\"|quoted")]
    [InlineData(
        "return (\"[x]\"):match(\"[%[x]+\"), (\"a-b\"):match(\"[a-]+\"), (\"a]b\"):match(\"[]]\"), (\"a^b\"):match(\"[%^]\"), (\"abc\"):match(\"[^a]+\"), (\"a-z\"):match(\"[a-z]+\"), (\"5\"):match(\"[%d%a]\"), (\"]\"):match(\"[^]]\"), (\"%\"):match(\"[%%]\")",
        "[x|a-|]|^|bc|a|5|nil|%")]
    [InlineData(
        "return (\"aAbB1 2\\t\"):gsub(\"%l\", \"l\"), (\"aAbB1\"):gsub(\"%u\", \"U\"), (\"a1_ .\"):gsub(\"%w\", \"w\"), (\"a1_ .\"):gsub(\"%p\", \"p\"), (\"a b\\tc\\n\"):gsub(\"%s\", \"S\"), (\"a\\1b\"):gsub(\"%c\", \"C\"), (\"xyz19\"):gsub(\"%x\", \"X\"), (\"ab1\"):gsub(\"%A\", \"-\"), (\"ab1\"):gsub(\"%D\", \"-\"), (\"a\\0b\"):gsub(\"%z\", \"Z\")",
        "lAlB1 2\t|aUbU1|ww_ .|a1p p|aSbScS|aCb|xyzXX|ab-|--1|aZb|1")]
    [InlineData(
        "return (\"hello\"):gsub(\"l\", \"L\"), (\"hello\"):gsub(\"l\", \"L\", 1), (\"hello\"):gsub(\"\", \"-\"), (\"hello\"):gsub(\"x*\", \"-\"), (\"hello\"):gsub(\"l\", {l = \"1\"}), (\"hello\"):gsub(\"l\", function() return nil end), (\"hello\"):gsub(\".\", {h = 1, e = false})",
        "heLLo|heLlo|-h-e-l-l-o-|-h-e-l-l-o-|he11o|hello|1ello|5")]
    [InlineData(
        "return (\"hello world\"):gsub(\"(%w+) (%w+)\", \"%2 %1\"), (\"abc\"):gsub(\"%w\", \"%0%0\"), (\"abc\"):gsub(\"(a)(b)\", \"%2%1%%\"), (\"abc\"):gsub(\"a\", \"%x\"), (\"abc\"):gsub(\"^a\", \"x\"), (\"aaa\"):gsub(\"^a\", \"x\"), (\"abc\"):gsub(\"c$\", \"x\"), (\"abc\"):gsub(\"b\", \"%\"), (\"hello\"):gsub(\"l+\", string.upper)",
        "world hello|aabbcc|ba%c|xbc|xbc|xaa|abx|a\u0000c|heLLo|1")]
    [InlineData(
        "return (\"abc\"):gsub(\"%w\", \"%1\"), (\"abc def\"):gsub(\"%w+\", function(w) return \"<\" .. w .. \">\" end), (\"a,b,c\"):gsub(\",\", \";\", 0), (\"$name is $age\"):gsub(\"%$(%w+)\", {name = \"Bob\", age = 5}), (\"x\"):gsub(\"x\", 5), (\"a b\"):gsub(\"(%w) (%w)\", function(a, b) return b .. a end)",
        "abc|<abc> <def>|a,b,c|Bob is 5|5|ba|1")]
    [InlineData(
        "return (\"abc\"):gsub(\"b*\", \"-\"), (\"a.b.c\"):gsub(\"%.\", \"\"), (\"\\0a\\0\"):gsub(\"%z\", \"0\"), (\"abc\"):gsub(\"()\", \"%1\"), (\"\u00e9\"):gsub(\"[\\128-\\255]\", \"?\")",
        "-a--c-|abc|0a0|1a2b3c4|?|1")]
    [InlineData(
        "local t = {} for w in (\"one two  three\"):gmatch(\"%a+\") do t[#t + 1] = w end return table.concat(t, \",\")",
        "one,two,three")]
    [InlineData(
        "local t = {} for k, v in (\"a=1, b=2\"):gmatch(\"(%w+)=(%w+)\") do t[#t + 1] = k .. v end return table.concat(t, \",\")",
        "a1,b2")]
    [InlineData("local t = {} for p in (\"abc\"):gmatch(\"()\") do t[#t + 1] = p end return table.concat(t, \",\")", "1,2,3,4")]
    [InlineData("local t = {} for w in (\"abc\"):gmatch(\"\") do t[#t + 1] = #w end return #t, string.gfind == string.gmatch", "4|true")]
    [InlineData("return string.format(\"%d %5d %-5d| %05d %+d % d %i\", 42, 42, 42, 42, 42, 42, -7)", "42    42 42   | 00042 +42  42 -7")]
    [InlineData(
        "return string.format(\"%u %o %x %X %#x %#o\", 42, 8, 255, 255, 255, 8), string.format(\"%x\", -1), string.format(\"%5.3d|\", 7), string.format(\"%d\", 3.99), string.format(\"%d\", -3.99), string.format(\"%d\", \"10\")",
        "42 10 ff FF 0xff 010|ffffffffffffffff|  007||3|-3|10")]
    [InlineData(
        "return string.format(\"%f %.2f %10.3f| %-10.1f| %e %.3E %g %G\", 1.5, 2.345, 3.14159, 2.5, 12345.678, 0.00012, 0.0001, 1e20)",
        "1.500000 2.35      3.142| 2.5       | 1.234568e+04 1.200E-04 0.0001 1E+20")]
    [InlineData(
        "return string.format(\"%g %g %g %g %.3g %#g %#.0f %+.1f\", 100000, 1000000, 1e-4, 1e-5, 1234.5, 1.5, 3, 2), string.format(\"%.0f %.0f %.0f\", 0.5, 1.5, 2.5), string.format(\"%5.1f|%-8.2e|\", -0.04, 12345)",
        "100000 1e+06 0.0001 1e-05 1.23e+03 1.50000 3. +2.0|0 2 2| -0.0|1.23e+04|")]
    [InlineData(
        "return string.format(\"%s %10s|%-10s|%.2s\", \"a\", \"b\", \"c\", \"defg\"), string.format(\"%s\", (\"x\"):rep(120)):len(), string.format(\"%5s\", (\"x\"):rep(120)):len(), string.format(\"%.3s\", (\"x\"):rep(120))",
        "a          b|c         |de|120|120|xxx")]
    [InlineData(
        "return string.format(\"%q\", 'a \"quoted\"\\n\\\\ \\r\\0 end'), string.format(\"%c%c%c\", 76, 117, 97), string.format(\"%%\"), string.format(\"%5c|%-3c|\", 65, 66)",
        "\"a \\\"quoted\\\"\\\n\\\\ \\r\\000 end\"|Lua|%|    A|B  |")]
    [InlineData(
        "return string.format(\"%s %s\", 1, 1.5), string.format(\"%s\", \"a\\0b\"), #string.format(\"%s\", (\"a\\0b\"):rep(50)), string.format(\"%d\", 2^31), string.format(\"%.14g\", 0.1), string.format(\"%.17g\", 0.1), string.format(\"%.20f\", 0.1)",
        "1 1.5|a|150|2147483648|0.1|0.10000000000000001|0.10000000000000000555")]
    [InlineData(
        "return string.format(\"%x\", 2^53), string.format(\"%d\", 2^53), string.format(\"%d\", -2^53), string.format(\"%5s%%\", 50), string.format(\"%f\", 1e15), string.format(\"%.3f\", 2/3), string.format(\"%e\", 0), string.format(\"%g\", 0), string.format(\"%f\", 1/0), string.format(\"%05d\", -42), string.format(\"%05f|%10g\", -1/0, 1/0)",
        "20000000000000|9007199254740992|-9007199254740992|   50%|1000000000000000.000000|0.667|0.000000e+00|0|inf|-0042| -inf|       inf")]
    [InlineData(
        "return string.format(\"% 5d|%+5d|%-+5d|%+05d\", 3, 3, 3, 3), string.format(\"%.0s|%.10s\", \"abc\", \"abc\"), string.format(\"%10.4s|\", \"abcdefg\"), string.format(\"%#.3x %#X\", 10, 0), string.format(\"%.10d\", 5), string.format(\"%o\", 2^40)",
        "    3|   +3|+3   |+0003||abc|      abcd||0x00a 0|0000000005|20000000000000")]
    [InlineData(
        "return (\"x\"):rep(3, \",\"), (\"a\\0b\"):len(), (\"a\\0b\"):upper(), #(\"\\0\"):rep(5), (\"\u00c0\u00c9\"):lower() == \"\u00c0\u00c9\"",
        "xxx|3|A\u0000B|5|true")]
    [InlineData(
        "return (\"aaa\"):find(\"a-\", 2), (\"aaab\"):match(\"a-b\"), (\"aaa\"):match(\"^(a-)$\"), (\"abc\"):find(\"[b-]\"), (\"abc\"):match(\"[a-c]+\"), (\"a.b\"):match(\"[.]\"), (\"a+b\"):match(\"%+\"), ((\"a\"):rep(50) .. \"b\"):match(\"a*b\") ~= nil",
        "2|aaab|aaa|2|abc|.|+|true")]
    [InlineData(
        "return (\"x = 1 -- c\"):match(\"^(.-)%s*%-%-\"), (\"path/to/file.txt\"):match(\"([^/]+)%.(%w+)$\"), (\"aab\"):match(\"a?ab\"), (\"b\"):match(\"a?b\"), (\"aaa\"):gsub(\"a?\", \"x\"), (\"abc\"):match(\"((a)(b))\"), (\"\\n\"):match(\".\"), (\"abc\\ndef\"):match(\"c.d\")",
        "x = 1|file|aab|b|xxxx|ab|\n|c\nd")]
    [InlineData(
        "return (\"0123456789\"):sub(-2^31, 2^31), (\"abc\"):sub(\"2\"), (\"abc\"):sub(2, \"2\"), (\"abc\"):rep(\"2\"), (\"abc\"):byte(\"2\")",
        "0123456789|bc|b|abcabc|98")]
    public void Gives(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
