using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>Adds elements to a list.</summary>
internal struct ListSink(ListValue list, CollectionLimits limits) : IElementSink
{
    public readonly void Add(scoped ReadOnlySpan<byte> element)
    {
        list.ExpectMore(element.Length, 1, limits);
        list.Push(element, atHead: false, limits);
    }
}

/// <summary>Adds elements to a list that is a chain, or a listpack however long.</summary>
internal struct LinkSink(ListValue list, CollectionLimits limits) : IElementSink
{
    public readonly void Add(scoped ReadOnlySpan<byte> element) => list.Push(element, atHead: false, limits);
}

/// <summary>Adds elements to a set, each of which may come only once.</summary>
internal struct SetSink(SetValue set, CollectionLimits limits) : IElementSink
{
    internal bool HasDuplicate { get; private set; }

    public void Add(scoped ReadOnlySpan<byte> element) => HasDuplicate |= !set.Add(element, limits);
}

/// <summary>Adds fields and values in turn to a hash; a field may come only once.</summary>
internal struct HashSink(HashValue hash, CollectionLimits limits, NativeList<byte> name) : IElementSink
{
    private bool _hasName;
    private bool _hasDuplicate;

    internal readonly bool IsComplete => !_hasDuplicate && !_hasName;

    public void Add(scoped ReadOnlySpan<byte> element)
    {
        _hasName = !_hasName;
        if (_hasName)
        {
            RdbValueReader.Keep(name, element);
            return;
        }
        _hasDuplicate |= !hash.Set(name.Span, element, ITableEntry.NoExpiry, limits);
    }
}

/// <summary>Adds members and scores in turn to a sorted set; a member may come only once.</summary>
internal struct SortedSetSink(SortedSetBuilder builder, NativeList<byte> member) : IElementSink
{
    private SortedSetBuilder _builder = builder;
    private bool _hasMember;
    private bool _isDamaged;

    internal readonly bool IsComplete => !_isDamaged && !_hasMember;

    public void Add(scoped ReadOnlySpan<byte> element)
    {
        _hasMember = !_hasMember;
        if (_hasMember)
        {
            RdbValueReader.Keep(member, element);
            return;
        }
        _isDamaged |= !DoubleText.TryParse(element, out double score) || double.IsNaN(score) || _builder.Find(member.Span) != 0;
        if (!_isDamaged)
        {
            _builder.Add(member.Span, score);
        }
    }
}
