using System.Globalization;
using System.Text;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>EVAL and its relatives: what goes in and comes out, what is refused, and that a script is one change to everybody else.</summary>
public sealed class ScriptingTests(ITestOutputHelper output)
{
    private const int Accounts = 16;
    private const int StartBalance = 100;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ValuesGoInAndComeOut(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        Assert.Equal("[a b c]", client.Run("EVAL", "return {KEYS[1],KEYS[2],ARGV[1]}", "2", "a", "b", "c"));
        Assert.Equal("[1 2]", client.Run("EVAL", "return {1,2.9,nil,4}", "0"));
        Assert.Equal("OK", client.Run("EVAL", "return redis.call('set',KEYS[1],ARGV[1])", "1", "k", "v"));
        Assert.Equal("v", client.Run("EVAL_RO", "return server.call('get',KEYS[1])", "1", "k"));
        Assert.Equal("nil", client.Run("EVAL", "return redis.call('get','none')", "0"));
        Assert.Equal("100000000000000", client.Run("EVAL", "return redis.call('echo', 1e14)", "0"));
        Assert.Equal("-MY error  in lines", client.Run("EVAL", "return redis.error_reply('MY error\\r\\nin lines')", "0"));
        Assert.Equal("x", client.Run("EVAL", "redis.setresp(3) redis.call('hset','h','f','x') return redis.call('hgetall','h').map.f", "0"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ErrorsSayWhatAndWhere(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        client.Run("SET", "k", "v");
        const string at = " script: on @user_script:";
        Assert.Equal("-WRONGTYPE Operation against a key holding the wrong kind of value" + at + "2.",
            client.Run("EVAL", "\nreturn redis.call('lpush', 'k', 'x')", "0"));
        Assert.Equal("-ERR Unknown command called from script" + at + "1.", client.Run("EVAL", "return redis.call('nosuch')", "0"));
        Assert.Equal("-ERR This Valkey command is not allowed from script" + at + "1.", client.Run("EVAL", "return redis.call('multi')", "0"));
        Assert.Equal("-ERR user_script:1: Script attempted to access nonexistent global variable 'foo'" + at + "1.", client.Run("EVAL", "return foo", "0"));
        Assert.Equal("-ERR user_script:1: Attempt to modify a readonly table" + at + "1.", client.Run("EVAL", "foo = 1", "0"));
        Assert.StartsWith("-ERR Error compiling script (new function): user_script:1:", client.Run("EVAL", "return {", "0"), StringComparison.Ordinal);
        Assert.Equal("-ERR Write commands are not allowed from read-only scripts." + at + "1.",
            client.Run("EVAL_RO", "return redis.call('set', 'k', '1')", "0"));
        Assert.Equal("v", client.Run("GET", "k"));
        Assert.Equal("[false ERR user_script:1: x]", client.Run("EVAL", "local ok, e = pcall(function() error('x') end) return {tostring(ok), 'ERR ' .. e}", "0"));
    }

    [Fact]
    public void ScriptsAreKnownByTheirDigests()
    {
        using TestServer server = new(2);
        using RespClient client = server.Connect();
        Assert.Equal("-NOSCRIPT No matching script.", client.Run("EVALSHA", new string('0', 40), "0"));
        string digest = client.Run("SCRIPT", "LOAD", "return 'loaded'");
        Assert.Equal("loaded", client.Run("EVALSHA", digest.ToUpperInvariant(), "0"));
        Assert.Equal("[1 0]", client.Run("SCRIPT", "EXISTS", digest, "x"));
        Assert.Equal("return 'loaded'", client.Run("SCRIPT", "SHOW", digest));
        for (int i = 0; i < 510; i++)
        {
            client.Run("EVAL", $"return {i}", "0");
        }
        // What was loaded stays; of the others 500 are kept.
        Assert.Equal(501, server.Info("number_of_cached_scripts"));
        Assert.Equal(10, server.Info("evicted_scripts"));
        Assert.Equal("loaded", client.Run("EVALSHA", digest, "0"));
        Assert.Equal("OK", client.Run("SCRIPT", "FLUSH"));
        Assert.Equal("-NOSCRIPT No matching script.", client.Run("EVALSHA", digest, "0"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public async Task AScriptIsOneChange(int threads)
    {
        using TestServer server = new(threads);
        using RespClient setup = server.Connect();
        for (int i = 0; i < Accounts; i++)
        {
            setup.Run("SET", $"account{i}", StartBalance.ToString(CultureInfo.InvariantCulture));
        }
        // Declared keys, undeclared ones, and one that is declared or not by chance.
        string[] scripts =
        [
            "redis.call('decrby', KEYS[1], ARGV[1]) redis.call('incrby', KEYS[2], ARGV[1]) return 1",
            "redis.call('decrby', 'account' .. ARGV[2], ARGV[1]) redis.call('incrby', 'account' .. ARGV[3], ARGV[1]) return 1",
            "local to = tonumber(ARGV[1]) == 7 and 'account' .. (tonumber(ARGV[3]) + 1) % 16 or KEYS[2] redis.call('get', to) "
                + "redis.call('decrby', KEYS[1], ARGV[1]) redis.call('incrby', to, ARGV[1]) return 1",
        ];
        using CancellationTokenSource ends = new(2000);
        Task[] movers = [.. Enumerable.Range(0, 4).Select(seed => Task.Run(() => Move(server, scripts, seed, ends.Token)))];
        using RespClient reader = server.Connect();
        string[] all = [.. Enumerable.Range(0, Accounts).Select(i => $"account{i}")];
        while (!ends.IsCancellationRequested)
        {
            Assert.Equal(Accounts * StartBalance, Sum(reader.Run(["MGET", .. all])));
            Assert.Equal((Accounts * StartBalance).ToString(CultureInfo.InvariantCulture), reader.Run(
                ["EVAL", "local sum = 0 for i, key in ipairs(KEYS) do sum = sum + redis.call('get', key) end return sum", "16", .. all]));
            reader.Send("MULTI");
            reader.Read();
            Array.ForEach(all, key => reader.Run("GET", key));
            Assert.Equal(Accounts * StartBalance, Sum(reader.Run("EXEC")));
        }
        await Task.WhenAll(movers);
    }

    private static void Move(TestServer server, string[] scripts, int seed, CancellationToken end)
    {
        Random random = new(seed);
        using RespClient client = server.Connect();
        while (!end.IsCancellationRequested)
        {
            int from = random.Next(Accounts), to = random.Next(Accounts);
            string amount = random.Next(1, 9).ToString(CultureInfo.InvariantCulture);
            string reply = client.Run("EVAL", scripts[random.Next(scripts.Length)], "2", $"account{from}", $"account{to}", amount, $"{from}", $"{to}");
            Assert.Equal("1", reply);
        }
    }

    private static int Sum(string reply) => reply.Trim('[', ']').Split(' ').Sum(word => int.Parse(word, CultureInfo.InvariantCulture));

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void AScriptThatFindsAnotherKeyIsBegunAnew(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        const string script = "local k = redis.call('get', KEYS[1]) if k then return redis.call('incr', k) end return 0";
        Assert.Equal("0", client.Run("EVAL", script, "1", "pointer"));
        client.Run("SET", "pointer", "target");
        for (int i = 1; i < 5; i++)
        {
            Assert.Equal($"{i}", client.Run("EVAL", script, "1", "pointer"));
        }
        // Where something was written, the run goes on with the other key's shard as well.
        const string writes = "redis.call('incr', KEYS[1]) if ARGV[1] then redis.call('incr', ARGV[1]) end return redis.call('get', KEYS[1])";
        Assert.Equal("1", client.Run("EVAL", writes, "1", "count"));
        Assert.Equal("2", client.Run("EVAL", writes, "1", "count", "other"));
        Assert.Equal("[2 1]", client.Run("MGET", "count", "other"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void AScriptIsWatchedHeardAndWaitedForLikeACommand(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect(), other = server.Connect(), waiting = server.Connect();
        client.Run("WATCH", "k");
        other.Run("EVAL", "return redis.call('set', KEYS[1], 1)", "1", "k");
        client.Run("MULTI");
        client.Run("EVAL", "return redis.call('incr', 'k')", "0");
        Assert.Equal("nil", client.Run("EXEC"));
        client.Run("MULTI");
        client.Run("EVAL", "redis.call('incr', 'k') return redis.call('get', 'k')", "0");
        client.Run("EVAL", "return redis.call('nosuch')", "0");
        Assert.Equal("[2 -ERR Unknown command called from script script: on @user_script:1.]", client.Run("EXEC"));
        waiting.Send("BLPOP", "list", "0");
        Assert.True(SpinWait.SpinUntil(() => server.Info("blocked_clients") == 1, 5000));
        // The one who waits sees what the script has left, not what it did on the way.
        Assert.Equal("2", other.Run("EVAL", "redis.call('rpush', KEYS[1], 'a', 'b', 'c') redis.call('lpop', KEYS[1]) return redis.call('llen', KEYS[1])", "1", "list"));
        Assert.Equal("[list b]", waiting.Read());
        Assert.Equal("nil", other.Run("EVAL", "return redis.call('blpop', 'none', 0)", "0"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void AScriptThatRunsForLongCanBeKilledUntilItHasWritten(int threads)
    {
        using TestServer server = new(threads, options: ["busy-reply-threshold 50"]);
        using RespClient client = server.Connect(), other = server.Connect();
        string Until(string start, params string[] words)
        {
            string reply = "";
            Assert.True(SpinWait.SpinUntil(() => (reply = other.Run(words)).StartsWith(start, StringComparison.Ordinal), 10_000), reply);
            return reply;
        }
        client.Send("EVAL", "local n = redis.call('get', 'k') while true do pcall(function() while true do end end) end", "1", "k");
        Until("-BUSY Valkey is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.", "GET", "k");
        Assert.StartsWith("-BUSY", other.Run("FUNCTION", "KILL"), StringComparison.Ordinal);
        Assert.Equal("OK", other.Run("SCRIPT", "KILL"));
        Assert.Equal("-ERR Script killed by user with SCRIPT KILL. script: on @user_script:1.", client.Read());
        Assert.Equal("-NOTBUSY No scripts in execution right now.", other.Run("SCRIPT", "KILL"));
        client.Send("EVAL", "redis.call('set', KEYS[1], 1) for i = 1, 30000000 do end return redis.call('incr', KEYS[1])", "1", "k");
        Until("-BUSY", "GET", "k");
        Assert.StartsWith("-UNKILLABLE", other.Run("SCRIPT", "KILL"), StringComparison.Ordinal);
        Assert.Equal("2", client.Read());
        Assert.Equal("2", other.Run("GET", "k"));
    }

    [Fact]
    public void WhatCommandsDoOtherwiseForScripts()
    {
        using TestServer server = new(2);
        using RespClient client = server.Connect();
        Assert.Equal("1", client.Run("EVAL",
            "local a = redis.call('time') for i = 1, 3000000 do end local b = redis.call('time') return a[1] == b[1] and a[2] == b[2]", "0"));
        client.Run("SADD", "s", "c", "a", "b", "d");
        Assert.Equal("[a b c d]", client.Run("EVAL", "return redis.call('sort', KEYS[1], 'by', 'nosort')", "1", "s"));
        client.Run("DEBUG", "SET-DISABLE-DENY-SCRIPTS", "1");
        Assert.Equal("Some real reply following the attribute", client.Run("EVAL", "redis.setresp(3) return redis.call('debug', 'protocol', 'attrib')", "0"));
        client.Run("DEBUG", "SET-DISABLE-DENY-SCRIPTS", "0");
        Assert.StartsWith("-ERR This Valkey command is not allowed", client.Run("EVAL", "return redis.call('debug', 'protocol', 'attrib')", "0"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void HostileScriptsEndAsErrors(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        string[] hostile =
        [
            "local function f() return f() + 1 end return f()", "setmetatable(_G, {})",
            "local t = setmetatable({}, {__index = function(t, k) return t[k] end}) return t.x", "return loadstring('\\27Lua')()",
            "getmetatable('').__index = nil", "error(setmetatable({}, {__tostring = function() error('x') end}))", "return redis.call({})",
            "return redis.call(setmetatable({}, {__tostring = function() return 'get' end}))", "coroutine.yield(1)",
        ];
        foreach (string script in hostile)
        {
            Assert.StartsWith("-", client.Run("EVAL", script, "0"), StringComparison.Ordinal);
        }
        Assert.Contains("reached lua stack limit", client.Run("EVAL", "local a = {} a[1] = a return a", "0"), StringComparison.Ordinal);
        Assert.Equal("PONG", client.Run("PING"));
    }

    [Fact]
    public void OneMayWatchWhatAScriptCalls()
    {
        using TestServer server = new(2);
        using RespClient client = server.Connect(), monitor = server.Connect();
        Assert.Equal("OK", monitor.Run("MONITOR"));
        client.Run("EVAL", "return redis.call('set', KEYS[1], ARGV[1])", "1", "k", "v");
        Assert.Contains("\"EVAL\"", monitor.Read(), StringComparison.Ordinal);
        Assert.EndsWith("[0 lua] \"set\" \"k\" \"v\"", monitor.Read(), StringComparison.Ordinal);
        client.Run("CONFIG", "RESETSTAT");
        client.Run("EVAL", "redis.pcall('incr', 'k') redis.call('get', 'k') return 1", "0");
        string stats = client.Run("INFO", "commandstats", "errorstats");
        Assert.Contains("cmdstat_get:calls=1", stats, StringComparison.Ordinal);
        Assert.Matches("cmdstat_incr:calls=1,.*failed_calls=1", stats);
        Assert.Matches("cmdstat_eval:calls=1,.*failed_calls=0", stats);
        Assert.Contains("errorstat_ERR:count=1", stats, StringComparison.Ordinal);
    }

    [Fact]
    public void FullMemoryStopsAScriptBeforeItHasWrittenOnly()
    {
        using TestServer server = new(1);
        using RespClient client = server.Connect();
        client.Run("SET", "k", "v");
        client.Run("CONFIG", "SET", "maxmemory", "1");
        Assert.StartsWith("-OOM command not allowed when used memory > 'maxmemory'.", client.Run("EVAL", "return redis.call('set', 'x', 1)", "0"), StringComparison.Ordinal);
        Assert.Equal("OK", client.Run("EVAL", "redis.call('del', 'k') return redis.call('set', 'x', 1)", "0"));
        Assert.StartsWith("-OOM", client.Run("EVAL", "#!lua\nreturn 1", "0"), StringComparison.Ordinal);
        Assert.Equal("OK", client.Run("EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', 'x', 1)", "0"));
        Assert.Equal("1", client.Run("EVAL", "#!lua flags=no-writes\nreturn redis.call('get', 'x')", "0"));
    }

    /// <summary>Scripts of calls that a small grammar makes give the same replies, and leave the same data, as in the reference server.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ScriptsDoAsInTheReferenceServer(int threads)
    {
        using ReferenceServer? reference = ReferenceServer.TryStart(output);
        if (reference is not { IsValkey: true })
        {
            // Others have other words for errors.
            return;
        }
        using TestServer server = new(threads);
        using RespClient here = server.Connect(), there = reference.Connect();
        Random random = new((int)TestSeed.Next(output));
        for (int i = 0; i < 400; i++)
        {
            string script = Program(random);
            string expected = there.Run("EVAL", script, "2", "k1", "k2");
            string reply = here.Run("EVAL", script, "2", "k1", "k2");
            Assert.True(reply == expected, $"{script}\n{expected}\n{reply}");
        }
        foreach (string key in (string[])["k1", "k2", "k3", "k4"])
        {
            Assert.Equal(Content(there, key), Content(here, key));
        }
    }

    private static string Content(RespClient client, string key) => client.Run("TYPE", key) switch
    {
        "string" => client.Run("GET", key),
        "list" => client.Run("LRANGE", key, "0", "-1"),
        "zset" => client.Run("ZRANGE", key, "0", "-1", "WITHSCORES"),
        "hash" => client.Run("HGETALL", key),
        string other => other,
    };

    private static string Program(Random random)
    {
        string[] calls =
        [
            "'set', {k}, {n}", "'get', {k}", "'incr', {k}", "'append', {k}, {n}", "'del', {k}", "'rpush', {k}, {n}, {n}", "'lrange', {k}, 0, -1",
            "'lpop', {k}", "'hset', {k}, 'f' .. {n}, {n}", "'hget', {k}, 'f1'", "'hlen', {k}", "'zadd', {k}, {n}, 'm' .. {n}", "'zrange', {k}, 0, -1, 'withscores'",
            "'exists', {k}", "'type', {k}", "'strlen', {k}", "'incrbyfloat', {k}, 0.5", "'nosuch', {k}", "'get'", "'mget', {k}, {k}", "'expire', {k}, 1000",
            "'llen', {k}", "'rename', {k}, {k}", "'getrange', {k}, 0, 3",
        ];
        StringBuilder program = new("local r = {}\n");
        for (int i = random.Next(1, 6); i > 0; i--)
        {
            string call = calls[random.Next(calls.Length)];
            while (call.Contains('{', StringComparison.Ordinal))
            {
                int at = call.IndexOf('{', StringComparison.Ordinal);
                string value = call[at + 1] == 'k' ? ((string[])["KEYS[1]", "KEYS[2]", "'k3'", "'k4'"])[random.Next(4)] : random.Next(10).ToString(CultureInfo.InvariantCulture);
                call = call[..at] + value + call[(at + 3)..];
            }
            program.Append(random.Next(4) == 0 ? $"local v = redis.call({call}) r[#r + 1] = v or 'none'\n" : $"local v = redis.pcall({call}) r[#r + 1] = v or 'none'\n");
        }
        return program.Append(random.Next(3) switch { 0 => "return r", 1 => "return #r", _ => "return r[#r]" }).ToString();
    }
}
