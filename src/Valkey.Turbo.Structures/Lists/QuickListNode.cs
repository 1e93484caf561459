using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A link of a list's chain: a listpack with its neighbours.
/// <code>
/// 0      8          16         24      28
/// | next | previous | listpack | count | form |
/// </code>
/// The form is 0 for a listpack in memory of its own size. It is the bytes of the block of a compressed link: in the listpack's place that has
/// a block with the listpack's length in 4 bytes, and the listpack as <see cref="Lzf"/>. And it is −1 − n for a listpack with n bytes before it in a block of
/// <see cref="RoomBytes"/>, where items come and go at the ends without the others being moved.
/// </summary>
internal readonly unsafe struct QuickListNode(nint address)
{
    private const int Bytes = 32;
    private const int LengthBytes = 4;

    // As in Valkey: shorter listpacks are not worth it, nor are savings of fewer bytes.
    private const int SmallestCompressed = 48;
    private const int SmallestSaving = 8;

    /// <summary>Bytes of a block with room: what a listpack of 8 KiB, the usual limit of a link, takes anyway.</summary>
    internal static readonly int RoomBytes = (int)SizeClass.RoundUp(8 << 10);

    internal nint Address { get; } = address;

    internal bool IsNull => Address == 0;

    internal QuickListNode Next
    {
        get => new(*(nint*)Address);
        set => *(nint*)Address = value.Address;
    }

    internal QuickListNode Previous
    {
        get => new(*(nint*)(Address + 8));
        set => *(nint*)(Address + 8) = value.Address;
    }

    internal Listpack Items
    {
        get
        {
            Invariant.Check(!IsCompressed);
            return new(*(nint*)(Address + 16));
        }
        set => *(nint*)(Address + 16) = value.Address;
    }

    /// <summary>Whether the listpack can't be read as it is.</summary>
    internal bool IsCompressed => Form > 0;

    /// <summary>Whether the listpack lies in a block with room.</summary>
    internal bool HasRoom => Form < 0;

    private int Form
    {
        get => *(int*)(Address + 28);
        set => *(int*)(Address + 28) = value;
    }

    private int BytesBefore
    {
        get => -1 - Form;
        set => Form = -1 - value;
    }

    private ReadOnlySpan<byte> Block => new((void*)*(nint*)(Address + 16), Form);

    /// <summary>Bytes of the listpack when it is not compressed.</summary>
    internal int PlainBytes => IsCompressed ? *(int*)*(nint*)(Address + 16) : Items.TotalBytes;

    /// <summary>How many items the listpack has; it may have more than a listpack's own count can say.</summary>
    internal int Count
    {
        get => *(int*)(Address + 24);
        set => *(int*)(Address + 24) = value;
    }

    internal static QuickListNode Create(Arena arena, Listpack items)
    {
        QuickListNode node = new(arena.Allocate(Bytes));
        *(QuickListNode*)node.Address = default;
        node.Previous = default;
        node.Items = items;
        node.Count = items.Count;
        node.Form = 0;
        return node;
    }

    /// <summary>Compresses the listpack if that saves enough.</summary>
    internal void Compress(Arena arena)
    {
        Invariant.Check(!HasRoom);
        if (IsCompressed || Items.TotalBytes < SmallestCompressed)
        {
            return;
        }
        Listpack items = Items;
        int room = items.TotalBytes - SmallestSaving;
        nint scratch = arena.Allocate(room);
        int length = Lzf.Compress(items.Span, new Span<byte>((void*)scratch, room));
        if (length > 0)
        {
            nint block = arena.Allocate(LengthBytes + length);
            *(int*)block = items.TotalBytes;
            new ReadOnlySpan<byte>((void*)scratch, length).CopyTo(new Span<byte>((void*)(block + LengthBytes), length));
            items.Free(arena);
            *(nint*)(Address + 16) = block;
            Form = LengthBytes + length;
        }
        arena.Free(scratch, room);
    }

    /// <summary>Makes the listpack readable.</summary>
    internal void Decompress(Arena arena)
    {
        if (IsCompressed)
        {
            Listpack items = CopyItems(arena);
            FreeItems(arena);
            Form = 0;
            Items = items;
        }
    }

    /// <summary>A readable copy of the listpack, in an arena that need not be the link's.</summary>
    internal Listpack CopyItems(Arena arena)
    {
        if (!IsCompressed)
        {
            return Listpack.Create(arena, Items.Span);
        }
        Listpack items = Listpack.Create(arena, PlainBytes, out Span<byte> bytes);
        Invariant.Require(Lzf.TryDecompress(Block[LengthBytes..], bytes));
        return items;
    }

    internal void Free(Arena arena)
    {
        FreeItems(arena);
        arena.Free(Address, Bytes);
    }

    /// <summary>Bytes of memory that the link takes.</summary>
    internal long MemoryBytes => Bytes + (IsCompressed ? SizeClass.RoundUp(Form) : HasRoom ? RoomBytes : Items.MemoryBytes);

    /// <summary>Adds an item at an end without moving the others. False: it does not fit, and the listpack has memory of its own size.</summary>
    /// <param name="arena">The list's arena.</param>
    /// <param name="value">The item.</param>
    /// <param name="added">Its <see cref="Listpack.BytesOf"/>.</param>
    /// <param name="atHead">At which end.</param>
    internal bool TryPush(Arena arena, ReadOnlySpan<byte> value, int added, bool atHead)
    {
        int total = Items.TotalBytes;
        if (total + added > RoomBytes)
        {
            Tighten(arena);
            return false;
        }
        if (!HasRoom || (atHead ? BytesBefore < added : BytesBefore + total + added > RoomBytes))
        {
            MakeRoom(arena, atHead ? RoomBytes - total : 0);
        }
        if (atHead)
        {
            Items = Items.PrependInPlace(value, added);
            BytesBefore -= added;
        }
        else
        {
            Items.AppendInPlace(value, added);
        }
        return true;
    }

    /// <summary>Takes items out at an end, but not all, without moving the others. False: they are not at that end, or the listpack is too large.</summary>
    internal bool TryTake(Arena arena, int offset, int count, bool atHead)
    {
        int end = offset;
        for (int i = 0; i < count; i++)
        {
            end = Items.Behind(end);
        }
        if (Items.TotalBytes > RoomBytes || (atHead ? offset != Listpack.HeaderBytes : end != Items.EndOffset))
        {
            return false;
        }
        if (!HasRoom)
        {
            MakeRoom(arena, 0);
        }
        if (atHead)
        {
            Items = Items.RemoveFirstInPlace(end - offset, count);
            BytesBefore += end - offset;
        }
        else
        {
            Items.RemoveLastInPlace(offset, count);
        }
        return true;
    }

    /// <summary>Gives the listpack memory of its own size, as whoever changes it elsewhere than at its ends expects.</summary>
    internal void Tighten(Arena arena)
    {
        if (!HasRoom)
        {
            return;
        }
        if (Items.MemoryBytes == RoomBytes)
        {
            MakeRoom(arena, 0);
        }
        else
        {
            Listpack items = Listpack.Create(arena, Items.Span);
            FreeItems(arena);
            Items = items;
        }
        Form = 0;
    }

    /// <summary>Moves the listpack to a place in a block with room.</summary>
    private void MakeRoom(Arena arena, int bytesBefore)
    {
        Listpack items = Items;
        bool hasBlock = HasRoom || items.MemoryBytes == RoomBytes;
        nint block = !hasBlock ? arena.Allocate(RoomBytes) : HasRoom ? items.Address - BytesBefore : items.Address;
        Buffer.MemoryCopy((void*)items.Address, (void*)(block + bytesBefore), RoomBytes - bytesBefore, items.TotalBytes);
        if (!hasBlock)
        {
            items.Free(arena);
        }
        Items = new Listpack(block + bytesBefore);
        BytesBefore = bytesBefore;
    }

    private void FreeItems(Arena arena)
    {
        if (IsCompressed)
        {
            arena.Free(*(nint*)(Address + 16), Form);
        }
        else if (HasRoom)
        {
            arena.Free(Items.Address - BytesBefore, RoomBytes);
        }
        else
        {
            Items.Free(arena);
        }
    }
}
