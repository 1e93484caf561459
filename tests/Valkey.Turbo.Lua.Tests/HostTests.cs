namespace Valkey.Turbo.Lua.Tests;

/// <summary>What a host does with an interpreter.</summary>
public sealed class HostTests
{
    private static readonly LuaString s_host = LuaString.Constant("host");

    private static LuaState NewState(LuaNativeFunction function, object? state = null)
    {
        LuaState lua = Script.NewState();
        lua.Globals[s_host] = lua.NewFunction("host", function, state);
        return lua;
    }

    [Fact]
    public void FunctionsTakeArgumentsAndGiveResults()
    {
        LuaState lua = NewState(static (ref LuaCall call) =>
        {
            call.Push(call.Count);
            for (int i = call.Count; i >= 1; i--)
            {
                call.Push(call[i]);
            }
            return call.ReturnPushed();
        });
        Assert.Equal("0", Script.Evaluate(lua, "return host()"));
        Assert.Equal("3|c|b|a", Script.Evaluate(lua, "return host(\"a\", \"b\", \"c\")"));
        Assert.Equal("2", Script.Evaluate(lua, "local n = host(1, 2) return n"));
        Assert.Equal("2|2|1|nil", Script.Evaluate(lua, "local a, b, c, d = host(1, 2) return a, b, c, d"));
        Assert.Equal("5|1", Script.Evaluate(lua, "return #{host(1, 2, 3, 4)}, (host(1))"));
    }

    [Fact]
    public void ManyArgumentsAndResultsFit()
    {
        LuaState lua = NewState(static (ref LuaCall call) =>
        {
            for (int i = 1; i <= 5000; i++)
            {
                call.Push(i);
            }
            return call.ReturnPushed();
        });
        Assert.Equal("5000|5000", Script.Evaluate(lua, "return select(\"#\", host()), (select(5000, host()))"));
    }

    [Fact]
    public void ErrorsHaveAnyValueAndAPosition()
    {
        Assert.Equal("false|t:1: no", Script.Evaluate(NewState(static (ref LuaCall call) => throw call.Error("no")), "return pcall(function() host() end)"));
        Assert.Equal("5", Script.Evaluate(NewState(static (ref LuaCall call) => call.Raise(5)), "return select(2, pcall(host))"));
        Assert.Equal("false|plain", Script.Evaluate(NewState(static (ref LuaCall call) => throw new LuaException("plain")), "return pcall(host)"));
        Assert.Equal(
            "error: t:1: bad argument #1 to 'host' (table expected, got number)",
            Script.Evaluate(NewState(static (ref LuaCall call) => call.Return(call.CheckTable(1))), "host(1)"));
    }

    private sealed class Twice : LuaContinuation
    {
        private double _sum;
        private int _calls;

        public override int Resume(ref LuaCall call)
        {
            _sum += call.Result(1).TryGetNumber(out double number) ? number : 0;
            return ++_calls < 2 ? call.Invoke(call[1], [_calls], this) : call.Return(_sum, call.ResultCount);
        }
    }

    [Fact]
    public void FunctionsCallFunctions()
    {
        LuaState lua = NewState(static (ref LuaCall call) => call.Invoke(call[1], [0.0], new Twice()));
        Assert.Equal("21|2", Script.Evaluate(lua, "return host(function(x) return x + 10, 1 end)"));
        Assert.Equal("1|1", Script.Evaluate(lua, "return host(math.abs)"));
        Assert.Equal("false|t:1: in", Script.Evaluate(lua, "return pcall(host, function(x) error(\"in\") end)"));
        Assert.Equal("false|attempt to call a nil value", Script.Evaluate(lua, "return pcall(host, nil)"));
        Assert.Equal("42|2", Script.Evaluate(lua, "return host(function(x) return host(function(y) return y + 10 end) end)"));
    }

    private sealed class Answer : LuaContinuation
    {
        internal LuaValue Value { get; set; }

        public override int Resume(ref LuaCall call) => call.Return(Value);
    }

    [Fact]
    public void FunctionsWaitForTheHost()
    {
        Answer answer = new();
        LuaState lua = NewState(static (ref LuaCall call) => call.Suspend((Answer)call.NativeState!), answer);
        lua.Start(lua.Load(Script.Compile("local s = 0 for i = 1, 3 do s = s + host(i) end return pcall(function() return s, host() end)")));
        for (int i = 1; i <= 3; i++)
        {
            Assert.Equal(LuaRunStatus.Suspended, lua.Run(long.MaxValue));
            answer.Value = i * 10;
        }
        Assert.Equal(LuaRunStatus.Suspended, lua.Run(long.MaxValue));
        answer.Value = LuaString.Constant("end");
        Assert.Equal(LuaRunStatus.Completed, lua.Run(long.MaxValue));
        Assert.Equal("true|60|end", string.Join('|', lua.Results.ToArray().Select(value => value.ToString())));
    }

