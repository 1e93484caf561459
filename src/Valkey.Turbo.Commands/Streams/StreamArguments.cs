using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands.Streams;

/// <summary>IDs and trimming options among the arguments of stream commands.</summary>
internal static class StreamArguments
{
    internal const string InvalidId = "ERR Invalid stream ID specified as stream command argument";
    private const int LongestText = 127;
    private const int BlocksPerTrim = 100;
    private const int LargestDefaultLimit = 1_000_000;
    private const int UnlimitedBlocksLimit = 10_000;

    /// <summary>What XADD and XTRIM share.</summary>
    internal struct Trim
    {
        internal bool ByLength;
        internal bool ById;
        internal long MaxLength;
        internal StreamId MinId;
        internal bool IsApproximate;
        internal long Limit;

        internal readonly bool IsWanted => ByLength || ById;

        /// <summary>Trims a stream; returns how many entries went.</summary>
        internal readonly long Apply(StreamValue stream) =>
            stream.Trim(ByLength ? MaxLength : long.MaxValue, ById ? MinId : StreamId.Min, IsApproximate, Limit);
    }

    /// <summary>Reads <c>ms</c> or <c>ms-sequence</c>; the sequence may be <c>*</c> where <paramref name="allowsStar"/>.</summary>
    internal static bool TryParse(ReadOnlySpan<byte> text, ulong missingSequence, bool allowsStar, out StreamId id, out bool hasStar)
    {
        id = default;
        hasStar = false;
        if (text.Length > LongestText)
        {
            return false;
        }
        // Read as a C string.
        text = CommandContext.UpToNul(text);
        int dash = text.IndexOf((byte)'-');
        if (!UnsignedText.TryParse(dash < 0 ? text : text[..dash], out ulong ms))
        {
            return false;
        }
        ulong sequence = missingSequence;
        if (dash >= 0)
        {
            ReadOnlySpan<byte> rest = text[(dash + 1)..];
            hasStar = allowsStar && rest.SequenceEqual("*"u8);
            sequence = 0;
            if (!hasStar && !UnsignedText.TryParse(rest, out sequence))
            {
                return false;
            }
        }
        id = new StreamId(ms, sequence);
        return true;
    }

    /// <summary>Reads a complete ID, or replies the error.</summary>
    internal static bool TryId(CommandContext context, int index, out StreamId id)
    {
        if (TryParse(context.Argument(index), 0, allowsStar: false, out id, out _))
        {
            return true;
        }
        context.Reply.Error(InvalidId);
        return false;
    }

    /// <summary>Reads an end of a range: an ID, <c>-</c>, <c>+</c>, or an ID that is left out behind a bracket.</summary>
    internal static bool TryBound(CommandContext context, int index, bool isStart, out StreamId id)
    {
        ReadOnlySpan<byte> text = context.Argument(index);
        if (text is [(byte)'-'] or [(byte)'+'])
        {
            id = text[0] == '-' ? StreamId.Min : StreamId.Max;
            return true;
        }
        bool isExclusive = text.Length > 1 && text[0] == '(';
        if (!TryParse(isExclusive ? text[1..] : text, isStart ? 0 : ulong.MaxValue, allowsStar: false, out id, out _))
        {
            context.Reply.Error(InvalidId);
            return false;
        }
        if (isExclusive && !(isStart ? id.TryNext(out id) : id.TryPrevious(out id)))
        {
            context.Reply.Error(isStart ? "ERR invalid start ID for the interval" : "ERR invalid end ID for the interval");
            return false;
        }
        return true;
    }

    /// <summary>Reads one word of the trimming options, if there is one at <paramref name="at"/>, and goes to its last word.</summary>
    /// <returns>False if the error has been replied.</returns>
    internal static bool TryTrimWord(CommandContext context, ref int at, ref Trim trim, ref bool hasLimit, out bool wasTrim)
    {
        bool hasMore = at + 1 < context.ArgumentCount;
        bool byLength = hasMore && context.Is(at, "MAXLEN"), byId = hasMore && context.Is(at, "MINID");
        wasTrim = byLength || byId || (hasMore && context.Is(at, "LIMIT"));
        if (!wasTrim)
        {
            return true;
        }
        if (!byLength && !byId)
        {
            hasLimit = true;
            if (!context.TryInteger(++at, out trim.Limit))
            {
                return false;
            }
            if (trim.Limit < 0)
            {
                context.Reply.Error("ERR The LIMIT argument must be >= 0.");
            }
            return trim.Limit >= 0;
        }
        if (trim.IsWanted)
        {
            context.Reply.Error("ERR syntax error, MAXLEN and MINID options at the same time are not compatible");
            return false;
        }
        trim.ByLength = byLength;
        trim.ById = byId;
        if (at + 2 < context.ArgumentCount && context.Argument(at + 1) is [(byte)'~'] or [(byte)'='])
        {
            trim.IsApproximate = context.Argument(at + 1)[0] == '~';
            at++;
        }
        at++;
        if (byId)
        {
            return TryId(context, at, out trim.MinId);
        }
        if (!context.TryInteger(at, out trim.MaxLength))
        {
            return false;
        }
        if (trim.MaxLength < 0)
        {
            context.Reply.Error("ERR The MAXLEN argument must be >= 0.");
        }
        return trim.MaxLength >= 0;
    }

    /// <summary>Checks the trimming options together and sets the limit where none was given; or replies the error.</summary>
    internal static bool TryFinishTrim(CommandContext context, ref Trim trim, bool hasLimit)
    {
        if (trim.Limit > 0 && !trim.IsWanted)
        {
            context.Reply.Error("ERR syntax error, LIMIT cannot be used without specifying a trimming strategy");
            return false;
        }
        if (hasLimit && !trim.IsApproximate)
        {
            context.Reply.Error("ERR syntax error, LIMIT cannot be used without the special ~ option");
            return false;
        }
        if (!hasLimit && trim.IsApproximate)
        {
            long limit = BlocksPerTrim * context.Limits.StreamNodeMaxEntries;
            trim.Limit = limit <= 0 ? UnlimitedBlocksLimit : Math.Min(limit, LargestDefaultLimit);
        }
        return true;
    }

    /// <summary>Adds to the record being written what the trimming came to.</summary>
    internal static void Record(CommandContext context, in Trim trim, StreamValue stream)
    {
        context.Append(trim.ByLength ? "MAXLEN"u8 : "MINID"u8);
        context.Append("="u8);
        if (trim.ByLength)
        {
            context.Append(trim.IsApproximate ? stream.Length : trim.MaxLength);
        }
        else
        {
            Append(context, trim.IsApproximate ? stream.FirstId : trim.MinId);
        }
    }

    /// <summary>Adds an ID to the record being written.</summary>
    internal static void Append(CommandContext context, StreamId id)
    {
        Span<byte> text = stackalloc byte[StreamId.MaxBytes];
        context.Append(text[..id.Format(text)]);
    }
}
