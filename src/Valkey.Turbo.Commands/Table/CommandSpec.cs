using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands;

/// <summary>What a command does and where it may run; the names are those COMMAND INFO prints, in lower case.</summary>
[Flags]
public enum CommandFlags
{
    None = 0,
    Write = 1 << 0,
    ReadOnly = 1 << 1,
    /// <summary>May grow memory, so it is refused above <c>maxmemory</c>.</summary>
    DenyOom = 1 << 2,
    Admin = 1 << 3,
    PubSub = 1 << 4,
    NoScript = 1 << 5,
    Blocking = 1 << 6,
    Loading = 1 << 7,
    Stale = 1 << 8,
    SkipMonitor = 1 << 9,
    SkipCommandLog = 1 << 10,
    Asking = 1 << 11,
    Fast = 1 << 12,
    /// <summary>Runs before authentication.</summary>
    NoAuth = 1 << 13,
    MayReplicate = 1 << 14,
    Protected = 1 << 15,
    AllowBusy = 1 << 16,
    /// <summary>The positions of the keys depend on arguments.</summary>
    MovableKeys = 1 << 17,
    NoMulti = 1 << 18,
    NoAsyncLoading = 1 << 19,
    OnlySentinel = 1 << 20,
    NoMandatoryKeys = 1 << 21,
    TouchesArbitraryKeys = 1 << 22,
    /// <summary>Runs at once inside a transaction, too. Not shown.</summary>
    NotQueued = 1 << 23,
    /// <summary>Runs the transaction. Not shown.</summary>
    RunsTransaction = 1 << 24,
    /// <summary>Allowed to subscribers, who speak RESP2. Not shown.</summary>
    ForSubscribers = 1 << 25,
    /// <summary>Answered with the error that writes get while the disk fails, so that probes see it. Not shown.</summary>
    ShowsDiskErrors = 1 << 26,
    /// <summary>Runs a script or a function, whose flags are its own. Not shown.</summary>
    RunsScript = 1 << 27,
}

/// <summary>How a command uses its keys; the names are those COMMAND INFO prints.</summary>
[Flags]
public enum KeyFlags
{
    None = 0,
    /// <summary>Reads the value.</summary>
    RO = 1 << 0,
    /// <summary>Reads and writes the value.</summary>
    RW = 1 << 1,
    /// <summary>Overwrites the value.</summary>
    OW = 1 << 2,
    /// <summary>Removes the key.</summary>
    RM = 1 << 3,
    Access = 1 << 4,
    Update = 1 << 5,
    Insert = 1 << 6,
    Delete = 1 << 7,
    /// <summary>The access depends on arguments.</summary>
    VariableFlags = 1 << 8,
    /// <summary>Not a key, but it decides the slot as a key would: a shard channel.</summary>
    NotKey = 1 << 9,
}

/// <summary>
/// Where keys stand among the arguments: from <paramref name="First"/> to <paramref name="Last"/> (negative: counted from the
/// end) in steps of <paramref name="Step"/>; or behind a count at <paramref name="CountAt"/>.
/// </summary>
public readonly record struct KeySpec(int First, int Last, int Step, KeyFlags Flags, int CountAt = 0)
{
    /// <summary>A command without keys.</summary>
    public static KeySpec None => default;

    /// <summary>One key, the first argument.</summary>
    public static KeySpec One(KeyFlags flags) => new(1, 1, 1, flags);

    /// <summary>All arguments from the first.</summary>
    public static KeySpec All(KeyFlags flags, int step = 1) => new(1, -1, step, flags);

    /// <summary>Two keys, the first two arguments.</summary>
    public static KeySpec Two(KeyFlags flags) => new(1, 2, 1, flags);

    /// <summary>As many keys as argument <paramref name="countAt"/> says, right behind it.</summary>
    public static KeySpec Counted(int countAt, int step, KeyFlags flags) => new(countAt + 1, 0, step, flags, countAt);

    /// <summary>
    /// Keys behind a word that stands at <paramref name="startFrom"/> or later; as many as <paramref name="last"/> says,
    /// divided by <paramref name="limit"/> where the rest are something else.
    /// </summary>
    public static KeySpec Behind(string keyword, int startFrom, KeyFlags flags, int last = 0, int limit = 0) =>
        new(startFrom, last, 1, flags) { Keyword = keyword, Limit = limit };

    /// <summary>Keys that only the command itself can find; what is shown of them.</summary>
    public static KeySpec Unknown(KeyFlags flags) => new(0, 0, 0, flags) { IsUnknown = true };

    /// <summary>The word that the keys stand behind, or null.</summary>
    public string? Keyword { get; init; }

    /// <summary>Another word for the same purpose, or null: of the two, the one that stands last counts.</summary>
    public string? Rival { get; init; }

    /// <summary>The part of the arguments up to the last that are keys: 2 for a half. 0 for all.</summary>
    public int Limit { get; init; }

    /// <summary>Whether COMMAND shows the specification as unknown.</summary>
    public bool IsUnknown { get; init; }

    /// <summary>Whether there are keys at all.</summary>
    public bool HasKeys => First > 0;
}

