using System.Globalization;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>
/// Blocking, messages, transactions and client-side caching over the real reactors of one thread and of several, which take turns in a seeded
/// order and pause while they hold shards. A failure replays by its seed.
/// </summary>
public sealed class SimulationTests
{
    private const int Steps = 20_000;

    public static TheoryData<int, ulong> Worlds()
    {
        TheoryData<int, ulong> worlds = [];
        foreach (int threads in (int[])[1, 2, 4])
        {
            for (ulong seed = 1; seed <= 3; seed++)
            {
                worlds.Add(threads, seed + 100 * (ulong)threads);
            }
            // Another one each time, see TestSeed.
            worlds.Add(threads, 0);
        }
        return worlds;
    }

    [Theory]
    [MemberData(nameof(Worlds))]
    public void EveryElementIsServedOnceAndNobodyWaitsBesideOne(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        string[] queues = ["q:1", "q:2", "q:3", "q:4"];
        List<string> pushed = [], served = [];
        SimulatedClient[] consumers = [.. Enumerable.Range(0, 12).Select(_ => server.Connect())];
        SimulatedClient[] producers = [.. Enumerable.Range(0, 6).Select(_ => server.Connect())];
        for (int step = 0; step < Steps; step++)
        {
            foreach (SimulatedClient idle in consumers.Where(client => client.IsIdle && server.Random.Below(50) == 0))
            {
                Consume(server, idle, queues, served);
            }
            foreach (SimulatedClient idle in producers.Where(client => client.IsIdle && server.Random.Below(50) == 0))
            {
                Produce(server, idle, queues, pushed);
            }
            server.Step();
        }
        server.Settle();
        SimulatedClient control = server.Connect();
        foreach (string queue in queues)
        {
            bool hasElements = server.Run(control, "EXISTS", queue) == "1";
            Assert.DoesNotContain(consumers, client => hasElements && client.IsBlocked
                && client.Session!.Blocked!.Waits.Exists(wait => wait.Name.AsSpan().EndsWith(System.Text.Encoding.ASCII.GetBytes(queue))));
        }
        foreach (string queue in (string[])[.. queues, "done"])
        {
            string left = server.Run(control, "LRANGE", queue, "0", "-1").Trim('[', ']');
            served.AddRange(left.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        Assert.True(pushed.Count > 500, $"{pushed.Count} elements");
        Assert.Equal(pushed.Order(), served.Order());
    });

    [Theory]
    [MemberData(nameof(Worlds))]
    public void NobodyComesBetweenAnElementAndThoseWhoWaitForIt(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        string[] queues = ["q:1", "q:2", "q:3"];
        SimulatedClient[] producers = [.. Enumerable.Range(0, 6).Select(_ => server.Connect())];
        Queue<SimulatedClient> free = new(Enumerable.Range(0, 30).Select(_ => server.Connect()));
        List<string> taken = [];
        for (int round = 0; round < 300; round++)
        {
            // Those who wait, in the order in which they came, for one queue each or for one and then the next.
            List<(SimulatedClient Client, string Queue)> waiting = [];
            List<string> served = [];
            for (int i = server.Random.Below(free.Count); i > 0; i--)
            {
                (SimulatedClient client, string queue) = (free.Dequeue(), queues[server.Random.Below(3)]);
                waiting.Add((client, queue));
                client.Ask(served.Add, server.Random.Below(2) == 0 ? ["BLPOP", queue, "0"] : ["BLMOVE", queue, "done", "LEFT", "RIGHT", "0"]);
                server.Settle();
            }
            // As many elements as there are clients who wait, and others who would like them, in the same pipelines and beside.
            int pushed = server.Random.Below(waiting.Count + 1);
            for (int i = 0; i < pushed; i++)
            {
                string queue = waiting[i].Queue;
                producers[server.Random.Below(6)].Ask(taken.Add, ["RPUSH", queue, $"e{i}"], ["LPOP", queue]);
                producers[server.Random.Below(6)].Ask(taken.Add, ["LPOP", queue]);
                for (int steps = server.Random.Below(4); steps > 0; steps--)
                {
                    server.Step();
                }
            }
            server.Settle();
            Assert.Equal(pushed, served.Count);
            Assert.All(waiting.Take(pushed), each => Assert.False(each.Client.IsBlocked));
            Assert.All(waiting.Skip(pushed), each => Assert.True(each.Client.IsBlocked));
            Assert.All(taken, reply => Assert.Equal("nil", reply));
            SimulatedClient control = producers[0];
            foreach ((SimulatedClient client, string queue) in waiting.Skip(pushed))
            {
                server.Run(control, "RPUSH", queue, "end");
            }
            server.Run(control, "DEL", "done");
            taken.Clear();
            waiting.ForEach(each => free.Enqueue(each.Client));
        }
    });

