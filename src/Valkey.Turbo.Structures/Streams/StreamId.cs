using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Structures;

/// <summary>The name of a stream's entry: milliseconds since 1970 and a number within the millisecond.</summary>
public readonly record struct StreamId(ulong Ms, ulong Sequence) : IComparable<StreamId>
{
    /// <summary>Room that <see cref="Format"/> needs.</summary>
    public const int MaxBytes = 41;

    /// <summary>The least of all.</summary>
    public static StreamId Min => default;

    /// <summary>The greatest of all.</summary>
    public static StreamId Max => new(ulong.MaxValue, ulong.MaxValue);

    /// <summary>The one behind this; of <see cref="Max"/> there is none.</summary>
    public bool TryNext(out StreamId next)
    {
        // The result may go where this one is.
        bool exists = this != Max;
        next = Sequence < ulong.MaxValue ? this with { Sequence = Sequence + 1 } : new StreamId(unchecked(Ms + 1), 0);
        return exists;
    }

    /// <summary>The one before this; of <see cref="Min"/> there is none.</summary>
    public bool TryPrevious(out StreamId previous)
    {
        bool exists = this != Min;
        previous = Sequence > 0 ? this with { Sequence = Sequence - 1 } : new StreamId(unchecked(Ms - 1), ulong.MaxValue);
        return exists;
    }

    public int CompareTo(StreamId other)
    {
        int order = Ms.CompareTo(other.Ms);
        return order != 0 ? order : Sequence.CompareTo(other.Sequence);
    }

    public static bool operator <(StreamId a, StreamId b) => a.CompareTo(b) < 0;

    public static bool operator >(StreamId a, StreamId b) => a.CompareTo(b) > 0;

    public static bool operator <=(StreamId a, StreamId b) => a.CompareTo(b) <= 0;

    public static bool operator >=(StreamId a, StreamId b) => a.CompareTo(b) >= 0;

    /// <summary>Writes <c>ms-sequence</c> and returns its length.</summary>
    public int Format(Span<byte> target)
    {
        int length = UnsignedText.Format(Ms, target);
        target[length++] = (byte)'-';
        return length + UnsignedText.Format(Sequence, target[length..]);
    }
}
