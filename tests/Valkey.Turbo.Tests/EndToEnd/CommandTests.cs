namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Commands over a socket, on one thread and on several: what each replies, at its edges too.</summary>
public sealed class CommandTests
{
    public static TheoryData<int> Threads => [1, 4];

    private static void Check(RespClient client, string reply, params string[] words) => Assert.Equal(reply, client.Run(words));

    [Theory]
    [MemberData(nameof(Threads))]
    public void Strings(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        Check(client, "OK", "SET", "k", "v");
        Check(client, "v", "GET", "k");
        Check(client, "nil", "GET", "none");
        Check(client, "nil", "SET", "k", "w", "NX");
        Check(client, "v", "SET", "k", "w", "XX", "GET");
        Check(client, "nil", "SET", "k", "x", "IFEQ", "other");
        Check(client, "OK", "SET", "k", "x", "IFEQ", "w");
        Check(client, "-ERR syntax error", "SET", "k", "x", "NX", "XX");
        Check(client, "-ERR invalid expire time in 'set' command", "SET", "k", "x", "EX", "0");
        Check(client, "-ERR value is not an integer or out of range", "SET", "k", "x", "PX", "abc");
        Check(client, "OK", "SET", "k", "x", "EX", "100");
        Check(client, "100", "TTL", "k");
        Check(client, "OK", "SET", "k", "y", "KEEPTTL");
        Check(client, "100", "TTL", "k");
        Check(client, "y", "GETEX", "k", "PERSIST");
        Check(client, "-1", "TTL", "k");
        Check(client, "y", "GETDEL", "k");
        Check(client, "0", "EXISTS", "k");
        Check(client, "5", "APPEND", "a", "hello");
        Check(client, "11", "APPEND", "a", " world");
        Check(client, "hello world", "GET", "a");
        Check(client, "world", "GETRANGE", "a", "-5", "-1");
        Check(client, "", "GETRANGE", "a", "5", "3");
        Check(client, "13", "SETRANGE", "a", "10", "abc");
        Check(client, "hello worlabc", "GET", "a");
        Check(client, "8", "SETRANGE", "gap", "5", "abc");
        Check(client, "\0\0\0\0\0abc", "GET", "gap");
        Check(client, "-ERR offset is out of range", "SETRANGE", "a", "-1", "x");
        Check(client, "-ERR string exceeds maximum allowed size (proto-max-bulk-len)", "SETRANGE", "a", "536870912", "x");
        Check(client, "OK", "MSET", "m1", "1", "m2", "2", "m3", "3");
        Check(client, "[1 2 3 nil]", "MGET", "m1", "m2", "m3", "m4");
        Check(client, "0", "MSETNX", "m4", "4", "m1", "x");
        Check(client, "1", "MSETEX", "2", "m5", "5", "m6", "6", "EX", "50");
        Check(client, "50", "TTL", "m6");
        Check(client, "-ERR wrong number of arguments for 'mset' command", "MSET", "a", "1", "b");
        Check(client, "OK", "MSET", "l1", "ohmytext", "l2", "mynewtext");
        Check(client, "mytext", "LCS", "l1", "l2");
        Check(client, "6", "LCS", "l1", "l2", "LEN");
        Check(client, "[matches [[[4 7] [5 8] 4] [[2 3] [0 1] 2]] len 6]", "LCS", "l1", "l2", "IDX", "WITHMATCHLEN");
        Check(client, "1", "DELIFEQ", "m1", "1");
        Check(client, "0", "DELIFEQ", "m2", "1");
    }

    [Theory]
    [MemberData(nameof(Threads))]
    public void Counters(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        Check(client, "1", "INCR", "n");
        Check(client, "int", "OBJECT", "ENCODING", "n");
        Check(client, "-9", "DECRBY", "n", "10");
        Check(client, "OK", "SET", "n", "9223372036854775807");
        Check(client, "-ERR increment or decrement would overflow", "INCR", "n");
        Check(client, "-ERR decrement would overflow", "DECRBY", "n", "-9223372036854775808");
        Check(client, "OK", "SET", "n", "01");
        Check(client, "-ERR value is not an integer or out of range", "INCR", "n");
        Check(client, "3.1", "INCRBYFLOAT", "f", "3.1");
        Check(client, "5", "INCRBYFLOAT", "f", "1.9");
        Check(client, "5000", "INCRBYFLOAT", "e", "5.0e3");
        Check(client, "-ERR value is not a valid float", "INCRBYFLOAT", "f", "x");
        Check(client, "-ERR increment would produce NaN or Infinity", "INCRBYFLOAT", "f", "inf");
    }

