using System.Globalization;
using System.Runtime;
using System.Runtime.InteropServices;
using Valkey.Turbo.Commands;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Network;

namespace Valkey.Turbo.Server;

/// <summary>The executable: reads the options, wires the layers, waits for a signal.</summary>
internal static class Program
{
    private static int Main(string[] arguments)
    {
        if (SystemCallFilter.TryProbe())
        {
            return 0;
        }
        ProcessSignal.SettleInherited();
        string directory = Environment.CurrentDirectory;
        byte[] input = [];
        CommandLine line;
        try
        {
            line = CommandLine.Parse(arguments, () => input = ReadInput());
        }
        catch (ConfigFileException e)
        {
            EarlyLog().Warning(e.Message);
            return 1;
        }
        catch (ConfigException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
        switch (line.Wanted)
        {
            case CommandLine.Request.Version:
                Console.WriteLine($"Valkey server v={VersionInfo.Valkey} sha={VersionInfo.Commit}:0 malloc={VersionInfo.Allocator} bits={nint.Size * 8} "
                    + $"build={VersionInfo.BuildId} {VersionInfo.Product} {VersionInfo.Server}");
                return 0;
            case CommandLine.Request.Help:
                Console.WriteLine(CommandLine.Usage);
                return 0;
            case CommandLine.Request.CheckSystem:
                return SystemCheck.Run();
        }
        using ServerLog log = new(line.Config);
        Supervisor? supervisor = Daemon.IsThis ? null : Supervisor.Find(line.Config, log);
        bool isBackground = line.Config.Daemonize.IsSet && supervisor is not { IsThere: true };
        return isBackground && !Daemon.IsThis
            ? Daemon.Start(directory, input)
            : Run(line, arguments.Length > 0, log, supervisor, PidFile.For(line.Config.PidFile.Text, isBackground, log));
    }

    /// <summary>The log before there are settings.</summary>
    private static ServerLog EarlyLog() => new(new ServerConfig());

    private static byte[] ReadInput()
    {
        if (!Daemon.IsThis)
        {
            EarlyLog().Notice("Reading config from stdin");
        }
        using Stream input = Console.OpenStandardInput();
        using MemoryStream text = new();
        input.CopyTo(text);
        if (Daemon.IsThis)
        {
            ChildProcess.DropInput();
        }
        return text.ToArray();
    }

    private static int Run(CommandLine line, bool isConfigured, ServerLog log, Supervisor? supervisor, PidFile? pidFile)
    {
        ServerConfig config = line.Config;
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
        log.Notice($"oO0OoO0OoO0Oo {VersionInfo.Product} is starting oO0OoO0OoO0Oo");
        log.Notice($"{VersionInfo.Product} version={VersionInfo.Server}, compatible with Valkey {VersionInfo.Valkey}, bits={nint.Size * 8}, "
            + $"pid={Environment.ProcessId}, commands={CommandTable.Instance.TopLevel.Count.ToString(CultureInfo.InvariantCulture)}");
        if (isConfigured)
        {
            log.Notice("Configuration loaded");
        }
        else
        {
            log.Warning($"Warning: No config file specified, using the default config. In order to specify a config file use {Executable()} /path/to/valkey.conf");
        }
        SystemLimits limits = SystemLimits.Find(config, log);
        OpenFiles openFiles = new(config, log);
        if (!openFiles.TryFit())
        {
            return 1;
        }
        config.MaxClients.TryApply = _ => openFiles.TryRaise();
        pidFile?.Write();
        ShowTitle(config);
        OomScore score = new(config, log);
        _ = score.TryApply();
        config.OomScoreAdj.TryApply = config.OomScoreAdjValues.TryApply = _ => score.TryApply();
        using ServerInstance server = new(config, (int)config.Threads.Number, limits.NodeOf) { SupervisorName = supervisor?.Name ?? "no" };
        server.LogNotice = log.Notice;
        server.LogWarning = log.Warning;
        server.EndProcess = () => ProcessExit.Now(1);
        server.Shutdown.Begun = () => supervisor?.TellStopping();
        server.Shutdown.StatusChanged = status => supervisor?.TellStatus(status);
        using StopRequest stop = new(server, log);
        using PosixSignalRegistration alarm = CrashReport.WriteStateOnAlarm(server, log);
        AppDomain.CurrentDomain.UnhandledException += (_, e) =>
            log.Warning("\n" + CrashReport.Write((Exception)e.ExceptionObject, server));
        ShowBanner(config, log);
        if (!config.AppendOnly.IsSet && config.Save.Text.Length == 0)
        {
            log.Warning("Neither 'appendonly' nor 'save' is set: data that is not saved by a command is lost when the server stops.");
        }
        foreach (string name in config.GivenWithoutEffect)
        {
            log.Warning($"'{name}' is accepted but has no effect yet");
        }
        server.StartupBytes = ProcessMemory.Read().AnonymousBytes;
        log.Notice("Server initialized");
        if (!Dataset.TryLoad(server, log))
        {
            return 1;
        }
        stop.BeginServing();
        using NetworkServer network = new(server, limits.Cpus, log) { IoUringRefusal = limits.IoUringRefusal };
        try
        {
            network.Start();
        }
        catch (IOException e)
        {
            log.Warning(e.Message);
            return 1;
        }
        log.Notice($"Running with threads={config.Threads.Number}, shards={server.Shards.Length}, io-engine={server.IoEngineName}");
        log.Notice("Ready to accept connections tcp");
        supervisor?.TellReady();
        stop.Wait();
        network.Stop();
        pidFile?.Remove();
        log.Warning($"{VersionInfo.Product} is now ready to exit, bye bye...");
        return 0;
    }

    /// <summary>
    /// Shows the title that is configured instead of the command line, in which there may be a password. Where it is not to be shown, the
    /// command line stays.
    /// </summary>
    private static void ShowTitle(ServerConfig config)
    {
        string executable = Executable();
        if (!config.SetsProcessTitle.IsSet || ProcessTitle.TryClaim() is not ProcessTitle title)
        {
            return;
        }
        string? Show(Worker? _)
        {
            title.Set(TitleTemplate.Expand(config.ProcessTitle.Text, executable, config) ?? executable);
            return null;
        }
        Show(null);
        config.ProcessTitle.TryApply = Show;
    }

    /// <summary>How the server was called, before a title is shown.</summary>
    private static string Executable() => File.ReadAllText("/proc/self/cmdline").Split('\0')[0];

    private static void ShowBanner(ServerConfig config, ServerLog log)
    {
        if (config.AlwaysShowLogo.IsSet || (!Console.IsOutputRedirected && config.LogFile.Text.Length == 0 && !config.SyslogEnabled.IsSet))
        {
            log.Raw(Banner.Text(config));
        }
        else
        {
            log.Notice($"Running mode=standalone, port={config.Port.Number}.");
        }
    }
}
