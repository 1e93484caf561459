using System.Diagnostics;
using System.Net.Sockets;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>A real server to compare with: valkey-server where VALKEY_SERVER names it, otherwise the redis-server on the path.</summary>
internal sealed class ReferenceServer : IDisposable
{
    private readonly Process _process;
    private readonly string _socketPath = Path.Combine(Path.GetTempPath(), $"reference-{Guid.NewGuid():N}.sock");

    private ReferenceServer(string executable)
    {
        IsValkey = Path.GetFileName(executable).StartsWith("valkey", StringComparison.Ordinal);
        _process = Process.Start(new ProcessStartInfo(executable,
            ["--port", "0", "--unixsocket", _socketPath, "--save", "", "--appendonly", "no", "--dir", Path.GetTempPath(), "--enable-debug-command", "yes"])
        {
            RedirectStandardOutput = true,
            // Texts are compared by their bytes.
            Environment = { ["LC_ALL"] = "C" },
        })!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
    }

    /// <summary>Whether it is the newer of the two, which knows all commands.</summary>
    internal bool IsValkey { get; }

    /// <summary>Starts it, or says that there is none to compare with; where CI is set there must be one.</summary>
    internal static ReferenceServer? TryStart(ITestOutputHelper output)
    {
        if (FindExecutable() is string executable)
        {
            return new ReferenceServer(executable);
        }
        Assert.True(Environment.GetEnvironmentVariable("CI") is null, "no reference server to compare with");
        output.WriteLine("no reference server: nothing compared");
        return null;
    }

    /// <summary>Its version, by its own name.</summary>
    internal string Version
    {
        get
        {
            using RespClient client = Connect();
            string[] lines = client.Run("INFO", "server").Split("\r\n");
            return lines.First(line => line.StartsWith(IsValkey ? "valkey_version:" : "redis_version:", StringComparison.Ordinal)).Split(':')[1];
        }
    }

    internal static string? FindExecutable() => Environment.GetEnvironmentVariable("VALKEY_SERVER")
        ?? (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Select(folder => Path.Combine(folder, "redis-server")).FirstOrDefault(File.Exists);

    internal RespClient Connect()
    {
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                return new RespClient(new UnixDomainSocketEndPoint(_socketPath));
            }
            catch (SocketException) when (attempt < 100)
            {
                Thread.Sleep(50);
            }
        }
    }

    public void Dispose()
    {
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        File.Delete(_socketPath);
    }
}
