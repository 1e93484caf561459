using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Commands.SortedSets;

/// <summary>A range of a sorted set, by rank, score or bytes: what two arguments say, and which members it covers.</summary>
internal ref struct SortedRange
{
    internal const string NotScores = "ERR min or max is not a float";
    internal const string NotStrings = "ERR min or max not valid string range item";

    /// <summary>What the two ends of the range are.</summary>
    internal enum Kind
    {
        Rank,
        Score,
        Lex,
    }

    private Kind _kind;
    private long _start;
    private long _stop;
    private ScoreBound _scoreStart;
    private ScoreBound _scoreEnd;
    private LexBound _lexStart;
    private LexBound _lexEnd;

    /// <summary>Reads the ends of a range, the lower one at <paramref name="minIndex"/>; or replies the error.</summary>
    internal static bool TryParse(CommandContext context, Kind kind, int minIndex, int maxIndex, out SortedRange range)
    {
        range = new SortedRange { _kind = kind };
        switch (kind)
        {
            case Kind.Rank:
                // For ranks the words stand in the order of the reply, whatever its direction.
                int first = Math.Min(minIndex, maxIndex);
                return context.TryInteger(first, out range._start) && context.TryInteger(first + 1, out range._stop);
            case Kind.Score:
                if (TryScore(context.Argument(minIndex), isStart: true, out range._scoreStart)
                    && TryScore(context.Argument(maxIndex), isStart: false, out range._scoreEnd))
                {
                    return true;
                }
                context.Reply.Error(NotScores);
                return false;
            default:
                if (LexBound.TryParse(context.Argument(minIndex), isStart: true, out range._lexStart)
                    && LexBound.TryParse(context.Argument(maxIndex), isStart: false, out range._lexEnd))
                {
                    return true;
                }
                context.Reply.Error(NotStrings);
                return false;
        }
    }

    /// <summary>The members covered, as ranks from below; in a reverse range ranks count from above.</summary>
    internal readonly (long First, long Length) In(SortedSetValue set, bool isReverse)
    {
        if (_kind == Kind.Rank)
        {
            (long first, long length) = CommandContext.Range(_start, _stop, set.Count);
            return (isReverse ? set.Count - first - length : first, length);
        }
        long from = _kind == Kind.Score ? set.RankOf(_scoreStart) : set.RankOf(_lexStart);
        long to = _kind == Kind.Score ? set.RankOf(_scoreEnd) : set.RankOf(_lexEnd);
        return (from, Math.Max(0, to - from));
    }

    private static bool TryScore(ReadOnlySpan<byte> text, bool isStart, out ScoreBound bound)
    {
        bool isExclusive = text.Length > 0 && text[0] == '(';
        ReadOnlySpan<byte> number = isExclusive ? text[1..] : text;
        // Valkey reads a C string here: what follows a zero byte does not count, and nothing counts as 0; what is too large is infinite.
        int length = DoubleText.Scan(number, out double score, out _);
        bool isNumber = length == number.Length || number[length] == 0;
        bound = new ScoreBound(score, isAbove: isStart == isExclusive);
        return isNumber;
    }
}
