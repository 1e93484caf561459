using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine.Eviction;

/// <summary>
/// The best candidates for eviction seen so far, over all rounds of sampling: what makes a few samples a round come close to
/// the exact order. (The pool of Redis 3.0, later Valkey's, of the same size.)
/// </summary>
internal sealed class CandidatePool : IDisposable
{
    private const int Size = 16;
    private const int LargestKeptBytes = 1 << 16;
    private readonly Candidate[] _candidates = new Candidate[Size];
    private int _count;

    /// <summary>A key by name: it may have gone or changed since it was seen.</summary>
    internal struct Candidate
    {
        private NativeList<byte>? _key;

        internal long Score;
        internal int Shard;
        internal int Database;

        internal readonly ReadOnlySpan<byte> Key => _key is null ? default : _key.Span;

        internal void SetKey(ReadOnlySpan<byte> key)
        {
            _key ??= new NativeList<byte>();
            _key.Clear();
            if (_key.Capacity > LargestKeptBytes)
            {
                _key.Dispose();
            }
            _key.AddRange(key);
        }

        internal readonly void Free() => _key?.Dispose();
    }

    public void Dispose() => Array.ForEach(_candidates, candidate => candidate.Free());

    /// <summary>Whether a candidate of this score would get in.</summary>
    internal bool Takes(long score) => _count < Size || score > _candidates[0].Score;

    /// <summary>Adds a candidate in its place; if the pool is full the least one leaves.</summary>
    internal void Add(long score, int shard, int database, ReadOnlySpan<byte> key)
    {
        for (int i = 0; i < _count; i++)
        {
            if (_candidates[i].Shard == shard && _candidates[i].Database == database && _candidates[i].Key.SequenceEqual(key))
            {
                return;
            }
        }
        // The slot that becomes free keeps its buffer for the newcomer.
        int from = _count < Size ? _count++ : 0;
        Candidate slot = _candidates[from];
        int at = from;
        while (at + 1 < _count && _candidates[at + 1].Score < score)
        {
            _candidates[at] = _candidates[at + 1];
            at++;
        }
        while (at > 0 && _candidates[at - 1].Score > score)
        {
            _candidates[at] = _candidates[at - 1];
            at--;
        }
        (slot.Score, slot.Shard, slot.Database) = (score, shard, database);
        slot.SetKey(key);
        _candidates[at] = slot;
    }

    /// <summary>Takes the best candidate out. The result is valid until the next <see cref="Add"/>.</summary>
    internal bool TryTakeBest(out Candidate best)
    {
        best = _count > 0 ? _candidates[_count - 1] : default;
        if (_count == 0)
        {
            return false;
        }
        _count--;
        return true;
    }
}
