using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>Keys that change their name or database: RENAME, COPY, MOVE, SWAPDB, and the flushing of databases.</summary>
internal static class MoveCommands
{
    private static readonly KeySpec Source = KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("rename", 3, CommandFlags.Write, "generic", "1.0.0", "O(1)",
            "Renames a key and overwrites the destination.", context => Rename(context, onlyIfAbsent: false), Source,
            "key:key newkey:key", moreKeys: [new KeySpec(2, 2, 1, KeyFlags.OW | KeyFlags.Update)]),
        CommandSpec.Define("renamenx", 3, CommandFlags.Write | Fast, "generic", "1.0.0", "O(1)",
            "Renames a key only when the target key name doesn't exist.", context => Rename(context, onlyIfAbsent: true), Source,
            "key:key newkey:key", moreKeys: [new KeySpec(2, 2, 1, KeyFlags.OW | KeyFlags.Insert)]),
        CommandSpec.Define("copy", -3, CommandFlags.Write | DenyOom, "generic", "6.2.0",
            "O(N) where N is the size of the value.", "Copies the value of a key to a new key.", Copy,
            KeySpec.One(KeyFlags.RO | KeyFlags.Access), "source:key destination:key [destination-db:integer@DB] [replace:REPLACE]",
            moreKeys: [new KeySpec(2, 2, 1, KeyFlags.OW | KeyFlags.Update)]),
        CommandSpec.Define("move", 3, CommandFlags.Write | Fast, "generic", "1.0.0", "O(1)",
            "Moves a key to another database.", Move, KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Update), "key:key db:integer"),
        CommandSpec.Define("swapdb", 3, CommandFlags.Write | Fast, "server", "4.0.0", "O(1)",
            "Swaps two databases.", SwapDb, syntax: "index1:integer index2:integer", categories: "keyspace dangerous",
            scope: ShardScope.All),
        CommandSpec.Define("flushdb", -1, CommandFlags.Write, "server", "1.0.0", "O(N) where N is the number of keys.",
            "Removes all keys from the current database.", context => Flush(context, allDatabases: false),
            syntax: "[flush-type=<async:ASYNC^4.0.0 | sync:SYNC^6.2.0>]", categories: "keyspace dangerous",
            tips: "request_policy:all_shards response_policy:all_succeeded", scope: ShardScope.All),
        CommandSpec.Define("flushall", -1, CommandFlags.Write, "server", "1.0.0", "O(N) where N is the number of keys.",
            "Removes all keys from all databases.", context => Flush(context, allDatabases: true),
            syntax: "[flush-type=<async:ASYNC^4.0.0 | sync:SYNC^6.2.0>]", categories: "keyspace dangerous",
            tips: "request_policy:all_shards response_policy:all_succeeded", scope: ShardScope.All),
    ];

    private static void Rename(CommandContext context, bool onlyIfAbsent)
    {
        KeyHandle source = context.Write(1);
        if (!source.Exists)
        {
            context.Reply.Error(Errors.NoSuchKey);
            return;
        }
        bool isSame = source.Name.SequenceEqual(context.Argument(2));
        KeyHandle target = context.Write(2);
        if (isSame || (onlyIfAbsent && target.Exists))
        {
            ReplyRenamed(context, onlyIfAbsent, renamed: false);
            return;
        }
        if (target.Exists)
        {
            context.Delete(ref target);
        }
        MoveEntry(context, source.Name, context.Session.Database, target);
        context.Changed(source, KeyEvent.Generic, "rename_from");
        context.Changed(target, KeyEvent.Generic, "rename_to");
        ReplyRenamed(context, onlyIfAbsent, renamed: true);
    }

    private static void ReplyRenamed(CommandContext context, bool onlyIfAbsent, bool renamed)
    {
        if (onlyIfAbsent)
        {
            context.Reply.Integer(renamed ? 1 : 0);
        }
        else
        {
            context.Reply.Ok();
        }
    }

    /// <summary>Puts an entry under an absent key: within a shard the value stays where it is, otherwise it is copied.</summary>
    private static void MoveEntry(CommandContext context, ReadOnlySpan<byte> name, int database, in KeyHandle target)
    {
        // Positions do not survive changes of their table, so the source is looked up once more before each use.
        KeyHandle source = context.Open(name, database);
        if (source.Keyspace.Shard == target.Keyspace.Shard)
        {
            target.Keyspace.InsertMoved(context.Worker, source.Keyspace, source.Position, target.Name, target.Hash, source.ExpiresAtUnixMs);
            return;
        }
        target.Keyspace.InsertCopy(context.Worker, source.Entry, target.Name, target.Hash, source.ExpiresAtUnixMs);
        source = context.Open(name, database);
        context.Delete(ref source);
    }

    private static void Copy(CommandContext context)
    {
        int database = context.Session.Database;
        bool replaces = false;
        for (int i = 3; i < context.ArgumentCount; i++)
        {
            if (context.Is(i, "REPLACE"))
            {
                replaces = true;
            }
            else if (context.Is(i, "DB") && i + 1 < context.ArgumentCount)
            {
                if (!context.TryDatabase(++i, out database))
                {
                    return;
                }
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
        }
        if (database == context.Session.Database && context.Argument(1).SequenceEqual(context.Argument(2)))
        {
            context.Reply.Error(Errors.SameObject);
            return;
        }
        context.Settle(context.Argument(2), database);
        KeyHandle source = context.Read(1);
        KeyHandle target = context.Open(context.Argument(2), database);
        if (!source.Exists || (target.Exists && !replaces))
        {
            context.Reply.Integer(0);
            return;
        }
        if (target.Exists)
        {
            context.Delete(ref target);
            source = context.Open(1);
        }
        target.Keyspace.InsertCopy(context.Worker, source.Entry, target.Name, target.Hash, source.ExpiresAtUnixMs);
        context.Changed(target, KeyEvent.Generic, "copy_to");
        context.Reply.Integer(1);
    }

    private static void Move(CommandContext context)
    {
        if (!context.TryDatabase(2, out int database))
        {
            return;
        }
        if (database == context.Session.Database)
        {
            context.Reply.Error(Errors.SameObject);
            return;
        }
        context.Settle(context.Argument(1), database);
        KeyHandle source = context.Write(1);
        KeyHandle target = context.Open(context.Argument(1), database);
        if (!source.Exists || target.Exists)
        {
            context.Reply.Integer(0);
            return;
        }
        MoveEntry(context, source.Name, context.Session.Database, target);
        context.Changed(source, KeyEvent.Generic, "move_from");
        context.Changed(target, KeyEvent.Generic, "move_to");
        context.Reply.Integer(1);
    }

    private static void SwapDb(CommandContext context)
    {
        if (!context.TryInt32(1, out int first, "ERR invalid first DB index")
            || !context.TryInt32(2, out int second, "ERR invalid second DB index"))
        {
            return;
        }
        long count = context.Server.Config.Databases.Number;
        if (first < 0 || first >= count || second < 0 || second >= count)
        {
            context.Reply.Error(Errors.DatabaseOutOfRange);
            return;
        }
        foreach (Shard shard in context.Server.Shards)
        {
            ServerInstance.Swap(context.Worker, shard, first, second, context.NowUnixMs);
        }
        context.Changed();
        context.Reply.Ok();
    }

    private static void Flush(CommandContext context, bool allDatabases)
    {
        bool later = context.Server.Config.LazyUserFlush.IsSet;
        if (context.ArgumentCount == 2 && (context.Is(1, "SYNC") || context.Is(1, "ASYNC")))
        {
            later = context.Is(1, "ASYNC");
        }
        else if (context.ArgumentCount > 1)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        context.Server.Tracking.InvalidateEverything(context.Worker);
        foreach (Shard shard in context.Server.Shards)
        {
            shard.Tracked.Clear();
            for (int database = 0; database < shard.Keyspaces.Length; database++)
            {
                if (allDatabases || database == context.Session.Database)
                {
                    context.Server.Flush(context.Worker, shard, database, later);
                }
            }
        }
        context.Changed();
        context.Reply.Ok();
    }
}
