using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine.PubSub;

/// <summary>The subscribers among one thread's clients. Used by that thread only.</summary>
public sealed class LocalSubscribers
{
    private readonly Dictionary<byte[], HashSet<Session>>[] _byName =
        [new(BytesComparer.Instance), new(BytesComparer.Instance), new(BytesComparer.Instance)];

    /// <summary>The patterns and who is subscribed to each.</summary>
    internal Dictionary<byte[], HashSet<Session>> Patterns => _byName[(int)ChannelKind.Pattern];

    internal void Add(ChannelKind kind, byte[] name, Session session) =>
        (CollectionsMarshal.GetValueRefOrAddDefault(_byName[(int)kind], name, out _) ??= []).Add(session);

    internal void Remove(ChannelKind kind, byte[] name, Session session)
    {
        if (_byName[(int)kind].TryGetValue(name, out HashSet<Session>? sessions) && sessions.Remove(session) && sessions.Count == 0)
        {
            _byName[(int)kind].Remove(name);
        }
    }

    /// <summary>Who is subscribed to a channel by its name, or null.</summary>
    internal HashSet<Session>? Of(ChannelKind kind, ReadOnlySpan<byte> name) =>
        _byName[(int)kind].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out HashSet<Session>? sessions) ? sessions : null;
}
