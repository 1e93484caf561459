using Valkey.Turbo.Commands.Administration;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Tests.Persistence;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>What clients are told while the disk is full or fails, and that nothing they were told otherwise of is lost.</summary>
public sealed class DiskFaultTests : IDisposable
{
    private const int LongestWaitMs = 10_000;
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-disk-").FullName;
    private readonly FaultyFiles _files = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void WritesAreRefusedWhileTheLogCanNotBeWritten(int threads)
    {
        using TestServer server = Start(threads);
        using RespClient client = server.Connect(), other = server.Connect();
        client.Run("CONFIG", "SET", "appendonly", "yes");
        client.Run("SET", "a", "1");
        _files.Fault = (call, path) => call == FileCall.Write && IsLog(path) ? Errno.ENOSPC : 0;
        client.Run("SET", "a", "2");
        const string refusal = "-MISCONF Errors writing to the AOF file: No space left on device";
        Assert.Equal(refusal, other.Run("SET", "a", "3"));
        Assert.Equal(refusal, other.Run("PING"));
        Assert.Equal("2", other.Run("GET", "a"));
        Assert.Equal("OK", other.Run("MULTI"));
        Assert.Equal(refusal, other.Run("INCR", "a"));
        Assert.StartsWith("-EXECABORT", other.Run("EXEC"), StringComparison.Ordinal);
        Assert.Contains("aof_last_write_status:err", other.Run("INFO", "persistence"), StringComparison.Ordinal);
        _files.Fault = (_, _) => 0;
        Assert.True(SpinWait.SpinUntil(() => client.Run("PING") == "PONG", LongestWaitMs));
        Assert.Equal("3", client.Run("INCR", "a"));
        AssertReloads(client);
        Assert.False(server.HasGivenUp);
    }

    [Fact]
    public void WritesAreRefusedWhileTheLogCanNotBeSynced()
    {
        using TestServer server = Start(2);
        using RespClient client = server.Connect();
        client.Run("CONFIG", "SET", "appendonly", "yes");
        _files.Fault = (call, path) => call == FileCall.SyncData && IsLog(path) ? Errno.EIO : 0;
        Assert.True(SpinWait.SpinUntil(() => client.Run("SET", "a", "1") == "-MISCONF Errors writing to the AOF file: Input/output error", LongestWaitMs));
        _files.Fault = (_, _) => 0;
        Assert.True(SpinWait.SpinUntil(() => client.Run("SET", "a", "2") == "OK", LongestWaitMs));
    }

