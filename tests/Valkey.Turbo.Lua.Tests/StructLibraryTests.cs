namespace Valkey.Turbo.Lua.Tests;

/// <summary>The library of C structures.</summary>
public sealed class StructLibraryTests
{
    [Theory]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"b\", 1))",
        "01")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"B\", 255))",
        "ff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"h\", -2))",
        "feff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"H\", 65535))",
        "ffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\">h\", 258))",
        "0102")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"l\", -1))",
        "ffffffffffffffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"T\", 5))",
        "0500000000000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"i\", 2^31))",
        "00000080")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"I\", 2^32 - 1))",
        "ffffffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"i3\", -2))",
        "feffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\">I3\", 66051))",
        "010203")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"i8\", -2^40))",
        "0000000000ffffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"I16\", 1))",
        "01000000000000000000000000000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"f\", 1.5))",
        "0000c03f")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"d\", 0.1))",
        "9a9999999999b93f")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\">d\", -1))",
        "bff0000000000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"<f\", 3))",
        "00004040")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"i\", 1.9))",
        "01000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"i\", -1.9))",
        "ffffffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"B\", 300))",
        "2c")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"L\", 2^63))",
        "0000000000000080")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"L\", 2^64))",
        "0000000000000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"I\", -1))",
        "ffffffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"!4bi\", 1, 2))",
        "0100000002000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"!bd\", 1, 2))",
        "01000000000000000000000000000040")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"!2bi\", 1, 2))",
        "010002000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"bsxc3\", 1, \"hello\", \"abcd\"))",
        "0168656c6c6f0000616263")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"c0\", \"abc\"))",
        "616263")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"s\", \"\"))",
        "00")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"  b  b \", 1, 2))",
        "0102")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"x\"))",
        "00")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(struct.pack(\"\"))",
        "")]
    [InlineData("return struct.unpack(\"b\", \"\\255\")", "-1|2")]
    [InlineData("return struct.unpack(\"B\", \"\\255\")", "255|2")]
    [InlineData("return struct.unpack(\"h\", \"\\1\\2\")", "513|3")]
    [InlineData("return struct.unpack(\">H\", \"\\1\\2\")", "258|3")]
    [InlineData("return struct.unpack(\"i\", \"\\255\\255\\255\\127\")", "2147483647|5")]
    [InlineData("return struct.unpack(\"I\", \"\\255\\255\\255\\255\")", "4294967295|5")]
    [InlineData("return struct.unpack(\"l\", \"\\0\\0\\0\\0\\0\\0\\0\\128\")", "-9.2233720368548e+18|9")]
    [InlineData("return struct.unpack(\"L\", \"\\0\\0\\0\\0\\0\\0\\0\\128\")", "9.2233720368548e+18|9")]
    [InlineData("return struct.unpack(\"i3\", \"\\254\\255\\255\")", "-2|4")]
    [InlineData("return struct.unpack(\"I5\", \"\\1\\0\\0\\0\\1\")", "4294967297|6")]
    [InlineData("return struct.unpack(\"i16\", (\"\\255\"):rep(16))", "-1|17")]
    [InlineData("return struct.unpack(\"f\", \"\\0\\0\\192\\63\")", "1.5|5")]
    [InlineData("return struct.unpack(\">d\", \"\\63\\240\\0\\0\\0\\0\\0\\0\")", "1|9")]
    [InlineData("return struct.unpack(\"s\", \"abc\\0def\")", "abc|5")]
    [InlineData("return struct.unpack(\"sb\", \"abc\\0d\")", "abc|100|6")]
    [InlineData("return struct.unpack(\"c2\", \"abc\")", "ab|3")]
    [InlineData("return struct.unpack(\"Bc0\", \"\\3abcdef\")", "abc|5")]
    [InlineData("return struct.unpack(\"b\", \"abc\", 3)", "99|4")]
    [InlineData("return struct.unpack(\"i\", \"abcdefgh\", 3)", "1717920867|7")]
    [InlineData("return struct.unpack(\"xb\", \"ab\")", "98|3")]
    [InlineData("return struct.unpack(\"!4bi\", \"\\1\\0\\0\\0\\2\\0\\0\\0\")", "1|2|9")]
    [InlineData("return struct.unpack(\"\", \"abc\")", "1")]
    [InlineData("return struct.unpack(\"i\", \"abc\")", "error: t:1: bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("return struct.unpack(\"b\", \"abc\", 4)", "error: t:1: bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("return struct.unpack(\"b\", \"abc\", 0)", "error: t:1: bad argument #3 to 'unpack' (offset must be 1 or greater)")]
    [InlineData("return struct.unpack(\"b\", \"abc\", -1)", "error: t:1: bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("return struct.unpack(\"c0\", \"abc\")", "error: t:1: format 'c0' needs a previous size")]
    [InlineData("return struct.unpack(\"Bc0\", \"\\9abc\")", "error: t:1: bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("return struct.unpack(\"s\", \"abc\")", "error: t:1: unfinished string in data")]
    [InlineData("return struct.unpack(\"z\", \"abc\")", "error: t:1: bad argument #1 to 'unpack' (invalid format option 'z')")]
    [InlineData("return struct.unpack(\"i\", \"abcd\", 2^40)", "error: t:1: bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("return struct.unpack(\"c99\", \"abc\")", "error: t:1: bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("return struct.unpack(\"dc0\", (\"\\255\"):rep(9))", "error: t:1: bad argument #2 to 'unpack' (data string too short)")]
    [InlineData("return struct.size(\"!4bihd\")", "20")]
    [InlineData("return struct.size(\"bhl\")", "11")]
    [InlineData("return struct.size(\"c10\")", "10")]
    [InlineData("return struct.size(\"\")", "0")]
    [InlineData("return struct.size(\"!16d\")", "8")]
    [InlineData("return struct.size(\"!8bd\")", "16")]
    [InlineData("return struct.size(\"s\")", "error: t:1: bad argument #1 to 'size' (option 's' has no fixed size)")]
    [InlineData("return struct.size(\"c0\")", "error: t:1: bad argument #1 to 'size' (option 'c0' has no fixed size)")]
    [InlineData("return struct.size(\"z\")", "0")]
    [InlineData("return struct.size(\"$\")", "error: t:1: bad argument #1 to 'size' (invalid format option '$')")]
    [InlineData("return struct.pack(\"i\")", "error: t:1: bad argument #2 to 'pack' (number expected, got nil)")]
    [InlineData("return struct.pack(\"i\", \"x\")", "error: t:1: bad argument #2 to 'pack' (number expected, got string)")]
    [InlineData("return struct.pack(\"c5\", \"abc\")", "error: t:1: bad argument #3 to 'pack' (string too short)")]
    [InlineData("return struct.pack(\"z\", 1)", "error: t:1: bad argument #1 to 'pack' (invalid format option 'z')")]
    [InlineData("return struct.pack(\"!3i\", 1)", "error: t:1: alignment 3 is not a power of 2")]
    [InlineData("return struct.pack(\"i33\", 1)", "error: t:1: integral size 33 is larger than limit of 32")]
    [InlineData("return struct.size(\"i99999999999\")", "error: t:1: integral size overflow")]
    [InlineData("return struct.pack()", "error: t:1: bad argument #1 to 'pack' (string expected, got no value)")]
    [InlineData("return struct.pack(\"ii\", 1)", "error: t:1: bad argument #3 to 'pack' (number expected, got nil)")]
    [InlineData("return struct.size(\">b<h\")", "3")]
    [InlineData("return struct.unpack(\"b\")", "error: t:1: bad argument #2 to 'unpack' (string expected, got no value)")]
    public void Gives(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
