namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Commands that the configuration gives other names, or none.</summary>
public sealed class CommandRenameTests
{
    private const string LongName = "b840fc02d524045429941cc15f59e41cb7be6c52";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void ACommandHasItsNewNameOnly(int threads)
    {
        using TestServer server = new(threads, options: ["rename-command FLUSHALL \"\"", $"rename-command config {LongName}", "rename-command GET FETCH", "rename-command SET get"]);
        using RespClient client = server.Connect();
        Assert.StartsWith("-ERR unknown command 'FLUSHALL'", client.Run("FLUSHALL"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR unknown command 'CONFIG'", client.Run("CONFIG", "GET", "port"), StringComparison.Ordinal);
        Assert.Equal($"[port {server.Port}]", client.Run(LongName, "GET", "port"));
        Assert.Equal($"[port {server.Port}]", client.Run(LongName.ToUpperInvariant(), "get", "port"));
        Assert.Equal("OK", client.Run("get", "key", "value"));
        Assert.Equal("value", client.Run("fetch", "key"));
        Assert.Equal("OK", client.Run("MULTI"));
        Assert.Equal("QUEUED", client.Run("FETCH", "key"));
        Assert.StartsWith("-ERR unknown command", client.Run("FLUSHALL"), StringComparison.Ordinal);
        Assert.StartsWith("-EXECABORT", client.Run("EXEC"), StringComparison.Ordinal);
        Assert.DoesNotContain("flushall", client.Run("COMMAND", "LIST"), StringComparison.Ordinal);
        Assert.Contains("config|get", client.Run("COMMAND", "LIST"), StringComparison.Ordinal);
        Assert.Contains("cmdstat_set:calls=1", client.Run("INFO", "commandstats"), StringComparison.Ordinal);
    }

    [Fact]
    public void ALogIsReadByNewNamesAndOld()
    {
        using LaunchedServer server = new();
        string[] options = ["--appendonly", "yes", "--dir", server.Directory, "--rename-command", "DEL", "", "--rename-command", "SET", "PUT"];
        server.Start(options);
        using (RespClient client = server.Connect())
        {
            Assert.Equal("OK", client.Run("PUT", "kept", "1"));
            Assert.Equal("OK", client.Run("PUT", "gone", "1"));
            // Its effect is written as the deletion that clients have no name for.
            Assert.Equal("0", client.Run("EXPIRE", "kept", "1000", "GT"));
            Assert.Equal("1", client.Run("EXPIRE", "gone", "-1"));
            client.Send("SHUTDOWN", "NOSAVE");
        }
        Assert.Equal(0, server.WaitForExit());
        string log = File.ReadAllText(Directory.GetFiles(Path.Combine(server.Directory, "appendonlydir"), "*.incr.aof").Single());
        Assert.Contains("PUT\r\n$4\r\nkept", log, StringComparison.Ordinal);
        Assert.Matches("\r\n(DEL|UNLINK)\r\n", log);
        server.Start(options);
        using RespClient reader = server.Connect();
        Assert.Equal("1", reader.Run("DBSIZE"));
    }
}
