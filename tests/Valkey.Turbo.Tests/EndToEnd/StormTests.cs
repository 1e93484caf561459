using System.Net;
using System.Net.Sockets;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Tests that count what the whole process holds, so that no other may run beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class AloneCollection
{
    internal const string Name = "alone";
}

/// <summary>Connections that come and go thousands a second, in every state, leave nothing behind.</summary>
[Collection(AloneCollection.Name)]
public sealed class StormTests
{
    private const int Connections = 10_000;
    private const int Visitors = 4;

    // What a client has said when it goes: nothing, half a request, a request whose reply it never reads, or something that lasts.
    private static readonly byte[][] LastWords =
    [
        [],
        "*2\r\n$3\r\nGE"u8.ToArray(),
        "PING\r\n"u8.ToArray(),
        RespClient.Encode("GET", "big"),
        RespClient.Encode("BLPOP", "nothing", "0"),
        RespClient.Encode("SUBSCRIBE", "news"),
        RespClient.Encode("PSUBSCRIBE", "n*"),
        [.. RespClient.Encode("WATCH", "k"), .. RespClient.Encode("MULTI"), .. RespClient.Encode("SET", "k", "v")],
        [.. RespClient.Encode("HELLO", "3"), .. RespClient.Encode("CLIENT", "TRACKING", "ON"), .. RespClient.Encode("GET", "k")],
        RespClient.Encode("XREAD", "BLOCK", "0", "STREAMS", "s", "$"),
        RespClient.Encode("MONITOR"),
        RespClient.Encode("CLIENT", "KILL", "SKIPME", "no", "MAXAGE", "0"),
    ];

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(4, "auto")]
    [InlineData(4, "epoll")]
    public void NothingIsLeft(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        using RespClient control = server.Connect();
        control.Run("SET", "big", new string('x', 1 << 20));
        Visit(server, 200, new Random(1));
        long bytes = server.DataBytes;
        int descriptors = server.DescriptorCount;
        Parallel.For(0, Visitors, visitor => Visit(server, Connections / Visitors, new Random(visitor)));
        Assert.True(SpinWait.SpinUntil(() => server.ClientCount <= 1, 20_000), $"{server.ClientCount} clients");
        Assert.True(SpinWait.SpinUntil(() => server.DescriptorCount <= descriptors + 20, 5000), $"{descriptors} descriptors, then {server.DescriptorCount}");
        Assert.True(SpinWait.SpinUntil(() => server.DataBytes <= bytes + 10_000, 5000), $"{bytes} bytes, then {server.DataBytes}");
        server.AssertNoTraceOfClients();
        server.AssertInside(inside => inside.Shards.All(shard => shard.Watched.KeyCount + shard.Tracked.KeyCount <= 1));
    }

    private static void Visit(TestServer server, int times, Random random)
    {
        IPEndPoint target = new(IPAddress.Loopback, server.Port);
        for (int i = 0; i < times; i++)
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            // Half of them go with a reset, which also spares the ports.
            socket.LingerState = new LingerOption(random.Next(2) == 0, 0);
            try
            {
                socket.Connect(target);
                socket.Send(LastWords[random.Next(LastWords.Length)]);
                if (random.Next(8) == 0)
                {
                    socket.ReceiveTimeout = 1;
                    socket.Receive(new byte[64]);
                }
            }
            catch (SocketException)
            {
                // Killed by another visitor, or nothing to read yet.
            }
        }
    }
}
