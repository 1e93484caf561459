using System.Text;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Answers to the letter, in cases where it is easy to answer otherwise; the expectations are Valkey's.</summary>
public sealed class AnswerTests : IDisposable
{
    private const string Syntax = "-ERR syntax error";
    private const string NotInteger = "-ERR value is not an integer or out of range";
    private readonly TestServer _server = new();
    private readonly RespClient _client;

    public AnswerTests() => _client = _server.Connect();

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    /// <summary>Runs a command given as words between blanks; <c>''</c> is an empty word.</summary>
    private string Run(string line) => _client.Run([.. line.Split(' ').Select(word => word == "''" ? "" : word)]);

    /// <summary>The bytes of the next reply, as long as what is expected.</summary>
    private static void AssertBytes(string expected, RespClient client)
    {
        byte[] bytes = new byte[expected.Length];
        client.Stream.ReadExactly(bytes);
        Assert.Equal(expected, Encoding.Latin1.GetString(bytes));
    }

    private void AssertBytes(string expected, params string[] words)
    {
        _client.Send(words);
        AssertBytes(expected, _client);
    }

    [Fact]
    public void AnEmptyPatternMatchesNothing()
    {
        foreach (string command in (string[])["MSET a 1 b 2", "SADD s x y", "HSET h f v", "ZADD z 1 m", "SADD e ''"])
        {
            Run(command);
        }
        Assert.Equal("[]", Run("KEYS ''"));
        Assert.Equal("[0 []]", Run("SCAN 0 COUNT 100 MATCH ''"));
        Assert.Equal("[0 []]", Run("SSCAN s 0 MATCH ''"));
        Assert.Equal("[0 []]", Run("HSCAN h 0 MATCH ''"));
        Assert.Equal("[0 []]", Run("ZSCAN z 0 MATCH ''"));
        // But the empty word itself; and of the stars only the one alone matches that.
        Assert.Equal("[0 []]", Run("SSCAN e 0 MATCH ''"));
        Assert.Equal("[0 []]", Run("SSCAN e 0 MATCH *"));
        Assert.Equal("[0 []]", Run("SSCAN e 0 MATCH **"));
    }

    [Theory]
    [InlineData("0 ", false)]
    [InlineData("0x0", false)]
    [InlineData("-1", false)]
    [InlineData("", false)]
    [InlineData("18446744073709551616", false)]
    [InlineData("00", true)]
    [InlineData(" +0", true)]
    [InlineData("0\0", true)]
    public void CursorsAreReadAsInC(string cursor, bool isValid)
    {
        _client.Run("SADD", "s", "x");
        foreach (string[] command in (string[][])[["SCAN", cursor], ["SSCAN", "s", cursor], ["HSCAN", "none", cursor], ["ZSCAN", "none", cursor]])
        {
            Assert.Equal(isValid, _client.Run(command) != "-ERR invalid cursor");
        }
    }

    [Theory]
    [InlineData("01", "1-0")]
    [InlineData("+2-+3", "2-3")]
    [InlineData(" 4", "4-0")]
    [InlineData("5\0-9", "5-0")]
    [InlineData("6-07", "6-7")]
    public void StreamIdsAreReadAsInC(string text, string id) => Assert.Equal(id, _client.Run("XADD", "x", text, "f", "v"));

    [Theory]
    [InlineData("-1")]
    [InlineData("1-")]
    [InlineData("1--1")]
    [InlineData("1 ")]
    [InlineData("0x1")]
    [InlineData("-")]
    [InlineData("18446744073709551616")]
    public void WhatIsNoStreamId(string text) =>
        Assert.Equal("-ERR Invalid stream ID specified as stream command argument", _client.Run("XADD", "x", text, "f", "v"));

