namespace Valkey.Turbo.Structures;

/// <summary>
/// A cut through the order of a sorted set: tells of every member whether it lies before. Where the score alone does not
/// decide, the member's bytes are asked, which spares most look-ups of them.
/// </summary>
public interface ISortedBound
{
    /// <summary>Negative: members of this score lie before the cut. Positive: they do not. Zero: their bytes decide.</summary>
    int CompareScore(double score);

    /// <summary>Whether a member of an undecided score lies before the cut.</summary>
    bool IsBefore(scoped ReadOnlySpan<byte> member);
}

/// <summary>The cut below or above all members of a score.</summary>
public readonly struct ScoreBound(double score, bool isAbove) : ISortedBound
{
    /// <inheritdoc/>
    public int CompareScore(double other) => other < score || (isAbove && other == score) ? -1 : 1;

    /// <inheritdoc/>
    public bool IsBefore(scoped ReadOnlySpan<byte> member) => false;
}

/// <summary>The cut below or above one member, which may be absent.</summary>
public readonly ref struct MemberBound(double score, ReadOnlySpan<byte> value, bool isAbove = false) : ISortedBound
{
    private readonly ReadOnlySpan<byte> _value = value;

    /// <inheritdoc/>
    public int CompareScore(double other) => other < score ? -1 : other > score ? 1 : 0;

    /// <inheritdoc/>
    public bool IsBefore(scoped ReadOnlySpan<byte> member)
    {
        int order = member.SequenceCompareTo(_value);
        return order < 0 || (order == 0 && isAbove);
    }
}

/// <summary>The cut below or above a string, for members that all have the same score.</summary>
public readonly ref struct LexBound : ISortedBound
{
    private enum Kind : byte
    {
        BelowAll,
        Below,
        Above,
        AboveAll,
    }

    private readonly ReadOnlySpan<byte> _value;
    private readonly Kind _kind;

    private LexBound(Kind kind, ReadOnlySpan<byte> value)
    {
        _kind = kind;
        _value = value;
    }

    /// <summary>
    /// Reads one end of a range: <c>-</c>, <c>+</c>, <c>[value</c> or <c>(value</c>. <paramref name="isStart"/> says which end,
    /// and thereby on which side of the value the cut goes.
    /// </summary>
    public static bool TryParse(ReadOnlySpan<byte> text, bool isStart, out LexBound bound)
    {
        bound = default;
        switch (text)
        {
            case [(byte)'-']:
                bound = new LexBound(Kind.BelowAll, []);
                return true;
            case [(byte)'+']:
                bound = new LexBound(Kind.AboveAll, []);
                return true;
            case [(byte)'[', .. ReadOnlySpan<byte> value]:
                bound = new LexBound(isStart ? Kind.Below : Kind.Above, value);
                return true;
            case [(byte)'(', .. ReadOnlySpan<byte> value]:
                bound = new LexBound(isStart ? Kind.Above : Kind.Below, value);
                return true;
            default:
                return false;
        }
    }

    /// <inheritdoc/>
    public int CompareScore(double score) => _kind switch { Kind.BelowAll => 1, Kind.AboveAll => -1, _ => 0 };

    /// <inheritdoc/>
    public bool IsBefore(scoped ReadOnlySpan<byte> member)
    {
        int order = member.SequenceCompareTo(_value);
        return order < 0 || (order == 0 && _kind == Kind.Above);
    }
}
