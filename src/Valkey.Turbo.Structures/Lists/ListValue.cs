using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A list: a single listpack while it is small, else a chain of them. A view of the entry that owns the list.
/// </summary>
public readonly struct ListValue(Entry entry, Arena arena)
{
    /// <summary>Whether the list is a single listpack.</summary>
    public bool IsListpack => entry.Encoding == ValueEncoding.Listpack;

    /// <summary>The list as a single listpack.</summary>
    public Listpack Listpack => new(entry.Collection);

    internal QuickList Chain => new(entry.Collection, arena);

    /// <summary>How many items there are.</summary>
    public long Count => IsListpack ? Listpack.Count : Chain.Count;

    /// <summary>How many links at each end of a chain are never compressed; 0 where none is.</summary>
    public int CompressDepth => IsListpack ? 0 : Chain.CompressDepth;

    /// <summary>Bytes of all its listpacks when they are not compressed.</summary>
    public long PlainBytes
    {
        get
        {
            long bytes = IsListpack ? Listpack.TotalBytes : 0;
            for (QuickListNode node = IsListpack ? default : Chain.Head; !node.IsNull; node = node.Next)
            {
                bytes += node.PlainBytes;
            }
            return bytes;
        }
    }

    /// <summary>How many listpacks hold them.</summary>
    public long LinkCount => IsListpack ? 1 : Chain.LinkCount;

    /// <summary>Makes an empty list.</summary>
    internal static nint Create(Arena arena) => Listpack.Create(arena).Address;

    /// <summary>Turns a listpack into a chain, if so many more bytes and items make it too large.</summary>
    public void ExpectMore(long addedBytes, long addedCount, CollectionLimits limits)
    {
        if (IsListpack && new ListLimit(limits.ListMaxListpackSize).IsExceededBy(
            Listpack.TotalBytes + addedBytes, Listpack.Count + addedCount))
        {
            ConvertToChain(limits);
        }
    }

    /// <summary>Whether so many bytes and items are few enough for a single listpack.</summary>
    public static bool MayBeListpack(long bytes, long count, CollectionLimits limits) =>
        !new ListLimit(limits.ListMaxListpackSize).IsExceededBy(bytes, count);

    /// <summary>Turns a chain of one small link into a listpack.</summary>
    public void ShrinkIfSmall(CollectionLimits limits)
    {
        if (IsListpack || Chain.LinkCount != 1)
        {
            return;
        }
        QuickList chain = Chain;
        Listpack items = chain.Head.Items;
        if (new ListLimit(limits.ListMaxListpackSize).IsFarFrom(items.TotalBytes, chain.Count))
        {
            Listpack copy = Listpack.Create(arena, items.Span);
            chain.Free();
            entry.SetCollection(ValueEncoding.Listpack, copy.Address);
        }
    }

    /// <summary>Adds an item at an end; the caller has called <see cref="ExpectMore"/>.</summary>
    public void Push(ReadOnlySpan<byte> value, bool atHead, CollectionLimits limits)
    {
        if (IsListpack)
        {
            Move(atHead ? Listpack.Prepend(arena, value) : Listpack.Append(arena, value));
        }
        else
        {
            Chain.Push(value, atHead, new ListLimit(limits.ListMaxListpackSize));
        }
    }

    /// <summary>Reads the item at an index, which exists; a negative one counts from the end.</summary>
    public ReadOnlySpan<byte> At(long index, Span<byte> scratch)
    {
        index = index < 0 ? index + Count : index;
        if (IsListpack)
        {
            return Listpack.Read(Listpack.At(index), scratch);
        }
        QuickListNode node = Chain.At(index, out int offset);
        return Chain.Open(node).Read(offset, scratch);
    }

    /// <summary>Puts a value in the place of the item at an index, which exists.</summary>
    public void Set(long index, ReadOnlySpan<byte> value, CollectionLimits limits)
    {
        // As if it were added: the old value goes only afterwards.
        ExpectMore(value.Length, 1, limits);
        if (IsListpack)
        {
            Move(Listpack.Replace(arena, Listpack.At(index), value));
            return;
        }
        QuickListNode node = Chain.At(index, out int offset);
        Chain.Replace(node, offset, value, new ListLimit(limits.ListMaxListpackSize));
    }

    /// <summary>Adds an item before or behind the first that equals <paramref name="pivot"/>; false if none does.</summary>
    public bool Insert(ReadOnlySpan<byte> pivot, bool isBehind, ReadOnlySpan<byte> value, CollectionLimits limits)
    {
        if (IsListpack)
        {
            int at = Listpack.Find(pivot, Listpack.First, 1);
            if (at != Listpack.None)
            {
                Move(Listpack.Insert(arena, isBehind ? Listpack.Behind(at) : at, value));
            }
            return at != Listpack.None;
        }
        for (QuickListNode node = Chain.Head; !node.IsNull; node = node.Next)
        {
            Listpack items = Chain.Open(node);
            int at = items.Find(pivot, items.First, 1);
            if (at != Listpack.None)
            {
                Chain.Insert(node, isBehind ? items.Behind(at) : at, value, new ListLimit(limits.ListMaxListpackSize));
                return true;
            }
        }
        return false;
    }

    /// <summary>Removes items that equal a value, at most <paramref name="limit"/>, from the end if <paramref name="fromTail"/>.</summary>
    /// <returns>How many were removed.</returns>
    public long Remove(ReadOnlySpan<byte> value, long limit, bool fromTail)
    {
        if (IsListpack)
        {
            Listpack items = Listpack;
            long removed = RemoveFrom(ref items, value, limit, fromTail);
            Move(items);
            return removed;
        }
        QuickList chain = Chain;
        long total = 0;
        for (QuickListNode node = fromTail ? chain.Tail : chain.Head; !node.IsNull && total < limit;)
        {
            QuickListNode following = fromTail ? node.Previous : node.Next;
            Listpack items = chain.OpenToChange(node);
            long removed = RemoveFrom(ref items, value, limit - total, fromTail);
            total += removed;
            if (removed > 0)
            {
                node.Items = items;
                node.Count -= (int)removed;
                chain.Count -= removed;
                chain.DropIfEmpty(node);
            }
            node = following;
        }
        return total;
    }

    /// <summary>Removes items from an index on, which exist.</summary>
    public void RemoveRange(long start, long count)
    {
        if (count == 0)
        {
            return;
        }
        if (IsListpack)
        {
            Move(Listpack.Remove(arena, Listpack.At(start), (int)count));
            return;
        }
        QuickList chain = Chain;
        QuickListNode node = chain.At(start, out int offset);
        while (count > 0)
        {
            QuickListNode next = node.Next;
            int behind = CountFrom(node, offset);
            int removed = (int)Math.Min(count, behind);
            chain.Remove(node, offset, removed);
            count -= removed;
            node = next;
            offset = Listpack.HeaderBytes;
        }
    }

    /// <summary>Goes over the items from an index on, towards the end or the beginning; the list must not change meanwhile.</summary>
    public ListEnumerator Enumerate(long start, bool isReverse = false) => new(this, start, isReverse);

    /// <summary>Goes over the listpacks that hold the items.</summary>
    public ListLinkEnumerator EnumerateLinks() => new(this);

    /// <summary>Turns an empty listpack into an empty chain, or a filled one into a chain of its items.</summary>
    public void ConvertToChain(CollectionLimits limits)
    {
        Listpack items = Listpack;
        QuickList chain = QuickList.Create(arena, limits.ListCompressDepth);
        ListLimit limit = new(limits.ListMaxListpackSize);
        if (!items.IsEmpty && !limit.IsLinkExceededBy(items.TotalBytes, items.Count))
        {
            chain.AppendLink(items);
        }
        else
        {
            Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
            for (int at = items.First; at != Listpack.None; at = items.Next(at))
            {
                chain.Push(items.Read(at, scratch), atHead: false, limit);
            }
            items.Free(arena);
        }
        entry.SetCollection(ValueEncoding.QuickList, chain.Address);
    }

    /// <summary>Frees the items and what holds them.</summary>
    internal void Free()
    {
        if (IsListpack)
        {
            Listpack.Free(arena);
        }
        else
        {
            Chain.Free();
        }
    }

    private long RemoveFrom(ref Listpack items, ReadOnlySpan<byte> value, long limit, bool fromTail)
    {
        long removed = 0;
        if (!fromTail)
        {
            for (int at = items.Find(value, items.First, 1); at != Listpack.None && removed < limit; removed++)
            {
                items = items.Remove(arena, at, 1);
                at = at == items.EndOffset ? Listpack.None : items.Find(value, at, 1);
            }
            return removed;
        }
        for (int at = items.Last; at != Listpack.None && removed < limit;)
        {
            int previous = items.Previous(at);
            if (items.IsEqual(at, value))
            {
                items = items.Remove(arena, at, 1);
                removed++;
            }
            at = previous;
        }
        return removed;
    }

    private static int CountFrom(QuickListNode node, int offset)
    {
        if (offset == Listpack.HeaderBytes)
        {
            return node.Count;
        }
        int count = 0;
        for (int at = offset; at != Listpack.None; at = node.Items.Next(at))
        {
            count++;
        }
        return count;
    }

    private void Move(Listpack moved)
    {
        Entry owner = entry;
        owner.Collection = moved.Address;
    }
}