    [Theory]
    [InlineData("ZADD z 1.5\0 m", "-ERR value is not a valid float")]
    [InlineData("ZADD z 0x1p3 m", "-ERR value is not a valid float")]
    [InlineData("ZADD z 1e309 m", "-ERR value is not a valid float")]
    [InlineData("ZADD z 1e-400 m", "-ERR value is not a valid float")]
    [InlineData("ZADD z Infinity m", "1")]
    [InlineData("ZCOUNT z (1\0x 1e309", "0")]
    [InlineData("INCRBYFLOAT f 0x1p3", "8")]
    [InlineData("INCRBYFLOAT f -0", "0")]
    [InlineData("INCRBYFLOAT f 1.2e4932", "-ERR value is not a valid float")]
    [InlineData("INCRBYFLOAT f 1e-5000", "-ERR value is not a valid float")]
    [InlineData("INCRBYFLOAT f 1\0", "-ERR value is not a valid float")]
    [InlineData("INCRBYFLOAT f infinity", "-ERR increment would produce NaN or Infinity")]
    [InlineData("HINCRBYFLOAT h f 1e99999", "-ERR value is not a valid float")]
    [InlineData("BLPOP l 1\0", "-ERR timeout is not a float or out of range")]
    [InlineData("BLPOP l -0x.8", "-ERR timeout is negative")]
    [InlineData("BLPOP l inf", "-ERR timeout is out of range")]
    [InlineData("BLPOP l 1e308", "-ERR timeout is out of range")]
    [InlineData("GEOADD g inf 1 m", "-ERR invalid longitude,latitude pair inf,1.000000")]
    [InlineData("SORT n", "-ERR One or more scores can't be converted into double")]
    [InlineData("CLIENT LIST MAXAGE 1\0", "-ERR maxage is not an integer or out of range")]
    public void OddNumbers(string line, string expected)
    {
        _client.Run("RPUSH", "n", "1", "1e309");
        Assert.Equal(expected, _client.Run(line.Split(' ')));
    }

    [Fact]
    public void TheLargestSumIsTheFormats()
    {
        Run("INCRBYFLOAT f 1.1e4932");
        Assert.Equal("-ERR increment would produce NaN or Infinity", Run("INCRBYFLOAT f 1.1e4932"));
    }

    [Fact]
    public void ScoresAreShownByWhatHoldsThem()
    {
        Run("CONFIG SET zset-max-listpack-entries 1");
        Run("ZADD small 0.1 a");
        Run("ZADD large 0.1 a 2 b");
        Assert.Equal("[0 [a 0.1]]", Run("ZSCAN small 0"));
        Assert.Equal("[0 [a 0.10000000000000001 b 2]]", Run("ZSCAN large 0"));
        Run("ZADD zero -0 m");
        Assert.Equal("[m -0]", Run("ZUNION 1 zero AGGREGATE MAX WITHSCORES").Replace("[m 0]", "[m -0]", StringComparison.Ordinal));
        // What is no number counts as 0 in the first set, and not at all in others.
        Run("ZADD first 1 m");
        Run("ZADD second inf m 1 n");
        Assert.Equal("[m 1]", Run("ZINTER 2 first second WEIGHTS 1 0 AGGREGATE MIN WITHSCORES"));
        Assert.Equal("4611686018427387904", Run("ZINCRBY big 4611686018427387904 m"));
    }

    [Fact]
    public void HugeExpiriesDoNotOverflow()
    {
        Run("SET k v");
        Run("HSET h f v");
        Assert.Equal("1", Run("PEXPIREAT k 9223372036854775807"));
        Assert.Equal("9223372036854776", Run("EXPIRETIME k"));
        Assert.Equal("[1]", Run("HPEXPIREAT h 9223372036854775807 FIELDS 1 f"));
        Assert.Equal("[9223372036854776]", Run("HEXPIRETIME h FIELDS 1 f"));
        foreach (string seconds in (string[])["-1", "-9223372036854775808", "-9223372036854776", "9223372036854776", "9223372036854775807"])
        {
            Assert.Equal("-ERR invalid expire time in 'hsetex' command", Run($"HSETEX h EX {seconds} FIELDS 1 f v"));
            Assert.Equal("-ERR invalid expire time in 'hgetex' command", Run($"HGETEX h EX {seconds} FIELDS 1 f"));
            Assert.Equal("-ERR invalid expire time in 'hexpire' command", Run($"HEXPIRE h {seconds} FIELDS 1 f"));
        }
        Assert.Equal("[v]", Run("HMGET h f"));
    }

    [Theory]
    [InlineData("BLMOVE none l LEFT LEFT 0.01", "BLMOVE none l LEFT LEFT 0")]
    [InlineData("BRPOPLPUSH none l 0.01", "BRPOPLPUSH none l 0")]
    [InlineData("BLPOP none 0.01", "BLPOP none 0")]
    [InlineData("BZMPOP 0.01 1 none MIN", "BZMPOP 0 1 none MIN")]
    public void WhoHasWaitedInVainGetsANullArray(string brief, string endless)
    {
        using RespClient other = _server.Connect();
        AssertBytes("*-1\r\n", brief.Split(' '));
        string id = Run("CLIENT ID");
        _client.Send(endless.Split(' '));
        Assert.True(SpinWait.SpinUntil(() => other.Run("CLIENT", "UNBLOCK", id, "TIMEOUT") == "1", 5000));
        AssertBytes("*-1\r\n", _client);
        bool isMove = brief.StartsWith("BLMOVE", StringComparison.Ordinal) || brief.StartsWith("BRPOPLPUSH", StringComparison.Ordinal);
        Run("MULTI");
        Run(endless);
        AssertBytes(isMove ? "*1\r\n$-1\r\n" : "*1\r\n*-1\r\n", "EXEC");
    }

