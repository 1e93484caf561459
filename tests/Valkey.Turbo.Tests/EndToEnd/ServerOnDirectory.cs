using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>The executable on a directory that outlives it, with what it has logged.</summary>
internal sealed class ServerOnDirectory : IDisposable
{
    private const int LongestWaitMs = 20_000;
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _log = new();

    private ServerOnDirectory(ProcessStartInfo start, int port)
    {
        Port = port;
        start.RedirectStandardOutput = true;
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => _log.Enqueue(e.Data ?? "");
        _process.BeginOutputReadLine();
    }

    internal static string Executable => Environment.GetEnvironmentVariable("TURBO_SERVER") ?? Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "../../../../../src/Valkey.Turbo.Server/bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0/valkey-turbo"));

    internal int Port { get; }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    internal string Log => string.Join('\n', _log);

    /// <summary>Starts a server without waiting for anything.</summary>
    internal static ServerOnDirectory Launch(string directory, params string[] options)
    {
        int port = TestServer.FreePort();
        return new ServerOnDirectory(new ProcessStartInfo(Executable, ["--port", $"{port}", "--dir", directory, .. options]), port);
    }

    /// <summary>Starts a server whose files can't grow beyond a size: a full disk for which nobody needs to be root.</summary>
    internal static ServerOnDirectory LaunchWithSmallFiles(string directory, int blocks, params string[] options) =>
        LaunchAfter($"trap '' XFSZ; ulimit -f {blocks}", directory, options);

    /// <summary>Starts a server from a shell that runs a command first, whose effects on the process the server inherits.</summary>
    internal static ServerOnDirectory LaunchAfter(string shellCommand, string directory, params string[] options)
    {
        int port = TestServer.FreePort();
        string[] command = ["-c", $"{shellCommand}; exec \"$0\" \"$@\"", Executable, "--port", $"{port}", "--dir", directory, .. options];
        ProcessStartInfo start = new("sh", command);
        // The runtime keeps code in a file of its own otherwise, which a limit on files would hit.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        return new ServerOnDirectory(start, port);
    }

    /// <summary>Starts a server that is ready.</summary>
    internal static ServerOnDirectory Start(string directory, params string[] options)
    {
        ServerOnDirectory server = Launch(directory, options);
        server.AwaitLog("Ready to accept connections");
        return server;
    }

    internal RespClient Connect() => new(new IPEndPoint(IPAddress.Loopback, Port));

    internal void AwaitLog(string text) =>
        Assert.True(SpinWait.SpinUntil(() => Log.Contains(text, StringComparison.Ordinal), LongestWaitMs), $"'{text}' is not logged, but:\n{Log}");

    internal void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{_process.Id}"]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end; returns the exit code.</summary>
    internal int AwaitExit(int longestMs = LongestWaitMs)
    {
        Assert.True(_process.WaitForExit(longestMs), $"still running:\n{Log}");
        _process.WaitForExit();
        return _process.ExitCode;
    }

    internal void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }
        _process.Dispose();
    }
}
