using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Strings;

/// <summary>SET and GET with their relatives: one key, its whole value.</summary>
internal static class StringCommands
{
    private const KeyFlags ReadAccess = KeyFlags.RO | KeyFlags.Access;
    private const string Expiration =
        "expiration=<seconds:integer@EX | milliseconds:integer@PX | unix-time-seconds:unix-time@EXAT | unix-time-milliseconds:unix-time@PXAT";

    private const string SetExpiration = "expiration=<seconds:integer@EX^2.6.12 | milliseconds:integer@PX^2.6.12"
        + " | unix-time-seconds:unix-time@EXAT^6.2.0 | unix-time-milliseconds:unix-time@PXAT^6.2.0";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("get", 2, ReadOnly | Fast, "string", "1.0.0", "O(1)",
            "Returns the string value of a key.", Get, KeySpec.One(ReadAccess), "key:key"),
        CommandSpec.Define("set", -3, CommandFlags.Write | DenyOom, "string", "1.0.0", "O(1)",
            "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
            Set, KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Update | KeyFlags.VariableFlags),
            "key:key value:string [condition=<nx:NX^2.6.12 | xx:XX^2.6.12 | comparison-value:string@IFEQ^8.1.0>] [get:GET^6.2.0] "
            + $"[{SetExpiration} | keepttl:KEEPTTL^6.0.0>]",
            keyFlagsOf: SetKeyFlags),
        CommandSpec.Define("setnx", 3, CommandFlags.Write | DenyOom | Fast, "string", "1.0.0", "O(1)",
            "Sets the string value of a key only when the key doesn't exist.",
            SetNx, KeySpec.One(KeyFlags.OW | KeyFlags.Insert), "key:key value:string"),
        CommandSpec.Define("setex", 4, CommandFlags.Write | DenyOom, "string", "2.0.0", "O(1)",
            "Sets the string value and expiration time, in seconds, of a key. Creates the key if it doesn't exist.",
            context => SetWithExpiry(context, inSeconds: true), KeySpec.One(KeyFlags.OW | KeyFlags.Update),
            "key:key seconds:integer value:string"),
        CommandSpec.Define("psetex", 4, CommandFlags.Write | DenyOom, "string", "2.6.0", "O(1)",
            "Sets the string value and expiration time, in milliseconds, of a key. Creates the key if it doesn't exist.",
            context => SetWithExpiry(context, inSeconds: false), KeySpec.One(KeyFlags.OW | KeyFlags.Update),
            "key:key milliseconds:integer value:string"),
        CommandSpec.Define("getset", 3, CommandFlags.Write | DenyOom | Fast, "string", "1.0.0", "O(1)",
            "Returns the previous string value of a key after setting it to a new value.",
            GetSet, KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Update), "key:key value:string"),
        CommandSpec.Define("getdel", 2, CommandFlags.Write | Fast, "string", "6.2.0", "O(1)",
            "Returns the string value of a key after deleting the key.",
            GetDel, KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete), "key:key"),
        CommandSpec.Define("getex", -2, CommandFlags.Write | Fast, "string", "6.2.0", "O(1)",
            "Returns the string value of a key after setting its expiration time.",
            GetEx, KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Update), $"key:key [{Expiration} | persist:PERSIST>]"),
        CommandSpec.Define("strlen", 2, ReadOnly | Fast, "string", "2.2.0", "O(1)",
            "Returns the length of a string value.", StrLen, KeySpec.One(KeyFlags.RO), "key:key"),
        CommandSpec.Define("delifeq", 3, CommandFlags.Write | Fast, "string", "9.0.0", "O(1)",
            "Deletes a key if its string value is equal to the given one.",
            DelIfEq, KeySpec.One(KeyFlags.RM | KeyFlags.Delete), "key:key value:string"),
    ];

    private static void Get(CommandContext context)
    {
        KeyHandle key = context.Read(1);
        ReplyString(context, key);
    }

    /// <summary>Replies a key's value, null, or the wrong type; false in the last case.</summary>
    private static bool ReplyString(CommandContext context, in KeyHandle key)
    {
        if (!key.Exists)
        {
            context.Reply.Null();
            return true;
        }
        if (!context.IsStringOrAbsent(key))
        {
            return false;
        }
        context.ReplyValue(key);
        return true;
    }

    private static void Set(CommandContext context)
    {
        if (context.ArgumentCount == 3)
        {
            KeyHandle plain = context.Write(1);
            context.SetString(ref plain, context.Argument(2), ITableEntry.NoExpiry);
            context.Changed(plain, KeyEvent.String, "set");
            context.Reply.Ok();
            return;
        }
        const SetOptions.Allowed allowed = SetOptions.Allowed.Condition | SetOptions.Allowed.Comparison
            | SetOptions.Allowed.Get | SetOptions.Allowed.KeepTtl;
        if (SetOptions.TryParse(context, 3, allowed, out SetOptions options))
        {
            SetWithOptions(context, options, 2);
        }
    }

    private static KeyFlags SetKeyFlags(CommandContext context, int skip)
    {
        for (int i = skip + 3; i < context.ArgumentCount; i++)
        {
            if (context.Is(i, "GET"))
            {
                return KeyFlags.RW | KeyFlags.Access | KeyFlags.Update;
            }
        }
        return KeyFlags.OW | KeyFlags.Update;
    }

    private static void SetWithOptions(CommandContext context, in SetOptions options, int valueIndex)
    {
        KeyHandle key = options.ReturnsOld ? context.Read(1) : context.Write(1);
        if (options.ReturnsOld && !ReplyString(context, key))
        {
            return;
        }
        if (options.OnlyIfEqual && key.Exists && !context.IsStringOrAbsent(key))
        {
            return;
        }
        bool refused = (options.OnlyIfAbsent && key.Exists) || (options.OnlyIfPresent && !key.Exists)
            || (options.OnlyIfEqual && !(key.Exists && HasValue(key, options.Comparison)));
        if (!refused)
        {
            Store(context, ref key, options, valueIndex);
        }
        if (options.ReturnsOld)
        {
            return;
        }
        if (refused)
        {
            context.Reply.Null();
        }
        else
        {
            context.Reply.Ok();
        }
    }

    private static void Store(CommandContext context, ref KeyHandle key, in SetOptions options, int valueIndex)
    {
        if (options.HasExpiry && context.IsPast(options.ExpiresAtUnixMs))
        {
            context.DeleteAsExpired(ref key);
            return;
        }
        ReadOnlySpan<byte> value = context.Argument(valueIndex);
        long expiresAt = options.KeepsTtl ? key.ExpiresAtUnixMs : options.ExpiresAtUnixMs;
        context.SetString(ref key, value, expiresAt);
        context.Changed(key, KeyEvent.String, "set");
        if (options.HasExpiry)
        {
            context.Announce(key, KeyEvent.Generic, "expire");
        }
        if (!context.IsJournalling)
        {
            return;
        }
        if (options.HasExpiry)
        {
            context.Record(5).Add("SET"u8).Add(key.Name).Add(value).Add("PXAT"u8).Add(expiresAt);
        }
        else
        {
            context.Record(options.KeepsTtl ? 4 : 3).Add("SET"u8).Add(key.Name).Add(value);
            if (options.KeepsTtl)
            {
                context.Append("KEEPTTL"u8);
            }
        }
        context.Journal(key);
    }

    private static bool HasValue(in KeyHandle key, ReadOnlySpan<byte> value)
    {
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        return StringValue.Read(key.Entry, scratch).SequenceEqual(value);
    }

    private static void SetNx(CommandContext context)
    {
        KeyHandle key = context.Write(1);
        if (key.Exists)
        {
            context.Reply.Integer(0);
            return;
        }
        context.SetString(ref key, context.Argument(2), ITableEntry.NoExpiry);
        context.Changed(key, KeyEvent.String, "set");
        context.Reply.Integer(1);
    }

    private static void SetWithExpiry(CommandContext context, bool inSeconds)
    {
        if (!SetOptions.TryExpiry(context, 2, inSeconds, isAbsolute: false, out long expiresAt))
        {
            return;
        }
        KeyHandle key = context.Write(1);
        Store(context, ref key, new SetOptions { HasExpiry = true, ExpiresAtUnixMs = expiresAt }, 3);
        context.Reply.Ok();
    }

    private static void GetSet(CommandContext context)
    {
        KeyHandle key = context.Read(1);
        if (!ReplyString(context, key))
        {
            return;
        }
        context.SetString(ref key, context.Argument(2), ITableEntry.NoExpiry);
        context.Changed(key, KeyEvent.String, "set");
        context.Record(3).Add("SET"u8).Add(key.Name).Add(context.Argument(2));
        context.Journal(key);
    }

    private static void GetDel(CommandContext context)
    {
        KeyHandle key = context.Read(1);
        if (!ReplyString(context, key) || !key.Exists)
        {
            return;
        }
        context.Delete(ref key);
        context.Changed(key, KeyEvent.Generic, "del");
        context.Record(2).Add("DEL"u8).Add(key.Name);
        context.Journal(key);
    }

    private static void GetEx(CommandContext context)
    {
        if (!SetOptions.TryParse(context, 2, SetOptions.Allowed.Persist, out SetOptions options))
        {
            return;
        }
        KeyHandle key = context.Read(1);
        if (!ReplyString(context, key) || !key.Exists)
        {
            return;
        }
        if (options.HasExpiry && options.IsAbsolute && context.IsPast(options.ExpiresAtUnixMs))
        {
            context.DeleteAsExpired(ref key);
        }
        else if (options.HasExpiry)
        {
            context.SetExpiry(ref key, options.ExpiresAtUnixMs);
            context.Changed(key, KeyEvent.Generic, "expire");
            context.Record(3).Add("PEXPIREAT"u8).Add(key.Name).Add(options.ExpiresAtUnixMs);
            context.Journal(key);
        }
        else if (options.Persists && key.ExpiresAtUnixMs != ITableEntry.NoExpiry)
        {
            context.SetExpiry(ref key, ITableEntry.NoExpiry);
            context.Changed(key, KeyEvent.Generic, "persist");
            context.Record(2).Add("PERSIST"u8).Add(key.Name);
            context.Journal(key);
        }
    }

    private static void StrLen(CommandContext context)
    {
        KeyHandle key = context.Read(1);
        if (context.IsStringOrAbsent(key))
        {
            context.Reply.Integer(key.Exists ? StringValue.Length(key.Entry) : 0);
        }
    }

    private static void DelIfEq(CommandContext context)
    {
        KeyHandle key = context.Write(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        if (!key.Exists || !HasValue(key, context.Argument(2)))
        {
            context.Reply.Integer(0);
            return;
        }
        context.Delete(ref key);
        context.Changed(key, KeyEvent.Generic, "del");
        context.Record(2).Add("DEL"u8).Add(key.Name);
        context.Journal(key);
        context.Reply.Integer(1);
    }
}
