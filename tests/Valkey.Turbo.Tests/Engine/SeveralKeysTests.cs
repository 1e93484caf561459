using System.Globalization;
using System.Text.RegularExpressions;
using Valkey.Turbo.Commands;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>
/// Every command of several keys over keys that have expired or are gone, in tables so small that the next removal merges
/// buckets and moves other entries: replies and data are those of a server on which whatever has expired was removed before.
/// </summary>
public sealed partial class SeveralKeysTests
{
    private const int Trials = 60;
    private const int NamesOfAType = 3;

    /// <summary>
    /// Requests by command: <c>{s}</c> stands for the name of a string, of a list, hash, set or sorted set, of places, a HyperLogLog or a
    /// stream by other letters, <c>{n}</c> for a small number.
    /// </summary>
    private static readonly Dictionary<string, string[]> Requests = new()
    {
        ["bitop"] = ["BITOP OR {s} {s} {s}", "BITOP NOT {s} {s}", "BITOP DIFF {s} {s} {s} {s}"],
        ["blmove"] = ["BLMOVE {l} {l} LEFT RIGHT 0.01", "BLMOVE {l} {l} RIGHT LEFT 0.01"],
        ["blmpop"] = ["BLMPOP 0.01 3 {l} {l} {l} LEFT COUNT {n}"],
        ["blpop"] = ["BLPOP {l} {l} {l} 0.01"],
        ["brpop"] = ["BRPOP {l} {l} 0.01"],
        ["brpoplpush"] = ["BRPOPLPUSH {l} {l} 0.01"],
        ["bzmpop"] = ["BZMPOP 0.01 2 {z} {z} MAX COUNT {n}"],
        ["bzpopmax"] = ["BZPOPMAX {z} {z} {z} 0.01"],
        ["bzpopmin"] = ["BZPOPMIN {z} {z} 0.01"],
        ["copy"] = ["COPY {*} {*}", "COPY {*} {*} REPLACE", "COPY {*} {*} DB 1 REPLACE", "COPY {*} {*} DB 1"],
        ["del"] = ["DEL {*} {*}"],
        ["eval"] = ["EVAL return(redis.pcall('RENAME',KEYS[1],KEYS[2])) 2 {*} {*}", "EVAL return(redis.pcall('LMOVE',KEYS[1],KEYS[2],'LEFT','RIGHT')) 2 {l} {l}"],
        ["eval_ro"] = ["EVAL_RO return(redis.pcall('MGET',KEYS[1],KEYS[2])) 2 {s} {s}"],
        ["evalsha"] = ["EVALSHA none 2 {*} {*}"],
        ["evalsha_ro"] = ["EVALSHA_RO none 2 {*} {*}"],
        ["exists"] = ["EXISTS {*} {*} {*}"],
        ["fcall"] = ["FCALL none 2 {*} {*}"],
        ["fcall_ro"] = ["FCALL_RO none 2 {*} {*}"],
        ["georadius"] = ["GEORADIUS {g} 10 10 5000 km STORE {g}", "GEORADIUS {g} 10 10 5000 km STOREDIST {z}", "GEORADIUS {g} 10 10 5000 km ASC"],
        ["georadiusbymember"] = ["GEORADIUSBYMEMBER {g} m{n} 5000 km STORE {g}", "GEORADIUSBYMEMBER {g} m{n} 5000 km STORE {g} STOREDIST {g}"],
        ["geosearchstore"] = ["GEOSEARCHSTORE {g} {g} FROMLONLAT 10 10 BYRADIUS 5000 km ASC"],
        ["lcs"] = ["LCS {s} {s}", "LCS {s} {s} IDX WITHMATCHLEN"],
        ["lmove"] = ["LMOVE {l} {l} LEFT RIGHT", "LMOVE {l} {l} RIGHT LEFT", "LMOVE {*} {*} LEFT LEFT"],
        ["lmpop"] = ["LMPOP 3 {l} {l} {l} RIGHT COUNT {n}"],
        ["mget"] = ["MGET {s} {s} {*} {s}"],
        ["mset"] = ["MSET {s} value{n} {s} {n}"],
        ["msetex"] = ["MSETEX 2 {s} {n} {s} value PX {n}", "MSETEX 2 {s} {n} {s} value KEEPTTL", "MSETEX 2 {s} {n} {s} value NX"],
        ["msetnx"] = ["MSETNX {s} {n} {s} value"],
        ["pfcount"] = ["PFCOUNT {p} {p} {p}"],
        ["pfmerge"] = ["PFMERGE {p} {p} {p}", "PFMERGE {p} {p}"],
        ["rename"] = ["RENAME {*} {*}"],
        ["renamenx"] = ["RENAMENX {*} {*}"],
        ["rpoplpush"] = ["RPOPLPUSH {l} {l}"],
        ["sdiff"] = ["SDIFF {e} {e} {e}"],
        ["sdiffstore"] = ["SDIFFSTORE {e} {e} {e}"],
        ["sinter"] = ["SINTER {e} {e}"],
        ["sintercard"] = ["SINTERCARD 2 {e} {e}"],
        ["sinterstore"] = ["SINTERSTORE {e} {e} {e}"],
        ["smove"] = ["SMOVE {e} {e} m{n}", "SMOVE {e} {e} {n}"],
        ["sort"] = ["SORT {l} BY s* GET s* GET # GET h*->f STORE {l}", "SORT {e} ALPHA BY h*->f GET s* STORE {l}", "SORT {l} STORE {l}"],
        ["sunion"] = ["SUNION {e} {e} {e}"],
        ["sunionstore"] = ["SUNIONSTORE {e} {e} {e}"],
        ["touch"] = ["TOUCH {*} {*} {*}"],
        ["unlink"] = ["UNLINK {*} {*}"],
        ["watch"] = ["WATCH {*} {*}"],
        ["xread"] = ["XREAD COUNT 2 STREAMS {x} {x} 0 0", "XREAD BLOCK 10 STREAMS {x} {x} $ $"],
        ["xreadgroup"] = ["XREADGROUP GROUP group me COUNT 2 STREAMS {x} {x} > 0"],
        ["zdiff"] = ["ZDIFF 2 {z} {z} WITHSCORES"],
        ["zdiffstore"] = ["ZDIFFSTORE {z} 2 {z} {z}"],
        ["zinter"] = ["ZINTER 2 {z} {e} WITHSCORES"],
        ["zintercard"] = ["ZINTERCARD 2 {z} {z}"],
        ["zinterstore"] = ["ZINTERSTORE {z} 2 {z} {e}"],
        ["zmpop"] = ["ZMPOP 2 {z} {z} MIN COUNT {n}"],
        ["zrangestore"] = ["ZRANGESTORE {z} {z} 0 -1", "ZRANGESTORE {z} {z} 1 3 REV"],
        ["zunion"] = ["ZUNION 2 {z} {e} WITHSCORES"],
        ["zunionstore"] = ["ZUNIONSTORE {z} 2 {z} {e} WEIGHTS 2 1"],
    };

