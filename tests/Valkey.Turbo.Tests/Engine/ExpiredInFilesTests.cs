using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>
/// What has expired since a file was written: an RDB file's is left out, whatever mode the server is in, a log base's is there until it is
/// removed as if it had been there all the time. Nothing depends on what a client would be shown.
/// </summary>
public sealed class ExpiredInFilesTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-expired-").FullName;
    private readonly ManualClock _clock = new();

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("no", "RELOAD", "NOSAVE")]
    [InlineData("yes", "RELOAD", "NOSAVE")]
    [InlineData("no", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")]
    [InlineData("yes", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE")]
    public void AnRdbFileIsLoadedWithoutIt(string importMode, params string[] reload)
    {
        using DispatchFixture server = Start(importMode);
        Populate(server);
        DatasetFile.Save(server.Server.Workers[0], server.Server.RdbPath);
        server.Run("DEL", "brief", "hash", "fields", "all");
        Pass(server);
        Assert.Equal("+OK\r\n", server.Run(["DEBUG", .. reload]));
        Assert.Equal("*2\r\n$4\r\nkept\r\n$1\r\n2\r\n", server.Run("HGETALL", "fields"));
        Assert.Equal(":2\r\n", server.Run("DBSIZE"));
        Assert.Equal(":0\r\n", server.Run("EXISTS", "brief", "hash", "all"));
    }

    [Theory]
    [InlineData("no", "yes")]
    [InlineData("yes", "yes")]
    [InlineData("no", "no")]
    [InlineData("yes", "no")]
    public void ALogIsLoadedWithItAndItGoesAfterwards(string importMode, string preamble)
    {
        using DispatchFixture server = Start(importMode);
        Assert.Null(server.Server.Config.AofBaseIsRdb.TrySet(preamble));
        Populate(server);
        Assert.Null(server.Server.Config.AppendOnly.TrySet("yes"));
        server.Server.Log.Rewrite(server.Server.Workers[0]);
        // The log says that the key was there, though it has expired.
        server.Run("APPEND", "brief", "!");
        server.Run("HSET", "all", "later", "3");
        Pass(server);
        server.Run("CONFIG", "SET", "import-mode", "yes");
        Assert.Equal("+OK\r\n", server.Run("DEBUG", "LOADAOF"));
        Assert.Equal(":5\r\n", server.Run("DBSIZE"));
        server.Session.IsImportSource = true;
        Assert.Equal("$2\r\n1!\r\n", server.Run("GET", "brief"));
        Assert.Equal(":3\r\n", server.Run("HLEN", "all"));
        server.Session.IsImportSource = false;
        Assert.Equal("$-1\r\n", server.Run("GET", "brief"));
        Assert.Equal("*2\r\n$5\r\nlater\r\n$1\r\n3\r\n", server.Run("HGETALL", "all"));
        server.Run("CONFIG", "SET", "import-mode", "no");
        Assert.Equal(":0\r\n", server.Run("EXISTS", "brief", "hash"));
        server.Run("FLUSHALL", "SYNC");
        server.Server.Log.Stop();
    }

    [Theory]
    [InlineData("no", ":0\r\n")]
    [InlineData("yes", ":1\r\n")]
    public void APayloadWhoseTimeIsOverIsRestoredOnlyWhereDataIsBroughtIn(string importMode, string count)
    {
        using DispatchFixture server = Start(importMode);
        server.Run("HSET", "hash", "f", "v");
        string dump = server.Run("DUMP", "hash");
        string payload = dump[(dump.IndexOf('\n', StringComparison.Ordinal) + 1)..^2];
        server.Run("DEL", "hash");
        Assert.Equal("+OK\r\n", server.Run("RESTORE", "hash", "1000", payload, "ABSTTL"));
        Assert.Equal("+OK\r\n", server.Run("RESTORE", "hash", "1000", payload, "ABSTTL", "REPLACE"));
        Assert.Equal(count, server.Run("DBSIZE"));
        Assert.Equal(":0\r\n", server.Run("EXISTS", "hash"));
    }

    private DispatchFixture Start(string importMode)
    {
        DispatchFixture server = new(clock: _clock);
        Assert.Null(server.Server.Config.EnableDebugCommand.TrySet("yes"));
        Assert.Null(server.Server.Config.Directory.TrySet(_directory));
        Assert.Null(server.Server.Config.ImportMode.TrySet(importMode));
        return server;
    }

    /// <summary>Five keys: one that stays, and four of which something expires after a second.</summary>
    private static void Populate(DispatchFixture server)
    {
        server.Run("SET", "stays", "1");
        server.Run("SET", "brief", "1", "PX", "1000");
        server.Run("HSET", "hash", "f", "v");
        server.Run("PEXPIRE", "hash", "1000");
        server.Run("HSET", "fields", "brief", "1", "kept", "2");
        server.Run("HPEXPIRE", "fields", "1000", "FIELDS", "1", "brief");
        server.Run("HSETEX", "all", "PX", "1000", "FIELDS", "2", "a", "1", "b", "2");
    }

    private void Pass(DispatchFixture server)
    {
        _clock.Ns += 2_000_000_000;
        server.Run("PING");
    }
}