    [Fact]
    public void AFlushIsRedirectedAsANull()
    {
        using RespClient listener = _server.Connect();
        string id = listener.Run("CLIENT", "ID");
        listener.Run("SUBSCRIBE", "__redis__:invalidate");
        Run($"CLIENT TRACKING ON REDIRECT {id}");
        Run("GET a");
        Run("FLUSHALL");
        AssertBytes("*3\r\n$7\r\nmessage\r\n$20\r\n__redis__:invalidate\r\n$-1\r\n", listener);
    }

    [Fact]
    public void AnExecThatIsRefusedEndsTheTransaction()
    {
        Assert.Equal("-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command", Run("EXEC x"));
        Run("MULTI");
        Assert.Equal("QUEUED", Run("SET a 1"));
        Assert.StartsWith("-EXECABORT", Run("EXEC x"), StringComparison.Ordinal);
        Assert.Equal("nil", Run("GET a"));
        Run("CONFIG SET requirepass p");
        using RespClient stranger = _server.Connect();
        Assert.Equal("-EXECABORT Transaction discarded because of: NOAUTH Authentication required.", stranger.Run("EXEC"));
    }

    [Fact]
    public void CoordinatesHaveSeventeenDecimalsInBothProtocols()
    {
        Run("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania");
        AssertBytes("*1\r\n*2\r\n$20\r\n15.08726745843887329\r\n$20\r\n37.50266842333162032\r\n", "GEOPOS", "g", "Catania");
        Run("HELLO 3");
        AssertBytes("*1\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n", "GEOPOS", "g", "Catania");
        AssertBytes("*1\r\n*2\r\n$7\r\nCatania\r\n*2\r\n,15.08726745843887329\r\n,37.50266842333162032\r\n",
            "GEOSEARCH", "g", "FROMMEMBER", "Catania", "BYRADIUS", "1", "km", "WITHCOORD");
    }

    [Fact]
    public void DistancesAreStoredToTheLastDigit()
    {
        Run("GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania 2.3522219 48.856614 Paris -0.1277583 51.5073509 London");
        Assert.Equal("4", Run("GEOSEARCHSTORE d g FROMMEMBER Palermo BYRADIUS 5000 km STOREDIST"));
        Assert.Equal("[Palermo 0 Catania 166.27415156960032 Paris 1485.554279491113 London 1824.4179203708175]", Run("ZRANGE d 0 -1 WITHSCORES"));
    }

    [Fact]
    public void PlacesAtTheEndOfTheWorldAreFound()
    {
        Run("GEOADD g 180 85.05112878 corner 180 0 east 0 85.05112878 north");
        foreach (string place in (string[])["corner", "east", "north"])
        {
            Assert.Equal($"[{place}]", Run($"GEOSEARCH g FROMMEMBER {place} BYRADIUS 100 km"));
        }
    }

    [Fact]
    public void LineEndsAtTheEndOfAnErrorAreLeftOut() => Assert.Equal("-ERR Unsupported option a", _client.Run("EXPIRE", "x", "1", "a\r\n"));

    /// <summary>What a client sends comes back in an error as it was, but for line ends and what stands behind a zero byte.</summary>
    [Theory]
    [InlineData("caf\u00c3\u00a9", "caf\u00c3\u00a9")]
    [InlineData("\u00ff\u00fe", "\u00ff\u00fe")]
    [InlineData("a\r\nb", "a  b")]
    [InlineData("a\0b", "a")]
    public void ErrorsShowWhatWasSent(string word, string shown)
    {
        _client.Run("XADD", "x", "1-1", "f", "v");
        _client.Run("GEOADD", "g", "1", "1", "m");
        (string[] Command, string Error)[] cases =
        [
            ([word], $"unknown command '{shown}', with args beginning with: "),
            (["CONFIG", word], $"unknown subcommand '{shown}'. Try CONFIG HELP."),
            (["XREADGROUP", "GROUP", word, "c", "STREAMS", "x", ">"], $"No such key 'x' or consumer group '{shown}' in XREADGROUP with GROUP option"),
            (["XPENDING", "x", word], $"No such key 'x' or consumer group '{shown}'"),
            (["XGROUP", "SETID", "x", word, "1"], $"No such consumer group '{shown}' for key name 'x'"),
            (["GEOSEARCH", "g", "FROMMEMBER", word, "BYRADIUS", "1", "m"], $"member {shown} does not exist"),
            (["EXPIRE", "x", "1", word], $"Unsupported option {shown}"),
            (["SCAN", "0", "TYPE", word], $"unknown type name '{shown}'"),
            (["CLIENT", "LIST", "USER", word], $"No such user '{shown}'"),
            (["LATENCY", "GRAPH", word], $"No samples available for event '{shown}'"),
            (["FUNCTION", "LIST", word], $"Unknown argument {shown}"),
        ];
        foreach ((string[] command, string error) in cases)
        {
            string reply = _client.Run(command);
            Assert.Equal(error, reply[(reply.IndexOf(' ', StringComparison.Ordinal) + 1)..]);
        }
    }

