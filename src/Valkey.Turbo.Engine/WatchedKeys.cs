using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine;

/// <summary>A key that a session watches, so that EXEC fails once the key has changed.</summary>
public sealed class Watch(Shard shard, int database, ReadOnlySpan<byte> key)
{
    private bool _isDirty;
    private bool _isOver;

    /// <summary>Where the key lives or would live.</summary>
    public Shard Shard { get; } = shard;

    /// <summary>The key's database.</summary>
    public int Database { get; } = database;

    /// <summary>The key.</summary>
    public byte[] Key { get; } = key.ToArray();

    /// <summary>Whether there was a live key when the watch began: otherwise that what is there expires is no change.</summary>
    public bool WasPresent { get; init; }

    /// <summary>Whether the key has changed. Set under the shard; read by the session's thread under the shard as well.</summary>
    public bool IsDirty
    {
        get => Volatile.Read(ref _isDirty);
        internal set => Volatile.Write(ref _isDirty, value);
    }

    /// <summary>Whether the session no longer cares.</summary>
    internal bool IsOver
    {
        get => Volatile.Read(ref _isOver);
        set => Volatile.Write(ref _isOver, value);
    }

    /// <summary>The key and its database, as one name.</summary>
    public byte[] Name { get; } = KeyName.Of(database, key, []).ToArray();
}

/// <summary>
/// The watches on one shard's keys. Used under the shard, but for <see cref="End"/>: sessions end their watches from any
/// thread, and the shard forgets them when it is next borrowed for housekeeping.
/// </summary>
public sealed class WatchedKeys
{
    private readonly Dictionary<byte[], List<Watch>> _byKey = new(BytesComparer.Instance);
    private readonly ConcurrentQueue<Watch> _ended = new();

    /// <summary>How many keys are watched.</summary>
    internal int KeyCount => _byKey.Count;

    /// <summary>Whether there are watches to forget.</summary>
    internal bool HasEnded => !_ended.IsEmpty;

    /// <summary>Begins a watch.</summary>
    public void Add(Watch watch)
    {
        (CollectionsMarshal.GetValueRefOrAddDefault(_byKey, watch.Name, out _) ??= []).Add(watch);
        watch.Shard.BeginObserving();
    }

    /// <summary>Ends a watch; from any thread.</summary>
    public void End(Watch watch)
    {
        watch.IsOver = true;
        _ended.Enqueue(watch);
    }

    /// <summary>Notes that a key has changed.</summary>
    public void Touch(int database, ReadOnlySpan<byte> key)
    {
        foreach (Watch watch in On(database, key))
        {
            watch.IsDirty = true;
        }
    }

    /// <summary>Notes that a key has expired, which those have expected who saw it expired already.</summary>
    public void TouchExpired(int database, ReadOnlySpan<byte> key)
    {
        foreach (Watch watch in On(database, key))
        {
            watch.IsDirty |= watch.WasPresent;
        }
    }

    private Span<Watch> On(int database, ReadOnlySpan<byte> key)
    {
        if (_byKey.Count == 0)
        {
            return default;
        }
        Span<byte> scratch = stackalloc byte[KeyName.ScratchBytes];
        ReadOnlySpan<byte> name = KeyName.Of(database, key, scratch);
        return _byKey.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out List<Watch>? watches) ? CollectionsMarshal.AsSpan(watches) : default;
    }

    /// <summary>Notes that whole databases are changing, for the keys that <paramref name="isAffected"/> tells of.</summary>
    internal void TouchAll(Func<Watch, bool> isAffected)
    {
        foreach (List<Watch> watches in _byKey.Values)
        {
            foreach (Watch watch in watches)
            {
                watch.IsDirty |= !watch.IsOver && isAffected(watch);
            }
        }
    }

    /// <summary>Forgets the watches that have ended.</summary>
    internal void ForgetEnded()
    {
        while (_ended.TryDequeue(out Watch? watch))
        {
            if (_byKey.TryGetValue(watch.Name, out List<Watch>? watches) && watches.Remove(watch) && watches.Count == 0)
            {
                _byKey.Remove(watch.Name);
            }
        }
    }
}
