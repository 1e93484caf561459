using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine.PubSub;

/// <summary>
/// Which threads have subscribers to which channels. A message goes to each of them once; who gets it there, that thread
/// knows (<see cref="LocalSubscribers"/>).
/// </summary>
/// <remarks>
/// Channels are cut into stripes. A publisher holds the stripe of its channel while it hands the message to the threads, for
/// well under a microsecond: so all subscribers of a channel see its messages in one order.
/// </remarks>
public sealed class ChannelTable
{
    private const int StripeCount = 64;
    private readonly ServerInstance _server;
    private readonly Stripe[] _stripes = new Stripe[StripeCount];
    private readonly Lock _patternLock = new();
    private PatternCount[] _patterns = [];
    private int _subscriberCount;

    private sealed class Stripe
    {
        internal readonly Lock Lock = new();

        /// <summary>Subscribers on each thread, for channels and for shard channels.</summary>
        internal readonly Dictionary<byte[], int[]>[] Counts = [new(BytesComparer.Instance), new(BytesComparer.Instance)];
    }

    /// <summary>A pattern and its subscribers on each thread.</summary>
    private sealed record PatternCount(byte[] Pattern, int[] Counts);

    internal ChannelTable(ServerInstance server)
    {
        _server = server;
        for (int i = 0; i < StripeCount; i++)
        {
            _stripes[i] = new Stripe();
        }
    }

    /// <summary>Whether anyone is subscribed to anything: a message nobody can get need not be put together.</summary>
    public bool HasSubscribers => Volatile.Read(ref _subscriberCount) > 0;

    /// <summary>How many different patterns have subscribers.</summary>
    public int PatternTotal => Volatile.Read(ref _patterns).Length;

    /// <summary>Subscribes a session of <paramref name="worker"/>'s thread. False if it was subscribed.</summary>
    public bool Subscribe(Worker worker, Session session, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        Subscriptions subscriptions = session.Subscriptions ??= new Subscriptions();
        byte[] copy = name.ToArray();
        if (!subscriptions.Of(kind).Add(copy))
        {
            return false;
        }
        // What was published before is not for this session.
        worker.DeliverAll();
        session.CountName(copy.Length);
        worker.Subscribers.Add(kind, copy, session);
        Interlocked.Increment(ref _subscriberCount);
        Count(kind, copy, worker.Thread, 1);
        return true;
    }

    /// <summary>Ends a subscription. False if there was none.</summary>
    public bool Unsubscribe(Worker worker, Session session, ChannelKind kind, ReadOnlySpan<byte> name)
    {
        byte[] copy = name.ToArray();
        if (session.Subscriptions?.Of(kind).Remove(copy) != true)
        {
            return false;
        }
        session.DiscountName(copy.Length);
        worker.Subscribers.Remove(kind, copy, session);
        Interlocked.Decrement(ref _subscriberCount);
        Count(kind, copy, worker.Thread, -1);
        return true;
    }

    /// <summary>Ends all subscriptions of a session that goes or resets.</summary>
    public void UnsubscribeAll(Worker worker, Session session)
    {
        for (ChannelKind kind = ChannelKind.Channel; session.Subscriptions is not null && kind <= ChannelKind.Shard; kind++)
        {
            foreach (byte[] name in session.Subscriptions.Of(kind).ToArray())
            {
                Unsubscribe(worker, session, kind, name);
            }
        }
    }

    /// <summary>Sends a message to all subscribers and returns how many there are.</summary>
    public int Publish(Worker publisher, ChannelKind kind, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload)
    {
        if (!HasSubscribers)
        {
            return 0;
        }
        Span<PatternCount> matching = default;
        PatternCount[] patterns = Volatile.Read(ref _patterns);
        if (kind == ChannelKind.Channel && patterns.Length > 0)
        {
            List<PatternCount> found = [];
            foreach (PatternCount pattern in patterns)
            {
                if (GlobPattern.IsMatch(pattern.Pattern, channel))
                {
                    found.Add(pattern);
                }
            }
            matching = CollectionsMarshal.AsSpan(found);
        }
        Stripe stripe = StripeOf(channel);
        lock (stripe.Lock)
        {
            stripe.Counts[IndexOf(kind)].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(channel, out int[]? direct);
            return direct is null && matching.IsEmpty ? 0 : Post(publisher, kind, channel, payload, direct, matching);
        }
    }