    [Theory]
    [InlineData("SET k v NX NX", "OK")]
    [InlineData("SET k v EX 100 EX 200", "OK")]
    [InlineData("SET k v KEEPTTL KEEPTTL", "OK")]
    [InlineData("SET k v GET GET", "nil")]
    [InlineData("SET k v NX XX", Syntax)]
    [InlineData("SET k v EX 100 PX 100", Syntax)]
    [InlineData("SET k v EX 100 EXAT 4000000000", Syntax)]
    [InlineData("SET k v EX 100 KEEPTTL", Syntax)]
    [InlineData("SET k v IFEQ a IFEQ a", Syntax)]
    [InlineData("SET k v NX IFEQ a", Syntax)]
    [InlineData("SET k v IFEQ a XX", Syntax)]
    [InlineData("GETEX k EX 100 EX 200", "nil")]
    [InlineData("GETEX k PERSIST PERSIST", "nil")]
    [InlineData("GETEX k PERSIST EX 100", Syntax)]
    [InlineData("HGETEX k PERSIST PERSIST FIELDS 1 f", "[nil]")]
    [InlineData("HSETEX k FNX FNX FIELDS 1 f v", "1")]
    [InlineData("HSETEX k FNX FXX FIELDS 1 f v", Syntax)]
    [InlineData("MSETEX 1 k v NX NX EX 100 EX 200", "1")]
    [InlineData("ZRANGE k 0 -1 REV REV", Syntax)]
    [InlineData("ZRANGE k 0 1 BYSCORE BYSCORE", Syntax)]
    [InlineData("GEOSEARCH k FROMMEMBER a FROMMEMBER b BYRADIUS 1 m BYRADIUS 2 m", "[]")]
    [InlineData("GEOSEARCH k FROMMEMBER a FROMLONLAT 1 1 BYRADIUS 1 m", Syntax)]
    [InlineData("SORT k LIMIT -1 2 LIMIT 0 -1", "[]")]
    [InlineData("XTRIM k MAXLEN ~ 1 LIMIT x", NotInteger)]
    [InlineData("XADD k MAXLEN ~ 1 LIMIT x 1-1 f v", NotInteger)]
    [InlineData("XADD k MAXLEN ~ 1 LIMIT -1 1-1 f v", "-ERR The LIMIT argument must be >= 0.")]
    [InlineData("BITCOUNT k x 0 y", NotInteger)]
    [InlineData("BITCOUNT k 0 x y", Syntax)]
    [InlineData("BLMPOP x 1 k LEFT COUNT 0", "-ERR count should be greater than 0")]
    [InlineData("COMMANDLOG GET x nosuch", "-ERR count should be greater than or equal to -1")]
    [InlineData("FUNCTION FLUSH SYNC SYNC", "-ERR unknown subcommand or wrong number of arguments for 'FLUSH'. Try FUNCTION HELP.")]
    [InlineData("PUBSUB CHANNELS a b", "-ERR unknown subcommand or wrong number of arguments for 'CHANNELS'. Try PUBSUB HELP.")]
    [InlineData("HGETDEL k whatever x f", NotInteger)]
    [InlineData("COMMAND GETKEYS ZUNIONSTORE d x k", "-ERR Invalid arguments specified for command")]
    [InlineData("COMMAND GETKEYS OBJECT nosuch k", "-ERR Invalid command specified")]
    public void OptionsAreReadInValkeysOrder(string line, string expected) => Assert.Equal(expected, Run(line));

    [Theory]
    [InlineData("-1 2", "[1 2]")]
    [InlineData("-5 -5", "[1 2 3]")]
    [InlineData("1 -3", "[2 3]")]
    [InlineData("-1 0", "[]")]
    [InlineData("5 1", "[]")]
    public void SortTakesLimitsBelowZero(string limit, string expected)
    {
        Run("RPUSH l 3 1 2");
        Assert.Equal(expected, Run($"SORT l LIMIT {limit}"));
    }

