using Valkey.Turbo.Memory;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>
/// CLUSTER, as in a server that is in no cluster: of what it answers to any client, only the slot of a key is known. What changes a
/// cluster comes with clusters.
/// </summary>
internal static class ClusterCommand
{
    private const string PerNode = "O(N) where N is the total number of Cluster nodes";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("cluster", -2, CommandFlags.None, "cluster", "3.0.0", "Depends on subcommand.",
            "A container for commands of clusters.", null, subcommands:
            [
                Sub("countkeysinslot", 3, Stale, "3.0.0", "O(1)", "Counts the keys of a slot.", "slot:integer"),
                Sub("getkeysinslot", 4, Stale, "3.0.0", "O(N) where N is the number of requested keys", "Returns keys of a slot.",
                    "slot:integer count:integer", "nondeterministic_output"),
                Sub("help", 2, Loading | Stale, "5.0.0", "O(1)", "Returns helpful text about the different subcommands."),
                Sub("info", 2, Loading | Stale, "3.0.0", "O(1)", "Returns the state of a node.", tips: "nondeterministic_output"),
                CommandSpec.Define("keyslot", 3, Stale, "cluster", "3.0.0", "O(N) where N is the number of bytes in the key",
                    "Returns the slot of a key.", context => context.Reply.Integer(KeySlot.Of(context.Argument(2))),
                    syntax: "key:string", scope: ShardScope.None),
                Sub("links", 2, Stale, "7.0.0", PerNode, "Returns the connections between nodes.", tips: "nondeterministic_output"),
                Sub("myid", 2, Loading | Stale, "3.0.0", "O(1)", "Returns the ID of the node."),
                Sub("myshardid", 2, Loading | Stale, "7.2.0", "O(1)", "Returns the ID of the node's shard.", tips: "nondeterministic_output"),
                Sub("nodes", 2, Loading | Stale, "3.0.0", PerNode, "Returns the nodes as this one knows them.", tips: "nondeterministic_output"),
                Sub("shards", 2, Loading | Stale, "7.0.0", "O(N) where N is the total number of cluster nodes",
                    "Returns which shard serves which slots.", tips: "nondeterministic_output"),
                Sub("slot-stats", -4, Loading | Stale, "8.0.0",
                    "O(N) where N is the total number of slots based on arguments. O(N*log(N)) with ORDERBY subcommand.", "Returns how slots are used.",
                    "filter=<slotsrange={start-slot:integer end-slot:integer}@SLOTSRANGE | "
                        + "orderby={metric:string [limit:integer@LIMIT] [order=<asc:ASC | desc:DESC>]}@ORDERBY>",
                    "nondeterministic_output request_policy:all_shards"),
                Sub("slots", 2, Loading | Stale, "3.0.0", PerNode, "Returns which nodes serve which slots.", tips: "nondeterministic_output"),
            ]),
    ];

    private static CommandSpec Sub(
        string name, int arity, CommandFlags flags, string since, string complexity, string summary, string syntax = "", string tips = "") =>
        CommandSpec.Define(name, arity, flags, "cluster", since, complexity, summary,
            context => context.Reply.Error("ERR This instance has cluster support disabled"), syntax: syntax, tips: tips, scope: ShardScope.None);
}
