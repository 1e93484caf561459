using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>
/// What the network may do to clients, over the real reactors: pieces of any size, ends, resets, clients that read late, sends that take a
/// part, wake-ups that come late. A failure replays by its seed.
/// </summary>
public sealed class NetworkSimulationTests
{
    public static TheoryData<int, ulong> Worlds() => SimulationTests.Worlds();

    [Theory]
    [MemberData(nameof(Worlds))]
    public void RepliesComeWholeAndInOrderWhateverPiecesRequestsComeIn(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        SimulatedClient[] clients = [.. Enumerable.Range(0, 6).Select(_ => server.Connect())];
        int asked = 0, answered = 0;
        // Worlds in which threads are interrupted often get less done in a step.
        for (int step = 0; step < 6000 || (asked <= 300 && step < 60_000); step++)
        {
            foreach (SimulatedClient client in clients.Where(client => client.AwaitedCount < 20 && server.Random.Below(40) == 0))
            {
                client.ReadsLate = server.Random.Below(3) == 0;
                for (int i = server.Random.Below(12); i >= 0; i--)
                {
                    (string[] request, string expected) = Question(server, asked++);
                    client.Ask(reply => { Assert.Equal(expected, reply); answered++; }, request);
                }
            }
            server.Step();
        }
        Array.ForEach(clients, client => client.ReadsLate = false);
        server.Settle();
        Assert.True(asked > 300, $"{asked} requests");
        Assert.Equal(asked, answered);
    });

    /// <summary>Whoever ends its direction is answered to the last byte, and only then is the connection over.</summary>
    [Theory]
    [MemberData(nameof(Worlds))]
    public void WhoEndsItsDirectionGetsEverythingThatItAskedFor(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        SimulatedClient control = server.Connect();
        server.Run(control, "SET", "large", new string('x', 400_000));
        List<(SimulatedClient Client, List<string> Expected, List<string> Got)> ended = [];
        for (int i = 0; i < 60; i++)
        {
            SimulatedClient client = server.Connect();
            List<string> expected = [], got = [];
            for (int left = server.Random.Below(30); left >= 0; left--)
            {
                (string[] request, string reply) = Question(server, left);
                expected.Add(reply);
                client.Ask(got.Add, request);
            }
            if (server.Random.Below(4) == 0)
            {
                // Gives up with the end, as in Valkey.
                client.Write([.. RespText.Encode("BLPOP", "nothing", "0"), .. RespText.Encode("PING")]);
            }
            else if (server.Random.Below(4) == 0)
            {
                client.Write("*2\r\n$4\r\nECHO\r\n$10\r\nhalf"u8);
            }
            client.EndSending();
            ended.Add((client, expected, got));
            for (int steps = server.Random.Below(40); steps > 0; steps--)
            {
                server.Step();
            }
        }
        server.Wait(500);
        foreach ((SimulatedClient client, List<string> expected, List<string> got) in ended)
        {
            Assert.Equal(expected, got);
            Assert.True(client.IsAtEnd);
        }
        AssertOnly(server, control);
    });

    [Theory]
    [MemberData(nameof(Worlds))]
    public void ResetsAtAnyMomentLeaveNothingBehind(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        SimulatedClient control = server.Connect();
        server.Run(control, "SET", "large", new string('x', 400_000));
        List<SimulatedClient> clients = [];
        for (int step = 0; step < 6000; step++)
        {
            if (server.Random.Below(20) == 0)
            {
                SimulatedClient client = server.Connect();
                client.ReadsLate = server.Random.Below(3) == 0;
                clients.Add(client);
                string key = $"k{server.Random.Below(5)}";
                string[][] requests = server.Random.Below(6) switch
                {
                    0 => [["BLPOP", key, "other", "0"]],
                    1 => [["SUBSCRIBE", key], ["PSUBSCRIBE", "k*"]],
                    2 => [["WATCH", key], ["MULTI"], ["LPUSH", "other", "1"]],
                    3 => [["CLIENT", "TRACKING", "ON", "BCAST"], ["GET", key]],
                    4 => [["MONITOR"]],
                    _ => [["GET", "large"], ["RPUSH", key, "e"], ["PUBLISH", key, "m"], ["DEL", key], ["MSET", "a", "1", "b", "2", "c", "3"]],
                };
                client.OnPush = _ => { };
                client.Write([.. requests.SelectMany(RespText.Encode)]);
                client.ReadsLate = true;
            }
            if (clients.Count > 0 && server.Random.Below(25) == 0)
            {
                SimulatedClient gone = clients[server.Random.Below(clients.Count)];
                gone.Reset();
                clients.Remove(gone);
            }
            server.Step();
        }
        clients.ForEach(client => client.Reset());
        server.Wait(500);
        AssertOnly(server, control);
        Assert.Equal("0", server.Run(control, "PUBLISH", "k1", "m"));
        Assert.Equal("PONG", server.Run(control, "PING"));
    });

    [Theory]
    [MemberData(nameof(Worlds))]
    public void WhoSpeaksHttpIsEndedAndNotedOnceAMinute(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        for (int i = 0; i < 10; i++)
        {
            SimulatedClient client = server.Connect();
            server.Run(client, "PING");
            client.Write([.. RespText.Encode("SET", "k", "v"), .. "POST / HTTP/1.1\r\nHost: me\r\n\r\n"u8, .. RespText.Encode("DEL", "k")]);
            server.Settle();
            Assert.True(client.IsAtEnd || server.Instance.Clients.Values.All(session => session.Fault == ClientFault.None));
            Assert.Null(client.Session);
        }
        Assert.Equal("v", server.Run(server.Connect(), "GET", "k"));
        string line = Assert.Single(server.LogLines, line => line.StartsWith("Possible SECURITY ATTACK detected.", StringComparison.Ordinal));
        Assert.Matches("^.* Connection from 127\\.0\\.0\\.1:[0-9]+ aborted\\.$", line);
        server.Wait(61_000);
        server.Connect().Write("host:\r\n"u8);
        server.Wait(500);
        Assert.Equal(2, server.LogLines.Count(line => line.StartsWith("Possible SECURITY ATTACK detected.", StringComparison.Ordinal)));
    });

    /// <summary>A large request may take as long as it likes, and its buffer is not moved about meanwhile.</summary>
    [Fact]
    public void WhoTakesLongToSendOneRequestIsNotIdle()
    {
        using SimulatedServer server = new(1, TestSeed.Value, "timeout 1");
        SimulatedClient slow = server.Connect(), idle = server.Connect();
        Assert.Equal("PONG", server.Run(slow, "PING"));
        Assert.Equal("PONG", server.Run(idle, "PING"));
        byte[] request = RespText.Encode("SET", "k", new string('x', 300_000));
        long capacity = 0;
        for (int at = 0; at < request.Length; at += 20_000)
        {
            bool isLast = at + 20_000 >= request.Length;
            if (isLast)
            {
                slow.Expect(reply => Assert.Equal("OK", reply));
            }
            slow.Write(request.AsSpan(at, Math.Min(20_000, request.Length - at)));
            server.Wait(300);
            long now = slow.Session!.Transport.InputCapacity;
            // Its length may not be known at first.
            Assert.True(at <= 40_000 || isLast || now == capacity, $"{capacity} bytes became {now}");
            capacity = now;
        }
        Assert.Null(idle.Session);
        Assert.Equal("300000", server.Run(slow, "STRLEN", "k"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ASeedDoesTheSameAgain(int threads)
    {
        (ulong, long) first = Life(TestSeed.Value), again = Life(TestSeed.Value), other = Life(TestSeed.Value + 1);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);

        (ulong Trace, long Steps) Life(ulong world)
        {
            using SimulatedServer server = new(threads, world);
            SimulatedClient[] clients = [.. Enumerable.Range(0, 5).Select(_ => server.Connect())];
            for (int step = 0; step < 3000; step++)
            {
                SimulatedClient client = clients[server.Random.Below(clients.Length)];
                if (client.IsIdle)
                {
                    (string[] request, _) = Question(server, step);
                    client.Ask(_ => { }, request, ["SET", $"k{server.Random.Below(50)}", "v", "PX", "20"], ["RANDOMKEY"]);
                }
                server.Step();
            }
            server.Settle();
            return (server.Trace, server.StepCount);
        }
    }

    private static (string[] Request, string Reply) Question(SimulatedServer server, int number)
    {
        switch (server.Random.Below(8))
        {
            case 0:
                return (["MSET", "a", "1", "b", "2", "c", "3", "d", "4"], "OK");
            case 1:
                string word = $"{number}:{new string('w', server.Random.Below(40_000))}";
                return (["ECHO", word], word);
            case 2:
                // Waits bit by bit for the thread itself, not for others.
                return (["KEYS", "none*"], "[]");
            case 3:
                return (["SET", $"k{number}", new string('v', server.Random.Below(100_000))], "OK");
            default:
                return (["ECHO", $"{number}"], $"{number}");
        }
    }

    private static void AssertOnly(SimulatedServer server, SimulatedClient control)
    {
        ServerInstance inside = server.Instance;
        Assert.Equal(control.Session, Assert.Single(inside.Clients.Values));
        Assert.Equal(0, inside.Shards.Sum(shard => shard.Blocked.KeyCount));
        Assert.Equal(0, inside.Shards.Sum(shard => shard.Watched.KeyCount));
        Assert.False(inside.Channels.HasSubscribers);
        Assert.False(inside.Monitors.HasAny);
        Assert.Equal(0, inside.Tracking.ClientCount);
        Assert.Equal(0, inside.Workers.Sum(worker => worker.PostponedCount));
    }
}