/// <summary>Which shards a command needs to hold while it runs.</summary>
public enum ShardScope
{
    /// <summary>Those of its keys.</summary>
    Keys,
    /// <summary>All of them.</summary>
    All,
    /// <summary>None; it borrows what it needs by itself, or touches no data.</summary>
    None,
}

/// <summary>
/// A row of the command table: everything there is to know of a command. Lookup, arity checks, key extraction, COMMAND
/// and its subcommands, and the statistics all come from here.
/// </summary>
public sealed class CommandSpec
{
    /// <summary>The name in lower case; of a subcommand without its container's.</summary>
    public required string Name { get; init; }

    /// <summary>How many arguments, the name included; negative for at least as many.</summary>
    public required int Arity { get; init; }

    /// <summary>What it does.</summary>
    public required CommandFlags Flags { get; init; }

    /// <summary>The group of the documentation: string, generic, connection, server.</summary>
    public required string Group { get; init; }

    /// <summary>The version of Redis or Valkey that first had it.</summary>
    public required string Since { get; init; }

    /// <summary>Its cost.</summary>
    public required string Complexity { get; init; }

    /// <summary>What it does, in one sentence.</summary>
    public required string Summary { get; init; }

    /// <summary>Where its keys are.</summary>
    public KeySpec Keys { get; init; }

    /// <summary>Further key specifications, of commands that use their keys differently.</summary>
    public KeySpec[] MoreKeys { get; init; } = [];

    /// <summary>How the keys of one request are used, where that depends on its arguments (from word <c>skip</c> on).</summary>
    public Func<CommandContext, int, KeyFlags>? KeyFlagsOf { get; init; }

    /// <summary>Its arguments, in the notation that <see cref="ArgumentSyntax"/> reads.</summary>
    public string Syntax { get; init; } = "";

    /// <summary>
    /// ACL categories beyond those that follow from flags and group, separated by blanks; behind a <c>!</c> the group's that it
    /// is not in.
    /// </summary>
    public string Categories { get; init; } = "";

    /// <summary>Hints for proxies and clients, separated by blanks.</summary>
    public string Tips { get; init; } = "";

    /// <summary>Where the first member or field stands that the command looks up in its first key's collection; 0 for none.</summary>
    public int MemberAt { get; init; }

    /// <summary>The shards it needs.</summary>
    public ShardScope Scope { get; init; }

    /// <summary>The shards that a request needs, where that depends on its arguments.</summary>
    public Func<RequestBatch, int, ShardScope>? ScopeOf { get; init; }

    /// <summary>Runs it. Null for a container, whose subcommands run.</summary>
    public Action<CommandContext>? Run { get; init; }

    /// <summary>The subcommands of a container.</summary>
    public CommandSpec[] Subcommands { get; init; } = [];

    /// <summary>
    /// Whether a call with few arguments is short, so that a row of them is timed as one; reading the clock for each would cost as
    /// much as some of them do. So it is where the cost is constant, logarithmic or that of what is given.
    /// </summary>
    public bool IsBrief { get; internal set; }

    /// <summary>Whether a request may name more than one key.</summary>
    public bool HasSeveralKeys { get; internal set; }

    /// <summary>Its number in the statistics.</summary>
    public int Id { get; internal set; }

    /// <summary>The container of a subcommand.</summary>
    public CommandSpec? Container { get; internal set; }

    /// <summary>The name that clients see: of a subcommand <c>container|name</c>.</summary>
    public string FullName { get; internal set; } = "";

    /// <summary>A row in one expression; see the properties of the same names.</summary>
    public static CommandSpec Define(
        string name, int arity, CommandFlags flags, string group, string since, string complexity, string summary,
        Action<CommandContext>? run, KeySpec keys = default, string syntax = "", string tips = "", string categories = "",
        ShardScope scope = ShardScope.Keys, KeySpec[]? moreKeys = null, CommandSpec[]? subcommands = null,
        Func<CommandContext, int, KeyFlags>? keyFlagsOf = null, Func<RequestBatch, int, ShardScope>? scopeOf = null,
        int memberAt = 0) => new()
        {
            Name = name,
            Arity = arity,
            Flags = flags,
            Group = group,
            Since = since,
            Complexity = complexity,
            Summary = summary,
            Run = run,
            Keys = keys,
            MoreKeys = moreKeys ?? [],
            KeyFlagsOf = keyFlagsOf,
            Syntax = syntax,
            Tips = tips,
            Categories = categories,
            Scope = scope,
            ScopeOf = scopeOf,
            MemberAt = memberAt,
            Subcommands = subcommands ?? [],
        };

    /// <summary>Whether <see cref="Flags"/> has any of <paramref name="flags"/>.</summary>
    public bool Is(CommandFlags flags) => (Flags & flags) != 0;

    /// <summary>Whether a request of <paramref name="argumentCount"/> words has the right length.</summary>
    public bool Accepts(int argumentCount) => Arity >= 0 ? argumentCount == Arity : argumentCount >= -Arity;
}