    /// <summary>Commands of one key that go on to keys which no argument names.</summary>
    private static readonly string[] Others =
        ["MOVE {*} 1", "SORT_RO {l} BY s* GET s* GET h*->f", "SORT_RO {e} ALPHA BY h*->f GET s*", "DEBUG DIGEST-VALUE {*} {*} {*}"];

    private static readonly Dictionary<char, string> Makers = new()
    {
        ['s'] = "SET {0} value1",
        ['l'] = "RPUSH {0} 1 2 0 3",
        ['e'] = "SADD {0} 0 1 2 m1 m2",
        ['h'] = "HSET {0} f 1",
        ['z'] = "ZADD {0} 1 m1 2 m2 3 0",
        ['g'] = "GEOADD {0} 10 10 m1 11 11 m2",
        ['p'] = "PFADD {0} 1 2 3",
        ['x'] = "XADD {0} 1-1 f 1",
    };

    [GeneratedRegex(@"\{(.)\}")]
    private static partial Regex Placeholder();

    [Fact]
    public void EveryCommandOfSeveralKeysIsCovered() =>
        Assert.Equal(CommandTable.Instance.All.Where(spec => spec.HasSeveralKeys).Select(spec => spec.FullName).Order(StringComparer.Ordinal),
            Requests.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [InlineData(1UL, false)]
    [InlineData(2UL, true)]
    public void WhatHasExpiredIsAsGoodAsGone(ulong seed, bool inTransaction)
    {
        ManualClock clock = new();
        using DispatchFixture lazy = new(clock: clock, seed: seed), tidy = new(clock: clock, seed: seed);
        RandomSource random = new(seed);
        foreach (string pattern in Requests.Values.SelectMany(each => each).Concat(Others))
        {
            if (inTransaction && pattern.StartsWith("WATCH", StringComparison.Ordinal))
            {
                continue;
            }
            for (int trial = 0; trial < Trials; trial++)
            {
                string request = Placeholder().Replace(pattern, match => Name(match.Value[1], random));
                string[] names = [.. Makers.Keys.SelectMany(type => Enumerable.Range(0, NamesOfAType).Select(i => $"{type}{i}"))
                    .Where(name => request.Contains(name, StringComparison.Ordinal) || random.Below(4) == 0)];
                Fill(lazy, tidy, names, random);
                clock.Ns += 2_000_000;
                Look(tidy, names);
                Both(lazy, tidy, inTransaction ? ["MULTI", request, request, "EXEC"] : [request, "UNWATCH"]);
                Look(lazy, names);
                Both(lazy, tidy, "DBSIZE", "DEBUG DIGEST");
            }
        }
    }

    private static string Name(char type, RandomSource random) => type switch
    {
        'n' => random.Below(4).ToString(CultureInfo.InvariantCulture),
        '*' => Name("slezhgpx"[random.Below(8)], random),
        _ => $"{type}{random.Below(NamesOfAType)}",
    };

    /// <summary>
    /// Makes keys, of which about half expire in a moment, and others, of which as many go again as bring the table close to taking
    /// a bucket away.
    /// </summary>
    private static void Fill(DispatchFixture lazy, DispatchFixture tidy, string[] names, RandomSource random)
    {
        Both(lazy, tidy, "FLUSHALL SYNC");
        int others = 8 + random.Below(16);
        Both(lazy, tidy, [.. Enumerable.Range(0, others).Select(i => $"SET other{i} value")]);
        foreach (string name in names)
        {
            Both(lazy, tidy, string.Format(CultureInfo.InvariantCulture, Makers[name[0]], name));
            if (name[0] == 'x')
            {
                Both(lazy, tidy, $"XGROUP CREATE {name} group 0");
            }
            if (random.Below(2) == 0)
            {
                Both(lazy, tidy, $"PEXPIRE {name} 1");
            }
        }
        HashTable<Entry> table = lazy.Server.Shards[0].Keyspaces[0].Table;
        while (others > 0 && table.Count > 3 * table.BucketCount)
        {
            Both(lazy, tidy, $"DEL other{--others}");
        }
    }

    /// <summary>Looks at keys one by one, which removes those that have expired.</summary>
    private static void Look(DispatchFixture server, string[] names)
    {
        foreach (string name in names)
        {
            server.Run("TYPE", name);
        }
    }

    private static void Both(DispatchFixture lazy, DispatchFixture tidy, params string[] requests)
    {
        foreach (string request in requests)
        {
            string[] words = request.Split(' ');
            Assert.Equal($"{request}: {tidy.Run(words)}", $"{request}: {lazy.Run(words)}");
        }
        // What found nothing has waited long enough.
        lazy.Session.EndBlocked(lazy.Server.Workers[0]);
        tidy.Session.EndBlocked(tidy.Server.Workers[0]);
    }
}
