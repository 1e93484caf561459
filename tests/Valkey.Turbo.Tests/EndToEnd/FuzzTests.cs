using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Valkey.Turbo.Commands;
using Valkey.Turbo.Memory;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// Hostile clients: streams of every command with arguments that make no sense, and streams of bytes that are hardly a
/// protocol. The server answers each whole request with exactly one reply, closes what it can't frame, and goes on.
/// TURBO_FUZZ_SECONDS makes it run longer than the few seconds of an ordinary test run, and TURBO_SEED repeats a failed one.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly string[] Excluded = ["shutdown", "quit", "debug", "client|kill", "client|reply", "client|list", "info", "lolwut", "config|set", "hello", "reset", "auth", "monitor", "client|pause"];

    private static readonly string[] Words =
    [
        "", "0", "1", "-1", "10", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1e400", "nan", "inf", "*", "k1", "k2", "k3",
        "k4", "k5", "2", "3", "5", "100", "1-1", "5-*", "+", "-", "$", ">", "(1", "[a", "a", "b", "LEFT", "RIGHT", "MIN", "MAX", "FIELDS", "STREAMS", "GROUP", "LIMIT",
        "BYSCORE", "BYLEX", "REV", "WITHSCORES", "WITHVALUES", "WEIGHTS", "AGGREGATE", "MAXLEN", "MINID", "~", "BEFORE", "FROMMEMBER", "BYRADIUS", "BYBOX", "km",
        "u8", "i64", "OVERFLOW", "SAT", "AND", "NOT", "STORE", "BY", "k*", "k*->a", "ALPHA", "MKSTREAM", "JUSTID", "PXAT", "FULL", "c1", "g1", "60000",
        "EX", "PX", "NX", "XX", "GET", "KEEPTTL", "IFEQ", "MATCH", "COUNT", "TYPE", "LEN", "IDX", "REPLACE", "DB", "SYNC", "\r\n", "\0", "[a-", "\\",
    ];

    private static TimeSpan Duration => TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("TURBO_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out int seconds) ? seconds : 3);

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(4, "epoll")]
    public void EveryRequestGetsExactlyOneReply(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        RandomSource random = new(TestSeed.Next(output));
        CommandSpec[] commands = [.. CommandTable.Instance.All.Where(spec => spec.Run is not null && !Excluded.Contains(spec.FullName)
            && !spec.Is(CommandFlags.Blocking) && (!spec.Is(CommandFlags.PubSub) || spec.Is(CommandFlags.MayReplicate)))];
        using RespClient client = server.Connect();
        Stopwatch clock = Stopwatch.StartNew();
        for (int round = 0; clock.Elapsed < Duration; round++)
        {
            List<byte> batch = [];
            int count = 1 + random.Below(100);
            for (int i = 0; i < count; i++)
            {
                CommandSpec spec = commands[random.Below(commands.Length)];
                int arguments = random.Below(4) == 0 ? random.Below(8) : Math.Max(0, Math.Abs(spec.Arity) - 1 + (spec.Arity < 0 ? random.Below(4) : 0));
                List<string> request = spec.Container is null ? [spec.Name] : [spec.Container.Name, spec.Name];
                while (request.Count <= arguments)
                {
                    request.Add(random.Below(200) == 0 ? new string('y', random.Below(100_000)) : Words[random.Below(Words.Length)]);
                }
                batch.AddRange(RespClient.Encode([.. request]));
            }
            // A transaction may have been left open.
            batch.AddRange(RespClient.Encode("DISCARD"));
            batch.AddRange(RespClient.Encode("ECHO", $"round {round}"));
            client.Write([.. batch]);
            for (int i = 0; i < count + 1; i++)
            {
                client.Read();
            }
            Assert.Equal($"round {round}", client.Read());
        }
    }

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(2, "epoll")]
    public void BytesThatAreHardlyAProtocolHurtNobody(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        RandomSource random = new(TestSeed.Next(output));
        byte[] alphabet = Encoding.Latin1.GetBytes("*$0123456789\r\n\r\n\"'\\ SETGETsetget-\0\u00ff");
        using RespClient witness = server.Connect();
        Stopwatch clock = Stopwatch.StartNew();
        while (clock.Elapsed < Duration)
        {
            using RespClient client = server.Connect();
            try
            {
                for (int pieces = random.Below(5); pieces >= 0; pieces--)
                {
                    byte[] piece = new byte[random.Below(20) == 0 ? random.Below(100_000) : random.Below(60)];
                    for (int i = 0; i < piece.Length; i++)
                    {
                        piece[i] = alphabet[random.Below(alphabet.Length)];
                    }
                    client.Write(piece);
                }
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // The server has closed the connection, as it should on garbage.
            }
            if (random.Below(10) == 0)
            {
                Assert.Equal("PONG", witness.Run("PING"));
            }
        }
        // Hundreds of connections may still wait to be accepted, on a machine that has other things to do as well.
        Assert.True(SpinWait.SpinUntil(() => server.ClientCount == 1, 20_000), witness.Run("CLIENT", "LIST"));
        Assert.Equal("PONG", witness.Run("PING"));
    }
}
