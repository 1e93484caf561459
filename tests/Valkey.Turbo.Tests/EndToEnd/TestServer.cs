using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Network;
using Valkey.Turbo.Persistence;
using Valkey.Turbo.Tests.Persistence;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// A server on a port and a Unix socket of its own: in this process, or where TURBO_SERVER names an executable, that one in a
/// process of its own, unless a journal is to be looked at. What only the inside can show is checked where there is an inside to look at.
/// </summary>
internal sealed class TestServer : IDisposable
{
    private sealed class SilentLog : INetworkLog
    {
        public void Notice(string text)
        {
        }

        public void Warning(string text)
        {
        }
    }

    private readonly NetworkServer? _network;
    private readonly ServerInstance? _inside;
    private readonly Process? _process;
    // What one saves, the next must not load.
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-").FullName;

    internal TestServer(int threads = 1, string ioEngine = "auto", IJournalSink? journal = null, params string[] options)
        : this(threads, ioEngine, journal, files: null, options)
    {
    }

    /// <summary>A server in this process whose disk fails as the test likes.</summary>
    internal TestServer(int threads, FaultyFiles files, params string[] options)
        : this(threads, "auto", null, files, options)
    {
    }

    private TestServer(int threads, string ioEngine, IJournalSink? journal, FaultyFiles? files, string[] options)
    {
        Port = FreePort();
        UnixPath = Path.Combine(Path.GetTempPath(), $"turbo-{Environment.ProcessId}-{Port}.sock");
        string[] lines =
            [$"port {Port}", "bind 127.0.0.1 -::1", $"unixsocket {UnixPath}", $"io-engine {ioEngine}", $"dir {_directory}", "enable-debug-command yes", .. options];
        if (journal is null && files is null && Environment.GetEnvironmentVariable("TURBO_SERVER") is string executable)
        {
            _process = Start(executable, [.. lines, $"threads {threads}"]);
            return;
        }
        ServerConfig config = new();
        config.LoadLines(lines);
        _inside = new ServerInstance(config, threads, files: files) { Journal = journal, EndProcess = () => HasGivenUp = true, LogWarning = Warnings.Enqueue };
        _network = new NetworkServer(_inside, [], new SilentLog());
        _network.Start();
    }

    internal int Port { get; }

    /// <summary>What the server has warned of.</summary>
    internal ConcurrentQueue<string> Warnings { get; } = new();

    /// <summary>Whether the server would have ended its process.</summary>
    internal bool HasGivenUp { get; private set; }

    internal string UnixPath { get; }

    /// <summary>Clients now, the caller's own included.</summary>
    internal long ClientCount => _inside?.Clients.Count ?? Info("connected_clients") - 1;

    /// <summary>Bytes that the data take.</summary>
    internal long DataBytes => _inside?.Shards.Sum(shard => shard.Arena.UsedBytes) ?? Info("used_memory");

    /// <summary>Open descriptors of the server's process.</summary>
    internal int DescriptorCount => Directory.GetFiles($"/proc/{_process?.Id ?? Environment.ProcessId}/fd").Length;

    internal RespClient Connect() => new(new IPEndPoint(IPAddress.Loopback, Port));

    /// <summary>A field of INFO, as a number.</summary>
    internal long Info(string field)
    {
        using RespClient client = Connect();
        string line = client.Run("INFO").Split("\r\n").Single(line => line.StartsWith(field + ":", StringComparison.Ordinal));
        return long.Parse(line[(field.Length + 1)..], CultureInfo.InvariantCulture);
    }

    /// <summary>Fails if the server's inside is not soon as described; says nothing of a server in another process.</summary>
    internal void AssertInside(Func<ServerInstance, bool> isAsExpected) =>
        Assert.True(_inside is null || SpinWait.SpinUntil(() => isAsExpected(_inside), 5000));

    /// <summary>Fails if any client that is gone has left a subscription, a monitor, a watch, a wait or a cached key behind.</summary>
    internal void AssertNoTraceOfClients()
    {
        foreach (string field in (string[])["blocked_clients", "tracking_clients", "pubsub_clients", "watching_clients", "total_blocking_keys"])
        {
            Assert.True(SpinWait.SpinUntil(() => Info(field) == 0, 5000), field);
        }
        using RespClient client = Connect();
        Assert.Equal("[]", client.Run("PUBSUB", "CHANNELS"));
        Assert.Equal("0", client.Run("PUBSUB", "NUMPAT"));
        AssertInside(inside => !inside.Channels.HasSubscribers && inside.Tracking.ClientCount == 0 && !inside.Monitors.HasAny);
        AssertInside(inside => inside.Shards.Sum(shard => shard.Blocked.KeyCount) == 0);
    }

    public void Dispose()
    {
        _network?.Stop();
        _network?.Dispose();
        _inside?.Dispose();
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        File.Delete(UnixPath);
        Directory.Delete(_directory, recursive: true);
    }

    private static Process Start(string executable, string[] lines)
    {
        Process process = Process.Start(new ProcessStartInfo(executable, "-") { RedirectStandardInput = true, RedirectStandardOutput = true })!;
        Array.ForEach(lines, process.StandardInput.WriteLine);
        process.StandardInput.Close();
        using ManualResetEventSlim isReady = new();
        process.OutputDataReceived += (_, e) =>
        {
            if (e.Data?.Contains("Ready to accept connections", StringComparison.Ordinal) == true)
            {
                isReady.Set();
            }
        };
        process.BeginOutputReadLine();
        return isReady.Wait(60_000) ? process : throw new InvalidOperationException($"{executable} is not ready");
    }

    internal static int FreePort()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
