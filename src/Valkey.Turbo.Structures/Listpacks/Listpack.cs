using System.Runtime.CompilerServices;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A row of strings and integers in one block of memory; the format of each element is <see cref="ListpackElement"/>'s.
/// <code>
/// 0             4       6
/// | total bytes | count | element | element | ... | 0xFF |
/// </code>
/// Elements are named by their offset. A count of 65,535 means that the elements have to be counted. This is a view of an
/// address; whoever holds the address owns the memory. A change may move the listpack, so every change returns it anew.
/// </summary>
public readonly unsafe partial struct Listpack(nint address)
{
    /// <summary>Bytes before the first element.</summary>
    public const int HeaderBytes = 6;

    /// <summary>Stands for no element.</summary>
    public const int None = -1;

    private const int UnknownCount = ushort.MaxValue;

    /// <summary>Where it lies.</summary>
    public nint Address { get; } = address;

    private byte* Bytes => (byte*)Address;

    /// <summary>Bytes of the whole listpack.</summary>
    public int TotalBytes
    {
        get => *(int*)Address;
        private set => *(int*)Address = value;
    }

    /// <summary>The listpack as it goes into a dump.</summary>
    public ReadOnlySpan<byte> Span => new(Bytes, TotalBytes);

    /// <summary>How many elements there are.</summary>
    public int Count
    {
        get
        {
            int count = *(ushort*)(Address + 4);
            return count == UnknownCount ? CountElements() : count;
        }
    }

    /// <summary>Whether there is no element.</summary>
    public bool IsEmpty => Bytes[HeaderBytes] == ListpackElement.End;

    /// <summary>The first element, or <see cref="None"/>.</summary>
    public int First => IsEmpty ? None : HeaderBytes;

    /// <summary>The last element, or <see cref="None"/>.</summary>
    public int Last => Previous(TotalBytes - 1);

    /// <summary>Where the end mark stands, which is where to insert behind the last element.</summary>
    public int EndOffset => TotalBytes - 1;

    /// <summary>The element behind another, or <see cref="None"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Next(int offset)
    {
        Invariant.Check((uint)offset < (uint)EndOffset);
        offset += ListpackElement.TotalBytes(Bytes + offset);
        return Bytes[offset] == ListpackElement.End ? None : offset;
    }

    /// <summary>The offset behind an element: the next one's, or <see cref="EndOffset"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Behind(int offset) => offset + ListpackElement.TotalBytes(Bytes + offset);

    /// <summary>The element before another or before <see cref="EndOffset"/>, or <see cref="None"/>.</summary>
    public int Previous(int offset)
    {
        Invariant.Check((uint)offset < (uint)TotalBytes);
        if (offset == HeaderBytes)
        {
            return None;
        }
        int length = ListpackElement.ReadBackLength(Bytes + offset, out int bytes);
        return offset - bytes - length;
    }

    /// <summary>The element at an index, counted from the end if negative; <see cref="None"/> if there is none.</summary>
    public int At(long index)
    {
        int count = Count;
        index = index < 0 ? index + count : index;
        if (index < 0 || index >= count)
        {
            return None;
        }
        int offset;
        if (index <= count / 2)
        {
            offset = HeaderBytes;
            for (; index > 0; index--)
            {
                offset = Behind(offset);
            }
            return offset;
        }
        offset = EndOffset;
        for (; index < count; index++)
        {
            offset = Previous(offset);
        }
        return offset;
    }

    /// <summary>An element's bytes: in place, or of an integer written to <paramref name="scratch"/> (<see cref="Decimal64.MaxDigits"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Read(int offset, Span<byte> scratch)
    {
        Invariant.Check((uint)offset < (uint)EndOffset);
        byte* at = Bytes + offset;
        return ListpackElement.TryInteger(at, out long integer)
            ? scratch[..Decimal64.Format(integer, scratch)]
            : ListpackElement.String(at);
    }

    /// <summary>Whether an element is held as an integer, and which.</summary>
    public bool TryInteger(int offset, out long value)
    {
        Invariant.Check((uint)offset < (uint)EndOffset);
        return ListpackElement.TryInteger(Bytes + offset, out value);
    }

    /// <summary>The integer at an offset; 0 if a string stands there.</summary>
    public long Integer(int offset) => TryInteger(offset, out long value) ? value : 0;

    /// <summary>Whether an element equals a value.</summary>
    public bool IsEqual(int offset, ReadOnlySpan<byte> value)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        return Read(offset, scratch).SequenceEqual(value);
    }

    /// <summary>
    /// The first element from <paramref name="from"/> on that equals a value, or <see cref="None"/>. With
    /// <paramref name="stride"/> 2 only every other element is looked at: the fields of field-value pairs.
    /// </summary>
    /// <remarks>
    /// The value is searched for as it would be written, length and all, over the whole memory by vector instructions.
    /// That almost always finds either nothing or the element; a walk over the lengths then tells whether one begins there.
    /// </remarks>
    public int Find(ReadOnlySpan<byte> value, int from, int stride)
    {
        if (from == None)
        {
            return None;
        }
        const int onStack = 256;
        int needleBytes = value.Length + ListpackElement.LargestOverheadBytes;
        if (needleBytes > onStack)
        {
            return FindLong(value, needleBytes, from, stride);
        }
        Span<byte> needle = stackalloc byte[onStack];
        return FindNeedle(needle[..WriteElement(value, needle)], from, stride);
    }

    private int FindLong(ReadOnlySpan<byte> value, int needleBytes, int from, int stride)
    {
        using Scratch<byte> scratch = new();
        Span<byte> needle = scratch.Items.Extend(needleBytes);
        return FindNeedle(needle[..WriteElement(value, needle)], from, stride);
    }

    private int FindNeedle(ReadOnlySpan<byte> needle, int from, int stride)
    {
        ReadOnlySpan<byte> all = new(Bytes, EndOffset);
        int offset = from, phase = 0, searchFrom = from;
        while (true)
        {
            int hit = all[searchFrom..].IndexOf(needle);
            if (hit < 0)
            {
                return None;
            }
            hit += searchFrom;
            for (; offset < hit; phase++)
            {
                offset = Behind(offset);
            }
            if (offset == hit && phase % stride == 0)
            {
                return hit;
            }
            searchFrom = hit + 1;
        }
    }

    /// <summary>Writes an element with its length behind it, as it stands in a listpack.</summary>
    private static int WriteElement(ReadOnlySpan<byte> value, Span<byte> target)
    {
        int length = ListpackElement.WriteHeader(value, target, out bool isInteger);
        if (!isInteger)
        {
            value.CopyTo(target[length..]);
            length += value.Length;
        }
        fixed (byte* at = target)
        {
            return length + ListpackElement.WriteBackLength(length, at + length);
        }
    }

    private int CountElements()
    {
        int count = 0;
        for (int offset = HeaderBytes; Bytes[offset] != ListpackElement.End; offset = Behind(offset))
        {
            count++;
        }
        if (count < UnknownCount)
        {
            *(ushort*)(Address + 4) = (ushort)count;
        }
        return count;
    }
}
