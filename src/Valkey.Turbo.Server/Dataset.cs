using System.Globalization;
using Valkey.Turbo.Commands.Administration;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Network;

namespace Valkey.Turbo.Server;

/// <summary>Brings the data in before the threads start, and keeps it when they have ended.</summary>
internal static class Dataset
{
    /// <summary>Loads the append-only log if that is on, or else the RDB file if there is one. False: the server can't start.</summary>
    internal static bool TryLoad(ServerInstance server, INetworkLog log)
    {
        Worker worker = server.Workers[0];
        long startNs = server.Clock.MonotonicNs;
        worker.RefreshTime();
        worker.Shards.TryHoldAll();
        string? problem;
        string source;
        try
        {
            if (server.Config.AppendOnly.IsSet)
            {
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
            log.Warning($"Fatal error loading the DB: {e.Message}. Exiting.");
            return false;
        }
        if (problem is not null)
        {
            log.Warning($"Fatal error loading the DB: {problem}. Exiting.");
            return false;
        }
        worker.Shards.ReleaseAll();
        worker.Stats.Reset();
        server.NoteSaved();
        double seconds = (server.Clock.MonotonicNs - startNs) / 1e9;
        log.Notice(string.Create(CultureInfo.InvariantCulture, $"DB loaded from {source}: {seconds:F3} seconds"));
        return true;
    }

    /// <summary>Saves what is to be saved, and ends the append-only log. False: that failed.</summary>
    internal static bool TryKeep(ServerInstance server, INetworkLog log)
    {
        server.Log.Stop();
        if (!server.SavesAtExit)
        {
            return true;
        }
        log.Notice("Saving the final RDB snapshot before exiting.");
        server.Workers[0].RefreshTime();
        server.Workers[0].Shards.TryHoldAll();
        return PersistenceCommands.TrySave(server.Workers[0]) is null;
    }
}