/// <summary>Goes over a list's listpacks.</summary>
public struct ListLinkEnumerator
{
    private readonly bool _isChain;
    private readonly QuickList _chain;
    private QuickListNode _next;
    private bool _isOver;

    internal ListLinkEnumerator(ListValue list)
    {
        _isChain = !list.IsListpack;
        _chain = _isChain ? list.Chain : default;
        _next = _isChain ? _chain.Head : default;
        Current = _isChain ? default : list.Listpack;
    }

    /// <summary>The listpack now visited.</summary>
    public Listpack Current { get; private set; }

    public bool MoveNext()
    {
        if (!_isChain)
        {
            (_isOver, bool wasOver) = (true, _isOver);
            return !wasOver;
        }
        if (_next.IsNull)
        {
            return false;
        }
        Current = _chain.Open(_next);
        _next = _next.Next;
        return true;
    }
}

/// <summary>Goes over a list's items.</summary>
public struct ListEnumerator
{
    private readonly bool _isReverse;
    private readonly QuickList _chain;
    private Listpack _items;
    private QuickListNode _node;
    private int _offset;
    private bool _isStarted;

    internal ListEnumerator(ListValue list, long start, bool isReverse)
    {
        _isReverse = isReverse;
        if (start < 0 || start >= list.Count)
        {
            _offset = Listpack.None;
        }
        else if (list.IsListpack)
        {
            _items = list.Listpack;
            _offset = _items.At(start);
        }
        else
        {
            _chain = list.Chain;
            _node = _chain.At(start, out _offset);
            _items = _chain.Open(_node);
        }
    }

    public bool MoveNext()
    {
        if (!_isStarted || _offset == Listpack.None)
        {
            _isStarted = true;
            return _offset != Listpack.None;
        }
        _offset = _isReverse ? _items.Previous(_offset) : _items.Next(_offset);
        if (_offset != Listpack.None || _node.IsNull)
        {
            return _offset != Listpack.None;
        }
        _node = _isReverse ? _node.Previous : _node.Next;
        if (_node.IsNull)
        {
            return false;
        }
        _items = _chain.Open(_node);
        _offset = _isReverse ? _items.Last : _items.First;
        return true;
    }

    /// <summary>The item; an integer is written to <paramref name="scratch"/>.</summary>
    public readonly ReadOnlySpan<byte> Read(Span<byte> scratch) => _items.Read(_offset, scratch);
}
