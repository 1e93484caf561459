namespace Valkey.Turbo.Lua.Tests;

/// <summary>What Lua limits ends as an error of Lua.</summary>
public sealed class LimitTests
{
    [Theory]
    [InlineData("local function f() return 1 + f() end return pcall(f)", "stack overflow")]
    [InlineData("local n = 0 local function f() n = n + 1 return 1 + f() end pcall(f) return n", "1638")]
    [InlineData("local t = setmetatable({}, {__index = function(t, k) return t[k + 1] end}) return t[1]", "C stack overflow")]
    [InlineData("local t = setmetatable({}, {}) getmetatable(t).__add = function(a, b) return a + b end return t + 1", "C stack overflow")]
    [InlineData("local n = 0 local function f() n = n + 1 pcall(f) end f() return n", "19")]
    [InlineData("local function f(a, b) table.sort({1, 2, 3}, f) end f()", "C stack overflow")]
    [InlineData("local function f() return ((\"x\"):gsub(\"x\", f)) end f()", "C stack overflow")]
    [InlineData("local t = {} setmetatable(t, {__tostring = function() return tostring(t) end}) return tostring(t)", "C stack overflow")]
    [InlineData("local t = {} for i = 1, 200 do t = setmetatable({}, {__index = t}) end return t.x", "loop in gettable")]
    [InlineData("return loadstring(\"return \" .. (\"(\"):rep(1000) .. \"1\" .. (\")\"):rep(1000))", "chunk has too many syntax levels")]
    [InlineData("return loadstring((\"do \"):rep(1000) .. (\"end \"):rep(1000))", "chunk has too many syntax levels")]
    [InlineData("return loadstring((\"x = function() \"):rep(1000))", "chunk has too many syntax levels")]
    [InlineData("return loadstring(\"x = \" .. (\"{\"):rep(1000))", "chunk has too many syntax levels")]
    [InlineData("return loadstring(\"x = \" .. (\"not \"):rep(1000) .. \"1\")", "chunk has too many syntax levels")]
    [InlineData("return loadstring(\"x = \" .. (\"a .. \"):rep(1000) .. \"b\")", "chunk has too many syntax levels")]
    [InlineData("return (\"x\"):rep(2^31 - 1)", "resulting string too large")]
    [InlineData("local s = (\"x\"):rep(2^30) return s .. s .. s", "string length overflow")]
    [InlineData("return string.rep(\"abc\", 2^30)", "resulting string too large")]
    [InlineData("return string.char(unpack({}, 1, 7000))", "number expected")]
    public void OverflowsAreErrors(string source, string expected) =>
        Assert.Contains(expected, Script.Evaluate(Script.NewState(4L << 30), source));

    [Theory]
    [InlineData("+", 20000)]
    [InlineData("==", 20000)]
    [InlineData("and", 20000)]
    [InlineData("or", 20000)]
    [InlineData("*", 20000)]
    public void LongChainsOfOperatorsAreNoDepth(string op, int count)
    {
        string source = "local a = 1 return a" + string.Concat(Enumerable.Repeat($" {op} a", count));
        Assert.DoesNotContain("error", Script.Evaluate(source));
    }

    [Theory]
    [InlineData(".x")]
    [InlineData("()")]
    [InlineData(":f()")]
    [InlineData("[1]")]
    public void LongChainsOfSuffixesAreNoDepth(string suffix)
    {
        string source = "local t = {} t.x = t t[1] = t t.f = function() return t end setmetatable(t, {__call = function() return t end}) return t"
            + string.Concat(Enumerable.Repeat(suffix, 20000)) + " == t";
        Assert.Equal("true", Script.Evaluate(source));
    }

