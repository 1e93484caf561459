namespace Valkey.Turbo.Lua.Tests;

/// <summary>The language: operators, statements, functions, closures, metatables.</summary>
public sealed class LanguageTests
{
    [Theory]
    [InlineData("return 1 + 2, 10 / 4, 7 % 3, -7 % 3, 7 % -3, 2 ^ 10, 2 ^ 3 ^ 2, -2 ^ 2", "3|2.5|1|2|-2|1024|512|-4")]
    [InlineData("return 5.5 % 2, 1 / 0, -1 / 0, 1e308 * 10, 2 ^ 0.5", "1.5|inf|-inf|inf|1.4142135623731")]
    [InlineData("return \"10\" + 5, \"3\" * \"4\", 10 .. 20, \"0x10\" + 0, \" 5 \" * 1", "15|12|1020|16|5")]
    [InlineData(
        "return 1 < 2, 1 <= 1, \"a\" < \"b\", \"a\" < \"B\", \"\" < \"a\", \"a\\0b\" < \"a\\0c\", \"Z\" < \"a\"",
        "true|true|true|false|true|true|true")]
    [InlineData("return 1 == 1.0, \"1\" == 1, nil == false, \"a\" == \"a\", {} == {}", "true|false|false|true|false")]
    [InlineData(
        "return not nil, not 0, not \"\", nil and 1, false or nil, 1 and 2, nil or \"x\", false and error(\"no\")",
        "true|false|false|nil|nil|2|x|false")]
    [InlineData("return 1 and nil or 3, (1 and 2) or 3, not (1 == 2), 1 ~= 2", "3|2|true|true")]
    [InlineData("return #\"abc\", #{1, 2, 3}, #{1, nil, 3}, #{nil}, #{n = 1}, #{nil, nil, 3}, #{1, 2, nil, 4}, #\"\"", "3|3|3|0|0|3|4|0")]
    [InlineData("return 0x10, 0xff, 1e2, .5, 3., 5e-1, 0x.8, 1E+2, 0xA.8p1", "syntax: t:1: malformed number near '0x'")]
    [InlineData(
        "return 100000000000000, 99999999999999, 1e15, 123456789012345, 0.1, 1 / 3, -1.5e-7, 1e100",
        "1e+14|99999999999999|1e+15|1.2345678901234e+14|0.1|0.33333333333333|-1.5e-07|1e+100")]
    [InlineData("return \"a\\65\\066\\x\", 'it''s' == nil", "syntax: t:1: '<eof>' expected near ''s''")]
    [InlineData(
        "return \"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\\'\" == \"\\7\\8\\12\\10\\13\\9\\11\\92\\34\\39\", \"\\z\", \"a\\",
        "syntax: t:1: unfinished string near '<eof>'")]
    [InlineData("b\"", "syntax: t:1: unfinished string near '<eof>'")]
    [InlineData("return [[a]], [==[]]]==], [[", "syntax: t:1: unfinished long string near '<eof>'")]
    [InlineData("x]], #[[", "syntax: t:1: '=' expected near ']'")]
    [InlineData("]]", "syntax: t:1: unexpected symbol near ']'")]
    [InlineData("local a, b, c = 1, 2 return a, b, c", "1|2|nil")]
    [InlineData("local a, b = (function() return 1, 2, 3 end)() return a, b", "1|2")]
    [InlineData("local a, b = ((function() return 1, 2, 3 end)()) return a, b", "1|nil")]
    [InlineData("local function f() return 1, 2, 3 end return f(), f()", "1|1|2|3")]
    [InlineData("local function f() return 1, 2, 3 end return (f())", "1")]
    [InlineData("local function f() return 1, 2, 3 end local t = {f(), f()} return #t, unpack(t)", "4|1|1|2|3")]
    [InlineData("local function f() return 1, 2, 3 end local t = {f(), x = 1, (f())} return #t", "2")]
    [InlineData("local function f(...) return select(\"#\", ...), ... end return f(), f(nil), f(nil, nil), f(1, nil)", "0|1|2|2|1|nil")]
    [InlineData("local function f(a, ...) local b, c = ... return a, b, c, select(\"#\", ...) end return f(1, 2, 3, 4)", "1|2|3|3")]
    [InlineData("local function f(...) local t = {...} return #t, t[2] end return f(1, 2, 3)", "3|2")]
    [InlineData("function f(a, ...) return arg.n, arg[1], #arg end return f(1, 2, 3)", "2|2|2")]
    [InlineData("function f(...) local x = ... return arg end return f(1)", "nil")]
    [InlineData("local s = 0 for i = 1, 10 do s = s + i end return s", "55")]
    [InlineData("local s = 0 for i = 10, 1, -3 do s = s + i end return s", "22")]
    [InlineData("local s = \"\" for i = 0, 1, 0.25 do s = s .. i .. \" \" end return s", "0 0.25 0.5 0.75 1 ")]
    [InlineData("local n = 0 for i = 1, 0 do n = n + 1 end for i = 1, 3, -1 do n = n + 1 end return n", "0")]
    [InlineData("local n = 0 for i = \"1\", \"3\" do n = n + i end return n", "6")]
    [InlineData("for i = 1, 3 do local j = i i = 10 if j == 3 then return j, i end end", "3|10")]
    [InlineData("local i, s = 0, 0 while true do i = i + 1 if i > 10 then break end s = s + i end return s", "55")]
    [InlineData("local i = 0 repeat local j = i i = i + 1 until j >= 5 return i", "6")]
    [InlineData("local i = 0 repeat i = i + 1 if i == 3 then break end until false return i", "3")]
    [InlineData(
        "local t = {} for k, v in pairs({10, 20, 30}) do t[#t + 1] = k .. \"=\" .. v end return table.concat(t, \" \")",
        "1=10 2=20 3=30")]
    [InlineData("local t = {} for i, v in ipairs({1, 2, nil, 4}) do t[#t + 1] = v end return #t", "2")]
    [InlineData(
        "local function it(s, c) if c < s then return c + 1, c * 10 end end local r = 0 for a, b in it, 3, 0 do r = r + a + b end return r",
        "36")]
    [InlineData("local t = {1, 2, 3, x = 1, y = 2} for k in pairs(t) do t[k] = nil end return next(t)", "nil")]
    [InlineData(
        "local t = {a = 1, b = 2, c = 3} local n = 0 for k, v in pairs(t) do t[k] = v * 2 n = n + 1 end return n, t.a, t.b, t.c",
        "3|2|4|6")]
    [InlineData(
        "local f = {} for i = 1, 3 do f[i] = function() i = i + 1 return i end end return f[1](), f[1](), f[2](), f[3]()",
        "2|3|3|4")]
    [InlineData(
        "local f = {} local i = 1 while i <= 3 do local j = i f[i] = function() j = j + 1 return j end i = i + 1 end return f[1](), f[1](), f[2]()",
        "2|3|3")]
    [InlineData(
        "local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end end local a, b = counter() a() a() return b()",
        "2")]
    [InlineData("local x = 1 local function f() return x end x = 2 return f()", "2")]
    [InlineData("local a = 1 local function f() a = 10 return 1 end return a + f(), a", "11|10")]
    [InlineData("local a = {1} local function f() a = {100} return 1 end return a[f()]", "100")]
    [InlineData("local a = 1 local function f() a = a + 1 return a end return a, f(), a", "1|2|2")]
    [InlineData("local function fact(n) if n <= 1 then return 1 end return n * fact(n - 1) end return fact(20)", "2.4329020081766e+18")]
    [InlineData("local function loop(n) if n == 0 then return \"done\" end return loop(n - 1) end return loop(100000)", "done")]
    [InlineData("local i, t = 1, {} i, t[i] = i + 1, 20 return i, t[1], t[2]", "2|20|nil")]
    [InlineData("local a, b = 1, 2 a, b = b, a return a, b", "2|1")]
    [InlineData("local t = {} t.x, t.y = 1 return t.x, t.y", "1|nil")]
    [InlineData("local a = {} a.b = {} a.b.c = {} a.b.c.d = 5 return a[\"b\"][\"c\"].d", "5")]
    [InlineData("local t = {[1] = \"a\", [2] = \"b\", \"c\"} return t[1], t[2], #t", "c|b|2")]
    [InlineData("local t = {1, 2; 3, x = 1; [\"y z\"] = 2, [10] = 3,} return #t, t.x, t[\"y z\"], t[10]", "3|1|2|3")]
    [InlineData("local t = {f = function(self, x) return self.n + x end, n = 5} return t:f(3), t.f({n = 1}, 1)", "8|2")]
    [InlineData("local t = {} function t.a(x) return x end function t:b(x) return self == t, x end return t.a(1), t:b(2)", "1|true|2")]
    [InlineData("do local x = 1 end return x", "nil")]
    [InlineData("local x = 1 do local x = 2 end return x", "1")]
    [InlineData("return ((\"x\"):rep(3)), (\"%d\"):format(3), #(\"abc\")", "xxx|3|3")]
    [InlineData("local t = setmetatable({}, {__index = {a = 1}}) return t.a, t.b", "1|nil")]
    [InlineData(
        "local t = setmetatable({}, {__index = function(t, k) return k .. \"!\" end}) return t.a, t[1], rawget(t, \"a\")",
        "a!|1!|nil")]
    [InlineData(
        "local log = {} local t = setmetatable({}, {__newindex = function(t, k, v) rawset(t, k, v * 2) end}) t.a = 1 t.a = 5 return t.a",
        "5")]
    [InlineData("local p = {} local t = setmetatable({}, {__newindex = p}) t.a = 1 return rawget(t, \"a\"), p.a", "nil|1")]
    [InlineData(
        "local m = {} for _, e in ipairs{\"add\", \"sub\", \"mul\", \"div\", \"mod\", \"pow\", \"concat\"} do m[\"__\" .. e] = function(a, b) return e end end local t = setmetatable({}, m) return t + 1, 1 - t, t * t, t / 1, t % 1, t ^ 1, t .. \"x\", \"x\" .. t, 1 .. t",
        "add|sub|mul|div|mod|pow|concat|concat|concat")]
    [InlineData(
        "local t = setmetatable({}, {__unm = function() return \"neg\" end, __len = function() return 5 end}) return -t, #t",
        "neg|0")]
    [InlineData(
        "local m = {__eq = function() return true end, __lt = function() return true end, __le = function() return false end} local a, b = setmetatable({}, m), setmetatable({}, m) return a == b, a ~= b, a < b, a > b, a <= b, a >= b",
        "true|false|true|true|false|false")]
    [InlineData(
        "local m = {__lt = function(a, b) return a.v < b.v end} local a, b = setmetatable({v = 1}, m), setmetatable({v = 2}, m) return a < b, a <= b, b <= a, a >= b",
        "true|true|false|false")]
    [InlineData("local t = setmetatable({}, {__call = function(self, a, b) return a, b, self ~= nil end}) return t(1, 2)", "1|2|true")]
    [InlineData(
        "local t = setmetatable({}, {__call = function(self, ...) return select(\"#\", ...) end}) return (function() return t(1, nil, nil) end)()",
        "3")]
    [InlineData(
        "local t = setmetatable({}, {__concat = function(a, b) return (type(a) == \"table\" and \"T\" or a) .. (type(b) == \"table\" and \"T\" or b) end}) return t .. \"a\" .. \"b\" .. t, \"x\" .. \"y\" .. t .. \"z\"",
        "TabT|xyTz")]
    [InlineData("local t = setmetatable({}, {__tostring = function() return \"me\" end}) return tostring(t)", "me")]
    [InlineData(
        "local t = setmetatable({}, {__metatable = \"locked\"}) return getmetatable(t), pcall(setmetatable, t, {})",
        "locked|false|cannot change a protected metatable")]
    [InlineData(
        "local a = setmetatable({}, {__index = function(t, k) return k * 2 end}) local s = 0 for i = 1, 3 do s = s + a[i] end return s",
        "12")]
    [InlineData(
        "local C = {} C.__index = C function C.new(x) return setmetatable({x = x}, C) end function C:get() return self.x end local D = setmetatable({}, {__index = C}) D.__index = D local o = setmetatable({x = 7}, D) return o:get(), C.new(3):get()",
        "7|3")]
    [InlineData(
        "local e = setmetatable({}, {__index = _G}) local f = loadstring(\"x = 5 return tostring(x)\") setfenv(f, e) return f(), rawget(e, \"x\"), x",
        "5|5|nil")]
    [InlineData("local function f() return getfenv(1) == _G, getfenv(f) == getfenv(), getfenv(0) == _G end return f()", "true|true|true")]
    [InlineData("local f = setfenv(function() y = 1 return y end, {}) return f(), y", "1|nil")]
    [InlineData("return loadstring(\"return 1, 2\")()", "1|2")]
    [InlineData("local i = 0 local p = {\"return \", \"1\", \" + 2\"} return load(function() i = i + 1 return p[i] end)()", "3")]
    [InlineData("return loadstring(\"x =\")", "nil|[string \"x =\"]:1: unexpected symbol near '<eof>'")]
    [InlineData("return type(loadstring(\"return ...\")), loadstring(\"return ...\")(1, 2)", "function|1|2")]
    [InlineData(
        "return tostring(1e15), tostring(-0.0), tostring(0 / 1), tostring(2 ^ 53), tostring(2 ^ 63), tostring(12345.678)",
        "1e+15|-0|-0|9.007199254741e+15|9.2233720368548e+18|12345.678")]
    [InlineData(
        "return tonumber(\"10\"), tonumber(\" 10 \"), tonumber(\"10a\"), tonumber(\"1e1\"), tonumber(\"0x1f\"), tonumber(\"\"), tonumber(\"  \"), tonumber(\"1 2\"), tonumber(\".\"), tonumber(\"-0x10\"), tonumber(\"+5\"), tonumber(\"1e\"), tonumber(\"0x\"), tonumber(\"1\\0\")",
        "10|10|nil|10|31|nil|nil|nil|nil|-16|5|nil|nil|1")]
    [InlineData(
        "return tonumber(\"ff\", 16), tonumber(\"zz\", 36), tonumber(\"8\", 8), tonumber(\"-ff\", 16), tonumber(\"1010\", 2), tonumber(\"0xff\", 16), tonumber(\" 7 \", 8)",
        "255|1295|nil|1.844674407371e+19|10|255|7")]
    [InlineData(
        "return tonumber(nil), tonumber({}), tonumber(true), tonumber(\"inf\"), tonumber(\"infinity\"), tonumber(\"nan\") ~= tonumber(\"nan\"), tonumber(\"0x1p4\")",
        "nil|nil|nil|inf|inf|true|16")]
    [InlineData("return select(\"#\"), select(\"#\", nil, nil), select(2, 1, 2, 3), select(-1, 1, 2, 3)", "0|2|2|3")]
    [InlineData("return unpack({1, 2, 3}), unpack({1, 2, 3}, 2), unpack({1, 2, 3}, 2, 3)", "1|2|2|3")]
    [InlineData("return rawequal(\"a\", \"a\"), rawequal({}, {}), rawget({5}, 1), rawset({}, 1, 2)[1]", "true|false|5|2")]
    [InlineData("return next({}), next({5}), next({5}, 1), type(next), next({a = 1})", "nil|1|nil|function|a|1")]
    [InlineData(
        "return pcall(error), pcall(error, nil), pcall(error, \"m\", 0), pcall(error, \"m\", 1), select(2, pcall(error, {1}))[1]",
        "false|false|false|false|1")]
    [InlineData("return pcall(function() return 1, 2 end), pcall(pcall), pcall(pcall, error)", "true|false|true|false|nil")]
    [InlineData(
        "return xpcall(function() error(\"x\", 0) end, function(m) return m .. \"!\" end), xpcall(function() return 1, 2 end, print)",
        "false|true|1|2")]
    [InlineData("return select(\"#\", pcall(error)), xpcall(error, error)", "2|false|error in error handling")]
    [InlineData(
        "return assert(1, 2, 3), pcall(assert, false), pcall(assert, nil, \"m\"), pcall(assert)",
        "1|false|false|false|bad argument #1 to '?' (value expected)")]
    [InlineData(
        "return type(1), type(\"x\"), type(nil), type({}), type(print or type), type(type), type(coroutine.create(function() end)), type(true)",
        "number|string|nil|table|function|function|thread|boolean")]
    [InlineData("return _VERSION, _G == _G._G, getmetatable(\"\").__index == string", "Lua 5.1|true|true")]
    [InlineData("return math.type, table.pack, string.pack, utf8", "nil|nil|nil|nil")]
    [InlineData("local t = {} for i = 1, 300 do t[i] = i end for i = 1, 300 do t[i] = nil end return #t, next(t)", "0|nil")]
    [InlineData(
        "local t = {} t[1.5] = \"a\" t[-1] = \"b\" t[0] = \"c\" t[2 ^ 53] = \"d\" t[true] = \"e\" return t[1.5], t[-1], t[0], t[2 ^ 53], t[true], t[false]",
        "a|b|c|d|e|nil")]
    [InlineData("local t = {} t[1] = 1 t[2] = 2 t[4] = 4 return #t, #{1, 2, 3, nil, 5, nil}", "4|3")]
    [InlineData("local t = {10, 20, 30, nil} t[4] = 40 t[5] = 50 return #t", "5")]
    [InlineData("local t = {} for i = 10, 1, -1 do t[i] = i end return #t", "10")]
    [InlineData("goto_label = 1 return goto_label", "1")]
    [InlineData("return 2^31, -2^31, 2^32 + 0.5, 1e-5, 123456.789e3", "2147483648|-2147483648|4294967296.5|1e-05|123456789")]
    [InlineData("return 1 --[[ c ]] + --[==[ ]] ]==] 2 -- end", "3")]
    [InlineData("return \"a\" .. 1 + 2 .. \"b\", 2 * 3 .. 4, -\"2\", - - 2", "a3b|64|-2|2")]
    [InlineData("return nil == nil, 1 < 2 == true, \"abc\" < \"abd\" == not false", "true|true|true")]
    [InlineData("local function f() return f end return f()()() == f", "true")]
    [InlineData("local t = {[{}] = 1} local n = 0 for k, v in pairs(t) do n = n + v end return n", "1")]
    [InlineData(";", "syntax: t:1: unexpected symbol near ';'")]
    [InlineData("return math.huge, -math.huge, math.pi", "inf|-inf|3.1415926535898")]
    [InlineData("local a <const> = 1", "syntax: t:1: unexpected symbol near '<'")]
    public void Gives(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
