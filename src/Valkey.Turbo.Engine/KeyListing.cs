using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>
/// The names of a database's keys that match a pattern, as of one moment, gathered bit by bit while commands go on adding and
/// removing keys. Owned by the thread of the client that asked; each shard's part is used under that shard only.
/// </summary>
public sealed class KeyListing : IGradualWork
{
    private readonly KeyListingPart[] _parts;
    private int _current;
    private bool _isCancelled;

    private KeyListing(KeyListingPart[] parts) => _parts = parts;

    /// <summary>How many names were found, once all are.</summary>
    public long Count => _parts.Sum(part => part.Count);

    /// <summary>Time spent so far.</summary>
    public long ElapsedNs { get; private set; }

    /// <summary>Whether nothing is left to do.</summary>
    public bool IsDone => _current == _parts.Length;

    /// <summary>Fixes the moment; every shard must be borrowed.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="database">Which database.</param>
    /// <param name="pattern">A glob.</param>
    /// <param name="seenBy">By what clock; what is over is left out.</param>
    public static KeyListing Begin(Worker worker, int database, ReadOnlySpan<byte> pattern, ExpiryClock seenBy)
    {
        byte[] glob = pattern.ToArray();
        return new KeyListing([.. worker.Server.Shards.Select(
            shard => KeyListingPart.Begin(shard.Keyspaces[database], glob, seenBy))]);
    }

    /// <summary>Goes on until a time, by one step at least, one shard at a time; less where another thread has the shard.</summary>
    /// <returns>Whether nothing is left to do.</returns>
    public bool Advance(Worker worker, long endNs)
    {
        long startNs = worker.Server.Clock.MonotonicNs, nowNs = startNs;
        while (!IsDone && (nowNs == startNs || nowNs < endNs) && worker.Shards.TryHold(_parts[_current].Shard.Index))
        {
            KeyListingPart part = _parts[_current];
            if (_isCancelled)
            {
                part.Cancel();
            }
            if (part.IsDone || part.Step())
            {
                _current++;
            }
            worker.Shards.ReleaseAll();
            nowNs = worker.Server.Clock.MonotonicNs;
        }
        ElapsedNs += nowNs - startNs;
        if (IsDone && _isCancelled)
        {
            Free();
        }
        return IsDone;
    }

    /// <summary>Replies the names, and frees them.</summary>
    public void Reply(ReplyWriter reply)
    {
        reply.Array(Count);
        foreach (KeyListingPart part in _parts)
        {
            foreach (SharedMessage names in part.Names)
            {
                reply.Append(names);
            }
        }
        Free();
    }

    /// <summary>To be called when nobody wants the names any more. <see cref="Advance"/> then only tidies up.</summary>
    public void Cancel()
    {
        _isCancelled = true;
        if (IsDone)
        {
            Free();
        }
    }

    private void Free()
    {
        foreach (KeyListingPart part in _parts)
        {
            part.Free();
        }
    }
}