    [Theory]
    [InlineData(nameof(FileCall.Write))]
    [InlineData(nameof(FileCall.SyncData))]
    public void AServerThatPromisesEveryWriteEndsWhereItCanNotKeepOne(string failing)
    {
        using TestServer server = Start(2, "appendfsync always");
        using RespClient client = server.Connect();
        client.Run("CONFIG", "SET", "appendonly", "yes");
        Assert.Equal("OK", client.Run("SET", "a", "1"));
        Assert.False(server.HasGivenUp);
        _files.Fault = (call, path) => call.ToString() == failing && IsLog(path) ? Errno.ENOSPC : 0;
        client.Send("SET", "a", "2");
        Assert.True(SpinWait.SpinUntil(() => server.HasGivenUp, LongestWaitMs));
        Assert.Contains(server.Warnings, line => line.EndsWith("Exiting...", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(nameof(FileCall.Open))]
    [InlineData(nameof(FileCall.Write))]
    [InlineData(nameof(FileCall.Sync))]
    [InlineData(nameof(FileCall.Rename))]
    public void ASaveThatFailsIsAnErrorAndLeavesTheOldFile(string failing)
    {
        using TestServer server = Start(2, "save 3600 1");
        using RespClient client = server.Connect();
        client.Run("SET", "a", "1");
        Assert.Equal("OK", client.Run("SAVE"));
        byte[] before = File.ReadAllBytes(Path.Combine(_directory, "dump.rdb"));
        client.Run("SET", "b", "1");
        _files.Fault = (call, path) => call.ToString() == failing && path != _directory ? Errno.EIO : 0;
        Assert.Equal("-ERR", client.Run("SAVE"));
        Assert.Equal("OK", client.Run("SET", "c", "1"));
        Assert.Equal("-ERR Errors trying to SHUTDOWN. Check logs.", client.Run("SHUTDOWN"));
        client.Run("BGSAVE");
        Assert.StartsWith("-MISCONF Valkey is configured to save RDB snapshots", client.Run("SET", "d", "1"), StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(_directory, "dump.rdb")));
        Assert.Equal("OK", client.Run("CONFIG", "SET", "stop-writes-on-bgsave-error", "no"));
        Assert.Equal("OK", client.Run("SET", "d", "1"));
        client.Run("CONFIG", "SET", "stop-writes-on-bgsave-error", "yes");
        _files.Fault = (_, _) => 0;
        Assert.Equal("OK", client.Run("SAVE"));
        Assert.Equal("OK", client.Run("SET", "d", "1"));
        Assert.Equal([Path.Combine(_directory, "dump.rdb")], Directory.GetFiles(_directory));
    }

    /// <summary>Whichever call of a rewrite fails, the log that is there is one that holds everything.</summary>
    [Theory]
    [InlineData("yes")]
    [InlineData("no")]
    public void ARewriteMayFailAnywhere(string rdbBase)
    {
        using TestServer server = Start(2, $"aof-use-rdb-preamble {rdbBase}");
        using RespClient client = server.Connect();
        client.Run("CONFIG", "SET", "appendonly", "yes");
        bool wasOk = false;
        for (int failing = 1; !wasOk; failing++)
        {
            client.Run("INCR", "a");
            int calls = 0;
            _files.Fault = (_, _) => ++calls == failing ? Errno.EIO : 0;
            client.Run("BGREWRITEAOF");
            _files.Fault = (_, _) => 0;
            wasOk = client.Run("INFO", "persistence").Contains("aof_last_bgrewrite_status:ok", StringComparison.Ordinal) && calls < failing;
            client.Run("INCR", "a");
            Assert.Equal($"{failing * 2}", client.Run("GET", "a"));
            AssertReloads(client);
            Assert.True(failing < 100);
        }
        Assert.Equal(4, Directory.GetFiles(Path.Combine(_directory, "appendonlydir")).Length);
    }

    /// <summary>A server from before 7.0 had one file; wherever taking it over is interrupted, the next start goes on with it.</summary>
    [Fact]
    public void TakingASingleFileOverMayFailAnywhere()
    {
        string single = Path.Combine(_directory, "appendonly.aof");
        for (int failing = 1; ; failing++)
        {
            if (Directory.Exists(Path.Combine(_directory, "appendonlydir")))
            {
                Directory.Delete(Path.Combine(_directory, "appendonlydir"), recursive: true);
            }
            File.WriteAllBytes(single, RespClient.Encode("SET", "a", "1"));
            int calls = 0;
            bool hasFailed = false;
            _files.Fault = (_, _) => ++calls == failing ? Errno.EIO : 0;
            try
            {
                Assert.Equal(1, KeysOfALoad());
            }
            catch (IOException)
            {
                hasFailed = true;
            }
            _files.Fault = (_, _) => 0;
            Assert.Equal(1, KeysOfALoad());
            Assert.False(File.Exists(single));
            if (!hasFailed && calls < failing)
            {
                return;
            }
        }
    }

    /// <summary>A log that was not loaded, as it was off at the start, is replaced as a whole or not at all.</summary>
    [Fact]
    public void TurningOnALogThatIsThereMayFailAnywhere()
    {
        using (TestServer server = Start(1))
        {
            using RespClient client = server.Connect();
            client.Run("CONFIG", "SET", "appendonly", "yes");
            client.Run("SET", "old", "1");
        }
        for (int failing = 1; ; failing++)
        {
            int calls = 0;
            bool isOn;
            using (TestServer server = Start(1))
            {
                using RespClient client = server.Connect();
                client.Run("SET", "new", "1");
                client.Run("SET", "newer", "1");
                _files.Fault = (_, _) => ++calls == failing ? Errno.EIO : 0;
                isOn = client.Run("CONFIG", "SET", "appendonly", "yes") == "OK";
                _files.Fault = (_, _) => 0;
            }
            long keys = KeysOfALoad();
            Assert.InRange(keys, isOn ? 2 : 1, 2);
            if (keys == 2)
            {
                return;
            }
        }
    }

    private long KeysOfALoad()
    {
        ServerConfig config = new();
        config.LoadLines([$"dir {_directory}", "appendonly yes"]);
        using ServerInstance server = new(config, 1, files: _files);
        Assert.True(server.Workers[0].Shards.TryHoldAll());
        Assert.True(server.Log.TryClaim());
        Assert.Null(server.Log.Find() ?? AofReplay.Load(server.Workers[0]));
        server.Log.Start(server.Workers[0]);
        return server.KeyCount(0);
    }

    private TestServer Start(int threads, params string[] options) =>
        new(threads, _files, [$"dir {_directory}", "enable-protected-configs yes", .. options]);

    private static bool IsLog(string path) => path.EndsWith(".incr.aof", StringComparison.Ordinal);

    private static void AssertReloads(RespClient client)
    {
        string before = client.Run("DEBUG", "DIGEST");
        Assert.Equal("OK", client.Run("DEBUG", "LOADAOF"));
        Assert.Equal(before, client.Run("DEBUG", "DIGEST"));
    }
}
