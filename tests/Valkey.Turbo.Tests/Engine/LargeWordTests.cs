using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.PubSub;
using Valkey.Turbo.Persistence;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>
/// Nothing of a size that a client chooses is put on the managed heap: every command with every word of it large, on small data and on data
/// whose keys, elements and values are large, also in a transaction, before a monitor, a journal and one who hears of all events.
/// </summary>
/// <remarks>But for names that are kept beyond the command: of awaited, watched and tracked keys, of channels, and of clients.</remarks>
public sealed class LargeWordTests
{
    private sealed class DroppingJournal : IJournalSink
    {
        public string? Failure => null;

        public void Append(JournalStamp stamp, int database, ReadOnlySpan<byte> command)
        {
        }

        public long EndGroup(int thread) => 0;

        public void Flush()
        {
        }
    }

    private const int LargeBytes = 600_000;
    private const int MostManagedBytes = 400_000;
    private const string Mark = "LARGE";

    private static readonly string[] LargeData =
    [
        "SET k LARGE", "SET k2 LARGEx", "RPUSH l LARGE b LARGE c", "RPUSH numbers 3 1 2", "SADD s LARGE b c", "SADD t LARGE c d", "HSET h LARGE LARGE f LARGE a 1",
        "ZADD z 1 LARGE 2 b", "ZADD y 1 LARGE 2 c", "GEOADD g 13.361389 38.115556 LARGE 15.087269 37.502669 Catania", "PFADD p LARGE b", "PFADD q c d", "SETBIT bits 20000000 1", "SETBIT bits2 7 1",
        "XADD x 1-1 LARGE LARGE", "XADD x 2-1 f v", "XGROUP CREATE x LARGE 0", "XGROUP CREATE x grp 0", "XREADGROUP GROUP grp LARGE COUNT 1 STREAMS x >", "SET LARGE LARGE", "RPUSH weights a b",
    ];

    private static readonly string[] More =
    [
        "DUMP k", "DUMP l", "DUMP h", "DUMP z", "DUMP x", "LCS k k2 LEN", "SORT l ALPHA", "SORT l BY nosort GET #", "SORT weights BY *LARGE ALPHA GET *LARGE GET #", "SORT l ALPHA STORE d", "KEYS *", "KEYS LARGE*",
        "SCAN 0 MATCH LARGE COUNT 100", "SCAN 0 TYPE LARGE", "OBJECT FREQ LARGE", "OBJECT LARGE k", "DEBUG OBJECT LARGE", "DEBUG LARGE", "DEBUG DIGEST", "DEBUG DIGEST-VALUE k", "DEBUG JMAP LARGE", "MEMORY USAGE LARGE", "MEMORY LARGE",
        "CLIENT SETINFO lib-name LARGE", "CLIENT KILL LARGE", "CLIENT KILL ID LARGE", "CLIENT LIST TYPE LARGE", "CLIENT LIST ID LARGE", "CLIENT LARGE", "CLIENT TRACKING LARGE", "CLIENT NO-EVICT LARGE",
        "CONFIG GET LARGE", "CONFIG SET LARGE v", "CONFIG SET dir LARGE", "CONFIG LARGE", "INFO LARGE", "COMMAND INFO LARGE", "COMMAND DOCS LARGE", "COMMAND GETKEYS LARGE k", "COMMAND GETKEYS GET LARGE",
        "COMMAND LIST FILTERBY PATTERN LARGE", "LATENCY LARGE", "LATENCY HISTORY LARGE", "LATENCY GRAPH LARGE", "LATENCY RESET LARGE", "LATENCY HISTOGRAM LARGE", "SLOWLOG LARGE", "COMMANDLOG GET 1 LARGE",
        "LARGE", "LARGE LARGE", "get LARGE extra", "HELLO 3 LARGE", "AUTH LARGE", "AUTH LARGE LARGE", "ECHO LARGE", "PING LARGE", "SELECT LARGE", "SWAPDB LARGE 1", "LOLWUT LARGE",
        "PUBLISH LARGE LARGE", "SPUBLISH LARGE LARGE", "PUBSUB CHANNELS LARGE", "PUBSUB NUMSUB LARGE", "PUBSUB LARGE", "FUNCTION LARGE", "CLUSTER LARGE", "RESET",
        "RESTORE d 0 LARGE", "RESTORE LARGE 0 LARGE", "WAIT LARGE 0", "OBJECT ENCODING LARGE", "GETRANGE k 0 -1", "SUBSTR k 0 -1", "APPEND k LARGE", "SETRANGE k 10 LARGE", "GETSET k LARGE", "SET k LARGE GET", "SET k v IFEQ LARGE",
        "DELIFEQ k LARGE", "MSETNX LARGE LARGE", "MSETEX 1 LARGE LARGE EX 100", "BITOP NOT d k", "BITFIELD k GET u8 0", "LPOS l LARGE", "LPOP l 10", "LMPOP 1 l LEFT COUNT 10", "LMOVE l d LEFT RIGHT", "BLMOVE l d LEFT RIGHT 0", "BLMPOP 0 1 l LEFT",
        "SPOP s 2", "SRANDMEMBER s -3", "SMOVE s t LARGE", "SUNIONSTORE d s t", "SINTER s t", "HGETALL h", "HRANDFIELD h -3 WITHVALUES", "HSCAN h 0 MATCH LARGE", "SSCAN s 0 MATCH LARGE", "ZSCAN z 0 MATCH LARGE", "HINCRBY h a LARGE",
        "ZRANGEBYLEX z [LARGE +", "ZRANGE z [LARGE [LARGEx BYLEX", "ZRANGEBYSCORE z LARGE 1", "ZUNION 2 z y", "ZDIFFSTORE d 2 z y", "ZRANGESTORE d z 0 -1", "ZPOPMAX z 3", "GEOSEARCH g FROMMEMBER LARGE BYRADIUS 100 km", "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 300 km ASC",
        "XRANGE x - +", "XREADGROUP GROUP LARGE c COUNT 1 STREAMS x >", "XREADGROUP GROUP grp c COUNT 5 STREAMS x >", "XINFO STREAM x FULL", "XINFO GROUPS x", "XINFO CONSUMERS x grp", "XPENDING x grp - + 10", "XPENDING x LARGE",
        "XGROUP CREATECONSUMER x grp LARGE", "XGROUP LARGE x", "XADD LARGE * LARGE LARGE", "XCLAIM x grp LARGE 0 1-1", "XCLAIM x grp c 0 1-1 LARGE", "XAUTOCLAIM x grp LARGE 0 0", "COPY k LARGE", "RENAME k LARGE", "MOVE LARGE 1", "EXPIRE LARGE 100",
        "EXPIRE k 100 LARGE", "HEXPIRE h 100 FIELDS 1 LARGE", "HSETEX h FIELDS 1 LARGE LARGE", "HGETDEL h FIELDS 1 LARGE", "TOUCH LARGE", "UNLINK LARGE", "DEL LARGE", "PFCOUNT p LARGE", "PFMERGE d p LARGE", "PFDEBUG LARGE p",
    ];

