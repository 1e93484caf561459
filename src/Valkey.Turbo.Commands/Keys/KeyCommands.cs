using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>Keys as such: DEL, EXISTS, TYPE and their relatives.</summary>
internal static class KeyCommands
{
    private const string EachKey = "O(N) where N is the number of keys given.";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("del", -2, CommandFlags.Write, "generic", "1.0.0",
            "O(N) where N is the number of keys, plus the elements of collections removed.",
            "Deletes one or more keys.", Delete, KeySpec.All(KeyFlags.RM | KeyFlags.Delete), "key:key...",
            tips: "request_policy:multi_shard response_policy:agg_sum"),
        CommandSpec.Define("unlink", -2, CommandFlags.Write | Fast, "generic", "4.0.0", EachKey,
            "Asynchronously deletes one or more keys.", Delete, KeySpec.All(KeyFlags.RM | KeyFlags.Delete), "key:key...",
            tips: "request_policy:multi_shard response_policy:agg_sum"),
        CommandSpec.Define("exists", -2, ReadOnly | Fast, "generic", "1.0.0", EachKey,
            "Determines whether one or more keys exist.", Exists, KeySpec.All(KeyFlags.RO), "key:key...",
            tips: "request_policy:multi_shard response_policy:agg_sum"),
        CommandSpec.Define("touch", -2, ReadOnly | Fast, "generic", "3.2.1", EachKey,
            "Returns the number of existing keys out of those specified after updating the time they were last accessed.",
            Touch, KeySpec.All(KeyFlags.RO), "key:key...", tips: "request_policy:multi_shard response_policy:agg_sum"),
        CommandSpec.Define("type", 2, ReadOnly | Fast, "generic", "1.0.0", "O(1)",
            "Determines the type of value stored at a key.", Type, KeySpec.One(KeyFlags.RO), "key:key"),
        CommandSpec.Define("randomkey", 1, ReadOnly | TouchesArbitraryKeys, "generic", "1.0.0", "O(1)",
            "Returns a random key name from the database.", RandomKey,
            tips: "request_policy:all_shards response_policy:special nondeterministic_output", scope: ShardScope.All),
        CommandSpec.Define("dbsize", 1, ReadOnly | Fast, "server", "1.0.0", "O(1)",
            "Returns the number of keys in the database.", DbSize, categories: "keyspace",
            tips: "request_policy:all_shards response_policy:agg_sum", scope: ShardScope.None),
    ];

    /// <summary>The name that TYPE gives a value's type.</summary>
    internal static string TypeName(ValueType type) => type switch
    {
        ValueType.String => "string",
        ValueType.List => "list",
        ValueType.Set => "set",
        ValueType.SortedSet => "zset",
        ValueType.Hash => "hash",
        ValueType.Stream => "stream",
        _ => "unknown",
    };

    private static void Delete(CommandContext context)
    {
        int deleted = 0;
        bool lazily = context.Command.Name == "unlink" || context.Server.Config.LazyUserDel.IsSet;
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            KeyHandle key = context.Open(i);
            if (key.Exists)
            {
                context.Delete(ref key, lazily);
                context.Changed(key, KeyEvent.Generic, "del");
                deleted++;
            }
        }
        context.Reply.Integer(deleted);
    }

    private static void Exists(CommandContext context)
    {
        int existing = 0;
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            existing += context.Peek(i).Exists ? 1 : 0;
        }
        context.Reply.Integer(existing);
    }

    private static void Touch(CommandContext context)
    {
        int existing = 0;
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            KeyHandle key = context.Peek(i);
            if (key.Exists)
            {
                // This command touches even for clients whose other commands do not.
                AccessClock.Touch(key.Entry, context.Worker);
                existing++;
            }
        }
        context.Reply.Integer(existing);
    }

    private static void Type(CommandContext context)
    {
        KeyHandle key = context.Peek(1);
        context.Reply.Simple(key.Exists ? TypeName(key.Entry.Type) : "none");
    }

    private static void RandomKey(CommandContext context)
    {
        const int maxTries = 100;
        int database = context.Session.Database;
        for (int i = 0; i < maxTries; i++)
        {
            long total = context.Server.KeyCount(database);
            if (total == 0)
            {
                break;
            }
            long at = (long)(context.Worker.Random.NextDouble() * total);
            Keyspace keyspace = context.Server.Shards[0].Keyspaces[database];
            foreach (Shard shard in context.Server.Shards)
            {
                keyspace = shard.Keyspaces[database];
                if (at < keyspace.Table.Count)
                {
                    break;
                }
                at -= keyspace.Table.Count;
            }
            // Looking it up may remove it.
            using Scratch<byte> kept = new();
            kept.Items.AddRange(Entry.Key(keyspace.Table.RandomEntry(context.Worker.Random)));
            ReadOnlySpan<byte> name = kept.Items.Span;
            // During a pause there may be nothing but keys that have expired and stay; one of those has to do then.
            bool isLastTry = i == maxTries - 1 && context.Server.Pause.IsSet;
            if (!keyspace.Find(context.Worker, name, KeyHash.Of(name)).IsNone || isLastTry)
            {
                context.Reply.Bulk(name);
                return;
            }
        }
        context.Reply.Null();
    }

    private static void DbSize(CommandContext context) =>
        context.Reply.Integer(context.Server.KeyCount(context.Session.Database));
}
