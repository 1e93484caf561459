namespace Valkey.Turbo.Lua.Tests;

/// <summary>Coroutines.</summary>
public sealed class CoroutineTests
{
    [Theory]
    [InlineData(
        "local co = coroutine.create(function(a, b) local c = coroutine.yield(a + b) local d, e = coroutine.yield(c * 2) return d + e end) return coroutine.resume(co, 1, 2), select(2, coroutine.resume(co, 10)), select(2, coroutine.resume(co, 3, 4)), coroutine.resume(co)",
        "true|20|7|false|cannot resume dead coroutine")]
    [InlineData("local f = coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) return f(), f(), f(), f()", "1|2|3")]
    [InlineData(
        "local co co = coroutine.create(function() return coroutine.status(co), coroutine.running() == co end) return coroutine.status(co), coroutine.resume(co)",
        "suspended|true|running|true")]
    [InlineData("local co = coroutine.create(function() error(\"oops\") end) return coroutine.resume(co)", "false|t:1: oops")]
    [InlineData(
        "local co = coroutine.create(function() error({code = 5}) end) local ok, e = coroutine.resume(co) return ok, e.code, coroutine.status(co), coroutine.resume(co)",
        "false|5|dead|false|cannot resume dead coroutine")]
    [InlineData("return coroutine.running(), coroutine.resume(coroutine.create(function() return 1, nil, 3 end))", "nil|true|1|nil|3")]
    [InlineData(
        "local co co = coroutine.create(function() return coroutine.resume(co) end) return coroutine.resume(co)",
        "true|false|cannot resume running coroutine")]
    [InlineData(
        "local a a = coroutine.create(function() local b = coroutine.create(function() return coroutine.status(a) end) return coroutine.resume(b) end) return coroutine.resume(a)",
        "true|true|normal")]
    [InlineData(
        "local function gen(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end local s = 0 for v in gen(10) do s = s + v end return s",
        "55")]
    [InlineData(
        "local function perm(a, n) if n == 0 then coroutine.yield(table.concat(a)) else for i = 1, n do a[i], a[n] = a[n], a[i] perm(a, n - 1) a[i], a[n] = a[n], a[i] end end end local r = {} for p in coroutine.wrap(function() perm({\"a\", \"b\", \"c\"}, 3) end) do r[#r + 1] = p end return table.concat(r, \" \")",
        "bca cba cab acb bac abc")]
    [InlineData(
        "local co = coroutine.wrap(function(...) local n = select(\"#\", ...) while true do n = n + select(\"#\", coroutine.yield(n)) end end) return co(1, 2), co(), co(nil, nil)",
        "2|2|4")]
    [InlineData("local co = coroutine.wrap(function() return coroutine.yield(coroutine.yield(1)) end) return co(), co(2), co(3)", "1|2|3")]
    [InlineData("local co = coroutine.create(function() return pcall(error, \"x\") end) return coroutine.resume(co)", "true|false|x")]
    [InlineData(
        "local co = coroutine.create(function() local ok, e = pcall(function() coroutine.yield(1) end) return ok, e end) return coroutine.resume(co)",
        "true|false|attempt to yield across metamethod/C-call boundary")]
    [InlineData("local ok, e = pcall(coroutine.wrap(function() error(\"w\", 0) end)) return ok, e", "false|w")]
    [InlineData(
        "local t = {} for i = 1, 5 do local co = coroutine.wrap(function(x) while true do x = x + i x = coroutine.yield(x) end end) t[i] = co end local s = 0 for r = 1, 3 do for i = 1, 5 do s = s + t[i](r) end end return s",
        "75")]
    [InlineData(
        "local co = coroutine.wrap(function() return xpcall(function() error(\"a\", 0) end, function(m) return m .. \"b\" end) end) return co()",
        "false|ab")]
    [InlineData(
        "local function f() return coroutine.wrap(f)() end return select(2, pcall(f)):match(\"C stack overflow\")",
        "C stack overflow")]
    [InlineData(
        "local co = coroutine.create(function() return (function(...) return select(\"#\", ...) end)(coroutine.yield()) end) coroutine.resume(co) return coroutine.resume(co, nil, nil, nil)",
        "true|3")]
    [InlineData(
        "local co = coroutine.wrap(function() local t = setmetatable({}, {__add = function(a, b) return b end}) return t + coroutine.yield(1) end) co() return co(5)",
        "5")]
    [InlineData("return coroutine.wrap(function() return coroutine.yield end)() == coroutine.yield", "true")]
    [InlineData("local co = coroutine.create(function() end) return coroutine.resume(co), coroutine.status(co)", "true|dead")]
    public void Gives(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
