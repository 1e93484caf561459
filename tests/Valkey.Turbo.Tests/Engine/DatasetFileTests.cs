using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>RDB files: what is written is read back as it was, and damage is refused or harmless.</summary>
public sealed class DatasetFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo").FullName;

    private string Path => System.IO.Path.Combine(_directory, "dump.rdb");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void EveryTypeAndEncodingComesBackAsItWas()
    {
        using DispatchFixture server = Start();
        Populate(server);
        string[] keys = [.. server.Run("KEYS", "*").Split("\r\n").Where((_, i) => i > 0 && i % 2 == 0)];
        string[] encodings = [.. keys.Select(key => server.Run("OBJECT", "ENCODING", key))];
        string[] lives = [.. keys.Select(key => server.Run("PEXPIRETIME", key))];
        string digest = Digest(server);
        Reload(server);
        Assert.Equal(digest, Digest(server));
        Assert.Equal(encodings, keys.Select(key => server.Run("OBJECT", "ENCODING", key)));
        Assert.Equal(lives, keys.Select(key => server.Run("PEXPIRETIME", key)));
        Assert.Equal(9, encodings.Distinct().Count());
        Assert.Equal("*1\r\n:5000\r\n", server.Run("HTTL", "volatile", "FIELDS", "1", "f").Replace(":4999", ":5000", StringComparison.Ordinal));
        server.Run("SELECT", "3");
        Assert.Equal("$5\r\nvalue\r\n", server.Run("GET", "elsewhere"));
    }

    [Fact]
    public void ValuesLargerThanTheReadersWindowComeBack()
    {
        using DispatchFixture server = Start();
        string text = string.Concat(Enumerable.Range(0, 60_000).Select(i => i.ToString(CultureInfo.InvariantCulture)));
        server.Run("SET", "text", text);
        for (int i = 0; i < 20_000; i++)
        {
            string member = "member:" + i.ToString(CultureInfo.InvariantCulture);
            server.Run("SADD", "set", member);
            server.Run("ZADD", "sorted", i.ToString(CultureInfo.InvariantCulture), member);
            server.Run("RPUSH", "list", member);
            server.Run("HSET", "hash", member, "value");
            server.Run("XADD", "stream", "*", "field", member);
        }
        string digest = Digest(server);
        Reload(server);
        Assert.Equal(digest, Digest(server));
    }

    [Fact]
    public void WhatHasExpiredIsLeftOutAndWhatIsThereIsReplacedOnlyIfAsked()
    {
        ManualClock clock = new();
        using DispatchFixture server = Start(clock);
        server.Run("SET", "brief", "1", "PX", "1000");
        server.Run("SET", "kept", "old", "PX", "5000");
        server.Run("HSET", "fields", "brief", "1", "kept", "2");
        server.Run("HPEXPIRE", "fields", "1000", "FIELDS", "1", "brief");
        server.Run("HSETEX", "gone", "PX", "1000", "FIELDS", "2", "a", "1", "b", "2");
        DatasetFile.Save(server.Server.Workers[0], Path);
        server.Run("SET", "kept", "new");
        server.Run("DEL", "fields", "gone");
        clock.Ns += 2_000_000_000;
        server.Run("PING");
        Assert.NotNull(DatasetFile.Load(server.Server.Workers[0], Path, replaces: false));
        Assert.Equal("$3\r\nnew\r\n", server.Run("GET", "kept"));
        Assert.Null(DatasetFile.Load(server.Server.Workers[0], Path, replaces: true));
        Assert.Equal("$3\r\nold\r\n", server.Run("GET", "kept"));
        Assert.Equal(":3000\r\n", server.Run("PTTL", "kept"));
        Assert.Equal(":0\r\n", server.Run("EXISTS", "brief", "gone"));
        Assert.Equal("*2\r\n$4\r\nkept\r\n$1\r\n2\r\n", server.Run("HGETALL", "fields"));
    }

    [Theory]
    [InlineData("lru", "IDLETIME", ":40\r\n")]
    [InlineData("lfu", "FREQ", ":5\r\n")]
    public void UseIsRememberedWhereEvictionGoesByIt(string order, string field, string expected)
    {
        ManualClock clock = new();
        using DispatchFixture server = Start(clock);
        server.Run("CONFIG", "SET", "maxmemory-policy", "allkeys-" + order);
        server.Run("SET", "key", "value");
        clock.Ns += 40_000_000_000;
        server.Run("PING");
        Assert.Equal(expected, server.Run("OBJECT", field, "key"));
        Reload(server);
        Assert.Equal(expected, server.Run("OBJECT", field, "key"));
    }

    [Fact]
    public void DamageIsRefusedOrHarmless()
    {
        using DispatchFixture server = Start();
        Populate(server);
        Worker worker = server.Server.Workers[0];
        DatasetFile.Save(worker, Path);
        byte[] whole = File.ReadAllBytes(Path);
        RandomSource random = new(17);
        server.Run("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1");
        for (int i = 0; i < 400; i++)
        {
            byte[] damaged = [.. whole];
            for (int count = 1 + random.Below(3); count > 0; count--)
            {
                damaged[9 + random.Below(whole.Length - 9)] = (byte)random.Next();
            }
            File.WriteAllBytes(Path, damaged);
            server.Run("FLUSHALL", "SYNC");
            DatasetFile.Load(worker, Path, replaces: false);
            Digest(server);
        }
        server.Run("DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "0");
        server.Run("FLUSHALL", "SYNC");
        long emptyBytes = server.Server.Shards[0].Arena.UsedBytes;
        for (int length = 0; length < whole.Length; length += 1 + random.Below(40))
        {
            File.WriteAllBytes(Path, whole[..length]);
            Assert.NotNull(DatasetFile.Load(worker, Path, replaces: true));
            server.Run("FLUSHALL", "SYNC");
            Assert.Equal(emptyBytes, server.Server.Shards[0].Arena.UsedBytes);
        }
        whole[whole.Length / 2] ^= 1;
        File.WriteAllBytes(Path, whole);
        Assert.NotNull(DatasetFile.Load(worker, Path, replaces: true));
    }

    [Theory]
    [InlineData("0.1", "6605f56364a85f2c14bc54c5b4318ac4616eb60a")]
    [InlineData("inf", "693af63fc2885cc02fbc107a856fc4b9687305ed")]
    [InlineData("1e16", "f7d871fd751323de0ff0d513c1c091e3dd1447e6")]
    [InlineData("2.5", "7b743b737a101a562821e100231687dcec4b1bf6")]
    public void DigestsOfScoresAreThoseOfValkey(string score, string digest)
    {
        using DispatchFixture server = Start();
        server.Run("ZADD", "key", score, "a");
        Assert.Equal($"*1\r\n+{digest}\r\n", server.Run("DEBUG", "DIGEST-VALUE", "key"));
    }

    [Theory]
    [InlineData("REDIS0011", null)]
    [InlineData("REDIS0012", "Can't handle RDB format version 12")]
    [InlineData("VALKEY081", "Can't handle RDB format version 81")]
    [InlineData("VALKEY011", "Can't handle RDB format version 11")]
    [InlineData("REDIS0000", "Can't handle RDB format version 0")]
    [InlineData("VALK", "Wrong signature trying to load DB from file: VALK??k?v")]
    [InlineData("OTHER0011", "Wrong signature trying to load DB from file: OTHER0011")]
    [InlineData("REDIS1011", "Wrong signature trying to load DB from file: REDIS1011")]
    public void VersionsOfOthersAreRefused(string header, string? problem)
    {
        using DispatchFixture server = Start();
        // Key "k" of the string "v", the end, and no checksum.
        File.WriteAllBytes(Path, [.. Encoding.ASCII.GetBytes(header), 0, 1, (byte)'k', 1, (byte)'v', 255, 0, 0, 0, 0, 0, 0, 0, 0]);
        Assert.Equal(problem, DatasetFile.Load(server.Server.Workers[0], Path, replaces: false));
        Assert.Equal(problem is null ? "$1\r\nv\r\n" : "$-1\r\n", server.Run("GET", "k"));
    }

    private static DispatchFixture Start(Clock? clock = null)
    {
        DispatchFixture server = new(clock: clock);
        Assert.Null(server.Server.Config.EnableDebugCommand.TrySet("yes"));
        return server;
    }

    private static string Digest(DispatchFixture server)
    {
        string digest = server.Run("DEBUG", "DIGEST");
        Assert.StartsWith("+", digest, StringComparison.Ordinal);
        return digest;
    }

    private void Reload(DispatchFixture server)
    {
        DatasetFile.Save(server.Server.Workers[0], Path);
        Assert.Equal([Path], Directory.GetFiles(_directory));
        server.Run("FLUSHALL", "SYNC");
        Assert.Null(DatasetFile.Load(server.Server.Workers[0], Path, replaces: false));
    }

    private static void Populate(DispatchFixture server)
    {
        string[] many = [.. Enumerable.Range(0, 600).Select(i => "x" + i.ToString(CultureInfo.InvariantCulture))];
        string[][] commands =
        [
            ["SET", "integer", "12345"], ["SET", "brief", "text", "EX", "100000"], ["SET", "long", new string('x', 500)], ["APPEND", "raw", "a"],
            ["RPUSH", "list", "a", "3"], ["RPUSH", "quicklist", .. many, new string('y', 20_000)],
            ["SADD", "ints", "1", "2", "300000"], ["SADD", "set", "a", "b", "7"], ["SADD", "table", .. many],
            ["HSET", "hash", "f", "v"], ["HSET", "wide", .. many], ["HSET", "volatile", "f", "v", "g", "w"], ["HEXPIRE", "volatile", "5000", "FIELDS", "1", "f"],
            ["ZADD", "sorted", "1", "a", "-2.5", "b", "inf", "c"], ["ZADD", "tree", .. many.SelectMany((member, i) => (string[])[i.ToString(CultureInfo.InvariantCulture), member])],
            ["XADD", "stream", "1-1", "f", "v"], ["XADD", "stream", "5-1", "other", "x", "y", "z"], ["XGROUP", "CREATE", "stream", "group", "0"],
            ["XREADGROUP", "GROUP", "group", "consumer", "STREAMS", "stream", ">"], ["PFADD", "counts", .. many], ["PEXPIRE", "tree", "900000"],
            ["SELECT", "3"], ["SET", "elsewhere", "value"], ["SELECT", "0"],
        ];
        foreach (string[] command in commands)
        {
            Assert.False(server.Run(command).StartsWith('-'), string.Join(' ', command));
        }
    }
}
