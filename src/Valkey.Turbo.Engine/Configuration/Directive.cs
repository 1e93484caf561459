using System.Globalization;

namespace Valkey.Turbo.Engine;

/// <summary>What may be done with a directive.</summary>
[Flags]
public enum DirectiveFlags
{
    None = 0,
    /// <summary>Only the file and the command line set it.</summary>
    Immutable = 1,
    /// <summary>CONFIG GET shows it only by its full name.</summary>
    Hidden = 2,
    /// <summary>Its value stays out of logs.</summary>
    Sensitive = 4,
    /// <summary>CONFIG SET needs <c>enable-protected-configs</c>.</summary>
    Protected = 8,
    /// <summary>In the file its value may be several words.</summary>
    MultiArgument = 16,
    /// <summary>CONFIG GET shows the alias only by its full name.</summary>
    HiddenAlias = 32,
}

/// <summary>How a number is written.</summary>
public enum NumberUnit
{
    Plain,
    /// <summary>Bytes, with Valkey's suffixes: k and kb, m and mb, g and gb.</summary>
    Bytes,
    /// <summary>Bytes up to 2^64-1, which count as 2^63-1 where that is exceeded, but are shown as they are.</summary>
    UnsignedBytes,
    /// <summary>Bytes, or a percentage, which is stored negated.</summary>
    BytesOrPercent,
    Octal,
}

/// <summary>One setting of valkey.conf: its name, its value, and what it accepts.</summary>
public abstract class Directive(string name, string? alias, DirectiveFlags flags)
{
    /// <summary>The name, in lower case.</summary>
    public string Name { get; } = name;

    /// <summary>An older or other name, or null.</summary>
    public string? Alias { get; } = alias;

    /// <summary>What may be done with it.</summary>
    public DirectiveFlags Flags { get; } = flags;

    /// <summary>Checks or refuses a value that has the right form. Null accepts; text is the error.</summary>
    public Func<string, string?>? Validate { get; set; }

    /// <summary>
    /// Called after CONFIG SET has changed the value, by its thread, to put it into effect: null, or why that can't be done; then it is
    /// called again with the value from before.
    /// </summary>
    public Func<Worker, string?>? TryApply { get; set; }

    /// <summary>
    /// Why the server can't do what the value says, or null. A server neither starts with such a value nor lets it be set: unlike what
    /// <see cref="Validate"/> refuses, it may be overridden further on in the configuration.
    /// </summary>
    public Func<string?>? Refuse { get; set; }

    /// <summary>Called after the value has changed.</summary>
    public Action? Changed { get; set; }

    /// <summary>Whether the server acts on it; others are accepted and named in a warning when set.</summary>
    public bool IsInEffect { get; set; }

    /// <summary>The value as CONFIG GET prints it.</summary>
    public abstract string Value { get; }

    /// <summary>The default as CONFIG GET prints it.</summary>
    public string Default { get; protected set; } = "";

    /// <summary>Sets the value. Null is success; text says what is wrong, in Valkey's words.</summary>
    public abstract string? TrySet(string text);
}

/// <summary>A directive that is yes or no.</summary>
public sealed class FlagDirective : Directive
{
    internal FlagDirective(string name, string? alias, DirectiveFlags flags, bool value)
        : base(name, alias, flags)
    {
        IsSet = value;
        Default = Value;
    }

    /// <summary>The value.</summary>
    public bool IsSet { get; private set; }

    public override string Value => IsSet ? "yes" : "no";

    public override string? TrySet(string text)
    {
        bool? value = text.ToLowerInvariant() switch { "yes" => true, "no" => false, _ => null };
        if (value is null)
        {
            return "argument must be 'yes' or 'no'";
        }
        if (Validate?.Invoke(text) is string error)
        {
            return error;
        }
        IsSet = value.Value;
        return null;
    }
}

/// <summary>A directive that is a number within bounds.</summary>
public sealed class NumberDirective : Directive
{
    private readonly long _min;
    private readonly long _max;
    private readonly NumberUnit _unit;
    private ulong _unsigned;

    internal NumberDirective(string name, string? alias, DirectiveFlags flags, long value, long min, long max, NumberUnit unit)
        : base(name, alias, flags)
    {
        (Number, _min, _max, _unit) = (value, min, max, unit);
        Default = Value;
    }

    /// <summary>The value.</summary>
    public long Number { get; private set; }

    public override string Value => _unit switch
    {
        NumberUnit.Octal => Convert.ToString(Number, 8),
        NumberUnit.UnsignedBytes when Number == long.MaxValue => _unsigned.ToString(CultureInfo.InvariantCulture),
        NumberUnit.BytesOrPercent when Number < 0 => $"{-Number}%",
        _ => Number.ToString(CultureInfo.InvariantCulture),
    };

    public override string? TrySet(string text)
    {
        if (!TryParse(text, out long value, out string error))
        {
            return error;
        }
        if (value < _min || value > _max)
        {
            if (_unit == NumberUnit.BytesOrPercent && text.EndsWith('%'))
            {
                return "percentage argument must be less or equal to 100";
            }
            return _unit == NumberUnit.Octal
                ? $"argument must be between {Convert.ToString(_min, 8)} and {Convert.ToString(_max, 8)} inclusive"
                : $"argument must be between {_min} and {_max} inclusive";
        }
        if (Validate?.Invoke(text) is string refused)
        {
            return refused;
        }
        Number = value;
        return null;
    }

    /// <summary>Sets the value without checks; for a default that depends on the machine.</summary>
    public void Assign(long value) => Number = value;

