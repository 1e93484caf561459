using System.Collections.Concurrent;
using Valkey.Turbo.Engine.Eviction;
using Valkey.Turbo.Engine.PubSub;
using Valkey.Turbo.Engine.Tracking;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>
/// What one server thread carries through the engine: its time, its borrowed shards, its counters, its journal clock.
/// Used by that thread only, but for the counters, which others read.
/// </summary>
public sealed class Worker : IDisposable
{
    private const long LargestRecordBytes = 64 << 20;
    private readonly CommandText _record = new();
    private readonly ConcurrentQueue<Delivery> _mailbox = new();
    private Dictionary<byte[], Session?>? _changedKeys;
    private long _lastStampNs;
    private readonly Queue<(IGradualWork Work, Session Client)> _listings = new();
    private long _turn;
    private int _postponedCount;
    private bool _hasToldOwn;
    private int _groupDepth;
    private bool _hasRecords;

    internal Worker(ServerInstance server, int thread, ulong seed)
    {
        Server = server;
        Thread = thread;
        Random = new RandomSource(seed);
        Shards = new BorrowedShards(server.Shards, thread, server.Reservations);
        Evictor = new Evictor(this);
        RefreshTime();
    }

    /// <summary>The server that the thread belongs to.</summary>
    public ServerInstance Server { get; }

    /// <summary>The thread's number, from 0.</summary>
    public int Thread { get; }

    /// <summary>The shards the thread holds.</summary>
    public BorrowedShards Shards { get; private set; }

    /// <summary>Has the thread go on with other shards than those it holds, which stay held; it gets them back in the same way.</summary>
    /// <param name="others">What it has from now on, or null for none.</param>
    /// <returns>What it had.</returns>
    public BorrowedShards ExchangeShards(BorrowedShards? others)
    {
        BorrowedShards had = Shards;
        Shards = others ?? new BorrowedShards(Server.Shards, Thread, Server.Reservations);
        return had;
    }

    /// <summary>The thread's chance.</summary>
    public RandomSource Random { get; }

    /// <summary>The thread's counters.</summary>
    public WorkerStats Stats { get; } = new();

    /// <summary>The time at the start of the batch, in milliseconds since 1970; what expiry goes by.</summary>
    public long NowUnixMs { get; private set; }

    /// <summary>The same instant on the monotonic clock.</summary>
    public long NowMonotonicNs { get; private set; }

    /// <summary>Counts turns of the thread's loop; between two of them the thread holds no hint of any table.</summary>
    public long Turn => Volatile.Read(ref _turn);

    /// <summary>
    /// Begins another turn. The fence keeps looks at tables behind it: whoever unhooks a table and does not see this turn can be sure that
    /// the turn does not see the table.
    /// </summary>
    public void BeginTurn()
    {
        Volatile.Write(ref _turn, _turn + 1);
        Interlocked.MemoryBarrier();
    }

    /// <summary>The LRU time of <see cref="NowUnixMs"/>.</summary>
    public uint LruClock { get; private set; }

    /// <summary>Whether entries keep LFU data; as of the start of the batch.</summary>
    public bool TracksFrequency { get; private set; }

    /// <summary>Addresses gathered by an iteration; empty between commands.</summary>
    public NativeList<nint> Found { get; } = new();

    /// <summary>Fields of a hash gathered to be removed; empty between commands.</summary>
    internal NativeList<nint> FoundFields { get; } = new();

    /// <summary>Reads the clocks. Called once for a batch, so that all of its commands see one time.</summary>
    public void RefreshTime()
    {
        NowMonotonicNs = Server.Clock.MonotonicNs;
        NowUnixMs = Server.UnixMsAt(NowMonotonicNs);
        LruClock = AccessClock.LruOf(NowUnixMs);
        TracksFrequency = Server.Config.TracksFrequency;
    }

