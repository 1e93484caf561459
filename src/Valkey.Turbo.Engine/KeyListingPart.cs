using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>
/// One shard's part of a <see cref="KeyListing"/>: the names of one keyspace as of the moment the listing began. The table is
/// walked in the order of its SCAN cursor, which is one of hashes, so that it is known of every key whether the walk has
/// passed it. A key that is added ahead of the walk is remembered, to be left out; one that is removed ahead of it is listed
/// at that instant. Used under the shard.
/// </summary>
internal sealed class KeyListingPart
{
    private const int StepBuckets = 16;
    private const int ChunkBytes = 64 << 10;
    private readonly Keyspace _keyspace;
    private readonly byte[] _pattern;
    private readonly bool _isAll;
    private readonly ExpiryClock _seenBy;
    private readonly CommandText _text = new();
    private readonly List<SharedMessage> _names = [];
    private HashSet<byte[]>? _added;
    private ulong _cursor;

    private KeyListingPart(Keyspace keyspace, byte[] pattern, ExpiryClock seenBy)
    {
        (_keyspace, _pattern, _seenBy) = (keyspace, pattern, seenBy);
        _isAll = GlobPattern.IsAll(pattern);
        _text.BeginWords();
    }

    internal Shard Shard => _keyspace.Shard;

    /// <summary>Whether the whole table has been walked.</summary>
    internal bool IsDone { get; private set; }

    /// <summary>How many names were found.</summary>
    internal long Count { get; private set; }

    /// <summary>The names as bulk strings, many to a message.</summary>
    internal IReadOnlyList<SharedMessage> Names => _names;

    internal static KeyListingPart Begin(Keyspace keyspace, byte[] pattern, ExpiryClock seenBy)
    {
        KeyListingPart part = new(keyspace, pattern, seenBy);
        if (keyspace.Table.Count == 0)
        {
            part.IsDone = true;
        }
        else
        {
            keyspace.Listings.Add(part);
        }
        return part;
    }

    /// <summary>Walks some buckets.</summary>
    /// <returns>Whether the walk is over.</returns>
    internal bool Step()
    {
        for (int i = 0; i < StepBuckets; i++)
        {
            Walker walker = new(this, _cursor);
            _cursor = _keyspace.Table.Scan(_cursor, ref walker);
            if (_cursor == 0)
            {
                End();
                return true;
            }
        }
        return false;
    }

    /// <summary>Walks to the end, before the keyspace is emptied.</summary>
    internal void Finish()
    {
        while (!Step())
        {
        }
    }

    /// <summary>Ends the walk where it is.</summary>
    internal void Cancel()
    {
        if (!IsDone)
        {
            End();
        }
    }

    internal void NoteAdded(ReadOnlySpan<byte> key, ulong hash)
    {
        if (!HasPassed(hash, _cursor))
        {
            (_added ??= new HashSet<byte[]>(BytesComparer.Instance)).Add(key.ToArray());
        }
    }

    internal void NoteRemoved(Entry entry)
    {
        bool isAhead = !HasPassed(KeyHash.Of(entry.KeySpan), _cursor);
        if (isAhead && _added?.GetAlternateLookup<ReadOnlySpan<byte>>().Remove(entry.KeySpan) != true)
        {
            List(entry);
        }
    }

    internal void Free()
    {
        foreach (SharedMessage names in _names)
        {
            names.Release();
        }
        _names.Clear();
        _text.Dispose();
    }

    private static bool HasPassed(ulong hash, ulong cursor) => HashTable<Entry>.IsBehind(hash, cursor);

    private void List(Entry entry)
    {
        if (_seenBy.IsOver(entry.ExpiresAtUnixMs) || !(_isAll || GlobPattern.IsMatch(_pattern, entry.KeySpan)))
        {
            return;
        }
        Count++;
        if (_text.Add(entry.KeySpan).Bytes.Length >= ChunkBytes)
        {
            Seal();
        }
    }

    private void Seal()
    {
        _names.Add(SharedMessage.Of(_text.Bytes));
        _text.BeginWords();
    }

    private void End()
    {
        IsDone = true;
        _keyspace.Listings.Remove(this);
        _added = null;
        if (_text.Bytes.Length > 0)
        {
            Seal();
        }
        _text.Dispose();
    }

    private readonly ref struct Walker(KeyListingPart part, ulong cursor) : IEntryVisitor
    {
        private readonly bool _mayHavePassed = part._keyspace.Table.IsInsideBucket(cursor);

        public void Visit(nint address)
        {
            Entry entry = new(address);
            bool isOld = _mayHavePassed && HasPassed(KeyHash.Of(entry.KeySpan), cursor);
            bool isNew = part._added?.GetAlternateLookup<ReadOnlySpan<byte>>().Contains(entry.KeySpan) == true;
            if (!isOld && !isNew)
            {
                part.List(entry);
            }
        }
    }
}
