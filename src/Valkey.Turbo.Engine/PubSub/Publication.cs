using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine.PubSub;

/// <summary>
/// A published message on its way to every thread that has subscribers. The channel and the payload are encoded once and
/// shared by all receivers; only what stands before them differs.
/// </summary>
/// <remarks>
/// On the wire: <c>[message, channel, payload]</c>, <c>[smessage, channel, payload]</c> or
/// <c>[pmessage, pattern, channel, payload]</c>, an array in RESP2 and a push in RESP3.
/// </remarks>
internal sealed class Publication(ChannelKind kind, byte[] channel, SharedMessage body) : Delivery
{
    // Up to here a message is put together once a thread; beyond, every receiver gets a head of its own and the shared body.
    private const int LargestWholeBytes = 2 << 10;

    /// <summary>The channel and the payload as two bulk strings.</summary>
    internal static SharedMessage Encode(CommandText text, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload) =>
        SharedMessage.Of(text.BeginWords().Add(channel).Add(payload).Bytes);

    public override void Deliver(Worker worker)
    {
        LocalSubscribers local = worker.Subscribers;
        if (local.Of(kind, channel) is { } subscribers)
        {
            Send(worker, subscribers, kind == ChannelKind.Shard ? "smessage"u8 : "message"u8, null);
        }
        if (kind == ChannelKind.Channel)
        {
            foreach ((byte[] pattern, HashSet<Session> listeners) in local.Patterns)
            {
                if (GlobPattern.IsMatch(pattern, channel))
                {
                    Send(worker, listeners, "pmessage"u8, pattern);
                }
            }
        }
        body.Release();
    }

    private void Send(Worker worker, HashSet<Session> sessions, ReadOnlySpan<byte> word, byte[]? pattern)
    {
        SharedMessage? resp2 = null, resp3 = null;
        bool isWhole = body.Length <= LargestWholeBytes;
        foreach (Session session in sessions)
        {
            ref SharedMessage? message = ref session.ProtocolVersion == 3 ? ref resp3 : ref resp2;
            message ??= Head(worker.Text, session.ProtocolVersion == 3 ? (byte)'>' : (byte)'*', word, pattern, isWhole);
            session.Transport.Send(message);
            if (!isWhole)
            {
                session.Transport.Send(body);
            }
        }
        resp2?.Release();
        resp3?.Release();
    }

    private SharedMessage Head(CommandText text, byte kindByte, ReadOnlySpan<byte> word, byte[]? pattern, bool isWhole)
    {
        text.BeginAggregate(kindByte, pattern is null ? 3 : 4).Add(word);
        if (pattern is not null)
        {
            text.Add(pattern);
        }
        if (isWhole)
        {
            text.AddRaw(body.Span);
        }
        return SharedMessage.Of(text.Bytes);
    }
}
