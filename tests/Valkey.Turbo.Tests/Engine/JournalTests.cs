using System.Collections.Concurrent;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence;
using Valkey.Turbo.Structures;
using Valkey.Turbo.Tests.EndToEnd;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>What persistence reads: every effect once, deterministic, in one total order.</summary>
public sealed class JournalTests
{
    private sealed class Recorder : IJournalSink
    {
        internal ConcurrentQueue<(JournalStamp Stamp, int Database, string Command)> Records { get; } = new();

        private readonly ConcurrentDictionary<int, List<string>> _staged = new();

        public void Append(JournalStamp stamp, int database, ReadOnlySpan<byte> command)
        {
            Records.Enqueue((stamp, database, Encoding.Latin1.GetString(command)));
            _staged.GetOrAdd(stamp.Thread, []).Add(Encoding.Latin1.GetString(command));
        }

        /// <summary>The records of each group, a string each.</summary>
        internal ConcurrentQueue<string> Groups { get; } = new();

        public long EndGroup(int thread)
        {
            Groups.Enqueue(string.Join("; ", _staged.GetOrAdd(thread, []).Select(Words)));
            _staged[thread].Clear();
            return Records.Count;
        }

        public string? Failure => null;

        public void Flush()
        {
        }

        internal string[] Commands => [.. Records.Select(record => Words(record.Command))];

        internal static string Words(string resp) => string.Join(' ', resp.Split("\r\n").Where((_, i) => i > 0 && i % 2 == 0));
    }

    [Fact]
    public void EffectsLeaveAsDeterministicCommands()
    {
        Recorder journal = new();
        ManualClock clock = new();
        using DispatchFixture server = new(journal, clock);
        long now = server.Server.UnixMsAt(clock.Ns);
        server.Run("SET", "a", "1");
        server.Run("GET", "a");
        server.Run("SET", "a", "2", "EX", "10");
        server.Run("SET", "a", "3", "XX", "GET", "KEEPTTL");
        server.Run("SET", "a", "4", "NX");
        server.Run("EXPIRE", "a", "20");
        server.Run("INCRBYFLOAT", "f", "1.5");
        server.Run("GETSET", "a", "5");
        server.Run("GETEX", "a", "PX", "100");
        server.Run("SELECT", "3");
        server.Run("MSET", "x", "1", "y", "2");
        server.Run("DEL", "x", "none");
        server.Run("DEL", "none");
        server.Run("GETDEL", "y");
        server.Run("SELECT", "0");
        clock.Ns += 200_000_000;
        server.Run("GET", "a");
        Assert.Equal(
        [
            "SET a 1", $"SET a 2 PXAT {now + 10_000}", "SET a 3 KEEPTTL", $"PEXPIREAT a {now + 20_000}", "SET f 1.5 KEEPTTL", "SET a 5",
            $"PEXPIREAT a {now + 100}", "MSET x 1 y 2", "DEL x none", "DEL y", "UNLINK a",
        ], journal.Commands);
        Assert.Equal(3, journal.Records.ElementAt(7).Database);
        Assert.True(journal.Records.Zip(journal.Records.Skip(1), (a, b) => a.Stamp < b.Stamp).All(ordered => ordered));
    }

    [Theory]
    [InlineData("yes", "UNLINK")]
    [InlineData("no", "DEL")]
    public void WhatACommandEmptiesLeavesAsTheDeletionThatWasConfigured(string lazily, string deletion)
    {
        Recorder journal = new();
        using DispatchFixture server = new(journal);
        server.Run("CONFIG", "SET", "lazyfree-lazy-server-del", lazily);
        server.Run("SADD", "set", "1", "2");
        server.Run("SPOP", "set", "5");
        server.Run("SET", "old", "value");
        byte[] payload = Encoding.Latin1.GetBytes(server.Run("DUMP", "old"));
        server.RunRaw([.. "*6\r\n$7\r\nRESTORE\r\n$3\r\nold\r\n$1\r\n1\r\n"u8, .. payload, .. "$7\r\nREPLACE\r\n$6\r\nABSTTL\r\n"u8]);
        Assert.Equal(["SADD set 1 2", $"{deletion} set", "SET old value", $"{deletion} old"], journal.Commands);
    }

