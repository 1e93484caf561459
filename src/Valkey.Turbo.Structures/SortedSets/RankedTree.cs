using System.Runtime.CompilerServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A B+tree of sorted-set members, ordered by score and then by bytes, with the number of members below every child, so
/// that ranks cost as little as look-ups. It refers to members and does not own them. A view of the root's address.
/// </summary>
internal readonly unsafe struct RankedTree(nint root, Arena arena)
{
    private const int SearchStride = 8;

    /// <summary>The root; changes may replace it.</summary>
    internal nint Root { get; } = root;

    /// <summary>Makes an empty tree.</summary>
    internal static RankedTree Create(Arena arena) => new(TreeNode.Create(arena, 0).Address, arena);

    /// <summary>How many members lie before a cut.</summary>
    internal long RankOf<TBound>(scoped in TBound bound)
        where TBound : struct, ISortedBound, allows ref struct
    {
        long rank = 0;
        TreeNode node = new(Root);
        while (!node.IsLeaf)
        {
            int child = ChildOf(node, bound);
            for (int i = 0; i < child; i++)
            {
                rank += node.MembersOf(i);
            }
            node = node.Child(child);
        }
        return rank + PlaceOf(node, bound);
    }

    /// <summary>The leaf and the place of the member at a rank, which exists.</summary>
    internal TreeNode LeafAt(long rank, out int place)
    {
        TreeNode node = new(Root);
        while (!node.IsLeaf)
        {
            int child = 0;
            while (rank >= node.MembersOf(child))
            {
                rank -= node.MembersOf(child++);
                Invariant.Check(child < node.Count);
            }
            node = node.Child(child);
        }
        place = (int)rank;
        Invariant.Check(place < node.Count);
        return node;
    }

    /// <summary>Adds a member that is not in the tree.</summary>
    internal RankedTree Insert(nint member)
    {
        MemberBound bound = new(SortedMember.Score(member), SortedMember.Key(member));
        TreeNode root = new(Root), split = Insert(root, member, bound);
        if (split.Address == 0)
        {
            return this;
        }
        TreeNode above = TreeNode.Create(arena, root.Level + 1);
        above.Count = 2;
        above.SetChild(0, root);
        above.SetChild(1, split);
        return new RankedTree(above.Address, arena);
    }

    /// <summary>Takes a member out that is in the tree.</summary>
    internal RankedTree Remove(nint member)
    {
        MemberBound above = new(SortedMember.Score(member), SortedMember.Key(member), isAbove: true);
        TreeNode root = new(Root);
        Remove(root, above);
        return Shorten(root);
    }

    private RankedTree Shorten(TreeNode root)
    {
        while (!root.IsLeaf && root.Count == 1)
        {
            TreeNode child = root.Child(0);
            root.Free(arena);
            root = child;
        }
        return new RankedTree(root.Address, arena);
    }

    /// <summary>Takes out the member at a rank, which exists, without a look at other members.</summary>
    internal RankedTree RemoveAt(long rank, out nint member)
    {
        TreeNode root = new(Root);
        member = RemoveAt(root, rank);
        return Shorten(root);
    }

    /// <summary>Frees the nodes.</summary>
    internal void Free() => Free(new TreeNode(Root));

    /// <summary>Frees the nodes in steps.</summary>
    internal IEnumerator<bool> FreeGradually(int nodesPerStep)
    {
        Arena memory = arena;
        Stack<TreeNode> open = new([new TreeNode(Root)]);
        int step = 0;
        while (open.TryPop(out TreeNode node))
        {
            for (int i = 0; !node.IsLeaf && i < node.Count; i++)
            {
                open.Push(node.Child(i));
            }
            node.Free(memory);
            if (++step % nodesPerStep == 0)
            {
                yield return true;
            }
        }
    }

    /// <summary>Bytes of all nodes, by a walk over the inner ones.</summary>
    internal long NodeBytes() => NodeBytes(new TreeNode(Root));

    private static long NodeBytes(TreeNode node)
    {
        long sum = node.MemoryBytes;
        for (int i = 0; !node.IsLeaf && i < node.Count; i++)
        {
            sum += NodeBytes(node.Child(i));
        }
        return sum;
    }

    private void Free(TreeNode node)
    {
        for (int i = 0; !node.IsLeaf && i < node.Count; i++)
        {
            Free(node.Child(i));
        }
        node.Free(arena);
    }

    /// <summary>Inserts below a node; returns the node that was split off, if any, which holds the greater members.</summary>
    private TreeNode Insert(TreeNode node, nint member, scoped in MemberBound bound)
    {
        if (node.IsLeaf)
        {
            int place = PlaceOf(node, bound);
            TreeNode right = MakeRoom(ref node, ref place);
            node.Shift(place, 1);
            node.SetMember(place, member);
            return right;
        }
        int index = ChildOf(node, bound);
        TreeNode child = node.Child(index), split = Insert(child, member, bound);
        if (split.Address == 0)
        {
            node.AddMembers(index, 1);
            if (index == 0 || child.First == member)
            {
                node.SetChildFirst(index, child.First);
            }
            return default;
        }
        node.SetChild(index++, child);
        TreeNode sibling = MakeRoom(ref node, ref index);
        node.Shift(index, 1);
        node.SetChild(index, split);
        return sibling;
    }

    /// <summary>
    /// Splits a full node for an item at <paramref name="place"/>; afterwards node and place say where the item goes. At the
    /// end of a node nothing is moved, and before its first item everything is, so that ascending and descending insertion
    /// leave full nodes behind.
    /// </summary>
    private TreeNode MakeRoom(ref TreeNode node, ref int place)
    {
        if (!node.IsFull)
        {
            return default;
        }
        TreeNode right = TreeNode.Create(arena, node.Level);
        int kept = place == node.Count ? node.Count : place == 0 ? 0 : node.Count / 2;
        TreeNode.CopyItems(node, kept, right, 0, node.Count - kept);
        right.Count = node.Count - kept;
        node.Count = kept;
        if (place >= kept && (place > kept || right.Count == 0))
        {
            place -= kept;
            node = right;
        }
        return right;
    }

    /// <summary>Removes the last member before a cut.</summary>
    private void Remove(TreeNode node, scoped in MemberBound above)
    {
        if (node.IsLeaf)
        {
            node.Shift(PlaceOf(node, above), -1);
            return;
        }
        int index = ChildOf(node, above);
        Remove(node.Child(index), above);
        NoteRemoval(node, index);
    }

    private nint RemoveAt(TreeNode node, long rank)
    {
        if (node.IsLeaf)
        {
            nint removed = node.Item((int)rank);
            node.Shift((int)rank + 1, -1);
            return removed;
        }
        int index = 0;
        while (rank >= node.MembersOf(index))
        {
            rank -= node.MembersOf(index++);
        }
        nint member = RemoveAt(node.Child(index), rank);
        NoteRemoval(node, index);
        return member;
    }

    /// <summary>Renews what a node knows of a child that has lost a member.</summary>
    private void NoteRemoval(TreeNode node, int index)
    {
        TreeNode child = node.Child(index);
        if (child.Count == 0)
        {
            child.Free(arena);
            node.Shift(index + 1, -1);
            return;
        }
        node.AddMembers(index, -1);
        node.SetChildFirst(index, child.First);
        if (child.Count <= child.Places / 4)
        {
            MergeAround(node, index);
        }
    }

    /// <summary>Joins a sparse child with a neighbour, if both together leave room.</summary>
    private void MergeAround(TreeNode node, int index)
    {
        int left = index > 0 ? index - 1 : index;
        if (left + 1 >= node.Count)
        {
            return;
        }
        TreeNode a = node.Child(left), b = node.Child(left + 1);
        if (a.Count + b.Count > a.Places * 3 / 4)
        {
            return;
        }
        TreeNode.CopyItems(b, 0, a, a.Count, b.Count);
        a.Count += b.Count;
        b.Free(arena);
        node.SetChild(left, a);
        node.Shift(left + 2, -1);
    }

    /// <summary>The child in which a cut falls: the last whose first member lies before it, or the first of all.</summary>
    private static int ChildOf<TBound>(TreeNode node, scoped in TBound bound)
        where TBound : struct, ISortedBound, allows ref struct
    {
        int low = 0, high = node.Count - 1;
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            int order = bound.CompareScore(node.ScoreOf(middle));
            bool isBefore = order < 0 || (order == 0 && bound.IsBefore(SortedMember.Key(node.FirstOf(middle))));
            (low, high) = isBefore ? (middle, high) : (low, middle - 1);
        }
        return low;
    }

    /// <summary>How many of a leaf's members lie before a cut.</summary>
    private static int PlaceOf<TBound>(TreeNode leaf, scoped in TBound bound)
        where TBound : struct, ISortedBound, allows ref struct
    {
        // Members lie anywhere, so a plain binary search would wait for one cache miss after the other. Instead every eighth
        // member is drawn near at once and searched, and then those between two of them.
        int low = 0, high = leaf.Count;
        if (high > 2 * SearchStride)
        {
            int firstStride = 0, lastStride = (high - 1) / SearchStride;
            PrefetchMembers(leaf, SearchStride, high, SearchStride);
            while (firstStride < lastStride)
            {
                int middle = (firstStride + lastStride + 1) / 2;
                (firstStride, lastStride) = IsBefore(leaf.Item(middle * SearchStride), bound) ? (middle, lastStride) : (firstStride, middle - 1);
            }
            low = firstStride * SearchStride;
            high = Math.Min(high, low + SearchStride);
            PrefetchMembers(leaf, low, high, 1);
        }
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = IsBefore(leaf.Item(middle), bound) ? (middle + 1, high) : (low, middle);
        }
        return low;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsBefore<TBound>(nint member, scoped in TBound bound)
        where TBound : struct, ISortedBound, allows ref struct
    {
        int order = bound.CompareScore(SortedMember.Score(member));
        return order < 0 || (order == 0 && bound.IsBefore(SortedMember.Key(member)));
    }

    private static void PrefetchMembers(TreeNode leaf, int from, int end, int stride)
    {
        for (int i = from; Prefetch.IsSupported && i < end; i += stride)
        {
            Prefetch.Line((void*)leaf.Item(i));
        }
    }
}

/// <summary>Goes over a tree's members by rank, up or down; the tree must not change meanwhile.</summary>
internal unsafe struct TreeCursor
{
    private const int PrefetchDistance = 6;
    private readonly RankedTree _tree;
    private readonly int _step;
    private TreeNode _leaf;
    private int _place;
    private long _rank;
    private long _left;

    internal TreeCursor(RankedTree tree, long rank, long count, bool isReverse)
    {
        _tree = tree;
        _step = isReverse ? -1 : 1;
        _rank = rank;
        _left = count;
    }

    internal readonly nint Current => _leaf.Item(_place);

    internal bool MoveNext()
    {
        if (_left-- <= 0)
        {
            return false;
        }
        _place += _step;
        if (_leaf.Address == 0 || (uint)_place >= (uint)_leaf.Count)
        {
            _leaf = _tree.LeafAt(_rank, out _place);
        }
        _rank += _step;
        int ahead = _place + PrefetchDistance * _step;
        if (Prefetch.IsSupported && (uint)ahead < (uint)_leaf.Count)
        {
            Prefetch.Line((void*)_leaf.Item(ahead));
        }
        return true;
    }
}
