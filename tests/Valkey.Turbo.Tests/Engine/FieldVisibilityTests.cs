using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>
/// Whatever way a hash has come into the server, and whoever asks: a reply has as many elements as it announces, all commands see the same
/// fields, those that the clock says, and what has expired is removed in the end.
/// </summary>
public sealed class FieldVisibilityTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-fields-").FullName;
    private readonly ManualClock _clock = new();
    private readonly Dictionary<string, long> _expiries = [];

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void RepliesAreWhatTheyAnnounce()
    {
        RandomSource random = new(TestSeed.Next(output));
        using DispatchFixture server = new(clock: _clock);
        for (int step = 0; step < 4000; step++)
        {
            Change(server, random);
            Transport(server, random);
            _clock.Ns += random.Below(4) == 0 ? random.Below(3000) * 1_000_000L : 0;
            server.Session.IsImportSource = random.Below(3) == 0;
            Assert.Null(server.Server.Config.ImportMode.TrySet(random.Below(3) == 0 ? "yes" : "no"));
            server.Run("HELLO", random.Below(2) == 0 ? "2" : "3");
            CheckReplies(server);
        }
        Assert.Null(server.Server.Config.ImportMode.TrySet("no"));
        _clock.Ns += 20_000_000_000;
        server.Run("PING");
        Sweep(server);
        Assert.Equal($":{_expiries.Values.Count(at => at < 0)}\r\n", server.Run("HLEN", "h"));
        server.Run("FLUSHALL", "SYNC");
    }

    [Theory]
    [InlineData("dump")]
    [InlineData("file")]
    [InlineData("base")]
    public void AFieldThatWasReadExpiresInItsTime(string way)
    {
        using DispatchFixture server = new(clock: _clock);
        server.Run("HSET", "h", "f", "v");
        server.Run("HPEXPIRE", "h", "2500", "FIELDS", "1", "f");
        Pass(server, way);
        Sweep(server);
        Assert.Equal("*2\r\n$1\r\nf\r\n$1\r\nv\r\n", server.Run("HGETALL", "h"));
        Assert.Equal("*1\r\n:2500\r\n", server.Run("HPTTL", "h", "FIELDS", "1", "f"));
        _clock.Ns += 4_000_000_000;
        Assert.Equal("*0\r\n", server.Run("HGETALL", "h"));
        Sweep(server);
        Assert.Equal(":0\r\n", server.Run("EXISTS", "h"));
    }

    private long NowUnixMs => _clock.UnixMicroseconds / 1000;

    /// <summary>Changes fields as a client that brings no data in.</summary>
    private void Change(DispatchFixture server, RandomSource random)
    {
        Assert.Null(server.Server.Config.ImportMode.TrySet("no"));
        string field = $"f{random.Below(40)}";
        bool isAlive = _expiries.TryGetValue(field, out long known) && (known < 0 || known > NowUnixMs);
        switch (random.Below(6))
        {
            case 0:
                server.Run("HSET", "h", field, "v");
                _expiries[field] = -1;
                break;
            case 1 or 2:
                int liveMs = 1 + random.Below(5000);
                server.Run("HSETEX", "h", "PX", $"{liveMs}", "FIELDS", "1", field, new string('v', 1 + random.Below(80)));
                _expiries[field] = NowUnixMs + liveMs;
                break;
            case 3:
                int moreMs = 1 + random.Below(5000);
                server.Run("HPEXPIRE", "h", $"{moreMs}", "FIELDS", "1", field);
                _expiries[field] = isAlive ? NowUnixMs + moreMs : known;
                break;
            case 4:
                server.Run("HPERSIST", "h", "FIELDS", "1", field);
                _expiries[field] = isAlive ? -1 : known;
                break;
            default:
                server.Run("HDEL", "h", field);
                _expiries.Remove(field);
                break;
        }
        if (!isAlive && _expiries.TryGetValue(field, out long now) && now == known)
        {
            _expiries.Remove(field);
        }
    }

    /// <summary>Now and then takes the hash out of the server and in again.</summary>
    private void Transport(DispatchFixture server, RandomSource random)
    {
        switch (random.Below(12))
        {
            case 0:
                Pass(server, "dump");
                break;
            case 1:
                Pass(server, "file");
                break;
            case 2:
                Pass(server, "base");
                break;
            case 3:
                server.Run("COPY", "h", "copy", "REPLACE");
                server.Run("RENAME", "copy", "h");
                break;
            case 4:
                Sweep(server);
                break;
        }
    }

    private void Pass(DispatchFixture server, string way)
    {
        Worker worker = server.Server.Workers[0];
        string path = Path.Combine(_directory, "dump.rdb");
        if (server.Run("EXISTS", "h") == ":0\r\n")
        {
            return;
        }
        switch (way)
        {
            case "dump":
                string reply = server.Run("DUMP", "h");
                string payload = reply[(reply.IndexOf('\n', StringComparison.Ordinal) + 1)..^2];
                Assert.Equal("+OK\r\n", server.Run("RESTORE", "h", "0", payload, "REPLACE"));
                break;
            case "file":
                DatasetFile.Save(worker, path);
                server.Run("FLUSHALL", "SYNC");
                Assert.Null(DatasetFile.Load(worker, path, replaces: false));
                break;
            default:
                DatasetFile.Save(worker, path);
                server.Run("FLUSHALL", "SYNC");
                using (FileStream file = File.OpenRead(path))
                {
                    Assert.Null(DatasetFile.LoadBase(worker, file));
                }
                break;
        }
    }

    private static void Sweep(DispatchFixture server)
    {
        server.Run("PING");
        for (int i = 0; i < 20; i++)
        {
            server.Server.Shards[0].Keyspaces[0].SweepExpired(server.Server.Workers[0], 1000);
        }
    }

    private void CheckReplies(DispatchFixture server)
    {
        string[] names = Words(server, "HKEYS", "h");
        int count = names.Length;
        Assert.Equal(2 * count, Words(server, "HGETALL", "h").Length);
        Assert.Equal(count, Words(server, "HVALS", "h").Length);
        Assert.Equal(2 * count, Words(server, "HSCAN", "h", "0", "COUNT", "10000").Length - 1);
        Assert.Equal(names.Order(), Words(server, "HSCAN", "h", "0", "COUNT", "10000", "NOVALUES").Skip(1).Order());
        Assert.Equal(names.Order(), Words(server, "HRANDFIELD", "h", "10000").Order());
        Assert.Equal(2 * count, Words(server, "HRANDFIELD", "h", "10000", "WITHVALUES").Length);
        Assert.Equal(Math.Min(3, count), Words(server, "HRANDFIELD", "h", "3").Distinct().Count());
        Assert.Equal(count == 0 ? 0 : 7, Words(server, "HRANDFIELD", "h", "-7").Length);
        Assert.All(names, name => Assert.Equal(":1\r\n", server.Run("HEXISTS", "h", name)));
        bool seesExpired = server.Server.Config.ImportMode.IsSet && server.Session.IsImportSource;
        if (!seesExpired)
        {
            Assert.Equal(_expiries.Where(one => one.Value < 0 || one.Value > NowUnixMs).Select(one => one.Key).Order(), names.Order());
        }
    }

    /// <summary>Runs a command, and returns the strings of its reply, which must be well-formed and whole.</summary>
    private static string[] Words(DispatchFixture server, params string[] command)
    {
        using MemoryStream reply = new(Encoding.Latin1.GetBytes(server.Run(command)));
        string text = RespText.Read(reply);
        Assert.Equal(reply.Length, reply.Position);
        return text.Split(['[', ']', ' '], StringSplitOptions.RemoveEmptyEntries);
    }
}
