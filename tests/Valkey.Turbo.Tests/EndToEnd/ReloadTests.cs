namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>DEBUG RELOAD: all data through the RDB file and back.</summary>
public sealed class ReloadTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void DataOfAllThreadsComesBack(int threads)
    {
        using TestServer server = new(threads, options: [$"dir {_directory}", "dbfilename data.rdb"]);
        using RespClient client = server.Connect();
        for (int i = 0; i < 500; i++)
        {
            client.Run("SET", $"text:{i}", $"value {i}", "EX", "1000");
            client.Run("ZADD", $"sorted:{i}", "1", $"a{i}", "2", $"b{i}");
        }
        string digest = client.Run("DEBUG", "DIGEST");
        Assert.Equal("OK", client.Run("DEBUG", "RELOAD"));
        Assert.Equal([Path.Combine(_directory, "data.rdb")], Directory.GetFiles(_directory));
        Assert.Equal(digest, client.Run("DEBUG", "DIGEST"));
        Assert.Equal("1000", client.Run("DBSIZE"));
        Assert.Equal(0, server.Info("rdb_changes_since_last_save"));
        // The file as it is, over what has come since; and beside it.
        Assert.Equal("OK", client.Run("SET", "later", "1"));
        Assert.Equal("OK", client.Run("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH", "MERGE"));
        Assert.Equal("1001", client.Run("DBSIZE"));
        Assert.Equal("OK", client.Run("DEBUG", "RELOAD", "NOSAVE"));
        Assert.Equal(digest, client.Run("DEBUG", "DIGEST"));
    }

    [Fact]
    public void WhatCannotBeDoneIsAnError()
    {
        using TestServer server = new(2, options: $"dir {_directory}");
        using RespClient client = server.Connect();
        client.Run("SET", "key", "value");
        Assert.Equal("-ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.", client.Run("DEBUG", "RELOAD", "SOMEHOW"));
        Assert.Equal("-ERR Error trying to load the RDB dump, check server logs.", client.Run("DEBUG", "RELOAD", "NOSAVE", "NOFLUSH"));
        Assert.Equal("value", client.Run("GET", "key"));
        Directory.CreateDirectory(Path.Combine(_directory, "dump.rdb"));
        Assert.Equal("-ERR", client.Run("DEBUG", "RELOAD"));
        Assert.Equal("value", client.Run("GET", "key"));
        Assert.Empty(Directory.GetFiles(_directory));
    }
}
