using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <content>Creation, change and release. The memory is always the size class of the total bytes.</content>
public readonly unsafe partial struct Listpack
{
    /// <summary>The longest listpack that a change may produce.</summary>
    public const int LargestBytes = 1 << 30;

    private const int EmptyBytes = HeaderBytes + 1;

    /// <summary>Makes an empty listpack.</summary>
    public static Listpack Create(Arena arena)
    {
        Listpack made = new(arena.Allocate(EmptyBytes));
        made.TotalBytes = EmptyBytes;
        made.SetCount(0);
        made.Bytes[HeaderBytes] = ListpackElement.End;
        return made;
    }

    /// <summary>Copies a listpack from elsewhere; the bytes must be valid.</summary>
    public static Listpack Create(Arena arena, ReadOnlySpan<byte> source)
    {
        Listpack made = new(arena.Allocate(source.Length));
        source.CopyTo(new Span<byte>(made.Bytes, source.Length));
        return made;
    }

    /// <summary>Makes room for a whole listpack, which the caller writes.</summary>
    internal static Listpack Create(Arena arena, int totalBytes, out Span<byte> bytes)
    {
        Listpack made = new(arena.Allocate(totalBytes));
        bytes = new Span<byte>(made.Bytes, totalBytes);
        return made;
    }

    /// <summary>Frees it.</summary>
    public void Free(Arena arena) => arena.Free(Address, TotalBytes);

    /// <summary>Bytes of memory that it takes.</summary>
    public long MemoryBytes => SizeClass.RoundUp(TotalBytes);

    /// <summary>Bytes that a value would add.</summary>
    public static int BytesOf(ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[ListpackElement.LargestOverheadBytes];
        int length = ListpackElement.WriteHeader(value, header, out bool isInteger) + (isInteger ? 0 : value.Length);
        return length + ListpackElement.BackLengthBytes(length);
    }

    /// <summary>Whether so many bytes may be added.</summary>
    public bool HasRoomFor(long bytes) => TotalBytes + bytes <= LargestBytes;

    /// <summary>Adds a value behind the last element.</summary>
    public Listpack Append(Arena arena, ReadOnlySpan<byte> value) => Replace(arena, EndOffset, 0, value);

    /// <summary>Adds an integer behind the last element.</summary>
    public Listpack Append(Arena arena, long value)
    {
        Span<byte> element = stackalloc byte[ListpackElement.LargestOverheadBytes];
        int length = ListpackElement.WriteInteger(value, element);
        return Splice(arena, EndOffset, 0, element[..length], [], 1);
    }

    /// <summary>Adds all elements of a writer behind the last element.</summary>
    public Listpack Append(Arena arena, scoped in ListpackWriter elements)
    {
        int offset = EndOffset, count = *(ushort*)(Address + 4), oldTotal = TotalBytes;
        Listpack moved = Resize(arena, checked(oldTotal + elements.Length), oldTotal);
        elements.Written.CopyTo(new Span<byte>(moved.Bytes + offset, elements.Length));
        moved.Bytes[moved.EndOffset] = ListpackElement.End;
        if (count != UnknownCount)
        {
            moved.SetCount(count + elements.Count);
        }
        return moved;
    }

    /// <summary>Adds a value before the first element.</summary>
    public Listpack Prepend(Arena arena, ReadOnlySpan<byte> value) => Replace(arena, HeaderBytes, 0, value);

    /// <summary>Adds a value before the element at <paramref name="offset"/>, or at the end.</summary>
    public Listpack Insert(Arena arena, int offset, ReadOnlySpan<byte> value) => Replace(arena, offset, 0, value);

    /// <summary>Puts a value in an element's place; the offset stays.</summary>
    public Listpack Replace(Arena arena, int offset, ReadOnlySpan<byte> value) =>
        Replace(arena, offset, ListpackElement.TotalBytes(Bytes + offset), value);

    /// <summary>Puts an integer in an element's place; the offset stays.</summary>
    public Listpack Replace(Arena arena, int offset, long value)
    {
        Span<byte> element = stackalloc byte[ListpackElement.LargestOverheadBytes];
        int length = ListpackElement.WriteInteger(value, element);
        return Splice(arena, offset, ListpackElement.TotalBytes(Bytes + offset), element[..length], [], 0);
    }

    /// <summary>Takes elements out; afterwards <paramref name="offset"/> is that of the element behind them, or the end.</summary>
    public Listpack Remove(Arena arena, int offset, int count)
    {
        int end = offset, removed = 0;
        for (; removed < count && Bytes[end] != ListpackElement.End; removed++)
        {
            end = Behind(end);
        }
        int newTotal = TotalBytes - (end - offset), elements = Count - removed;
        Buffer.MemoryCopy(Bytes + end, Bytes + offset, TotalBytes - offset, TotalBytes - end);
        Listpack moved = Resize(arena, newTotal, newTotal);
        moved.SetCount(elements);
        return moved;
    }

    private Listpack Replace(Arena arena, int offset, int oldBytes, ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[ListpackElement.LargestOverheadBytes];
        int headerBytes = ListpackElement.WriteHeader(value, header, out bool isInteger);
        return Splice(arena, offset, oldBytes, header[..headerBytes], isInteger ? [] : value, oldBytes == 0 ? 1 : 0);
    }

    private Listpack Splice(
        Arena arena, int offset, int oldBytes, ReadOnlySpan<byte> header, ReadOnlySpan<byte> content, int addedCount)
    {
        int length = header.Length + content.Length;
        int newBytes = length + ListpackElement.BackLengthBytes(length);
        int oldTotal = TotalBytes, newTotal = checked(oldTotal + newBytes - oldBytes);
        Invariant.Require(newTotal <= LargestBytes);
        Listpack moved = newTotal > oldTotal ? Resize(arena, newTotal, oldTotal) : this;
        byte* at = moved.Bytes + offset;
        int tail = oldTotal - offset - oldBytes;
        Buffer.MemoryCopy(at + oldBytes, at + newBytes, tail, tail);
        header.CopyTo(new Span<byte>(at, header.Length));
        content.CopyTo(new Span<byte>(at + header.Length, content.Length));
        ListpackElement.WriteBackLength(length, at + length);
        moved = newTotal < oldTotal ? moved.Resize(arena, newTotal, newTotal) : moved;
        moved.TotalBytes = newTotal;
        int count = *(ushort*)(moved.Address + 4);
        if (addedCount != 0 && count != UnknownCount)
        {
            moved.SetCount(count + addedCount);
        }
        return moved;
    }

    /// <summary>Gives the listpack memory for another total; <paramref name="kept"/> bytes are kept.</summary>
    private Listpack Resize(Arena arena, int newTotal, int kept)
    {
        int oldTotal = TotalBytes;
        Listpack moved = this;
        if (SizeClass.RoundUp(newTotal) != SizeClass.RoundUp(oldTotal))
        {
            moved = new Listpack(arena.Allocate(newTotal));
            Buffer.MemoryCopy(Bytes, moved.Bytes, newTotal, Math.Min(kept, newTotal));
            arena.Free(Address, oldTotal);
        }
        moved.TotalBytes = newTotal;
        return moved;
    }

    private void SetCount(int count) => *(ushort*)(Address + 4) = (ushort)Math.Min(count, UnknownCount);

    /// <summary>
    /// Whether bytes from outside are a listpack: total, end mark, every element and the length behind it within bounds,
    /// and the count true.
    /// </summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < EmptyBytes || MemoryMarshal.Read<int>(bytes) != bytes.Length || bytes.Length > LargestBytes)
        {
            return false;
        }
        int end = bytes.Length - 1, offset = HeaderBytes, count = 0;
        if (bytes[end] != ListpackElement.End)
        {
            return false;
        }
        fixed (byte* start = bytes)
        {
            Span<byte> expected = stackalloc byte[5];
            fixed (byte* back = expected)
            {
                while (offset < end)
                {
                    if (!IsValidElement(start + offset, end - offset, back))
                    {
                        return false;
                    }
                    offset += ListpackElement.TotalBytes(start + offset);
                    count++;
                }
            }
        }
        int stated = MemoryMarshal.Read<ushort>(bytes[4..]);
        return offset == end && (stated == UnknownCount || stated == count);
    }

    /// <summary>Hands every element of bytes that are a valid listpack to a sink.</summary>
    public static void Visit<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : struct, IElementSink, allows ref struct
    {
        Span<byte> scratch = stackalloc byte[Protocol.Decimal64.MaxDigits];
        fixed (byte* start = bytes)
        {
            Listpack items = new((nint)start);
            for (int at = items.First; at != None; at = items.Next(at))
            {
                sink.Add(items.Read(at, scratch));
            }
        }
    }

    private static bool IsValidElement(byte* at, int room, byte* expectedBackLength)
    {
        byte first = *at;
        if (first > 0xF4)
        {
            return false;
        }
        int headerBytes = first switch { >= 0xF1 or < 0xC0 => 1, 0xF0 => 5, _ => 2 };
        if (headerBytes > room)
        {
            return false;
        }
        long length = first == 0xF0 ? 5 + (long)*(uint*)(at + 1) : ListpackElement.Length(at);
        if (length > room)
        {
            return false;
        }
        int backBytes = ListpackElement.WriteBackLength((int)length, expectedBackLength);
        return length + backBytes <= room
            && new ReadOnlySpan<byte>(at + length, backBytes).SequenceEqual(new ReadOnlySpan<byte>(expectedBackLength, backBytes));
    }
}
