using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine.PubSub;

/// <summary>
/// A published message on its way to every thread that has subscribers. The channel and the payload are encoded once. A small
/// message is put together once a thread and copied to its receivers; of a large one every receiver gets a head of its own and
/// the one body, which all of them share.
/// </summary>
/// <remarks>
/// On the wire: <c>[message, channel, payload]</c>, <c>[smessage, channel, payload]</c> or
/// <c>[pmessage, pattern, channel, payload]</c>, an array in RESP2 and a push in RESP3.
/// </remarks>
internal sealed class Publication : Delivery
{
    // What may stand before the body of a small message.
    private const int LargestHeadBytes = 512;
    private readonly ChannelKind _kind;
    private readonly byte[] _small = [];
    private readonly SharedMessage? _large;
    private readonly int _channelOffset;
    private readonly int _channelLength;

    /// <summary>Encodes a message; the caller is the owner of a large body.</summary>
    internal Publication(ChannelKind kind, CommandText text, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload)
    {
        _kind = kind;
        _channelLength = channel.Length;
        // The channel stands behind its own header.
        _channelOffset = text.BeginWords().Add(channel).Bytes.Length - channel.Length - 2;
        ReadOnlySpan<byte> body = text.Add(payload).Bytes;
        if (body.Length <= OutputQueue.LargestCopiedBytes - LargestHeadBytes)
        {
            _small = body.ToArray();
        }
        else
        {
            _large = SharedMessage.Of(body);
        }
    }

    private ReadOnlySpan<byte> Body => _large is null ? _small : _large.Span;

    /// <summary>To be called before each post.</summary>
    internal void AddOwner() => _large?.AddOwner();

    /// <summary>To be called by the maker when all posts are done.</summary>
    internal void Release() => _large?.Release();

    public override void Deliver(Worker worker)
    {
        LocalSubscribers local = worker.Subscribers;
        ReadOnlySpan<byte> channel = Body.Slice(_channelOffset, _channelLength);
        if (local.Of(_kind, channel) is { } subscribers)
        {
            Send(worker, subscribers, _kind == ChannelKind.Shard ? "smessage"u8 : "message"u8, null);
        }
        if (_kind == ChannelKind.Channel)
        {
            foreach ((byte[] pattern, HashSet<Session> listeners) in local.Patterns)
            {
                if (GlobPattern.IsMatch(pattern, channel))
                {
                    Send(worker, listeners, "pmessage"u8, pattern);
                }
            }
        }
        Release();
    }

    private void Send(Worker worker, HashSet<Session> sessions, ReadOnlySpan<byte> word, byte[]? pattern)
    {
        bool isSmall = _large is null && (pattern?.Length ?? 0) < LargestHeadBytes / 2;
        Span<byte> resp2 = stackalloc byte[isSmall ? OutputQueue.LargestCopiedBytes : 0];
        Span<byte> resp3 = stackalloc byte[isSmall ? OutputQueue.LargestCopiedBytes : 0];
        int length2 = 0, length3 = 0;
        SharedMessage? head2 = null, head3 = null;
        foreach (Session session in sessions)
        {
            bool isResp3 = session.ProtocolVersion == 3;
            byte lead = isResp3 ? (byte)'>' : (byte)'*';
            if (isSmall)
            {
                ref int length = ref isResp3 ? ref length3 : ref length2;
                Span<byte> message = isResp3 ? resp3 : resp2;
                length = length > 0 ? length : Copy(Head(worker.Text, lead, word, pattern).AddRaw(Body).Bytes, message);
                session.Transport.Send(message[..length]);
                continue;
            }
            ref SharedMessage? head = ref isResp3 ? ref head3 : ref head2;
            head ??= SharedMessage.Of(Head(worker.Text, lead, word, pattern).Bytes);
            session.Transport.Send(head);
            SendBody(session);
        }
        head2?.Release();
        head3?.Release();
    }

    private void SendBody(Session session)
    {
        if (_large is null)
        {
            session.Transport.Send(_small);
        }
        else
        {
            session.Transport.Send(_large);
        }
    }

    private static int Copy(ReadOnlySpan<byte> bytes, Span<byte> target)
    {
        bytes.CopyTo(target);
        return bytes.Length;
    }

    private static CommandText Head(CommandText text, byte lead, ReadOnlySpan<byte> word, byte[]? pattern)
    {
        text.BeginAggregate(lead, pattern is null ? 3 : 4).Add(word);
        return pattern is null ? text : text.Add(pattern);
    }
}
