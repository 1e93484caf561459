namespace Valkey.Turbo.Commands;

/// <summary>The names by which COMMAND shows flags, key flags and ACL categories.</summary>
internal static class CommandNames
{
    private static readonly (CommandFlags Flag, string Name)[] FlagNames =
    [
        (CommandFlags.Write, "write"), (CommandFlags.ReadOnly, "readonly"), (CommandFlags.DenyOom, "denyoom"),
        (CommandFlags.Admin, "admin"), (CommandFlags.PubSub, "pubsub"), (CommandFlags.NoScript, "noscript"),
        (CommandFlags.Blocking, "blocking"), (CommandFlags.Loading, "loading"), (CommandFlags.Stale, "stale"),
        (CommandFlags.SkipMonitor, "skip_monitor"), (CommandFlags.SkipCommandLog, "skip_commandlog"),
        (CommandFlags.Asking, "asking"), (CommandFlags.Fast, "fast"), (CommandFlags.NoAuth, "no_auth"),
        (CommandFlags.AllowBusy, "allow_busy"), (CommandFlags.NoMulti, "no_multi"),
        (CommandFlags.NoAsyncLoading, "no_async_loading"), (CommandFlags.NoMandatoryKeys, "no_mandatory_keys"),
        (CommandFlags.MovableKeys, "movablekeys"),
    ];

    private static readonly (KeyFlags Flag, string Name)[] KeyFlagNames =
    [
        (KeyFlags.RO, "RO"), (KeyFlags.RW, "RW"), (KeyFlags.OW, "OW"), (KeyFlags.RM, "RM"),
        (KeyFlags.Access, "access"), (KeyFlags.Update, "update"), (KeyFlags.Insert, "insert"), (KeyFlags.Delete, "delete"),
        (KeyFlags.VariableFlags, "variable_flags"),
        (KeyFlags.NotKey, "not_key"),
    ];

    /// <summary>All ACL categories, in Valkey's order.</summary>
    internal static readonly string[] AllCategories =
    [
        "keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream",
        "pubsub", "admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
    ];

    internal static List<string> Flags(CommandSpec spec) =>
        [.. FlagNames.Where(pair => spec.Is(pair.Flag)).Select(pair => pair.Name)];

    internal static List<string> Keys(KeyFlags flags) =>
        [.. KeyFlagNames.Where(pair => (flags & pair.Flag) != 0).Select(pair => pair.Name)];

    /// <summary>The categories that follow from flags and group, and those the row adds.</summary>
    internal static List<string> Categories(CommandSpec spec)
    {
        HashSet<string> set = [.. spec.Categories.Split(' ', StringSplitOptions.RemoveEmptyEntries)];
        string group = spec.Group switch
        {
            "generic" => spec.Container is null && spec.Subcommands.Length == 0 ? "keyspace" : "",
            "sorted-set" => "sortedset",
            "transactions" => "transaction",
            string other => other,
        };
        if (AllCategories.Contains(group) && spec.Subcommands.Length == 0 && !set.Remove("!" + group))
        {
            set.Add(group);
        }
        void AddIf(bool condition, string name)
        {
            if (condition)
            {
                set.Add(name);
            }
        }
        AddIf(spec.Is(CommandFlags.Write), "write");
        AddIf(spec.Is(CommandFlags.ReadOnly) && !set.Contains("scripting"), "read");
        AddIf(spec.Is(CommandFlags.Admin), "admin");
        AddIf(spec.Is(CommandFlags.Admin), "dangerous");
        AddIf(spec.Is(CommandFlags.PubSub), "pubsub");
        AddIf(spec.Is(CommandFlags.Blocking), "blocking");
        AddIf(spec.Is(CommandFlags.Fast), "fast");
        AddIf(!spec.Is(CommandFlags.Fast), "slow");
        return [.. AllCategories.Where(set.Contains)];
    }
}
