using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Bitmaps;

/// <summary>BITFIELD: integers of any width within a string.</summary>
internal static class BitFieldCommand
{
    private const string GetBlock = "get-block={encoding:string offset:integer}";

    private enum Overflow
    {
        Wrap,
        Saturate,
        Fail,
    }

    private enum Kind
    {
        Get,
        Set,
        Increment,
    }

    private readonly record struct Step(Kind Kind, Overflow Overflow, bool IsSigned, int Width, long Offset, long Operand);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("bitfield", -2, CommandFlags.Write | DenyOom, "bitmap", "3.2.0", "O(1) for each subcommand.",
            "Reads and writes integers of any width within a string.", context => Run(context, isReadOnly: false),
            KeySpec.One(KeyFlags.RW | KeyFlags.Update | KeyFlags.Access | KeyFlags.VariableFlags),
            $"key:key [operation=<{GetBlock}@GET | write={{[overflow-block=<wrap:WRAP | sat:SAT | fail:FAIL>@OVERFLOW] "
            + "write-operation=<set-block={encoding:string offset:integer value:integer}@SET | "
            + "incrby-block={encoding:string offset:integer increment:integer}@INCRBY>}>...]", keyFlagsOf: KeyFlagsOf),
        CommandSpec.Define("bitfield_ro", -2, ReadOnly | Fast, "bitmap", "6.0.0", "O(1) for each subcommand.",
            "Reads integers of any width within a string.", context => Run(context, isReadOnly: true),
            KeySpec.One(KeyFlags.RO | KeyFlags.Access), $"key:key [{GetBlock}@@GET...]"),
    ];

    private static KeyFlags KeyFlagsOf(CommandContext context, int skip)
    {
        for (int i = skip + 2; i < context.ArgumentCount; i++)
        {
            if (context.Is(i, "SET") || context.Is(i, "INCRBY"))
            {
                return KeyFlags.RW | KeyFlags.Access | KeyFlags.Update;
            }
        }
        return KeyFlags.RO | KeyFlags.Access;
    }

    private static void Run(CommandContext context, bool isReadOnly)
    {
        using Scratch<Step> kept = new();
        NativeList<Step> steps = kept.Items;
        if (!TrySteps(context, steps, out bool writes))
        {
            return;
        }
        if (isReadOnly && writes)
        {
            context.Reply.Error("ERR BITFIELD_RO only supports the GET subcommand");
            return;
        }
        KeyHandle key = writes ? context.Write(1) : context.Read(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        scoped ReadOnlySpan<byte> bytes = [];
        Span<byte> writable = [];
        int before = bytes.Length;
        if (writes)
        {
            long lastBit = 0;
            foreach (Step step in steps)
            {
                lastBit = step.Kind == Kind.Get ? lastBit : Math.Max(lastBit, step.Offset + step.Width - 1);
            }
            before = key.Exists ? StringValue.Length(key.Entry) : -1;
            bytes = writable = BitCommands.Grow(context, ref key, 1, (int)(lastBit >> 3) + 1);
        }
        else if (key.Exists)
        {
            bytes = StringValue.Read(key.Entry, scratch);
        }
        context.Reply.Array(steps.Count);
        bool hasGrown = writes && bytes.Length != before;
        int changes = 0;
        foreach (Step step in steps)
        {
            changes += RunStep(context, step, bytes, writable, hasGrown) ? 1 : 0;
        }
        if (changes > 0)
        {
            context.Changed(key, KeyEvent.String, "setbit");
        }
    }

    /// <summary>Replies the result of one step; true if it wrote something new, or anything to a string that has grown for it.</summary>
    private static bool RunStep(CommandContext context, in Step step, ReadOnlySpan<byte> bytes, Span<byte> writable, bool hasGrown)
    {
        long old = Read(bytes, step);
        if (step.Kind == Kind.Get)
        {
            context.Reply.Integer(old);
            return false;
        }
        long added = step.Kind == Kind.Increment ? step.Operand : 0, start = step.Kind == Kind.Increment ? old : step.Operand;
        bool fits = TryFit(step, start, added, out long value);
        if (!fits && step.Overflow == Overflow.Fail)
        {
            context.Reply.Null();
            return false;
        }
        BitArray.Write(writable, step.Offset, step.Width, (ulong)value);
        context.Reply.Integer(step.Kind == Kind.Set ? old : value);
        return hasGrown || value != old;
    }

    private static long Read(ReadOnlySpan<byte> bytes, in Step step)
    {
        ulong value = BitArray.ReadUnsigned(bytes, step.Offset, step.Width);
        int unused = 64 - step.Width;
        return step.IsSigned ? (long)(value << unused) >> unused : (long)value;
    }

    /// <summary>
    /// Adds to a value and brings the sum into the field's range; false if it was out of it. What a value that is too large
    /// becomes depends on the step.
    /// </summary>
    private static bool TryFit(in Step step, long start, long added, out long value)
    {
        Int128 sum = (step.IsSigned ? start : (Int128)(ulong)start) + added;
        Int128 min = step.IsSigned ? -((Int128)1 << (step.Width - 1)) : 0;
        Int128 max = step.IsSigned ? ((Int128)1 << (step.Width - 1)) - 1 : ((Int128)1 << step.Width) - 1;
        bool fits = sum >= min && sum <= max;
        if (!fits && step.Overflow == Overflow.Saturate)
        {
            sum = sum > max ? max : min;
        }
        int unused = 64 - step.Width;
        ulong bits = (ulong)(UInt128)(sum & ulong.MaxValue) << unused;
        value = step.IsSigned ? (long)bits >> unused : (long)(bits >> unused);
        return fits;
    }

    private static bool TrySteps(CommandContext context, NativeList<Step> steps, out bool writes)
    {
        Overflow overflow = Overflow.Wrap;
        writes = false;
        for (int i = 2; i < context.ArgumentCount;)
        {
            int left = context.ArgumentCount - i - 1;
            if (left >= 1 && context.Is(i, "OVERFLOW"))
            {
                if (!TryOverflow(context, i + 1, out overflow))
                {
                    return false;
                }
                i += 2;
                continue;
            }
            Kind kind = context.Is(i, "GET") ? Kind.Get : context.Is(i, "SET") ? Kind.Set : Kind.Increment;
            int words = kind == Kind.Get ? 3 : 4;
            if (left < words - 1 || (kind == Kind.Increment && !context.Is(i, "INCRBY")))
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
            long operand = 0;
            if (!TryType(context, i + 1, out bool isSigned, out int width) || !BitCommands.TryOffset(context, i + 2, width, out long offset)
                || (kind != Kind.Get && !context.TryInteger(i + 3, out operand)))
            {
                return false;
            }
            writes |= kind != Kind.Get;
            steps.Add(new Step(kind, overflow, isSigned, width, offset, operand));
            i += words;
        }
        return true;
    }

    private static bool TryOverflow(CommandContext context, int index, out Overflow overflow)
    {
        overflow = context.Is(index, "SAT") ? Overflow.Saturate : context.Is(index, "FAIL") ? Overflow.Fail : Overflow.Wrap;
        if (overflow != Overflow.Wrap || context.Is(index, "WRAP"))
        {
            return true;
        }
        context.Reply.Error("ERR Invalid OVERFLOW type specified");
        return false;
    }

    private static bool TryType(CommandContext context, int index, out bool isSigned, out int width)
    {
        ReadOnlySpan<byte> text = context.Argument(index);
        isSigned = text.Length > 0 && text[0] == 'i';
        width = 0;
        bool isNumber = text.Length > 1 && (isSigned || text[0] == 'u') && Protocol.Decimal64.TryParse(text[1..], out long bits)
            && bits >= 1 && bits <= (isSigned ? 64 : 63) && (width = (int)bits) > 0;
        if (!isNumber)
        {
            context.Reply.Error("ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is.");
        }
        return isNumber;
    }
}
