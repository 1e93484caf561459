using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Commands that wait: who is served, when waiting ends, and that no element and no wake-up is lost between cores.</summary>
public sealed class BlockingTests
{
    private const int Consumers = 8;
    private const int Producers = 4;
    private const int ElementsEach = 2000;
    private const int Keys = 24;

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(1, "epoll")]
    [InlineData(4, "auto")]
    public void TheFirstToComeIsServedFirst(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        using RespClient pusher = server.Connect();
        RespClient[] clients = [.. Enumerable.Range(0, 6).Select(_ => server.Connect())];
        for (int i = 0; i < clients.Length; i++)
        {
            clients[i].Send("BLPOP", "elsewhere", "queue", "0");
            WaitForBlocked(pusher, i + 1);
        }
        for (int i = 0; i < clients.Length; i++)
        {
            Assert.Equal("1", pusher.Run("RPUSH", "queue", i.ToString(CultureInfo.InvariantCulture)));
            Assert.Equal($"[queue {i}]", clients[i].Read());
        }
        WaitForBlocked(pusher, 0);
        Array.ForEach(clients, client => client.Dispose());
    }

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(1, "epoll")]
    [InlineData(2, "auto")]
    [InlineData(4, "auto")]
    [InlineData(4, "epoll")]
    public void WhatStandsBehindAPushInItsPipelineComesAfterThoseWhoWait(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        using RespClient pusher = server.Connect();
        RespClient[] waiters = [.. Enumerable.Range(0, 8).Select(_ => server.Connect())];
        for (int round = 0; round < 25; round++)
        {
            string[] queues = [.. waiters.Select((_, i) => $"queue:{round}:{i}")];
            for (int i = 0; i < waiters.Length; i++)
            {
                // The even ones hand on to the odd ones.
                waiters[i].Send(i % 2 == 0 ? ["BLMOVE", queues[i], queues[i + 1], "LEFT", "LEFT", "0"] : ["BLPOP", queues[i], "0"]);
            }
            WaitForBlocked(pusher, waiters.Length);
            using MemoryStream pipeline = new();
            for (int i = 0; i < waiters.Length; i += 2)
            {
                pipeline.Write(RespClient.Encode("RPUSH", queues[i], "a", "b"));
                pipeline.Write(RespClient.Encode("LLEN", queues[i]));
                pipeline.Write(RespClient.Encode("LPOP", queues[i]));
                pipeline.Write(RespClient.Encode("LPOP", queues[i + 1]));
            }
            pusher.Write(pipeline.ToArray());
            for (int i = 0; i < waiters.Length; i += 2)
            {
                Assert.Equal(["2", "1", "b", "nil"], [pusher.Read(), pusher.Read(), pusher.Read(), pusher.Read()]);
                Assert.Equal("a", waiters[i].Read());
                Assert.Equal($"[{queues[i + 1]} a]", waiters[i + 1].Read());
            }
        }
        Array.ForEach(waiters, waiter => waiter.Dispose());
    }

    /// <summary>An element that is handed on from key to key, over threads, arrives before anybody sees it on its way.</summary>
    [Theory]
    [InlineData(1, "auto")]
    [InlineData(1, "epoll")]
    [InlineData(2, "auto")]
    [InlineData(4, "auto")]
    [InlineData(4, "epoll")]
    public void WhatIsHandedOnFromKeyToKeyIsSeenWhole(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        using RespClient pusher = server.Connect(), other = server.Connect(), first = server.Connect(), second = server.Connect(), third = server.Connect();
        byte[] pipeline = [.. RespClient.Encode("LPUSH", "s", "x"), .. RespClient.Encode("LLEN", "s"), .. RespClient.Encode("LLEN", "d")];
        for (int round = 0; round < 50; round++)
        {
            first.Send("BLMOVE", "s", "d", "LEFT", "RIGHT", "0");
            second.Send("BLMOVE", "d", "s", "RIGHT", "LEFT", "0");
            WaitForBlocked(pusher, 2);
            pusher.Write(pipeline);
            Assert.Equal("1 1 0", $"{pusher.Read()} {pusher.Read()} {pusher.Read()}");
            Assert.Equal("x x", $"{first.Read()} {second.Read()}");
            pusher.Run("DEL", "s");

            // On to where nobody waits; and told by word of mouth.
            first.Send("BLMOVE", "s", "d", "LEFT", "RIGHT", "0");
            second.Send("BLMOVE", "d", "e", "RIGHT", "LEFT", "0");
            third.Send("BRPOPLPUSH", "e", "f", "0");
            WaitForBlocked(pusher, 3);
            Assert.Equal("1", pusher.Run("RPUSH", "s", "x"));
            Assert.Equal("1 0", $"{other.Run("LLEN", "f")} {other.Run("LLEN", "e")}");
            Assert.Equal("x x x", $"{first.Read()} {second.Read()} {third.Read()}");
            Assert.Equal("x", other.Run("LPOP", "f"));
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ABlockedCommandThatFindsNoRoomEndsWithThatError(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect(), other = server.Connect();
        other.Run("RPUSH", "filled", "a");
        client.Send("BLMOVE", "queue", "to", "LEFT", "LEFT", "0");
        WaitForBlocked(other, 1);
        Assert.Equal("OK", other.Run("CONFIG", "SET", "maxmemory", "1"));
        Assert.Equal("OK", other.Run("RENAME", "filled", "queue"));
        Assert.StartsWith("-OOM", client.Read(), StringComparison.Ordinal);
        WaitForBlocked(other, 0);
        Assert.Equal("OK", other.Run("CONFIG", "SET", "maxmemory", "0"));
        Assert.Equal("a", client.Run("BLMOVE", "queue", "to", "LEFT", "LEFT", "0"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void EveryBlockingCommandIsServed(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect(), other = server.Connect();
        (string[] Waits, string[] Change, string Reply)[] cases =
        [
            (["BRPOP", "l1", "0"], ["RPUSH", "l1", "a", "b"], "[l1 b]"),
            (["BLMOVE", "l2", "l3", "LEFT", "RIGHT", "0"], ["RPUSH", "l2", "a"], "a"),
            (["BRPOPLPUSH", "l4", "l5", "0"], ["RPUSH", "l4", "a"], "a"),
            (["BLMPOP", "0", "2", "l6", "l7", "LEFT", "COUNT", "2"], ["RPUSH", "l7", "a", "b", "c"], "[l7 [a b]]"),
            (["BZPOPMIN", "z1", "0"], ["ZADD", "z1", "2", "b", "1", "a"], "[z1 a 1]"),
            (["BZPOPMAX", "z2", "0"], ["ZADD", "z2", "2", "b", "1", "a"], "[z2 b 2]"),
            (["BZMPOP", "0", "1", "z3", "MIN"], ["ZADD", "z3", "1", "a"], "[z3 [[a 1]]]"),
            (["XREAD", "BLOCK", "0", "STREAMS", "x1", "$"], ["XADD", "x1", "1-1", "f", "v"], "[[x1 [[1-1 [f v]]]]]"),
            (["BLPOP", "renamed", "0"], ["RENAME", "l1", "renamed"], "[renamed a]"),
            (["BLPOP", "copied", "0"], ["COPY", "l3", "copied"], "[copied a]"),
            (["BLPOP", "sorted", "0"], ["SORT", "l3", "ALPHA", "STORE", "sorted"], "[sorted a]"),
            (["BLPOP", "pushed", "0"], ["LMOVE", "l5", "pushed", "LEFT", "LEFT"], "[pushed a]"),
        ];
        foreach ((string[] waits, string[] change, string reply) in cases)
        {
            client.Send(waits);
            WaitForBlocked(other, 1);
            Assert.DoesNotContain('-', other.Run(change)[..1]);
            Assert.Equal(reply, client.Read());
        }
        Assert.Equal("OK", other.Run("XGROUP", "CREATE", "x1", "g", "$"));
        client.Send("XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", "x1", ">");
        WaitForBlocked(other, 1);
        other.Run("XGROUP", "DESTROY", "x1", "g");
        Assert.StartsWith("-NOGROUP", client.Read(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(1, "epoll")]
    [InlineData(4, "auto")]
    public void WaitingEndsByTimeByUnblockAndNeverInsideATransaction(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        using RespClient client = server.Connect(), other = server.Connect();
        long start = Stopwatch.GetTimestamp();
        Assert.Equal("nil", client.Run("BLPOP", "nothing", "0.15"));
        Assert.InRange(Stopwatch.GetElapsedTime(start).TotalMilliseconds, 149, 5000);
        string id = client.Run("CLIENT", "ID");
        Assert.Equal("0", other.Run("CLIENT", "UNBLOCK", id));
        client.Send("BLMOVE", "nothing", "to", "LEFT", "LEFT", "0");
        WaitForBlocked(other, 1);
        Assert.Equal("1", other.Run("CLIENT", "UNBLOCK", id));
        Assert.Equal("nil", client.Read());
        client.Send("XREAD", "BLOCK", "0", "STREAMS", "nothing", "$");
        WaitForBlocked(other, 1);
        Assert.Equal("1", other.Run("CLIENT", "UNBLOCK", id, "ERROR"));
        Assert.StartsWith("-UNBLOCKED", client.Read(), StringComparison.Ordinal);
        client.Run("MULTI");
        client.Run("BLPOP", "nothing", "0");
        Assert.Equal("[nil]", client.Run("EXEC"));
        Assert.Equal("-ERR timeout is negative", client.Run("BLPOP", "nothing", "-1"));
        other.Run("SET", "text", "x");
        Assert.StartsWith("-WRONGTYPE", client.Run("BLPOP", "text", "0"), StringComparison.Ordinal);
        client.Send("BLPOP", "later", "0");
        client.Send("PING");
        WaitForBlocked(other, 1);
        other.Run("SET", "later", "of another type");
        other.Run("DEL", "later");
        other.Run("MULTI");
        other.Run("RPUSH", "later", "gone");
        other.Run("DEL", "later");
        other.Run("RPUSH", "later", "kept");
        other.Run("EXEC");
        Assert.Equal("[later kept]", client.Read());
        Assert.Equal("PONG", client.Read());
    }

    [Fact]
    public void TimeoutsReachAsFarAsTheClockInMilliseconds()
    {
        using TestServer server = new(1);
        using RespClient client = server.Connect(), other = server.Connect();
        foreach (string tooLong in (string[])["9223372036854775", "9.3e15", "1e300"])
        {
            Assert.Equal("-ERR timeout is out of range", client.Run("BLPOP", "nothing", tooLong));
        }
        Assert.Equal("-ERR timeout is out of range", client.Run("XREAD", "BLOCK", "9223372036854775807", "STREAMS", "nothing", "0"));
        Assert.Equal("-ERR timeout is negative", client.Run("BLPOP", "nothing", "-0.1"));
        Assert.Equal("OK", client.Run("CLIENT", "PAUSE", "9221000000000000000", "WRITE"));
        Assert.Equal("OK", client.Run("CLIENT", "UNPAUSE"));
        string id = client.Run("CLIENT", "ID");
        foreach (string[] waits in (string[][])[["BLPOP", "nothing", "9e15"], ["XREAD", "BLOCK", "9221000000000000000", "STREAMS", "nothing", "0"]])
        {
            client.Send(waits);
            WaitForBlocked(other, 1);
            Assert.Equal("1", other.Run("CLIENT", "UNBLOCK", id));
            Assert.Equal("nil", client.Read());
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void AClientThatGoesWhileItWaitsTakesNothing(int threads)
    {
        using TestServer server = new(threads);
        using RespClient other = server.Connect();
        using (RespClient gone = server.Connect())
        {
            gone.Send("BLPOP", "a", "b", "c", "0");
            WaitForBlocked(other, 1);
        }
        WaitForBlocked(other, 0);
        using RespClient killed = server.Connect();
        string id = killed.Run("CLIENT", "ID");
        killed.Send("BZPOPMIN", "a", "0");
        WaitForBlocked(other, 1);
        Assert.Equal("1", other.Run("CLIENT", "KILL", "ID", id));
        Assert.True(killed.IsAtEnd());
        WaitForBlocked(other, 0);
        Assert.Equal("1", other.Run("RPUSH", "b", "x"));
        Assert.Equal("1", other.Run("LLEN", "b"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void AGroupWithoutANameIsAGroupOfItsOwn(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect(), taker = server.Connect(), reader = server.Connect();
        taker.Send("BLPOP", "s", "0");
        WaitForBlocked(client, 1);
        Assert.Equal("OK", client.Run("XGROUP", "CREATE", "s", "", "$", "MKSTREAM"));
        reader.Send("XREADGROUP", "GROUP", "", "reader", "BLOCK", "0", "STREAMS", "s", ">");
        WaitForBlocked(client, 2);
        Assert.Contains("total_blocking_keys_on_nokey:1\r\n", client.Run("INFO", "clients"), StringComparison.Ordinal);
        client.Run("XADD", "s", "1-1", "f", "v");
        Assert.Equal("[[s [[1-1 [f v]]]]]", reader.Read());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ReadersOfOneGroupAreServedInTurnAndThoseOfAnotherBesideThem(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        for (int round = 0; round < 20; round++)
        {
            client.Run("DEL", "s");
            client.Run("XGROUP", "CREATE", "s", "g", "$", "MKSTREAM");
            client.Run("XGROUP", "CREATE", "s", "h", "$");
            RespClient[] readers = [.. Enumerable.Range(0, 5).Select(_ => server.Connect())];
            for (int i = 0; i < readers.Length; i++)
            {
                if (i == readers.Length - 1)
                {
                    readers[i].Send("XREAD", "BLOCK", "0", "STREAMS", "s", "$");
                }
                else
                {
                    readers[i].Send("XREADGROUP", "GROUP", i == 1 ? "h" : "g", $"reader{i}", "COUNT", "1", "BLOCK", "0", "STREAMS", "s", ">");
                }
                WaitForBlocked(client, i + 1);
            }
            client.Run("XADD", "s", "1-1", "f", "v");
            Assert.Equal("[[s [[1-1 [f v]]]]]", readers[0].Read());
            Assert.Equal("[[s [[1-1 [f v]]]]]", readers[1].Read());
            Assert.Equal("[[s [[1-1 [f v]]]]]", readers[4].Read());
            WaitForBlocked(client, 2);
            client.Run("XADD", "s", "2-1", "f", "v");
            Assert.Equal("[[s [[2-1 [f v]]]]]", readers[2].Read());
            client.Run("XGROUP", "DESTROY", "s", "g");
            Assert.StartsWith("-NOGROUP", readers[3].Read(), StringComparison.Ordinal);
            Array.ForEach(readers, reader => reader.Dispose());
        }
    }

    [Theory]
    [InlineData(1, "epoll")]
    [InlineData(1, "auto")]
    [InlineData(4, "auto")]
    public void KeysAreNoLongerWaitedForOnceTheirLastClientIsGone(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        using RespClient client = server.Connect();
        for (int round = 0; round < 20; round++)
        {
            using (RespClient waiting = server.Connect())
            {
                waiting.Send("BLPOP", "first", "second", "0");
                WaitForBlocked(client, 1);
                Assert.Contains("total_blocking_keys:2\r\n", client.Run("INFO", "clients"), StringComparison.Ordinal);
            }
            WaitForBlocked(client, 0);
            Assert.Contains("total_blocking_keys:0\r\n", client.Run("INFO", "clients"), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void EveryElementIsHandedToExactlyOneWaiter(int threads)
    {
        using TestServer server = new(threads);
        ConcurrentBag<string> received = [];
        string[] keys = [.. Enumerable.Range(0, Keys).Select(i => $"queue:{i}")];
        Thread[] consumers = [.. Enumerable.Range(0, Consumers).Select(i => new Thread(() => Consume(i)))];
        Thread[] producers = [.. Enumerable.Range(0, Producers).Select(i => new Thread(() => Produce(i)))];
        Array.ForEach(consumers, thread => thread.Start());
        Array.ForEach(producers, thread => thread.Start());
        Array.ForEach(producers, thread => thread.Join());
        using RespClient end = server.Connect();
        for (int i = 0; i < Consumers; i++)
        {
            // A key that every consumer names last: it is told to stop when nothing else is left for it.
            end.Run("RPUSH", "stop", "stop");
        }
        Array.ForEach(consumers, thread => thread.Join());
        Assert.Equal(Producers * ElementsEach, received.Count);
        Assert.Equal(received.Count, received.Distinct().Count());
        Assert.Equal("0", end.Run("DBSIZE"));

        void Consume(int seed)
        {
            Random random = new(seed);
            using RespClient client = server.Connect();
            while (true)
            {
                string[] order = [.. keys];
                random.Shuffle(order);
                string reply = client.Run(["BLPOP", .. order, "stop", "0"]);
                if (reply == "[stop stop]")
                {
                    return;
                }
                received.Add(reply.Split(' ')[1]);
            }
        }

        void Produce(int seed)
        {
            Random random = new(1000 + seed);
            using RespClient client = server.Connect();
            for (int i = 0; i < ElementsEach; i++)
            {
                client.Run("RPUSH", keys[random.Next(Keys)], $"{seed}:{i}]");
            }
        }
    }

    private static void WaitForBlocked(RespClient client, int count)
    {
        string wanted = $"blocked_clients:{count}\r\n";
        for (int i = 0; i < 2000 && !client.Run("INFO", "clients").Contains(wanted, StringComparison.Ordinal); i++)
        {
            Thread.Sleep(1);
        }
        Assert.Contains(wanted, client.Run("INFO", "clients"), StringComparison.Ordinal);
    }
}
