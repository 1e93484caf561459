using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// Fills a new sorted set with members that come in no order and more than once: they are gathered in its table, and its
/// tree is built at the end, from sorted members, which leaves full nodes.
/// </summary>
public struct SortedSetBuilder(Entry entry, Arena arena)
{
    private readonly record struct Item(double Score, nint Member) : IComparable<Item>
    {
        public int CompareTo(Item other)
        {
            int order = Score.CompareTo(other.Score);
            return order != 0 ? order : SortedMember.Key(Member).SequenceCompareTo(SortedMember.Key(other.Member));
        }
    }

    private readonly SortedSetValue _set = new(entry, arena);
    private long _longestMember;

    /// <summary>How many members there are so far.</summary>
    public readonly long Count => _set.Table.Count;

    /// <summary>Finds a member that was added before, to change its score.</summary>
    /// <returns>Its address for <see cref="SortedMember"/>, or 0.</returns>
    public readonly nint Find(ReadOnlySpan<byte> member)
    {
        TablePosition position = _set.Table.Find(member, KeyHash.Of(member));
        return position.IsNone ? 0 : position.Entry;
    }

    /// <summary>Adds a member that was not added before.</summary>
    public void Add(ReadOnlySpan<byte> member, double score)
    {
        _set.Table.Insert(SortedMember.Create(arena, score, member), KeyHash.Of(member));
        _longestMember = Math.Max(_longestMember, member.Length);
    }

    /// <summary>Removes a member, if it was added before.</summary>
    public readonly void Remove(ReadOnlySpan<byte> member)
    {
        TablePosition position = _set.Table.Find(member, KeyHash.Of(member));
        if (!position.IsNone)
        {
            nint removed = position.Entry;
            _set.Table.Remove(position);
            SortedMember.Free(arena, removed);
        }
    }

    /// <summary>Orders the members; the set is then complete, and a listpack if it is small.</summary>
    public readonly void Finish(CollectionLimits limits)
    {
        FinishAsTree();
        _set.ConvertToListpackIfSmall(_longestMember, limits);
    }

    /// <summary>Orders the members; the set is then complete, and a tree however small it is.</summary>
    public readonly void FinishAsTree()
    {
        using Scratch<Item> scratch = new();
        NativeList<Item> items = scratch.Items;
        items.EnsureCapacity((int)Math.Min(Count, int.MaxValue / 32));
        foreach (nint member in _set.Table)
        {
            items.Add(new Item(SortedMember.Score(member), member));
        }
        items.Span.Sort();
        foreach (Item item in items)
        {
            _set.AppendToTree(item.Member);
        }
    }
}
