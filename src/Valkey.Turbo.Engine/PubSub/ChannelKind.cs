namespace Valkey.Turbo.Engine.PubSub;

/// <summary>What a client can subscribe to.</summary>
public enum ChannelKind
{
    /// <summary>A channel, by name.</summary>
    Channel,
    /// <summary>All channels whose names match a pattern.</summary>
    Pattern,
    /// <summary>A channel that belongs to a hash slot; patterns don't see it.</summary>
    Shard,
}
