using System.Globalization;
using Valkey.Turbo.Persistence.Files;
using Valkey.Turbo.Persistence.Rdb;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>All databases in an RDB file. The calling thread holds every shard, so that nothing changes meanwhile.</summary>
public static class DatasetFile
{
    /// <summary>How a file is loaded.</summary>
    /// <param name="Replaces">Whether keys and libraries that are there give way to the file's; otherwise they are an error.</param>
    /// <param name="KeepsExpired">Whether keys and fields that have expired are loaded, too.</param>
    /// <param name="WhenAccepted">Called when the file has turned out to be one that is read, before anything of it is loaded.</param>
    internal readonly record struct LoadOptions(bool Replaces = false, bool KeepsExpired = false, Action? WhenAccepted = null);

    /// <summary>Writes everything to a file, which is replaced as a whole.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="path">The file.</param>
    /// <param name="keyDelayMicroseconds">How long to wait after each key, as tests of what saving interrupts ask for.</param>
    /// <exception cref="FileException">It could not be written.</exception>
    public static void Save(Worker worker, string path, long keyDelayMicroseconds = 0)
    {
        AtomicFile.Replace(
            worker.Server.Files, path, UnfinishedBeside(path), file => Write(worker, file, isAofBase: false, keyDelayMicroseconds));
        worker.Server.NoteSaved();
    }

    /// <summary>The file that takes a file's place when it is complete.</summary>
    public static string UnfinishedBeside(string path) => Path.Combine(
        Path.GetDirectoryName(path)!, string.Create(CultureInfo.InvariantCulture, $"temp-{Environment.ProcessId}.rdb"));

    /// <summary>Adds what a file holds, but for keys and fields that have expired.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="path">The file.</param>
    /// <param name="replaces">Whether keys that are there give way to the file's; otherwise they are an error.</param>
    /// <param name="whenAccepted">Called when the file has turned out to be one that is read, before anything of it is loaded.</param>
    /// <returns>Null, or why not all of the file was loaded.</returns>
    /// <exception cref="FileException">It could not be read.</exception>
    public static string? Load(Worker worker, string path, bool replaces, Action? whenAccepted = null)
    {
        using DurableFile file = DurableFile.Open(worker.Server.Files, path, FileUse.Read);
        worker.Server.LastLoad.Begin();
        return Load(worker, file, new LoadOptions(replaces, WhenAccepted: whenAccepted));
    }

    /// <summary>
    /// Adds all that the base of a log holds. What has expired is added, too: the commands that follow in the log were run when it was there, and
    /// say themselves when it went.
    /// </summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="file">Stands at the beginning of the RDB part, and behind it afterwards.</param>
    /// <returns>Null, or why not all of it was loaded.</returns>
    /// <exception cref="FileException">It could not be read.</exception>
    public static string? LoadBase(Worker worker, Stream file) => Load(worker, file, new LoadOptions(KeepsExpired: true));

    private static string? Load(Worker worker, Stream file, LoadOptions options)
    {
        ServerInstance server = worker.Server;
        return RdbFileReader.Load(file, new DatasetLoader(worker, options), server.Config.ReadsForeignRdb, server.Config.ChecksRdb.IsSet && !server.SkipsChecksums);
    }

    /// <summary>Writes everything to a stream.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="target">The stream.</param>
    /// <param name="isAofBase">Whether an append-only log goes on from it.</param>
    /// <param name="keyDelayMicroseconds">How long to wait after each key.</param>
    internal static void Write(Worker worker, Stream target, bool isAofBase, long keyDelayMicroseconds = 0)
    {
        RdbFileWriter file = new(target);
        ServerInstance server = worker.Server;
        Eviction.EvictionPolicy policy = server.Config.Eviction;
        file.Begin(VersionInfo.Valkey, worker.NowUnixMs / 1000, server.UsedBytes, isAofBase);
        foreach (FunctionLibrary library in server.Functions.Libraries)
        {
            file.Library(library.Code);
        }
        for (int database = 0; database < server.Shards[0].Keyspaces.Length; database++)
        {
            if (server.KeyCount(database) == 0)
            {
                continue;
            }
            file.Database(database, server.KeyCount(database), server.Shards.Sum(shard => shard.Keyspaces[database].ExpiringCount));
            foreach (Shard shard in server.Shards)
            {
                foreach (nint address in shard.Keyspaces[database].Table)
                {
                    Entry entry = new(address);
                    long idleSeconds = policy.IsByRecency ? AccessClock.IdleSeconds(entry.Access, worker.NowUnixMs) : -1;
                    int frequency = policy.IsByFrequency ? AccessClock.Frequency(entry.Access, server.Config, worker.NowUnixMs) : -1;
                    file.Key(entry, shard.Arena, idleSeconds, frequency);
                    if (keyDelayMicroseconds > 0)
                    {
                        Thread.Sleep(TimeSpan.FromMicroseconds(keyDelayMicroseconds));
                    }
                }
            }
        }
        file.End(server.Config.ChecksRdb.IsSet);
    }
}
