using Valkey.Turbo.Commands.Strings;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Hashes;

/// <summary>Fields set, read or deleted together with their expiry: HSETEX, HGETEX and HGETDEL.</summary>
internal static class FieldOptionCommands
{
    private const string EachField = "O(N) where N is the number of fields given.";
    private const string Expiration =
        "seconds:integer@EX | milliseconds:integer@PX | unix-time-seconds:unix-time@EXAT | unix-time-milliseconds:unix-time@PXAT";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("hsetex", -6, CommandFlags.Write | DenyOom | Fast, "hash", "9.0.0", EachField,
            "Sets fields of a hash, on conditions and with an expiry if wanted.", SetEx, KeySpec.One(KeyFlags.RW | KeyFlags.Insert),
            "key:key [key-condition=<nx:NX | xx:XX>] [fields-condition=<fnx:FNX | fxx:FXX>] "
            + $"[expiration=<{Expiration} | keepttl:KEEPTTL>] "
            + "fields={numfields:integer#0 data={field:string value:string}...}@FIELDS"),
        CommandSpec.Define("hgetex", -5, CommandFlags.Write | Fast, "hash", "9.0.0", EachField,
            "Returns the values of fields of a hash, and changes when they expire.", GetEx,
            KeySpec.One(KeyFlags.RW | KeyFlags.Access),
            $"key:key [expiration=<{Expiration} | persist:PERSIST>] fields={{numfields:integer#0 field:string...}}@FIELDS"),
        CommandSpec.Define("hgetdel", -5, CommandFlags.Write | Fast, "hash", "9.1.0", EachField,
            "Returns the values of fields of a hash, and removes them.", GetDel,
            KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete),
            "key:key fields={numfields:integer#0 field:string...}@FIELDS"),
    ];

    private static void SetEx(CommandContext context)
    {
        // The word is searched from the key on, as in Valkey.
        const SetOptions.Allowed allowed = SetOptions.Allowed.Condition | SetOptions.Allowed.FieldCondition | SetOptions.Allowed.KeepTtl;
        int word = FieldExpiryCommands.FindFieldsWord(context, 1);
        SetOptions options = default;
        if ((word >= 0 && !SetOptions.TryParse(context, 2, word, allowed, out options))
            || !FieldExpiryCommands.TryFieldCount(context, word, 2, FieldExpiryCommands.BadCount, out int first))
        {
            return;
        }
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.Hash))
        {
            return;
        }
        if ((options.OnlyIfAbsent && key.Exists) || (options.OnlyIfPresent && !key.Exists))
        {
            context.Reply.Integer(0);
            return;
        }
        long when = ITableEntry.NoExpiry;
        if (options.HasExpiry
            && !FieldExpiryCommands.TryTime(context, options.ExpiryIndex, options.InSeconds, options.IsAbsolute, out when))
        {
            return;
        }
        if (!MeetsFieldConditions(context, key, options, first))
        {
            context.Reply.Integer(0);
            return;
        }
        context.BeginChange(ref key, ValueType.Hash, ValueEncoding.Listpack);
        if (options.HasExpiry && context.IsPast(when))
        {
            DeleteAtOnce(context, ref key, first);
        }
        else
        {
            SetFields(context, ref key, options, first, when);
        }
        context.Reply.Integer(1);
    }

    private static bool MeetsFieldConditions(CommandContext context, in KeyHandle key, in SetOptions options, int first)
    {
        for (int i = first; (options.OnlyIfFieldsAbsent || options.OnlyIfFieldsPresent) && i < context.ArgumentCount; i += 2)
        {
            bool isPresent = key.Exists && context.HashOf(key).TryGetExpiry(context.Argument(i), out _);
            if (isPresent == options.OnlyIfFieldsAbsent)
            {
                return false;
            }
        }
        return true;
    }

    private static void SetFields(CommandContext context, ref KeyHandle key, in SetOptions options, int first, long when)
    {
        HashValue hash = context.HashOf(key);
        for (int i = first; i < context.ArgumentCount; i += 2)
        {
            long expiresAt = when;
            if (options.KeepsTtl)
            {
                hash.TryGetExpiry(context.Argument(i), out expiresAt);
            }
            hash.Set(context.Argument(i), context.Argument(i + 1), expiresAt, context.Limits);
        }
        key.Keyspace.NoteFieldExpiry(context.Worker, key.Position);
        context.Changed(key, KeyEvent.Hash, "hset", (context.ArgumentCount - first) / 2);
        if (options.HasExpiry)
        {
            context.Announce(key, KeyEvent.Hash, "hexpire");
        }
        int words = context.ArgumentCount - first;
        context.Record(words + 4 + (options.HasExpiry ? 2 : options.KeepsTtl ? 1 : 0)).Add("HSETEX"u8).Add(key.Name);
        if (options.HasExpiry)
        {
            context.Append("PXAT"u8);
            context.Append(when);
        }
        else if (options.KeepsTtl)
        {
            context.Append("KEEPTTL"u8);
        }
        context.Append("FIELDS"u8);
        context.Append(words / 2);
        for (int i = first; i < context.ArgumentCount; i++)
        {
            context.Append(context.Argument(i));
        }
        context.Journal(key);
    }

    /// <summary>An expiry in the past deletes the fields instead of setting them.</summary>
    private static void DeleteAtOnce(CommandContext context, ref KeyHandle key, int first)
    {
        using Scratch<int> scratch = new();
        NativeList<int> deleted = scratch.Items;
        HashValue hash = context.HashOf(key);
        for (int i = first; i < context.ArgumentCount; i += 2)
        {
            if (hash.Remove(context.Argument(i)))
            {
                deleted.Add(i);
            }
            context.Worker.Stats.ExpiredFields++;
        }
        context.Changed(key, KeyEvent.Hash, "hset", (context.ArgumentCount - first) / 2);
        context.Announce(key, KeyEvent.Hash, "hexpire");
        context.Announce(key, KeyEvent.Hash, "hexpired");
        FieldExpiryCommands.RecordDeleted(context, key, deleted);
        FieldExpiryCommands.Settle(context, ref key);
    }

    private static void GetEx(CommandContext context)
    {
        int word = FieldExpiryCommands.FindFieldsWord(context, 1);
        SetOptions options = default;
        if ((word >= 0 && !SetOptions.TryParse(context, 2, word, SetOptions.Allowed.Persist, out options))
            || !FieldExpiryCommands.TryFieldCount(context, word, 1, FieldExpiryCommands.BadCount, out int first))
        {
            return;
        }
        bool exists = context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        long when = ITableEntry.NoExpiry;
        if (isRefused || (options.HasExpiry
            && !FieldExpiryCommands.TryTime(context, options.ExpiryIndex, options.InSeconds, options.IsAbsolute, out when)))
        {
            return;
        }
        if (exists && (options.HasExpiry || options.Persists))
        {
            context.BeginChange(key);
        }
        using Scratch<int> scratch = new();
        NativeList<int> changed = scratch.Items;
        context.Reply.Array(context.ArgumentCount - first);
        for (int i = first; i < context.ArgumentCount; i++)
        {
            HashCommands.ReplyField(context, key, exists, context.Argument(i));
            if (exists && ChangeExpiry(context, context.HashOf(key), context.Argument(i), options, when))
            {
                changed.Add(i);
            }
        }
        if (changed.Count > 0)
        {
            RecordExpiryChange(context, key, options, when, changed);
            FieldExpiryCommands.Settle(context, ref key);
        }
    }

    private static bool ChangeExpiry(
        CommandContext context, HashValue hash, ReadOnlySpan<byte> field, in SetOptions options, long when)
    {
        if (!hash.TryGetExpiry(field, out long current))
        {
            return false;
        }
        if (options.HasExpiry && context.IsPast(when))
        {
            context.Worker.Stats.ExpiredFields++;
            return hash.Remove(field);
        }
        if (options.HasExpiry || (options.Persists && current != ITableEntry.NoExpiry))
        {
            hash.SetExpiry(field, when);
            return true;
        }
        return false;
    }

    private static void RecordExpiryChange(
        CommandContext context, in KeyHandle key, in SetOptions options, long when, NativeList<int> changed)
    {
        if (options.HasExpiry && context.IsPast(when))
        {
            FieldExpiryCommands.RecordDeleted(context, key, changed);
            context.Changed(key, KeyEvent.Hash, "hexpired", changed.Count);
            return;
        }
        context.Record(changed.Count + (options.HasExpiry ? 5 : 4)).Add(options.HasExpiry ? "HPEXPIREAT"u8 : "HPERSIST"u8).Add(key.Name);
        if (options.HasExpiry)
        {
            context.Append(when);
        }
        context.Append("FIELDS"u8);
        context.Append(changed.Count);
        foreach (int index in changed)
        {
            context.Append(context.Argument(index));
        }
        context.Journal(key);
        context.Changed(key, KeyEvent.Hash, options.HasExpiry ? "hexpire" : "hpersist", changed.Count);
    }

    private static void GetDel(CommandContext context)
    {
        // Valkey takes any word for FIELDS here.
        if (!FieldExpiryCommands.TryFieldCount(context, 2, 1, FieldExpiryCommands.BadCount, out int first))
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
        int deleted = 0;
        context.Reply.Array(context.ArgumentCount - first);
        for (int i = first; i < context.ArgumentCount; i++)
        {
            HashCommands.ReplyField(context, key, exists, context.Argument(i));
            deleted += exists && context.HashOf(key).Remove(context.Argument(i)) ? 1 : 0;
        }
        if (deleted > 0)
        {
            context.Changed(key, KeyEvent.Hash, "hdel", deleted);
            FieldExpiryCommands.Settle(context, ref key);
        }
    }
}