    private static readonly string[] All = [.. AllocationTests.OrdinaryLines.SelectMany(line => line.Split(';')).Concat(More).Distinct()];

    public static TheoryData<string> Commands => [.. All];

    [Theory]
    [MemberData(nameof(Commands))]
    public void NothingLargeIsPutOnTheManagedHeap(string line)
    {
        List<string> found = [];
        using DispatchFixture server = new(new DroppingJournal());
        server.Server.Config.LoadLines(["notify-keyspace-events AKE", "enable-debug-command yes", "slowlog-log-slower-than 0"]);
        Worker worker = server.Server.Workers[0];
        server.Server.Monitors.Set(worker, new Session(2, new NoTransport(), 0), isMonitor: true);
        server.Server.Channels.Subscribe(worker, new Session(3, new NoTransport(), 0), ChannelKind.Pattern, "*"u8);
        string[] words = line.Split(' ');
        foreach (bool isLargeData in (bool[])[false, true])
        {
            // A word that it does not have, too, which a message may show.
            for (int i = 0; i <= words.Length; i++)
            {
                if (i > 0 && i < words.Length && words[0] is "BLPOP" or "BLMPOP" or "BZPOPMIN" or "BLMOVE")
                {
                    // Where the key is absent they wait for it.
                    continue;
                }
                string[] changed = i == 0 ? words : i == words.Length ? [.. words, Mark] : [.. words[..i], Mark, .. words[(i + 1)..]];
                Try(server, changed, isLargeData, found);
            }
        }
        Assert.Empty(found);
    }

    private static void Try(DispatchFixture server, string[] words, bool isLargeData, List<string> found)
    {
        long allocated = Allocated(server, words, isLargeData);
        if (allocated > MostManagedBytes)
        {
            // A few, such as COMMAND, need much whatever their words are.
            allocated -= Allocated(server, [.. words.Select(word => word.Replace(Mark, "x", StringComparison.Ordinal))], isLargeData);
        }
        if (allocated > MostManagedBytes)
        {
            found.Add($"{string.Join(' ', words)} on {(isLargeData ? "large" : "small")} data: {allocated} bytes");
        }
    }

    private static long Allocated(DispatchFixture server, string[] words, bool isLargeData)
    {
        server.Session.EndBlocked(server.Server.Workers[0]);
        server.RunRaw(RespText.Encode("RESET"));
        server.RunRaw(RespText.Encode("FLUSHALL"));
        foreach (string data in isLargeData ? LargeData : AllocationTests.SmallData)
        {
            server.RunRaw(Encode(data.Split(' ')));
        }
        server.DropReplies();
        byte[] input = Encode(words);
        long before = GC.GetAllocatedBytesForCurrentThread();
        server.RunRaw(input);
        // Once more in a transaction, which is journalled whole, and on what the first time has left.
        server.RunRaw(Begin);
        server.RunRaw(input);
        server.RunRaw(End);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        server.DropReplies();
        return allocated;
    }

    private static byte[] Encode(string[] words)
    {
        using MemoryStream request = new();
        request.Write(Encoding.ASCII.GetBytes($"*{words.Length}\r\n"));
        foreach (string word in words)
        {
            byte[] bytes = Encoding.ASCII.GetBytes(word.Replace(Mark, Large, StringComparison.Ordinal));
            request.Write(Encoding.ASCII.GetBytes($"${bytes.Length}\r\n"));
            request.Write(bytes);
            request.Write("\r\n"u8);
        }
        return request.ToArray();
    }

    private static readonly string Large = new('x', LargeBytes);
    private static readonly byte[] Begin = RespText.Encode("MULTI");
    private static readonly byte[] End = RespText.Encode("EXEC");
}
