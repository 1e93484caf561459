namespace Valkey.Turbo.Engine;

/// <summary>
/// Every directive of Valkey 9.1's configuration, and the two that this server adds: <c>threads</c> (another name of
/// <c>io-threads</c>) and <c>io-engine</c>. Those two are hidden, so that who sets everything that CONFIG GET shows elsewhere meets no
/// unknown name.
/// </summary>
internal static partial class DirectiveTable
{
    /// <summary>Names that Valkey accepts without effect.</summary>
    internal static readonly string[] Deprecated =
    [
        "list-max-ziplist-entries", "list-max-ziplist-value", "lua-replicate-commands",
        "io-threads-do-reads", "dynamic-hz", "events-per-io-thread",
    ];

    /// <summary>A fresh copy of all directives with their defaults.</summary>
    internal static Directive[] Create() => [.. Flags(), .. Numbers(), .. Texts()];

    private static FlagDirective Flag(string name, string? alias, DirectiveFlags flags, bool value) =>
        new(name, alias, flags, value);

    private static NumberDirective Number(
        string name, string? alias, DirectiveFlags flags, long value, long min, long max, NumberUnit unit) =>
        new(name, alias, flags, value, min, max, unit);

    private static ChoiceDirective Choice(string name, string? alias, DirectiveFlags flags, string value, string[] choices) =>
        new(name, alias, flags, value, choices);

    private static TextDirective Text(string name, string? alias, DirectiveFlags flags, string value) =>
        new(name, alias, flags, value);
}