    [Fact]
    public void TheRecordsOfACommandOrTransactionAreAGroup()
    {
        Recorder journal = new();
        ManualClock clock = new();
        using DispatchFixture server = new(journal, clock);
        long now = server.Server.UnixMsAt(clock.Ns);
        server.Run("XGROUP", "CREATE", "stream", "g", "0", "MKSTREAM");
        server.Run("XADD", "stream", "1-1", "f", "v");
        server.Run("XADD", "stream", "1-2", "f", "v");
        server.Run("XREADGROUP", "GROUP", "g", "c", "STREAMS", "stream", ">");
        server.Run("HSET", "hash", "a", "1", "b", "2");
        server.Run("HEXPIRE", "hash", "1", "FIELDS", "1", "a");
        server.Run("MULTI");
        server.Run("SET", "x", "1");
        server.Run("GET", "x");
        server.Run("SPOP", "none");
        server.Run("INCR", "x");
        server.Run("EXEC");
        server.Run("SET", "brief", "1", "PX", "1000");
        server.Run("SET", "short", "1", "PX", "1000");
        server.Run("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        clock.Ns += 2_000_000_000;
        server.Run("DEL", "brief", "short", "hash");
        string[] groups = [.. journal.Groups];
        Assert.Contains("SET x 1; INCR x", groups);
        Assert.Equal("UNLINK brief; UNLINK short; DEL brief short hash", groups[^1]);
        string delivery = Assert.Single(groups, group => group.Contains("XCLAIM", StringComparison.Ordinal));
        Assert.Equal(2, delivery.Split("XCLAIM").Length - 1);
        Assert.DoesNotContain(groups, group => group.Contains("MULTI", StringComparison.Ordinal) || group.Contains("EXEC", StringComparison.Ordinal));
        Assert.Equal(journal.Records.Count, groups.Sum(group => group.Split("; ").Length));
    }

    [Fact]
    public void WhatExpiresWhileKeysAreScannedStandsForItself()
    {
        Recorder journal = new();
        ManualClock clock = new();
        using DispatchFixture server = new(journal, clock);
        server.Run("SET", "a", "1", "PX", "1000");
        server.Run("SET", "b", "1", "PX", "1000");
        server.Run("DEBUG", "SET-ACTIVE-EXPIRE", "0");
        clock.Ns += 2_000_000_000;
        server.Run("SCAN", "0", "COUNT", "100");
        Assert.Equal(["UNLINK a", "UNLINK b"], journal.Groups.TakeLast(2).Order());
    }

    [Fact]
    public void ReplayingInStampOrderGivesTheSameData()
    {
        Recorder journal = new();
        using TestServer server = new(4, journal: journal);
        Parallel.For(0, 6, new ParallelOptions { MaxDegreeOfParallelism = 6 }, index =>
        {
            using RespClient client = server.Connect();
            RandomSource random = new((ulong)index);
            for (int i = 0; i < 1500; i++)
            {
                string key = $"k{random.Below(20)}", other = $"k{random.Below(20)}";
                string[] command = random.Below(7) switch
                {
                    0 => ["SET", key, $"{index}-{i}"],
                    1 => ["APPEND", key, "x"],
                    2 => ["DEL", key],
                    3 => ["MSET", key, $"m{i}", other, $"m{i}"],
                    4 => ["RENAME", key, other],
                    5 => ["COPY", key, other, "REPLACE"],
                    _ => ["SETRANGE", key, "2", "zz"],
                };
                client.Run(command);
            }
        });
        using DispatchFixture replica = new();
        foreach ((JournalStamp _, int _, string command) in journal.Records.OrderBy(record => record.Stamp))
        {
            replica.RunRaw(Encoding.Latin1.GetBytes(command));
        }
        replica.DropReplies();
        using RespClient reader = server.Connect();
        for (int i = 0; i < 20; i++)
        {
            string expected = reader.Run("GET", $"k{i}");
            string replayed = replica.Run("GET", $"k{i}");
            Assert.Equal(expected == "nil" ? "$-1\r\n" : $"${expected.Length}\r\n{expected}\r\n", replayed);
        }
    }

    private sealed class OldVersions : IWriteBarrier
    {
        internal Dictionary<string, string> First { get; } = [];

        public void BeforeChange(int shard, int database, nint entry)
        {
            Entry old = new(entry);
            Span<byte> scratch = stackalloc byte[Turbo.Engine.StringValue.ScratchBytes];
            First.TryAdd(Encoding.Latin1.GetString(old.KeySpan), Encoding.Latin1.GetString(Turbo.Engine.StringValue.Read(old, scratch)));
        }
    }

    [Fact]
    public void TheWriteBarrierSeesEveryOldVersionFirst()
    {
        using DispatchFixture server = new();
        Dictionary<string, string> before = [];
        for (int i = 0; i < 200; i++)
        {
            before[$"k{i}"] = i % 3 == 0 ? $"{i}" : new string('v', i * 20);
            server.Run("SET", $"k{i}", before[$"k{i}"]);
        }
        OldVersions barrier = new();
        server.Server.Shards[0].WriteBarrier = barrier;
        RandomSource random = new(9);
        for (int i = 0; i < 3000; i++)
        {
            string key = $"k{random.Below(200)}";
            server.Run(random.Below(8) switch
            {
                0 => ["SET", key, "new"],
                1 => ["APPEND", key, "more"],
                2 => ["DEL", key],
                3 => ["INCR", key],
                4 => ["SETRANGE", key, "1", "yy"],
                5 => ["EXPIRE", key, "1000"],
                6 => ["PERSIST", key],
                _ => ["RENAME", key, $"k{random.Below(200)}"],
            });
        }
        // A point-in-time image: the first old version where the entry changed, and what is there where it did not.
        foreach ((string key, string value) in before)
        {
            string image = barrier.First.TryGetValue(key, out string? old) ? old : server.Run("GET", key).Split("\r\n")[1];
            Assert.Equal(value, image);
        }
    }
}
