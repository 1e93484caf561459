using System.Runtime.CompilerServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A node of a <see cref="RankedTree"/>.
/// <code>
/// leaf    0       2       8                              328
///         | count | level | member × 64 (5 bytes each)   |
/// inner   0       2       8             148          288           400           624
///         | count | level | child × 28  | first × 28 | members × 28| score × 28  |
///                         | 5 bytes     | 5 bytes    | 4 bytes     | 8 bytes     |
/// </code>
/// Of every child an inner node knows the first member with its score and how many members lie below it. References are 40
/// bits, as in a <see cref="Bucket"/>.
/// </summary>
internal readonly unsafe struct TreeNode(nint address)
{
    internal const int LeafPlaces = 64;
    internal const int InnerPlaces = 28;

    private const int ItemsOffset = 8;
    private const int ReferenceBytes = 5;
    private const int FirstsOffset = ItemsOffset + InnerPlaces * ReferenceBytes;
    private const int CountsOffset = FirstsOffset + InnerPlaces * ReferenceBytes;
    private const int ScoresOffset = CountsOffset + InnerPlaces * 4;
    private const int InnerBytes = ScoresOffset + InnerPlaces * 8;
    private const int LeafBytes = ItemsOffset + LeafPlaces * ReferenceBytes;

    internal nint Address { get; } = address;

    private byte* Bytes => (byte*)Address;

    internal int Count
    {
        get => *(ushort*)Address;
        set => *(ushort*)Address = (ushort)value;
    }

    /// <summary>0 for a leaf.</summary>
    internal int Level => Bytes[2];

    internal bool IsLeaf => Level == 0;

    internal int Places => IsLeaf ? LeafPlaces : InnerPlaces;

    internal bool IsFull => Count == Places;

    internal static TreeNode Create(Arena arena, int level)
    {
        TreeNode node = new(arena.Allocate(level == 0 ? LeafBytes : InnerBytes));
        *(long*)node.Address = 0;
        node.Bytes[2] = (byte)level;
        return node;
    }

    internal void Free(Arena arena) => arena.Free(Address, IsLeaf ? LeafBytes : InnerBytes);

    /// <summary>Bytes of memory that the node takes.</summary>
    internal long MemoryBytes => SizeClass.RoundUp(IsLeaf ? LeafBytes : InnerBytes);

    /// <summary>A leaf's member, or an inner node's child.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal nint Item(int index) => Read(ItemsOffset, index);

    internal TreeNode Child(int index) => new(Item(index));

    /// <summary>The first member at or below this node.</summary>
    internal nint First => Read(IsLeaf ? ItemsOffset : FirstsOffset, 0);

    internal nint FirstOf(int child) => Read(FirstsOffset, child);

    internal double ScoreOf(int child) => *(double*)(Bytes + ScoresOffset + child * 8);

    internal uint MembersOf(int child) => *(uint*)(Bytes + CountsOffset + child * 4);

    /// <summary>How many members lie at or below this node.</summary>
    internal long Members
    {
        get
        {
            if (IsLeaf)
            {
                return Count;
            }
            long sum = 0;
            for (int i = 0; i < Count; i++)
            {
                sum += MembersOf(i);
            }
            return sum;
        }
    }

    /// <summary>Sets a leaf's member.</summary>
    internal void SetMember(int index, nint member) => Write(ItemsOffset, index, member);

    /// <summary>Sets a child and what is known of it.</summary>
    internal void SetChild(int index, TreeNode child)
    {
        Write(ItemsOffset, index, child.Address);
        SetChildFirst(index, child.First);
        *(uint*)(Bytes + CountsOffset + index * 4) = (uint)child.Members;
    }

    /// <summary>Renews what is known of a child's first member.</summary>
    internal void SetChildFirst(int index, nint first)
    {
        Write(FirstsOffset, index, first);
        *(double*)(Bytes + ScoresOffset + index * 8) = SortedMember.Score(first);
    }

    /// <summary>Adds to the number of members below a child.</summary>
    internal void AddMembers(int child, int added) => *(uint*)(Bytes + CountsOffset + child * 4) += (uint)added;

    /// <summary>Moves the items from <paramref name="from"/> on by <paramref name="by"/> places and corrects the count.</summary>
    internal void Shift(int from, int by)
    {
        int moved = Count - from;
        Invariant.Check(from + by >= 0 && Count + by <= Places && moved >= 0);
        CopyItems(this, from, this, from + by, moved);
        Count += by;
    }

    /// <summary>Copies items between nodes of a level, which may be the same; counts stay.</summary>
    internal static void CopyItems(TreeNode source, int from, TreeNode target, int to, int count)
    {
        Copy(source, target, ItemsOffset, ReferenceBytes, from, to, count);
        if (!source.IsLeaf)
        {
            Copy(source, target, FirstsOffset, ReferenceBytes, from, to, count);
            Copy(source, target, CountsOffset, 4, from, to, count);
            Copy(source, target, ScoresOffset, 8, from, to, count);
        }
    }

    private static void Copy(TreeNode source, TreeNode target, int offset, int size, int from, int to, int count) =>
        Buffer.MemoryCopy(
            source.Bytes + offset + from * size, target.Bytes + offset + to * size, (long)count * size, (long)count * size);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private nint Read(int offset, int index)
    {
        Invariant.Check((uint)index < (uint)Places);
        // The upper 40 bits of the 8 bytes that end where the reference ends.
        return Heap.BaseAddress + (nint)(Unsafe.ReadUnaligned<ulong>(Bytes + offset - 3 + index * ReferenceBytes) >> 24 << 3);
    }

    private void Write(int offset, int index, nint target)
    {
        Invariant.Check((uint)index < (uint)Places);
        byte* at = Bytes + offset - 3 + index * ReferenceBytes;
        ulong reference = (ulong)(target - Heap.BaseAddress) >> 3;
        Unsafe.WriteUnaligned(at, Unsafe.ReadUnaligned<ulong>(at) & 0xFFFFFF | reference << 24);
    }
}
