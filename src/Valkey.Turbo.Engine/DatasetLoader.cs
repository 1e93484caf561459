using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence.Rdb;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>Brings the content of an RDB file into the databases, and tells the server's log about it.</summary>
internal sealed class DatasetLoader : IRdbLoader
{
    private const int SkippedKeysNamed = 10;
    private readonly Worker _worker;
    private readonly ServerInstance _server;
    private readonly RdbValueReader[] _readers;
    private readonly DatasetFile.LoadOptions _options;
    private int _emptyKeys;
    private int _hashesOfExpired;

    internal DatasetLoader(Worker worker, DatasetFile.LoadOptions options)
    {
        _worker = worker;
        _server = worker.Server;
        _options = options;
        _readers = [.. _server.Shards.Select(shard =>
            new RdbValueReader(shard.Arena, _server.Config.Limits, worker.NowUnixMs, dropsExpiredFields: !options.KeepsExpired))];
    }

    /// <inheritdoc/>
    public void Begin() => _options.WhenAccepted?.Invoke();

    /// <inheritdoc/>
    public string? Note(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        string text = Readable(value);
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long number);
        string? line = Readable(name).ToLowerInvariant() switch
        {
            ['%', ..] => $"RDB '{Readable(name)}': {text}",
            "redis-ver" => $"Loading RDB produced by Redis version {text}",
            "valkey-ver" => $"Loading RDB produced by Valkey version {text}",
            "ctime" => string.Create(CultureInfo.InvariantCulture, $"RDB age {Math.Max(0, _worker.NowUnixMs / 1000 - number)} seconds"),
            "used-mem" => string.Create(CultureInfo.InvariantCulture, $"RDB memory usage when created {number / 1048576.0:F2} Mb"),
            "aof-preamble" when number != 0 => "RDB has an AOF tail",
            "aof-base" when number != 0 => "RDB is base AOF",
            _ => null,
        };
        if (line is not null)
        {
            _server.LogNotice?.Invoke(line);
        }
        return null;
    }

    /// <inheritdoc/>
    public string? Database(ulong number)
    {
        int count = _server.Shards[0].Keyspaces.Length;
        return number < (ulong)count
            ? null
            : $"FATAL: Data file was created with a Valkey server configured to handle more than {count} databases.";
    }

    /// <inheritdoc/>
    public string? AddLibrary(ReadOnlySpan<byte> code) =>
        _server.Functions.Add(code, _options.Replaces) is string problem ? $"Failed loading library, {problem}" : null;

    /// <inheritdoc/>
    public RdbValueReader ReaderOf(ReadOnlySpan<byte> key) => _readers[_server.ShardOf(key)];

    /// <inheritdoc/>
    public string? Add(in RdbKey key, Entry entry)
    {
        Keyspace keyspace = _server.Shards[_server.ShardOf(key.Name)].Keyspaces[key.Database];
        if (!_options.KeepsExpired && new ExpiryClock(_worker.NowUnixMs).IsOver(key.ExpiresAtUnixMs))
        {
            keyspace.Discard(entry);
            _server.LastLoad.KeysExpired++;
            return null;
        }
        ulong hash = KeyHash.Of(key.Name);
        // Also one that has expired: whether clients see it is not the file's concern.
        TablePosition position = keyspace.Table.Find(key.Name, hash);
        if (!position.IsNone && !_options.Replaces)
        {
            return $"RDB has duplicated key '{Readable(key.Name)}' in DB {key.Database}";
        }
        entry.Access = AccessClock.Restored(_worker, key.IdleSeconds, key.Frequency);
        keyspace.Attach(_worker, position, entry, hash);
        _server.LastLoad.KeysLoaded++;
        return null;
    }

    /// <inheritdoc/>
    public void Skip(in RdbKey key, RdbOutcome why)
    {
        if (why == RdbOutcome.AllFieldsExpired)
        {
            _hashesOfExpired++;
        }
        else if (_emptyKeys++ < SkippedKeysNamed)
        {
            _server.LogNotice?.Invoke($"rdbLoadObject skipping empty key: {Readable(key.Name)}");
        }
    }

    /// <inheritdoc/>
    public void End(bool hasChecksum)
    {
        if (!hasChecksum)
        {
            _server.LogNotice?.Invoke("RDB file was saved with checksum disabled: no check performed.");
        }
        string empty = _emptyKeys > 0 ? string.Create(CultureInfo.InvariantCulture, $" empty keys skipped: {_emptyKeys},") : "";
        _server.LogNotice?.Invoke(string.Create(CultureInfo.InvariantCulture, $"Done loading RDB, keys loaded: {_server.LastLoad.KeysLoaded}, "
            + $"keys expired: {_server.LastLoad.KeysExpired},{empty} all fields expired hashes: {_hashesOfExpired}."));
    }

    /// <summary>Bytes of the file as one line of text.</summary>
    private static string Readable(ReadOnlySpan<byte> bytes)
    {
        const int longest = 256;
        string text = Encoding.UTF8.GetString(bytes[..Math.Min(bytes.Length, longest)]);
        return text.Any(char.IsControl) ? string.Concat(text.Select(letter => char.IsControl(letter) ? '?' : letter)) : text;
    }
}
