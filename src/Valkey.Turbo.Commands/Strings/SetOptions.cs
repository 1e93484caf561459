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
            bool hasNext = i + 1 < end;
            bool freeOfExpiry = !options.HasExpiry && !options.KeepsTtl && !options.Persists;
            if ((allowed & Allowed.Condition) != 0 && !options.HasCondition && context.Is(i, "NX"))
            {
                options.OnlyIfAbsent = true;
            }
            else if ((allowed & Allowed.Condition) != 0 && !options.HasCondition && context.Is(i, "XX"))
            {
                options.OnlyIfPresent = true;
            }
            else if ((allowed & Allowed.Comparison) != 0 && !options.HasCondition && hasNext && context.Is(i, "IFEQ"))
            {
                options.OnlyIfEqual = true;
                options.Comparison = context.Argument(++i);
            }
            else if ((allowed & Allowed.FieldCondition) != 0 && !options.OnlyIfFieldsPresent && context.Is(i, "FNX"))
            {
                options.OnlyIfFieldsAbsent = true;
            }
            else if ((allowed & Allowed.FieldCondition) != 0 && !options.OnlyIfFieldsAbsent && context.Is(i, "FXX"))
            {
                options.OnlyIfFieldsPresent = true;
            }
            else if ((allowed & Allowed.Get) != 0 && context.Is(i, "GET"))
            {
                options.ReturnsOld = true;
            }
            else if ((allowed & Allowed.KeepTtl) != 0 && freeOfExpiry && context.Is(i, "KEEPTTL"))
            {
                options.KeepsTtl = true;
            }
            else if ((allowed & Allowed.Persist) != 0 && freeOfExpiry && context.Is(i, "PERSIST"))
            {
                options.Persists = true;
            }
            else if (freeOfExpiry && hasNext && IsExpiry(context, i, out options.InSeconds, out options.IsAbsolute))
            {
                options.HasExpiry = true;
                options.ExpiryIndex = ++i;
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
        }
        return true;
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
