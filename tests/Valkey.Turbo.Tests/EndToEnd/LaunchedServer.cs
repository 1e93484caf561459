using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>The executable, in a directory and on a port of its own.</summary>
internal sealed class LaunchedServer : IDisposable
{
    private const int PatienceMs = 20_000;
    private Process? _process;

    /// <summary>The executable that is tested: that of this build, or the one that TURBO_SERVER names.</summary>
    internal static string Executable { get; } = Environment.GetEnvironmentVariable("TURBO_SERVER") ?? Path.GetFullPath(Path.Combine(
        AppContext.BaseDirectory, "../../../../../src/Valkey.Turbo.Server/bin", new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name, "net10.0/valkey-turbo"));

    internal string Directory { get; } = System.IO.Directory.CreateTempSubdirectory("turbo-process-").FullName;

    internal int Port { get; } = TestServer.FreePort();

    internal int Id => _process!.Id;

    /// <summary>What has been written to standard output and to standard error up to now.</summary>
    internal string Output { get; private set; } = "";

    /// <summary>Variables of the environment that the server gets besides.</summary>
    internal Dictionary<string, string> Variables { get; } = [];

    /// <summary>Writes a file into the server's directory, and returns its path.</summary>
    internal string Write(string name, params string[] lines)
    {
        string path = Path.Combine(Directory, name);
        File.WriteAllLines(path, lines);
        return path;
    }

    /// <summary>Starts a server that listens on the port, and waits until it says that it is ready.</summary>
    internal void Start(params string[] arguments)
    {
        Launch([.. arguments, "--port", $"{Port}", "--bind", "127.0.0.1"]);
        WaitFor("Ready to accept connections");
    }

    /// <summary>Runs the executable with just these arguments to its end; returns its exit code.</summary>
    internal int Run(params string[] arguments) => Run(null, arguments);

    /// <summary>The same with something on its standard input.</summary>
    internal int Run(string? input, string[] arguments)
    {
        Launch(arguments, input);
        return WaitForExit();
    }

    internal void Launch(string[] arguments, string? input = null)
    {
        _process?.Dispose();
        Output = "";
        ProcessStartInfo start = new(Executable, arguments)
        {
            WorkingDirectory = Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach ((string name, string value) in Variables)
        {
            start.Environment[name] = value;
        }
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, e) => Note(e.Data);
        _process.ErrorDataReceived += (_, e) => Note(e.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _process.StandardInput.Write(input);
        _process.StandardInput.Close();
    }

    /// <summary>Waits until the server has written something, or fails with what it has written.</summary>
    internal void WaitFor(string text) =>
        Assert.True(SpinWait.SpinUntil(() => Output.Contains(text, StringComparison.Ordinal), PatienceMs), $"'{text}' is not in:\n{Output}");

    internal int WaitForExit()
    {
        Assert.True(_process!.WaitForExit(PatienceMs), Output);
        // The other one returns before the last lines have been read.
        _process.WaitForExit();
        return _process.ExitCode;
    }

    internal void Signal(string name)
    {
        using Process kill = Process.Start("kill", [$"-{name}", $"{_process!.Id}"]);
        kill.WaitForExit();
    }

    internal RespClient Connect()
    {
        for (long start = Environment.TickCount64; ; Thread.Sleep(10))
        {
            try
            {
                return new RespClient(new IPEndPoint(IPAddress.Loopback, Port));
            }
            catch (SocketException) when (Environment.TickCount64 - start < PatienceMs)
            {
            }
        }
    }

    public void Dispose()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private void Note(string? line)
    {
        if (line is not null)
        {
            lock (this)
            {
                Output += line + "\n";
            }
        }
    }
}
