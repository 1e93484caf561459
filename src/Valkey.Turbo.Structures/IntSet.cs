using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A sorted array of distinct integers, all as wide as the widest needs. The format is Valkey's, because it is part of its
/// dump files:
/// <code>
/// 0           4        8
/// | 2, 4 or 8 | length | integers, little-endian, ascending |
/// </code>
/// A view of an address; changes return it anew, for it may move.
/// </summary>
public readonly unsafe struct IntSet(nint address)
{
    private const int HeaderBytes = 8;

    /// <summary>Where it lies.</summary>
    public nint Address { get; } = address;

    private int Width
    {
        get => *(int*)Address;
        init => *(int*)Address = value;
    }

    /// <summary>How many integers there are.</summary>
    public int Count => *(int*)(Address + 4);

    private int TotalBytes => HeaderBytes + Count * Width;

    /// <summary>Bytes of memory that it takes.</summary>
    public long MemoryBytes => SizeClass.RoundUp(TotalBytes);

    /// <summary>The set as it goes into a dump.</summary>
    public ReadOnlySpan<byte> Span => new((byte*)Address, TotalBytes);

    /// <summary>The integer at an index; the least is at 0.</summary>
    public long this[int index]
    {
        get
        {
            Invariant.Check((uint)index < (uint)Count);
            nint at = Address + HeaderBytes;
            return Width switch
            {
                2 => ((short*)at)[index],
                4 => ((int*)at)[index],
                _ => ((long*)at)[index],
            };
        }
    }

    /// <summary>Adds all integers to a list, in ascending order.</summary>
    public void CopyTo(NativeList<long> target)
    {
        for (int i = 0; i < Count; i++)
        {
            target.Add(this[i]);
        }
    }

    /// <summary>Moves those of some ascending integers that are in the set to the front, and returns how many.</summary>
    public int Keep(Span<long> values)
    {
        void* at = (void*)(Address + HeaderBytes);
        return Width switch
        {
            2 => IntSetIntersection.Keep(new ReadOnlySpan<short>(at, Count), values),
            4 => IntSetIntersection.Keep(new ReadOnlySpan<int>(at, Count), values),
            _ => IntSetIntersection.Keep(new ReadOnlySpan<long>(at, Count), values),
        };
    }

    /// <summary>Makes an empty set.</summary>
    public static IntSet Create(Arena arena)
    {
        nint at = arena.Allocate(HeaderBytes);
        *(long*)at = sizeof(short);
        return new IntSet(at);
    }

    /// <summary>Copies a set from elsewhere; the bytes must be valid.</summary>
    public static IntSet Create(Arena arena, ReadOnlySpan<byte> source)
    {
        nint at = arena.Allocate(source.Length);
        source.CopyTo(new Span<byte>((void*)at, source.Length));
        return new IntSet(at);
    }

    /// <summary>Frees it.</summary>
    public void Free(Arena arena) => arena.Free(Address, TotalBytes);

    /// <summary>Whether an integer is in the set.</summary>
    public bool Contains(long value) => WidthOf(value) <= Width && Search(value) >= 0;

    /// <summary>Adds an integer.</summary>
    public IntSet Add(Arena arena, long value, out bool wasAdded)
    {
        int width = Math.Max(Width, WidthOf(value));
        int at = WidthOf(value) > Width ? (value < 0 ? 0 : Count) : Search(value);
        wasAdded = WidthOf(value) > Width || at < 0;
        if (!wasAdded)
        {
            return this;
        }
        at = at < 0 ? ~at : at;
        return width == Width ? Open(arena, at, value) : Widen(arena, width, at, value);
    }

    /// <summary>Removes an integer.</summary>
    public IntSet Remove(Arena arena, long value, out bool wasRemoved)
    {
        int at = WidthOf(value) > Width ? -1 : Search(value);
        wasRemoved = at >= 0;
        if (!wasRemoved)
        {
            return this;
        }
        int width = Width, oldTotal = TotalBytes, count = Count - 1;
        byte* gap = (byte*)Address + HeaderBytes + at * width;
        long tail = (long)(count - at) * width;
        Buffer.MemoryCopy(gap + width, gap, tail, tail);
        *(int*)(Address + 4) = count;
        return Reallocate(arena, oldTotal, oldTotal - width);
    }

    /// <summary>Whether bytes from outside are an intset with at least one member.</summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < HeaderBytes)
        {
            return false;
        }
        int width = MemoryMarshal.Read<int>(bytes);
        uint count = MemoryMarshal.Read<uint>(bytes[4..]);
        if (width is not (2 or 4 or 8) || count == 0 || HeaderBytes + (long)count * width != bytes.Length)
        {
            return false;
        }
        fixed (byte* start = bytes)
        {
            IntSet set = new((nint)start);
            for (int i = 1; i < set.Count; i++)
            {
                if (set[i - 1] >= set[i])
                {
                    return false;
                }
            }
        }
        return true;
    }

    private static int WidthOf(long value) =>
        value is >= short.MinValue and <= short.MaxValue ? 2 : value is >= int.MinValue and <= int.MaxValue ? 4 : 8;

    private int Search(long value)
    {
        void* at = (void*)(Address + HeaderBytes);
        return Width switch
        {
            2 => new ReadOnlySpan<short>(at, Count).BinarySearch((short)value),
            4 => new ReadOnlySpan<int>(at, Count).BinarySearch((int)value),
            _ => new ReadOnlySpan<long>(at, Count).BinarySearch(value),
        };
    }

    private IntSet Open(Arena arena, int at, long value)
    {
        int width = Width, oldTotal = TotalBytes;
        IntSet moved = Reallocate(arena, oldTotal, oldTotal + width);
        byte* gap = (byte*)moved.Address + HeaderBytes + at * width;
        long tail = (long)(moved.Count - at) * width;
        Buffer.MemoryCopy(gap, gap + width, tail, tail);
        Write(gap, width, value);
        *(int*)(moved.Address + 4) += 1;
        return moved;
    }

    private IntSet Widen(Arena arena, int width, int at, long value)
    {
        int count = Count;
        IntSet wider = new(arena.Allocate(HeaderBytes + (count + 1) * width)) { Width = width };
        *(int*)(wider.Address + 4) = count + 1;
        byte* target = (byte*)wider.Address + HeaderBytes;
        for (int i = 0; i <= count; i++)
        {
            Write(target + i * width, width, i == at ? value : this[i < at ? i : i - 1]);
        }
        Free(arena);
        return wider;
    }

    private IntSet Reallocate(Arena arena, int oldTotal, int newTotal)
    {
        if (SizeClass.RoundUp(oldTotal) == SizeClass.RoundUp(newTotal))
        {
            return this;
        }
        IntSet moved = new(arena.Allocate(newTotal));
        Buffer.MemoryCopy((void*)Address, (void*)moved.Address, newTotal, Math.Min(oldTotal, newTotal));
        arena.Free(Address, oldTotal);
        return moved;
    }

    private static void Write(byte* target, int width, long value)
    {
        switch (width)
        {
            case 2:
                BinaryPrimitives.WriteInt16LittleEndian(new Span<byte>(target, 2), (short)value);
                break;
            case 4:
                BinaryPrimitives.WriteInt32LittleEndian(new Span<byte>(target, 4), (int)value);
                break;
            default:
                BinaryPrimitives.WriteInt64LittleEndian(new Span<byte>(target, 8), value);
                break;
        }
    }
}
