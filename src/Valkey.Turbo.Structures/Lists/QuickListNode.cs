using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A link of a list's chain: a listpack with its neighbours.
/// <code>
/// 0      8          16         24      28
/// | next | previous | listpack | count | bytes of the block, if compressed, else 0 |
/// </code>
/// Of a compressed link the listpack's place has a block: the listpack's length in 4 bytes, and the listpack as <see cref="Lzf"/>.
/// </summary>
internal readonly unsafe struct QuickListNode(nint address)
{
    private const int Bytes = 32;
    private const int LengthBytes = 4;

    // As in Valkey: shorter listpacks are not worth it, nor are savings of fewer bytes.
    private const int SmallestCompressed = 48;
    private const int SmallestSaving = 8;

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
    internal bool IsCompressed => BlockBytes != 0;

    private int BlockBytes
    {
        get => *(int*)(Address + 28);
        set => *(int*)(Address + 28) = value;
    }

    private ReadOnlySpan<byte> Block => new((void*)*(nint*)(Address + 16), BlockBytes);

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
        node.BlockBytes = 0;
        return node;
    }

    /// <summary>Compresses the listpack if that saves enough.</summary>
    internal void Compress(Arena arena)
    {
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
            BlockBytes = LengthBytes + length;
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
            BlockBytes = 0;
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
    internal long MemoryBytes => Bytes + (IsCompressed ? SizeClass.RoundUp(BlockBytes) : Items.MemoryBytes);

    private void FreeItems(Arena arena)
    {
        if (IsCompressed)
        {
            arena.Free(*(nint*)(Address + 16), BlockBytes);
        }
        else
        {
            Items.Free(arena);
        }
    }
}
