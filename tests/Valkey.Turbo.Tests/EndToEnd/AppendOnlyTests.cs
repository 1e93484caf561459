using System.Text;
using Valkey.Turbo.Commands.Administration;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>The append-only log: whatever clients did at the same time, loading it gives the same data.</summary>
public sealed class AppendOnlyTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-aof-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1, "always")]
    [InlineData(2, "everysec")]
    [InlineData(4, "always")]
    [InlineData(4, "no")]
    public void LoadingTheLogGivesTheSameData(int threads, string fsync)
    {
        using TestServer server = Start(threads, $"appendfsync {fsync}");
        using RespClient control = server.Connect();
        control.Run("SET", "before", "1");
        Assert.Equal("OK", control.Run("CONFIG", "SET", "appendonly", "yes"));
        Work(server, seed: 1);
        AssertReloads(control);
        Work(server, seed: 2);
        Assert.Equal("Background append only file rewriting started", control.Run("BGREWRITEAOF"));
        AssertReloads(control);
        Work(server, seed: 3);
        AssertReloads(control);
        Assert.Equal("OK", control.Run("CONFIG", "SET", "aof-use-rdb-preamble", "no"));
        control.Run("BGREWRITEAOF");
        Assert.Single(Directory.GetFiles(Path.Combine(_directory, "appendonlydir"), "*.base.aof"));
        AssertReloads(control);
        Assert.Equal("OK", control.Run("CONFIG", "SET", "appendonly", "no"));
        Assert.Contains("aof_enabled:0", control.Run("INFO", "persistence"), StringComparison.Ordinal);
        // Without a log a base is just written.
        control.Run("SET", "without", "1");
        control.Run("BGREWRITEAOF");
        Assert.Contains("aof_enabled:0", control.Run("INFO", "persistence"), StringComparison.Ordinal);
        Assert.Equal(2, Directory.GetFiles(Path.Combine(_directory, "appendonlydir"), "*.aof*").Count(file => !file.EndsWith(".lock", StringComparison.Ordinal)));
        AssertReloads(control);
    }

    [Fact]
    public void NobodyIsToldOfAWriteThatIsNotInTheFile()
    {
        using TestServer server = Start(2);
        using RespClient client = server.Connect();
        client.Run("CONFIG", "SET", "appendonly", "yes");
        for (int i = 0; i < 200; i++)
        {
            client.Run("SET", "k", $"value-{i}");
            Assert.Contains($"value-{i}", File.ReadAllText(LogFile()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ACommandWithSeveralEffectsIsATransactionInTheFile()
    {
        using TestServer server = Start(2);
        using RespClient client = server.Connect();
        client.Run("XADD", "stream", "1-1", "f", "v");
        client.Run("XADD", "stream", "1-2", "f", "v");
        client.Run("XGROUP", "CREATE", "stream", "g", "0");
        client.Run("CONFIG", "SET", "appendonly", "yes");
        client.Run("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">");
        string[] words = [.. File.ReadAllText(LogFile()).Split("\r\n").Where(word => word is "MULTI" or "XCLAIM" or "EXEC")];
        Assert.Equal(["MULTI", "XCLAIM", "XCLAIM", "EXEC"], words);
        AssertReloads(client);
    }

    /// <summary>What is in the new base already must not be done once more.</summary>
    [Theory]
    [InlineData("BGREWRITEAOF")]
    [InlineData("CONFIG SET appendonly yes")]
    public void ANewBaseWithinATransactionHoldsWhatWentBefore(string command)
    {
        using TestServer server = Start(2);
        using RespClient client = server.Connect();
        if (command == "BGREWRITEAOF")
        {
            client.Run("CONFIG", "SET", "appendonly", "yes");
        }
        foreach (string line in (string[])["MULTI", "INCR n", command, "INCR n", "EXEC", "INCR n"])
        {
            client.Run(line.Split(' '));
        }
        AssertReloads(client);
        Assert.Equal("3", client.Run("GET", "n"));
    }

    [Theory]
    [InlineData("appendonly.aof.manifest")]
    [InlineData("appendonly.aof.2.base.rdb")]
    public void TheOldLogGoesOnWhereANewBaseCanNotBeHad(string obstacle)
    {
        using TestServer server = Start(2);
        using RespClient client = server.Connect();
        client.Run("CONFIG", "SET", "appendonly", "yes");
        client.Run("SET", "a", "1");
        string path = Path.Combine(_directory, "appendonlydir", obstacle);
        File.Delete(path);
        Directory.CreateDirectory(Path.Combine(path, "in the way"));
        client.Run("BGREWRITEAOF");
        Assert.Contains("aof_last_bgrewrite_status:err", client.Run("INFO", "persistence"), StringComparison.Ordinal);
        client.Run("SET", "b", "2");
        AssertReloads(client);
        Assert.Equal("2", client.Run("DBSIZE"));
        Directory.Delete(path, recursive: true);
        client.Run("BGREWRITEAOF");
        Assert.Contains("aof_last_bgrewrite_status:ok", client.Run("INFO", "persistence"), StringComparison.Ordinal);
        client.Run("SET", "c", "3");
        AssertReloads(client);
        Assert.Equal("3", client.Run("DBSIZE"));
    }

    [Fact]
    public void WhatExpiredWhileTheServerWasAwayIsGoneAndTheRestKeepsItsTime()
    {
        using TestServer server = Start(1);
        using RespClient client = server.Connect();
        client.Run("CONFIG", "SET", "appendonly", "yes");
        client.Run("SET", "short", "1", "PX", "50");
        client.Run("SET", "long", "1", "EX", "1000");
        string expiry = client.Run("PEXPIRETIME", "long");
        client.Run("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        Thread.Sleep(60);
        Assert.Equal("OK", client.Run("DEBUG", "LOADAOF"));
        Assert.Equal("nil", client.Run("GET", "short"));
        Assert.Equal(expiry, client.Run("PEXPIRETIME", "long"));
        Assert.Contains("UNLINK", File.ReadAllText(LogFile()), StringComparison.Ordinal);
    }

    [Fact]
    public void ALogThatEndsAnywhereIsCutBackToWhatIsWhole()
    {
        // Each step with the data behind it: a transaction counts when it is complete.
        (string Text, string Value)[] steps =
        [
            (Resp("SET", "a", "1"), "1"), ("#TS:123\r\n", "1"), (Resp("SET", "a", "2"), "2"), (Resp("MULTI"), "2"), (Resp("SET", "a", "3"), "2"),
            (Resp("SET", "b", "3"), "2"), (Resp("EXEC"), "3"), (Resp("APPEND", "a", "!"), "3!"),
        ];
        string all = string.Concat(steps.Select(step => step.Text));
        for (int length = 0; length <= all.Length; length++)
        {
            string expected = "-", at = "";
            foreach ((string text, string value) in steps)
            {
                at += text;
                expected = at.Length <= length ? value : expected;
            }
            (string? problem, string a, long left) = Load(all[..length]);
            Assert.Null(problem);
            Assert.Equal(expected, a);
            // A second time there is nothing to cut.
            Assert.Equal((null, expected, left), Load(all[..(int)left]));
        }
    }

    [Theory]
    [InlineData("!!!*1\r\n$4\r\nPING\r\n", "Bad file format")]
    [InlineData("*1\r\n$3\r\nbla\r\n", "unknown command 'bla'")]
    [InlineData("*1\r\n$-5\r\n", "Bad file format")]
    public void ADamagedLogIsRefused(string text, string problem) => Assert.Contains(problem, Load(text).Problem, StringComparison.Ordinal);

    [Fact]
    public void RandomDamageIsRefusedOrLoadsToSomething()
    {
        RandomSource random = new(7);
        byte[] sound = Encoding.Latin1.GetBytes(string.Concat(Enumerable.Range(0, 20).Select(i => Resp("RPUSH", $"l{i % 3}", $"{i}", "x") + Resp("HSET", "h", $"f{i}", "v"))));
        for (int round = 0; round < 300; round++)
        {
            byte[] damaged = [.. sound];
            for (int i = random.Below(4); i >= 0; i--)
            {
                damaged[random.Below(damaged.Length)] = (byte)random.Below(256);
            }
            Load(Encoding.Latin1.GetString(damaged));
        }
    }

    /// <summary>Loads a log of one file; says what is wrong, what is under <c>a</c>, and how much of the file is left.</summary>
    private (string? Problem, string Value, long LeftBytes) Load(string log)
    {
        string files = Path.Combine(_directory, "appendonlydir"), file = Path.Combine(files, "appendonly.aof.1.incr.aof");
        Directory.CreateDirectory(files);
        File.WriteAllText(Path.Combine(files, "appendonly.aof.manifest"), "file appendonly.aof.1.incr.aof seq 1 type i\n");
        File.WriteAllBytes(file, Encoding.Latin1.GetBytes(log));
        ServerConfig config = new();
        config.LoadLines([$"dir {_directory}"]);
        using ServerInstance server = new(config, 1);
        Assert.True(server.Workers[0].Shards.TryHoldAll());
        string? problem = server.Log.Find() ?? AofReplay.Load(server.Workers[0]);
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        Keyspace keyspace = server.Shards[0].Keyspaces[0];
        var position = keyspace.Table.Find("a"u8, KeyHash.Of("a"u8));
        string value = position.IsNone ? "-" : Encoding.Latin1.GetString(StringValue.Read(new Entry(position.Entry), scratch));
        return (problem, value, new FileInfo(file).Length);
    }

    private static string Resp(params string[] words) => Encoding.Latin1.GetString(RespClient.Encode(words));

    private TestServer Start(int threads, params string[] options) =>
        new(threads, "auto", null, [$"dir {_directory}", "enable-protected-configs yes", .. options]);

    private string LogFile() => Directory.GetFiles(Path.Combine(_directory, "appendonlydir"), "*.incr.aof").Single();

    /// <summary>Clients write, at the same time and to the same keys, everything that there is.</summary>
    private static void Work(TestServer server, ulong seed) => Parallel.For(0, 4, new ParallelOptions { MaxDegreeOfParallelism = 4 }, worker =>
    {
        using RespClient client = server.Connect();
        RandomSource random = new(seed * 100 + (ulong)worker);
        for (int i = 0; i < 400; i++)
        {
            string key = $"{random.Below(12)}", other = $"{random.Below(12)}", member = $"m{random.Below(100)}";
            string[][] commands = random.Below(16) switch
            {
                0 => [["SET", "s" + key, $"{i}", "EX", "1000"]],
                1 => [["INCRBYFLOAT", "n" + key, "1.5"]],
                2 => [["RPUSH", "l" + key, member, member]],
                3 => [["LMOVE", "l" + key, "l" + other, "LEFT", "RIGHT"]],
                4 => [["SADD", "t" + key, member, $"{i}"]],
                5 => [["SPOP", "t" + key]],
                6 => [["ZADD", "z" + key, $"{i}.25", member]],
                7 => [["ZPOPMIN", "z" + key]],
                8 => [["HSET", "h" + key, member, $"{i}"]],
                9 => [["HPEXPIRE", "h" + key, "1000000", "FIELDS", "1", member]],
                10 => [["XADD", "x" + key, "MAXLEN", "20", "*", "f", member]],
                11 => [["XGROUP", "CREATE", "x" + key, "g", "0", "MKSTREAM"], ["XREADGROUP", "GROUP", "g", member, "COUNT", "3", "STREAMS", "x" + key, ">"]],
                12 => [["MULTI"], ["SET", "s" + key, member], ["SELECT", "3"], ["SET", "s" + other, member], ["SELECT", "0"], ["APPEND", "s" + key, "+"], ["EXEC"]],
                13 => [["RENAME", "s" + key, "s" + other]],
                14 => [["COPY", "z" + key, "z" + other, "REPLACE"]],
                _ => [["DEL", "l" + key, "t" + key]],
            };
            foreach (string[] command in commands)
            {
                client.Run(command);
            }
        }
    });

    private static void AssertReloads(RespClient control)
    {
        string before = control.Run("DEBUG", "DIGEST");
        Assert.Equal("OK", control.Run("DEBUG", "LOADAOF"));
        Assert.Equal(before, control.Run("DEBUG", "DIGEST"));
    }
}
