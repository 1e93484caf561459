using System.Net;
using System.Net.Sockets;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Network;
using Valkey.Turbo.Persistence;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>A server in this process, on a port and a Unix socket of its own.</summary>
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

    private readonly NetworkServer _network;

    internal TestServer(int threads = 1, string ioEngine = "auto", IJournalSink? journal = null, params string[] options)
    {
        Port = FreePort();
        UnixPath = Path.Combine(Path.GetTempPath(), $"turbo-{Environment.ProcessId}-{Port}.sock");
        ServerConfig config = new();
        config.LoadLines(
            [$"port {Port}", "bind 127.0.0.1 -::1", $"unixsocket {UnixPath}", $"io-engine {ioEngine}", "enable-debug-command yes", .. options],
            "test");
        Instance = new ServerInstance(config, threads) { Journal = journal };
        _network = new NetworkServer(Instance, [], new SilentLog());
        _network.Start();
    }

    internal ServerInstance Instance { get; }

    internal int Port { get; }

    internal string UnixPath { get; }

    internal RespClient Connect() => new(new IPEndPoint(IPAddress.Loopback, Port));

    public void Dispose()
    {
        _network.Stop();
        _network.Dispose();
        Instance.Dispose();
    }

    private static int FreePort()
    {
        using Socket probe = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        probe.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)probe.LocalEndPoint!).Port;
    }
}
