using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A link of a list's chain: a listpack with its neighbours.
/// <code>
/// 0      8          16         24      28
/// | next | previous | listpack | count |      |
/// </code>
/// </summary>
internal readonly unsafe struct QuickListNode(nint address)
{
    private const int Bytes = 32;

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
        get => new(*(nint*)(Address + 16));
        set => *(nint*)(Address + 16) = value.Address;
    }

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
        return node;
    }

    internal void Free(Arena arena)
    {
        Items.Free(arena);
        arena.Free(Address, Bytes);
    }

    internal static long MemoryBytes => Bytes;
}
