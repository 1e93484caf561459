using System.Diagnostics;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Commands.Administration;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence.Aof;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>
/// Whole files with some bytes of them changed, whatever their checksums say: an RDB file, or a log's manifest, base and commands. They
/// either load to something that every command can use and that can be saved, or are refused with a reason, without an exception, a hang, memory
/// that the file could not fill, or anything left behind. TURBO_FUZZ_SECONDS makes it run longer, TURBO_SEED repeats a run.
/// </summary>
public sealed class FileFuzzTests(ITestOutputHelper output) : IDisposable
{
    private const int LongestLoadMs = 10_000;

    private static readonly string[][] Probes =
    [
        ["TYPE", "k"], ["OBJECT", "ENCODING", "k"], ["MEMORY", "USAGE", "k"], ["DUMP", "k"], ["GET", "k"], ["APPEND", "k", "x"], ["LRANGE", "k", "0", "-1"], ["LPOP", "k"],
        ["RPUSH", "k", "x"], ["LREM", "k", "0", "x"], ["SMEMBERS", "k"], ["SADD", "k", "x"], ["SPOP", "k"], ["HGETALL", "k"], ["HSET", "k", "x", "y"], ["HDEL", "k", "f"],
        ["HTTL", "k", "FIELDS", "1", "f"], ["ZRANGE", "k", "0", "-1", "WITHSCORES"], ["ZADD", "k", "9", "x"], ["ZPOPMIN", "k"], ["XRANGE", "k", "-", "+"], ["XREVRANGE", "k", "+", "-"],
        ["XINFO", "STREAM", "k", "FULL"], ["XADD", "k", "*", "f", "v"], ["XTRIM", "k", "MAXLEN", "1"], ["XAUTOCLAIM", "k", "group", "c2", "0", "0"], ["COPY", "k", "k2", "REPLACE"],
        ["DEBUG", "OBJECT", "k"], ["PFCOUNT", "k"], ["SORT", "k", "ALPHA"], ["PTTL", "k"], ["DEL", "k"],
    ];

    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-fuzz-").FullName;

