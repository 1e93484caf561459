using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.PubSub;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Channels;

/// <summary>SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their opposites. Each name is answered on its own, by a push in RESP3.</summary>
internal static class SubscribeCommands
{
    private const CommandFlags Ordinary = CommandFlags.PubSub | NoScript | Loading | Stale | ForSubscribers;
    private static readonly KeySpec ShardChannels = KeySpec.All(KeyFlags.NotKey);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("subscribe", -2, Ordinary, "pubsub", "2.0.0", "O(N) where N is the number of channels.",
            "Listens for messages published to channels.", context => Subscribe(context, ChannelKind.Channel, "subscribe"u8),
            syntax: "channel:string...", scope: ShardScope.None),
        CommandSpec.Define("unsubscribe", -1, Ordinary, "pubsub", "2.0.0", "O(N) where N is the number of channels.",
            "Stops listening to messages posted to channels.", context => Unsubscribe(context, ChannelKind.Channel, "unsubscribe"u8),
            syntax: "[channel:string...]", scope: ShardScope.None),
        CommandSpec.Define("psubscribe", -2, Ordinary, "pubsub", "2.0.0", "O(N) where N is the number of patterns.",
            "Listens for messages published to channels that match patterns.",
            context => Subscribe(context, ChannelKind.Pattern, "psubscribe"u8), syntax: "pattern:pattern...", scope: ShardScope.None),
        CommandSpec.Define("punsubscribe", -1, Ordinary, "pubsub", "2.0.0", "O(N) where N is the number of patterns.",
            "Stops listening to messages published to channels that match patterns.",
            context => Unsubscribe(context, ChannelKind.Pattern, "punsubscribe"u8), syntax: "[pattern:pattern...]", scope: ShardScope.None),
        CommandSpec.Define("ssubscribe", -2, Ordinary, "pubsub", "7.0.0", "O(N) where N is the number of shard channels.",
            "Listens for messages published to shard channels.", context => Subscribe(context, ChannelKind.Shard, "ssubscribe"u8),
            ShardChannels, syntax: "shardchannel:string...", scope: ShardScope.None),
        CommandSpec.Define("sunsubscribe", -1, Ordinary, "pubsub", "7.0.0", "O(N) where N is the number of shard channels.",
            "Stops listening to messages posted to shard channels.",
            context => Unsubscribe(context, ChannelKind.Shard, "sunsubscribe"u8), ShardChannels, syntax: "[shardchannel:string...]",
            scope: ShardScope.None),
    ];

    private static void Subscribe(CommandContext context, ChannelKind kind, ReadOnlySpan<byte> word)
    {
        context.IsAlwaysAnswered = true;
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            context.Server.Channels.Subscribe(context.Worker, context.Session, kind, context.Argument(i));
            ReplyChange(context, kind, word, context.Argument(i));
        }
    }

    private static void Unsubscribe(CommandContext context, ChannelKind kind, ReadOnlySpan<byte> word)
    {
        context.IsAlwaysAnswered = true;
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            context.Server.Channels.Unsubscribe(context.Worker, context.Session, kind, context.Argument(i));
            ReplyChange(context, kind, word, context.Argument(i));
        }
        if (context.ArgumentCount > 1)
        {
            return;
        }
        byte[][] names = context.Session.Subscriptions?.Of(kind).ToArray() ?? [];
        foreach (byte[] name in names)
        {
            context.Server.Channels.Unsubscribe(context.Worker, context.Session, kind, name);
            ReplyChange(context, kind, word, name);
        }
        if (names.Length == 0)
        {
            context.Reply.Push(3);
            context.Reply.Bulk(word);
            context.Reply.Null();
            context.Reply.Integer(context.Session.Subscriptions?.CountBeside(kind) ?? 0);
        }
    }

    private static void ReplyChange(CommandContext context, ChannelKind kind, ReadOnlySpan<byte> word, ReadOnlySpan<byte> name)
    {
        context.Reply.Push(3);
        context.Reply.Bulk(word);
        context.Reply.Bulk(name);
        context.Reply.Integer(context.Session.Subscriptions?.CountBeside(kind) ?? 0);
    }
}