    [Fact]
    public void ProtectedTablesCannotBeChanged()
    {
        LuaState lua = Script.NewState();
        LuaState.Protect(lua.Globals);
        LuaState.Protect(lua.StringMetatable!);
        const string Refusal = "Attempt to modify a readonly table";
        Assert.Equal($"error: t:1: {Refusal}", Script.Evaluate(lua, "x = 1"));
        Assert.Equal($"error: t:1: {Refusal}", Script.Evaluate(lua, "print = nil string.rep = nil"));
        Assert.Equal($"error: t:1: {Refusal}", Script.Evaluate(lua, "math.pi = 3"));
        Assert.Equal($"error: t:1: {Refusal}", Script.Evaluate(lua, "string[1] = 3"));
        Assert.Equal($"error: t:1: {Refusal}", Script.Evaluate(lua, "string[\"a\" .. 1] = 3"));
        Assert.Equal($"error: t:1: {Refusal}", Script.Evaluate(lua, "getmetatable(\"\").__index = {}"));
        Assert.Equal($"false|{Refusal}", Script.Evaluate(lua, "return pcall(rawset, _G, \"x\", 1)"));
        Assert.Equal($"false|{Refusal}", Script.Evaluate(lua, "return pcall(setmetatable, _G, {})"));
        Assert.Equal($"false|{Refusal}", Script.Evaluate(lua, "return pcall(table.insert, math, 1)"));
        Assert.Equal($"false|{Refusal}", Script.Evaluate(lua, "return pcall(table.insert, math, 1, 1)"));
        Assert.Equal("3", Script.Evaluate(lua, "local t = {} t.x = 3 return t.x"));
        LuaTable sorted = lua.NewTable();
        sorted[1] = 2.0;
        sorted[2] = 1.0;
        sorted.IsReadOnly = true;
        lua.Globals.IsReadOnly = false;
        lua.Globals[LuaString.Constant("sorted")] = sorted;
        Assert.Equal($"false|{Refusal}", Script.Evaluate(lua, "return pcall(table.sort, sorted)"));
        Assert.Equal($"false|{Refusal}", Script.Evaluate(lua, "return pcall(table.remove, sorted)"));
        Assert.Equal("2|1", Script.Evaluate(lua, "return unpack(sorted)"));
    }

    [Fact]
    public void GlobalsMayBeAnyTable()
    {
        LuaState lua = Script.NewState();
        LuaTable globals = lua.NewTable();
        globals[LuaString.Constant("x")] = 5.0;
        lua.Start(lua.Load(Script.Compile("y = x + 1 return y, tostring"), globals));
        Assert.Equal(LuaRunStatus.Completed, lua.Run(1000));
        Assert.Equal("6|nil", string.Join('|', lua.Results.ToArray().Select(value => value.ToString())));
        Assert.True(lua.Globals[LuaString.Constant("y")].IsNil);
    }

    [Fact]
    public void TracebacksListTheCalls()
    {
        LuaState lua = Script.NewState();
        lua.KeepsTraceback = true;
        Assert.Equal(
            "error: t:1: deep",
            Script.Evaluate(lua, "local function f() error(\"deep\") end\nfunction g() f() end\nlocal function h() return g() end\nlocal x = h()"));
        Assert.Equal(
            "stack traceback:\n\tt:1: in function 'f'\n\tt:2: in function <t:2>\n\t(tail call): ?\n\tt:4: in main chunk",
            lua.FailedTraceback);
    }

    [Fact]
    public void ChunksAreSharedByThreads()
    {
        LuaChunk chunk = Script.Compile("local t = {} for i = 1, 2000 do t[\"k\" .. i % 50] = (t[\"k\" .. i % 50] or 0) + i end return t.k7, #tostring(t.k8)");
        string[] answers = new string[4];
        Thread[] threads = [.. Enumerable.Range(0, answers.Length).Select(index => new Thread(() =>
        {
            LuaState lua = Script.NewState();
            for (int run = 0; run < 20; run++)
            {
                lua.Start(lua.Load(chunk));
                Script.Finish(lua, 500);
            }
            answers[index] = string.Join('|', lua.Results.ToArray().Select(value => value.ToString()));
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        Assert.All(answers, answer => Assert.Equal("39280|5", answer));
    }

    [Fact]
    public void RunsAreTheSameEveryTime()
    {
        const string Source = "local t = {} for i = 1, 100 do t[\"key\" .. i * 7919 % 101] = i end local s = \"\" "
            + "for k, v in pairs(t) do s = s .. k .. v end return s, math.random(1000), math.random(1000)";
        string first = Script.Evaluate(Source);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(first, Script.Evaluate(Source));
        }
    }

    [Fact]
    public void RandomNumbersAreTheHosts()
    {
        LuaState lua = Script.NewState();
        lua.Random = new Constant();
        Assert.Equal("0.5|6|51", Script.Evaluate(lua, "return math.random(), math.random(10), math.random(1, 100)"));
        lua.CpuSeconds = () => 12.5;
        Assert.Equal("12.5", Script.Evaluate(lua, "return os.clock()"));
        Assert.Equal("nil|nil", Script.Evaluate(lua, "return os.time, os.execute"));
    }

    private sealed class Constant : LuaRandom
    {
        public override double NextFraction() => 0.5;

        public override void Seed(int seed)
        {
        }
    }

    [Theory]
    [InlineData("return loadstring(\"\\0\")", "nil|[string \"\"]:1: unexpected symbol")]
    [InlineData("return loadstring(\"\\27LuaQ\")", "nil|[string \"\u001bLuaQ\"]:1: unexpected symbol near 'char(27)'")]
    [InlineData("return io, require, dofile, loadfile, print, module, package, debug", "nil|nil|nil|nil|nil|nil|nil|nil")]
    public void TheSandboxHasNoDoors(string source, string expected) => Assert.Equal(expected, Script.Evaluate(source));
}