    /// <summary>Journals an effect on one shard.</summary>
    public void Journal(Shard shard, int database, ReadOnlySpan<byte> command)
    {
        if (Server.Journal is IJournalSink sink)
        {
            long stamp = NextStamp(shard.LastStampNs);
            shard.LastStampNs = stamp;
            Append(sink, stamp, database, command);
        }
    }

    /// <summary>Journals an effect on all shards held.</summary>
    public void JournalHeld(int database, ReadOnlySpan<byte> command)
    {
        if (Server.Journal is IJournalSink sink)
        {
            long last = 0;
            foreach (int index in Shards.Held)
            {
                last = Math.Max(last, Server.Shards[index].LastStampNs);
            }
            long stamp = NextStamp(last);
            foreach (int index in Shards.Held)
            {
                Server.Shards[index].LastStampNs = stamp;
            }
            Append(sink, stamp, database, command);
        }
    }

    /// <summary>
    /// Begins a group of records, which is seen whole or not at all; what is journalled without one stands for itself. A group within a
    /// group is part of it.
    /// </summary>
    public void BeginGroup() => _groupDepth++;

    /// <summary>Ends the group, while the shards of all of its records are still held.</summary>
    public void EndGroup()
    {
        if (--_groupDepth > 0 || !_hasRecords)
        {
            return;
        }
        _hasRecords = false;
        if (Server.Journal is IJournalSink sink)
        {
            long end = sink.EndGroup(Thread);
            Session?.JournalledCount = end;
        }
    }

    private void Append(IJournalSink sink, long stamp, int database, ReadOnlySpan<byte> command)
    {
        sink.Append(new JournalStamp(stamp, Thread), database, command);
        if (_groupDepth == 0)
        {
            sink.EndGroup(Thread);
        }
        else
        {
            _hasRecords = true;
        }
    }

    /// <summary>Journals the removal of one key, in the way in which it is freed here.</summary>
    internal void JournalDelete(Shard shard, int database, ReadOnlySpan<byte> key, bool lazily)
    {
        if (Server.Journal is not null)
        {
            Journal(shard, database, _record.Begin(2).Add(lazily ? "UNLINK"u8 : "DEL"u8).Add(key).Bytes);
        }
    }

    /// <summary>Journals the removal of fields of a hash.</summary>
    internal void JournalFieldsDeleted(Shard shard, int database, ReadOnlySpan<byte> key, NativeList<nint> fields)
    {
        for (int first = 0, end = 0; Server.Journal is not null && first < fields.Count; first = end)
        {
            // No record is much larger than its largest word.
            for (long bytes = 0; end < fields.Count && (end == first || bytes < LargestRecordBytes); end++)
            {
                bytes += HashField.Key(fields[end]).Length;
            }
            _record.Begin(end - first + 2).Add("HDEL"u8).Add(key);
            for (int i = first; i < end; i++)
            {
                _record.Add(HashField.Key(fields[i]));
            }
            Journal(shard, database, _record.Bytes);
        }
    }

    /// <summary>The subscribers among the thread's clients.</summary>
    public LocalSubscribers Subscribers { get; } = new();

    /// <summary>The thread's clients that track keys.</summary>
    internal HashSet<ClientTracking> Trackers { get; } = [];

    /// <summary>Makes room for the thread's commands.</summary>
    public Evictor Evictor { get; }

    /// <summary>Counts the memory of requests that this thread's clients have sent in part, or queued.</summary>
    public ByteCounter RequestMemory { get; } = new();

    /// <summary>Counts the memory of replies of this thread that wait to be sent.</summary>
    public ByteCounter ReplyMemory { get; } = new();

    /// <summary>Bytes of the thread's clients' buffers.</summary>
    public long BufferBytes => RequestMemory.Bytes + ReplyMemory.Bytes;

    /// <summary>How many of the thread's clients have a command that waits for the end of a pause, or for shards. Other threads read it.</summary>
    public int PostponedCount
    {
        get => Volatile.Read(ref _postponedCount);
        set => Volatile.Write(ref _postponedCount, value);
    }

    /// <summary>Whether the command that runs is one that writes.</summary>
    public bool IsWriting { get; set; }

