using Valkey.Turbo.Commands.Keys;
using Valkey.Turbo.Commands.Strings;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Hashes;

/// <summary>When fields expire: HEXPIRE, HTTL, HPERSIST and their relatives.</summary>
internal static class FieldExpiryCommands
{
    private const string EachField = "O(N) where N is the number of fields given.";
    // Numbers of fields belong to a key, according to Valkey's documentation, but HEXPIRE's.
    private const string Fields = "fields={numfields:integer#0 field:string...}@FIELDS";
    private const string PlainFields = "fields={numfields:integer field:string...}@FIELDS";
    private const string Condition = "condition=<nx:NX | xx:XX | gt:GT | lt:LT>";
    internal const string BadCount = "ERR numfields should be greater than 0 and match the provided number of fields";

    // Replies for one field.
    private const int NoSuchField = -2;
    private const int NoExpiry = -1;
    private const int ConditionNotMet = 0;
    private const int Done = 1;
    private const int DeletedAtOnce = 2;

    internal static readonly CommandSpec[] Rows =
    [
        Setter("hexpire", "seconds:integer", "Sets in how many seconds fields of a hash expire.", inSeconds: true, isAbsolute: false),
        Setter("hpexpire", "milliseconds:integer", "Sets in how many milliseconds fields of a hash expire.", false, false),
        Setter("hexpireat", "unix-time-seconds:integer", "Sets at which second of Unix time fields of a hash expire.", true, true),
        Setter("hpexpireat", "unix-time-milliseconds:integer", "Sets at which millisecond of Unix time fields of a hash expire.", false, true),
        Getter("httl", "Returns in how many seconds fields of a hash expire.", inSeconds: true, isAbsolute: false),
        Getter("hpttl", "Returns in how many milliseconds fields of a hash expire.", false, false),
        Getter("hexpiretime", "Returns at which second of Unix time fields of a hash expire.", true, true),
        Getter("hpexpiretime", "Returns at which millisecond of Unix time fields of a hash expire.", false, true),
        CommandSpec.Define("hpersist", -5, CommandFlags.Write | Fast, "hash", "9.0.0", EachField,
            "Makes fields of a hash stay.", Persist, KeySpec.One(KeyFlags.RW | KeyFlags.Update), $"key:key {Fields}"),
    ];

    private static CommandSpec Setter(string name, string time, string summary, bool inSeconds, bool isAbsolute) =>
        CommandSpec.Define(name, -6, CommandFlags.Write | Fast, "hash", "9.0.0", EachField, summary,
            context => Expire(context, inSeconds, isAbsolute), KeySpec.One(KeyFlags.RW | KeyFlags.Update),
            name == "hexpire" ? $"key:key {time} [{Condition}] {PlainFields}" : $"key:key {time} [{Condition}^9.0.0] {Fields}");

    private static CommandSpec Getter(string name, string summary, bool inSeconds, bool isAbsolute) =>
        CommandSpec.Define(name, -5, ReadOnly | Fast, "hash", "9.0.0", EachField, summary,
            context => Report(context, inSeconds, isAbsolute), KeySpec.One(KeyFlags.RO | KeyFlags.Access), $"key:key {Fields}");

    /// <summary>The word FIELDS, searched from an index on; the last word can't be it. -1 if there is none.</summary>
    internal static int FindFieldsWord(CommandContext context, int first)
    {
        for (int i = first; i < context.ArgumentCount - 1; i++)
        {
            if (context.Is(i, "FIELDS"))
            {
                return i;
            }
        }
        return -1;
    }

    /// <summary>Reads the number behind FIELDS, which must be that of the words that follow; or replies the error.</summary>
    internal static bool TryFieldCount(CommandContext context, int wordIndex, int wordsPerField, string error, out int firstField)
    {
        firstField = wordIndex + 2;
        if (wordIndex < 0)
        {
            context.Reply.Error(error);
            return false;
        }
        if (!context.TryInteger(wordIndex + 1, out long count))
        {
            return false;
        }
        long words = context.ArgumentCount - firstField;
        if (count <= 0 || count > words || count * wordsPerField != words)
        {
            context.Reply.Error(error);
            return false;
        }
        return true;
    }

    /// <summary>Reads a time that must not be negative and turns it into a point in time, or replies the error.</summary>
    internal static bool TryTime(CommandContext context, int index, bool inSeconds, bool isAbsolute, out long unixMs)
    {
        if (!context.TryInteger(index, out unixMs))
        {
            return false;
        }
        long baseMs = isAbsolute ? 0 : context.NowUnixMs;
        bool isNegative = unixMs < 0, isTooLarge = inSeconds && unixMs > long.MaxValue / 1000;
        unixMs = inSeconds && !isTooLarge ? unixMs * 1000 : unixMs;
        if (isNegative || isTooLarge || unixMs > long.MaxValue - baseMs)
        {
            context.Reply.Error(Errors.InvalidExpire(context.Command.FullName));
            return false;
        }
        unixMs += baseMs;
        return true;
    }

