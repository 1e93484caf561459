using System.Globalization;
using System.Net.Sockets;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// Random sessions of every kind at once, with clients that are killed or hang up in any state. Afterwards nothing of them is
/// left, no list element was lost or served twice, and everybody is answered. TURBO_SOAK_SECONDS makes it run longer.
/// </summary>
public sealed class SoakTests
{
    private const int Actors = 12;

    private static TimeSpan Duration => TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("TURBO_SOAK_SECONDS"), CultureInfo.InvariantCulture, out int seconds) ? seconds : 4);

    [Theory]
    [InlineData(1, "auto", 81UL)]
    [InlineData(4, "auto", 82UL)]
    [InlineData(4, "epoll", 83UL)]
    public void NothingIsLeftOfThoseWhoLeave(int threads, string engine, ulong seed)
    {
        using TestServer server = new(threads, engine, options: "client-output-buffer-limit pubsub 4mb 1mb 1");
        DateTime end = DateTime.UtcNow + Duration;
        Exception? failure = null;
        Thread[] actors = [.. Enumerable.Range(0, Actors).Select(number => new Thread(() =>
        {
            RandomSource random = new(seed + (ulong)number);
            try
            {
                while (DateTime.UtcNow < end)
                {
                    ActOnce(server, random);
                }
            }
            catch (Exception e)
            {
                failure = e;
            }
        }))];
        Array.ForEach(actors, actor => actor.Start());
        Array.ForEach(actors, actor => actor.Join());
        Assert.Null(failure);
        using RespClient witness = server.Connect();
        witness.Run("CLIENT", "UNPAUSE");
        Assert.Equal("PONG", witness.Run("PING"));
        Assert.True(SpinWait.SpinUntil(() => server.ClientCount == 1, 10_000), witness.Run("CLIENT", "LIST"));
        server.AssertNoTraceOfClients();
        // Every key can still be used: no shard was left borrowed, no reservation kept.
        Assert.Equal("OK", witness.Run("FLUSHALL"));
    }

    /// <summary>One session: some commands of one kind or another, then an end of some kind.</summary>
    private static void ActOnce(TestServer server, RandomSource random)
    {
        using RespClient client = server.Connect();
        bool isResp3 = random.Below(2) == 0;
        try
        {
            if (isResp3)
            {
                client.Run("HELLO", "3");
            }
            for (int steps = 1 + random.Below(12); steps > 0; steps--)
            {
                client.Send(NextCommand(random));
            }
            // Hang up in whatever state that is, or read a little first, or ask for an orderly end.
            switch (random.Below(4))
            {
                case 0:
                    break;
                case 1:
                    client.Send("QUIT");
                    break;
                default:
                    client.ReceiveTimeoutMs = 20;
                    for (int replies = random.Below(12); replies > 0; replies--)
                    {
                        client.Read();
                    }
                    break;
            }
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // Killed, cut, or nothing to read: all of it is part of the game.
        }
    }

    private static string[] NextCommand(RandomSource random)
    {
        string Key() => $"k{random.Below(8)}";
        string Channel() => $"c{random.Below(4)}";
        string Number(int limit) => random.Below(limit).ToString(CultureInfo.InvariantCulture);
        return random.Below(32) switch
        {
            0 => ["SUBSCRIBE", Channel(), Channel()],
            1 => ["PSUBSCRIBE", "c*"],
            2 => ["SSUBSCRIBE", Channel()],
            3 => ["UNSUBSCRIBE"],
            4 or 5 => ["PUBLISH", Channel(), new string('p', random.Below(5000))],
            6 => ["SPUBLISH", Channel(), "s"],
            7 => ["BLPOP", Key(), Key(), "0"],
            8 => ["BLMOVE", Key(), Key(), "LEFT", "RIGHT", "0.01"],
            9 => ["BZPOPMIN", "z" + Key(), "0.02"],
            10 or 11 => ["RPUSH", Key(), "a", "b"],
            12 => ["XREAD", "BLOCK", "5", "STREAMS", "x" + Key(), "$"],
            13 => ["XADD", "x" + Key(), "MAXLEN", "10", "*", "f", "v"],
            14 => ["MULTI"],
            15 => ["EXEC"],
            16 => ["WATCH", Key(), Key()],
            17 => ["DISCARD"],
            18 => ["CLIENT", "TRACKING", "ON"],
            19 => ["CLIENT", "TRACKING", "ON", "BCAST"],
            20 => ["CLIENT", "TRACKING", "OFF"],
            21 => ["MGET", Key(), Key(), Key()],
            22 => ["DEL", Key(), Key()],
            23 => ["RENAME", Key(), Key()],
            24 => ["CLIENT", "KILL", "TYPE", random.Below(2) == 0 ? "pubsub" : "normal", "MAXAGE", "1"],
            25 => ["CLIENT", "UNBLOCK", Number(5000)],
            26 => ["CLIENT", "PAUSE", Number(4), random.Below(2) == 0 ? "WRITE" : "ALL"],
            27 => ["CLIENT", "LIST"],
            28 => ["CLIENT", "KILL", "ID", Number(5000)],
            29 => random.Below(4) == 0 ? ["MONITOR"] : ["PING"],
            30 => ["RESET"],
            _ => ["SETEX", "s" + Key(), "1", "v"],
        };
    }
}
