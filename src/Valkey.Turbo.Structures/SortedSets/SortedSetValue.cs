using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A sorted set: small ones are a listpack of members and scores in turn, in order; larger ones a table of
/// <see cref="SortedMember"/> together with a <see cref="RankedTree"/> over them, whose addresses lie in a root of two words.
/// A view of the entry that owns the set.
/// </summary>
public readonly unsafe struct SortedSetValue(Entry entry, Arena arena)
{
    internal const int RootBytes = 16;
    private const int ScratchBytes = 32;

    /// <summary>Whether the set is a listpack.</summary>
    public bool IsListpack => entry.Encoding == ValueEncoding.Listpack;

    /// <summary>The set as a listpack.</summary>
    public Listpack Listpack => new(entry.Collection);

    /// <summary>The members as a table.</summary>
    public HashTable<SortedMember> Table => new(*(nint*)entry.Collection, arena);

    internal RankedTree Tree => new(*(nint*)(entry.Collection + 8), arena);

    /// <summary>How many members there are.</summary>
    public long Count => IsListpack ? Listpack.Count / 2 : Table.Count;

    /// <summary>The encoding in which to begin a set of so many members and of so long a member.</summary>
    public static ValueEncoding EncodingFor(long expectedCount, long longestMember, CollectionLimits limits) =>
        expectedCount <= limits.ZsetMaxListpackEntries && longestMember <= limits.ZsetMaxListpackValue
            ? ValueEncoding.Listpack
            : ValueEncoding.RankedTree;

    /// <summary>Makes an empty collection of an encoding.</summary>
    internal static nint Create(ValueEncoding encoding, Arena arena)
    {
        if (encoding == ValueEncoding.Listpack)
        {
            return Listpack.Create(arena).Address;
        }
        nint root = arena.Allocate(RootBytes);
        *(nint*)root = new HashTable<SortedMember>(arena).Address;
        *(nint*)(root + 8) = RankedTree.Create(arena).Root;
        return root;
    }

    /// <summary>Finds a member's score.</summary>
    public bool TryScore(ReadOnlySpan<byte> member, out double score)
    {
        score = 0;
        if (IsListpack)
        {
            int at = Listpack.Find(member, Listpack.First, 2);
            score = at == Listpack.None ? 0 : ReadScore(Listpack, Listpack.Behind(at));
            return at != Listpack.None;
        }
        TablePosition position = Table.Find(member, KeyHash.Of(member));
        score = position.IsNone ? 0 : SortedMember.Score(position.Entry);
        return !position.IsNone;
    }

    /// <summary>Adds a member that is not in the set.</summary>
    public void Add(ReadOnlySpan<byte> member, double score, CollectionLimits limits)
    {
        if (IsListpack)
        {
            bool fits = Count < limits.ZsetMaxListpackEntries && member.Length <= limits.ZsetMaxListpackValue
                && Listpack.HasRoomFor(member.Length + 64L);
            if (fits)
            {
                InsertPair(member, score);
                return;
            }
            ConvertToTree();
        }
        nint added = SortedMember.Create(arena, score, member);
        Table.Insert(added, KeyHash.Of(member));
        SetTree(Tree.Insert(added));
    }

    /// <summary>Changes the score of a member that is in the set.</summary>
    public void SetScore(ReadOnlySpan<byte> member, double score)
    {
        if (IsListpack)
        {
            Move(Listpack.Remove(arena, Listpack.Find(member, Listpack.First, 2), 2));
            InsertPair(member, score);
            return;
        }
        nint changed = Table.Find(member, KeyHash.Of(member)).Entry;
        RankedTree without = Tree.Remove(changed);
        SortedMember.SetScore(changed, score);
        SetTree(without.Insert(changed));
    }

    /// <summary>Removes a member; false if it was none.</summary>
    public bool Remove(ReadOnlySpan<byte> member)
    {
        if (IsListpack)
        {
            int at = Listpack.Find(member, Listpack.First, 2);
            if (at != Listpack.None)
            {
                Move(Listpack.Remove(arena, at, 2));
            }
            return at != Listpack.None;
        }
        HashTable<SortedMember> table = Table;
        TablePosition position = table.Find(member, KeyHash.Of(member));
        if (position.IsNone)
        {
            return false;
        }
        nint removed = position.Entry;
        SetTree(Tree.Remove(removed));
        table.Remove(position);
        SortedMember.Free(arena, removed);
        return true;
    }

    /// <summary>Removes the members at ranks from <paramref name="rank"/> on, which exist.</summary>
    public void RemoveRange(long rank, long count)
    {
        if (IsListpack)
        {
            Move(Listpack.Remove(arena, Listpack.At(rank * 2), (int)count * 2));
            return;
        }
        HashTable<SortedMember> table = Table;
        for (; count > 0; count--)
        {
            SetTree(Tree.RemoveAt(rank, out nint removed));
            ReadOnlySpan<byte> name = SortedMember.Key(removed);
            table.Remove(table.Find(name, KeyHash.Of(name)));
            SortedMember.Free(arena, removed);
        }
    }

    /// <summary>How many members lie before a cut; which is the rank of the first that does not.</summary>
    public long RankOf<TBound>(scoped in TBound bound)
        where TBound : struct, ISortedBound, allows ref struct
    {
        if (!IsListpack)
        {
            return Tree.RankOf(bound);
        }
        Listpack pairs = Listpack;
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        long rank = 0;
        for (int at = pairs.First; at != Listpack.None; rank++)
        {
            int scoreAt = pairs.Behind(at);
            int order = bound.CompareScore(ReadScore(pairs, scoreAt));
            if (order > 0 || (order == 0 && !bound.IsBefore(pairs.Read(at, scratch))))
            {
                break;
            }
            at = pairs.Next(scoreAt);
        }
        return rank;
    }

    /// <summary>Goes over <paramref name="count"/> members from a rank on, upwards or downwards; all of them exist.</summary>
    public SortedSetEnumerator Enumerate(long rank, long count, bool isReverse = false) => new(this, rank, count, isReverse);

    /// <summary>Turns a listpack into a table and a tree.</summary>
    public void ConvertToTree()
    {
        Listpack pairs = Listpack;
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        entry.SetCollection(ValueEncoding.RankedTree, Create(ValueEncoding.RankedTree, arena));
        for (int at = pairs.First; at != Listpack.None; at = pairs.Next(pairs.Behind(at)))
        {
            ReadOnlySpan<byte> name = pairs.Read(at, scratch);
            nint member = SortedMember.Create(arena, ReadScore(pairs, pairs.Behind(at)), name);
            Table.Insert(member, KeyHash.Of(name));
            SetTree(Tree.Insert(member));
        }
        pairs.Free(arena);
    }

    /// <summary>Turns a small set that was built as a tree into a listpack, where the limits let it be one.</summary>
    public void ConvertToListpackIfSmall(long longestMember, CollectionLimits limits)
    {
        if (IsListpack || EncodingFor(Count, longestMember, limits) != ValueEncoding.Listpack)
        {
            return;
        }
        Listpack pairs = Listpack.Create(arena);
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits], text = stackalloc byte[ScratchBytes];
        SortedSetEnumerator members = Enumerate(0, Count);
        while (members.MoveNext())
        {
            pairs = pairs.Append(arena, members.Member(scratch)).Append(arena, FormatScore(members.Score, text));
        }
        Free();
        entry.SetCollection(ValueEncoding.Listpack, pairs.Address);
    }

    /// <summary>Copies a set that is held as a tree into an arena.</summary>
    internal static nint Copy(SortedSetValue source, Arena arena)
    {
        nint root = Create(ValueEncoding.RankedTree, arena);
        HashTable<SortedMember> table = new(*(nint*)root, arena);
        RankedTree tree = new(*(nint*)(root + 8), arena);
        TreeCursor members = new(source.Tree, 0, source.Count, isReverse: false);
        while (members.MoveNext())
        {
            ReadOnlySpan<byte> name = SortedMember.Key(members.Current);
            nint copy = SortedMember.Create(arena, SortedMember.Score(members.Current), name);
            table.Insert(copy, KeyHash.Of(name));
            tree = tree.Insert(copy);
        }
        *(nint*)(root + 8) = tree.Root;
        return root;
    }

    /// <summary>Frees the members and what holds them.</summary>
    internal void Free()
    {
        if (IsListpack)
        {
            Listpack.Free(arena);
            return;
        }
        Tree.Free();
        foreach (nint member in Table)
        {
            SortedMember.Free(arena, member);
        }
        Table.Free();
        arena.Free(entry.Collection, RootBytes);
    }

    /// <summary>The score that stands in a listpack.</summary>
    internal static double ReadScore(Listpack pairs, int offset)
    {
        if (pairs.TryInteger(offset, out long integer))
        {
            return integer;
        }
        return DoubleText.TryParse(pairs.Read(offset, []), out double score) ? score : double.NaN;
    }

    private static ReadOnlySpan<byte> FormatScore(double score, Span<byte> text) => text[..DoubleText.Format(score == 0 ? 0 : score, text)];

    private void InsertPair(ReadOnlySpan<byte> member, double score)
    {
        Span<byte> text = stackalloc byte[ScratchBytes];
        ReadOnlySpan<byte> scoreText = FormatScore(score, text);
        Listpack pairs = Listpack;
        int at = pairs.At(RankOf(new MemberBound(score, member)) * 2);
        at = at == Listpack.None ? pairs.EndOffset : at;
        pairs = pairs.Insert(arena, at, member);
        Move(pairs.Insert(arena, pairs.Behind(at), scoreText));
    }

    /// <summary>Adds to the tree a member that is in the table already.</summary>
    internal void AppendToTree(nint member) => SetTree(Tree.Insert(member));

    private void SetTree(RankedTree tree) => *(nint*)(entry.Collection + 8) = tree.Root;

    private void Move(Listpack moved)
    {
        Entry owner = entry;
        owner.Collection = moved.Address;
    }
}

