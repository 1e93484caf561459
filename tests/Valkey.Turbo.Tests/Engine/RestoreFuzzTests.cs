using System.Diagnostics;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence.Rdb;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>
/// Payloads of every type, damaged and then given a true checksum, either are refused or restore to something that every
/// command can read, change and delete.
/// </summary>
public sealed class RestoreFuzzTests
{
    private static TimeSpan Duration => TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("TURBO_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out int seconds) ? seconds : 3);

    private static readonly string[][] Setup =
    [
        ["SET", "text", "some text"], ["SET", "number", "12345"], ["RPUSH", "list", "a", "b", "3", "-70000"], ["SADD", "ints", "1", "2", "300000"],
        ["SADD", "set", "a", "b", "7"], ["HSET", "hash", "f", "v", "g", "77"], ["HSET", "volatile", "f", "v", "g", "w"], ["HEXPIRE", "volatile", "5000", "FIELDS", "1", "f"],
        ["ZADD", "sorted", "1", "a", "2.5", "b", "-3", "c"], ["XADD", "stream", "1-1", "f", "v"], ["XADD", "stream", "1-2", "f", "w"], ["XADD", "stream", "5-1", "other", "x", "y", "z"],
        ["XDEL", "stream", "1-1"], ["XGROUP", "CREATE", "stream", "group", "0"], ["XREADGROUP", "GROUP", "group", "consumer", "STREAMS", "stream", ">"],
    ];

    private static readonly string[][] Probes =
    [
        ["TYPE", "k"], ["OBJECT", "ENCODING", "k"], ["MEMORY", "USAGE", "k"], ["DUMP", "k"], ["GET", "k"], ["LRANGE", "k", "0", "-1"], ["LPOP", "k"], ["RPUSH", "k", "x"],
        ["SMEMBERS", "k"], ["SADD", "k", "x"], ["SPOP", "k"], ["HGETALL", "k"], ["HSET", "k", "x", "y"], ["HDEL", "k", "f"], ["HTTL", "k", "FIELDS", "1", "f"],
        ["ZRANGE", "k", "0", "-1", "WITHSCORES"], ["ZADD", "k", "9", "x"], ["ZPOPMIN", "k"], ["ZRANK", "k", "b"], ["XRANGE", "k", "-", "+"], ["XREVRANGE", "k", "+", "-"],
        ["XINFO", "STREAM", "k", "FULL"], ["XADD", "k", "*", "f", "v"], ["XTRIM", "k", "MAXLEN", "1"], ["XDEL", "k", "1-2"], ["XREADGROUP", "GROUP", "group", "c2", "STREAMS", "k", ">"],
        ["XAUTOCLAIM", "k", "group", "c2", "0", "0"], ["XACK", "k", "group", "5-1"], ["COPY", "k", "k2", "REPLACE"], ["SORT", "k", "ALPHA"],
    ];

    [Fact]
    public void DamageIsRefusedOrHarmless()
    {
        using DispatchFixture server = new();
        foreach (string[] command in Setup)
        {
            Assert.False(server.Run(command).StartsWith('-'), string.Join(' ', command));
        }
        byte[][] payloads = [.. Setup.Select(command => command[0] is "XGROUP" or "XREADGROUP" ? "stream" : command[1]).Distinct().Select(key => Payload(server.Run("DUMP", key)))];
        RandomSource random = new(91);
        Stopwatch clock = Stopwatch.StartNew();
        int accepted = 0;
        while (clock.Elapsed < Duration)
        {
            byte[] damaged = Damage(payloads[random.Below(payloads.Length)], random);
            string reply = server.Run("RESTORE", "k", "0", Encoding.Latin1.GetString(damaged), "REPLACE");
            Assert.True(reply == "+OK\r\n" || reply.StartsWith("-ERR", StringComparison.Ordinal), reply);
            if (reply[0] != '+')
            {
                continue;
            }
            accepted++;
            for (int i = 0; i < 6; i++)
            {
                server.Run(Probes[random.Below(Probes.Length)]);
            }
            server.Run("DEL", "k", "k2");
        }
        Assert.True(accepted > 0);
        server.Run("FLUSHALL", "SYNC");
    }

    [Fact]
    public void ADamagedChecksumIsRefused()
    {
        using DispatchFixture server = new();
        server.Run("SET", "text", "some text");
        byte[] payload = Payload(server.Run("DUMP", "text"));
        for (int i = 0; i < payload.Length; i++)
        {
            byte[] damaged = [.. payload];
            damaged[i] ^= 0x10;
            Assert.StartsWith("-ERR DUMP payload version or checksum are wrong", server.Run("RESTORE", "k", "0", Encoding.Latin1.GetString(damaged)), StringComparison.Ordinal);
        }
    }

    private static byte[] Payload(string reply) => Encoding.Latin1.GetBytes(reply[(reply.IndexOf('\n', StringComparison.Ordinal) + 1)..^2]);

    private static byte[] Damage(byte[] payload, RandomSource random)
    {
        List<byte> body = [.. payload[..^10]];
        for (int count = 1 + random.Below(3); count > 0 && body.Count > 1; count--)
        {
            int at = random.Below(body.Count);
            switch (random.Below(5))
            {
                case 0:
                    body[at] ^= (byte)(1 << random.Below(8));
                    break;
                case 1:
                    body[at] = (byte)random.Next();
                    break;
                case 2:
                    body.RemoveRange(at, Math.Min(random.Below(4), body.Count - at));
                    break;
                case 3:
                    body.InsertRange(at, body.GetRange(at, Math.Min(random.Below(6), body.Count - at)));
                    break;
                default:
                    body[0] = (byte)random.Below(24);
                    break;
            }
        }
        body.AddRange(payload[^10..^8]);
        body.AddRange(BitConverter.GetBytes(Crc64.Append(0, body.ToArray())));
        return [.. body];
    }
}
