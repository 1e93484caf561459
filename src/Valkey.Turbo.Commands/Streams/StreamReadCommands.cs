using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Streams;

/// <summary>Reading several streams from where one left off: XREAD and XREADGROUP.</summary>
internal static class StreamReadCommands
{
    private const int FewKeys = 8;
    private const string Reading = "O(N) where N is the number of entries returned.";
    private const string Streams = "[count:integer@COUNT] [milliseconds:integer@BLOCK]";
    private const string Keys = "streams={key:key... id:string...}@STREAMS";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("xread", -4, CommandFlags.Blocking | ReadOnly | MovableKeys, "stream", "5.0.0", Reading,
            "Returns entries of streams behind given IDs.", context => Read(context, isGroup: false),
            KeySpec.Behind("STREAMS", 1, KeyFlags.RO | KeyFlags.Access, last: -1, limit: 2), $"{Streams} {Keys}"),
        CommandSpec.Define("xreadgroup", -7, CommandFlags.Blocking | CommandFlags.Write | MovableKeys, "stream", "5.0.0", Reading,
            "Returns entries of streams that no consumer of a group has got yet, or those pending for one.",
            context => Read(context, isGroup: true),
            KeySpec.Behind("STREAMS", 4, KeyFlags.RO | KeyFlags.Access, last: -1, limit: 2),
            $"group-block={{group:string consumer:string}}@GROUP {Streams} [noack:NOACK] {Keys}"),
    ];

    private ref struct Options
    {
        internal long Count;
        internal long TimeoutNs;
        internal bool Blocks;
        internal bool NoAck;
        internal int GroupAt;
        internal int FirstKey;
        internal int KeyCount;
        internal ReadOnlySpan<byte> Group;
        internal ReadOnlySpan<byte> Consumer;
    }

    private static void Read(CommandContext context, bool isGroup)
    {
        if (!TryOptions(context, isGroup, out Options options))
        {
            return;
        }
        // What $ and + stood for when the command came stays, however often it is run again.
        Span<StreamId> few = stackalloc StreamId[FewKeys];
        Span<StreamId> behind = context.BlockedMemory as StreamId[] ?? (options.KeyCount <= FewKeys ? few[..options.KeyCount] : new StreamId[options.KeyCount]);
        for (int i = 0; i < options.KeyCount; i++)
        {
            if (context.IsRetry && !isGroup)
            {
                break;
            }
            if (!TryStart(context, options, isGroup, i, out behind[i]))
            {
                return;
            }
        }
        int ready = 0;
        for (int i = 0; i < options.KeyCount; i++)
        {
            KeyHandle key = context.Open(options.FirstKey + i);
            ready += key.Exists && key.Entry.Type == ValueType.Stream && IsReady(key.Stream, options.Group, isGroup, behind[i]) ? 1 : 0;
        }
        if (isGroup)
        {
            TouchConsumers(context, options);
        }
        if (ready == 0)
        {
            bool isRefused = false;
            bool isWaiting = options.Blocks && context.TryBlock(
                options.FirstKey, options.KeyCount, options.TimeoutNs, isGroup && !context.IsRetry ? options.Group.ToArray() : null,
                context.IsRetry ? null : behind.ToArray(), out isRefused);
            if (!isWaiting && !isRefused)
            {
                context.Reply.NullArray();
            }
            return;
        }
        if (context.Reply.IsResp3)
        {
            context.Reply.Map(ready);
        }
        else
        {
            context.Reply.Array(ready);
        }
        for (int i = 0; i < options.KeyCount; i++)
        {
            KeyHandle key = context.Open(options.FirstKey + i);
            if (key.Exists && key.Entry.Type == ValueType.Stream && IsReady(key.Stream, options.Group, isGroup, behind[i]))
            {
                Serve(context, key, options, isGroup, behind[i]);
            }
        }
    }

    /// <summary>Whether a stream has something behind an ID; for a group the greatest ID stands for what is new to it.</summary>
    private static bool IsReady(StreamValue stream, ReadOnlySpan<byte> groupName, bool isGroup, StreamId behind)
    {
        if (isGroup && behind != StreamId.Max)
        {
            return true;
        }
        if (isGroup)
        {
            stream.TryGroup(groupName, out ConsumerGroup group);
            behind = group.LastId;
        }
        if (stream.Length == 0)
        {
            return false;
        }
        StreamEnumerator last = stream.Enumerate(StreamId.Min, StreamId.Max, isReverse: true);
        return last.MoveNext() && last.Id > behind;
    }

    private static void Serve(CommandContext context, in KeyHandle key, in Options options, bool isGroup, StreamId behind)
    {
        if (!context.Reply.IsResp3)
        {
            context.Reply.Array(2);
        }
        context.Reply.Bulk(key.Name);
        if (!isGroup)
        {
            behind.TryNext(out StreamId start);
            StreamReply.Entries(context, key.Stream, start, StreamId.Max, isReverse: false, options.Count);
            return;
        }
        StreamValue stream = key.Stream;
        stream.TryGroup(options.Group, out ConsumerGroup group);
        group.TryConsumer(stream.Arena, options.Consumer, out Consumer consumer);
        context.BeginChange(key);
        if (behind == StreamId.Max)
        {
            GroupDelivery.Deliver(context, key, group, consumer, options.Group, options.Count, options.NoAck);
        }
        else
        {
            behind.TryNext(out StreamId start);
            GroupDelivery.Repeat(context, stream, consumer, start, options.Count);
        }
    }

    private static void TouchConsumers(CommandContext context, in Options options)
    {
        for (int i = 0; i < options.KeyCount; i++)
        {
            KeyHandle key = context.Open(options.FirstKey + i);
            StreamValue stream = key.Stream;
            stream.TryGroup(options.Group, out ConsumerGroup group);
            if (!group.TryConsumer(stream.Arena, options.Consumer, out Consumer consumer))
            {
                context.BeginChange(key);
                consumer = group.AddConsumer(stream.Arena, options.Consumer, context.NowUnixMs);
                context.ChangedAside(key, KeyEvent.Stream, "xgroup-createconsumer");
                context.Record(5).Add("XGROUP"u8).Add("CREATECONSUMER"u8).Add(key.Name).Add(options.Group).Add(options.Consumer);
                context.Journal(key);
            }
            consumer.SeenAtUnixMs = context.NowUnixMs;
        }
    }

    /// <summary>Reads where to start in one stream, or replies the error.</summary>
    private static bool TryStart(CommandContext context, in Options options, bool isGroup, int index, out StreamId behind)
    {
        behind = StreamId.Min;
        KeyHandle key = context.Read(options.FirstKey + index);
        if (!context.IsTypeOrAbsent(key, ValueType.Stream))
        {
            return false;
        }
        if (isGroup && (!key.Exists || !key.Stream.TryGroup(options.Group, out _)))
        {
            context.Reply.Error($"NOGROUP No such key '{CommandContext.Shown(key.Name)}' or consumer group "
                + $"'{CommandContext.Shown(options.Group)}' in XREADGROUP with GROUP option");
            return false;
        }
        int at = options.FirstKey + options.KeyCount + index;
        switch (context.Argument(at))
        {
            case [(byte)'$' or (byte)'+'] when isGroup:
                char sign = (char)context.Argument(at)[0];
                context.Reply.Error($"ERR The {sign} ID is meaningless in the context of XREADGROUP: you want to read the history of "
                    + $"this consumer by specifying a proper ID, or use the > ID to get new messages. The {sign} ID would "
                    + "just return an empty result set.");
                return false;
            case [(byte)'$']:
                behind = key.Exists ? key.Stream.LastId : StreamId.Min;
                return true;
            case [(byte)'+']:
                if (key.Exists && key.Stream.Length > 0)
                {
                    // As in Valkey, the greatest ID ever: nothing is read where its entry was deleted.
                    key.Stream.LastId.TryPrevious(out behind);
                }
                return true;
            case [(byte)'>'] when !isGroup:
                context.Reply.Error("ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option.");
                return false;
            case [(byte)'>']:
                behind = StreamId.Max;
                return true;
            default:
                return StreamArguments.TryId(context, at, out behind);
        }
    }

    private static bool TryOptions(CommandContext context, bool isGroup, out Options options)
    {
        options = default;
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            int left = context.ArgumentCount - i - 1;
            if (left > 0 && context.Is(i, "BLOCK"))
            {
                options.Blocks = true;
                if (!context.TryTimeoutMs(++i, out options.TimeoutNs))
                {
                    return false;
                }
            }
            else if (left > 0 && context.Is(i, "COUNT"))
            {
                if (!context.TryInteger(++i, out options.Count))
                {
                    return false;
                }
                options.Count = Math.Max(0, options.Count);
            }
            else if (left > 0 && context.Is(i, "STREAMS"))
            {
                options.FirstKey = i + 1;
                options.KeyCount = left / 2;
                break;
            }
            else if (left > 1 && context.Is(i, "GROUP"))
            {
                if (!isGroup)
                {
                    context.Reply.Error("ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead.");
                    return false;
                }
                options.GroupAt = i;
                options.Group = context.Argument(i + 1);
                options.Consumer = context.Argument(i + 2);
                i += 2;
            }
            else if (context.Is(i, "NOACK"))
            {
                if (!isGroup)
                {
                    context.Reply.Error("ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead.");
                    return false;
                }
                options.NoAck = true;
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
        }
        return IsComplete(context, isGroup, options);
    }

    private static bool IsComplete(CommandContext context, bool isGroup, in Options options)
    {
        if (options.FirstKey == 0)
        {
            context.Reply.Error(Errors.Syntax);
            return false;
        }
        if ((context.ArgumentCount - options.FirstKey) % 2 != 0)
        {
            context.Reply.Error($"ERR Unbalanced '{context.Command.FullName}' list of streams: for each stream key an ID or "
                + $"'{(isGroup ? '>' : '$')}' must be specified.");
            return false;
        }
        if (isGroup && options.GroupAt == 0)
        {
            context.Reply.Error("ERR Missing GROUP option for XREADGROUP");
            return false;
        }
        return true;
    }
}