    [Theory]
    [MemberData(nameof(Threads))]
    public void Keys(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        for (int i = 0; i < 300; i++)
        {
            Check(client, "OK", "SET", $"key:{i}", "v");
        }
        Check(client, "300", "DBSIZE");
        Check(client, "string", "TYPE", "key:1");
        Check(client, "none", "TYPE", "nokey");
        HashSet<string> seen = [];
        string cursor = "0";
        do
        {
            client.Send("SCAN", cursor, "COUNT", "7", "MATCH", "key:*");
            string reply = client.Read()[1..^1];
            cursor = reply[..reply.IndexOf(' ')];
            seen.UnionWith(reply[(reply.IndexOf(' ') + 2)..^1].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        }
        while (cursor != "0");
        Assert.Equal(300, seen.Count);
        Assert.Equal(10, client.Run("KEYS", "key:1?").Split(' ').Length);
        Check(client, "OK", "RENAME", "key:0", "other");
        Check(client, "-ERR no such key", "RENAME", "key:0", "x");
        Check(client, "0", "RENAMENX", "other", "key:1");
        Check(client, "1", "COPY", "other", "copied");
        Check(client, "0", "COPY", "other", "copied");
        Check(client, "1", "COPY", "other", "copied", "REPLACE", "DB", "3");
        Check(client, "1", "MOVE", "other", "5");
        Check(client, "-ERR DB index is out of range", "MOVE", "copied", "16");
        Check(client, "OK", "SWAPDB", "0", "5");
        Check(client, "1", "DBSIZE");
        Check(client, "v", "GET", "other");
        Check(client, "OK", "SWAPDB", "0", "5");
        Check(client, "2", "DEL", "key:1", "key:2", "key:1");
        Check(client, "1", "UNLINK", "key:3");
        Check(client, "OK", "FLUSHALL");
        Check(client, "0", "DBSIZE");
        Check(client, "nil", "RANDOMKEY");
        Check(client, "-ERR invalid cursor", "SCAN", "x");
    }

    [Theory]
    [MemberData(nameof(Threads))]
    public void ExpiryIsExactAndActive(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        Check(client, "OK", "SET", "k", "v", "PX", "30");
        Check(client, "v", "GET", "k");
        Thread.Sleep(40);
        Check(client, "nil", "GET", "k");
        for (int i = 0; i < 2000; i++)
        {
            client.Send("SET", $"e{i}", "v", "PX", "50");
        }
        for (int i = 0; i < 2000; i++)
        {
            client.Read();
        }
        for (int wait = 0; wait < 100 && client.Run("DBSIZE") != "0"; wait++)
        {
            Thread.Sleep(50);
        }
        Check(client, "0", "DBSIZE");
        Check(client, "OK", "SET", "k", "v");
        Check(client, "0", "EXPIRE", "k", "10", "XX");
        Check(client, "1", "EXPIRE", "k", "10", "NX");
        Check(client, "0", "EXPIRE", "k", "5", "GT");
        Check(client, "1", "EXPIRE", "k", "5", "LT");
        Check(client, "1", "PERSIST", "k");
        Check(client, "1", "EXPIRE", "k", "-1");
        Check(client, "0", "EXISTS", "k");
        Check(client, "-2", "TTL", "k");
    }

    [Fact]
    public void ConnectionState()
    {
        using TestServer server = new(1, options: "requirepass secret");
        using RespClient client = server.Connect();
        Check(client, "-NOAUTH Authentication required.", "GET", "k");
        Check(client, "-WRONGPASS invalid username-password pair or user is disabled.", "AUTH", "wrong");
        Check(client, "OK", "AUTH", "secret");
        Assert.Contains("proto 3", client.Run("HELLO", "3"), StringComparison.Ordinal);
        Check(client, "nil", "GET", "k");
        Check(client, "-NOPROTO unsupported protocol version", "HELLO", "4");
        Check(client, "OK", "SELECT", "3");
        Check(client, "-ERR DB index is out of range", "SELECT", "16");
        Check(client, "OK", "CLIENT", "SETNAME", "me");
        Check(client, "me", "CLIENT", "GETNAME");
        Assert.Contains("name=me", client.Run("CLIENT", "LIST"), StringComparison.Ordinal);
        Check(client, "RESET", "RESET");
        Check(client, "-NOAUTH Authentication required.", "PING");
        Check(client, "OK", "AUTH", "default", "secret");
        client.Send("CLIENT", "REPLY", "OFF");
        client.Send("PING");
        client.Send("CLIENT", "REPLY", "ON");
        Assert.Equal("OK", client.Read());
        client.Send("CLIENT", "REPLY", "SKIP");
        client.Send("SET", "a", "b");
        client.Send("GET", "a");
        Assert.Equal("b", client.Read());
        Check(client, "OK", "QUIT");
        Assert.True(client.IsAtEnd());
    }

    [Fact]
    public void DocumentationTellsEveryFieldAndCountsThemRight()
    {
        using TestServer server = new();
        using RespClient client = server.Connect();
        Assert.Contains(
            "history [[6.0.0 Takes `TYPE`.]] arguments [[name cursor type integer display_text cursor]",
            client.Run("COMMAND", "DOCS", "scan"), StringComparison.Ordinal);
        Assert.Contains(
            "[name get-pattern type pattern display_text pattern key_spec_index 1 token GET flags [optional multiple multiple_token]]",
            client.Run("COMMAND", "DOCS", "sort"), StringComparison.Ordinal);
        Assert.Contains("doc_flags [syscmd]", client.Run("COMMAND", "DOCS", "pfdebug"), StringComparison.Ordinal);
        Assert.Contains(
            "[name old-format type string display_text ip:port deprecated_since 2.8.12]",
            client.Run("COMMAND", "DOCS", "client|kill"), StringComparison.Ordinal);
        foreach (string protocol in (string[])["2", "3"])
        {
            client.Run("HELLO", protocol);
            client.Run("COMMAND", "DOCS");
            Check(client, "PONG", "PING");
        }
    }

    [Fact]
    public void AServerInNoClusterSaysSo()
    {
        using TestServer server = new();
        using RespClient client = server.Connect();
        Assert.Equal("3300", client.Run("CLUSTER", "KEYSLOT", "a{b}c"));
        Assert.Equal("-ERR This instance has cluster support disabled", client.Run("CLUSTER", "NODES"));
        Assert.Contains("cluster|help", client.Run("COMMAND", "LIST", "FILTERBY", "PATTERN", "cl*help"), StringComparison.Ordinal);
    }

    [Fact]
    public void UnknownAndWrongCommandsAreRefusedInValkeysWords()
    {
        using TestServer server = new();
        using RespClient client = server.Connect();
        Check(client, "-ERR unknown command 'foo', with args beginning with: 'a' 'b' ", "foo", "a", "b");
        Check(client, "-ERR wrong number of arguments for 'get' command", "GET");
        Check(client, "-ERR unknown subcommand 'nope'. Try CLIENT HELP.", "CLIENT", "nope");
        Check(client, "-ERR wrong number of arguments for 'client|id' command", "CLIENT", "ID", "x");
        Check(client, "-ERR Unknown option or number of arguments for CONFIG SET - 'nope'", "CONFIG", "SET", "nope", "1");
        Check(client, "[maxmemory 0]", "CONFIG", "GET", "maxmemory");
        Check(client, "OK", "CONFIG", "SET", "maxmemory", "1kb", "timeout", "5");
        Check(client, "[maxmemory 1024 timeout 5]", "CONFIG", "GET", "maxmemory", "timeout");
        Check(client, "-OOM command not allowed when used memory > 'maxmemory'.", "SET", "a", "b");
        Check(client, "nil", "GET", "a");
        Assert.Contains("errorstat_OOM:count=1", client.Run("INFO", "errorstats"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR CONFIG SET failed", client.Run("CONFIG", "SET", "maxmemory", "0", "timeout", "x"), StringComparison.Ordinal);
        Check(client, "[maxmemory 1024]", "CONFIG", "GET", "maxmemory");
    }
}
