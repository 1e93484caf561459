using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands.Streams;

/// <summary>Hands entries to consumers of a group, and journals who has what.</summary>
internal static class GroupDelivery
{
    /// <summary>Replies entries that are new to a group, and notes them as pending unless <paramref name="noAck"/>.</summary>
    internal static void Deliver(
        CommandContext context, in KeyHandle key, ConsumerGroup group, Consumer consumer, ReadOnlySpan<byte> groupName, long limit, bool noAck)
    {
        StreamValue stream = key.Stream;
        group.LastId.TryNext(out StreamId start);
        long count = StreamReply.Count(stream, start, StreamId.Max, isReverse: false, limit);
        context.Reply.Array(count);
        StreamEnumerator entries = stream.Enumerate(start, StreamId.Max);
        while (count-- > 0 && entries.MoveNext())
        {
            StreamId id = entries.Id;
            Advance(stream, group, id);
            StreamReply.Entry(context, ref entries);
            if (noAck)
            {
                continue;
            }
            PendingEntry pending = NotePending(context, stream, group, consumer, id);
            consumer.ActiveAtUnixMs = context.NowUnixMs;
            JournalClaim(context, key, group, groupName, id, pending);
        }
        context.ChangedAside(key, KeyEvent.None, "");
        JournalPosition(context, key, group, groupName);
    }

    /// <summary>Replies entries that are pending for a consumer, anew.</summary>
    internal static void Repeat(CommandContext context, StreamValue stream, Consumer consumer, StreamId start, long limit)
    {
        IdMap pending = consumer.Pending(stream.Arena);
        long count = 0;
        StreamId from = start;
        for (; (limit == 0 || count < limit) && pending.TryCeiling(from, out StreamId id, out _); count++)
        {
            if (!id.TryNext(out from))
            {
                count++;
                break;
            }
        }
        context.Reply.Array(count);
        for (from = start; count > 0 && pending.TryCeiling(from, out StreamId id, out nint address); count--)
        {
            if (StreamReply.TryEntry(context, stream, id))
            {
                PendingEntry entry = new(address) { DeliveredAtUnixMs = context.NowUnixMs };
                entry.DeliveryCount++;
            }
            else
            {
                context.Reply.Array(2);
                StreamReply.Id(context, id);
                context.Reply.NullArray();
            }
            id.TryNext(out from);
        }
    }

    /// <summary>Journals that an entry is pending, as an XCLAIM that leads to the same state.</summary>
    internal static void JournalClaim(
        CommandContext context, in KeyHandle key, ConsumerGroup group, ReadOnlySpan<byte> groupName, StreamId id, PendingEntry pending)
    {
        if (!context.IsJournalling)
        {
            return;
        }
        context.Record(14).Add("XCLAIM"u8).Add(key.Name).Add(groupName).Add(pending.Consumer.Name).Add(0);
        StreamArguments.Append(context, id);
        context.Append("TIME"u8);
        context.Append(pending.DeliveredAtUnixMs);
        context.Append("RETRYCOUNT"u8);
        context.Append(pending.DeliveryCount);
        context.Append("FORCE"u8);
        context.Append("JUSTID"u8);
        context.Append("LASTID"u8);
        StreamArguments.Append(context, group.LastId);
        context.Journal(key);
    }

    /// <summary>Journals how far a group has read.</summary>
    internal static void JournalPosition(CommandContext context, in KeyHandle key, ConsumerGroup group, ReadOnlySpan<byte> groupName)
    {
        context.Record(7).Add("XGROUP"u8).Add("SETID"u8).Add(key.Name).Add(groupName);
        StreamArguments.Append(context, group.LastId);
        context.Append("ENTRIESREAD"u8);
        context.Append(group.EntriesRead);
        context.Journal(key);
    }

    private static void Advance(StreamValue stream, ConsumerGroup group, StreamId id)
    {
        if (group.EntriesRead != ConsumerGroup.Unknown && group.LastId >= stream.FirstId
            && !stream.HasDeletedIn(group.LastId, StreamId.Max))
        {
            group.EntriesRead++;
        }
        else if (stream.EntriesAdded > 0)
        {
            group.EntriesRead = stream.EstimateEntriesUpTo(id);
        }
        group.LastId = id;
    }

    private static PendingEntry NotePending(
        CommandContext context, StreamValue stream, ConsumerGroup group, Consumer consumer, StreamId id)
    {
        // After XGROUP SETID an entry may come a second time while it is still pending.
        IdMap pending = group.Pending(stream.Arena);
        bool isNewest = !pending.TryFloor(StreamId.Max, out StreamId newest, out _) || newest < id;
        if (isNewest || !pending.TryGet(id, out nint address))
        {
            return group.AddPending(stream.Arena, id, consumer, context.NowUnixMs, 1);
        }
        PendingEntry entry = new(address) { DeliveredAtUnixMs = context.NowUnixMs, DeliveryCount = 1 };
        ConsumerGroup.Assign(stream.Arena, id, entry, consumer);
        return entry;
    }
}
