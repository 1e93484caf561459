using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands;

/// <summary>A key of the running command: where it lives, and its entry if there is one.</summary>
public ref struct KeyHandle
{
    internal TablePosition Position;

    /// <summary>The key.</summary>
    public ReadOnlySpan<byte> Name { get; init; }

    /// <summary>Its hash.</summary>
    public ulong Hash { get; init; }

    /// <summary>The keyspace that holds it or would.</summary>
    public Keyspace Keyspace { get; init; }

    /// <summary>Whether the key exists.</summary>
    public readonly bool Exists => !Position.IsNone;

    /// <summary>The entry, if the key exists.</summary>
    public readonly Entry Entry => new(Position.Entry);

    /// <summary>The list, if the key holds one.</summary>
    public readonly ListValue List => new(Entry, Keyspace.Shard.Arena);

    /// <summary>The stream, if the key holds one.</summary>
    public readonly StreamValue Stream => new(Entry, Keyspace.Shard.Arena);

    /// <summary>The set, if the key holds one.</summary>
    public readonly SetValue Set => new(Entry, Keyspace.Shard.Arena);

    /// <summary>The sorted set, if the key holds one.</summary>
    public readonly SortedSetValue SortedSet => new(Entry, Keyspace.Shard.Arena);

    /// <summary>When the key expires, or <see cref="ITableEntry.NoExpiry"/>.</summary>
    public readonly long ExpiresAtUnixMs => Exists ? Entry.ExpiresAtUnixMs : ITableEntry.NoExpiry;
}
