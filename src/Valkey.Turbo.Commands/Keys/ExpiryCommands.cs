using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>When keys expire: EXPIRE, TTL and their relatives.</summary>
internal static class ExpiryCommands
{
    private const string Condition = "[condition=<nx:NX | xx:XX | gt:GT | lt:LT>^7.0.0]";
    private static readonly KeySpec Changed = KeySpec.One(KeyFlags.RW | KeyFlags.Update);
    private static readonly KeySpec Looked = KeySpec.One(KeyFlags.RO | KeyFlags.Access);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("expire", -3, CommandFlags.Write | Fast, "generic", "1.0.0", "O(1)",
            "Sets the expiration time of a key in seconds.",
            context => Expire(context, inSeconds: true, isAbsolute: false), Changed, $"key:key seconds:integer {Condition}"),
        CommandSpec.Define("pexpire", -3, CommandFlags.Write | Fast, "generic", "2.6.0", "O(1)",
            "Sets the expiration time of a key in milliseconds.",
            context => Expire(context, inSeconds: false, isAbsolute: false), Changed, $"key:key milliseconds:integer {Condition}"),
        CommandSpec.Define("expireat", -3, CommandFlags.Write | Fast, "generic", "1.2.0", "O(1)",
            "Sets the expiration time of a key to a Unix timestamp.",
            context => Expire(context, inSeconds: true, isAbsolute: true), Changed, $"key:key unix-time-seconds:unix-time {Condition}"),
        CommandSpec.Define("pexpireat", -3, CommandFlags.Write | Fast, "generic", "2.6.0", "O(1)",
            "Sets the expiration time of a key to a Unix milliseconds timestamp.",
            context => Expire(context, inSeconds: false, isAbsolute: true), Changed,
            $"key:key unix-time-milliseconds:unix-time {Condition}"),
        CommandSpec.Define("ttl", 2, ReadOnly | Fast, "generic", "1.0.0", "O(1)",
            "Returns the expiration time in seconds of a key.",
            context => Report(context, inSeconds: true, isAbsolute: false), Looked, "key:key", tips: "nondeterministic_output"),
        CommandSpec.Define("pttl", 2, ReadOnly | Fast, "generic", "2.6.0", "O(1)",
            "Returns the expiration time in milliseconds of a key.",
            context => Report(context, inSeconds: false, isAbsolute: false), Looked, "key:key", tips: "nondeterministic_output"),
        CommandSpec.Define("expiretime", 2, ReadOnly | Fast, "generic", "7.0.0", "O(1)",
            "Returns the expiration time of a key as a Unix timestamp.",
            context => Report(context, inSeconds: true, isAbsolute: true), Looked, "key:key"),
        CommandSpec.Define("pexpiretime", 2, ReadOnly | Fast, "generic", "7.0.0", "O(1)",
            "Returns the expiration time of a key as a Unix milliseconds timestamp.",
            context => Report(context, inSeconds: false, isAbsolute: true), Looked, "key:key"),
        CommandSpec.Define("persist", 2, CommandFlags.Write | Fast, "generic", "2.2.0", "O(1)",
            "Removes the expiration time of a key.", Persist, Changed, "key:key"),
    ];

    [Flags]
    internal enum Conditions
    {
        None = 0,
        Nx = 1,
        Xx = 2,
        Gt = 4,
        Lt = 8,
    }

    private static void Expire(CommandContext context, bool inSeconds, bool isAbsolute)
    {
        if (!TryConditions(context, 3, context.ArgumentCount, out Conditions conditions) || !context.TryInteger(2, out long when))
        {
            return;
        }
        long baseMs = isAbsolute ? 0 : context.NowUnixMs;
        bool tooLarge = inSeconds && when is > long.MaxValue / 1000 or < long.MinValue / 1000;
        when = tooLarge ? 0 : inSeconds ? when * 1000 : when;
        if (tooLarge || when > long.MaxValue - baseMs)
        {
            context.Reply.Error(Errors.InvalidExpire(context.Command.FullName));
            return;
        }
        when = Math.Max(0, when + baseMs);
        KeyHandle key = context.Write(1);
        if (!key.Exists || !Allows(conditions, key.ExpiresAtUnixMs, when))
        {
            context.Reply.Integer(0);
            return;
        }
        if (context.IsPast(when))
        {
            context.DeleteAsExpired(ref key);
        }
        else
        {
            context.SetExpiry(ref key, when);
            context.Changed(key, KeyEvent.Generic, "expire");
            context.Record(3).Add("PEXPIREAT"u8).Add(key.Name).Add(when);
            context.Journal(key);
        }
        context.Reply.Integer(1);
    }

    /// <summary>Whether an expiry may take another's place.</summary>
    internal static bool Allows(Conditions conditions, long current, long next)
    {
        bool isPersistent = current == ITableEntry.NoExpiry;
        return !((conditions & Conditions.Nx) != 0 && !isPersistent)
            && !((conditions & Conditions.Xx) != 0 && isPersistent)
            && !((conditions & Conditions.Gt) != 0 && (isPersistent || next <= current))
            && !((conditions & Conditions.Lt) != 0 && !isPersistent && next >= current);
    }

    /// <summary>Reads conditions, or replies the error.</summary>
    internal static bool TryConditions(CommandContext context, int first, int end, out Conditions conditions)
    {
        conditions = Conditions.None;
        for (int i = first; i < end; i++)
        {
            Conditions one = context.Is(i, "NX") ? Conditions.Nx
                : context.Is(i, "XX") ? Conditions.Xx
                : context.Is(i, "GT") ? Conditions.Gt
                : context.Is(i, "LT") ? Conditions.Lt
                : Conditions.None;
            if (one == Conditions.None)
            {
                context.Reply.Error($"ERR Unsupported option {context.Shown(i)}");
                return false;
            }
            conditions |= one;
        }
        if ((conditions & Conditions.Nx) != 0 && conditions != Conditions.Nx)
        {
            context.Reply.Error("ERR NX and XX, GT or LT options at the same time are not compatible");
            return false;
        }
        const Conditions both = Conditions.Gt | Conditions.Lt;
        if ((conditions & both) == both)
        {
            context.Reply.Error("ERR GT and LT options at the same time are not compatible");
            return false;
        }
        return true;
    }

    private static void Report(CommandContext context, bool inSeconds, bool isAbsolute)
    {
        KeyHandle key = context.Peek(1);
        long expiresAt = key.ExpiresAtUnixMs;
        if (!key.Exists || expiresAt == ITableEntry.NoExpiry)
        {
            context.Reply.Integer(key.Exists ? -1 : -2);
            return;
        }
        long value = isAbsolute ? expiresAt : Math.Max(0, expiresAt - context.NowUnixMs);
        context.Reply.Integer(inSeconds ? RoundToSeconds(value) : value);
    }

    /// <summary>Milliseconds, not below 0, as seconds; the largest are within half a second of an overflow.</summary>
    internal static long RoundToSeconds(long milliseconds) => (long)(((ulong)milliseconds + 500) / 1000);

    private static void Persist(CommandContext context)
    {
        KeyHandle key = context.Write(1);
        if (key.ExpiresAtUnixMs == ITableEntry.NoExpiry)
        {
            context.Reply.Integer(0);
            return;
        }
        context.SetExpiry(ref key, ITableEntry.NoExpiry);
        context.Changed(key, KeyEvent.Generic, "persist");
        context.Reply.Integer(1);
    }
}
