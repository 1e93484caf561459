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
        CommandLine line;
        try
        {
            line = CommandLine.Parse(arguments);
        }
        catch (ConfigException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
        switch (line.Wanted)
        {
            case CommandLine.Request.Version:
                Console.WriteLine($"Valkey.Turbo server v={VersionInfo.Server} compatible=valkey-{VersionInfo.Valkey} "
                    + $"runtime={RuntimeInformation.FrameworkDescription} bits={nint.Size * 8}");
                return 0;
            case CommandLine.Request.Help:
                Console.WriteLine(CommandLine.Usage);
                return 0;
            case CommandLine.Request.CheckSystem:
                return SystemCheck.Run();
            default:
                return Run(line.Config);
        }
    }

    private static int Run(ServerConfig config)
    {
        Environment.CurrentDirectory = config.Directory.Text;
        ServerLog log;
        try
        {
            log = new ServerLog(config);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"*** FATAL CONFIG FILE ERROR ***\nCan't open the log file: {e.Message}");
            return 1;
        }
        using (log)
        {
            return Run(config, log);
        }
    }

    private static int Run(ServerConfig config, ServerLog log)
    {
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;
        int[] cpus = CpuAffinity.Allowed();
        if (config.Threads.Number == 0)
        {
            config.Threads.Assign(cpus.Length);
        }
        int threads = (int)config.Threads.Number;
        int[] pinned = threads <= cpus.Length ? cpus[..threads] : [];
        using ServerInstance server = new(config, threads, thread => thread < pinned.Length ? CpuAffinity.NodeOf(pinned[thread]) : -1);
        server.LogNotice = log.Notice;
        server.LogWarning = log.Warning;
        server.EndProcess = () => ProcessExit.Now(1);
        using StopRequest stop = new(server, log);
        AppDomain.CurrentDomain.UnhandledException += (_, e) =>
            log.Warning("\n" + CrashReport.Write((Exception)e.ExceptionObject, server));
        log.Notice("oO0OoO0OoO0Oo Valkey.Turbo is starting oO0OoO0OoO0Oo");
        log.Notice($"Valkey.Turbo version={VersionInfo.Server}, compatible with Valkey {VersionInfo.Valkey}, bits={nint.Size * 8}, "
            + $"pid={Environment.ProcessId}, commands={CommandTable.Instance.TopLevel.Count.ToString(CultureInfo.InvariantCulture)}");
        if (config.AlwaysShowLogo.IsSet || (!Console.IsOutputRedirected && config.LogFile.Text.Length == 0))
        {
            log.Raw(Banner.Text(config));
        }
        else
        {
            log.Notice($"Running mode=standalone, port={config.Port.Number}.");
        }
        if (!config.AppendOnly.IsSet && config.Save.Text.Length == 0)
        {
            log.Warning("Neither 'appendonly' nor 'save' is set: data that is not saved by a command is lost when the server stops.");
        }
        foreach (string name in config.GivenWithoutEffect)
        {
            log.Warning($"'{name}' is accepted but has no effect yet");
        }
        log.Notice("Server initialized");
        if (!Dataset.TryLoad(server, log))
        {
            return 1;
        }
        stop.BeginServing();
        using NetworkServer network = new(server, pinned, log);
        try
        {
            network.Start();
            FitClientsToOpenFiles(config, log);
        }
        catch (IOException e)
        {
            log.Warning($"Failed listening on port {config.Port.Number}, aborting. {e.Message}");
            return 1;
        }
        WritePidFile(config, log);
        log.Notice($"Running with threads={threads}, shards={server.Shards.Length}, io-engine={server.IoEngineName}");
        log.Notice("Ready to accept connections tcp");
        stop.Wait();
        network.Stop();
        if (config.PidFile.Text.Length > 0)
        {
            log.Notice("Removing the pid file.");
            File.Delete(config.PidFile.Text);
        }
        log.Warning("Valkey.Turbo is now ready to exit, bye bye...");
        return 0;
    }

    /// <summary>
    /// Lowers maxclients where the limit of open files is too low for it, as Valkey does: the runtime, unlike the network,
    /// can't go on without descriptors.
    /// </summary>
    private static void FitClientsToOpenFiles(ServerConfig config, ServerLog log)
    {
        const int reserved = 32;
        // Brings in everything that reporting an error needs, while it can still be opened.
        _ = Errno.Describe(Errno.EMFILE);
        long own = OpenFileLimit.OpenCount() + reserved, clients = config.MaxClients.Number;
        long limit = OpenFileLimit.Raise(clients + own);
        if (limit >= clients + own)
        {
            return;
        }
        config.MaxClients.Assign(Math.Max(1, limit - own));
        log.Warning($"You requested maxclients of {clients} requiring at least {clients + own} max file descriptors.");
        log.Warning($"Current maximum open files is {limit}. maxclients has been reduced to {config.MaxClients.Number} to compensate for low ulimit. "
            + "If you need higher maxclients increase 'ulimit -n'.");
    }

    private static void WritePidFile(ServerConfig config, ServerLog log)
    {
        if (config.PidFile.Text.Length == 0)
        {
            return;
        }
        try
        {
            File.WriteAllText(config.PidFile.Text, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warning($"Failed to write PID file: {e.Message}");
        }
    }
}
