using Valkey.Turbo.Engine.PubSub;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine.Tracking;

/// <summary>
/// The message that some keys are no longer what clients know, shared by all that it goes to. In RESP3 a push
/// <c>[invalidate, keys]</c>; to a client in RESP2 that others redirect to, and that is a subscriber, a message on the
/// channel <c>__redis__:invalidate</c>.
/// </summary>
internal sealed class Invalidation
{
    private readonly SharedMessage _push;
    private readonly SharedMessage _message;

    private Invalidation(CommandText text, ReadOnlySpan<byte> resp2Keys, ReadOnlySpan<byte> resp3Keys)
    {
        _push = SharedMessage.Of(text.BeginAggregate((byte)'>', 2).Add("invalidate"u8).AddRaw(resp3Keys).Bytes);
        _message = SharedMessage.Of(
            text.BeginAggregate((byte)'*', 3).Add("message"u8).Add("__redis__:invalidate"u8).AddRaw(resp2Keys).Bytes);
    }

    /// <summary>About one key.</summary>
    internal static Invalidation OfKey(Worker worker, ReadOnlySpan<byte> key)
    {
        return Of(worker, worker.Text.BeginAggregate((byte)'*', 1).Add(key).Bytes);
    }

    /// <summary>About several keys.</summary>
    internal static Invalidation OfKeys(Worker worker, List<byte[]> keys)
    {
        CommandText text = worker.Text.BeginAggregate((byte)'*', keys.Count);
        foreach (byte[] key in keys)
        {
            text.Add(key);
        }
        return Of(worker, text.Bytes);
    }

    private static Invalidation Of(Worker worker, ReadOnlySpan<byte> keys)
    {
        // The messages are put together where the keys were.
        using Scratch<byte> scratch = new();
        scratch.Items.AddRange(keys);
        return new Invalidation(worker.Text, scratch.Items.Span, scratch.Items.Span);
    }

    /// <summary>About all keys.</summary>
    internal static Invalidation OfEverything(Worker worker) => new(worker.Text, "$-1\r\n"u8, "_\r\n"u8);

    /// <summary>Sends it to a client's thread.</summary>
    internal void Post(Worker sender, ClientTracking target)
    {
        AddOwner();
        sender.Server.Workers[target.Thread].Post(new ToTracker(this, target), sender);
    }

    internal void Release()
    {
        _push.Release();
        _message.Release();
    }

    private void AddOwner()
    {
        _push.AddOwner();
        _message.AddOwner();
    }

    private void Send(Session session, bool isRedirected)
    {
        if (session.ProtocolVersion == 3)
        {
            session.Transport.Send(_push);
        }
        else if (isRedirected && session.Subscriptions is { Total: > 0 })
        {
            session.Transport.Send(_message);
        }
    }

    /// <summary>On its way to the client that tracks, who may redirect it.</summary>
    private sealed class ToTracker(Invalidation message, ClientTracking target) : Delivery
    {
        public override void Deliver(Worker worker)
        {
            if (target is { IsOn: true, Session: Session session })
            {
                Deliver(worker, session);
            }
            message.Release();
        }

        private void Deliver(Worker worker, Session session)
        {
            if (target.RedirectId == 0)
            {
                message.Send(session, isRedirected: false);
            }
            else if (worker.Server.Clients.TryGetValue(target.RedirectId, out Session? other))
            {
                message.AddOwner();
                worker.Server.Workers[other.Thread].Post(new ToRedirected(message, other), worker);
            }
            else
            {
                target.IsRedirectBroken = true;
                TellBroken(worker, session);
            }
        }

        private void TellBroken(Worker worker, Session session)
        {
            if (session.ProtocolVersion == 3)
            {
                SharedMessage broken = SharedMessage.Of(
                    worker.Text.BeginAggregate((byte)'>', 2).Add("tracking-redir-broken"u8).AddInteger(target.RedirectId).Bytes);
                session.Transport.Send(broken);
                broken.Release();
            }
        }
    }

    /// <summary>On its way to the client that another redirects to.</summary>
    private sealed class ToRedirected(Invalidation message, Session session) : Delivery
    {
        public override void Deliver(Worker worker)
        {
            message.Send(session, isRedirected: true);
            message.Release();
        }
    }
}
