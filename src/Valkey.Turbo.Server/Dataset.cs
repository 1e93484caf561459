using System.Globalization;
using Valkey.Turbo.Commands.Administration;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Network;
using Valkey.Turbo.Scripting;

namespace Valkey.Turbo.Server;

/// <summary>Brings the data in before the threads start.</summary>
internal static class Dataset
{
    private const long LongestClaimNs = 10_000_000_000;
    private const int ClaimIntervalMs = 50;

    /// <summary>Loads the append-only log if that is on, or else the RDB file if there is one. False: the server can't start.</summary>
    internal static bool TryLoad(ServerInstance server, INetworkLog log)
    {
        Worker worker = server.Workers[0];
        long startNs = server.Clock.MonotonicNs;
        worker.RefreshTime();
        worker.Shards.TryHoldAll();
        // Libraries in files are compiled while they are loaded.
        _ = ScriptEngine.Of(server);
        string? problem;
        string source;
        try
        {
            if (server.Config.AppendOnly.IsSet)
            {
                if (!TryClaimLog(server, log))
                {
                    return false;
                }
                source = "append only file";
                problem = server.Log.Find() ?? AofReplay.Load(worker);
                if (problem is null)
                {
                    server.Log.Start(worker);
                }
            }
            else if (File.Exists(server.RdbPath))
            {
                source = "disk";
                problem = DatasetFile.Load(worker, server.RdbPath, replaces: false);
            }
            else
            {
                worker.Shards.ReleaseAll();
                return true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warning($"Fatal error loading the DB: {Errno.Describe(e)}. Exiting.");
            return false;
        }
        if (problem is not null)
        {
            log.Warning($"Fatal error loading the DB: {problem.TrimEnd('.')}. Exiting.");
            return false;
        }
        worker.Shards.ReleaseAll();
        worker.Stats.Reset();
        server.NoteSaved();
        double seconds = (server.Clock.MonotonicNs - startNs) / 1e9;
        log.Notice(string.Create(CultureInfo.InvariantCulture, $"DB loaded from {source}: {seconds:F3} seconds"));
        return true;
    }

    /// <summary>
    /// Waits for the right to the append-only log: at a restart the old server may still be about to write its last. False: it goes on.
    /// </summary>
    private static bool TryClaimLog(ServerInstance server, INetworkLog log)
    {
        if (server.Log.TryClaim())
        {
            return true;
        }
        log.Notice($"Another server uses the append only file in {server.Log.Directory}. Waiting for its end.");
        for (long startNs = server.Clock.MonotonicNs; server.Clock.MonotonicNs - startNs < LongestClaimNs;)
        {
            Thread.Sleep(ClaimIntervalMs);
            if (server.Log.TryClaim())
            {
                return true;
            }
        }
        log.Warning($"The append only file in {server.Log.Directory} is in use by another server, which would be harmed. Exiting.");
        return false;
    }
}
