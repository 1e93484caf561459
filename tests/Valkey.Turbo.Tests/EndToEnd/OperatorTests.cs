using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>The executable among the tools of an operator: ps, logrotate, systemd, init scripts.</summary>
public sealed partial class OperatorTests : IDisposable
{
    private readonly LaunchedServer _server = new();

    public void Dispose() => _server.Dispose();

    [GeneratedRegex(@"^Valkey server v=9\.1\.0 sha=[0-9a-f]{8}:[01] malloc=[a-z]+(-[a-z0-9.]+)? bits=64 build=[0-9a-f]+ Valkey\.Turbo \d+\.\d+\.\d+\n$")]
    private static partial Regex Version();

    [Theory]
    [InlineData("-v")]
    [InlineData("--version")]
    [InlineData("--version", "--port", "7000")]
    public void TheVersionIsThatOfValkeyWithItsOwnBehind(params string[] arguments)
    {
        Assert.Equal(0, _server.Run(arguments));
        Assert.Matches(Version(), _server.Output);
    }

    [Theory]
    [InlineData("-h")]
    [InlineData("--help")]
    public void HelpNamesTheForms(string argument)
    {
        Assert.Equal(0, _server.Run(argument));
        Assert.StartsWith("Usage: ", _server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsWrongEndsTheServer()
    {
        Assert.Equal(1, _server.Run("/nowhere.conf"));
        Assert.EndsWith("# Fatal error, can't open config file '/nowhere.conf': No such file or directory\n", _server.Output, StringComparison.Ordinal);
        Assert.Equal(1, _server.Run("--port", "x"));
        Assert.StartsWith("\n*** FATAL CONFIG FILE ERROR", _server.Output, StringComparison.Ordinal);
        Assert.Equal(1, _server.Run("port 7000\ntls-port 7001\n", ["-"]));
        Assert.Contains(">>> 'tls-port 7001'\nTLS is not supported yet", _server.Output, StringComparison.Ordinal);
        Assert.Equal(1, _server.Run("--port", "0"));
        Assert.EndsWith("# Configured to not listen anywhere, exiting.\n", _server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void ATitleTakesThePlaceOfTheCommandLine()
    {
        _server.Start("--requirepass", "se cret", "--unixsocket", "");
        Assert.Equal($"{LaunchedServer.Executable} *:{_server.Port}".Replace("*", "127.0.0.1", StringComparison.Ordinal), Title());
        using RespClient client = _server.Connect();
        client.Run("AUTH", "se cret");
        foreach (string title in (string[])["short", new string('x', 300) + " {port}", "{title} {config-file} {{"])
        {
            Assert.Equal("OK", client.Run("CONFIG", "SET", "proc-title-template", title));
            string shown = title
                .Replace("{port}", $"{_server.Port}", StringComparison.Ordinal).Replace("{title}", LaunchedServer.Executable, StringComparison.Ordinal)
                .Replace("{config-file}", "-", StringComparison.Ordinal).Replace("{{", "{", StringComparison.Ordinal);
            Assert.Equal(shown, Title());
        }
        Assert.StartsWith("-ERR CONFIG SET failed", client.Run("CONFIG", "SET", "proc-title-template", "{nonsense}"), StringComparison.Ordinal);
        // What the environment was is not lost with the memory that it lay in.
        Assert.Equal("PONG", client.Run("PING"));
    }

    [Fact]
    public void WithoutATitleTheCommandLineStays()
    {
        _server.Start("--set-proc-title", "no");
        Assert.Contains("--set-proc-title no --port", File.ReadAllText($"/proc/{_server.Id}/cmdline").Replace('\0', ' '), StringComparison.Ordinal);
    }

    [Fact]
    public void AHangUpIsIgnored()
    {
        _server.Start();
        _server.Signal("HUP");
        using RespClient client = _server.Connect();
        Assert.Equal("PONG", client.Run("PING"));
    }

    [Fact]
    public void AnAlarmHasTheStateWrittenAndNothingElse()
    {
        _server.Start();
        using RespClient client = _server.Connect();
        Assert.Equal("PONG", client.Run("PING"));
        _server.Signal("ALRM");
        _server.WaitFor("# \nReceived SIGALRM\n");
        _server.WaitFor("cmd=ping");
        Assert.Equal("PONG", client.Run("PING"));
    }

    [Fact]
    public void ALogThatWasMovedIsBegunAnew()
    {
        string log = Path.Combine(_server.Directory, "my log.txt");
        _server.Launch(["--port", $"{_server.Port}", "--dir", _server.Directory, "--logfile", "my log.txt"]);
        using (RespClient client = _server.Connect())
        {
            Assert.True(SpinWait.SpinUntil(() => File.ReadAllText(log).Contains("Ready to accept", StringComparison.Ordinal), 10_000));
            File.Move(log, log + ".1");
            client.Send("SHUTDOWN", "NOSAVE");
        }
        Assert.Equal(0, _server.WaitForExit());
        Assert.Contains("bye bye", File.ReadAllText(log), StringComparison.Ordinal);
        Assert.DoesNotContain("bye bye", File.ReadAllText(log + ".1"), StringComparison.Ordinal);
        Assert.Equal("", _server.Output);
    }

    [Theory]
    [InlineData("systemd")]
    [InlineData("auto")]
    public void SystemdIsToldHowTheServerFares(string supervised)
    {
        string path = Path.Combine(_server.Directory, "notify");
        using Socket socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 20_000 };
        socket.Bind(new UnixDomainSocketEndPoint(path));
        _server.Variables["NOTIFY_SOCKET"] = path;
        string Next()
        {
            byte[] text = new byte[256];
            return Encoding.UTF8.GetString(text, 0, socket.Receive(text));
        }
        // Who is supervised stays in the foreground.
        _server.Start("--supervised", supervised, "--daemonize", "yes");
        Assert.Equal("STATUS=Valkey is loading...\n", Next());
        Assert.Equal("STATUS=Ready to accept connections\n", Next());
        Assert.Equal("READY=1\n", Next());
        using (RespClient client = _server.Connect())
        {
            Assert.Contains("process_supervised:systemd\r\n", client.Run("INFO", "server"), StringComparison.Ordinal);
        }
        _server.Signal("TERM");
        Assert.Equal("STOPPING=1\n", Next());
        Assert.Equal("STATUS=Saving the final RDB snapshot\n", Next());
        Assert.Equal(0, _server.WaitForExit());
    }

    [Fact]
    public void ASupervisorThatIsMissingIsNamed()
    {
        _server.Variables["NOTIFY_SOCKET"] = Path.Combine(_server.Directory, "nobody");
        _server.Start("--supervised", "systemd");
        Assert.Contains("# systemd supervision error: sd_notify: No such file or directory\n", _server.Output, StringComparison.Ordinal);
        using RespClient client = _server.Connect();
        Assert.Contains("process_supervised:no\r\n", client.Run("INFO", "server"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ADaemonOutlivesWhoStartedIt(bool readsInput)
    {
        string pidFile = Path.Combine(_server.Directory, "server.pid");
        Directory.CreateDirectory(Path.Combine(_server.Directory, "data"));
        string[] lines = [$"port {_server.Port}", "daemonize yes", $"pidfile {pidFile}", "dir data", "requirepass \"pa ss\"", "logfile log"];
        string path = _server.Write("server.conf", lines);
        Assert.Equal(0, readsInput ? _server.Run(string.Join('\n', lines), ["-"]) : _server.Run(Path.GetFileName(path)));
        using (RespClient client = _server.Connect())
        {
            Assert.Equal("OK", client.Run("AUTH", "pa ss"));
            Assert.True(SpinWait.SpinUntil(() => File.Exists(pidFile), 10_000));
            int process = int.Parse(File.ReadAllText(pidFile), CultureInfo.InvariantCulture);
            Assert.NotEqual(_server.Id, process);
            // A session of its own, and nothing left of the streams of who started it.
            string[] stat = File.ReadAllText($"/proc/{process}/stat").Split(") ")[1].Split(' ');
            Assert.Equal($"{process}", stat[3]);
            Assert.Equal("/dev/null", new FileInfo($"/proc/{process}/fd/1").LinkTarget);
            Assert.Equal("/dev/null", new FileInfo($"/proc/{process}/fd/0").LinkTarget);
            client.Send("SHUTDOWN", "NOSAVE");
        }
        Assert.True(SpinWait.SpinUntil(() => !File.Exists(pidFile), 10_000));
        Assert.Contains("* Removing the pid file.", File.ReadAllText(Path.Combine(_server.Directory, "data/log")), StringComparison.Ordinal);
    }

    [Fact]
    public void ADaemonThatIsMisconfiguredSaysSoBeforeItLeaves()
    {
        Assert.Equal(1, _server.Run("--daemonize", "yes", "--port", "nonsense"));
        Assert.Contains("argument couldn't be parsed into an integer", _server.Output, StringComparison.Ordinal);
    }

    [Fact]
    public void AFilterThatKillsDoesNotEndTheServer()
    {
        // The runtime sets the affinity of its threads by itself; only the native executable, which has none beside it, can do without.
        bool isNative = !File.Exists(LaunchedServer.Executable + ".dll");
        int[] calls = [.. isNative ? (int[])[SystemCallKiller.SchedSetAffinity] : [], SystemCallKiller.IoUringSetup, SystemCallKiller.Mbind];
        // A filter holds for the thread that installs it and for what that one starts.
        Thread filtered = new(() =>
        {
            SystemCallKiller.Install(calls);
            _server.Launch(["--threads", "1", "--port", $"{_server.Port}"]);
        });
        filtered.Start();
        filtered.Join();
        _server.WaitFor("Ready to accept connections");
        Assert.Contains(isNative
            ? "kills who calls sched_setaffinity, io_uring_setup, mbind: running unpinned, on epoll, without regard to NUMA nodes."
            : "kills who calls io_uring_setup, mbind: running on epoll, without regard to NUMA nodes.", _server.Output, StringComparison.Ordinal);
        Assert.Contains("io-engine=epoll", _server.Output, StringComparison.Ordinal);
        using RespClient client = _server.Connect();
        Assert.Equal("OK", client.Run("SET", "key", "value"));
    }

    [Fact]
    public void ClientsAreFittedToTheLimitOfOpenFilesBeforeAnybodyConnects()
    {
        string shell = Path.Combine(_server.Directory, "limited.sh");
        File.WriteAllText(shell, $"#!/bin/sh\nulimit -Sn 300; ulimit -Hn 300\nexec {LaunchedServer.Executable} \"$@\"\n");
        // Root may raise any limit unless that is taken from it.
        string[] command = [.. Environment.IsPrivilegedProcess ? (string[])["setpriv", "--bounding-set", "-sys_resource"] : [], "sh", shell, "--port", $"{_server.Port}", "--threads", "1"];
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        List<string> lines = [];
        while (process.StandardOutput.ReadLine() is string line && !line.Contains("Ready", StringComparison.Ordinal))
        {
            lines.Add(line);
        }
        process.Kill();
        process.WaitForExit();
        int warned = lines.FindIndex(line => line.Contains("# You requested maxclients of 10000 requiring at least ", StringComparison.Ordinal));
        Assert.True(warned >= 0, string.Join('\n', lines));
        Assert.Contains("because of OS error: Operation not permitted.", lines[warned + 1], StringComparison.Ordinal);
        Assert.Contains("# Current maximum open files is 300. maxclients has been reduced to ", lines[warned + 2], StringComparison.Ordinal);
        Assert.True(warned < lines.FindIndex(line => line.Contains("Server initialized", StringComparison.Ordinal)));
    }

    private string Title() => File.ReadAllText($"/proc/{_server.Id}/cmdline").TrimEnd('\0');
}
