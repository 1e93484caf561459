using System.Globalization;
using System.Numerics;
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
        context.Changed();
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
        if (!FloatText.TryParse(current, out double value) || !FloatText.TryParse(context.Argument(2), out double increment))
        {
            context.Reply.Error(Errors.NotFloat);
            return;
        }
        if (!double.IsFinite(value + increment))
        {
            context.Reply.Error("ERR increment would produce NaN or Infinity");
            return;
        }
        byte[] sum = Encoding.ASCII.GetBytes(FloatText.Sum(current, context.Argument(2), value, increment));
        long expiresAt = key.ExpiresAtUnixMs;
        context.SetString(ref key, sum, expiresAt);
        context.Changed();
        context.Record(4).Add("SET"u8).Add(key.Name).Add(sum).Add("KEEPTTL"u8);
        context.Journal(key);
        context.Reply.Bulk(sum);
    }
}

/// <summary>
/// Numbers of INCRBYFLOAT. Valkey calculates with 64 bits of mantissa and prints 17 decimals without trailing zeros; here
/// decimal arithmetic (28 digits) does, where the numbers fit it, and double arithmetic where not.
/// </summary>
internal static class FloatText
{
    private const NumberStyles Style =
        NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
    private const int Decimals = 17;
    private const int LongestText = 256;

    /// <summary>Reads a number; not-a-number, blanks and anything longer than a number are refused.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        value = 0;
        if (text.IsEmpty || text.Length > LongestText)
        {
            return false;
        }
        if (IsInfinity(text, out value))
        {
            return true;
        }
        return double.TryParse(text, Style, CultureInfo.InvariantCulture, out value) && double.IsFinite(value) && !char.IsAsciiLetter((char)text[0]);
    }

    /// <summary>The sum of two numbers that <see cref="TryParse"/> has read, as Valkey prints it.</summary>
    internal static string Sum(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, double leftValue, double rightValue)
    {
        const double exactLimit = 1e17;
        if (Math.Abs(leftValue) < exactLimit && Math.Abs(rightValue) < exactLimit
            && decimal.TryParse(left, Style, CultureInfo.InvariantCulture, out decimal a)
            && decimal.TryParse(right, Style, CultureInfo.InvariantCulture, out decimal b))
        {
            return Trim(decimal.Round(a + b, Decimals).ToString(CultureInfo.InvariantCulture));
        }
        double sum = leftValue + rightValue;
        return Math.Abs(sum) >= exactLimit
            ? new BigInteger(sum).ToString(CultureInfo.InvariantCulture)
            : Trim(sum.ToString("F17", CultureInfo.InvariantCulture));
    }

    private static string Trim(string text)
    {
        string trimmed = text.Contains('.') ? text.TrimEnd('0').TrimEnd('.') : text;
        return trimmed == "-0" ? "0" : trimmed;
    }

    private static bool IsInfinity(ReadOnlySpan<byte> text, out double value)
    {
        value = double.PositiveInfinity;
        if (text[0] is (byte)'+' or (byte)'-')
        {
            value = text[0] == '-' ? double.NegativeInfinity : value;
            text = text[1..];
        }
        return Ascii.EqualsIgnoreCase(text, "inf"u8) || Ascii.EqualsIgnoreCase(text, "infinity"u8);
    }
}
