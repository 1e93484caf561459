using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.PubSub;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Channels;

/// <summary>PUBLISH, SPUBLISH and PUBSUB.</summary>
internal static class PublishCommands
{
    private const CommandFlags Publishing = CommandFlags.PubSub | Loading | Stale | Fast | MayReplicate;

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("publish", 3, Publishing, "pubsub", "2.0.0",
            "O(N+M) where N is the number of subscribers of the channel and M the number of patterns that anyone is subscribed to.",
            "Posts a message to a channel.", context => Publish(context, ChannelKind.Channel), syntax: "channel:string message:string",
            scope: ShardScope.None),
        CommandSpec.Define("spublish", 3, Publishing, "pubsub", "7.0.0", "O(N) where N is the number of subscribers of the shard channel.",
            "Posts a message to a shard channel.", context => Publish(context, ChannelKind.Shard), KeySpec.One(KeyFlags.NotKey),
            "shardchannel:string message:string", scope: ShardScope.None),
        CommandSpec.Define("pubsub", -2, CommandFlags.None, "pubsub", "2.8.0", "Depends on subcommand.", "A container for Pub/Sub commands.",
            null, subcommands:
            [
                Sub("channels", -2, "2.8.0", "O(N) where N is the number of active channels.", "Returns the active channels.",
                    context => Channels(context, ChannelKind.Channel), "[pattern:pattern]"),
                Sub("numsub", -2, "2.8.0", "O(N) where N is the number of requested channels.", "Returns a count of subscribers to channels.",
                    context => CountSubscribers(context, ChannelKind.Channel), "[channel:string...]"),
                Sub("numpat", 2, "2.8.0", "O(1)", "Returns a count of unique pattern subscriptions.",
                    context => context.Reply.Integer(context.Server.Channels.PatternTotal)),
                Sub("shardchannels", -2, "7.0.0", "O(N) where N is the number of active shard channels.",
                    "Returns the active shard channels.", context => Channels(context, ChannelKind.Shard), "[pattern:pattern]"),
                Sub("shardnumsub", -2, "7.0.0", "O(N) where N is the number of requested shard channels.",
                    "Returns the count of subscribers of shard channels.", context => CountSubscribers(context, ChannelKind.Shard),
                    "[shardchannel:string...]"),
                CommandSpec.Define("help", 2, Loading | Stale, "pubsub", "6.2.0", "O(1)",
                    "Returns helpful text about the different subcommands.", Help, categories: "!pubsub", scope: ShardScope.None),
            ]),
    ];

    private static CommandSpec Sub(
        string name, int arity, string since, string complexity, string summary, Action<CommandContext> run, string syntax = "") =>
        CommandSpec.Define(name, arity, CommandFlags.PubSub | Loading | Stale, "pubsub", since, complexity, summary, run,
            syntax: syntax, scope: ShardScope.None);

    private static void Publish(CommandContext context, ChannelKind kind) =>
        context.Reply.Integer(context.Server.Channels.Publish(context.Worker, kind, context.Argument(1), context.Argument(2)));

    private static void Channels(CommandContext context, ChannelKind kind)
    {
        if (context.ArgumentCount > 3)
        {
            context.ReplySubcommandSyntax("pubsub");
            return;
        }
        List<byte[]> active = context.Server.Channels.Active(kind, context.ArgumentCount == 3 ? context.Argument(2) : "*"u8);
        context.Reply.Array(active.Count);
        foreach (byte[] channel in active)
        {
            context.Reply.Bulk(channel);
        }
    }

    private static void CountSubscribers(CommandContext context, ChannelKind kind)
    {
        context.Reply.Array((context.ArgumentCount - 2) * 2);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            context.Reply.Bulk(context.Argument(i));
            context.Reply.Integer(context.Server.Channels.SubscriberCount(kind, context.Argument(i)));
        }
    }

    private static void Help(CommandContext context) => context.ReplyHelp("PUBSUB",
    [
        "CHANNELS [<pattern>]",
        "    Return the channels that have subscribers and match the pattern (default: all).",
        "NUMPAT",
        "    Return the number of different patterns with subscribers.",
        "NUMSUB [<channel> ...]",
        "    Return the number of subscribers of each channel; patterns don't count.",
        "SHARDCHANNELS [<pattern>]",
        "    Return the shard channels that have subscribers and match the pattern (default: all).",
        "SHARDNUMSUB [<shardchannel> ...]",
        "    Return the number of subscribers of each shard channel.",
    ]);
}
