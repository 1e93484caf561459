using Valkey.Turbo.Engine;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>OBJECT: how a value is held and when it was last used.</summary>
internal static class ObjectCommand
{
    private const string WrongPolicyHint =
        " Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust.";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("object", -2, CommandFlags.None, "generic", "2.2.3", "Depends on subcommand.",
            "A container for object introspection commands.", null, subcommands:
            [
                Sub("encoding", 3, "2.2.3", "Returns the internal encoding of an object.", Encoding),
                Sub("freq", 3, "4.0.0", "Returns the logarithmic access frequency counter of an object.", Frequency),
                Sub("idletime", 3, "2.2.3", "Returns the time since the last access to an object.", IdleTime),
                Sub("refcount", 3, "2.2.3", "Returns the reference count of a value of a key.", RefCount),
                CommandSpec.Define("help", 2, Loading | Stale, "generic", "6.2.0", "O(1)",
                    "Returns helpful text about the different subcommands.", Help, categories: "keyspace"),
            ]),
    ];

    private static CommandSpec Sub(string name, int arity, string since, string summary, Action<CommandContext> run) =>
        CommandSpec.Define(name, arity, ReadOnly, "generic", since, "O(1)", summary, run,
            new KeySpec(2, 2, 1, KeyFlags.RO), "key:key", tips: "nondeterministic_output", categories: "keyspace");

    private static bool TryFind(CommandContext context, out KeyHandle key)
    {
        key = context.Open(2);
        if (!key.Exists)
        {
            context.Reply.Null();
        }
        return key.Exists;
    }

    private static void Encoding(CommandContext context)
    {
        if (TryFind(context, out KeyHandle key))
        {
            context.Reply.Bulk(StringValue.EncodingName(key.Entry));
        }
    }

    private static void Frequency(CommandContext context)
    {
        if (!TryFind(context, out KeyHandle key))
        {
            return;
        }
        if (!context.Server.Config.TracksFrequency)
        {
            context.Reply.Error("ERR An LFU maxmemory policy is not selected, access frequency not tracked." + WrongPolicyHint);
            return;
        }
        context.Reply.Integer(AccessClock.Frequency(key.Entry.Access, context.Server.Config, context.NowUnixMs));
    }

    private static void IdleTime(CommandContext context)
    {
        if (!TryFind(context, out KeyHandle key))
        {
            return;
        }
        if (context.Server.Config.TracksFrequency)
        {
            context.Reply.Error("ERR An LFU maxmemory policy is selected, idle time not tracked." + WrongPolicyHint);
            return;
        }
        context.Reply.Integer(AccessClock.IdleSeconds(key.Entry.Access, context.NowUnixMs));
    }

    private static void RefCount(CommandContext context)
    {
        if (TryFind(context, out KeyHandle _))
        {
            context.Reply.Integer(1);
        }
    }

    private static void Help(CommandContext context) => context.ReplyHelp("OBJECT",
    [
        "ENCODING <key>",
        "    Return the kind of internal representation used in order to store the value",
        "    associated with a <key>.",
        "FREQ <key>",
        "    Return the access frequency index of the <key>. The returned integer is",
        "    proportional to the logarithm of the recent access frequency of the key.",
        "IDLETIME <key>",
        "    Return the idle time of the <key>, that is the approximated number of",
        "    seconds elapsed since the last access to the key.",
        "REFCOUNT <key>",
        "    Return the number of references of the value associated with the specified",
        "    <key>.",
    ]);
}
