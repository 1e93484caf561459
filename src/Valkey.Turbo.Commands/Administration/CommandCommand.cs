using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>COMMAND: the command table, for clients.</summary>
internal static class CommandCommand
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("command", -1, Loading | Stale, "server", "2.8.13", "O(N) where N is the number of commands.",
            "Returns detailed information about all commands.", All, categories: "connection",
            tips: "nondeterministic_output_order", scope: ShardScope.None, subcommands:
            [
                Sub("count", 2, "2.8.13", "Returns a count of commands.",
                    context => context.Reply.Integer(context.Table.TopLevel.Count)),
                Sub("docs", -2, "7.0.0", "Returns documentary information about one, multiple or all commands.", CommandDocs.Run,
                    "[command-name:string...]", "nondeterministic_output_order"),
                Sub("info", -2, "2.8.13", "Returns information about one, multiple or all commands.", Info,
                    "[command-name:string...]", "nondeterministic_output_order"),
                Sub("list", -2, "7.0.0", "Returns a list of command names.", List,
                    "[filterby=<module-name:string@MODULE | category:string@ACLCAT | pattern:pattern@PATTERN>@FILTERBY]",
                    "nondeterministic_output_order"),
                Sub("getkeys", -3, "2.8.13", "Extracts the key names from an arbitrary command.", context => GetKeys(context, withFlags: false),
                    "command:string [arg:string...]"),
                Sub("getkeysandflags", -3, "7.0.0", "Extracts the key names and access flags for an arbitrary command.",
                    context => GetKeys(context, withFlags: true), "command:string [arg:string...]"),
                Sub("help", 2, "5.0.0", "Returns helpful text about the different subcommands.", Help),
            ]),
    ];

    private static CommandSpec Sub(
        string name, int arity, string since, string summary, Action<CommandContext> run, string syntax = "", string tips = "") =>
        CommandSpec.Define(name, arity, Loading | Stale, "server", since,
            name is "count" or "help" ? "O(1)" : "O(N) where N is the number of commands or arguments.", summary, run,
            syntax: syntax, tips: tips, categories: "connection", scope: ShardScope.None);

    private static void All(CommandContext context)
    {
        if (context.ArgumentCount > 1)
        {
            context.ReplyUnknownSubcommand("command");
            return;
        }
        ReplyAll(context);
    }

    private static void ReplyAll(CommandContext context)
    {
        context.Reply.Array(context.Table.TopLevel.Count);
        foreach (CommandSpec spec in context.Table.TopLevel)
        {
            ReplyInfo(context.Reply, spec);
        }
    }

    private static void Info(CommandContext context)
    {
        if (context.ArgumentCount == 2)
        {
            ReplyAll(context);
            return;
        }
        context.Reply.Array(context.ArgumentCount - 2);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (context.Table.FindByFullName(context.Text(i)) is CommandSpec spec)
            {
                ReplyInfo(context.Reply, spec);
            }
            else
            {
                context.Reply.Null();
            }
        }
    }

    private static void ReplyInfo(ReplyWriter reply, CommandSpec spec)
    {
        reply.Array(10);
        reply.Bulk(spec.FullName);
        reply.Integer(spec.Arity);
        List<string> flags = CommandNames.Flags(spec);
        reply.Set(flags.Count);
        Simple(reply, flags);
        KeySpec keys = spec.Keys;
        KeySpec[] all = keys.HasKeys ? [keys, .. spec.MoreKeys] : [];
        // What older clients understand: the range that the plain specifications span.
        KeySpec[] plain = [.. all.Where(one => one is { CountAt: 0, Keyword: null, IsUnknown: false })];
        bool hasRange = plain.Length > 0 && keys.CountAt == 0 && keys.Keyword is null;
        reply.Integer(hasRange ? keys.First : 0);
        reply.Integer(hasRange ? plain[^1].Last : 0);
        reply.Integer(hasRange ? keys.Step : 0);
        List<string> categories = CommandNames.Categories(spec);
        reply.Set(categories.Count);
        Simple(reply, categories.ConvertAll(name => "@" + name));
        string[] tips = spec.Tips.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        reply.Set(tips.Length);
        foreach (string tip in tips)
        {
            reply.Bulk(tip);
        }
        reply.Set(all.Length);
        foreach (KeySpec one in all)
        {
            ReplyKeySpec(reply, one);
        }
        reply.Array(spec.Subcommands.Length);
        foreach (CommandSpec subcommand in spec.Subcommands)
        {
            ReplyInfo(reply, subcommand);
        }
    }

    internal static void Simple(ReplyWriter reply, List<string> words)
    {
        foreach (string word in words)
        {
            reply.Simple(Encoding.ASCII.GetBytes(word));
        }
    }

    private static void ReplyKeySpec(ReplyWriter reply, KeySpec keys)
    {
        List<string> flags = CommandNames.Keys(keys.Flags);
        bool counted = keys.CountAt > 0;
        reply.Map(3);
        reply.Bulk("flags"u8);
        reply.Set(flags.Count);
        Simple(reply, flags);
        reply.Bulk("begin_search"u8);
        reply.Map(2);
        reply.Bulk("type"u8);
        reply.Bulk(keys.IsUnknown ? "unknown"u8 : keys.Keyword is null ? "index"u8 : "keyword"u8);
        reply.Bulk("spec"u8);
        if (keys.IsUnknown)
        {
            reply.Map(0);
        }
        else if (keys.Keyword is null)
        {
            reply.Map(1);
            Pair(reply, "index", counted ? keys.CountAt : keys.First);
        }
        else
        {
            reply.Map(2);
            reply.Bulk("keyword"u8);
            reply.Bulk(keys.Keyword);
            Pair(reply, "startfrom", keys.First);
        }
        reply.Bulk("find_keys"u8);
        reply.Map(2);
        reply.Bulk("type"u8);
        reply.Bulk(keys.IsUnknown ? "unknown"u8 : counted ? "keynum"u8 : "range"u8);
        reply.Bulk("spec"u8);
        ReplyFindKeys(reply, keys);
    }

    private static void ReplyFindKeys(ReplyWriter reply, KeySpec keys)
    {
        if (keys.IsUnknown)
        {
            reply.Map(0);
            return;
        }
        reply.Map(3);
        if (keys.CountAt > 0)
        {
            Pair(reply, "keynumidx", 0);
            Pair(reply, "firstkey", keys.First - keys.CountAt);
            Pair(reply, "keystep", keys.Step);
            return;
        }
        Pair(reply, "lastkey", keys.Last <= 0 ? keys.Last : keys.Last - keys.First);
        Pair(reply, "keystep", keys.Step);
        Pair(reply, "limit", keys.Limit);
    }

    private static void Pair(ReplyWriter reply, string name, long value)
    {
        reply.Bulk(name);
        reply.Integer(value);
    }

    private static void List(CommandContext context)
    {
        IEnumerable<CommandSpec> specs = context.Table.TopLevel.SelectMany(spec => (IEnumerable<CommandSpec>)[spec, .. spec.Subcommands]);
        if (context.ArgumentCount == 5 && context.Is(2, "FILTERBY"))
        {
            string value = context.Text(4);
            if (context.Is(3, "PATTERN"))
            {
                List<CommandSpec> matching = [];
                foreach (CommandSpec spec in specs)
                {
                    if (GlobPattern.IsMatch(context.Argument(4), Encoding.ASCII.GetBytes(spec.FullName), ignoreCase: true))
                    {
                        matching.Add(spec);
                    }
                }
                specs = matching;
            }
            else if (context.Is(3, "ACLCAT"))
            {
                specs = specs.Where(spec => CommandNames.Categories(spec).Contains(value.ToLowerInvariant()));
            }
            else if (context.Is(3, "MODULE"))
            {
                specs = [];
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
        }
        else if (context.ArgumentCount != 2)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        List<CommandSpec> found = [.. specs];
        context.Reply.Array(found.Count);
        foreach (CommandSpec spec in found)
        {
            context.Reply.Bulk(spec.FullName);
        }
    }

    private static void GetKeys(CommandContext context, bool withFlags)
    {
        CommandSpec? spec = context.Table.Find(context.Argument(2));
        if (spec is { Subcommands.Length: > 0 } && context.ArgumentCount > 3)
        {
            spec = CommandTable.FindSubcommand(spec, context.Argument(3));
        }
        if (spec is null)
        {
            context.Reply.Error("ERR Invalid command specified");
            return;
        }
        if (!spec.Keys.HasKeys || spec.Keys.Flags == KeyFlags.NotKey)
        {
            context.Reply.Error("ERR The command has no key arguments");
            return;
        }
        if (!spec.Accepts(context.ArgumentCount - 2))
        {
            context.Reply.Error("ERR Invalid number of arguments specified for command");
            return;
        }
        List<(int Position, KeyFlags Flags)> keys = KeyPositions.Within(spec, context, skip: 2);
        if (keys.Count == 0 && !spec.Is(CommandFlags.NoMandatoryKeys))
        {
            context.Reply.Error("ERR Invalid arguments specified for command");
            return;
        }
        context.Reply.Array(keys.Count);
        foreach ((int position, KeyFlags flags) in keys)
        {
            if (withFlags)
            {
                List<string> names = CommandNames.Keys(flags);
                context.Reply.Array(2);
                context.Reply.Bulk(context.Argument(position));
                context.Reply.Set(names.Count);
                Simple(context.Reply, names);
            }
            else
            {
                context.Reply.Bulk(context.Argument(position));
            }
        }
    }

    private static void Help(CommandContext context) => context.ReplyHelp("COMMAND",
    [
        "(no subcommand)",
        "    Return details about all commands.",
        "COUNT",
        "    Return the total number of commands in this server.",
        "LIST",
        "    Return a list of all commands in this server.",
        "INFO [<command-name> ...]",
        "    Return details about multiple commands.",
        "    If no command names are given, details about all commands are returned.",
        "DOCS [<command-name> ...]",
        "    Return documentation details about multiple commands.",
        "    If no command names are given, documentation details about all commands are returned.",
        "GETKEYS <full-command>",
        "    Return the keys from a full command.",
        "GETKEYSANDFLAGS <full-command>",
        "    Return the keys and the access flags from a full command.",
    ]);
}
