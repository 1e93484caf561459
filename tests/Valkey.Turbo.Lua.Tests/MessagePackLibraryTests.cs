namespace Valkey.Turbo.Lua.Tests;

/// <summary>The library of MessagePack.</summary>
public sealed class MessagePackLibraryTests
{
    [Theory]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(0))",
        "00")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(127))",
        "7f")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(128))",
        "cc80")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(255))",
        "ccff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(256))",
        "cd0100")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(65535))",
        "cdffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(65536))",
        "ce00010000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(2^32 - 1))",
        "ceffffffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(2^32))",
        "cf0000000100000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(2^53))",
        "cf0020000000000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(2^63))",
        "ca5f000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(2^64))",
        "ca5f800000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-1))",
        "ff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-32))",
        "e0")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-33))",
        "d0df")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-128))",
        "d080")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-129))",
        "d1ff7f")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-32768))",
        "d18000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-32769))",
        "d2ffff7fff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-2^31))",
        "d280000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-2^31 - 1))",
        "d3ffffffff7fffffff")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-2^63))",
        "d38000000000000000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(1.5))",
        "ca3fc00000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(0.1))",
        "cb3fb999999999999a")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(1/0))",
        "ca7f800000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-1/0))",
        "caff800000")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(1e300))",
        "cb7e37e43c8800759c")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(3.4e38))",
        "cb47eff933c78cdfad")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(-0.0))",
        "00")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(nil))",
        "c0")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(true))",
        "c3")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(false))",
        "c2")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(\"\"))",
        "a0")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack((\"x\"):rep(31)))",
        "bf78787878787878787878787878787878787878787878787878787878787878")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack((\"x\"):rep(32)))",
        "d9207878787878787878787878787878787878787878787878787878787878787878")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(function() end))",
        "c0")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack(1, 2, \"a\", nil, true))",
        "0102a161c0c3")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({}))",
        "90")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({1, 2, 3}))",
        "93010203")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({a = 1}))",
        "81a16101")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({1, nil, 3}))",
        "8201010303")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({[1] = 1, [2] = 2, x = 3}))",
        "8301010202a17803")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({[0] = 1}))",
        "810001")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({[1.5] = 2}))",
        "81ca3fc0000002")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({{1}, {2, {3}}}))",
        "92910192029103")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16}))",
        "dc00100102030405060708090a0b0c0d0e0f10")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({[2] = 1}))",
        "810201")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack({[true] = {}}))",
        "81c390")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end return hex(cmsgpack.pack((\"x\"):rep(255)):sub(1, 4)), hex(cmsgpack.pack((\"x\"):rep(256)):sub(1, 6)), hex(cmsgpack.pack((\"x\"):rep(70000)):sub(1, 10))",
        "d9ff7878|da0100787878|db000111707878787878")]
    [InlineData(
        "local function hex(s) return (s:gsub(\".\", function(c) return (\"%02x\"):format(c:byte()) end)) end local n = {} local c = n for i = 1, 20 do c[1] = {} c = c[1] end return hex(cmsgpack.pack(n))",
        "91919191919191919191919191919191c0")]
    [InlineData("return cmsgpack.pack()", "error: t:1: bad argument #0 to 'pack' (MessagePack pack needs input.)")]
    [InlineData(
        "local t = {} for i = 1, 70000 do t[i] = i end local u = cmsgpack.unpack(cmsgpack.pack(t)) return #u, u[70000], #cmsgpack.pack(t)",
        "70000|70000|218553")]
    [InlineData(
        "local t = {} for i = 1, 100 do t[\"k\" .. i] = i end local u = cmsgpack.unpack(cmsgpack.pack(t)) local n = 0 for k, v in pairs(u) do n = n + v end return n",
        "5050")]
    [InlineData("return cmsgpack.unpack(\"\")", "")]
    [InlineData("return cmsgpack.unpack(\"\\193\")", "error: t:1: Bad data format in input.")]
    [InlineData("return cmsgpack.unpack(\"\\204\")", "error: t:1: Missing bytes in input.")]
    [InlineData("return cmsgpack.unpack(\"\\204\\200\")", "200")]
    [InlineData("return cmsgpack.unpack(\"\\205\\1\")", "error: t:1: Missing bytes in input.")]
    [InlineData("return cmsgpack.unpack(\"\\205\\1\\2\")", "258")]
    [InlineData("return cmsgpack.unpack(\"\\206\\1\\2\\3\\4\")", "16909060")]
    [InlineData("return cmsgpack.unpack(\"\\217\\5abc\")", "error: t:1: Missing bytes in input.")]
    [InlineData("return cmsgpack.unpack(\"\\217\\3abc\")", "abc")]
    [InlineData("return cmsgpack.unpack(\"\\218\\0\\2ab\")", "ab")]
    [InlineData("return cmsgpack.unpack(\"\\219\\0\\0\\0\\5ab\")", "error: t:1: Missing bytes in input.")]
    [InlineData("return cmsgpack.unpack(\"\\207\\255\\255\\255\\255\\255\\255\\255\\255\")", "-1")]
    [InlineData("return cmsgpack.unpack(\"\\211\\128\\0\\0\\0\\0\\0\\0\\0\")", "-9.2233720368548e+18")]
    [InlineData("return cmsgpack.unpack(\"\\208\\128\")", "-128")]
    [InlineData("return cmsgpack.unpack(\"\\209\\128\\0\")", "-32768")]
    [InlineData("return cmsgpack.unpack(\"\\210\\128\\0\\0\\0\")", "-2147483648")]
    [InlineData("return cmsgpack.unpack(\"\\202\\63\\128\\0\\0\")", "1")]
    [InlineData("return cmsgpack.unpack(\"\\203\\63\\240\\0\\0\\0\\0\\0\\0\")", "1")]
    [InlineData("return cmsgpack.unpack(\"\\224\\255\\127\")", "-32|-1|127")]
    [InlineData("return cmsgpack.unpack(\"\\192\\195\\194\")", "nil|true|false")]
    [InlineData("return cmsgpack.unpack(\"\\163abc\")", "abc")]
    [InlineData("return cmsgpack.unpack(\"\\163ab\")", "error: t:1: Missing bytes in input.")]
    [InlineData("return cmsgpack.unpack((\"\\145\"):rep(9000))", "error: t:1: stack overflow (in function mp_decode_to_lua_array)")]
    [InlineData(
        "return cmsgpack.unpack((\"\\129\\1\"):rep(9000))",
        "error: t:1: stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)")]
    [InlineData(
        "return cmsgpack.unpack((\"\\1\"):rep(9000))",
        "error: t:1: stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)")]
    [InlineData("return cmsgpack.unpack({})", "error: t:1: bad argument #1 to 'unpack' (string expected, got table)")]
    [InlineData("return cmsgpack.unpack(\"\\129\\192\\1\")", "error: table index is nil")]
    [InlineData("return cmsgpack.unpack(\"\\221\\255\\255\\255\\255\\1\")", "error: t:1: Missing bytes in input.")]
    [InlineData("return cmsgpack.unpack(\"\\212\\1\\2\")", "error: t:1: Bad data format in input.")]
    [InlineData("return cmsgpack.unpack(\"\\129\\203\\255\\248\\0\\0\\0\\0\\0\\0\\1\")", "error: table index is NaN")]
    [InlineData("return cjson.encode(cmsgpack.unpack(\"\\147\\1\\2\\3\"))", "[1,2,3]")]
    [InlineData("return cjson.encode(cmsgpack.unpack(\"\\220\\0\\3\\1\\2\\3\"))", "[1,2,3]")]
    [InlineData("return cjson.encode(cmsgpack.unpack(\"\\129\\161a\\1\"))", "{\"a\":1}")]
    [InlineData("return cjson.encode(cmsgpack.unpack(\"\\222\\0\\1\\161a\\146\\1\\2\"))", "{\"a\":[1,2]}")]
    [InlineData("return cjson.encode(cmsgpack.unpack(\"\\223\\0\\0\\0\\1\\1\\2\"))", "[2]")]
    [InlineData("return cjson.encode(cmsgpack.unpack(\"\\144\"))", "{}")]
    [InlineData("return cjson.encode(cmsgpack.unpack(\"\\128\"))", "{}")]
    [InlineData("return cjson.encode(cmsgpack.unpack(\"\\146\\145\\1\\129\\161a\\144\"))", "[[1],{\"a\":{}}]")]
    [InlineData("return cmsgpack.unpack_one(\"\\1\\2\\3\")", "1|1")]
    [InlineData("return cmsgpack.unpack_one(\"\\1\\2\\3\", 1)", "2|2")]
    [InlineData("return cmsgpack.unpack_one(\"\\1\\2\\3\", 2)", "-1|3")]
    [InlineData("return cmsgpack.unpack_one(\"\\1\\2\\3\", 3)", "-1")]
    [InlineData("return cmsgpack.unpack_one(\"\\1\\2\\3\", 4)", "error: t:1: Start offset 4 greater than input length 3.")]
    [InlineData("return cmsgpack.unpack_one(\"\\1\\2\\3\", -1)", "error: t:1: Invalid request to unpack with offset of -1 and limit of 3.")]
    [InlineData("return cmsgpack.unpack_limit(\"\\1\\2\\3\", 2)", "2|1|2")]
    [InlineData("return cmsgpack.unpack_limit(\"\\1\\2\\3\", 2, 1)", "-1|2|3")]
    [InlineData("return cmsgpack.unpack_limit(\"\\1\\2\\3\", 0)", "1|2|3")]
    [InlineData(
        "return cmsgpack.unpack_limit(\"\\1\\2\\3\", -1)",
        "error: t:1: Invalid request to unpack with offset of 0 and limit of 3.")]
    [InlineData(
        "return cmsgpack.unpack_limit(\"\\1\\2\\3\")",
        "error: t:1: bad argument #2 to 'unpack_limit' (number expected, got no value)")]
    [InlineData("return cmsgpack.unpack_one(\"\")", "-1")]
    [InlineData("return cmsgpack.unpack_limit(\"\\1\\2\", 5)", "-1|1|2")]
    [InlineData(
        "return cmsgpack._NAME, cmsgpack._VERSION, cmsgpack._COPYRIGHT, cmsgpack._DESCRIPTION",
        "cmsgpack|lua-cmsgpack 0.4.0|Copyright (C) 2012, Redis Ltd.|MessagePack C implementation for Lua")]
    public void Gives(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
