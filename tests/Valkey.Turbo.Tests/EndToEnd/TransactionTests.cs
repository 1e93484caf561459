using System.Globalization;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>MULTI and its relatives: what is queued, when EXEC refuses, and that nobody sees half a transaction.</summary>
public sealed class TransactionTests
{
    private const int RunMs = 1500;
    private const int Accounts = 8;
    private const int StartBalance = 100;

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void CommandsAreQueuedAndRunTogether(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect(), other = server.Connect();
        Assert.Equal("-ERR EXEC without MULTI", client.Run("EXEC"));
        Assert.Equal("-ERR DISCARD without MULTI", client.Run("DISCARD"));
        Assert.Equal("OK", client.Run("MULTI"));
        Assert.Equal("-ERR Command 'multi' not allowed inside a transaction", client.Run("MULTI"));
        Assert.Equal("-ERR Command 'watch' not allowed inside a transaction", client.Run("WATCH", "a"));
        Assert.StartsWith("-EXECABORT", client.Run("EXEC"), StringComparison.Ordinal);
        Assert.Equal("OK", client.Run("MULTI"));
        Assert.Equal("QUEUED", client.Run("SET", "a", "1"));
        Assert.Equal("QUEUED", client.Run("LPUSH", "a", "x"));
        Assert.Equal("QUEUED", client.Run("RPUSH", "list", "x", "y"));
        Assert.Equal("QUEUED", client.Run("SCAN", "0"));
        Assert.Equal("nil", other.Run("GET", "a"));
        string reply = client.Run("EXEC");
        Assert.StartsWith("[OK -WRONGTYPE", reply, StringComparison.Ordinal);
        Assert.Equal("1", other.Run("GET", "a"));
        client.Run("MULTI");
        client.Run("SET", "a", "2");
        Assert.StartsWith("-ERR unknown command", client.Run("NOSUCH"), StringComparison.Ordinal);
        Assert.StartsWith("-EXECABORT", client.Run("EXEC"), StringComparison.Ordinal);
        client.Run("MULTI");
        client.Run("SET", "a", "3");
        Assert.Equal("OK", client.Run("DISCARD"));
        Assert.Equal("1", client.Run("GET", "a"));
        Assert.Equal("OK", client.Run("MULTI"));
        Assert.Equal("[]", client.Run("EXEC"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void AWatchedKeyThatChangesStopsTheTransaction(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect(), other = server.Connect();
        string[][] changes =
        [
            ["SET", "w", "x"], ["DEL", "w"], ["APPEND", "w", "y"], ["EXPIRE", "w", "100"], ["RENAME", "source", "w"], ["FLUSHDB"], ["SWAPDB", "0", "1"],
            ["COPY", "source", "w", "REPLACE"], ["SETBIT", "w", "6", "1"],
        ];
        foreach (string[] change in changes)
        {
            other.Run("SET", "w", "a");
            other.Run("SET", "source", "b");
            Assert.Equal("OK", client.Run("WATCH", "w", "elsewhere"));
            other.Run(change);
            client.Run("MULTI");
            client.Run("PING");
            Assert.True(client.Run("EXEC") == "nil", string.Join(' ', change));
        }
        other.Run("SET", "w", "a");
        client.Run("WATCH", "w");
        other.Run("SET", "v", "b");
        other.Run("GET", "w");
        other.Run("SADD", "w", "wrong type");
        client.Run("MULTI");
        client.Run("GET", "w");
        Assert.Equal("[a]", client.Run("EXEC"));
        client.Run("WATCH", "w");
        other.Run("SET", "w", "b");
        client.Run("UNWATCH");
        client.Run("MULTI");
        client.Run("GET", "w");
        Assert.Equal("[b]", client.Run("EXEC"));
        other.Run("PEXPIRE", "w", "500");
        client.Run("WATCH", "w");
        Thread.Sleep(550);
        client.Run("MULTI");
        client.Run("PING");
        Assert.Equal("nil", client.Run("EXEC"));
    }

    /// <summary>Money moves between accounts over all shards, by plain transactions and by watched ones; the sum stays.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public async Task NobodySeesHalfATransfer(int threads)
    {
        using TestServer server = new(threads);
        using (RespClient client = server.Connect())
        {
            for (int i = 0; i < Accounts; i++)
            {
                client.Run("SET", $"account{i}", StartBalance.ToString(CultureInfo.InvariantCulture));
            }
        }
        using CancellationTokenSource stop = new(RunMs);
        List<Task> tasks = [];
        for (int i = 0; i < 3; i++)
        {
            ulong seed = (ulong)i;
            tasks.Add(Task.Factory.StartNew(() => Transfer(server, seed, watches: false, stop.Token), TaskCreationOptions.LongRunning));
            tasks.Add(Task.Factory.StartNew(() => Transfer(server, seed + 10, watches: true, stop.Token), TaskCreationOptions.LongRunning));
        }
        tasks.Add(Task.Factory.StartNew(() => CheckSum(server, stop.Token), TaskCreationOptions.LongRunning));
        await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(60));
    }

    private static void Transfer(TestServer server, ulong seed, bool watches, CancellationToken stop)
    {
        using RespClient client = server.Connect();
        RandomSource random = new(seed);
        while (!stop.IsCancellationRequested)
        {
            string from = $"account{random.Below(Accounts)}", to = $"account{random.Below(Accounts)}";
            if (watches && from != to)
            {
                client.Run("WATCH", from, to);
                int a = int.Parse(client.Run("GET", from), CultureInfo.InvariantCulture), b = int.Parse(client.Run("GET", to), CultureInfo.InvariantCulture);
                client.Run("MULTI");
                client.Run("SET", from, (a - 1).ToString(CultureInfo.InvariantCulture));
                client.Run("SET", to, (b + 1).ToString(CultureInfo.InvariantCulture));
                Assert.True(client.Run("EXEC") is "nil" or "[OK OK]");
            }
            else
            {
                client.Run("MULTI");
                client.Run("DECR", from);
                client.Run("INCR", to);
                Assert.StartsWith("[", client.Run("EXEC"), StringComparison.Ordinal);
            }
        }
    }

    private static void CheckSum(TestServer server, CancellationToken stop)
    {
        using RespClient client = server.Connect();
        string[] keys = [.. Enumerable.Range(0, Accounts).Select(i => $"account{i}")];
        while (!stop.IsCancellationRequested)
        {
            string[] balances = client.Run([.. (string[])["MGET"], .. keys])[1..^1].Split(' ');
            Assert.Equal(Accounts * StartBalance, balances.Sum(text => int.Parse(text, CultureInfo.InvariantCulture)));
        }
    }
}
