using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Streams;

/// <summary>XGROUP and XACK: consumer groups and what they have done with.</summary>
internal static class GroupCommands
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("xgroup", -2, CommandFlags.None, "stream", "5.0.0", "Depends on subcommand.",
            "A container for consumer groups commands.", null, subcommands:
            [
                Sub("create", -5, CommandFlags.Write | DenyOom, "5.0.0", "Creates a consumer group.", Create, KeyFlags.Insert,
                    "key:key group:string id-selector=<id:string | new-id:$> [mkstream:MKSTREAM] [entriesread(entries-read):integer@ENTRIESREAD]"),
                Sub("setid", -5, CommandFlags.Write, "5.0.0", "Sets the last delivered ID of a consumer group.", SetId, KeyFlags.Update,
                    "key:key group:string id-selector=<id:string | new-id:$> [entriesread(entries-read):integer@ENTRIESREAD]"),
                Sub("destroy", 4, CommandFlags.Write, "5.0.0", "Destroys a consumer group.", Destroy, KeyFlags.Delete, "key:key group:string"),
                Sub("createconsumer", 5, CommandFlags.Write | DenyOom, "6.2.0", "Creates a consumer in a consumer group.", CreateConsumer,
                    KeyFlags.Insert, "key:key group:string consumer:string"),
                Sub("delconsumer", 5, CommandFlags.Write, "5.0.0", "Deletes a consumer from a consumer group.", DeleteConsumer,
                    KeyFlags.Delete, "key:key group:string consumer:string"),
                CommandSpec.Define("help", 2, Loading | Stale, "stream", "5.0.0", "O(1)",
                    "Returns helpful text about the different subcommands.", Help, categories: "stream"),
            ]),
        CommandSpec.Define("xack", -4, CommandFlags.Write | Fast, "stream", "5.0.0", "O(1) for each ID given.",
            "Acknowledges that a consumer group is done with entries.", Acknowledge, KeySpec.One(KeyFlags.RW | KeyFlags.Update),
            "key:key group:string id:string..."),
    ];

    private static CommandSpec Sub(
        string name, int arity, CommandFlags flags, string since, string summary, Action<CommandContext> run, KeyFlags use, string syntax) =>
        CommandSpec.Define(name, arity, flags, "stream", since, "O(1)", summary, run, new KeySpec(2, 2, 1, KeyFlags.RW | use), syntax,
            categories: "stream");

    /// <summary>Finds a stream and a group of it, or replies the error.</summary>
    private static bool TryGroup(CommandContext context, out KeyHandle key, out ConsumerGroup group)
    {
        group = default;
        if (!TryStream(context, out key))
        {
            return false;
        }
        if (key.Stream.TryGroup(context.Argument(3), out group))
        {
            return true;
        }
        context.Reply.Error(NoSuchGroup(context, 2, 3));
        return false;
    }

    internal static string NoSuchGroup(CommandContext context, int keyAt, int groupAt) =>
        $"NOGROUP No such consumer group '{context.Shown(groupAt)}' for key name '{context.Shown(keyAt)}'";

    private static bool TryStream(CommandContext context, out KeyHandle key)
    {
        bool exists = context.TryWrite(2, ValueType.Stream, out key, out bool isRefused);
        if (!exists && !isRefused)
        {
            context.Reply.Error("ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the "
                + "MKSTREAM option to create an empty stream automatically.");
        }
        return exists;
    }

    private static bool TryOptions(CommandContext context, bool allowsCreation, out bool creates, out long entriesRead)
    {
        creates = false;
        entriesRead = ConsumerGroup.Unknown;
        for (int i = 5; i < context.ArgumentCount; i++)
        {
            if (allowsCreation && context.Is(i, "MKSTREAM"))
            {
                creates = true;
            }
            else if (context.Is(i, "ENTRIESREAD") && i + 1 < context.ArgumentCount)
            {
                if (!context.TryInteger(++i, out entriesRead))
                {
                    return false;
                }
                if (entriesRead < 0 && entriesRead != ConsumerGroup.Unknown)
                {
                    context.Reply.Error("ERR value for ENTRIESREAD must be positive or -1");
                    return false;
                }
            }
            else
            {
                context.Reply.Error(SubcommandSyntax(context));
                return false;
            }
        }
        return true;
    }

    internal static string SubcommandSyntax(CommandContext context) =>
        $"ERR unknown subcommand or wrong number of arguments for '{context.Truncated(1)}'. "
        + $"Try {context.Command.Container!.Name.ToUpperInvariant()} HELP.";

    private static void Create(CommandContext context)
    {
        if (!TryOptions(context, allowsCreation: true, out bool creates, out long entriesRead))
        {
            return;
        }
        KeyHandle key = context.Write(2);
        if (!context.IsTypeOrAbsent(key, ValueType.Stream) || (!creates && !key.Exists && !TryStream(context, out key)))
        {
            return;
        }
        const int mostWords = 8;
        if (context.ArgumentCount > mostWords)
        {
            context.Reply.Error(SubcommandSyntax(context));
            return;
        }
        StreamId id = key.Exists ? key.Stream.LastId : StreamId.Min;
        if (context.Argument(4) is not [(byte)'$'] && !StreamArguments.TryId(context, 4, out id))
        {
            return;
        }
        if (key.Exists && key.Stream.TryGroup(context.Argument(3), out _))
        {
            context.Reply.Error("BUSYGROUP Consumer Group name already exists");
            return;
        }
        bool isNew = !key.Exists;
        context.BeginChange(ref key, ValueType.Stream, ValueEncoding.Stream);
        key.Stream.AddGroup(context.Argument(3), id, entriesRead);
        if (isNew)
        {
            context.Changed(key, KeyEvent.Stream, "xgroup-create");
        }
        else
        {
            context.ChangedAside(key, KeyEvent.Stream, "xgroup-create");
        }
        context.Reply.Ok();
    }

    private static void SetId(CommandContext context)
    {
        if (!TryOptions(context, allowsCreation: false, out _, out long entriesRead)
            || !TryGroup(context, out KeyHandle key, out ConsumerGroup group))
        {
            return;
        }
        const int mostWords = 7;
        if (context.ArgumentCount > mostWords)
        {
            context.Reply.Error(SubcommandSyntax(context));
            return;
        }
        StreamId id = key.Stream.LastId;
        switch (context.Argument(4))
        {
            case [(byte)'$']:
                break;
            case [(byte)'-']:
                id = StreamId.Min;
                break;
            case [(byte)'+']:
                id = StreamId.Max;
                break;
            default:
                if (!StreamArguments.TryId(context, 4, out id))
                {
                    return;
                }
                break;
        }
        context.BeginChange(key);
        group.LastId = id;
        group.EntriesRead = entriesRead;
        context.ChangedAside(key, KeyEvent.Stream, "xgroup-setid");
        context.Reply.Ok();
    }

    private static void Destroy(CommandContext context)
    {
        if (!TryStream(context, out KeyHandle key))
        {
            return;
        }
        if (!key.Stream.TryGroup(context.Argument(3), out ConsumerGroup group))
        {
            context.Reply.Integer(0);
            return;
        }
        context.BeginChange(key);
        key.Stream.RemoveGroup(group);
        context.ChangedAside(key, KeyEvent.Stream, "xgroup-destroy");
        // Those who wait as members of the group must hear that it is gone.
        key.Keyspace.Shard.Blocked.Signal(context.Worker, key.Keyspace.Database, key.Name);
        context.Reply.Integer(1);
    }

    private static void CreateConsumer(CommandContext context)
    {
        if (!TryGroup(context, out KeyHandle key, out ConsumerGroup group))
        {
            return;
        }
        if (group.TryConsumer(key.Stream.Arena, context.Argument(4), out _))
        {
            context.Reply.Integer(0);
            return;
        }
        context.BeginChange(key);
        group.AddConsumer(key.Stream.Arena, context.Argument(4), context.NowUnixMs);
        context.ChangedAside(key, KeyEvent.Stream, "xgroup-createconsumer");
        context.Reply.Integer(1);
    }

    private static void DeleteConsumer(CommandContext context)
    {
        if (!TryGroup(context, out KeyHandle key, out ConsumerGroup group))
        {
            return;
        }
        long pending = 0;
        if (group.TryConsumer(key.Stream.Arena, context.Argument(4), out Consumer consumer))
        {
            context.BeginChange(key);
            pending = group.RemoveConsumer(key.Stream.Arena, consumer);
            context.ChangedAside(key, KeyEvent.Stream, "xgroup-delconsumer");
        }
        context.Reply.Integer(pending);
    }

    private static void Acknowledge(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Stream, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (!exists || !key.Stream.TryGroup(context.Argument(2), out ConsumerGroup group))
        {
            context.Reply.Integer(0);
            return;
        }
        for (int i = 3; i < context.ArgumentCount; i++)
        {
            if (!StreamArguments.TryId(context, i, out _))
            {
                return;
            }
        }
        context.BeginChange(key);
        int acknowledged = 0;
        for (int i = 3; i < context.ArgumentCount; i++)
        {
            StreamArguments.TryParse(context.Argument(i), 0, allowsStar: false, out StreamId id, out _);
            acknowledged += group.RemovePending(key.Stream.Arena, id) ? 1 : 0;
        }
        if (acknowledged > 0)
        {
            context.ChangedAside(key, KeyEvent.None, "");
        }
        context.Reply.Integer(acknowledged);
    }

    private static void Help(CommandContext context) => context.ReplyHelp("XGROUP",
    [
        "CREATE <key> <groupname> <id|$> [option]",
        "    Create a new consumer group. Options are:",
        "    * MKSTREAM",
        "      Create the empty stream if it does not exist.",
        "    * ENTRIESREAD entries_read",
        "      Set the group's entries_read counter (internal use).",
        "CREATECONSUMER <key> <groupname> <consumer>",
        "    Create a new consumer in the specified group.",
        "DELCONSUMER <key> <groupname> <consumer>",
        "    Remove the specified consumer.",
        "DESTROY <key> <groupname>",
        "    Remove the specified group.",
        "SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
        "    Set the current group ID and entries_read counter.",
    ]);
}
