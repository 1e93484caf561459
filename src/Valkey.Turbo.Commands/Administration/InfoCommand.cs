using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>INFO: the server's state, in sections.</summary>
internal static class InfoCommand
{
    private static readonly string[] Default =
        ["server", "clients", "memory", "persistence", "stats", "replication", "cpu", "modules", "errorstats", "cluster", "keyspace"];

    private static readonly string[] Extra = ["commandstats", "latencystats"];

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("info", -1, Loading | Stale, "server", "1.0.0", "O(1)",
            "Returns information and statistics about the server.", Info, syntax: "[section:string...]", categories: "dangerous",
            tips: "nondeterministic_output request_policy:all_shards response_policy:special", scope: ShardScope.None),
    ];

    private static void Info(CommandContext context)
    {
        HashSet<string> wanted = [];
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            string section = context.Text(i).ToLowerInvariant();
            wanted.UnionWith(section switch
            {
                "default" => Default,
                "all" or "everything" => [.. Default, .. Extra],
                _ => [section],
            });
        }
        if (context.ArgumentCount == 1)
        {
            wanted.UnionWith(Default);
        }
        context.Reply.Verbatim("txt", InfoText.Write(context, wanted));
    }
}