    private static TimeSpan Duration => TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("TURBO_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out int seconds) ? seconds : 3);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void ADamagedRdbFileIsRefusedOrLoadsToSomethingSound()
    {
        RandomSource random = new(TestSeed.Next(output));
        string path = Path.Combine(_directory, "dump.rdb");
        using DispatchFixture server = Start();
        long emptyBytes = server.Server.Shards[0].Arena.UsedBytes;
        int loaded = 0, refused = 0;
        byte[] whole = [];
        for (Stopwatch clock = Stopwatch.StartNew(); clock.Elapsed < Duration || loaded == 0 || refused == 0;)
        {
            if (whole.Length == 0 || random.Below(40) == 0)
            {
                whole = Sound(server, random, path);
            }
            byte[] damaged = RdbSamples.Damage(whole, random);
            RdbSamples.Put(path, damaged);
            server.Server.SkipsChecksums = random.Below(3) == 0;
            if (Load(damaged.Length, () => DatasetFile.Load(server.Server.Workers[0], path, replaces: random.Below(2) == 0)) is null)
            {
                loaded++;
                AssertSavesTheSame(server, path);
                Probe(server, random);
            }
            else
            {
                refused++;
            }
            server.Server.SkipsChecksums = false;
            server.Run("FLUSHALL", "SYNC");
            server.Run("FUNCTION", "FLUSH");
            Assert.Equal(emptyBytes, server.Server.Shards[0].Arena.UsedBytes);
        }
        output.WriteLine($"{loaded} loaded, {refused} refused");
    }

    [Fact]
    public void ADamagedLogIsRefusedOrLoadsToSomethingSound()
    {
        RandomSource random = new(TestSeed.Next(output));
        int loaded = 0, refused = 0;
        (string Name, byte[] Bytes)[] sound = [];
        for (Stopwatch clock = Stopwatch.StartNew(); clock.Elapsed < Duration || loaded == 0 || refused == 0;)
        {
            if (sound.Length == 0 || random.Below(60) == 0)
            {
                sound = SoundLog(random);
            }
            int victim = random.Below(sound.Length), bytes = 0;
            foreach ((string name, byte[] content) in sound)
            {
                bool isRdb = name.EndsWith(".rdb", StringComparison.Ordinal);
                byte[] written = name != sound[victim].Name ? content : isRdb ? RdbSamples.Damage(content, random) : DamageText(content, random);
                RdbSamples.Put(name, written);
                bytes += written.Length;
            }
            using DispatchFixture server = Start();
            string? problem = Load(bytes, () => server.Server.Log.Find() ?? AofReplay.Load(server.Server.Workers[0]));
            if (problem is null)
            {
                loaded++;
                Probe(server, random);
            }
            else
            {
                refused++;
            }
        }
        output.WriteLine($"{loaded} loaded, {refused} refused");
    }

    [Fact]
    public void ADamagedManifestNamesNoFileOutsideItsDirectory()
    {
        RandomSource random = new(TestSeed.Next(output));
        byte[] sound = "file appendonly.aof.1.base.rdb seq 1 type b\nfile \"append only.1.incr.aof\" seq 1 type i startoffset 0 endoffset 9\nfile c seq 2 type i\n# a note\n"u8.ToArray();
        for (int round = 0; round < 20_000; round++)
        {
            string? problem = AofManifest.TryParse(Encoding.Latin1.GetString(DamageText(sound, random)), out AofManifest manifest);
            if (problem is null && manifest.Files.Count > 0)
            {
                Assert.All(manifest.Files, file => Assert.False(file.Name.Contains('/', StringComparison.Ordinal) || file.Name is "." or ".."));
                // What it says can be written down and read again. Nothing but notes is no error, and never written.
                string? refusal = AofManifest.TryParse(manifest.ToString(), out AofManifest again);
                Assert.Equal(manifest.Files.Count > 0 ? null : "Found an empty AOF manifest", refusal);
                Assert.Equal(manifest.Files, again.Files);
            }
        }
    }

    private DispatchFixture Start()
    {
        DispatchFixture server = new();
        Assert.Null(server.Server.Config.EnableDebugCommand.TrySet("yes"));
        Assert.Null(server.Server.Config.Directory.TrySet(_directory));
        // What goes is gone at once, so that what is left behind shows.
        Assert.Null(server.Server.Config.LazyServerDel.TrySet("no"));
        Assert.Null(server.Server.Config.LazyUserDel.TrySet("no"));
        return server;
    }

    /// <summary>A file that loads, of this server's or an older one's types; the server is empty before and afterwards.</summary>
    private static byte[] Sound(DispatchFixture server, RandomSource random, string path)
    {
        byte[] whole;
        if (random.Below(2) == 0)
        {
            RdbSamples.Populate(server, random);
            whole = RdbSamples.Written(server, path);
            server.Run("FLUSHALL", "SYNC");
            server.Run("FUNCTION", "FLUSH");
        }
        else
        {
            whole = RdbSamples.Old(random);
            RdbSamples.Put(path, whole);
        }
        Assert.Null(DatasetFile.Load(server.Server.Workers[0], path, replaces: false));
        server.Run("FLUSHALL", "SYNC");
        server.Run("FUNCTION", "FLUSH");
        return whole;
    }

    /// <summary>The files of a log with a base, RDB or not, and commands behind it, transactions and notes included.</summary>
    private (string Name, byte[] Bytes)[] SoundLog(RandomSource random)
    {
        string directory = Path.Combine(_directory, "appendonlydir");
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
        using DispatchFixture server = Start();
        Assert.Null(server.Server.Config.AofBaseIsRdb.TrySet(random.Below(2) == 0 ? "yes" : "no"));
        Assert.Null(server.Server.Config.NotesTimeInAof.TrySet(random.Below(2) == 0 ? "yes" : "no"));
        RdbSamples.Populate(server, random);
        Assert.Null(server.Server.Config.AppendOnly.TrySet("yes"));
        server.Server.Log.Rewrite(server.Server.Workers[0]);
        string[][] commands = [["SET", "a", "1"], ["MULTI"], ["RPUSH", "list", "x"], ["HSET", "hash", "f", "v"], ["EXEC"], ["DEL", "set"], ["XADD", "stream", "*", "f", "v"]];
        foreach (string[] command in commands)
        {
            server.Run(command);
        }
        server.Server.Log.Stop();
        return [.. Directory.GetFiles(directory).Select(name => (name, RdbSamples.Get(name)))];
    }

    /// <summary>Loads, and fails where that takes more time or memory than bytes could ask for.</summary>
    private static string? Load(int fileBytes, Func<string?> load)
    {
        Stopwatch clock = Stopwatch.StartNew();
        long before = GC.GetAllocatedBytesForCurrentThread();
        string? problem = load();
        // Compression gains up to a factor of 132, on the managed heap once and in the data once.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, (32 << 20) + 300L * fileBytes);
        Assert.InRange(clock.ElapsedMilliseconds, 0, LongestLoadMs);
        Assert.False(problem?.Length == 0);
        return problem;
    }

    private static void AssertSavesTheSame(DispatchFixture server, string path)
    {
        string digest = server.Run("DEBUG", "DIGEST"), count = server.Run("DBSIZE");
        DatasetFile.Save(server.Server.Workers[0], path);
        server.Run("FLUSHALL", "SYNC");
        Assert.Null(DatasetFile.Load(server.Server.Workers[0], path, replaces: true));
        Assert.Equal(count, server.Run("DBSIZE"));
        Assert.Equal(digest, server.Run("DEBUG", "DIGEST"));
    }

    private static void Probe(DispatchFixture server, RandomSource random)
    {
        for (int i = 0; i < 12; i++)
        {
            string reply = server.Run("RANDOMKEY");
            if (reply == "$-1\r\n")
            {
                return;
            }
            string key = reply[(reply.IndexOf('\n', StringComparison.Ordinal) + 1)..^2];
            string[] probe = [.. Probes[random.Below(Probes.Length)].Select(word => word == "k" ? key : word)];
            using MemoryStream answer = new(Encoding.Latin1.GetBytes(server.Run(probe)));
            RespText.Read(answer);
            Assert.True(answer.Length == answer.Position, string.Join(' ', probe));
        }
    }

    private static byte[] DamageText(byte[] text, RandomSource random)
    {
        List<byte> bytes = [.. text];
        for (int count = 1 + random.Below(3); count > 0 && bytes.Count > 4; count--)
        {
            int at = random.Below(bytes.Count);
            switch (random.Below(7))
            {
                case 0:
                    bytes[at] = (byte)random.Below(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(random.Below(8), bytes.Count - at));
                    break;
                case 2:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(random.Below(60), bytes.Count - at)));
                    break;
                case 3:
                    bytes.InsertRange(at, Encoding.ASCII.GetBytes(random.Below(2) == 0 ? "9999999999" : "*1\r\n$2147483000\r\n"));
                    break;
                case 4:
                    bytes.InsertRange(at, Encoding.ASCII.GetBytes(random.Below(2) == 0 ? "*1000000000\r\n" : "#TS:1\r\n"));
                    break;
                case 5:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                default:
                    bytes[at] = (byte)"\r\n*$ /.\"\\#-"[random.Below(11)];
                    break;
            }
        }
        return [.. bytes];
    }
}
