using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands.Strings;

/// <summary>The options that SET, MSETEX and GETEX share: a condition, an expiry, GET.</summary>
internal ref struct SetOptions
{
    /// <summary>Which of the options a command knows.</summary>
    [Flags]
    internal enum Allowed
    {
        Condition = 1,
        Comparison = 2,
        Get = 4,
        KeepTtl = 8,
        Persist = 16,
        FieldCondition = 32,
    }

    internal bool OnlyIfAbsent;
    internal bool OnlyIfPresent;
    internal bool OnlyIfEqual;
    internal bool OnlyIfFieldsAbsent;
    internal bool OnlyIfFieldsPresent;
    internal ReadOnlySpan<byte> Comparison;
    internal bool ReturnsOld;
    internal bool KeepsTtl;
    internal bool Persists;
    internal bool HasExpiry;

    /// <summary>Whether the expiry was given as a point in time.</summary>
    internal bool IsAbsolute;
    internal long ExpiresAtUnixMs;

    /// <summary>Where the expiry's value stands.</summary>
    internal int ExpiryIndex;
    internal bool InSeconds;

    internal readonly bool HasCondition => OnlyIfAbsent || OnlyIfPresent || OnlyIfEqual;

    /// <summary>Reads the arguments from <paramref name="first"/> on; on failure the error has been replied.</summary>
    internal static bool TryParse(CommandContext context, int first, Allowed allowed, out SetOptions options) =>
        TryParse(context, first, context.ArgumentCount, allowed, out options)
        && (!options.HasExpiry
            || TryExpiry(context, options.ExpiryIndex, options.InSeconds, options.IsAbsolute, out options.ExpiresAtUnixMs));

    /// <summary>Reads the arguments from <paramref name="first"/> to before <paramref name="end"/>, but not the expiry's value.</summary>
    internal static bool TryParse(CommandContext context, int first, int end, Allowed allowed, out SetOptions options)
    {
        options = new SetOptions { ExpiresAtUnixMs = ITableEntry.NoExpiry };
        for (int i = first; i < end; i++)
        {
            if (!TryWord(context, ref i, end, allowed, ref options))
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
        }
        return true;
    }

    /// <summary>Reads one option; one that is there already may be repeated, but no two that exclude each other stand together.</summary>
    private static bool TryWord(CommandContext context, ref int at, int end, Allowed allowed, ref SetOptions options)
    {
        bool hasNext = at + 1 < end;
        if ((allowed & Allowed.Condition) != 0 && context.Is(at, "NX"))
        {
            options.OnlyIfAbsent = true;
            return !options.OnlyIfPresent && !options.OnlyIfEqual;
        }
        if ((allowed & Allowed.Condition) != 0 && context.Is(at, "XX"))
        {
            options.OnlyIfPresent = true;
            return !options.OnlyIfAbsent && !options.OnlyIfEqual;
        }
        if ((allowed & Allowed.Comparison) != 0 && context.Is(at, "IFEQ"))
        {
            // Of two values to compare with, neither would be the one.
            bool isFree = hasNext && !options.OnlyIfAbsent && !options.OnlyIfPresent && !options.OnlyIfEqual;
            options.OnlyIfEqual = true;
            options.Comparison = isFree ? context.Argument(++at) : [];
            return isFree;
        }
        if ((allowed & Allowed.FieldCondition) != 0 && context.Is(at, "FNX"))
        {
            options.OnlyIfFieldsAbsent = true;
            return !options.OnlyIfFieldsPresent;
        }
        if ((allowed & Allowed.FieldCondition) != 0 && context.Is(at, "FXX"))
        {
            options.OnlyIfFieldsPresent = true;
            return !options.OnlyIfFieldsAbsent;
        }
        if ((allowed & Allowed.Get) != 0 && context.Is(at, "GET"))
        {
            options.ReturnsOld = true;
            return true;
        }
        if ((allowed & Allowed.KeepTtl) != 0 && context.Is(at, "KEEPTTL"))
        {
            options.KeepsTtl = true;
            return !options.HasExpiry && !options.Persists;
        }
        if ((allowed & Allowed.Persist) != 0 && context.Is(at, "PERSIST"))
        {
            options.Persists = true;
            return !options.HasExpiry && !options.KeepsTtl;
        }
        if (!hasNext || !IsExpiry(context, at, out bool inSeconds, out bool isAbsolute))
        {
            return false;
        }
        bool isAnother = options.HasExpiry && (inSeconds != options.InSeconds || isAbsolute != options.IsAbsolute);
        options.HasExpiry = true;
        (options.InSeconds, options.IsAbsolute) = (inSeconds, isAbsolute);
        options.ExpiryIndex = ++at;
        return !isAnother && !options.KeepsTtl && !options.Persists;
    }

    /// <summary>Reads an expiry that must be positive, and turns it into a point in time.</summary>
    internal static bool TryExpiry(CommandContext context, int index, bool inSeconds, bool isAbsolute, out long expiresAtUnixMs)
    {
        if (!context.TryInteger(index, out expiresAtUnixMs))
        {
            return false;
        }
        if (expiresAtUnixMs <= 0 || (inSeconds && expiresAtUnixMs > long.MaxValue / 1000))
        {
            context.Reply.Error(Errors.InvalidExpire(context.Command.FullName));
            return false;
        }
        expiresAtUnixMs = unchecked((inSeconds ? expiresAtUnixMs * 1000 : expiresAtUnixMs) + (isAbsolute ? 0 : context.NowUnixMs));
        if (expiresAtUnixMs <= 0)
        {
            context.Reply.Error(Errors.InvalidExpire(context.Command.FullName));
            return false;
        }
        return true;
    }

    private static bool IsExpiry(CommandContext context, int index, out bool inSeconds, out bool isAbsolute)
    {
        inSeconds = context.Is(index, "EX") || context.Is(index, "EXAT");
        isAbsolute = context.Is(index, "EXAT") || context.Is(index, "PXAT");
        return inSeconds || isAbsolute || context.Is(index, "PX");
    }
}
