using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A chain of listpacks. Links are never empty. A view of an address.
/// <code>
/// 0      8      16      24      32     40
/// | head | tail | items | links | open | depth |
/// </code>
/// With a depth of <c>list-compress-depth</c> other than 0, links that are further than that from both ends are compressed,
/// but for the one that was opened last. The ends of a chain of some length have room to grow and shrink in.
/// </summary>
internal readonly unsafe partial struct QuickList(nint address, Arena arena)
{
    /// <summary>Bytes of the head of the chain.</summary>
    internal const int RootBytes = 48;

    // From so many links on the room of two ends is little beside the rest.
    private const int FewestLinksForRoom = 8;

    internal nint Address { get; } = address;

    internal QuickListNode Head
    {
        get => new(*(nint*)Address);
        private set => *(nint*)Address = value.Address;
    }

    internal QuickListNode Tail
    {
        get => new(*(nint*)(Address + 8));
        private set => *(nint*)(Address + 8) = value.Address;
    }

    internal long Count
    {
        get => *(long*)(Address + 16);
        set => *(long*)(Address + 16) = value;
    }

    internal long LinkCount
    {
        get => *(long*)(Address + 24);
        private set => *(long*)(Address + 24) = value;
    }

    internal static QuickList Create(Arena arena, int compressDepth)
    {
        QuickList list = new(arena.Allocate(RootBytes), arena);
        new Span<byte>((void*)list.Address, RootBytes).Clear();
        list.CompressDepth = compressDepth;
        return list;
    }

    /// <summary>Adds an item at an end.</summary>
    internal void Push(ReadOnlySpan<byte> value, bool atHead, ListLimit limit)
    {
        QuickListNode end = atHead ? Head : Tail;
        int added = Listpack.BytesOf(value);
        if (end.IsNull || limit.IsLinkExceededBy(end.Items.TotalBytes + (long)added, end.Count + 1))
        {
            end = Link(Listpack.Create(arena), atHead ? default : Tail);
        }
        if (LinkCount < FewestLinksForRoom || !end.TryPush(arena, value, added, atHead))
        {
            end.Items = atHead ? end.Items.Prepend(arena, value) : end.Items.Append(arena, value);
        }
        end.Count++;
        Count++;
    }

    /// <summary>Adds a whole listpack behind the last link; the chain takes it over.</summary>
    internal void AppendLink(Listpack items)
    {
        QuickListNode node = Link(items, Tail);
        Count += node.Count;
    }

    /// <summary>Adds an item before the one at <paramref name="offset"/> of a link, or at the link's end.</summary>
    internal void Insert(QuickListNode node, int offset, ReadOnlySpan<byte> value, ListLimit limit)
    {
        if (limit.IsLinkExceededBy(OpenToChange(node).TotalBytes + (long)Listpack.BytesOf(value), node.Count + 1))
        {
            Split(node, offset);
            if (limit.IsLinkExceededBy(node.Items.TotalBytes + (long)Listpack.BytesOf(value), node.Count + 1))
            {
                node = Link(Listpack.Create(arena), node);
                Open(node);
            }
            offset = node.Items.EndOffset;
        }
        node.Items = node.Items.Insert(arena, offset, value);
        node.Count++;
        Count++;
        DropIfEmpty(node);
    }

    /// <summary>Puts a value in an item's place.</summary>
    internal void Replace(QuickListNode node, int offset, ReadOnlySpan<byte> value, ListLimit limit)
    {
        Listpack items = OpenToChange(node);
        long total = items.TotalBytes - (items.Behind(offset) - offset) + (long)Listpack.BytesOf(value);
        if (node.Count == 1 || !limit.IsLinkExceededBy(total, node.Count))
        {
            node.Items = items.Replace(arena, offset, value);
            return;
        }
        Insert(node, items.Behind(offset), value, limit);
        // The item is the last before the one just inserted, wherever a split has put that.
        Remove(node, offset, 1);
    }

    /// <summary>Removes items of one link from <paramref name="offset"/> on.</summary>
    /// <returns>Whether the link is still there.</returns>
    internal bool Remove(QuickListNode node, int offset, int count)
    {
        if (count < node.Count && !TryTake(node, offset, count))
        {
            node.Items = OpenToChange(node).Remove(arena, offset, count);
        }
        node.Count -= count;
        Count -= count;
        return !DropIfEmpty(node);
    }

    /// <summary>The link and the offset of the item at an index, which exists.</summary>
    internal QuickListNode At(long index, out int offset)
    {
        Invariant.Check((ulong)index < (ulong)Count);
        QuickListNode node;
        if (index < Count / 2)
        {
            node = Head;
            while (index >= node.Count)
            {
                index -= node.Count;
                node = node.Next;
            }
        }
        else
        {
            node = Tail;
            long fromEnd = Count - index;
            while (fromEnd > node.Count)
            {
                fromEnd -= node.Count;
                node = node.Previous;
            }
            index = node.Count - fromEnd;
        }
        offset = Open(node).At(index);
        Invariant.Check(offset != Listpack.None);
        return node;
    }

    /// <summary>Frees everything.</summary>
    internal void Free()
    {
        for (QuickListNode node = Head; !node.IsNull;)
        {
            QuickListNode next = node.Next;
            node.Free(arena);
            node = next;
        }
        arena.Free(Address, RootBytes);
    }

    /// <summary>Frees the links in steps, and the list with the last.</summary>
    internal IEnumerator<bool> FreeGradually(int linksPerStep)
    {
        nint root = Address;
        Arena memory = arena;
        int step = 0;
        for (QuickListNode node = Head; !node.IsNull;)
        {
            QuickListNode next = node.Next;
            node.Free(memory);
            node = next;
            if (++step % linksPerStep == 0)
            {
                yield return true;
            }
        }
        memory.Free(root, RootBytes);
    }

    /// <summary>As <see cref="Open"/>, but for changes elsewhere than at an end.</summary>
    internal Listpack OpenToChange(QuickListNode node)
    {
        Open(node);
        node.Tighten(arena);
        return node.Items;
    }

    private bool TryTake(QuickListNode node, int offset, int count)
    {
        bool isHead = node.Address == Head.Address;
        return LinkCount >= FewestLinksForRoom && (isHead || node.Address == Tail.Address) && node.TryTake(arena, offset, count, isHead);
    }

    /// <summary>Moves the items of a link from <paramref name="offset"/> on into a new link behind it.</summary>
    private void Split(QuickListNode node, int offset)
    {
        Listpack items = node.Items, behind = Listpack.Create(arena);
        if (offset == items.EndOffset)
        {
            behind.Free(arena);
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        int moved = 0;
        for (int at = offset; at != Listpack.None; at = items.Next(at))
        {
            behind = behind.Append(arena, items.Read(at, scratch));
            moved++;
        }
        node.Items = items.Remove(arena, offset, moved);
        node.Count -= moved;
        Settle(Link(behind, node));
    }

    private QuickListNode Link(Listpack items, QuickListNode previous)
    {
        QuickListNode node = QuickListNode.Create(arena, items);
        QuickListNode next = previous.IsNull ? Head : previous.Next;
        TightenIfThere(previous);
        TightenIfThere(next);
        node.Previous = previous;
        node.Next = next;
        Join(previous, node);
        Join(node, next);
        LinkCount++;
        TendEnds();
        return node;
    }

    /// <summary>Takes a link whose last item has gone, or the one before it, out of the chain.</summary>
    /// <returns>Whether the link itself is gone.</returns>
    internal bool DropIfEmpty(QuickListNode node)
    {
        if (!node.Previous.IsNull && node.Previous.Count == 0)
        {
            Unlink(node.Previous);
        }
        bool isEmpty = node.Count == 0;
        if (isEmpty)
        {
            Unlink(node);
        }
        return isEmpty;
    }

    private void Unlink(QuickListNode node)
    {
        QuickListNode previous = node.Previous, next = node.Next;
        Join(previous, next);
        LinkCount--;
        Forget(node);
        node.Free(arena);
        if (LinkCount < FewestLinksForRoom)
        {
            TightenIfThere(Head);
            TightenIfThere(Tail);
        }
        TendEnds();
    }

    private void TightenIfThere(QuickListNode node)
    {
        if (!node.IsNull)
        {
            node.Tighten(arena);
        }
    }

    private void Join(QuickListNode previous, QuickListNode next)
    {
        if (previous.IsNull)
        {
            Head = next;
        }
        else
        {
            previous.Next = next;
        }
        if (next.IsNull)
        {
            Tail = previous;
        }
        else
        {
            next.Previous = previous;
        }
    }
}