/// <summary>Goes over a sorted set's members by rank.</summary>
public struct SortedSetEnumerator
{
    private readonly SortedSetValue _set;
    private readonly bool _isReverse;
    private TreeCursor _tree;
    private int _offset;
    private long _left;
    private bool _isStarted;

    internal SortedSetEnumerator(SortedSetValue set, long rank, long count, bool isReverse)
    {
        _set = set;
        _isReverse = isReverse;
        _left = count;
        if (!set.IsListpack)
        {
            _tree = new TreeCursor(set.Tree, rank, count, isReverse);
            return;
        }
        _offset = count > 0 ? set.Listpack.At(rank * 2) : Listpack.None;
    }

    public bool MoveNext()
    {
        if (!_set.IsListpack)
        {
            return _tree.MoveNext();
        }
        if (_left <= 0)
        {
            return false;
        }
        _left--;
        if (_isStarted)
        {
            Listpack pairs = _set.Listpack;
            _offset = _isReverse ? pairs.Previous(pairs.Previous(_offset)) : pairs.Next(pairs.Behind(_offset));
        }
        _isStarted = true;
        return true;
    }

    /// <summary>The member; an integer is written to <paramref name="scratch"/>.</summary>
    public readonly ReadOnlySpan<byte> Member(Span<byte> scratch) =>
        _set.IsListpack ? _set.Listpack.Read(_offset, scratch) : SortedMember.Key(_tree.Current);

    /// <summary>The member's score.</summary>
    public readonly double Score => _set.IsListpack
        ? SortedSetValue.ReadScore(_set.Listpack, _set.Listpack.Behind(_offset))
        : SortedMember.Score(_tree.Current);
}
