using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Streams;

/// <summary>Entries that consumers have not acknowledged: listed by XPENDING, handed on by XCLAIM and XAUTOCLAIM.</summary>
internal static class PendingCommands
{
    private const int DefaultClaimCount = 100;
    private const int AttemptsPerEntry = 10;
    private const long LargestClaimCount = long.MaxValue / 16;

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("xpending", -3, ReadOnly, "stream", "5.0.0", "O(N) where N is the number of entries returned.",
            "Lists what consumers of a group have not acknowledged.", Pending, KeySpec.One(KeyFlags.RO | KeyFlags.Access),
            "key:key group:string [filters={[min-idle-time:integer@IDLE^6.2.0] start:string end:string count:integer [consumer:string]}]",
            tips: "nondeterministic_output"),
        CommandSpec.Define("xclaim", -6, CommandFlags.Write | Fast, "stream", "5.0.0", "O(log N) where N is the number of pending entries.",
            "Hands pending entries to a consumer.", Claim, KeySpec.One(KeyFlags.RW | KeyFlags.Update),
            "key:key group:string consumer:string min-idle-time:string id:string... [ms:integer@IDLE] "
            + "[unix-time-milliseconds:unix-time@TIME] [count:integer@RETRYCOUNT] [force:FORCE] [justid:JUSTID] [lastid:string@LASTID]",
            tips: "nondeterministic_output"),
        CommandSpec.Define("xautoclaim", -6, CommandFlags.Write | Fast, "stream", "6.2.0", "O(1) if COUNT is small.",
            "Hands pending entries that were idle for long to a consumer.", AutoClaim, KeySpec.One(KeyFlags.RW | KeyFlags.Delete),
            "key:key group:string consumer:string min-idle-time:string start:string [count:integer@COUNT] [justid:JUSTID]",
            tips: "nondeterministic_output"),
    ];

    private static bool TryGroup(CommandContext context, out KeyHandle key, out ConsumerGroup group)
    {
        group = default;
        bool exists = context.TryRead(1, ValueType.Stream, out key, out bool isRefused);
        if (isRefused)
        {
            return false;
        }
        if (exists && key.Stream.TryGroup(context.Argument(2), out group))
        {
            return true;
        }
        context.Reply.Error($"NOGROUP No such key '{context.Shown(1)}' or consumer group '{context.Shown(2)}'");
        return false;
    }

    private static void Pending(CommandContext context)
    {
        if (context.ArgumentCount == 3)
        {
            if (TryGroup(context, out KeyHandle single, out ConsumerGroup all))
            {
                Summarize(context, single.Stream, all);
            }
            return;
        }
        if (context.ArgumentCount is < 6 or > 9)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        int at = 3;
        long minIdleMs = 0;
        if (context.Is(3, "IDLE"))
        {
            if (!context.TryInteger(4, out minIdleMs))
            {
                return;
            }
            if (context.ArgumentCount < 8)
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
            at = 5;
        }
        if (!context.TryInteger(at + 2, out long count) || !StreamArguments.TryBound(context, at, isStart: true, out StreamId start)
            || !StreamArguments.TryBound(context, at + 1, isStart: false, out StreamId end)
            || !TryGroup(context, out KeyHandle key, out ConsumerGroup group))
        {
            return;
        }
        IdMap pending = group.Pending(key.Stream.Arena);
        if (at + 3 < context.ArgumentCount)
        {
            if (!group.TryConsumer(key.Stream.Arena, context.Argument(at + 3), out Consumer consumer))
            {
                context.Reply.Array(0);
                return;
            }
            pending = consumer.Pending(key.Stream.Arena);
        }
        ReplyPending(context, pending, start, end, count, minIdleMs);
    }

    private static void ReplyPending(CommandContext context, IdMap pending, StreamId start, StreamId end, long count, long minIdleMs)
    {
        using Scratch<(StreamId Id, nint Entry)> scratch = new();
        NativeList<(StreamId Id, nint Entry)> found = scratch.Items;
        while (found.Count < count && start <= end && pending.TryCeiling(start, out StreamId id, out nint address) && id <= end)
        {
            if (context.NowUnixMs - new PendingEntry(address).DeliveredAtUnixMs >= minIdleMs || minIdleMs == 0)
            {
                found.Add((id, address));
            }
            if (!id.TryNext(out start))
            {
                break;
            }
        }
        context.Reply.Array(found.Count);
        foreach ((StreamId id, nint address) in found)
        {
            PendingEntry entry = new(address);
            context.Reply.Array(4);
            StreamReply.Id(context, id);
            context.Reply.Bulk(entry.Consumer.Name);
            context.Reply.Integer(Math.Max(0, context.NowUnixMs - entry.DeliveredAtUnixMs));
            context.Reply.Integer(entry.DeliveryCount);
        }
    }

    private static void Summarize(CommandContext context, StreamValue stream, ConsumerGroup group)
    {
        IdMap pending = group.Pending(stream.Arena);
        context.Reply.Array(4);
        context.Reply.Integer(pending.Count);
        if (!pending.TryCeiling(StreamId.Min, out StreamId first, out _))
        {
            context.Reply.Null();
            context.Reply.Null();
            context.Reply.NullArray();
            return;
        }
        pending.TryFloor(StreamId.Max, out StreamId last, out _);
        StreamReply.Id(context, first);
        StreamReply.Id(context, last);
        using Scratch<nint> scratch = new();
        NativeList<nint> consumers = scratch.Items;
        StreamInfoCommand.InOrder(group.Consumers(stream.Arena), consumers);
        int owing = 0;
        foreach (nint address in consumers)
        {
            owing += new Consumer(address).Pending(stream.Arena).Count > 0 ? 1 : 0;
        }
        context.Reply.Array(owing);
        foreach (nint address in consumers)
        {
            Consumer consumer = new(address);
            if (consumer.Pending(stream.Arena).Count > 0)
            {
                context.Reply.Array(2);
                context.Reply.Bulk(consumer.Name);
                context.Reply.BulkInteger(consumer.Pending(stream.Arena).Count);
            }
        }
    }

    /// <summary>The options behind the IDs of an XCLAIM.</summary>
    private struct ClaimOptions
    {
        internal int IdEnd;
        internal long DeliveredAtUnixMs;
        internal long RetryCount;
        internal bool Forces;
        internal bool JustIds;
        internal StreamId LastId;
    }

    private static void Claim(CommandContext context)
    {
        if (!TryGroup(context, out KeyHandle key, out ConsumerGroup group)
            || !context.TryInteger(4, out long minIdleMs, "ERR Invalid min-idle-time argument for XCLAIM")
            || !TryClaimOptions(context, out ClaimOptions options))
        {
            return;
        }
        context.BeginChange(key);
        bool isAhead = options.LastId > group.LastId;
        group.LastId = isAhead ? options.LastId : group.LastId;
        Consumer consumer = FindOrAdd(context, key, group);
        StreamValue stream = key.Stream;
        using Scratch<StreamId> scratch = new();
        NativeList<StreamId> claimed = scratch.Items;
        for (int i = 5; i < options.IdEnd; i++)
        {
            StreamArguments.TryParse(context.Argument(i), 0, allowsStar: false, out StreamId id, out _);
            if (TryClaim(context, key, group, consumer, id, Math.Max(0, minIdleMs), options))
            {
                claimed.Add(id);
            }
        }
        if (claimed.Count > 0 || isAhead)
        {
            context.ChangedAside(key, KeyEvent.None, "");
        }
        if (claimed.Count == 0 && isAhead)
        {
            GroupDelivery.JournalPosition(context, key, group, context.Argument(2));
        }
        ReplyClaimed(context, stream, claimed, options.JustIds);
    }

    private static void ReplyClaimed(CommandContext context, StreamValue stream, NativeList<StreamId> claimed, bool justIds)
    {
        context.Reply.Array(claimed.Count);
        foreach (StreamId id in claimed)
        {
            if (justIds)
            {
                StreamReply.Id(context, id);
            }
            else
            {
                StreamReply.TryEntry(context, stream, id);
            }
        }
    }

    private static bool TryClaim(
        CommandContext context, in KeyHandle key, ConsumerGroup group, Consumer consumer, StreamId id, long minIdleMs, in ClaimOptions options)
    {
        StreamValue stream = key.Stream;
        bool isPending = group.Pending(stream.Arena).TryGet(id, out nint address);
        if (!stream.Contains(id))
        {
            if (isPending)
            {
                GroupDelivery.JournalClaim(context, key, group, context.Argument(2), id, new PendingEntry(address));
                group.RemovePending(stream.Arena, id);
                context.ChangedAside(key, KeyEvent.None, "");
            }
            return false;
        }
        if (!isPending && !options.Forces)
        {
            return false;
        }
        PendingEntry entry = isPending
            ? new PendingEntry(address)
            : group.AddPending(stream.Arena, id, consumer, options.DeliveredAtUnixMs, 0);
        if (isPending && minIdleMs > 0 && context.NowUnixMs - entry.DeliveredAtUnixMs < minIdleMs)
        {
            return false;
        }
        ConsumerGroup.Assign(stream.Arena, id, entry, consumer);
        entry.DeliveredAtUnixMs = options.DeliveredAtUnixMs;
        entry.DeliveryCount = options.RetryCount >= 0 ? options.RetryCount : entry.DeliveryCount + (options.JustIds ? 0 : 1);
        consumer.ActiveAtUnixMs = context.NowUnixMs;
        GroupDelivery.JournalClaim(context, key, group, context.Argument(2), id, entry);
        return true;
    }

    private static Consumer FindOrAdd(CommandContext context, in KeyHandle key, ConsumerGroup group)
    {
        if (!group.TryConsumer(key.Stream.Arena, context.Argument(3), out Consumer consumer))
        {
            consumer = group.AddConsumer(key.Stream.Arena, context.Argument(3), context.NowUnixMs);
            context.ChangedAside(key, KeyEvent.Stream, "xgroup-createconsumer");
            context.Record(5).Add("XGROUP"u8).Add("CREATECONSUMER"u8).Add(key.Name).Add(context.Argument(2)).Add(context.Argument(3));
            context.Journal(key);
        }
        consumer.SeenAtUnixMs = context.NowUnixMs;
        return consumer;
    }

    private static bool TryClaimOptions(CommandContext context, out ClaimOptions options)
    {
        options = new ClaimOptions { RetryCount = -1, DeliveredAtUnixMs = -1, IdEnd = 5 };
        while (options.IdEnd < context.ArgumentCount
            && StreamArguments.TryParse(context.Argument(options.IdEnd), 0, allowsStar: false, out _, out _))
        {
            options.IdEnd++;
        }
        for (int i = options.IdEnd; i < context.ArgumentCount; i++)
        {
            bool hasValue = i + 1 < context.ArgumentCount;
            if (context.Is(i, "FORCE"))
            {
                options.Forces = true;
            }
            else if (context.Is(i, "JUSTID"))
            {
                options.JustIds = true;
            }
            else if (hasValue && context.Is(i, "IDLE"))
            {
                if (!context.TryInteger(++i, out long idleMs, "ERR Invalid IDLE option argument for XCLAIM"))
                {
                    return false;
                }
                options.DeliveredAtUnixMs = unchecked(context.NowUnixMs - idleMs);
                options.DeliveredAtUnixMs = options.DeliveredAtUnixMs == -1 ? context.NowUnixMs : options.DeliveredAtUnixMs;
            }
            else if (hasValue && context.Is(i, "TIME"))
            {
                if (!context.TryInteger(++i, out options.DeliveredAtUnixMs, "ERR Invalid TIME option argument for XCLAIM"))
                {
                    return false;
                }
            }
            else if (hasValue && context.Is(i, "RETRYCOUNT"))
            {
                if (!context.TryInteger(++i, out options.RetryCount, "ERR Invalid RETRYCOUNT option argument for XCLAIM"))
                {
                    return false;
                }
            }
            else if (hasValue && context.Is(i, "LASTID"))
            {
                if (!StreamArguments.TryId(context, ++i, out options.LastId))
                {
                    return false;
                }
            }
            else
            {
                context.Reply.Error($"ERR Unrecognized XCLAIM option '{context.Shown(i)}'");
                return false;
            }
        }
        bool isGiven = options.DeliveredAtUnixMs >= 0 && options.DeliveredAtUnixMs <= context.NowUnixMs;
        options.DeliveredAtUnixMs = isGiven ? options.DeliveredAtUnixMs : context.NowUnixMs;
        return true;
    }

    private static void AutoClaim(CommandContext context)
    {
        if (!context.TryInteger(4, out long minIdleMs, "ERR Invalid min-idle-time argument for XAUTOCLAIM")
            || !StreamArguments.TryBound(context, 5, isStart: true, out StreamId from)
            || !TryAutoClaimOptions(context, out long count, out bool justIds)
            || !TryGroup(context, out KeyHandle key, out ConsumerGroup group))
        {
            return;
        }
        context.BeginChange(key);
        Consumer consumer = FindOrAdd(context, key, group);
        StreamValue stream = key.Stream;
        IdMap pending = group.Pending(stream.Arena);
        using Scratch<StreamId> first = new(), second = new();
        NativeList<StreamId> claimed = first.Items, deleted = second.Items;
        bool isOver = false;
        for (long attempts = count * AttemptsPerEntry; attempts > 0 && count > 0; attempts--)
        {
            if (!pending.TryCeiling(from, out StreamId id, out nint address))
            {
                break;
            }
            PendingEntry entry = new(address);
            isOver = !id.TryNext(out from);
            if (!stream.Contains(id))
            {
                GroupDelivery.JournalClaim(context, key, group, context.Argument(2), id, entry);
                group.RemovePending(stream.Arena, id);
                deleted.Add(id);
                count--;
            }
            else if (minIdleMs <= 0 || context.NowUnixMs - entry.DeliveredAtUnixMs >= minIdleMs)
            {
                ConsumerGroup.Assign(stream.Arena, id, entry, consumer);
                entry.DeliveredAtUnixMs = context.NowUnixMs;
                entry.DeliveryCount += justIds ? 0 : 1;
                consumer.ActiveAtUnixMs = context.NowUnixMs;
                GroupDelivery.JournalClaim(context, key, group, context.Argument(2), id, entry);
                claimed.Add(id);
                count--;
            }
            if (isOver)
            {
                break;
            }
        }
        if (claimed.Count + deleted.Count > 0)
        {
            context.ChangedAside(key, KeyEvent.None, "");
        }
        bool hasNext = pending.TryCeiling(from, out StreamId next, out _) && !isOver;
        context.Reply.Array(3);
        StreamReply.Id(context, hasNext ? next : StreamId.Min);
        ReplyClaimed(context, stream, claimed, justIds);
        context.Reply.Array(deleted.Count);
        foreach (StreamId id in deleted)
        {
            StreamReply.Id(context, id);
        }
    }

    private static bool TryAutoClaimOptions(CommandContext context, out long count, out bool justIds)
    {
        const string badCount = "ERR COUNT must be > 0";
        count = DefaultClaimCount;
        justIds = false;
        for (int i = 6; i < context.ArgumentCount; i++)
        {
            if (context.Is(i, "COUNT") && i + 1 < context.ArgumentCount)
            {
                if (!context.TryInteger(++i, out count, badCount))
                {
                    return false;
                }
                if (count is < 1 or > LargestClaimCount)
                {
                    context.Reply.Error(badCount);
                    return false;
                }
            }
            else if (context.Is(i, "JUSTID"))
            {
                justIds = true;
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
        }
        return true;
    }
}
