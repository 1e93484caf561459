namespace Valkey.Turbo.Engine;

/// <summary>What became of the keys of the RDB file, or of the log's base, that was loaded last; for INFO. Written under all shards.</summary>
public sealed class LoadCounts
{
    /// <summary>Keys that were taken over.</summary>
    public long KeysLoaded { get; internal set; }

    /// <summary>Keys that were left out because they had expired.</summary>
    public long KeysExpired { get; internal set; }

    /// <summary>Begins to count for another load.</summary>
    public void Begin() => (KeysLoaded, KeysExpired) = (0, 0);
}
