using Valkey.Turbo.Memory;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// Random commands on collections go to this server and to a real one, and every reply must be the same; now and then every
/// key is dumped on either side and restored on the other.
/// </summary>
public sealed class CollectionDifferentialTests(ITestOutputHelper output)
{
    private const int CommandCount = 25_000;
    private const int CommandsPerExchange = 5_000;
    private const int CommandsRemembered = 1_000;

    [Theory]
    [InlineData(1, 61UL, false)]
    [InlineData(1, 62UL, true)]
    [InlineData(4, 63UL, false)]
    [InlineData(4, 64UL, true)]
    public void EveryReplyIsTheReferences(int threads, ulong seed, bool hasLowLimits)
    {
        using ReferenceServer? reference = ReferenceServer.TryStart(output);
        if (reference is null)
        {
            return;
        }
        bool isValkey = reference.IsValkey;
        using TestServer server = new(threads);
        using RespClient ours = server.Connect(), theirs = reference.Connect();
        if (hasLowLimits)
        {
            // Collections leave their small encodings early, and lists and streams get many links.
            foreach (RespClient client in (RespClient[])[ours, theirs])
            {
                Assert.Equal("OK", client.Run("CONFIG", "SET", "list-max-listpack-size", "2", "list-compress-depth", "1", "hash-max-listpack-entries", "3", "set-max-intset-entries", "4",
                    "zset-max-listpack-entries", "3", "stream-node-max-entries", "3"));
            }
        }
        Queue<string[]> recent = new();
        CollectionStreams stream = new(new RandomSource(seed), isValkey);
        for (int i = 0; i < CommandCount; i++)
        {
            string[] command = stream.Next();
            recent.Enqueue(command);
            if (recent.Count > CommandsRemembered)
            {
                recent.Dequeue();
            }
            string expected = Normalize(command, theirs.Run(command)), actual = Normalize(command, ours.Run(command));
            bool mayDiffer = !isValkey && ((expected.StartsWith('-') && actual.StartsWith('-')) || command[0] is "OBJECT" or "ZMPOP" or "BITCOUNT" or "BITPOS" or "GET" or "SORT");
            // Text is compared by the locale up to a zero byte, so such elements have no order.
            mayDiffer |= command[0] == "SORT" && expected.Contains('\0', StringComparison.Ordinal);
            // A set that is not to be sorted has no order.
            mayDiffer |= command.Contains("nosort") && theirs.Run("TYPE", command[1]) == "set";
            if (expected != actual && !mayDiffer)
            {
                string history = string.Join('\n', recent.Where(words => words.Intersect(command.Skip(1)).Any()).TakeLast(30).Select(words => string.Join(' ', words)));
                Assert.Fail($"command {i} ({string.Join(' ', command)}): expected {expected}, got {actual}; before:\n{history}");
            }
            if (isValkey && i % CommandsPerExchange == CommandsPerExchange - 1)
            {
                ExchangeDumps(ours, theirs, hasLowLimits);
            }
        }
    }

    /// <summary>Restores every key of one server on the other, and compares what it then holds with the other's own.</summary>
    private static void ExchangeDumps(RespClient ours, RespClient theirs, bool hasLowLimits)
    {
        foreach (string key in ours.Run("KEYS", "*").Trim('[', ']').Split(' ').Where(name => !name.StartsWith("moved", StringComparison.Ordinal)))
        {
            string here = ours.Run("DUMP", key), there = theirs.Run("DUMP", key);
            Assert.Equal("OK", theirs.Run("RESTORE", "moved", "0", here, "REPLACE"));
            Assert.Equal("OK", ours.Run("RESTORE", "moved", "0", there, "REPLACE"));
            // How a list is cut into links is each server's own business, and with low limits that decides its encoding.
            if (theirs.Run("TYPE", key) != "string" && !(hasLowLimits && theirs.Run("TYPE", key) == "list"))
            {
                Assert.Equal(theirs.Run("OBJECT", "ENCODING", "moved"), ours.Run("OBJECT", "ENCODING", "moved"));
            }
            string[] read = theirs.Run("TYPE", key) switch
            {
                "list" => ["LRANGE", "moved", "0", "-1"],
                "set" => ["SMEMBERS", "moved"],
                "hash" => ["HGETALL", "moved"],
                "zset" => ["ZRANGE", "moved", "0", "-1", "WITHSCORES"],
                "stream" => ["XRANGE", "moved", "-", "+"],
                _ => ["GET", "moved"],
            };
            string[] direct = [read[0], key, .. read[2..]];
            string expected = Normalize(read, theirs.Run(direct));
            Assert.Equal(expected, Normalize(read, theirs.Run(read)));
            Assert.Equal(expected, Normalize(read, ours.Run(read)));
            if (read[0] == "XRANGE")
            {
                Assert.Equal(theirs.Run("XINFO", "GROUPS", key), theirs.Run("XINFO", "GROUPS", "moved"));
                Assert.Equal(theirs.Run("XINFO", "GROUPS", key), ours.Run("XINFO", "GROUPS", "moved"));
            }
        }
        ours.Run("DEL", "moved");
        theirs.Run("DEL", "moved");
    }

    /// <summary>Replies without an order of their own are compared word by word in one.</summary>
    private static string Normalize(string[] command, string reply) =>
        CollectionStreams.Unordered.Contains(command[0]) ? string.Join(' ', (reply.StartsWith('[') ? reply[1..^1] : reply).Split(' ').Order(StringComparer.Ordinal)) : reply;
}