    [Theory]
    [MemberData(nameof(Worlds))]
    public void WhatIsHandedOnFromKeyToKeyIsSeenWhole(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        SimulatedClient[] movers = [.. Enumerable.Range(0, 4).Select(_ => server.Connect())];
        SimulatedClient[] observers = [.. Enumerable.Range(0, 4).Select(_ => server.Connect())];
        SimulatedClient producer = server.Connect(), popper = server.Connect();
        string[] queues = server.KeysApart(5);
        int moved = 0;
        for (int round = 0; round < 200; round++)
        {
            // From one to five, on which nobody waits; or round in a circle.
            bool isCircle = server.Random.Below(2) == 0, isPopped = server.Random.Below(2) == 0;
            if (isPopped)
            {
                popper.Ask(_ => { }, ["BLPOP", queues[0], "0"]);
                server.Settle();
            }
            foreach (int i in Enumerable.Range(1, 4).OrderBy(_ => server.Random.Below(100)).ToArray())
            {
                string[] move = ["BLMOVE", queues[i - 1], queues[isCircle && i == 4 ? 0 : i], "LEFT", "RIGHT", "0"];
                movers[i - 1].Ask(reply => Assert.Equal($"{moved}", reply), move, ["LLEN", queues[4]]);
            }
            server.Settle();
            string[] pushed = isPopped ? ["RPUSH", queues[0], "e", "e"] : ["RPUSH", queues[0], "e"];
            List<string> seen = [], passing = [];
            producer.Ask(seen.Add, pushed);
            moved += isCircle ? 0 : 1;
            string expectedLast = $"{moved}", expectedFirst = isCircle ? "1" : "0";
            bool isAnswered = false;
            foreach (int queue in server.Random.Below(2) == 0 ? (int[])[4, 0, 2] : [0, 2, 4])
            {
                producer.Ask(
                    reply =>
                    {
                        Assert.Equal(queue switch { 0 => expectedFirst, 2 => "0", _ => expectedLast }, reply);
                        isAnswered = true;
                    },
                    ["LLEN", queues[queue]]);
            }
            while (!isAnswered)
            {
                SimulatedClient observer = observers[server.Random.Below(observers.Length)];
                if (observer.IsIdle)
                {
                    // Once the push is known to have taken place, so is all that comes of it.
                    bool isKnown = seen.Count > 0;
                    observer.Ask(passing.Add, ["LLEN", queues[1 + server.Random.Below(3)]]);
                    observer.Ask(reply => Assert.True(!isKnown || reply == expectedLast), ["LLEN", queues[4]]);
                }
                server.Step();
            }
            server.Settle();
            Assert.All(passing, reply => Assert.Equal("0", reply));
            Assert.All([.. movers, popper], client => Assert.False(client.IsBlocked));
            server.Run(producer, "DEL", queues[0]);
        }
    });

    [Theory]
    [MemberData(nameof(Worlds))]
    public void AllSubscribersHearOneOrder(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        List<string>[] heard = [.. Enumerable.Range(0, 8).Select(_ => new List<string>())];
        foreach (List<string> messages in heard)
        {
            SimulatedClient subscriber = server.Connect();
            subscriber.OnPush = messages.Add;
            Assert.StartsWith("[server", server.Run(subscriber, "HELLO", "3"));
            // Its confirmation is out of band, too.
            subscriber.Write(RespText.Encode("SUBSCRIBE", "news"));
        }
        SimulatedClient[] publishers = [.. Enumerable.Range(0, 5).Select(_ => server.Connect())];
        int published = 0;
        server.Settle();
        for (int step = 0; step < Steps / 4; step++)
        {
            foreach (SimulatedClient idle in publishers.Where(client => client.IsIdle && server.Random.Below(20) == 0))
            {
                string message = $"m{published++}";
                if (server.Random.Below(3) == 0)
                {
                    idle.Ask(_ => { }, ["MULTI"], ["PUBLISH", "news", message], ["SET", "k", message], ["EXEC"]);
                }
                else
                {
                    idle.Ask(reply => Assert.Equal("8", reply), ["PUBLISH", "news", message]);
                }
            }
            server.Step();
        }
        server.Settle();
        Assert.Equal(published + 1, heard[0].Count);
        Assert.All(heard, messages => Assert.Equal(heard[0], messages));
    });

    [Theory]
    [MemberData(nameof(Worlds))]
    public void TransactionsAreSeenWholeAndWatchesHold(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        const int accounts = 6;
        SimulatedClient control = server.Connect();
        for (int i = 0; i < accounts; i++)
        {
            server.Run(control, "SET", $"account:{i}", "100");
        }
        server.Run(control, "SET", "counter", "0");
        SimulatedClient[] movers = [.. Enumerable.Range(0, 5).Select(_ => server.Connect())];
        SimulatedClient[] counters = [.. Enumerable.Range(0, 4).Select(_ => server.Connect())];
        SimulatedClient[] readers = [.. Enumerable.Range(0, 3).Select(_ => server.Connect())];
        int reads = 0, increments = 0, refusals = 0;
        string[] all = ["MGET", .. Enumerable.Range(0, accounts).Select(i => $"account:{i}")];
        for (int step = 0; step < Steps; step++)
        {
            foreach (SimulatedClient idle in movers.Where(client => client.IsIdle && server.Random.Below(30) == 0))
            {
                string from = $"account:{server.Random.Below(accounts)}", to = $"account:{server.Random.Below(accounts)}";
                idle.Ask(_ => { }, ["MULTI"], ["DECR", from], ["INCR", to], ["EXEC"]);
            }
            foreach (SimulatedClient idle in readers.Where(client => client.IsIdle && server.Random.Below(30) == 0))
            {
                idle.Ask(reply =>
                {
                    reads++;
                    Assert.Equal(accounts * 100, reply.Trim('[', ']').Split(' ').Sum(text => int.Parse(text, CultureInfo.InvariantCulture)));
                }, all);
            }
            // Adds one the optimistic way: nobody's increment may be lost.
            foreach (SimulatedClient idle in counters.Where(client => client.IsIdle && server.Random.Below(30) == 0))
            {
                idle.Ask(value => idle.Ask(
                    reply => _ = reply == "nil" ? refusals++ : increments++,
                    ["MULTI"], ["SET", "counter", (int.Parse(value, CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture)], ["EXEC"]),
                    ["WATCH", "counter"], ["GET", "counter"]);
            }
            server.Step();
        }
        server.Settle();
        Assert.True(reads > 50 && increments > 50 && refusals > 0, $"{reads} reads, {increments} increments, {refusals} refusals");
        Assert.Equal(increments.ToString(CultureInfo.InvariantCulture), server.Run(control, "GET", "counter"));
    });

    [Theory]
    [MemberData(nameof(Worlds))]
    public void NoCacheKeepsWhatIsNoLongerTrue(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        const int keys = 10;
        SimulatedClient[] writers = [.. Enumerable.Range(0, 3).Select(_ => server.Connect())];
        (SimulatedClient Client, Dictionary<string, string> Cache)[] readers =
            [.. Enumerable.Range(0, 6).Select(_ => (server.Connect(), new Dictionary<string, string>()))];
        foreach ((SimulatedClient client, Dictionary<string, string> cache) in readers)
        {
            client.OnPush = message =>
            {
                // [invalidate [key]], or nil for all of them.
                string names = message["[invalidate ".Length..^1];
                if (names == "nil")
                {
                    cache.Clear();
                    return;
                }
                foreach (string name in names.Trim('[', ']').Split(' '))
                {
                    cache.Remove(name);
                }
            };
            server.Run(client, "HELLO", "3");
            Assert.Equal("OK", server.Run(client, "CLIENT", "TRACKING", "ON"));
        }
        int written = 0, hits = 0;
        for (int step = 0; step < Steps; step++)
        {
            foreach (SimulatedClient idle in writers.Where(client => client.IsIdle && server.Random.Below(60) == 0))
            {
                string key = $"k{server.Random.Below(keys)}";
                string[] change = server.Random.Below(6) switch
                {
                    0 => ["DEL", key],
                    1 => ["RENAME", key, $"k{server.Random.Below(keys)}"],
                    2 => ["PEXPIRE", key, "1"],
                    3 when server.Random.Below(10) == 0 => ["FLUSHALL"],
                    _ => ["SET", key, $"v{written++}"],
                };
                idle.Ask(_ => { }, change);
            }
            foreach ((SimulatedClient client, Dictionary<string, string> cache) in readers)
            {
                string key = $"k{server.Random.Below(keys)}";
                if (client.IsIdle && server.Random.Below(30) == 0)
                {
                    hits += cache.ContainsKey(key) ? 1 : 0;
                    client.Ask(value => cache[key] = value, ["GET", key]);
                }
            }
            server.Step();
        }
        SimulatedClient control = server.Connect();
        // Keys that are due go when somebody looks.
        server.Run(control, ["MGET", .. Enumerable.Range(0, keys).Select(i => $"k{i}")]);
        server.Settle();
        for (int i = 0; i < keys; i++)
        {
            string value = server.Run(control, "GET", $"k{i}");
            Assert.All(readers, reader => Assert.Equal(value, reader.Cache.GetValueOrDefault($"k{i}", value)));
        }
        Assert.True(written > 100 && hits > 100, $"{written} written, {hits} hits");
    });

    private static void Consume(SimulatedServer server, SimulatedClient client, string[] queues, List<string> served)
    {
        string first = queues[server.Random.Below(queues.Length)], second = queues[server.Random.Below(queues.Length)];
        string timeout = server.Random.Below(3) == 0 ? "0.05" : "0";
        void Note(string reply)
        {
            if (reply != "nil")
            {
                served.Add(reply.Split(' ')[^1].Trim('[', ']'));
            }
        }
        switch (server.Random.Below(4))
        {
            case 0:
                client.Ask(_ => { }, ["BLMOVE", first, "done", "LEFT", "RIGHT", timeout]);
                break;
            case 1:
                client.Ask(Note, ["BRPOP", first, second, timeout]);
                break;
            case 2:
                client.Ask(Note, ["BLMPOP", timeout, "2", first, second, "LEFT"]);
                break;
            default:
                client.Ask(Note, ["BLPOP", first, second, timeout]);
                break;
        }
    }

    private static void Produce(SimulatedServer server, SimulatedClient client, string[] queues, List<string> pushed)
    {
        string queue = queues[server.Random.Below(queues.Length)];
        string element = $"e{pushed.Count}";
        pushed.Add(element);
        switch (server.Random.Below(4))
        {
            case 0:
                string other = $"e{pushed.Count}";
                pushed.Add(other);
                client.Ask(_ => { }, ["MULTI"], ["RPUSH", queue, element], ["LPUSH", queues[server.Random.Below(queues.Length)], other], ["EXEC"]);
                break;
            case 1:
                // Arrives by a move over shards.
                client.Ask(_ => { }, ["RPUSH", $"stage:{element}", element], ["LMOVE", $"stage:{element}", queue, "LEFT", "RIGHT"]);
                break;
            default:
                client.Ask(_ => { }, ["LPUSH", queue, element]);
                break;
        }
    }
}
