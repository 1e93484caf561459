using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>However the server is asked to end: what anybody was told of is kept, and where it can't be kept the server does not end.</summary>
public sealed class ShutdownTests : IDisposable
{
    private const int QuickMs = 2000;
    private const int PipelineLength = 50;
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-shutdown-").FullName;

    private string DumpPath => Path.Combine(_directory, "dump.rdb");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("SHUTDOWN", 1, "epoll", "--save 3600 1")]
    [InlineData("SHUTDOWN SAVE", 1, "io_uring", "--save ''")]
    [InlineData("SHUTDOWN", 4, "epoll", "--save 3600 1")]
    [InlineData("SHUTDOWN SAVE", 4, "io_uring", "--save ''")]
    [InlineData("SHUTDOWN", 4, "io_uring", "--save '' --appendonly yes")]
    [InlineData("SHUTDOWN NOSAVE", 1, "io_uring", "--save '' --appendonly yes")]
    [InlineData("TERM", 1, "io_uring", "--save 3600 1")]
    [InlineData("TERM", 4, "epoll", "--save 3600 1")]
    [InlineData("INT", 4, "io_uring", "--save '' --appendonly yes")]
    public async Task NothingAcknowledgedIsMissing(string end, int threads, string engine, string options)
    {
        const int clients = 4;
        string[] words = [.. options.Split(' ').Select(word => word.Trim('\''))];
        long[] acknowledged = new long[clients];
        using (ServerOnDirectory server = ServerOnDirectory.Start(_directory, ["--threads", $"{threads}", "--io-engine", engine, .. words]))
        {
            Task[] writers = [.. Enumerable.Range(0, clients).Select(i => Task.Run(() => WriteUntilTheEnd(server, i, acknowledged)))];
            while (acknowledged.Any(count => count < PipelineLength * 10))
            {
                await Task.Delay(1);
            }
            Ask(server, end);
            Assert.Equal(0, server.AwaitExit());
            await Task.WhenAll(writers);
        }
        using ServerOnDirectory again = ServerOnDirectory.Start(_directory, words);
        using RespClient reader = again.Connect();
        for (int i = 0; i < clients; i++)
        {
            Assert.InRange(long.Parse(reader.Run("GET", $"counter{i}"), CultureInfo.InvariantCulture), acknowledged[i], long.MaxValue);
        }
    }

    [Theory]
    [InlineData("", 0, "1")]
    [InlineData("--save '' --shutdown-on-sigterm save", 0, "1")]
    [InlineData("--save ''", 0, "0")]
    [InlineData("--shutdown-on-sigterm nosave", 0, "0")]
    [InlineData("--shutdown-on-sigterm save now force", 0, "1")]
    public void SigtermDoesWhatIsConfigured(string options, int exitCode, string keys)
    {
        using (ServerOnDirectory server = ServerOnDirectory.Start(_directory, [.. options.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(word => word.Trim('\''))]))
        {
            using RespClient client = server.Connect();
            client.Run("SET", "key", "value");
            server.Signal("TERM");
            Assert.Equal(exitCode, server.AwaitExit());
            Assert.Contains("Received SIGTERM scheduling shutdown...", server.Log, StringComparison.Ordinal);
            Assert.Contains("ready to exit, bye bye", server.Log, StringComparison.Ordinal);
        }
        using ServerOnDirectory again = ServerOnDirectory.Start(_directory);
        using RespClient reader = again.Connect();
        Assert.Equal(keys, reader.Run("DBSIZE"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void WhereSavingFailsTheServerGoesOn(int threads)
    {
        using ServerOnDirectory server = ServerOnDirectory.Start(_directory, "--threads", $"{threads}", "--save", "3600 1");
        using RespClient client = server.Connect();
        client.Run("SET", "key", "value");
        Directory.CreateDirectory(Path.Combine(DumpPath, "in the way"));
        foreach (string signal in (string[])["INT", "TERM"])
        {
            server.Signal(signal);
            server.AwaitLog($"Received SIG{signal} scheduling shutdown...");
            server.AwaitLog("Error trying to save the DB, can't exit.");
            server.AwaitLog("Errors trying to shut down the server. Check the logs for more information.");
            Assert.Equal("value", client.Run("GET", "key"));
        }
        Assert.Equal("-ERR Errors trying to SHUTDOWN. Check logs.", client.Run("SHUTDOWN"));
        Assert.Equal("-ERR Errors trying to SHUTDOWN. Check logs.", client.Run("SHUTDOWN", "SAVE", "NOW"));
        Assert.Equal("OK", client.Run("SET", "key", "2"));
        Assert.Equal("OK", client.Run("CONFIG", "SET", "shutdown-on-sigterm", "force"));
        server.Signal("TERM");
        Assert.Equal(0, server.AwaitExit());
        Assert.Contains("Error trying to save the DB. Exit anyway.", server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereTheLogCanNotBeWrittenTheServerEndsOnlyIfForced()
    {
        using ServerOnDirectory server = ServerOnDirectory.LaunchWithSmallFiles(_directory, 64, "--save", "", "--appendonly", "yes");
        server.AwaitLog("Ready to accept connections");
        using RespClient client = server.Connect();
        while (client.Run("SET", "key", new string('x', 1000)) == "OK")
        {
        }
        Assert.StartsWith("-MISCONF Errors writing to the AOF file", client.Run("SET", "key", "1"), StringComparison.Ordinal);
        server.Signal("TERM");
        server.AwaitLog("Error writing the AOF file, can't exit.");
        Assert.Equal("-ERR Errors trying to SHUTDOWN. Check logs.", client.Run("SHUTDOWN"));
        client.Send("SHUTDOWN", "FORCE");
        Assert.Equal(0, server.AwaitExit());
    }

    [Fact]
    public void AServerThatPromisesEveryWriteEndsOnAFullDiskAndSaysWhy()
    {
        using ServerOnDirectory server = ServerOnDirectory.LaunchWithSmallFiles(_directory, 64, "--save", "", "--appendonly", "yes", "--appendfsync", "always");
        server.AwaitLog("Ready to accept connections");
        long acknowledged = 0;
        using (RespClient client = server.Connect())
        {
            try
            {
                while (client.Run("RPUSH", "list", new string('x', 1000)) is not ['-', ..])
                {
                    acknowledged++;
                }
            }
            catch (IOException)
            {
            }
        }
        Assert.Equal(1, server.AwaitExit());
        Assert.Contains("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...", server.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("BUG REPORT", server.Log, StringComparison.Ordinal);
        using ServerOnDirectory again = ServerOnDirectory.Start(_directory, "--save", "", "--appendonly", "yes");
        using RespClient reader = again.Connect();
        Assert.InRange(long.Parse(reader.Run("LLEN", "list"), CultureInfo.InvariantCulture), acknowledged, acknowledged + 1);
    }

    /// <summary>A shell without job control has SIGINT ignored in what it starts in the background, and so have scripts that do as nohup does.</summary>
    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public void WhoStartsTheServerWithSignalsIgnoredCanEndItWithThem(string signal)
    {
        using ServerOnDirectory server = ServerOnDirectory.LaunchAfter("trap '' INT TERM HUP", _directory);
        server.AwaitLog("Ready to accept connections");
        using RespClient client = server.Connect();
        client.Run("SET", "key", "value");
        foreach (string harmless in (string[])["HUP", "USR2"])
        {
            server.Signal(harmless);
            Assert.Equal("PONG", client.Run("PING"));
        }
        server.Signal(signal);
        Assert.Equal(0, server.AwaitExit());
        Assert.True(File.Exists(DumpPath));
    }

    [Fact]
    public void ASignalCanBeTakenBackBeforeItIsObeyed()
    {
        using ServerOnDirectory server = ServerOnDirectory.Start(_directory, "--enable-debug-command", "yes");
        using RespClient client = server.Connect();
        Assert.Equal("-ERR No shutdown in progress.", client.Run("SHUTDOWN", "ABORT"));
        client.Run("DEBUG", "PAUSE-CRON", "1");
        server.Signal("TERM");
        server.AwaitLog("Received SIGTERM scheduling shutdown...");
        Assert.Equal("OK", client.Run("SHUTDOWN", "ABORT"));
        server.AwaitLog("Shutdown manually aborted.");
        client.Run("DEBUG", "PAUSE-CRON", "0");
        Thread.Sleep(200);
        Assert.Equal("PONG", client.Run("PING"));
        // Who insists is not made to wait.
        client.Run("DEBUG", "PAUSE-CRON", "1");
        server.Signal("TERM");
        server.AwaitLog("Received SIGTERM scheduling shutdown...");
        server.Signal("INT");
        Assert.Equal(1, server.AwaitExit());
        Assert.Contains("You insist... exiting now.", server.Log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("-ERR syntax error", "SHUTDOWN", "nonsense")]
    [InlineData("-ERR syntax error", "SHUTDOWN", "SAVE", "nonsense")]
    [InlineData("-ERR syntax error", "SHUTDOWN", "SAVE", "NOSAVE")]
    [InlineData("-ERR syntax error", "SHUTDOWN", "NOW", "ABORT")]
    [InlineData("-ERR syntax error", "SHUTDOWN", "FAILOVER", "ABORT")]
    [InlineData("-ERR SHUTDOWN FAILOVER is only supported in cluster mode.", "SHUTDOWN", "FAILOVER", "NOW")]
    [InlineData("-ERR No shutdown in progress.", "SHUTDOWN", "abort", "ABORT")]
    [InlineData("-ERR CONFIG SET failed (possibly related to argument 'shutdown-on-sigint') - shutdown options SAVE and NOSAVE can't be used simultaneously",
        "CONFIG", "SET", "shutdown-on-sigint", "save nosave")]
    [InlineData("OK", "CONFIG", "SET", "shutdown-on-sigint", "force NOSAVE now force default")]
    public void WhatContradictsItselfIsRefused(string reply, params string[] command)
    {
        using TestServer server = new();
        using RespClient client = server.Connect();
        Assert.Equal(reply, client.Run(command));
        if (reply == "OK")
        {
            Assert.Equal("[shutdown-on-sigint nosave now force]", client.Run("CONFIG", "GET", command[2]));
        }
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("INT")]
    public void ASignalDuringLoadingEndsTheServerAtOnce(string signal)
    {
        // A file that never ends, as nobody writes to it.
        using (Process fifo = Process.Start("mkfifo", [DumpPath]))
        {
            fifo.WaitForExit();
        }
        using ServerOnDirectory server = ServerOnDirectory.Launch(_directory);
        server.AwaitLog("Server initialized");
        server.Signal(signal);
        Assert.Equal(0, server.AwaitExit(QuickMs));
        Assert.Contains("Received shutdown signal during loading, scheduling shutdown.", server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public void ASecondServerWaitsForTheEndOfTheFirstAndDoesNotTouchItsLog()
    {
        string[] options = ["--save", "", "--appendonly", "yes"];
        using ServerOnDirectory first = ServerOnDirectory.Start(_directory, options);
        using RespClient client = first.Connect();
        Assert.Equal("OK", client.Run("SET", "a", "1"));
        using (ServerOnDirectory intruder = ServerOnDirectory.Start(_directory, "--save", "", "--enable-protected-configs", "yes"))
        {
            using RespClient other = intruder.Connect();
            other.Run("SET", "a", "intruder");
            Assert.StartsWith("-ERR CONFIG SET failed", other.Run("CONFIG", "SET", "appendonly", "yes"), StringComparison.Ordinal);
            other.Run("BGREWRITEAOF");
            Assert.Contains("aof_last_bgrewrite_status:err", other.Run("INFO", "persistence"), StringComparison.Ordinal);
        }
        using ServerOnDirectory second = ServerOnDirectory.Launch(_directory, options);
        second.AwaitLog("Waiting for its end");
        Assert.Equal("OK", client.Run("SET", "a", "2"));
        client.Send("SHUTDOWN");
        Assert.Equal(0, first.AwaitExit());
        second.AwaitLog("Ready to accept connections");
        using RespClient reader = second.Connect();
        Assert.Equal("2", reader.Run("GET", "a"));
        using ServerOnDirectory third = ServerOnDirectory.Launch(_directory, options);
        Assert.Equal(1, third.AwaitExit());
        Assert.Contains("is in use by another server", third.Log, StringComparison.Ordinal);
        Assert.Equal("OK", reader.Run("SET", "a", "3"));
    }

    private static void Ask(ServerOnDirectory server, string end)
    {
        if (!end.StartsWith("SHUTDOWN", StringComparison.Ordinal))
        {
            server.Signal(end);
            return;
        }
        using RespClient client = server.Connect();
        client.Send(end.Split(' '));
        Assert.True(client.IsAtEnd());
    }

    /// <summary>Counts up, in pipelines, until the server is gone, and notes the highest count that it has acknowledged.</summary>
    private static void WriteUntilTheEnd(ServerOnDirectory server, int number, long[] acknowledged)
    {
        byte[] pipeline = [.. Enumerable.Range(0, PipelineLength).SelectMany(_ => RespClient.Encode("INCR", $"counter{number}"))];
        using RespClient client = server.Connect();
        try
        {
            while (true)
            {
                client.Write(pipeline);
                for (int i = 0; i < PipelineLength; i++)
                {
                    Volatile.Write(ref acknowledged[number], long.Parse(client.Read(), CultureInfo.InvariantCulture));
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or FormatException)
        {
            // The server is gone.
        }
    }
}
