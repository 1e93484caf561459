using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Streams;

/// <summary>XINFO: streams, their groups and consumers, looked at.</summary>
internal static class StreamInfoCommand
{
    private const int DefaultFullCount = 10;

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("xinfo", -2, CommandFlags.None, "stream", "5.0.0", "Depends on subcommand.",
            "A container for stream introspection commands.", null, subcommands:
            [
                Sub("stream", -3, "Returns information about a stream.", Stream, "key:key [full-block={full:FULL [count:integer@COUNT]}]", ""),
                Sub("groups", 3, "Returns a list of the consumer groups of a stream.", Groups, "key:key", ""),
                Sub("consumers", 4, "Returns a list of the consumers in a consumer group.", Consumers, "key:key group:string", "nondeterministic_output"),
                CommandSpec.Define("help", 2, Loading | Stale, "stream", "5.0.0", "O(1)",
                    "Returns helpful text about the different subcommands.", Help, categories: "stream"),
            ]),
    ];

    private static CommandSpec Sub(string name, int arity, string summary, Action<CommandContext> run, string syntax, string tips) =>
        CommandSpec.Define(name, arity, ReadOnly, "stream", "5.0.0", "O(N) where N is the number of items returned.", summary, run,
            new KeySpec(2, 2, 1, KeyFlags.RO | KeyFlags.Access), syntax, tips: tips, categories: "stream");

    /// <summary>Gathers the entries of a table in the order of their names.</summary>
    internal static void InOrder<TEntry>(HashTable<TEntry> table, NativeList<nint> entries)
        where TEntry : struct, ITableEntry
    {
        foreach (nint entry in table)
        {
            entries.Add(entry);
        }
        entries.Span.Sort(static (a, b) => TEntry.Key(a).SequenceCompareTo(TEntry.Key(b)));
    }

    private static bool TryStream(CommandContext context, out KeyHandle key)
    {
        bool exists = context.TryRead(2, ValueType.Stream, out key, out bool isRefused);
        if (!exists && !isRefused)
        {
            context.Reply.Error(Errors.NoSuchKey);
        }
        return exists;
    }

    private static void Stream(CommandContext context)
    {
        if (!TryStream(context, out KeyHandle key))
        {
            return;
        }
        bool isFull = context.ArgumentCount > 3;
        long count = DefaultFullCount;
        if (isFull && (context.ArgumentCount is not (4 or 6) || !context.Is(3, "FULL")
            || (context.ArgumentCount == 6 && !context.Is(4, "COUNT"))))
        {
            context.Reply.Error(GroupCommands.SubcommandSyntax(context));
            return;
        }
        if (context.ArgumentCount == 6)
        {
            if (!context.TryInteger(5, out count))
            {
                return;
            }
            count = count < 0 ? DefaultFullCount : count;
        }
        StreamValue stream = key.Stream;
        context.Reply.Map(isFull ? 9 : 10);
        ReplyCommon(context, stream);
        if (isFull)
        {
            context.Reply.Bulk("entries"u8);
            StreamReply.Entries(context, stream, StreamId.Min, StreamId.Max, isReverse: false, count);
            context.Reply.Bulk("groups"u8);
            ReplyFullGroups(context, stream, count);
            return;
        }
        Pair(context, "groups", stream.HasGroups ? stream.Groups.Count : 0);
        ReplyEdge(context, stream, "first-entry", isReverse: false);
        ReplyEdge(context, stream, "last-entry", isReverse: true);
    }

    private static void ReplyCommon(CommandContext context, StreamValue stream)
    {
        Pair(context, "length", stream.Length);
        Pair(context, "radix-tree-keys", stream.Blocks.Count);
        // The blocks lie in a B+tree; this is what it would be asked for.
        Pair(context, "radix-tree-nodes", stream.Blocks.Count + 1);
        Pair(context, "last-generated-id", stream.LastId);
        Pair(context, "max-deleted-entry-id", stream.MaxDeletedId);
        Pair(context, "entries-added", stream.EntriesAdded);
        Pair(context, "recorded-first-entry-id", stream.FirstId);
    }

    private static void ReplyEdge(CommandContext context, StreamValue stream, string name, bool isReverse)
    {
        context.Reply.Bulk(name);
        StreamEnumerator entries = stream.Enumerate(StreamId.Min, StreamId.Max, isReverse);
        if (entries.MoveNext())
        {
            StreamReply.Entry(context, ref entries);
        }
        else
        {
            context.Reply.Null();
        }
    }

    private static void ReplyFullGroups(CommandContext context, StreamValue stream, long limit)
    {
        using Scratch<nint> scratch = new();
        NativeList<nint> groups = scratch.Items;
        if (stream.HasGroups)
        {
            InOrder(stream.Groups, groups);
        }
        context.Reply.Array(groups.Count);
        foreach (nint address in groups)
        {
            ConsumerGroup group = new(address);
            context.Reply.Map(7);
            context.Reply.Bulk("name"u8);
            context.Reply.Bulk(group.Name);
            ReplyProgress(context, stream, group);
            Pair(context, "pel-count", group.Pending(stream.Arena).Count);
            context.Reply.Bulk("pending"u8);
            ReplyPending(context, group.Pending(stream.Arena), limit, withConsumer: true);
            context.Reply.Bulk("consumers"u8);
            using Scratch<nint> inner = new();
            NativeList<nint> consumers = inner.Items;
            InOrder(group.Consumers(stream.Arena), consumers);
            context.Reply.Array(consumers.Count);
            foreach (nint one in consumers)
            {
                Consumer consumer = new(one);
                context.Reply.Map(5);
                context.Reply.Bulk("name"u8);
                context.Reply.Bulk(consumer.Name);
                Pair(context, "seen-time", consumer.SeenAtUnixMs);
                Pair(context, "active-time", consumer.ActiveAtUnixMs);
                Pair(context, "pel-count", consumer.Pending(stream.Arena).Count);
                context.Reply.Bulk("pending"u8);
                ReplyPending(context, consumer.Pending(stream.Arena), limit, withConsumer: false);
            }
        }
    }

    private static void ReplyPending(CommandContext context, IdMap pending, long limit, bool withConsumer)
    {
        long count = limit == 0 ? pending.Count : Math.Min(limit, pending.Count);
        context.Reply.Array(count);
        for (StreamId from = StreamId.Min; count > 0 && pending.TryCeiling(from, out StreamId id, out nint address); count--)
        {
            PendingEntry entry = new(address);
            context.Reply.Array(withConsumer ? 4 : 3);
            StreamReply.Id(context, id);
            if (withConsumer)
            {
                context.Reply.Bulk(entry.Consumer.Name);
            }
            context.Reply.Integer(entry.DeliveredAtUnixMs);
            context.Reply.Integer(entry.DeliveryCount);
            id.TryNext(out from);
        }
    }

    /// <summary>Replies how far a group has read, and how much it has before it.</summary>
    private static void ReplyProgress(CommandContext context, StreamValue stream, ConsumerGroup group)
    {
        Pair(context, "last-delivered-id", group.LastId);
        context.Reply.Bulk("entries-read"u8);
        ReplyKnown(context, group.EntriesRead);
        context.Reply.Bulk("lag"u8);
        if (stream.EntriesAdded == 0)
        {
            context.Reply.Integer(0);
            return;
        }
        bool isExact = group.EntriesRead != ConsumerGroup.Unknown && !stream.HasDeletedIn(group.LastId, StreamId.Max);
        long read = isExact ? group.EntriesRead : stream.EstimateEntriesUpTo(group.LastId);
        if (read == ConsumerGroup.Unknown)
        {
            context.Reply.Null();
            return;
        }
        // XGROUP SETID may have claimed that more was read than there ever was; below 0, then, is no sign of anything unknown.
        context.Reply.Integer(stream.EntriesAdded - read);
    }

    private static void ReplyKnown(CommandContext context, long value)
    {
        if (value == ConsumerGroup.Unknown)
        {
            context.Reply.Null();
        }
        else
        {
            context.Reply.Integer(value);
        }
    }

    private static void Groups(CommandContext context)
    {
        if (!TryStream(context, out KeyHandle key))
        {
            return;
        }
        StreamValue stream = key.Stream;
        using Scratch<nint> scratch = new();
        NativeList<nint> groups = scratch.Items;
        if (stream.HasGroups)
        {
            InOrder(stream.Groups, groups);
        }
        context.Reply.Array(groups.Count);
        foreach (nint address in groups)
        {
            ConsumerGroup group = new(address);
            context.Reply.Map(6);
            context.Reply.Bulk("name"u8);
            context.Reply.Bulk(group.Name);
            Pair(context, "consumers", group.Consumers(stream.Arena).Count);
            Pair(context, "pending", group.Pending(stream.Arena).Count);
            ReplyProgress(context, stream, group);
        }
    }

    private static void Consumers(CommandContext context)
    {
        if (!TryStream(context, out KeyHandle key))
        {
            return;
        }
        StreamValue stream = key.Stream;
        if (!stream.TryGroup(context.Argument(3), out ConsumerGroup group))
        {
            context.Reply.Error(GroupCommands.NoSuchGroup(context, 2, 3));
            return;
        }
        using Scratch<nint> scratch = new();
        NativeList<nint> consumers = scratch.Items;
        InOrder(group.Consumers(stream.Arena), consumers);
        context.Reply.Array(consumers.Count);
        foreach (nint address in consumers)
        {
            Consumer consumer = new(address);
            context.Reply.Map(4);
            context.Reply.Bulk("name"u8);
            context.Reply.Bulk(consumer.Name);
            Pair(context, "pending", consumer.Pending(stream.Arena).Count);
            Pair(context, "idle", Math.Max(0, context.NowUnixMs - consumer.SeenAtUnixMs));
            Pair(context, "inactive", consumer.ActiveAtUnixMs == Consumer.Never
                ? Consumer.Never
                : context.NowUnixMs - consumer.ActiveAtUnixMs);
        }
    }

    private static void Pair(CommandContext context, string name, long value)
    {
        context.Reply.Bulk(name);
        context.Reply.Integer(value);
    }

    private static void Pair(CommandContext context, string name, StreamId value)
    {
        context.Reply.Bulk(name);
        StreamReply.Id(context, value);
    }

    private static void Help(CommandContext context) => context.ReplyHelp("XINFO",
    [
        "CONSUMERS <key> <groupname>",
        "    Show consumers of <groupname>.",
        "GROUPS <key>",
        "    Show the stream consumer groups.",
        "STREAM <key> [FULL [COUNT <count>]",
        "    Show information about the stream.",
    ]);
}