    [Fact]
    public void ManyConstantsLocalsAndBranchesCompile()
    {
        string constants = "local t = {" + string.Concat(Enumerable.Range(0, 70000).Select(i => $"{i}.5,")) + "} return #t, t[70000]";
        Assert.Equal("70000|69999.5", Script.Evaluate(constants));
        string fields = "local t = {} " + string.Concat(Enumerable.Range(0, 70000).Select(i => $"t.a{i} = \"v{i}\" ")) + "return t.a69999, t.a1 .. t.a66000";
        Assert.Equal("v69999|v1v66000", Script.Evaluate(fields));
        string branches = "local x = 5000 " + string.Concat(Enumerable.Range(0, 6000).Select(i => $"{(i > 0 ? "else" : "")}if x == {i} then return {i} ")) + "end";
        Assert.Equal("5000", Script.Evaluate(branches));
    }

    [Fact]
    public void MemoryIsLimitedAndComesBack()
    {
        LuaState state = Script.NewState(16 << 20);
        foreach (string source in new[]
        {
            "local t = {} for i = 1, 1e9 do t[i] = i end",
            "local t = {} for i = 1, 1e9 do t[i] = {} end",
            "local s = \"x\" while true do s = s .. s end",
            "local t = {} for i = 1, 1e9 do t[i] = \"k\" .. i end",
            "local t = {} for i = 1, 1e9 do t[\"k\" .. i] = true end",
            "local t = {} while true do t = {t} end",
            "local t = {} for i = 1, 1e9 do t[i] = function() return i end end",
            "local t = {} for i = 1, 1e9 do t[i] = coroutine.create(function() end) end",
            "return (\"x\"):rep(100000000)",
            "local t = {} for i = 1, 20000 do t[i] = (\"x\"):rep(1000) end return #table.concat(t)",
            "return (\"x\"):rep(1000000):gsub(\"x\", (\"y\"):rep(1000))",
            "return string.format((\"%99d\"):rep(1000), unpack({}, 1, 10)), (\"x\"):rep(16777216)",
            "local t = {} for i = 1, 40 do t = {t, t} end return cjson.encode(t)",
            "local t = {} while true do t[#t + 1] = assert(loadstring(\"return function() return {1, 2, 3} end\")) end",
        })
        {
            Assert.Matches("not enough memory|bad argument|stack overflow", Script.Evaluate(state, source));
        }
        state.Abort();
        state.Collect();
        Assert.InRange(state.UsedBytes, 1, 4 << 20);
        Assert.Equal("error: not enough memory", Script.Evaluate(state, "local s = \"x\" while true do s = s .. s end"));
        Assert.Equal("false|not enough memory", Script.Evaluate(state, "return pcall(string.rep, \"x\", 1e8)"));
    }

    [Fact]
    public void GarbageIsNotCounted()
    {
        LuaState state = Script.NewState(16 << 20);
        Assert.Equal("done", Script.Evaluate(state, "for i = 1, 2e5 do local t = {i, {}, tostring(i)} local s = (\"x\"):rep(1000) end return \"done\""));
    }

    [Fact]
    public void WhatLivesIsMeasured()
    {
        LuaState state = Script.NewState();
        string counted = Script.Evaluate(
            state,
            "collectgarbage() local a = collectgarbage(\"count\") local s = (\"x\"):rep(1e6) collectgarbage() local b = collectgarbage(\"count\") "
            + "s = nil collectgarbage() local c = collectgarbage(\"count\") return b - a > 970 and b - a < 1000, math.abs(c - a) < 20");
        Assert.Equal("true|true", counted);
    }

    [Fact]
    public void WeakTablesLoseWhatNobodyElseHolds() => Assert.Equal(
        "1|1|nil",
        Script.Evaluate(
            "local k = {} local t = setmetatable({}, {__mode = \"k\"}) t[k] = 1 t[{}] = 2 local v = setmetatable({}, {__mode = \"v\"}) "
            + "v[1] = k v[2] = {} collectgarbage() local n, m = 0, 0 for _ in pairs(t) do n = n + 1 end for _ in pairs(v) do m = m + 1 end return n, m, v[2]"));
}
