using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Tests.Engine;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// RDB files, sound and damaged, here and in a real server: what that refuses is refused, and what it loads gives the same digest and the same
/// encodings, or else is refused because it contradicts itself. TURBO_FUZZ_SECONDS makes it run longer, TURBO_SEED repeats a run.
/// </summary>
public sealed class RdbDifferentialTests(ITestOutputHelper output) : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-rdb-").FullName;

    private string Path => System.IO.Path.Combine(_directory, "dump.rdb");

    private static TimeSpan Duration => TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("TURBO_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out int seconds) ? seconds : 3);

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void FilesAreTakenOrRefusedAsByValkey()
    {
        string? executable = ReferenceServer.FindExecutable();
        if (executable is null || !System.IO.Path.GetFileName(executable).StartsWith("valkey", StringComparison.Ordinal))
        {
            Assert.True(executable is not null || Environment.GetEnvironmentVariable("CI") is null, "no reference server to compare with");
            output.WriteLine("no valkey-server: nothing compared");
            return;
        }
        RandomSource random = new(TestSeed.Next(output));
        using DispatchFixture server = new();
        Assert.Null(server.Server.Config.EnableDebugCommand.TrySet("yes"));
        int same = 0, refused = 0, stricter = 0, crashed = 0;
        for (Stopwatch clock = Stopwatch.StartNew(); clock.Elapsed < Duration || same == 0;)
        {
            bool isSound = random.Below(4) == 0;
            byte[] file = Sound(server, random);
            if (!isSound)
            {
                file = RdbSamples.Damage(file, random);
            }
            RdbSamples.Put(Path, file);
            string? theirs = ReferenceLoad(executable, out bool hasCrashed);
            RdbSamples.Put(Path, file);
            string? problem = DatasetFile.Load(server.Server.Workers[0], Path, replaces: false);
            string? ours = problem is null ? Describe(command => server.Run(command)) : null;
            Clear(server);
            string where = $"{Convert.ToHexString(file)}\n{problem}";
            if (hasCrashed)
            {
                crashed++;
            }
            else if (theirs is null)
            {
                Assert.True(ours is null, where);
                refused++;
            }
            else if (ours is null)
            {
                Assert.False(isSound, where);
                output.WriteLine($"only refused here: {problem}");
                stricter++;
            }
            else
            {
                Assert.True(ours == theirs, $"{where}\n{ours}\n{theirs}");
                same++;
            }
        }
        output.WriteLine($"{same} the same, {refused} refused by both, {stricter} refused here alone, {crashed} ended the reference");
    }

    private byte[] Sound(DispatchFixture server, RandomSource random)
    {
        if (random.Below(2) == 0)
        {
            return RdbSamples.Old(random);
        }
        RdbSamples.Populate(server, random);
        // What can be called there has to be sound as code, too.
        server.Run("FUNCTION", "FLUSH");
        byte[] file = RdbSamples.Written(server, Path);
        Clear(server);
        return file;
    }

    private static void Clear(DispatchFixture server)
    {
        server.Run("FLUSHALL", "SYNC");
        server.Run("FUNCTION", "FLUSH");
    }

    /// <summary>The digest of all data, and each key's type and encoding.</summary>
    private static string Describe(Func<string[], string> run)
    {
        StringBuilder text = new(run(["DEBUG", "DIGEST"]));
        SortedDictionary<string, string> keys = new(StringComparer.Ordinal);
        string names = run(["KEYS", "*"]);
        foreach (string name in names.Split("\r\n").Where((_, i) => i > 0 && i % 2 == 0))
        {
            if (name.Length > 0 && name.All(char.IsAsciiLetterOrDigit))
            {
                keys[name] = run(["TYPE", name]) + run(["OBJECT", "ENCODING", name]) + run(["PEXPIRETIME", name]);
            }
        }
        return text.AppendJoin(' ', keys.Select(one => $"{one.Key}: {one.Value}")).ToString();
    }

    /// <summary>Starts a real server on the file, and describes what it holds; null if it refuses the file.</summary>
    private string? ReferenceLoad(string executable, out bool hasCrashed)
    {
        string socketPath = System.IO.Path.Combine(_directory, "s");
        File.Delete(socketPath);
        using Process process = Process.Start(new ProcessStartInfo(executable,
            ["--port", "0", "--unixsocket", socketPath, "--save", "", "--dir", _directory, "--enable-debug-command", "yes", "--sanitize-dump-payload", "yes",
                "--crash-log-enabled", "no", "--use-exit-on-panic", "yes"])
        { RedirectStandardOutput = true })!;
        try
        {
            bool isReady = false;
            for (string? line = process.StandardOutput.ReadLine(); line is not null && !isReady; line = isReady ? "" : process.StandardOutput.ReadLine())
            {
                isReady = line.Contains("Ready to accept connections", StringComparison.Ordinal);
            }
            if (!isReady)
            {
                process.WaitForExit();
                // Anything but the orderly refusal is no verdict.
                hasCrashed = process.ExitCode != 1;
                return null;
            }
            using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(socketPath));
            using NetworkStream stream = new(socket);
            using BufferedStream reader = new(stream, 1 << 16);
            hasCrashed = false;
            return Describe(command =>
            {
                stream.Write(RespText.Encode(command));
                return RawReply(reader);
            });
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            hasCrashed = true;
            return null;
        }
        finally
        {
            process.Kill();
            process.WaitForExit();
        }
    }

    /// <summary>One reply as it was sent: a line, a bulk string, or an array of those.</summary>
    private static string RawReply(Stream stream)
    {
        StringBuilder text = new();
        int left = 1;
        for (; left > 0; left--)
        {
            string line = Line(stream);
            text.Append(line).Append("\r\n");
            if (line[0] == '*')
            {
                left += int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture);
            }
            else if (line[0] == '$' && line != "$-1")
            {
                byte[] bytes = new byte[int.Parse(line.AsSpan(1), CultureInfo.InvariantCulture) + 2];
                stream.ReadExactly(bytes);
                text.Append(Encoding.Latin1.GetString(bytes));
            }
        }
        return text.ToString();
    }

    private static string Line(Stream stream)
    {
        StringBuilder line = new();
        for (int next = stream.ReadByte(); next != '\n'; next = stream.ReadByte())
        {
            if (next < 0)
            {
                throw new EndOfStreamException();
            }
            line.Append(next == '\r' ? "" : ((char)next).ToString());
        }
        return line.ToString();
    }
}
