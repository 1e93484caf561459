using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>The executable ends in one way or another, and what it was to keep is there when it starts again.</summary>
public sealed class RestartTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-restart-").FullName;
    private readonly int _port = TestServer.FreePort();
    private Process? _process;

    public void Dispose()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void WhatWasAnsweredIsInTheLogOfAKilledServer(int threads)
    {
        string[] options = ["--appendonly", "yes", "--threads", $"{threads}"];
        for (int round = 0; round < 3; round++)
        {
            Start(options);
            using RespClient client = Connect();
            Assert.Equal($"{round * 100}", client.Run("DBSIZE"));
            for (int i = 0; i < 100; i++)
            {
                Assert.Equal("OK", client.Run("SET", $"{round}:{i}", "value"));
            }
            _process!.Kill();
            _process.WaitForExit();
        }
    }

    [Theory]
    [InlineData("SAVE", "OK")]
    [InlineData("BGSAVE", "Background saving started")]
    public void WhatWasSavedIsLoaded(string command, string reply)
    {
        Start("--threads", "2");
        using (RespClient client = Connect())
        {
            client.Run("SET", "key", "value");
            client.Run("HSET", "hash", "field", "value");
            Assert.Equal(reply, client.Run(command));
            client.Run("SET", "late", "1");
            Assert.InRange(long.Parse(client.Run("LASTSAVE"), System.Globalization.CultureInfo.InvariantCulture), DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 60, long.MaxValue);
        }
        _process!.Kill();
        _process.WaitForExit();
        Start("--threads", "1");
        using RespClient again = Connect();
        Assert.Equal("value", again.Run("HGET", "hash", "field"));
        Assert.Equal("2", again.Run("DBSIZE"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void ALogWhoseBaseHoldsWhatHasExpiredIsLoaded(int threads)
    {
        string[] options = ["--appendonly", "yes", "--threads", $"{threads}"];
        Start(options);
        using (RespClient client = Connect())
        {
            client.Run("SET", "stays", "1");
            client.Run("SET", "brief", "1", "PX", "300");
            client.Run("HSETEX", "fields", "PX", "300", "FIELDS", "1", "f", "v");
            Assert.Equal("Background append only file rewriting started", client.Run("BGREWRITEAOF"));
        }
        _process!.Kill();
        _process.WaitForExit();
        Thread.Sleep(400);
        Start(options);
        using RespClient again = Connect();
        Assert.Equal("[]", again.Run("HGETALL", "fields"));
        Assert.Equal("nil", again.Run("GET", "brief"));
        Assert.True(SpinWait.SpinUntil(() => again.Run("DBSIZE") == "1", 10_000));
    }

    [Theory]
    [InlineData("SHUTDOWN", "3600 1", "1")]
    [InlineData("SHUTDOWN SAVE", "", "1")]
    [InlineData("SHUTDOWN NOSAVE", "3600 1", "0")]
    [InlineData("SHUTDOWN", "", "0")]
    [InlineData("", "3600 1", "1")]
    public void AnOrderlyEndSavesIfThatIsWanted(string command, string save, string keys)
    {
        Start("--save", save);
        using (RespClient client = Connect())
        {
            client.Run("SET", "key", "value");
            if (command.Length > 0)
            {
                client.Send(command.Split(' '));
            }
        }
        if (command.Length == 0)
        {
            using Process signal = Process.Start("kill", ["-TERM", $"{_process!.Id}"]);
            signal.WaitForExit();
        }
        Assert.True(_process!.WaitForExit(10_000));
        Assert.Equal(0, _process.ExitCode);
        Start();
        using RespClient again = Connect();
        Assert.Equal(keys, again.Run("DBSIZE"));
    }

    [Fact]
    public void AServerCanBeStoppedAsSoonAsItAnswers()
    {
        for (int round = 0; round < 10; round++)
        {
            Launch([]);
            using (RespClient client = ConnectEarly())
            {
                client.Send("SHUTDOWN", "NOSAVE");
            }
            Assert.True(_process!.WaitForExit(10_000));
            Assert.Equal(0, _process.ExitCode);
        }
    }

    [Fact]
    public void ADamagedFileKeepsTheServerFromStarting()
    {
        File.WriteAllText(Path.Combine(_directory, "dump.rdb"), "nonsense, and some more of it");
        Assert.Contains("Wrong signature", Run(), StringComparison.Ordinal);
        // A file without keys whose checksum is another's.
        File.WriteAllBytes(Path.Combine(_directory, "dump.rdb"), [.. "REDIS0011"u8, 0xFF, .. "foobar00"u8]);
        Assert.Contains("RDB CRC error", Run(), StringComparison.Ordinal);
        File.Delete(Path.Combine(_directory, "dump.rdb"));
        File.WriteAllText(Path.Combine(_directory, "appendonly.aof"), "*1\r\n$3\r\nbla\r\n");
        Assert.Contains("unknown command 'bla'", Run("--appendonly", "yes"), StringComparison.Ordinal);
        Assert.Equal(1, _process!.ExitCode);
    }

    private RespClient Connect() => new(new IPEndPoint(IPAddress.Loopback, _port));

    /// <summary>Connects as soon as the port is open, which is before the server says that it is ready.</summary>
    private RespClient ConnectEarly()
    {
        for (long start = Environment.TickCount64; ; Thread.Sleep(1))
        {
            try
            {
                return Connect();
            }
            catch (SocketException) when (Environment.TickCount64 - start < 10_000)
            {
            }
        }
    }

    private void Start(params string[] options)
    {
        Launch(options);
        for (string? line = _process!.StandardOutput.ReadLine(); ; line = _process.StandardOutput.ReadLine())
        {
            Assert.NotNull(line);
            if (line.Contains("Ready to accept connections", StringComparison.Ordinal))
            {
                // What is logged later must not fill the pipe.
                _process.StandardOutput.BaseStream.CopyToAsync(Stream.Null);
                return;
            }
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void AnExceptionOnAnyThreadEndsTheServerWithAReport(int threads)
    {
        string logFile = Path.Combine(_directory, "log");
        Launch(["--threads", $"{threads}", "--enable-debug-command", "yes", "--logfile", logFile]);
        Assert.True(SpinWait.SpinUntil(() => File.Exists(logFile) && File.ReadAllText(logFile).Contains("Ready to accept", StringComparison.Ordinal), 10_000));
        // Connections go to the thread with the fewest: to each of them in turn.
        RespClient[] clients = [.. Enumerable.Range(0, threads).Select(_ => Connect())];
        clients[^1].Send("DEBUG", "PANIC");
        Assert.True(_process!.WaitForExit(10_000));
        string log = File.ReadAllText(logFile);
        Assert.NotEqual(0, _process.ExitCode);
        Assert.Contains("BUG REPORT START", log, StringComparison.Ordinal);
        Assert.Contains("cmd=debug", log, StringComparison.Ordinal);
        Assert.Contains("BUG REPORT END", log, StringComparison.Ordinal);
        Array.ForEach(clients, client => client.Dispose());
    }

    /// <summary>Runs a server that ends by itself, and returns its log.</summary>
    private string Run(params string[] options)
    {
        Launch(options);
        string log = _process!.StandardOutput.ReadToEnd();
        Assert.True(_process.WaitForExit(10_000));
        return log;
    }

    private void Launch(string[] options)
    {
        _process?.Dispose();
        string executable = Environment.GetEnvironmentVariable("TURBO_SERVER") ?? Path.GetFullPath(Path.Combine(
            AppContext.BaseDirectory, "../../../../../src/Valkey.Turbo.Server/bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0/valkey-turbo"));
        _process = Process.Start(new ProcessStartInfo(executable, ["--port", $"{_port}", "--dir", _directory, .. options]) { RedirectStandardOutput = true })!;
    }
}
