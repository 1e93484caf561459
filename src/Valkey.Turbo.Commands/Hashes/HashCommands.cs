using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Hashes;

/// <summary>Fields of a hash: setting, getting and deleting them.</summary>
internal static class HashCommands
{
    private const string EachField = "O(N) where N is the number of fields given.";
    private const string AllFields = "O(N) where N is the number of fields of the hash.";
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);
    private static readonly KeySpec Looks = KeySpec.One(KeyFlags.RO);
    private static readonly KeySpec Updates = KeySpec.One(KeyFlags.RW | KeyFlags.Update);

    /// <summary>Which parts of its fields a command returns.</summary>
    [Flags]
    private enum Parts
    {
        Names = 1,
        Values = 2,
    }

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("hset", -4, CommandFlags.Write | DenyOom | Fast, "hash", "2.0.0", EachField,
            "Sets fields of a hash, which is created if there is none.", context => Set(context, repliesOk: false), Updates,
            "key:key data={field:string value:string}...", memberAt: 2),
        CommandSpec.Define("hmset", -4, CommandFlags.Write | DenyOom | Fast, "hash", "2.0.0", EachField,
            "Sets fields of a hash, which is created if there is none.", context => Set(context, repliesOk: true), Updates,
            "key:key data={field:string value:string}...", memberAt: 2),
        CommandSpec.Define("hsetnx", 4, CommandFlags.Write | DenyOom | Fast, "hash", "2.0.0", "O(1)",
            "Sets a field of a hash, if there is no such field.", SetNx, KeySpec.One(KeyFlags.RW | KeyFlags.Insert),
            "key:key field:string value:string", memberAt: 2),
        CommandSpec.Define("hget", 3, ReadOnly | Fast, "hash", "2.0.0", "O(1)", "Returns the value of a field of a hash.",
            Get, Reads, "key:key field:string", memberAt: 2),
        CommandSpec.Define("hmget", -3, ReadOnly | Fast, "hash", "2.0.0", EachField, "Returns the values of fields of a hash.",
            MultiGet, Reads, "key:key field:string...", memberAt: 2),
        CommandSpec.Define("hdel", -3, CommandFlags.Write | Fast, "hash", "2.0.0", EachField, "Removes fields from a hash.",
            Delete, KeySpec.One(KeyFlags.RW | KeyFlags.Delete), "key:key field:string...", memberAt: 2),
        CommandSpec.Define("hlen", 2, ReadOnly | Fast, "hash", "2.0.0", "O(1)", "Returns the number of fields of a hash.",
            Length, Looks, "key:key"),
        CommandSpec.Define("hstrlen", 3, ReadOnly | Fast, "hash", "3.2.0", "O(1)", "Returns the length of a field's value.",
            ValueLength, Looks, "key:key field:string"),
        CommandSpec.Define("hexists", 3, ReadOnly | Fast, "hash", "2.0.0", "O(1)", "Tells whether a hash has a field.",
            Exists, Looks, "key:key field:string", memberAt: 2),
        CommandSpec.Define("hkeys", 2, ReadOnly, "hash", "2.0.0", AllFields, "Returns all fields of a hash.",
            context => GetAll(context, Parts.Names), Reads, "key:key", tips: "nondeterministic_output_order"),
        CommandSpec.Define("hvals", 2, ReadOnly, "hash", "2.0.0", AllFields, "Returns all values of a hash.",
            context => GetAll(context, Parts.Values), Reads, "key:key", tips: "nondeterministic_output_order"),
        CommandSpec.Define("hgetall", 2, ReadOnly, "hash", "2.0.0", AllFields, "Returns all fields and values of a hash.",
            context => GetAll(context, Parts.Names | Parts.Values), Reads, "key:key", tips: "nondeterministic_output_order"),
    ];

    /// <summary>Keeps the keyspace's expiry index true after fields have changed.</summary>
    internal static void NoteFieldExpiry(CommandContext context, in KeyHandle key)
    {
        if (key.Exists && key.Entry.HasVolatileFields)
        {
            key.Keyspace.NoteFieldExpiry(context.Worker, key.Position);
        }
    }

    private static void Set(CommandContext context, bool repliesOk)
    {
        if (context.ArgumentCount % 2 == 1)
        {
            context.Reply.Error(Errors.Arity(context.Command.FullName));
            return;
        }
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.Hash))
        {
            return;
        }
        context.BeginChange(ref key, ValueType.Hash, ValueEncoding.Listpack);
        HashValue hash = context.HashOf(key);
        if (hash.IsListpack && (context.ArgumentCount - 2) / 2 > context.Limits.HashMaxListpackEntries)
        {
            hash.ConvertToTable();
        }
        int added = 0;
        for (int i = 2; i < context.ArgumentCount; i += 2)
        {
            bool isNew = hash.Set(
                context.Argument(i), context.Argument(i + 1), ITableEntry.NoExpiry, context.Limits);
            added += isNew ? 1 : 0;
        }
        NoteFieldExpiry(context, key);
        context.Changed(key, KeyEvent.Hash, "hset", (context.ArgumentCount - 2) / 2);
        if (repliesOk)
        {
            context.Reply.Ok();
        }
        else
        {
            context.Reply.Integer(added);
        }
    }

    private static void SetNx(CommandContext context)
    {
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.Hash))
        {
            return;
        }
        if (key.Exists && context.HashOf(key).TryGetExpiry(context.Argument(2), out _))
        {
            context.Reply.Integer(0);
            return;
        }
        context.BeginChange(ref key, ValueType.Hash, ValueEncoding.Listpack);
        context.HashOf(key).Set(context.Argument(2), context.Argument(3), ITableEntry.NoExpiry, context.Limits);
        NoteFieldExpiry(context, key);
        context.Changed(key, KeyEvent.Hash, "hset");
        context.Reply.Integer(1);
    }

    private static void Get(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            ReplyField(context, key, exists, context.Argument(2));
        }
    }

    /// <summary>Replies a field's value, or null.</summary>
    internal static void ReplyField(CommandContext context, in KeyHandle key, bool exists, ReadOnlySpan<byte> field)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        if (exists && context.HashOf(key).TryGet(field, scratch, out ReadOnlySpan<byte> value))
        {
            context.Reply.Bulk(value);
        }
        else
        {
            context.Reply.Null();
        }
    }

    private static void MultiGet(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        context.Reply.Array(context.ArgumentCount - 2);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            ReplyField(context, key, exists, context.Argument(i));
        }
    }

    private static void Delete(CommandContext context)
    {
        if (!context.TryWrite(1, ValueType.Hash, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                context.Reply.Integer(0);
            }
            return;
        }
        context.BeginChange(key);
        HashValue hash = context.HashOf(key);
        int deleted = 0;
        for (int i = 2; i < context.ArgumentCount && hash.Count > 0; i++)
        {
            deleted += hash.Remove(context.Argument(i)) ? 1 : 0;
        }
        if (deleted > 0)
        {
            context.Changed(key, KeyEvent.Hash, "hdel", deleted);
        }
        if (!context.DeleteIfEmpty(ref key, hash.Count))
        {
            NoteFieldExpiry(context, key);
        }
        context.Reply.Integer(deleted);
    }

    private static void Length(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            context.Reply.Integer(exists ? context.HashOf(key).Count : 0);
        }
    }

    private static void ValueLength(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        scoped ReadOnlySpan<byte> value = [];
        if (exists)
        {
            context.HashOf(key).TryGet(context.Argument(2), scratch, out value);
        }
        context.Reply.Integer(value.Length);
    }

    private static void Exists(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            context.Reply.Integer(exists && context.HashOf(key).TryGetExpiry(context.Argument(2), out _) ? 1 : 0);
        }
    }

    private static void GetAll(CommandContext context, Parts parts)
    {
        bool exists = context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        HashValue hash = exists ? context.HashOf(key) : default;
        long count = exists ? hash.LiveCount : 0;
        if (parts == (Parts.Names | Parts.Values))
        {
            context.Reply.Map(count);
        }
        else
        {
            context.Reply.Array(count);
        }
        if (!exists)
        {
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (HashEnumerator fields = hash.Enumerate(); fields.MoveNext();)
        {
            if ((parts & Parts.Names) != 0)
            {
                context.Reply.Bulk(fields.Name(scratch));
            }
            if ((parts & Parts.Values) != 0)
            {
                context.Reply.Bulk(fields.Value(scratch));
            }
        }
    }
}