    /// <summary>The thread's clients that watch all commands.</summary>
    internal HashSet<Session> Monitors { get; } = [];

    /// <summary>The client whose command runs, or null between commands.</summary>
    public Session? Session { get; set; }

    /// <summary>Whether listings of keys, or long scripts, are under way for the thread's clients.</summary>
    public bool HasListings => _listings.Count > 0;

    /// <summary>Has something done between turns; the client's command is run again at its end.</summary>
    public void Add(IGradualWork work, Session client) => _listings.Enqueue((work, client));

    /// <summary>Goes on with the listings, one after another, for about <paramref name="budgetNs"/>.</summary>
    public void AdvanceListings(long budgetNs)
    {
        long endNs = Server.Clock.MonotonicNs + budgetNs;
        for (int left = _listings.Count; left > 0 && Server.Clock.MonotonicNs < endNs; left--)
        {
            (IGradualWork listing, Session client) = _listings.Dequeue();
            if (listing.Advance(this, endNs))
            {
                client.Transport.Resume();
            }
            else
            {
                _listings.Enqueue((listing, client));
            }
        }
    }

    /// <summary>Notes a changed key for the broadcast at the end of the turn.</summary>
    internal void NoteForBroadcast(ReadOnlySpan<byte> key)
    {
        _changedKeys ??= new Dictionary<byte[], Session?>(BytesComparer.Instance);
        _changedKeys.GetAlternateLookup<ReadOnlySpan<byte>>()[key] = Session;
    }

    /// <summary>Tells broadcast clients which keys have changed in the turn. Called before the turn's replies are sent.</summary>
    public void BroadcastChanges()
    {
        if (_changedKeys is { } changed)
        {
            _changedKeys = null;
            Server.Tracking.Broadcast(this, changed);
        }
    }

    /// <summary>For putting messages together; what is in it is valid until the next use.</summary>
    internal CommandText Text { get; } = new();

    /// <summary>Whether the thread has posted something to itself that is yet to be delivered.</summary>
    public bool HasOwnDeliveries { get; private set; }

    /// <summary>Whether the running command has told a blocked one of its key, which is to run before any other.</summary>
    public bool HasTold { get; private set; }

    /// <summary>Has a blocked command run again by its own thread.</summary>
    internal void Tell(Session client)
    {
        // Between commands the thread holds nothing, and runs what it has resumed before it waits for events.
        HasTold = Session is not null;
        _hasToldOwn = HasTold && (_hasToldOwn || client.Thread == Thread);
        client.Transport.Resume();
    }

    /// <summary>
    /// Lets go of everything, so that the blocked commands that were told can run. True if some of them are this thread's own, so that
    /// it must run them before it goes on.
    /// </summary>
    public bool GiveWay()
    {
        Shards.ReleaseAll();
        bool hasToldOwn = _hasToldOwn;
        HasTold = _hasToldOwn = false;
        return hasToldOwn;
    }

    /// <summary>Gives the thread something for its clients, from <paramref name="sender"/>'s thread.</summary>
    public void Post(Delivery delivery, Worker sender)
    {
        _mailbox.Enqueue(delivery);
        if (sender == this)
        {
            HasOwnDeliveries = true;
        }
        else
        {
            Server.Wake(Thread);
        }
    }

    /// <summary>Hands everything posted to the thread's clients. Called between commands, by the thread itself.</summary>
    public void DeliverAll()
    {
        HasOwnDeliveries = false;
        while (_mailbox.TryDequeue(out Delivery? delivery))
        {
            delivery.Deliver(this);
        }
    }

    public void Dispose()
    {
        _record.Dispose();
        Found.Dispose();
        FoundFields.Dispose();
        Evictor.Dispose();
        Text.Dispose();
    }

    private long NextStamp(long lastOfShards)
    {
        _lastStampNs = Math.Max(Math.Max(_lastStampNs, lastOfShards) + 1, NowMonotonicNs);
        return _lastStampNs;
    }
}
