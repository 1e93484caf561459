using System.Net;
using System.Net.Sockets;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Clients that send their requests, end their direction at once, and then read: everything is answered, then the server ends too.</summary>
public sealed class HalfClosedTests
{
    private const int LargeBytes = 12 << 20;

    public static TheoryData<string, int> Matrix => EngineMatrixTests.Matrix;

    [Theory]
    [MemberData(nameof(Matrix))]
    public void ShortRequestsAreAnswered(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        for (int i = 0; i < 50; i++)
        {
            using RespClient tcp = server.Connect();
            AssertAnswered(tcp, 1);
            using RespClient local = new(new UnixDomainSocketEndPoint(server.UnixPath));
            AssertAnswered(local, 1);
        }
        Assert.True(SpinWait.SpinUntil(() => server.ClientCount == 0, 5000));
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void LongPipelinesAreAnsweredWhole(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        foreach (int depth in (int[])[64, 65, 5000, 100_000])
        {
            using RespClient client = server.Connect();
            AssertAnswered(client, depth);
        }
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void LargeRepliesAreSentToTheirEndHoweverLateTheyAreRead(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        string large = new('x', LargeBytes), middling = new('y', 40_000);
        using RespClient writer = server.Connect();
        writer.Run("SET", "large", large);
        writer.Run("SET", "middling", middling);
        foreach (int delayMs in (int[])[0, 300])
        {
            using RespClient client = server.Connect();
            client.Write([.. RespClient.Encode("GET", "large"), .. RespClient.Encode("GET", "middling"), .. RespClient.Encode("MGET", "large", "middling"), .. RespClient.Encode("PING")]);
            client.EndSending();
            Thread.Sleep(delayMs);
            Assert.Equal(large, client.Read());
            Assert.Equal(middling, client.Read());
            Assert.Equal($"[{large} {middling}]", client.Read());
            Assert.Equal("PONG", client.Read());
            Assert.True(client.IsAtEnd());
        }
    }

    /// <summary>On every thread at once, over keys of all shards, so that requests wait for shards when the end comes.</summary>
    [Theory]
    [MemberData(nameof(Matrix))]
    public void RequestsThatWaitForShardsAreAnsweredAsWell(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        Parallel.For(0, 8, worker =>
        {
            for (int round = 0; round < 15; round++)
            {
                using RespClient client = server.Connect();
                string[] all = [.. Enumerable.Range(0, 40).SelectMany(i => (string[])[$"k{i}", $"{worker}"])];
                client.Write([.. Enumerable.Range(0, 20).SelectMany(_ => RespClient.Encode(["MSET", .. all]))]);
                client.Write(RespClient.Encode("KEYS", "none*"));
                client.EndSending();
                for (int i = 0; i < 20; i++)
                {
                    Assert.Equal("OK", client.Read());
                }
                Assert.Equal("[]", client.Read());
                Assert.True(client.IsAtEnd());
            }
        });
    }

    /// <summary>A client that waits for others is gone with its end, as in Valkey, and takes nothing.</summary>
    [Theory]
    [MemberData(nameof(Matrix))]
    public void WhoWaitsForOthersIsGone(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        using RespClient other = server.Connect();
        foreach (string[] waiting in (string[][])[["BLPOP", "queue", "0"], ["SUBSCRIBE", "news"], ["MONITOR"]])
        {
            using RespClient client = server.Connect();
            client.Write([.. RespClient.Encode("ECHO", "before"), .. RespClient.Encode(waiting)]);
            if (waiting[0] == "BLPOP")
            {
                client.Write(RespClient.Encode("ECHO", "behind"));
            }
            client.EndSending();
            Assert.Equal("before", client.Read());
            if (waiting[0] != "BLPOP")
            {
                client.Read();
            }
            Assert.True(client.IsAtEnd());
        }
        Assert.Equal("1", other.Run("RPUSH", "queue", "element"));
        Assert.Equal("1", other.Run("LLEN", "queue"));
        server.AssertNoTraceOfClients();
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void WhoWaitsForTheEndOfAPauseIsGone(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        using RespClient other = server.Connect();
        Assert.Equal("OK", other.Run("CLIENT", "PAUSE", "600", "WRITE"));
        using (RespClient client = server.Connect())
        {
            client.Write([.. RespClient.Encode("ECHO", "before"), .. RespClient.Encode("SET", "k", "v")]);
            client.EndSending();
            Assert.Equal("before", client.Read());
            Assert.True(client.IsAtEnd());
        }
        Thread.Sleep(700);
        Assert.Equal("nil", other.Run("GET", "k"));
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void AnUnfinishedRequestIsDropped(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        using RespClient client = server.Connect();
        client.Write([.. RespClient.Encode("PING"), .. "*2\r\n$4\r\nECHO\r\n$5\r\nhal"u8]);
        client.EndSending();
        Assert.Equal("PONG", client.Read());
        Assert.True(client.IsAtEnd());
    }

    /// <summary>Clients that end one direction, leave most of the reply unread, and then go for good.</summary>
    [Theory]
    [MemberData(nameof(Matrix))]
    public void WhoEndsFirstOneDirectionAndThenTheOtherLeavesNothing(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        using (RespClient writer = server.Connect())
        {
            writer.Run("SET", "large", new string('x', LargeBytes));
        }
        for (int i = 0; i < 12; i++)
        {
            EndPoint target = i % 2 == 0 ? new IPEndPoint(IPAddress.Loopback, server.Port) : new UnixDomainSocketEndPoint(server.UnixPath);
            using RespClient client = new(target);
            client.Write(RespClient.Encode("GET", "large"));
            client.EndSending();
            Thread.Sleep(i * 3);
        }
        Assert.True(SpinWait.SpinUntil(() => server.ClientCount == 0, 5000), $"{server.ClientCount} clients");
    }

    private static void AssertAnswered(RespClient client, int depth)
    {
        byte[] requests = [.. Enumerable.Repeat(RespClient.Encode("PING"), depth).SelectMany(request => request)];
        // Beside the reading, as the server may have to get rid of replies before it takes more requests.
        Task sending = Task.Run(() =>
        {
            client.Write(requests);
            client.EndSending();
        });
        for (int i = 0; i < depth; i++)
        {
            Assert.Equal("PONG", client.Read());
        }
        Assert.True(client.IsAtEnd());
        sending.GetAwaiter().GetResult();
    }
}
