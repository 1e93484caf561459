using System.Numerics;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <content>Plain iteration.</content>
public readonly unsafe partial struct HashTable<TEntry>
{
    /// <summary>Goes over every entry; the table must not change meanwhile.</summary>
    public Enumerator GetEnumerator() => new(this);

    /// <summary>Goes over the entries of a table.</summary>
    public struct Enumerator
    {
        private readonly HashTable<TEntry> _table;
        private Bucket _bucket;
        private long _next;
        private int _mask;
#if CHECKED
        private readonly long _version;
#endif

        internal Enumerator(HashTable<TEntry> table)
        {
            _table = table;
#if CHECKED
            _version = table._state->Version;
#endif
        }

        /// <summary>The entry now visited.</summary>
        public nint Current { get; private set; }

        public bool MoveNext()
        {
#if CHECKED
            Invariant.Check(_table._state->Version == _version);
#endif
            while (_mask == 0)
            {
                _bucket = _bucket.IsNull ? default : _bucket.Next;
                if (_bucket.IsNull)
                {
                    if (_next == _table.BucketCount)
                    {
                        return false;
                    }
                    _bucket = _table.BucketAt((ulong)_next++);
                }
                _mask = _bucket.Occupied;
            }
            Current = _bucket.Entry(BitOperations.TrailingZeroCount(_mask));
            _mask &= _mask - 1;
            return true;
        }
    }
}
