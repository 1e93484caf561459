namespace Valkey.Turbo.Lua.Tests;

/// <summary>The library of tables.</summary>
public sealed class TableLibraryTests
{
    [Theory]
    [InlineData(
        "return table.concat({}), table.concat({1, 2, 3}), table.concat({1, 2, 3}, \", \"), table.concat({1, 2, 3}, \", \", 2), table.concat({1, 2, 3}, \", \", 2, 2), table.concat({1, 2}, \",\", 3), table.concat({\"a\", 1.5, \"b\"}, \"-\"), table.concat({1, 2, 3}, 0)",
        "|123|1, 2, 3|2, 3|2||a-1.5-b|10203")]
    [InlineData(
        "local t = {} table.insert(t, \"a\") table.insert(t, \"b\") table.insert(t, 1, \"c\") table.insert(t, 4, \"d\") return table.concat(t, \",\")",
        "c,a,b,d")]
    [InlineData(
        "local t = {1, 2, 3} table.insert(t, 2, 9) table.insert(t, 10, 7) return #t, t[10], table.concat(t, \",\", 1, 4)",
        "4|7|1,9,2,3")]
    [InlineData("local t = {1, 2, 3} table.insert(t, -1, 5) return t[-1], t[1], t[4], #t", "5|nil|3|4")]
    [InlineData(
        "local t = {1, 2, 3} return table.remove(t), table.remove(t, 1), #t, table.remove(t), table.remove(t), #t",
        "3|1|1|2|nil|0")]
    [InlineData(
        "local t = {1, 2, 3} return table.remove(t, 5), table.remove(t, 0), table.remove({}), select(\"#\", table.remove({})), table.concat(t, \",\")",
        "nil|nil|nil|0|1,2,3")]
    [InlineData("local t = {5, 2, 8, 1, 9, 3} table.sort(t) return table.concat(t, \" \")", "1 2 3 5 8 9")]
    [InlineData("local t = {5, 2, 8, 1, 9, 3} table.sort(t, function(a, b) return a > b end) return table.concat(t, \" \")", "9 8 5 3 2 1")]
    [InlineData("local t = {\"banana\", \"apple\", \"cherry\"} table.sort(t) return table.concat(t, \" \")", "apple banana cherry")]
    [InlineData(
        "local t = {} for i = 1, 100 do t[i] = (i * 37) % 101 end table.sort(t) local ok = true for i = 2, 100 do ok = ok and t[i - 1] <= t[i] end return ok, t[1], t[100]",
        "true|1|100")]
    [InlineData(
        "local t = {} for i = 1, 50 do t[i] = {i % 5, i} end table.sort(t, function(a, b) return a[1] < b[1] end) local s = \"\" for i = 1, 50 do s = s .. t[i][2] .. \" \" end return s",
        "50 30 20 15 35 45 40 10 25 5 31 26 21 36 46 41 6 1 11 16 12 32 37 42 27 7 2 47 17 22 43 38 13 28 18 23 48 33 3 8 44 34 4 49 24 39 29 14 9 19 ")]
    [InlineData(
        "local n = 0 local t = {} for i = 1, 40 do t[i] = (i * 7) % 41 end table.sort(t, function(a, b) n = n + 1 return a < b end) return n",
        "194")]
    [InlineData(
        "local m = {__lt = function(a, b) return a.v < b.v end} local t = {} for i = 1, 9 do t[i] = setmetatable({v = (i * 5) % 9}, m) end table.sort(t) local s = \"\" for i = 1, 9 do s = s .. t[i].v end return s",
        "012345678")]
    [InlineData("local t = {3, 1, 2} table.sort(t, nil) return table.concat(t)", "123")]
    [InlineData("local t = {1} table.sort(t) table.sort({}) return #t", "1")]
    [InlineData(
        "return table.getn({1, 2, 3}), table.maxn({1, 2, [10] = 1, [5.5] = 2, x = 1}), table.maxn({}), table.maxn({[-1] = 1})",
        "3|10|0|0")]
    [InlineData(
        "local s = 0 table.foreachi({1, 2, 3}, function(i, v) s = s + i * v end) return s, table.foreachi({1, 2, 3}, function(i, v) if v == 2 then return \"two\" end end)",
        "14|two")]
    [InlineData(
        "local s = 0 table.foreach({1, 2, x = 3}, function(k, v) s = s + v end) return s, table.foreach({a = 1}, function(k, v) return k end)",
        "6|a")]
    [InlineData(
        "local t = setmetatable({}, {__index = function() return \"x\" end}) return pcall(table.concat, t, \"\", 1, 2)",
        "false|invalid value (nil) at index 1 in table for 'concat'")]
    [InlineData("local t = setmetatable({1, 2}, {__newindex = error}) table.insert(t, 3) return #t, t[3]", "3|3")]
    [InlineData("local t = {1, 2, 3, 4, 5} for i = 1, 3 do table.remove(t, 2) end return table.concat(t, \",\")", "1,5")]
    [InlineData("return unpack({1, nil, 3}, 1, 3)", "1|nil|3")]
    public void Gives(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
