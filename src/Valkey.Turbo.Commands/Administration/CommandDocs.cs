using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>COMMAND DOCS: what the command table and its history say of each command.</summary>
internal static class CommandDocs
{
    internal static void Run(CommandContext context)
    {
        List<CommandSpec> specs = [];
        if (context.ArgumentCount == 2)
        {
            specs.AddRange(context.Table.TopLevel);
        }
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (context.Table.FindByFullName(context.Text(i)) is CommandSpec spec)
            {
                specs.Add(spec);
            }
        }
        Reply(context.Reply, specs);
    }

    private static void Reply(ReplyWriter reply, IReadOnlyList<CommandSpec> specs)
    {
        reply.Map(specs.Count);
        foreach (CommandSpec spec in specs)
        {
            reply.Bulk(spec.FullName);
            Reply(reply, spec);
        }
    }

    private static void Reply(ReplyWriter reply, CommandSpec spec)
    {
        IReadOnlyList<CommandArgument> arguments = ArgumentSyntax.Parse(spec.Syntax);
        IReadOnlyList<CommandChange> history = CommandHistory.Of(spec.FullName);
        bool isSystem = CommandHistory.SystemCommands.Contains(spec.FullName);
        reply.Map(4 + Count(isSystem, history.Count > 0, arguments.Count > 0, spec.Subcommands.Length > 0));
        Field(reply, "summary", spec.Summary);
        Field(reply, "since", spec.Since);
        Field(reply, "group", spec.Group);
        Field(reply, "complexity", spec.Complexity);
        if (isSystem)
        {
            Flags(reply, "doc_flags", ["syscmd"]);
        }
        if (history.Count > 0)
        {
            reply.Bulk("history"u8);
            reply.Set(history.Count);
            foreach (CommandChange change in history)
            {
                reply.Array(2);
                reply.Bulk(change.Version);
                reply.Bulk(change.Text);
            }
        }
        if (arguments.Count > 0)
        {
            int keyIndex = 0;
            Reply(reply, arguments, ref keyIndex);
        }
        if (spec.Subcommands.Length > 0)
        {
            reply.Bulk("subcommands"u8);
            Reply(reply, spec.Subcommands);
        }
    }

    private static void Reply(ReplyWriter reply, IReadOnlyList<CommandArgument> arguments, ref int keyIndex)
    {
        reply.Bulk("arguments"u8);
        reply.Array(arguments.Count);
        foreach (CommandArgument argument in arguments)
        {
            Reply(reply, argument, ref keyIndex);
        }
    }

    private static void Reply(ReplyWriter reply, CommandArgument argument, ref int keyIndex)
    {
        bool isGroup = argument.Arguments.Count > 0;
        int keySpec = argument.KeySpecIndex >= 0 ? argument.KeySpecIndex : argument.Type == "key" ? keyIndex++ : -1;
        List<string> flags = [];
        AddIf(flags, argument.IsOptional, "optional");
        AddIf(flags, argument.IsMultiple, "multiple");
        AddIf(flags, argument.RepeatsToken, "multiple_token");
        reply.Map(2 + Count(!isGroup, keySpec >= 0, argument.Token is not null, argument.Since is not null,
            argument.DeprecatedSince is not null, flags.Count > 0, isGroup));
        Field(reply, "name", argument.Name);
        Field(reply, "type", argument.Type);
        if (!isGroup)
        {
            Field(reply, "display_text", argument.DisplayText);
        }
        if (keySpec >= 0)
        {
            reply.Bulk("key_spec_index"u8);
            reply.Integer(keySpec);
        }
        FieldIfAny(reply, "token", argument.Token);
        FieldIfAny(reply, "since", argument.Since);
        FieldIfAny(reply, "deprecated_since", argument.DeprecatedSince);
        if (flags.Count > 0)
        {
            Flags(reply, "flags", flags);
        }
        if (isGroup)
        {
            Reply(reply, argument.Arguments, ref keyIndex);
        }
    }

    private static int Count(params ReadOnlySpan<bool> fields) => fields.Count(true);

    private static void AddIf(List<string> flags, bool condition, string flag)
    {
        if (condition)
        {
            flags.Add(flag);
        }
    }

    private static void Field(ReplyWriter reply, string name, string value)
    {
        reply.Bulk(name);
        reply.Bulk(value);
    }

    private static void FieldIfAny(ReplyWriter reply, string name, string? value)
    {
        if (value is not null)
        {
            Field(reply, name, value);
        }
    }

    private static void Flags(ReplyWriter reply, string name, List<string> flags)
    {
        reply.Bulk(name);
        reply.Set(flags.Count);
        CommandCommand.Simple(reply, flags);
    }
}
