using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Bitmaps;

/// <summary>Single bits of a string, and ranges of them: SETBIT, GETBIT, BITCOUNT, BITPOS.</summary>
internal static class BitCommands
{
    private const string Range = "[range={start:integer [end-unit-block={end:integer [unit=<byte:BYTE | bit:BIT>^7.0.0]}]}]";
    internal const string BadOffset = "ERR bit offset is not an integer or out of range";
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("setbit", 4, CommandFlags.Write | DenyOom, "bitmap", "2.2.0", "O(1)",
            "Sets a bit of a string, which grows as needed.", SetBit, KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Update),
            "key:key offset:integer value:integer"),
        CommandSpec.Define("getbit", 3, ReadOnly | Fast, "bitmap", "2.2.0", "O(1)", "Returns a bit of a string.", GetBit, Reads,
            "key:key offset:integer"),
        CommandSpec.Define("bitcount", -2, ReadOnly, "bitmap", "2.6.0", "O(N)", "Counts the bits of a string that are set.", BitCount, Reads,
            $"key:key {Range}"),
        CommandSpec.Define("bitpos", -3, ReadOnly, "bitmap", "2.8.7", "O(N)", "Finds the first bit of a string that is set, or is not.",
            BitPos, Reads, $"key:key bit:integer {Range}"),
    ];

    /// <summary>Reads the offset of a bit, or replies the error. With <paramref name="width"/> it may be <c>#n</c>, counted in fields.</summary>
    internal static bool TryOffset(CommandContext context, int index, int width, out long offset)
    {
        ReadOnlySpan<byte> text = context.Argument(index);
        bool inFields = width > 0 && text.Length > 0 && text[0] == '#';
        bool isNumber = Protocol.Decimal64.TryParse(inFields ? text[1..] : text, out offset);
        long limitBits = context.Server.Config.MaxBulkBytes.Number * 8;
        if (isNumber && inFields)
        {
            isNumber = offset <= long.MaxValue / width;
            offset = unchecked(offset * width);
        }
        if (isNumber && offset >= 0 && offset < limitBits && offset >> 3 < int.MaxValue - 64)
        {
            return true;
        }
        context.Reply.Error(BadOffset);
        return false;
    }

    /// <summary>Makes a string of a key writable, grown to <paramref name="length"/> bytes with zeros if it is shorter.</summary>
    internal static Span<byte> Grow(CommandContext context, scoped ref KeyHandle key, int index, int length)
    {
        if (!key.Exists)
        {
            context.SetString(ref key, [], ITableEntry.NoExpiry);
            key = context.Open(index);
        }
        return context.Reshape(ref key, Math.Max(length, StringValue.Length(key.Entry)));
    }

    private static void SetBit(CommandContext context)
    {
        if (!TryOffset(context, 2, 0, out long offset))
        {
            return;
        }
        if (context.Argument(3) is not [(byte)'0' or (byte)'1'])
        {
            context.Reply.Error("ERR bit is not an integer or out of range");
            return;
        }
        KeyHandle key = context.Write(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        int before = key.Exists ? StringValue.Length(key.Entry) : -1, value = context.Argument(3)[0] - '0';
        Span<byte> bytes = Grow(context, ref key, 1, (int)(offset >> 3) + 1);
        int old = BitArray.Set(bytes, offset, value);
        if (old != value || bytes.Length != before)
        {
            context.Changed(key, KeyEvent.String, "setbit");
        }
        context.Reply.Integer(old);
    }

    private static void GetBit(CommandContext context)
    {
        if (!TryOffset(context, 2, 0, out long offset))
        {
            return;
        }
        KeyHandle key = context.Read(1);
        if (context.IsStringOrAbsent(key))
        {
            Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
            context.Reply.Integer(key.Exists ? BitArray.Get(StringValue.Read(key.Entry, scratch), offset) : 0);
        }
    }

    /// <summary>A range of bits as a client gives it: in bytes or bits, counted from the end if negative.</summary>
    private struct BitRange
    {
        internal long Start;
        internal long End;
        internal bool HasStart;
        internal bool HasEnd;
        internal bool InBits;

        /// <summary>Reads the arguments from <paramref name="at"/> on, or replies the error.</summary>
        internal static bool TryParse(CommandContext context, int at, out BitRange range)
        {
            range = new BitRange { End = -1, HasStart = at < context.ArgumentCount, HasEnd = at + 1 < context.ArgumentCount };
            if (context.ArgumentCount > at + 3)
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
            bool hasUnit = at + 2 < context.ArgumentCount;
            if (range.HasStart && !context.TryInteger(at, out range.Start))
            {
                return false;
            }
            range.InBits = hasUnit && context.Is(at + 2, "BIT");
            if (hasUnit && !range.InBits && !context.Is(at + 2, "BYTE"))
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
            return !range.HasEnd || context.TryInteger(at + 1, out range.End);
        }

        /// <summary>The first and the last bit of the range in a string of so many bytes; false if it is empty.</summary>
        internal readonly bool TryLocate(long byteCount, out long first, out long last)
        {
            long total = InBits ? byteCount * 8 : byteCount;
            first = Math.Max(0, Start < 0 ? Start + total : Start);
            last = Math.Min(Math.Max(0, End < 0 ? End + total : End), total - 1);
            if (first > last)
            {
                return false;
            }
            if (!InBits)
            {
                first *= 8;
                last = last * 8 + 7;
            }
            return true;
        }
    }

    private static void BitCount(CommandContext context)
    {
        if (!BitRange.TryParse(context, 2, out BitRange range))
        {
            return;
        }
        KeyHandle key = context.Read(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        ReadOnlySpan<byte> bytes = key.Exists ? StringValue.Read(key.Entry, scratch) : [];
        bool isBackwards = range.Start < 0 && range.End < 0 && range.Start > range.End;
        context.Reply.Integer(!isBackwards && range.TryLocate(bytes.Length, out long first, out long last) ? BitArray.Count(bytes, first, last) : 0);
    }

    private static void BitPos(CommandContext context)
    {
        if (!context.TryInteger(2, out long wanted))
        {
            return;
        }
        if (wanted is not (0 or 1))
        {
            context.Reply.Error("ERR The bit argument must be 1 or 0.");
            return;
        }
        if (!BitRange.TryParse(context, 3, out BitRange range))
        {
            return;
        }
        KeyHandle key = context.Read(1);
        if (!context.IsStringOrAbsent(key))
        {
            return;
        }
        if (!key.Exists)
        {
            context.Reply.Integer(wanted == 1 ? -1 : 0);
            return;
        }
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        ReadOnlySpan<byte> bytes = StringValue.Read(key.Entry, scratch);
        if (!range.TryLocate(bytes.Length, out long first, out long last))
        {
            context.Reply.Integer(-1);
            return;
        }
        long found = BitArray.Find(bytes, (int)wanted, first, last);
        // A string without an explicit end is followed by zeros.
        context.Reply.Integer(found < 0 && wanted == 0 && !range.HasEnd ? last + 1 : found);
    }
}
