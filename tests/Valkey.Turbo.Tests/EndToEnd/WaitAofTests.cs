using Valkey.Turbo.Native;
using Valkey.Turbo.Tests.Persistence;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>WAITAOF: who asks is answered when what it wrote is on the disk, and not before.</summary>
public sealed class WaitAofTests : IDisposable
{
    private const string NoLog = "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.";
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-waitaof-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void WithoutALogThereIsNothingToWaitFor()
    {
        using TestServer server = new();
        using RespClient client = server.Connect();
        client.Run("SET", "a", "1");
        Assert.Equal(NoLog, client.Run("WAITAOF", "1", "0", "0"));
        Assert.Equal("[0 0]", client.Run("WAITAOF", "0", "0", "0"));
        Assert.Equal("-ERR value is out of range, value must between 0 and 1", client.Run("WAITAOF", "2", "0", "0"));
        client.Run("MULTI");
        client.Run("WAITAOF", "1", "0", "0");
        Assert.Equal($"[{NoLog}]", client.Run("EXEC"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void WhatIsNotOnTheDiskIsNotAcknowledged(int threads)
    {
        using TestServer server = Start(threads, null, "appendfsync no");
        using RespClient client = server.Connect(), other = server.Connect();
        client.Run("INCR", "a");
        Assert.Equal("[0 0]", client.Run("WAITAOF", "1", "0", "50"));
        Assert.Equal("[0 0]", client.Run("WAITAOF", "0", "0", "0"));
        client.Run("MULTI");
        client.Run("WAITAOF", "1", "0", "0");
        Assert.Equal("[[0 0]]", client.Run("EXEC"));
        // Who has written nothing has nothing to wait for.
        other.Run("GET", "a");
        Assert.Equal("[1 0]", other.Run("WAITAOF", "1", "0", "0"));
        client.Send("WAITAOF", "1", "0", "0");
        AwaitBlocked(other);
        Assert.Equal("OK", other.Run("CONFIG", "SET", "appendfsync", "everysec"));
        Assert.Equal("[1 0]", client.Read());
    }

    [Theory]
    [InlineData(1, "everysec")]
    [InlineData(4, "everysec")]
    [InlineData(1, "always")]
    [InlineData(4, "always")]
    public void EveryClientIsAnsweredAfterTheSync(int threads, string policy)
    {
        int syncs = 0;
        FaultyFiles files = new() { Fault = (call, path) => call == FileCall.SyncData && Interlocked.Increment(ref syncs) < 0 ? 1 : 0 };
        using TestServer server = Start(threads, files, $"appendfsync {policy}");
        Parallel.For(0, 8, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            using RespClient client = server.Connect();
            for (int round = 0; round < 2; round++)
            {
                int before = Volatile.Read(ref syncs);
                client.Write([.. RespClient.Encode("INCR", $"{i}"), .. RespClient.Encode("WAITAOF", "1", "0", "0"), .. RespClient.Encode("PING")]);
                Assert.Equal($"{round + 1}", client.Read());
                Assert.Equal("[1 0]", client.Read());
                Assert.Equal("PONG", client.Read());
                Assert.True(Volatile.Read(ref syncs) > before);
            }
        });
    }

    [Fact]
    public void TheWaitEndsWithTheLogOrWhenAnotherEndsIt()
    {
        using TestServer server = Start(2, null, "appendfsync no");
        using RespClient client = server.Connect(), other = server.Connect();
        string id = client.Run("CLIENT", "ID");
        client.Run("INCR", "a");
        client.Send("WAITAOF", "1", "0", "0");
        AwaitBlocked(other);
        Assert.Equal("1", other.Run("CLIENT", "UNBLOCK", id));
        Assert.Equal("[0 0]", client.Read());
        client.Send("WAITAOF", "1", "0", "0");
        AwaitBlocked(other);
        Assert.Equal("1", other.Run("CLIENT", "UNBLOCK", id, "ERROR"));
        Assert.StartsWith("-UNBLOCKED", client.Read(), StringComparison.Ordinal);
        client.Send("WAITAOF", "1", "0", "0");
        AwaitBlocked(other);
        Assert.Equal("Background append only file rewriting started", other.Run("BGREWRITEAOF"));
        // The new base is on the disk.
        Assert.Equal("[1 0]", client.Read());
        client.Run("INCR", "a");
        client.Send("WAITAOF", "1", "0", "0");
        AwaitBlocked(other);
        Assert.Equal("OK", other.Run("CONFIG", "SET", "appendonly", "no"));
        Assert.Equal(NoLog, client.Read());
        client.Run("INCR", "a");
        Assert.Equal("OK", other.Run("CONFIG", "SET", "appendonly", "yes"));
        Assert.Equal("[1 0]", client.Run("WAITAOF", "1", "0", "0"));
    }

    private static void AwaitBlocked(RespClient client) =>
        Assert.True(SpinWait.SpinUntil(() => client.Run("INFO", "clients").Contains("blocked_clients:1", StringComparison.Ordinal), 10_000));

    private TestServer Start(int threads, FaultyFiles? files, params string[] options)
    {
        TestServer server = new(threads, files ?? new FaultyFiles(), [$"dir {_directory}", "enable-protected-configs yes", .. options]);
        using RespClient client = server.Connect();
        Assert.Equal("OK", client.Run("CONFIG", "SET", "appendonly", "yes"));
        return server;
    }
}
