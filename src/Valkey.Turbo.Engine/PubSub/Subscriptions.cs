using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine.PubSub;

/// <summary>What one session is subscribed to. Owned by the session's thread; others may read the counts.</summary>
public sealed class Subscriptions
{
    private readonly HashSet<byte[]>[] _names =
        [new(BytesComparer.Instance), new(BytesComparer.Instance), new(BytesComparer.Instance)];

    /// <summary>The names of one kind.</summary>
    public HashSet<byte[]> Of(ChannelKind kind) => _names[(int)kind];

    /// <summary>How many of one kind.</summary>
    public int Count(ChannelKind kind) => _names[(int)kind].Count;

    /// <summary>The count that replies about one kind give: channels and patterns count together.</summary>
    public int CountBeside(ChannelKind kind) =>
        kind == ChannelKind.Shard ? Count(kind) : Count(ChannelKind.Channel) + Count(ChannelKind.Pattern);

    /// <summary>All subscriptions.</summary>
    public int Total => Count(ChannelKind.Channel) + Count(ChannelKind.Pattern) + Count(ChannelKind.Shard);
}
