using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using StackExchange.Redis;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>One suite over both I/O engines, all kinds of sockets, and 1, 2 and 4 threads.</summary>
public sealed class EngineMatrixTests
{
    public static TheoryData<string, int> Matrix => new()
    {
        { "auto", 1 }, { "auto", 2 }, { "auto", 4 }, { "epoll", 1 }, { "epoll", 2 }, { "epoll", 4 },
    };

    [Theory]
    [MemberData(nameof(Matrix))]
    public void EverySocketFamilyAnswers(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        foreach (EndPoint target in (EndPoint[])
            [new IPEndPoint(IPAddress.Loopback, server.Port), new IPEndPoint(IPAddress.IPv6Loopback, server.Port), new UnixDomainSocketEndPoint(server.UnixPath)])
        {
            using RespClient client = new(target);
            Assert.Equal("PONG", client.Run("PING"));
            Assert.Equal("OK", client.Run("SET", "k", "v"));
            Assert.Equal("v", client.Run("GET", "k"));
        }
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void PipelinesOfEveryDepthKeepTheirOrder(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        using RespClient client = server.Connect();
        foreach (int depth in (int[])[1, 2, 63, 64, 65, 1000])
        {
            client.Write([.. Enumerable.Range(0, depth).SelectMany(i => RespClient.Encode("SET", $"k{i}", $"{depth}:{i}"))]);
            client.Write([.. Enumerable.Range(0, depth).SelectMany(i => RespClient.Encode("GET", $"k{i}"))]);
            for (int i = 0; i < depth; i++)
            {
                Assert.Equal("OK", client.Read());
            }
            for (int i = 0; i < depth; i++)
            {
                Assert.Equal($"{depth}:{i}", client.Read());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void ValuesOfManyMebibytesGoInAndOut(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        using RespClient client = server.Connect();
        foreach (int bytes in (int[])[2048, 2049, 16 << 10, 100_000, 20 << 20])
        {
            string value = new((char)('a' + bytes % 26), bytes);
            Assert.Equal("OK", client.Run("SET", "big", value));
            Assert.Equal(value, client.Run("GET", "big"));
        }
        Assert.Equal("1", client.Run("DEL", "big"));
    }

    /// <summary>Replies of every size up to some kilobytes, far more than a socket takes, to clients that read them late.</summary>
    [Theory]
    [MemberData(nameof(Matrix))]
    public void ClientsThatReadLateGetEverythingAndKeepNobodyWaiting(string engine, int threads)
    {
        const int requests = 3600, rounds = 2, step = 150;
        using TestServer server = new(threads, engine);
        using RespClient other = server.Connect();
        byte[] block = [.. Enumerable.Range(1, 60).SelectMany(i => RespClient.Encode("ECHO", new string((char)('a' + i % 26), i * step)))];
        RespClient[] late = [.. Enumerable.Range(0, 5).Select(_ => server.Connect())];
        for (int round = 0; round < rounds; round++)
        {
            // The server stops reading nobody, so the requests go in although no reply comes out.
            Array.ForEach(late, client => client.Write([.. Enumerable.Repeat(block, requests / 60).SelectMany(part => part)]));
            for (int i = 0; i < 100; i++)
            {
                other.ReceiveTimeoutMs = 2000;
                Assert.Equal("PONG", other.Run("PING"));
            }
            foreach (RespClient client in late)
            {
                for (int i = 0; i < requests; i++)
                {
                    int length = (i % 60 + 1) * step;
                    Assert.Equal(new string((char)('a' + (i % 60 + 1) % 26), length), client.Read());
                }
            }
        }
        Array.ForEach(late, client => client.Dispose());
    }

    /// <summary>From the socket and back to it, not an object a command: what INFO itself allocates is all there is.</summary>
    [Theory]
    [InlineData("auto")]
    [InlineData("epoll")]
    public void RequestsOneByOneAllocateNothing(string engine)
    {
        const int requests = 10_000;
        using TestServer server = new(1, engine);
        using RespClient client = server.Connect();
        client.Run("SET", "k", "v");
        client.Run("INFO", "memory");
        long before = Allocated();
        for (int i = 0; i < requests; i++)
        {
            client.Run("GET", "k");
        }
        // An INFO is some 30 KB; the smallest object is 24 bytes.
        Assert.InRange(Allocated() - before, 0, requests * 8);

        long Allocated()
        {
            const string field = "managed_allocated_bytes_by_thread:";
            string info = client.Run("INFO", "memory");
            int at = info.IndexOf(field, StringComparison.Ordinal) + field.Length;
            return long.Parse(info[at..info.IndexOf('\r', at)], CultureInfo.InvariantCulture);
        }
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void ABytewiseClientIsServed(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        using RespClient client = server.Connect();
        foreach (byte b in RespClient.Encode("SET", "k", "v"))
        {
            client.Write([b]);
        }
        Assert.Equal("OK", client.Read());
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void AProtocolErrorAnswersWhatCameBeforeAndCloses(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        using RespClient client = server.Connect();
        client.Write(Encoding.ASCII.GetBytes("PING\r\n*1\r\n$x\r\n"));
        Assert.Equal("PONG", client.Read());
        Assert.Equal("-ERR Protocol error: invalid bulk length", client.Read());
        Assert.True(client.IsAtEnd());
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void ClientsThatComeAndGoLeaveNothing(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        for (int round = 0; round < 5; round++)
        {
            List<RespClient> clients = [.. Enumerable.Range(0, 40).Select(_ => server.Connect())];
            foreach (RespClient client in clients)
            {
                client.Send("SET", "k", new string('x', 1000));
            }
            for (int i = 0; i < clients.Count; i += 2)
            {
                Assert.Equal("OK", clients[i].Read());
            }
            clients.ForEach(client => client.Dispose());
        }
        Assert.True(SpinWait.SpinUntil(() => server.ClientCount == 0, 2000));
        using RespClient last = server.Connect();
        Assert.Equal("PONG", last.Run("PING"));
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void AResetRightBehindTheLastBytesIsNoticed(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        // One that is busy on every thread, so that bytes and reset of the others are there together when the server looks.
        List<RespClient> busy = [.. Enumerable.Range(0, threads).Select(_ => server.Connect())];
        List<Socket> visitors = [];
        for (int i = 0; i < 8 * threads; i++)
        {
            Socket visitor = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { LingerState = new LingerOption(true, 0) };
            visitor.Connect(IPAddress.Loopback, server.Port);
            visitors.Add(visitor);
        }
        Assert.True(SpinWait.SpinUntil(() => server.ClientCount >= busy.Count + visitors.Count, 5000));
        busy.ForEach(client => client.Send("DEBUG", "SLEEP", "0.2"));
        Thread.Sleep(50);
        foreach (Socket visitor in visitors)
        {
            visitor.Send("*2\r\n$3\r\nGE"u8);
            visitor.Dispose();
        }
        busy.ForEach(client => Assert.Equal("OK", client.Read()));
        Assert.True(SpinWait.SpinUntil(() => server.ClientCount <= busy.Count, 5000), $"{server.ClientCount} clients");
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void OneClientKillsAnotherOnAnyThread(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        using RespClient killer = server.Connect();
        for (int i = 0; i < 8; i++)
        {
            using RespClient victim = server.Connect();
            string id = victim.Run("CLIENT", "ID");
            Assert.Equal("1", killer.Run("CLIENT", "KILL", "ID", id));
            Assert.True(victim.IsAtEnd());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task StackExchangeRedisWorksUnchanged(int threads)
    {
        using TestServer server = new(threads);
        using ConnectionMultiplexer client = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{server.Port},abortConnect=false");
        IDatabase database = client.GetDatabase(2);
        Assert.True(await database.StringSetAsync("k", "v", TimeSpan.FromSeconds(100)));
        Assert.Equal("v", await database.StringGetAsync("k"));
        Assert.InRange((await database.KeyTimeToLiveAsync("k"))!.Value.TotalSeconds, 90, 100);
        Task<long>[] increments = [.. Enumerable.Range(0, 2000).Select(_ => database.StringIncrementAsync("n"))];
        await Task.WhenAll(increments);
        Assert.Equal(2000, (long)await database.StringGetAsync("n"));
        Assert.Equal(["v", null], (await database.StringGetAsync(["k", "none"])).Select(value => (string?)value));
        Assert.True(await database.KeyDeleteAsync("k"));
        Assert.Single(client.GetServer("127.0.0.1", server.Port).Keys(2, "n*"));
    }

    [Fact]
    public void TooManyClientsAreTurnedAwayAndOthersStay()
    {
        using TestServer server = new(1, options: "maxclients 3");
        List<RespClient> clients = [server.Connect(), server.Connect(), server.Connect()];
        clients.ForEach(client => Assert.Equal("PONG", client.Run("PING")));
        using RespClient extra = server.Connect();
        Assert.Equal("-ERR max number of clients reached", extra.Read());
        Assert.True(extra.IsAtEnd());
        Assert.Equal("PONG", clients[0].Run("PING"));
        clients.ForEach(client => client.Dispose());
    }
}