    private bool TryParse(string text, out long value, out string error)
    {
        error = _unit switch
        {
            NumberUnit.Bytes or NumberUnit.UnsignedBytes => "argument must be a memory value",
            NumberUnit.BytesOrPercent => "argument must be a memory or percent value",
            NumberUnit.Octal => "argument couldn't be parsed as an octal number",
            _ => "argument couldn't be parsed into an integer",
        };
        switch (_unit)
        {
            case NumberUnit.Octal:
                value = 0;
                foreach (char c in text)
                {
                    if (c is < '0' or > '7' || value > int.MaxValue)
                    {
                        return false;
                    }
                    value = value * 8 + (c - '0');
                }
                return text.Length > 0;
            case NumberUnit.UnsignedBytes:
                bool isSize = MemorySize.TryParse(text, out ulong unsigned);
                _unsigned = isSize ? unsigned : _unsigned;
                value = (long)Math.Min(unsigned, long.MaxValue);
                return isSize;
            case NumberUnit.BytesOrPercent when text.EndsWith('%'):
                bool isPercent = long.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out value);
                value = -value;
                return isPercent;
            case NumberUnit.Bytes or NumberUnit.BytesOrPercent:
                return MemorySize.TryParse(text, out value) || (_min < 0 && TryInteger(text, out value));
            default:
                return TryInteger(text, out value);
        }
    }

    /// <summary>Reads an integer that is written as the server writes it: no plus sign, no zeros in front.</summary>
    private static bool TryInteger(string text, out long value) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
        && value.ToString(CultureInfo.InvariantCulture) == text;
}

/// <summary>A directive that is one of a few words, or several of them where it takes several arguments.</summary>
public sealed class ChoiceDirective : Directive
{
    private readonly string[] _choices;

    internal ChoiceDirective(string name, string? alias, DirectiveFlags flags, string value, string[] choices)
        : base(name, alias, flags)
    {
        (Choice, _choices) = (value, choices);
        Default = value;
    }

    /// <summary>The value.</summary>
    public string Choice { get; private set; }

    public override string Value => Choice;

    public override string? TrySet(string text)
    {
        string[] words = Flags.HasFlag(DirectiveFlags.MultiArgument)
            ? text.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            : [text];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = Array.Find(_choices, choice => choice.Equals(words[i], StringComparison.OrdinalIgnoreCase)) ?? "";
        }
        if (words.Length == 0 || words.Contains(""))
        {
            return $"argument(s) must be one of the following: {string.Join(", ", _choices)}";
        }
        string value = words.Length <= 1 ? string.Concat(words) : Several(words);
        if (Validate?.Invoke(value) is string error)
        {
            return error;
        }
        Choice = value;
        return null;
    }

    /// <summary>Several words each count once; the default among them says nothing.</summary>
    private string Several(string[] words)
    {
        string others = string.Join(' ', _choices.Where(choice => choice != Default && words.Contains(choice)));
        return others.Length == 0 ? Default : others;
    }
}

/// <summary>A directive that is text.</summary>
public sealed class TextDirective : Directive
{
    internal TextDirective(string name, string? alias, DirectiveFlags flags, string value)
        : base(name, alias, flags)
    {
        Text = value;
        Default = value;
    }

    /// <summary>The value.</summary>
    public string Text { get; private set; }

    /// <summary>Turns an accepted text into the form that is kept and shown.</summary>
    public Func<string, string>? Normalize { get; set; }

    /// <summary>Turns the value into the form that is shown, where that differs from what is kept.</summary>
    public Func<string, string>? Show { get; set; }

    public override string Value => Show?.Invoke(Text) ?? Text;

    public override string? TrySet(string text)
    {
        if (Validate?.Invoke(text) is string error)
        {
            return error;
        }
        Text = Normalize?.Invoke(text) ?? text;
        return null;
    }
}

/// <summary>Sizes as valkey.conf writes them.</summary>
public static class MemorySize
{
    /// <summary>
    /// Reads <c>100</c>, <c>1k</c> (1,000), <c>1kb</c> (1,024), and so for m and g; case does not matter. No digits are 0, as an empty
    /// text is.
    /// </summary>
    public static bool TryParse(string text, out long bytes)
    {
        bool isSize = TryParse(text, out ulong unsigned);
        bytes = (long)Math.Min(unsigned, long.MaxValue);
        return isSize;
    }

    /// <summary>The same up to 2^64-1; more counts as that.</summary>
    public static bool TryParse(string text, out ulong bytes)
    {
        int digits = 0;
        while (digits < text.Length && char.IsAsciiDigit(text[digits]))
        {
            digits++;
        }
        ulong unit = text[digits..].ToLowerInvariant() switch
        {
            "" or "b" => 1,
            "k" => 1_000,
            "kb" => 1UL << 10,
            "m" => 1_000_000,
            "mb" => 1UL << 20,
            "g" => 1_000_000_000,
            "gb" => 1UL << 30,
            _ => 0,
        };
        bytes = 0;
        ulong number = 0;
        if (unit == 0 || (digits > 0 && !ulong.TryParse(text.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out number)))
        {
            return false;
        }
        UInt128 product = (UInt128)number * unit;
        bytes = product > ulong.MaxValue ? ulong.MaxValue : (ulong)product;
        return true;
    }

    /// <summary>A size for people, as INFO prints it: <c>1.50M</c>.</summary>
    public static string Describe(long bytes)
    {
        const double k = 1024;
        string Scaled(double divisor, char unit) => (bytes / divisor).ToString("F2", CultureInfo.InvariantCulture) + unit;
        return bytes < k ? $"{bytes}B"
            : bytes < k * k ? Scaled(k, 'K')
            : bytes < k * k * k ? Scaled(k * k, 'M')
            : bytes < k * k * k * k ? Scaled(k * k * k, 'G')
            : Scaled(k * k * k * k, 'T');
    }
}
