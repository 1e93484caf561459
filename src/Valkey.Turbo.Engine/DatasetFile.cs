using System.Globalization;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence.Files;
using Valkey.Turbo.Persistence.Rdb;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>All databases in an RDB file. The calling thread holds every shard, so that nothing changes meanwhile.</summary>
public sealed class DatasetFile : IRdbLoader
{
    private readonly Worker _worker;
    private readonly ServerInstance _server;
    private readonly RdbValueReader[] _readers;
    private readonly bool _replaces;
    private readonly bool _isAofBase;

    private DatasetFile(Worker worker, bool replaces, bool isAofBase)
    {
        _worker = worker;
        _server = worker.Server;
        _replaces = replaces;
        _isAofBase = isAofBase;
        _readers = [.. _server.Shards.Select(shard => new RdbValueReader(shard.Arena, _server.Config.Limits, worker.NowUnixMs, dropsExpiredFields: !isAofBase))];
    }

    /// <summary>Writes everything to a file, which is replaced as a whole.</summary>
    /// <exception cref="FileException">It could not be written.</exception>
    public static void Save(Worker worker, string path)
    {
        AtomicFile.Replace(worker.Server.Files, path, UnfinishedBeside(path), file => Write(worker, file, isAofBase: false));
        worker.Server.NoteSaved();
    }

    /// <summary>The file that takes a file's place when it is complete.</summary>
    public static string UnfinishedBeside(string path) => Path.Combine(
        Path.GetDirectoryName(path)!, string.Create(CultureInfo.InvariantCulture, $"temp-{Environment.ProcessId}.rdb"));

    /// <summary>Adds what a file holds, but for keys and fields that have expired.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="path">The file.</param>
    /// <param name="replaces">Whether keys that are there give way to the file's; otherwise they are an error.</param>
    /// <returns>Null, or why not all of the file was loaded.</returns>
    /// <exception cref="FileException">It could not be read.</exception>
    public static string? Load(Worker worker, string path, bool replaces)
    {
        using DurableFile file = DurableFile.Open(worker.Server.Files, path, FileUse.Read);
        return new DatasetFile(worker, replaces, isAofBase: false).Read(file);
    }

    /// <summary>
    /// Adds all that the base of a log holds. What has expired is added, too: the commands that follow in the log were run when it was there, and
    /// say themselves when it went.
    /// </summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="file">Stands at the beginning of the RDB part, and behind it afterwards.</param>
    /// <returns>Null, or why not all of it was loaded.</returns>
    /// <exception cref="FileException">It could not be read.</exception>
    public static string? LoadBase(Worker worker, Stream file) => new DatasetFile(worker, replaces: false, isAofBase: true).Read(file);

    private string? Read(Stream file)
    {
        ServerConfig config = _server.Config;
        return RdbFileReader.Load(file, this, config.ReadsForeignRdb, config.ChecksRdb.IsSet && !_server.SkipsChecksums);
    }

    /// <inheritdoc/>
    public RdbValueReader ReaderOf(ReadOnlySpan<byte> key) => _readers[_server.ShardOf(key)];

    /// <inheritdoc/>
    public string? Add(in RdbKey key, Entry entry)
    {
        if (key.Database >= _server.Shards[0].Keyspaces.Length)
        {
            return $"Database {key.Database} is more than the server is configured to handle";
        }
        Keyspace keyspace = _server.Shards[_server.ShardOf(key.Name)].Keyspaces[key.Database];
        bool isExpired = key.ExpiresAtUnixMs != ITableEntry.NoExpiry && key.ExpiresAtUnixMs <= _worker.NowUnixMs && !_isAofBase;
        bool hasNoFields = entry.Type == Structures.ValueType.Hash && RdbValueReader.IsEmptyHash(entry, keyspace.Shard.Arena);
        if (isExpired || hasNoFields)
        {
            keyspace.Discard(entry);
            return null;
        }
        ulong hash = KeyHash.Of(key.Name);
        // Also one that has expired: whether clients see it is not the file's concern.
        TablePosition position = keyspace.Table.Find(key.Name, hash);
        if (!position.IsNone && !_replaces)
        {
            return "A key is in the file twice, or there already";
        }
        entry.Access = AccessClock.Restored(_worker, key.IdleSeconds, key.Frequency);
        keyspace.Attach(_worker, position, entry, hash);
        return null;
    }

    /// <summary>Writes everything to a stream.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="target">The stream.</param>
    /// <param name="isAofBase">Whether an append-only log goes on from it.</param>
    internal static void Write(Worker worker, Stream target, bool isAofBase)
    {
        RdbFileWriter file = new(target);
        ServerInstance server = worker.Server;
        Eviction.EvictionPolicy policy = server.Config.Eviction;
        file.Begin(VersionInfo.Valkey, worker.NowUnixMs / 1000, server.UsedBytes, isAofBase);
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
                }
            }
        }
        file.End(server.Config.ChecksRdb.IsSet);
    }
}