    /// <summary>Channels of a kind that have subscribers and match a pattern.</summary>
    public List<byte[]> Active(ChannelKind kind, ReadOnlySpan<byte> pattern)
    {
        List<byte[]> active = [];
        foreach (Stripe stripe in _stripes)
        {
            lock (stripe.Lock)
            {
                foreach (byte[] name in stripe.Counts[IndexOf(kind)].Keys)
                {
                    if (GlobPattern.IsMatch(pattern, name))
                    {
                        active.Add(name);
                    }
                }
            }
        }
        return active;
    }

    /// <summary>How many channels have subscribers.</summary>
    public int ActiveCount(ChannelKind kind)
    {
        int count = 0;
        foreach (Stripe stripe in _stripes)
        {
            lock (stripe.Lock)
            {
                count += stripe.Counts[IndexOf(kind)].Count;
            }
        }
        return count;
    }

    /// <summary>How many sessions are subscribed to a channel by its name.</summary>
    public int SubscriberCount(ChannelKind kind, ReadOnlySpan<byte> channel)
    {
        Stripe stripe = StripeOf(channel);
        lock (stripe.Lock)
        {
            stripe.Counts[IndexOf(kind)].GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(channel, out int[]? counts);
            return counts?.Sum() ?? 0;
        }
    }

    private int Post(
        Worker publisher, ChannelKind kind, ReadOnlySpan<byte> channel, ReadOnlySpan<byte> payload, int[]? direct, ReadOnlySpan<PatternCount> matching)
    {
        int receivers = 0;
        Publication? publication = null;
        for (int thread = 0; thread < _server.Workers.Length; thread++)
        {
            int here = direct?[thread] ?? 0;
            foreach (PatternCount pattern in matching)
            {
                here += Volatile.Read(ref pattern.Counts[thread]);
            }
            if (here == 0)
            {
                continue;
            }
            receivers += here;
            publication ??= new Publication(kind, publisher.Text, channel, payload);
            publication.AddOwner();
            _server.Workers[thread].Post(publication, publisher);
        }
        publication?.Release();
        return receivers;
    }

    private void Count(ChannelKind kind, byte[] name, int thread, int change)
    {
        if (kind == ChannelKind.Pattern)
        {
            CountPattern(name, thread, change);
            return;
        }
        Stripe stripe = StripeOf(name);
        lock (stripe.Lock)
        {
            ref int[]? counts = ref CollectionsMarshal.GetValueRefOrAddDefault(stripe.Counts[IndexOf(kind)], name, out _);
            counts ??= new int[_server.Workers.Length];
            counts[thread] += change;
            if (change < 0 && counts.All(count => count == 0))
            {
                stripe.Counts[IndexOf(kind)].Remove(name);
            }
        }
    }

    private void CountPattern(byte[] name, int thread, int change)
    {
        lock (_patternLock)
        {
            int index = Array.FindIndex(_patterns, known => BytesComparer.Instance.Equals(known.Pattern, name));
            PatternCount pattern = index >= 0 ? _patterns[index] : new PatternCount(name, new int[_server.Workers.Length]);
            Volatile.Write(ref pattern.Counts[thread], pattern.Counts[thread] + change);
            if (index < 0)
            {
                Volatile.Write(ref _patterns, [.. _patterns, pattern]);
            }
            else if (pattern.Counts.All(count => count == 0))
            {
                Volatile.Write(ref _patterns, [.. _patterns.Where(other => other != pattern)]);
            }
        }
    }

    private static int IndexOf(ChannelKind kind) => kind == ChannelKind.Shard ? 1 : 0;

    private Stripe StripeOf(ReadOnlySpan<byte> channel) => _stripes[(int)(KeyHash.Of(channel) % StripeCount)];
}