    private static void Expire(CommandContext context, bool inSeconds, bool isAbsolute)
    {
        int word = FindFieldsWord(context, 3);
        ExpiryCommands.Conditions conditions = default;
        if ((word >= 0 && !ExpiryCommands.TryConditions(context, 3, word, out conditions))
            || !TryFieldCount(context, word, 1, BadCount, out int first)
            || !TryTime(context, 2, inSeconds, isAbsolute, out long when))
        {
            return;
        }
        bool exists = context.TryWrite(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (exists)
        {
            context.BeginChange(key);
        }
        int count = context.ArgumentCount - first, updated = 0;
        using Scratch<int> scratch = new();
        NativeList<int> deleted = scratch.Items;
        context.Reply.Array(count);
        for (int i = first; i < context.ArgumentCount; i++)
        {
            int result = exists ? ExpireField(context, context.HashOf(key), context.Argument(i), when, conditions) : NoSuchField;
            updated += result == Done ? 1 : 0;
            if (result == DeletedAtOnce)
            {
                deleted.Add(i);
            }
            context.Reply.Integer(result);
        }
        if (updated == 0 && deleted.Count == 0)
        {
            return;
        }
        if (deleted.Count > 0)
        {
            context.Worker.Stats.ExpiredFields += deleted.Count;
            RecordDeleted(context, key, deleted);
            context.Changed(key, KeyEvent.Hash, "hexpired", deleted.Count);
        }
        else
        {
            Record(context, key, "HPEXPIREAT"u8, when, first);
            context.Changed(key, KeyEvent.Hash, "hexpire", updated);
        }
        Settle(context, ref key);
    }

    private static int ExpireField(
        CommandContext context, HashValue hash, ReadOnlySpan<byte> field, long when, ExpiryCommands.Conditions conditions)
    {
        if (!hash.TryGetExpiry(field, out long current))
        {
            return NoSuchField;
        }
        if (!ExpiryCommands.Allows(conditions, current, when))
        {
            return ConditionNotMet;
        }
        if (context.IsPast(when))
        {
            hash.Remove(field);
            return DeletedAtOnce;
        }
        hash.SetExpiry(field, when);
        return Done;
    }

    /// <summary>Journals the removal of the fields at some arguments in place of the command.</summary>
    internal static void RecordDeleted(CommandContext context, in KeyHandle key, NativeList<int> arguments)
    {
        context.Record(arguments.Count + 2).Add("HDEL"u8).Add(key.Name);
        foreach (int index in arguments)
        {
            context.Append(context.Argument(index));
        }
        context.Journal(key);
    }

    private static void Record(CommandContext context, in KeyHandle key, ReadOnlySpan<byte> command, long when, int first)
    {
        // Conditions were met for some fields and maybe not for others, so they travel along.
        context.Record(context.ArgumentCount).Add(command).Add(key.Name).Add(when);
        for (int i = 3; i < context.ArgumentCount; i++)
        {
            context.Append(context.Argument(i));
        }
        context.Journal(key);
    }

    /// <summary>After fields have changed: drops a hash without fields, or keeps the expiry index true.</summary>
    internal static void Settle(CommandContext context, ref KeyHandle key)
    {
        if (!context.DeleteIfEmpty(ref key, context.HashOf(key).Count))
        {
            key.Keyspace.NoteFieldExpiry(context.Worker, key.Position);
        }
    }

    private static void Report(CommandContext context, bool inSeconds, bool isAbsolute)
    {
        // Valkey takes any word for FIELDS here.
        if (!TryFieldCount(context, 2, 1, Errors.Syntax, out int first))
        {
            return;
        }
        bool exists = context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        context.Reply.Array(context.ArgumentCount - first);
        for (int i = first; i < context.ArgumentCount; i++)
        {
            long expiresAt = ITableEntry.NoExpiry;
            if (!exists || !context.HashOf(key).TryGetExpiry(context.Argument(i), out expiresAt))
            {
                context.Reply.Integer(NoSuchField);
                continue;
            }
            if (expiresAt == ITableEntry.NoExpiry)
            {
                context.Reply.Integer(NoExpiry);
                continue;
            }
            long value = isAbsolute ? expiresAt : Math.Max(0, expiresAt - context.NowUnixMs);
            context.Reply.Integer(inSeconds ? ExpiryCommands.RoundToSeconds(value) : value);
        }
    }

    private static void Persist(CommandContext context)
    {
        // Valkey takes any word for FIELDS here, too.
        if (!TryFieldCount(context, 2, 1, BadCount, out int first))
        {
            return;
        }
        bool exists = context.TryWrite(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        int changed = 0;
        context.Reply.Array(context.ArgumentCount - first);
        for (int i = first; i < context.ArgumentCount; i++)
        {
            int result = exists ? PersistField(context, key, context.Argument(i)) : NoSuchField;
            changed += result == Done ? 1 : 0;
            context.Reply.Integer(result);
        }
        if (changed > 0)
        {
            context.Changed(key, KeyEvent.Hash, "hpersist", changed);
            Settle(context, ref key);
        }
    }

    private static int PersistField(CommandContext context, in KeyHandle key, ReadOnlySpan<byte> field)
    {
        if (!context.HashOf(key).TryGetExpiry(field, out long expiresAt))
        {
            return NoSuchField;
        }
        if (expiresAt == ITableEntry.NoExpiry)
        {
            return NoExpiry;
        }
        context.BeginChange(key);
        context.HashOf(key).SetExpiry(field, ITableEntry.NoExpiry);
        return Done;
    }
}
