using System.Globalization;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Client-side caching, pauses, monitors, logs and the limits of what clients and data may take.</summary>
public sealed class SessionTests
{
    private static readonly string[] Ordinary = ["allkeys-lru", "allkeys-lfu", "allkeys-random"];
    private static readonly string[] Volatile = ["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"];

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void AChangedKeyIsInvalidatedOnce(int threads)
    {
        using TestServer server = new(threads);
        using RespClient cache = server.Connect(), writer = server.Connect();
        cache.Run("HELLO", "3");
        Assert.Equal("OK", cache.Run("CLIENT", "TRACKING", "ON"));
        for (int i = 0; i < 200; i++)
        {
            string key = $"k{i}";
            writer.Run("SET", key, "1");
            Assert.Equal("1", cache.Run("GET", key));
            writer.Run("SET", key, "2");
            writer.Run("SET", key, "3");
            Assert.Equal($"[invalidate [{key}]]", cache.Read());
        }
        writer.Run("SET", "expiring", "1", "PX", "30");
        Assert.Equal("1", cache.Run("GET", "expiring"));
        Assert.Equal("[invalidate [expiring]]", cache.Read());
        cache.Run("GET", "k1");
        writer.Run("FLUSHALL");
        Assert.Equal("[invalidate nil]", cache.Read());
        Assert.Contains("tracking_total_keys:0", writer.Run("INFO", "stats"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void BroadcastAndRedirectionAndOptIn(int threads)
    {
        using TestServer server = new(threads);
        using RespClient tracker = server.Connect(), listener = server.Connect(), writer = server.Connect();
        string id = listener.Run("CLIENT", "ID");
        listener.Run("SUBSCRIBE", "__redis__:invalidate");
        Assert.Equal("OK", tracker.Run("CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", "PREFIX", "user:", "NOLOOP"));
        writer.Run("SET", "user:1", "a");
        Assert.Equal("[message __redis__:invalidate [user:1]]", listener.Read());
        tracker.Run("SET", "user:2", "own");
        writer.Run("SET", "other", "b");
        writer.Run("SET", "user:3", "c");
        Assert.Equal("[message __redis__:invalidate [user:3]]", listener.Read());
        Assert.Equal("OK", tracker.Run("CLIENT", "TRACKING", "OFF"));
        Assert.Equal("OK", tracker.Run("CLIENT", "TRACKING", "ON", "REDIRECT", id, "OPTIN"));
        tracker.Run("GET", "user:1");
        Assert.Equal("OK", tracker.Run("CLIENT", "CACHING", "YES"));
        tracker.Run("GET", "other");
        writer.Run("SET", "user:1", "d");
        writer.Run("SET", "other", "e");
        Assert.Equal("[message __redis__:invalidate [other]]", listener.Read());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void APauseHoldsWritesAndLetsReadsThrough(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect(), writer = server.Connect();
        Assert.Equal("OK", client.Run("CLIENT", "PAUSE", "60000", "WRITE"));
        writer.Send("SET", "k", "v");
        Assert.True(SpinWait.SpinUntil(() => client.Run("INFO", "clients").Contains("blocked_clients:1", StringComparison.Ordinal), 5000));
        Assert.Equal("nil", client.Run("GET", "k"));
        Assert.Equal("OK", client.Run("CLIENT", "UNPAUSE"));
        Assert.Equal("OK", writer.Read());
        Assert.Equal("OK", client.Run("CLIENT", "PAUSE", "100", "ALL"));
        Assert.Equal("v", client.Run("GET", "k"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void EveryPolicyKeepsMemoryUnderTheLimit(int threads)
    {
        const long limit = 6 << 20;
        foreach (string policy in (string[])[.. Ordinary, .. Volatile])
        {
            bool needsExpiry = Volatile.Contains(policy);
            using TestServer server = new(threads, options: ["maxmemory-policy " + policy]);
            using RespClient client = server.Connect();
            string value = new('v', 500);
            client.Run("SET", "stays", value);
            Assert.Equal("OK", client.Run("CONFIG", "SET", "maxmemory", limit.ToString(CultureInfo.InvariantCulture)));
            for (int i = 0; i < 20_000; i++)
            {
                string[] request = needsExpiry ? ["SET", $"key:{i}", value, "EX", "100000"] : ["SET", $"key:{i}", value];
                Assert.Equal("OK", client.Run(request));
            }
            Assert.InRange(server.DataBytes, 1, limit + (64 << 10));
            Assert.InRange(long.Parse(client.Run("DBSIZE"), CultureInfo.InvariantCulture), 1000, 12_000);
            if (needsExpiry)
            {
                Assert.Equal("1", client.Run("EXISTS", "stays"));
            }
        }
    }

    [Fact]
    public void NothingToEvictIsAnErrorForWritesOnly()
    {
        using TestServer server = new(options: "maxmemory-policy volatile-lru");
        using RespClient client = server.Connect();
        // What the process takes for itself counts, too.
        Assert.Equal("OK", client.Run("CONFIG", "SET", "maxmemory", $"{server.Info("used_memory") + (1 << 20)}"));
        string reply = "OK";
        for (int i = 0; reply == "OK" && i < 10_000; i++)
        {
            reply = client.Run("SET", $"key:{i}", new string('v', 1000));
        }
        Assert.StartsWith("-OOM", reply, StringComparison.Ordinal);
        Assert.Equal(1000, client.Run("GET", "key:1").Length);
        client.Run("MULTI");
        Assert.StartsWith("-OOM", client.Run("SET", "a", "b"), StringComparison.Ordinal);
        Assert.StartsWith("-EXECABORT", client.Run("EXEC"), StringComparison.Ordinal);
        Assert.Equal("1", client.Run("DEL", "key:1"));
    }

    [Fact]
    public void TheLimitsBeforeAuthenticationEndWithIt()
    {
        using TestServer server = new(options: "requirepass right");
        using RespClient client = server.Connect(), other = server.Connect();
        string[] wide = ["DEL", .. Enumerable.Range(0, 20).Select(i => $"key:{i}")];
        client.Write([.. RespClient.Encode("AUTH", "right"), .. RespClient.Encode(wide), .. RespClient.Encode("PING")]);
        Assert.Equal(["OK", "0", "PONG"], [client.Read(), client.Read(), client.Read()]);
        other.Write([.. RespClient.Encode("AUTH", "wrong"), .. RespClient.Encode(wide)]);
        Assert.StartsWith("-WRONGPASS", other.Read(), StringComparison.Ordinal);
        Assert.Equal("-ERR Protocol error: unauthenticated multibulk length", other.Read());
    }

    [Fact]
    public void StatisticsTellFailedFromRejected()
    {
        using TestServer server = new();
        using RespClient client = server.Connect(), other = server.Connect();
        client.Run("MULTI");
        client.Run("GET");
        Assert.StartsWith("-EXECABORT", client.Run("EXEC"), StringComparison.Ordinal);
        string id = client.Run("CLIENT", "ID");
        client.Send("BLPOP", "nothing", "0");
        Assert.True(SpinWait.SpinUntil(() => other.Run("CLIENT", "UNBLOCK", id, "ERROR") == "1", 5000));
        Assert.StartsWith("-UNBLOCKED", client.Read(), StringComparison.Ordinal);
        string statistics = other.Run("INFO", "commandstats");
        Assert.Matches("cmdstat_exec:calls=1,.*rejected_calls=0,failed_calls=1", statistics);
        Assert.Matches("cmdstat_get:calls=0,.*rejected_calls=1,failed_calls=0", statistics);
        Assert.Matches("cmdstat_blpop:calls=1,.*rejected_calls=1,failed_calls=0", statistics);
        Assert.Equal("OK", client.Run("CONFIG", "SET", "latency-tracking-info-percentiles", "0.0 50.0 99.90"));
        Assert.Equal("[latency-tracking-info-percentiles 0 50 99.9]", client.Run("CONFIG", "GET", "latency-tracking-info-percentiles"));
        Assert.Contains("latency_percentiles_usec_blpop:p0=", client.Run("INFO", "latencystats"), StringComparison.Ordinal);
    }

    [Fact]
    public void MonitorsSeeCommandsWithoutSecrets()
    {
        using TestServer server = new(options: "requirepass right");
        using RespClient monitor = server.Connect(), client = server.Connect();
        monitor.Run("AUTH", "right");
        Assert.Equal("OK", monitor.Run("MONITOR"));
        client.Run("AUTH", "right");
        client.Run("SET", "k", "a\"b\r\n\u0001");
        Assert.EndsWith("\"AUTH\" \"(redacted)\"", monitor.Read(), StringComparison.Ordinal);
        Assert.EndsWith("\"SET\" \"k\" \"a\\\"b\\r\\n\\x01\"", monitor.Read(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void MonitorsSeeTransactionsWithTheirEndWhateverItIs(int threads)
    {
        using TestServer server = new(threads);
        using RespClient monitor = server.Connect(), client = server.Connect(), other = server.Connect();
        Assert.Equal("OK", monitor.Run("MONITOR"));
        string[][] commands = [["MULTI"], ["SET", "k", "v"], ["EXEC"], ["MULTI"], ["NONSENSE"], ["exec"], ["WATCH", "k"], ["MULTI"]];
        Array.ForEach(commands, command => client.Run(command));
        Assert.Equal("OK", other.Run("SET", "k", "w"));
        Assert.Equal("nil", client.Run("EXEC"));
        Assert.Equal("-ERR EXEC without MULTI", client.Run("EXEC"));
        string[] expected =
            ["\"MULTI\"", "\"SET\" \"k\" \"v\"", "\"EXEC\"", "\"MULTI\"", "\"exec\"", "\"WATCH\" \"k\"", "\"MULTI\"", "\"SET\" \"k\" \"w\"", "\"EXEC\"", "\"EXEC\""];
        Assert.Equal(expected, expected.Select(_ => monitor.Read()).Select(line => line[(line.IndexOf(']', StringComparison.Ordinal) + 2)..]));
    }

    [Fact]
    public void LogsKeepWhatIsOutOfTheOrdinary()
    {
        using TestServer server = new(options: ["slowlog-log-slower-than 1000", "commandlog-request-larger-than 1000", "commandlog-reply-larger-than 1000"]);
        using RespClient client = server.Connect();
        client.Run("PING");
        client.Run("DEBUG", "SLEEP", "0.01");
        client.Run("SET", "k", new string('v', 1000));
        client.Run("GET", "k");
        Assert.Equal("1", client.Run("SLOWLOG", "LEN"));
        Assert.Contains("[DEBUG SLEEP 0.01]", client.Run("SLOWLOG", "GET"), StringComparison.Ordinal);
        Assert.Contains("... (872 more bytes)", client.Run("COMMANDLOG", "GET", "-1", "large-request"), StringComparison.Ordinal);
        Assert.Contains("[GET k]", client.Run("COMMANDLOG", "GET", "-1", "large-reply"), StringComparison.Ordinal);
        Assert.Contains("calls 1 histogram_usec", client.Run("LATENCY", "HISTOGRAM", "get"), StringComparison.Ordinal);
    }

    [Fact]
    public void LogsShowTheWordsOfTheCommandThatWasSlow()
    {
        const int rounds = 5;
        using TestServer server = new(options: ["slowlog-log-slower-than 1000", "slowlog-max-len 1000"]);
        using RespClient client = server.Connect();
        for (int i = 0; i < rounds; i++)
        {
            // Setting so much is slow, and brief by its nature: it is logged only when the row that it is in ends.
            client.Write([.. RespClient.Encode("MULTI"), .. RespClient.Encode("DEBUG", "SLEEP", "0.002"),
                .. RespClient.Encode("SET", $"key{i}", new string('v', 16 << 20)), .. RespClient.Encode("EXEC"), .. RespClient.Encode("PING")]);
            string[] expected = ["OK", "QUEUED", "QUEUED", "[OK OK]", "PONG"];
            Assert.Equal(expected, expected.Select(_ => client.Read()));
        }
        string log = client.Run("SLOWLOG", "GET", "-1");
        Assert.Equal(rounds, log.Split("[DEBUG SLEEP 0.002]").Length - 1);
        Assert.Equal(rounds, log.Split("[SET key").Length - 1);
        Assert.DoesNotContain("[EXEC", log, StringComparison.Ordinal);
        // One during which the machine was busy elsewhere is rightly called slow; were the time of the SETs charged to them, all would be.
        Assert.InRange(log.Split("[PING").Length - 1, 0, 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ALargeValueIsFreedBitByBit(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        long before = server.DataBytes;
        string[] members = [.. Enumerable.Range(0, 20_000).Select(i => $"member:{i}")];
        client.Run(["SADD", "set", .. members]);
        client.Run(["ZADD", "zset", .. members.SelectMany(member => (string[])["1", member])]);
        client.Run(["RPUSH", "list", .. members]);
        client.Run(["HSET", "hash", .. members.SelectMany(member => (string[])[member, "v"])]);
        Assert.Equal("4", client.Run("UNLINK", "set", "zset", "list", "hash"));
        // The list has few links, so it goes at once.
        Assert.Contains("lazyfreed_objects:3", client.Run("INFO", "memory"), StringComparison.Ordinal);
        Assert.True(SpinWait.SpinUntil(() => server.Info("lazyfree_pending_objects") == 0, 5000));
        Assert.InRange(server.DataBytes, before - (64 << 10), before + (64 << 10));
    }
}
