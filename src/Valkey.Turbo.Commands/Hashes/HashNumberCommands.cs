using System.Text;
using Valkey.Turbo.Commands.Strings;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Hashes;

/// <summary>Fields that are numbers: HINCRBY and HINCRBYFLOAT. A field keeps its expiry.</summary>
internal static class HashNumberCommands
{
    private static readonly KeySpec Key = KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Update);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("hincrby", 4, CommandFlags.Write | DenyOom | Fast, "hash", "2.0.0", "O(1)",
            "Adds to the integer in a field of a hash, which is 0 if there is none.", Add, Key,
            "key:key field:string increment:integer", memberAt: 2),
        CommandSpec.Define("hincrbyfloat", 4, CommandFlags.Write | DenyOom | Fast, "hash", "2.6.0", "O(1)",
            "Adds to the floating-point number in a field of a hash, which is 0 if there is none.", AddFloat, Key,
            "key:key field:string increment:double"),
    ];

    private static void Add(CommandContext context)
    {
        if (!context.TryInteger(3, out long increment))
        {
            return;
        }
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.Hash))
        {
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        long value = 0;
        if (key.Exists && context.HashOf(key).TryGet(context.Argument(2), scratch, out ReadOnlySpan<byte> text)
            && !Decimal64.TryParse(text, out value))
        {
            context.Reply.Error("ERR hash value is not an integer");
            return;
        }
        long sum = unchecked(value + increment);
        if (((value ^ sum) & (increment ^ sum)) < 0)
        {
            context.Reply.Error(Errors.Overflow);
            return;
        }
        SetKeepingExpiry(context, ref key, scratch[..Decimal64.Format(sum, scratch)], out _);
        context.Changed(key, KeyEvent.Hash, "hincrby");
        context.Reply.Integer(sum);
    }

    private static void SetKeepingExpiry(CommandContext context, ref KeyHandle key, scoped ReadOnlySpan<byte> value, out long expiresAtUnixMs)
    {
        ReadOnlySpan<byte> field = context.Argument(2);
        expiresAtUnixMs = ITableEntry.NoExpiry;
        if (key.Exists)
        {
            context.HashOf(key).TryGetExpiry(field, out expiresAtUnixMs);
        }
        context.BeginChange(ref key, ValueType.Hash, ValueEncoding.Listpack);
        context.HashOf(key).Set(field, value, expiresAtUnixMs, context.Limits);
        HashCommands.NoteFieldExpiry(context, key);
    }

    private static void AddFloat(CommandContext context)
    {
        if (!ExtendedFloat.TryParse(context.Argument(3), out ExtendedFloat increment))
        {
            context.Reply.Error(Errors.NotFloat);
            return;
        }
        if (!increment.IsFinite)
        {
            context.Reply.Error("ERR value is NaN or Infinity");
            return;
        }
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.Hash))
        {
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        scoped ReadOnlySpan<byte> current = "0"u8;
        if (key.Exists && context.HashOf(key).TryGet(context.Argument(2), scratch, out ReadOnlySpan<byte> text))
        {
            current = text;
        }
        if (!ExtendedFloat.TryParse(current, out ExtendedFloat value))
        {
            context.Reply.Error("ERR hash value is not a float");
            return;
        }
        ExtendedFloat total = value + increment;
        if (!value.IsFinite || !total.IsFinite)
        {
            context.Reply.Error("ERR increment would produce NaN or Infinity");
            return;
        }
        ReadOnlySpan<byte> sum = total.Format(stackalloc byte[ExtendedFloat.ScratchBytes]);
        SetKeepingExpiry(context, ref key, sum, out long expiresAt);
        context.Changed(key, KeyEvent.Hash, "hincrbyfloat");
        context.Reply.Bulk(sum);
        if (expiresAt == ITableEntry.NoExpiry)
        {
            context.Record(4).Add("HSET"u8).Add(key.Name).Add(context.Argument(2)).Add(sum);
        }
        else
        {
            context.Record(8).Add("HSETEX"u8).Add(key.Name).Add("PXAT"u8).Add(expiresAt).Add("FIELDS"u8).Add(1)
                .Add(context.Argument(2)).Add(sum);
        }
        context.Journal(key);
    }
}
