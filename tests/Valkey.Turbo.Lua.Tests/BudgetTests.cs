namespace Valkey.Turbo.Lua.Tests;

/// <summary>Interpreters are left when their budget is used up, go on where they were, and can be stopped there.</summary>
public sealed class BudgetTests
{
    /// <summary>A program that is left inside everything that can be left.</summary>
    private const string Everything = """
        local log = {}
        local function note(x) log[#log + 1] = tostring(x) end
        for i = 1, 3 do note(i) end
        local i = 0
        while i < 3 do i = i + 1 note(i) end
        repeat i = i - 1 note(i) until i == 0
        for k, v in pairs({10, 20, x = 30}) do note(v) end
        for w in ("one two three"):gmatch("%a+") do note(w) end
        for v in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i) end end) do note(v) end
        note(pcall(function() for i = 1, 3 do note(i) end error("e", 0) end))
        note(select(2, xpcall(function() for i = 1, 2 do note(i) end error("e", 0) end, function(m) for i = 1, 2 do note(i) end return m .. "!" end)))
        local t = {5, 3, 9, 1, 7, 2, 8}
        table.sort(t, function(a, b) for i = 1, 2 do end return a < b end)
        note(table.concat(t, ","))
        local big = {}
        for i = 1, 200 do big[i] = (i * 37) % 199 end
        table.sort(big)
        note(big[1] .. big[200])
        note(("a,b,c"):gsub("%w", function(c) for i = 1, 2 do end return c:upper() end))
        note(("a,b"):gsub("%w", setmetatable({}, {__index = function(_, k) for i = 1, 2 do end return k .. k end})))
        local m = {}
        for _, e in ipairs{"add", "concat", "lt", "le", "eq", "index", "newindex", "call", "unm", "len"} do
            m["__" .. e] = function(a, b) for i = 1, 2 do end return e end
        end
        local a, b = setmetatable({}, m), setmetatable({}, m)
        note(a + 1) note(a .. "x" .. b) note(a < b) note(a <= b) note(a == b) note(a.x) a.y = 1 note(a()) note(-a)
        table.foreach({1, 2}, function(k, v) for i = 1, 2 do end note(v) end)
        note(load(function() if i then i = nil return "return 42" end end)())
        note(tostring(setmetatable({}, {__tostring = function() for i = 1, 2 do end return "T" end})))
        for _, x in (function() return function(s, c) for i = 1, 2 do end if c < 3 then return c + 1, c end end, nil, 0 end)() do note(x) end
        note((("a"):rep(30)):find(("a?"):rep(8) .. ("a"):rep(30)))
        local function depth(n) if n == 0 then return 0 end return 1 + depth(n - 1) end
        note(depth(20))
        return table.concat(log, " ")
        """;

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(100)]
    [InlineData(1000)]
    public void ProgramsDoTheSameInAnySlices(long budget) =>
        Assert.Equal(Script.Evaluate(Everything), Script.Evaluate(Script.NewState(), Everything, budget));

    [Fact]
    public void ProgramsAreStoppedAtEveryPlace()
    {
        LuaChunk chunk = Script.Compile(Everything);
        int slices = 0;
        LuaState counted = Script.NewState();
        counted.Start(counted.Load(chunk));
        while (counted.Run(0) == LuaRunStatus.OutOfBudget)
        {
            slices++;
        }
        Assert.True(slices > 400, $"{slices}");
        LuaState state = Script.NewState();
        for (int place = 0; place < slices; place++)
        {
            state.Start(state.Load(chunk));
            for (int slice = 0; slice <= place; slice++)
            {
                Assert.Equal(LuaRunStatus.OutOfBudget, state.Run(0));
            }
            Assert.True(state.CurrentLine > 0);
            state.Abort();
        }
        // It is as good as new.
        Assert.Equal(Script.Evaluate(Everything), Script.Evaluate(state, Everything));
    }

    [Theory]
    [InlineData("while true do end")]
    [InlineData("while true do pcall(error) end")]
    [InlineData("repeat until false")]
    [InlineData("for i = 1, math.huge do end")]
    [InlineData("local function f() return f() end f()")]
    [InlineData("local function f(...) return f(1, ...) end f()")]
    [InlineData("local function f() pcall(f) end while true do f() end")]
    [InlineData("while true do pcall(function() while true do end end) end")]
    [InlineData("xpcall(function() while true do end end, function() while true do end end)")]
    [InlineData("xpcall(error, function() while true do end end)")]
    [InlineData("coroutine.wrap(function() while true do end end)()")]
    [InlineData("local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end")]
    [InlineData("for k in function() return 1 end do end")]
    [InlineData("local t = setmetatable({}, {__index = function(t, k) while true do end end}) return t.x")]
    [InlineData("table.sort({1, 2, 3, 4, 5, 6}, function(a, b) while true do end end)")]
    [InlineData("(\"x\"):gsub(\"x\", function() while true do end end)")]
    [InlineData("(\"a\"):rep(40):find((\"a?\"):rep(40) .. (\"a\"):rep(40))")]
    [InlineData("(\"a\"):rep(5000):match(\".-.-.-.-b\")")]
    [InlineData("(\"a\"):rep(5000):gsub(\".-.-.-.-b\", \"\")")]
    [InlineData("for x in (\"a\"):rep(5000):gmatch(\".-.-.-.-b\") do end")]
    [InlineData("load(function() return \" \" end)")]
    [InlineData("while true do local s = (\"x\"):rep(1000) end")]
    public void NothingRunsForever(string source)
    {
        LuaState state = Script.NewState(256 << 20);
        state.Start(state.Load(Script.Compile(source)));
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(LuaRunStatus.OutOfBudget, state.Run(10_000));
        }
        state.Abort();
        Assert.Equal("3", Script.Evaluate(state, "return 1 + 2"));
    }

    [Fact]
    public void TheBudgetIsAboutInstructions()
    {
        LuaState state = Script.NewState();
        state.Start(state.Load(Script.Compile("local x = 0 for i = 1, 100000 do x = x + i end return x")));
        int slices = 0;
        while (state.Run(1000) == LuaRunStatus.OutOfBudget)
        {
            slices++;
        }
        Assert.InRange(slices, 150, 450);
        Assert.Equal(5000050000, state.Results[0].TryGetNumber(out double sum) ? sum : 0);
    }

    [Fact]
    public void LinesAreTraced()
    {
        LuaState state = Script.NewState();
        LuaChunk chunk = LuaCompiler.Compile("local x = 1\nfor i = 1, 2 do\n  x = x + i\nend\nreturn x"u8, Script.ChunkName, traceLines: true);
        state.TracesLines = true;
        state.Start(state.Load(chunk));
        List<int> lines = [];
        while (state.Run(1000) == LuaRunStatus.Line)
        {
            lines.Add(state.CurrentLine);
        }
        Assert.Equal([1, 2, 3, 3, 5], lines);
        state.TracesLines = false;
        state.Start(state.Load(chunk));
        Assert.Equal(LuaRunStatus.Completed, state.Run(1000));
    }
}
