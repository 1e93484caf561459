namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// More threads than a word has bits, with a client on each: threads whose numbers differ by 64 share a bit where a shard's waiters are
/// noted, and neither may miss what is meant for it.
/// </summary>
[Collection(AloneCollection.Name)]
public sealed class ManyThreadsTests
{
    private const int SharedBit = 64;

    [Theory]
    [InlineData(70, "auto")]
    [InlineData(130, "epoll")]
    public void EveryThreadServesItsClients(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        // They are placed where there are fewest, so that each thread has one.
        RespClient[] clients = [.. Enumerable.Range(0, threads).Select(_ => server.Connect())];
        try
        {
            HandOverBetweenThreadsOfOneBit(clients);
            AddUpUnderContention(clients);
            KeepTransactionsWhole(clients);
            PublishToAll(clients);
            Assert.Equal($"{threads}", clients[^1].Run("CLIENT", "LIST").Split('\n', StringSplitOptions.RemoveEmptyEntries).Length.ToString());
            Assert.Contains($"cmdstat_incr:calls={clients.Length * 20}", clients[0].Run("INFO", "commandstats"), StringComparison.Ordinal);
            Assert.Contains("incr", clients[0].Run("LATENCY", "HISTOGRAM", "incr"), StringComparison.Ordinal);
        }
        finally
        {
            Array.ForEach(clients, client => client.Dispose());
        }
    }

    private static void HandOverBetweenThreadsOfOneBit(RespClient[] clients)
    {
        for (int i = 0; i + SharedBit < clients.Length; i++)
        {
            foreach ((RespClient taker, RespClient giver) in (ReadOnlySpan<(RespClient, RespClient)>)
                [(clients[i], clients[i + SharedBit]), (clients[i + SharedBit], clients[i])])
            {
                taker.Send("BLPOP", $"queue{i}", "0");
                Assert.Equal("1", giver.Run("RPUSH", $"queue{i}", "job"));
                Assert.Equal($"[queue{i} job]", taker.Read());
            }
        }
    }

    private static void AddUpUnderContention(RespClient[] clients)
    {
        const int increments = 20;
        byte[] pipeline = [.. Enumerable.Repeat(RespClient.Encode("INCR", "hot"), increments).SelectMany(request => request)];
        Array.ForEach(clients, client => client.Write(pipeline));
        int last = 0;
        foreach (RespClient client in clients)
        {
            for (int i = 0; i < increments; i++)
            {
                last = Math.Max(last, int.Parse(client.Read()));
            }
        }
        Assert.Equal(clients.Length * increments, last);
    }

    private static void KeepTransactionsWhole(RespClient[] clients)
    {
        string[] keys = [.. Enumerable.Range(0, 40).Select(i => $"part{i}")];
        for (int i = 0; i < clients.Length; i++)
        {
            string value = $"{i}";
            clients[i].Write([.. RespClient.Encode("MULTI"), .. keys.SelectMany(key => RespClient.Encode("SET", key, value)),
                .. RespClient.Encode("EXEC"), .. RespClient.Encode(["MGET", .. keys])]);
        }
        foreach (RespClient client in clients)
        {
            for (int i = 0; i < keys.Length + 2; i++)
            {
                client.Read();
            }
            Assert.Single(client.Read()[1..^1].Split(' ').Distinct());
        }
    }

    private static void PublishToAll(RespClient[] clients)
    {
        foreach (RespClient client in clients.AsSpan(1))
        {
            Assert.StartsWith("[subscribe news", client.Run("SUBSCRIBE", "news"), StringComparison.Ordinal);
        }
        Assert.Equal($"{clients.Length - 1}", clients[0].Run("PUBLISH", "news", "hello"));
        foreach (RespClient client in clients.AsSpan(1))
        {
            Assert.Equal("[message news hello]", client.Read());
            client.Run("UNSUBSCRIBE", "news");
        }
    }
}
