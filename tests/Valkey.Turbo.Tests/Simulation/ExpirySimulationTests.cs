using System.Globalization;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>Keys that expire, are evicted or flushed just when others look at them.</summary>
public sealed class ExpirySimulationTests
{
    private const int KeysOfAType = 6;

    public static TheoryData<int, ulong> Worlds() => SimulationTests.Worlds();

    /// <summary>What lists, sets and sorted sets hold, and until when.</summary>
    private sealed class Model
    {
        private readonly Dictionary<string, (List<string> Items, long Until)> _keys = [];

        internal long NowMs { get; set; }

        internal List<string>? Of(string key) => _keys.TryGetValue(key, out (List<string> Items, long Until) found) && found.Until > NowMs ? found.Items : null;

        internal List<string> Made(string key)
        {
            if (Of(key) is null)
            {
                _keys[key] = ([], long.MaxValue);
            }
            return _keys[key].Items;
        }

        internal void Set(string key, List<string> items, bool keepsTtl = false) =>
            _keys[key] = (items, keepsTtl && Of(key) is not null ? _keys[key].Until : long.MaxValue);

        internal bool Expire(string key, long untilMs)
        {
            if (Of(key) is not List<string> items)
            {
                return false;
            }
            _keys[key] = (items, untilMs);
            return true;
        }

        internal bool Remove(string key)
        {
            bool wasThere = Of(key) is not null;
            _keys.Remove(key);
            return wasThere;
        }

        internal void Tidy(string key)
        {
            if (Of(key)?.Count == 0)
            {
                _keys.Remove(key);
            }
        }

        internal void Copy(string from, string to)
        {
            (List<string> items, long until) = _keys[from];
            _keys[to] = ([.. items], until);
        }
    }

    /// <summary>Commands over two keys, of which either may have expired unnoticed, in tables whose entries move at every removal.</summary>
    [Theory]
    [MemberData(nameof(Worlds))]
    public void CommandsOverSeveralKeysSeeNoneThatHasExpired(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        SimulatedClient client = server.Connect();
        Model model = new();
        for (int round = 0; round < 2500; round++)
        {
            if (server.Random.Below(5) == 0)
            {
                server.Advance(10);
                model.NowMs += 10;
            }
            if (round % 4 == 0)
            {
                // Others come and go, so that a removal often merges buckets.
                bool comes = round / 400 % 2 == 0;
                string[] fillers = [.. Enumerable.Range(0, 3).Select(_ => $"{{t}}f{server.Random.Below(100)}")];
                server.Run(client, comes ? ["MSET", fillers[0], "v", fillers[1], "v", fillers[2], "v"] : ["DEL", .. fillers]);
            }
            string kind = server.Random.Below(3) switch { 0 => "{t}l", 1 => "{t}s", _ => "{t}z" };
            string one = kind + server.Random.Below(KeysOfAType), other = kind + server.Random.Below(KeysOfAType);
            (string[] command, string expected) = Next(server, model, kind, one, other, $"e{round}");
            string reply = server.Run(client, command);
            Assert.True(expected == reply, $"{string.Join(' ', command)} in round {round}: {reply}, not {expected}");
        }
    });

    private static (string[] Command, string Reply) Next(SimulatedServer server, Model model, string kind, string one, string other, string element)
    {
        switch (server.Random.Below(8))
        {
            case 0:
                // Never at the very moment at which it is looked at.
                int ms = 5 + 10 * server.Random.Below(4);
                return (["PEXPIRE", one, $"{ms}"], model.Expire(one, model.NowMs + ms) ? "1" : "0");
            case 1:
                return (["DEL", one], model.Remove(one) ? "1" : "0");
            case 2 or 3:
                List<string> items = model.Made(one);
                items.Add(element);
                return kind[^1] switch
                {
                    'l' => (["RPUSH", one, element], Number(items.Count)),
                    's' => (["SADD", one, element], "1"),
                    _ => (["ZADD", one, "1", element], "1"),
                };
            case 4 when one != other:
                if (model.Of(one) is null)
                {
                    return (["COPY", one, other, "REPLACE"], "0");
                }
                model.Copy(one, other);
                return (["COPY", one, other, "REPLACE"], "1");
            default:
                return Move(server, model, kind, one, other);
        }
    }

    private static (string[] Command, string Reply) Move(SimulatedServer server, Model model, string kind, string one, string other)
    {
        List<string>? from = model.Of(one);
        switch (kind[^1])
        {
            case 'l':
                bool isRight = server.Random.Below(2) == 0;
                string[] move = isRight ? ["RPOPLPUSH", one, other] : ["LMOVE", one, other, "LEFT", "LEFT"];
                if (from is null)
                {
                    return (move, "nil");
                }
                string moved = from[isRight ? ^1 : 0];
                from.RemoveAt(isRight ? from.Count - 1 : 0);
                model.Made(other).Insert(0, moved);
                model.Tidy(one);
                return (move, moved);
            case 's':
                string member = from is null ? "none" : from[server.Random.Below(from.Count)];
                if (from is not null && one != other)
                {
                    from.Remove(member);
                    List<string> to = model.Made(other);
                    if (!to.Contains(member))
                    {
                        to.Add(member);
                    }
                    model.Tidy(one);
                }
                return (["SMOVE", one, other, member], from is null ? "0" : "1");
            default:
                if (from is null)
                {
                    model.Remove(other);
                }
                else
                {
                    model.Set(other, [.. from]);
                }
                return (["ZRANGESTORE", other, one, "0", "-1"], Number(from?.Count ?? 0));
        }
    }

    /// <summary>Eviction looks at shards that others empty meanwhile, by every policy.</summary>
    [Theory]
    [MemberData(nameof(Worlds))]
    public void EvictionMeetsShardsThatOthersEmpty(int threads, ulong seed) => TestSeed.Replayable(seed, world =>
    {
        using SimulatedServer server = new(threads, world);
        SimulatedClient control = server.Connect();
        SimulatedClient[] clients = [.. Enumerable.Range(0, 6).Select(_ => server.Connect())];
        string[] policies = ["allkeys-random", "allkeys-lru", "volatile-random", "volatile-ttl"];
        int written = 0;
        foreach (string policy in policies)
        {
            server.Run(control, "CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", "1");
            for (int step = 0; step < 1500; step++)
            {
                foreach (SimulatedClient idle in clients.Where(client => client.IsIdle && server.Random.Below(4) == 0))
                {
                    string key = $"k{server.Random.Below(4)}";
                    string[] request = server.Random.Below(4) switch
                    {
                        0 => ["SET", key, "v"],
                        1 => ["DEL", key],
                        2 => ["SET", key, "v", "PX", "3"],
                        _ => ["FLUSHALL"],
                    };
                    idle.Ask(reply => written += Assert.IsType<string>(reply) is "OK" ? 1 : reply is "0" or "1" || reply.StartsWith("-OOM", StringComparison.Ordinal) ? 0 : throw new InvalidDataException(reply), request);
                }
                if (server.Random.Below(10) == 0)
                {
                    // Room for some keys, now and then.
                    control.Ask(_ => { }, ["CONFIG", "SET", "maxmemory", server.Random.Below(2) == 0 ? "1" : "100mb"]);
                }
                server.Step();
            }
            server.Settle();
        }
        Assert.True(written > 100, $"{written} writes");
    });

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);
}
