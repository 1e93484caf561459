using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Strings;

/// <summary>Several strings at once: MGET, MSET, MSETNX, MSETEX. Atomic over all shards.</summary>
internal static class MultiKeyStringCommands
{
    private const string EachKey = "O(N) where N is the number of keys given.";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("mget", -2, ReadOnly | Fast, "string", "1.0.0", EachKey,
            "Atomically returns the string values of one or more keys.",
            MGet, KeySpec.All(KeyFlags.RO | KeyFlags.Access), "key:key...", tips: "request_policy:multi_shard"),
        CommandSpec.Define("mset", -3, CommandFlags.Write | DenyOom, "string", "1.0.1", EachKey,
            "Atomically creates or modifies the string values of one or more keys.",
            MSet, KeySpec.All(KeyFlags.OW | KeyFlags.Update, step: 2), "data={key:key value:string}...",
            tips: "request_policy:multi_shard response_policy:all_succeeded"),
        CommandSpec.Define("msetnx", -3, CommandFlags.Write | DenyOom, "string", "1.0.1", EachKey,
            "Atomically modifies the string values of one or more keys only when all keys don't exist.",
            MSetNx, KeySpec.All(KeyFlags.OW | KeyFlags.Insert, step: 2), "data={key:key value:string}..."),
        CommandSpec.Define("msetex", -4, CommandFlags.Write | DenyOom | MovableKeys, "string", "9.1.0", EachKey,
            "Atomically sets the string values of one or more keys, and optionally their expiration.",
            MSetEx, KeySpec.Counted(1, 2, KeyFlags.OW | KeyFlags.Update),
            "numkeys:integer data={key:key value:string}... [condition=<nx:NX | xx:XX>] "
            + "[expiration=<seconds:integer@EX | milliseconds:integer@PX | unix-time-seconds:unix-time@EXAT | "
            + "unix-time-milliseconds:unix-time@PXAT | keepttl:KEEPTTL>]",
            tips: "request_policy:multi_shard response_policy:all_succeeded"),
    ];

    private static void MGet(CommandContext context)
    {
        context.Reply.Array(context.ArgumentCount - 1);
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            KeyHandle key = context.Read(i);
            if (key.Exists && key.Entry.Type == ValueType.String)
            {
                context.ReplyValue(key);
            }
            else
            {
                context.Reply.Null();
            }
        }
    }

    private static void MSet(CommandContext context)
    {
        if (HasPairs(context))
        {
            SetPairs(context, 1, context.ArgumentCount, keepsTtl: false, ITableEntry.NoExpiry);
            context.Reply.Ok();
        }
    }

    private static void MSetNx(CommandContext context)
    {
        if (!HasPairs(context))
        {
            return;
        }
        if (CountExisting(context, 1, context.ArgumentCount) > 0)
        {
            context.Reply.Integer(0);
            return;
        }
        SetPairs(context, 1, context.ArgumentCount, keepsTtl: false, ITableEntry.NoExpiry);
        context.Reply.Integer(1);
    }

    private static void MSetEx(CommandContext context)
    {
        const string badCount = "ERR invalid numkeys value or out of range";
        if (!context.TryInteger(1, out long pairs, badCount))
        {
            return;
        }
        if (pairs is < 1 or > int.MaxValue)
        {
            context.Reply.Error(badCount);
            return;
        }
        if (2 + pairs * 2 > context.ArgumentCount)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        int end = (int)(2 + pairs * 2);
        const SetOptions.Allowed allowed = SetOptions.Allowed.Condition | SetOptions.Allowed.KeepTtl;
        if (!SetOptions.TryParse(context, end, allowed, out SetOptions options))
        {
            return;
        }
        int existing = options.HasCondition ? CountExisting(context, 2, end) : 0;
        if ((options.OnlyIfAbsent && existing > 0) || (options.OnlyIfPresent && existing < pairs))
        {
            context.Reply.Integer(0);
            return;
        }
        SetPairs(context, 2, end, options.KeepsTtl, options.ExpiresAtUnixMs);
        context.Reply.Integer(1);
        if (options.HasExpiry && !options.IsAbsolute && context.IsJournalling)
        {
            JournalPairs(context, end, options.ExpiresAtUnixMs);
        }
    }

    private static bool HasPairs(CommandContext context)
    {
        if (context.ArgumentCount % 2 == 1)
        {
            return true;
        }
        context.Reply.Error(Errors.Arity(context.Command.FullName));
        return false;
    }

    private static int CountExisting(CommandContext context, int first, int end)
    {
        int count = 0;
        for (int i = first; i < end; i += 2)
        {
            count += context.Open(i).Exists ? 1 : 0;
        }
        return count;
    }

    private static void SetPairs(CommandContext context, int first, int end, bool keepsTtl, long expiresAtUnixMs)
    {
        // Set so, a key is gone when it is named again.
        bool expiresAtOnce = expiresAtUnixMs != ITableEntry.NoExpiry && context.IsPast(expiresAtUnixMs);
        for (int i = first; i < end; i += 2)
        {
            if (expiresAtOnce)
            {
                context.Settle(context.Argument(i), context.Session.Database);
            }
            KeyHandle key = context.Write(i);
            context.SetString(ref key, context.Argument(i + 1), keepsTtl ? key.ExpiresAtUnixMs : expiresAtUnixMs);
            context.Changed(key, KeyEvent.String, "set");
            if (expiresAtUnixMs != ITableEntry.NoExpiry)
            {
                context.Announce(key, KeyEvent.Generic, "expire");
            }
        }
    }

    private static void JournalPairs(CommandContext context, int end, long expiresAtUnixMs)
    {
        context.Record(end + 2).Add("MSETEX"u8);
        for (int i = 1; i < end; i++)
        {
            context.Append(context.Argument(i));
        }
        context.Append("PXAT"u8);
        context.Append(expiresAtUnixMs);
        context.JournalHeld();
    }
}
