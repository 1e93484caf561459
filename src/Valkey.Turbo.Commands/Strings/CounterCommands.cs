using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Strings;

/// <summary>Strings that are numbers: INCR, DECR and their relatives.</summary>
internal static class CounterCommands
{
    private const CommandFlags Flags = CommandFlags.Write | DenyOom | Fast;
    private static readonly KeySpec Key = KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Update);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("incr", 2, Flags, "string", "1.0.0", "O(1)",
            "Increments the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
            context => Add(context, 1), Key, "key:key"),
        CommandSpec.Define("decr", 2, Flags, "string", "1.0.0", "O(1)",
            "Decrements the integer value of a key by one. Uses 0 as initial value if the key doesn't exist.",
            context => Add(context, -1), Key, "key:key"),
        CommandSpec.Define("incrby", 3, Flags, "string", "1.0.0", "O(1)",
            "Increments the integer value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
            IncrBy, Key, "key:key increment:integer"),
        CommandSpec.Define("decrby", 3, Flags, "string", "1.0.0", "O(1)",
            "Decrements a number from the integer value of a key. Uses 0 as initial value if the key doesn't exist.",
            DecrBy, Key, "key:key decrement:integer"),
        CommandSpec.Define("incrbyfloat", 3, Flags, "string", "2.6.0", "O(1)",
            "Increments the floating point value of a key by a number. Uses 0 as initial value if the key doesn't exist.",
            IncrByFloat, Key, "key:key increment:double"),
    ];

    private static void IncrBy(CommandContext context)
    {
        if (context.TryInteger(2, out long increment))
        {
            Add(context, increment);
        }
    }

    private static void DecrBy(CommandContext context)
    {
        if (!context.TryInteger(2, out long decrement))
        {
            return;
        }
        if (decrement == long.MinValue)
        {
            context.Reply.Error("ERR decrement would overflow");
            return;
        }
        Add(context, -decrement);
    }

    private static void Add(CommandContext context, long increment)
    {
        KeyHandle key = context.Write(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        long value = 0;
        if (key.Exists && !TryReadInteger(key.Entry, out value))
        {
            context.Reply.Error(Errors.NotInteger);
            return;
        }
        long sum = unchecked(value + increment);
        if (((value ^ sum) & (increment ^ sum)) < 0)
        {
            context.Reply.Error(Errors.Overflow);
            return;
        }
        context.SetInteger(ref key, sum, key.ExpiresAtUnixMs);
        context.Changed(key, KeyEvent.String, "incrby");
        context.Reply.Integer(sum);
    }

    private static bool TryReadInteger(Entry entry, out long value)
    {
        if (entry.Encoding == ValueEncoding.Int)
        {
            value = entry.Integer;
            return true;
        }
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        return Decimal64.TryParse(StringValue.Read(entry, scratch), out value);
    }

    private static void IncrByFloat(CommandContext context)
    {
        KeyHandle key = context.Write(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        ReadOnlySpan<byte> current = key.Exists ? StringValue.Read(key.Entry, scratch) : "0"u8;
        if (!ExtendedFloat.TryParse(current, out ExtendedFloat value) || !ExtendedFloat.TryParse(context.Argument(2), out ExtendedFloat increment))
        {
            context.Reply.Error(Errors.NotFloat);
            return;
        }
        ExtendedFloat total = value + increment;
        if (!value.IsFinite || !increment.IsFinite || !total.IsFinite)
        {
            context.Reply.Error("ERR increment would produce NaN or Infinity");
            return;
        }
        ReadOnlySpan<byte> sum = total.Format(stackalloc byte[ExtendedFloat.ScratchBytes]);
        long expiresAt = key.ExpiresAtUnixMs;
        context.SetText(ref key, sum, expiresAt);
        context.Changed(key, KeyEvent.String, "incrbyfloat");
        context.Record(4).Add("SET"u8).Add(key.Name).Add(sum).Add("KEEPTTL"u8);
        context.Journal(key);
        context.Reply.Bulk(sum);
    }
}
