using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <content>
/// Change at the ends of a listpack that lies somewhere in a larger block: nothing is moved and nothing allocated. The block's owner keeps
/// account of the bytes before and behind; such a listpack must not be changed otherwise, nor freed. It must be small enough to know
/// its count.
/// </content>
public readonly unsafe partial struct Listpack
{
    /// <summary>Adds a value before the first element; the listpack then begins <paramref name="added"/> bytes earlier.</summary>
    /// <param name="value">The value.</param>
    /// <param name="added">Its <see cref="BytesOf"/>.</param>
    internal Listpack PrependInPlace(ReadOnlySpan<byte> value, int added)
    {
        int count = StatedCount, total = TotalBytes;
        Listpack grown = new(Address - added);
        WriteElement(value, new Span<byte>(grown.Bytes + HeaderBytes, added));
        grown.TotalBytes = total + added;
        grown.SetCount(count + 1);
        return grown;
    }

    /// <summary>Adds a value behind the last element; the listpack then ends <paramref name="added"/> bytes later.</summary>
    /// <param name="value">The value.</param>
    /// <param name="added">Its <see cref="BytesOf"/>.</param>
    internal void AppendInPlace(ReadOnlySpan<byte> value, int added)
    {
        WriteElement(value, new Span<byte>(Bytes + EndOffset, added));
        TotalBytes += added;
        Bytes[EndOffset] = ListpackElement.End;
        SetCount(StatedCount + 1);
    }

    /// <summary>Takes out the first <paramref name="count"/> elements; the listpack then begins so many <paramref name="bytes"/> later.</summary>
    internal Listpack RemoveFirstInPlace(int bytes, int count)
    {
        int left = StatedCount - count, total = TotalBytes;
        Listpack shrunk = new(Address + bytes);
        shrunk.TotalBytes = total - bytes;
        shrunk.SetCount(left);
        return shrunk;
    }

    /// <summary>Takes out the elements from <paramref name="offset"/> on, which are <paramref name="count"/>.</summary>
    internal void RemoveLastInPlace(int offset, int count)
    {
        Bytes[offset] = ListpackElement.End;
        TotalBytes = offset + 1;
        SetCount(StatedCount - count);
    }

    private int StatedCount
    {
        get
        {
            int count = *(ushort*)(Address + 4);
            Invariant.Check(count != UnknownCount);
            return count;
        }
    }
}