    [Fact]
    public void AKeyThatExpiresAtOnceIsThereOnceThoughItIsNamedTwice()
    {
        Run("DEBUG SET-ACTIVE-EXPIRE 0");
        Assert.Equal("1", Run("MSETEX 3 k a k b k c EXAT 10"));
        Assert.Equal("1", Run("DBSIZE"));
        Assert.Equal("nil", Run("GET k"));
        Assert.Equal("0", Run("DBSIZE"));
    }

    [Theory]
    [InlineData("SET k v nx\0x", "OK")]
    [InlineData("SORT k alpha\0 limit\0y 0 1", "[]")]
    [InlineData("XADD none NOMKSTREAM *\0* f v", "nil")]
    [InlineData("SET k v n\0x", Syntax)]
    public void OptionsEndAtAZeroByte(string line, string expected) => Assert.Equal(expected, Run(line));

    [Fact]
    public void SortKeepsTheOrderOfEqualWeights()
    {
        Run("RPUSH l c a b");
        Assert.Equal("[c a b]", Run("SORT l BY none* ALPHA"));
        Assert.Equal("[c a b]", Run("SORT l BY none* ALPHA DESC"));
    }

    [Fact]
    public void ValuesKeepTheirEncodings()
    {
        Run("SET n 10");
        Run("INCRBYFLOAT n 1");
        Assert.Equal("embstr", Run("OBJECT ENCODING n"));
        Assert.Equal("12", Run("INCR n"));
        Assert.Equal("int", Run("OBJECT ENCODING n"));
        Run("CONFIG SET list-max-listpack-size 2");
        Run("RPUSH l a b");
        Run("LMOVE l l LEFT RIGHT");
        Assert.Equal("[b a]", Run("LRANGE l 0 -1"));
        Assert.Equal("listpack", Run("OBJECT ENCODING l"));
    }

    [Fact]
    public void PfAddWithoutElementsMakesAnEmptyOneWhoseCountIsNotKnown()
    {
        Assert.Equal("1", Run("PFADD p"));
        Assert.Equal("0", Run("PFADD p"));
        Assert.Equal(128, Run("GETRANGE p 15 15")[0]);
        Assert.Equal("0", Run("PFCOUNT p"));
    }

    [Fact]
    public void ALagMayBeBelowZero()
    {
        Run("XADD x 1-1 f v");
        Run("XGROUP CREATE x g 0");
        Run("XGROUP SETID x g 1-1 ENTRIESREAD 2");
        Assert.Contains("entries-read 2 lag -1", Run("XINFO GROUPS x"), StringComparison.Ordinal);
    }

    [Fact]
    public void WatchersOfAStreamMindItsEntriesOnly()
    {
        Run("XADD x 1-1 f v");
        Run("WATCH x none");
        foreach (string command in (string[])["XGROUP CREATE x g 0", "XGROUP SETID x g 1-1", "XGROUP SETID x g 0", "XGROUP CREATECONSUMER x g c",
            "XREADGROUP GROUP g c STREAMS x >", "XCLAIM x g d 0 1-1", "XAUTOCLAIM x g e 0 0", "XACK x g 1-1", "XGROUP DELCONSUMER x g c", "XGROUP DESTROY x g", "XSETID x 2-2"])
        {
            Assert.DoesNotContain("ERR", Run(command), StringComparison.Ordinal);
        }
        Run("MULTI");
        Run("PING");
        Assert.Equal("[PONG]", Run("EXEC"));
        Run("WATCH none");
        Run("XGROUP CREATE none g 0 MKSTREAM");
        Run("MULTI");
        Assert.Equal("nil", Run("EXEC"));
    }

    [Fact]
    public void TheDoctorSaysWhatToolsLookFor()
    {
        Assert.StartsWith("I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Valkey instance.", Run("LATENCY DOCTOR"), StringComparison.Ordinal);
        Run("CONFIG SET latency-monitor-threshold 100000");
        Assert.Equal("No latency spike was observed during the lifetime of this Valkey instance, not in the slightest bit.\n", Run("LATENCY DOCTOR"));
        Run("CONFIG SET latency-monitor-threshold 20");
        Run("DEBUG SLEEP 0.05");
        Assert.Matches(@"^Latency spikes are observed in this Valkey instance\.\n\n1\. command: \d latency spikes \(average \d+ms, mean deviation \d+ms, period \d+\.\d\d sec\)\. "
            + @"Worst all time event \d+ms\.\n", Run("LATENCY DOCTOR"));
    }
}
