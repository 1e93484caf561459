using System.Globalization;
using StackExchange.Redis;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Messages between clients of any threads: none lost, all in publishing order, and what a subscriber may do meanwhile.</summary>
public sealed class PubSubTests
{
    private const int Publishers = 4;
    private const int Subscribers = 8;
    private const int MessagesEach = 1500;

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(1, "epoll")]
    [InlineData(2, "auto")]
    [InlineData(4, "auto")]
    public void AllSubscribersSeeOneOrder(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        RespClient[] subscribers = [.. Enumerable.Range(0, Subscribers).Select(_ => server.Connect())];
        for (int i = 0; i < subscribers.Length; i++)
        {
            Assert.Equal("[subscribe news 1]", subscribers[i].Run("SUBSCRIBE", "news"));
        }
        string[][] seen = new string[Subscribers][];
        Thread[] readers = [.. Enumerable.Range(0, Subscribers).Select(i => new Thread(() =>
            seen[i] = [.. Enumerable.Range(0, Publishers * MessagesEach).Select(_ => subscribers[i].Read())]))];
        Array.ForEach(readers, reader => reader.Start());
        Parallel.For(0, Publishers, publisher =>
        {
            using RespClient client = server.Connect();
            for (int i = 0; i < MessagesEach; i++)
            {
                Assert.Equal(Subscribers.ToString(CultureInfo.InvariantCulture), client.Run("PUBLISH", "news", $"{publisher}:{i}"));
            }
        });
        Array.ForEach(readers, reader => reader.Join());
        foreach (string[] messages in seen)
        {
            Assert.Equal(seen[0], messages);
        }
        for (int publisher = 0; publisher < Publishers; publisher++)
        {
            string[] own = [.. seen[0].Where(text => text.StartsWith($"[message news {publisher}:", StringComparison.Ordinal))];
            Assert.Equal(Enumerable.Range(0, MessagesEach).Select(i => $"[message news {publisher}:{i}]"), own);
        }
        Array.ForEach(subscribers, subscriber => subscriber.Dispose());
        server.AssertNoTraceOfClients();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void PatternsShardChannelsAndLargePayloads(int threads)
    {
        using TestServer server = new(threads);
        using RespClient subscriber = server.Connect(), publisher = server.Connect();
        Assert.Equal("[psubscribe n?ws 1]", subscriber.Run("PSUBSCRIBE", "n?ws"));
        Assert.Equal("[subscribe news 2]", subscriber.Run("SUBSCRIBE", "news"));
        Assert.Equal("[ssubscribe news 1]", subscriber.Run("SSUBSCRIBE", "news"));
        foreach (int size in (int[])[0, 1, 2000, 2049, 20_000, 3_000_000])
        {
            string payload = new('p', size);
            Assert.Equal("2", publisher.Run("PUBLISH", "news", payload));
            Assert.Equal($"[message news {payload}]", subscriber.Read());
            Assert.Equal($"[pmessage n?ws news {payload}]", subscriber.Read());
            Assert.Equal("1", publisher.Run("SPUBLISH", "news", payload));
            Assert.Equal($"[smessage news {payload}]", subscriber.Read());
        }
        Assert.Equal("[news]", publisher.Run("PUBSUB", "CHANNELS"));
        Assert.Equal("[news 1 none 0]", publisher.Run("PUBSUB", "NUMSUB", "news", "none"));
        Assert.Equal("1", publisher.Run("PUBSUB", "NUMPAT"));
        Assert.StartsWith("-ERR Can't execute 'get'", subscriber.Run("GET", "k"), StringComparison.Ordinal);
        Assert.Equal("[pong hello]", subscriber.Run("PING", "hello"));
        Assert.Equal("RESET", subscriber.Run("RESET"));
        Assert.Equal("PONG", subscriber.Run("PING"));
        Assert.Equal("0", publisher.Run("PUBLISH", "news", "x"));
    }

    [Fact]
    public void OwnMessagesComeBehindTheReply()
    {
        using TestServer server = new();
        using RespClient client = server.Connect();
        client.Run("HELLO", "3");
        client.Run("SUBSCRIBE", "own");
        client.Write([.. RespClient.Encode("PUBLISH", "own", "a"), .. RespClient.Encode("PING"), .. RespClient.Encode("MULTI"),
            .. RespClient.Encode("PUBLISH", "own", "b"), .. RespClient.Encode("PING", "in"), .. RespClient.Encode("EXEC")]);
        string[] expected = ["1", "[message own a]", "PONG", "OK", "QUEUED", "QUEUED", "[1 in]", "[message own b]"];
        Assert.Equal(expected, expected.Select(_ => client.Read()));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ASubscriberThatNeverReadsIsCut(int threads)
    {
        using TestServer server = new(threads, options: "client-output-buffer-limit pubsub 1mb 256kb 60");
        using RespClient deaf = server.Connect(), publisher = server.Connect();
        deaf.Run("SUBSCRIBE", "flood");
        string payload = new('x', 100_000);
        int sent = 0;
        while (publisher.Run("PUBLISH", "flood", payload) == "1")
        {
            // The kernel's buffers take some megabytes before the server has to.
            Assert.True(++sent < 1000, "the subscriber was never cut");
        }
        Assert.Contains("client_output_buffer_limit_disconnections:1", publisher.Run("INFO", "stats"), StringComparison.Ordinal);
        Assert.Equal("PONG", publisher.Run("PING"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public async Task StackExchangeRedisPublishesAndTransacts(int threads)
    {
        using TestServer server = new(threads);
        using ConnectionMultiplexer multiplexer = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{server.Port}");
        ISubscriber subscriber = multiplexer.GetSubscriber();
        ChannelMessageQueue queue = await subscriber.SubscribeAsync(RedisChannel.Literal("orders"));
        ChannelMessageQueue byPattern = await subscriber.SubscribeAsync(RedisChannel.Pattern("ord*"));
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(2, await subscriber.PublishAsync(RedisChannel.Literal("orders"), i));
        }
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(i, (int)(await queue.ReadAsync()).Message);
            Assert.Equal(i, (int)(await byPattern.ReadAsync()).Message);
        }
        IDatabase database = multiplexer.GetDatabase();
        ITransaction transaction = database.CreateTransaction();
        transaction.AddCondition(Condition.KeyNotExists("guard"));
        Task<long> increment = transaction.StringIncrementAsync("counter");
        Task<bool> set = transaction.StringSetAsync("guard", "1");
        Assert.True(await transaction.ExecuteAsync());
        Assert.Equal(1, await increment);
        Assert.True(await set);
        ITransaction refused = database.CreateTransaction();
        refused.AddCondition(Condition.KeyNotExists("guard"));
        _ = refused.StringIncrementAsync("counter");
        Assert.False(await refused.ExecuteAsync());
        Assert.Equal(1, (int)await database.StringGetAsync("counter"));
    }
}
