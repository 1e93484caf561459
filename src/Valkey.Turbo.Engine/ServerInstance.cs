using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using Valkey.Turbo.Engine.Diagnostics;
using Valkey.Turbo.Engine.PubSub;
using Valkey.Turbo.Engine.Tracking;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence;

namespace Valkey.Turbo.Engine;

/// <summary>What the engine needs of a server thread.</summary>
public interface IThreadWaker
{
    /// <summary>Makes the thread take another turn of its loop soon; called from any thread.</summary>
    void Wake();
}

/// <summary>The server: shards, threads, clients and settings. There may be several in one process, as in tests.</summary>
public sealed class ServerInstance : IDisposable
{
    private const int ShardsPerThread = 16;
    private const int MaxShards = 1024;

    private readonly IThreadWaker?[] _wakers;
    private readonly long _unixMicrosecondsAtStart;
    private readonly int _slotsPerShardShift;
    private long _nextClientId;
    private long _savedChanges;

    /// <summary>Makes a server of <paramref name="threadCount"/> threads.</summary>
    /// <param name="config">Its settings.</param>
    /// <param name="threadCount">How many threads will run workers.</param>
    /// <param name="nodeOfThread">The NUMA node of each thread's CPU, -1 for none.</param>
    /// <param name="clock">Time; the machine's unless a test drives it.</param>
    /// <param name="seed">Chance; random unless a test fixes it.</param>
    /// <param name="files">Files; the machine's unless a test has them fail.</param>
    /// <param name="hasProcessFence">Whether one thread can make all pass a memory fence; as the kernel says, unless a test knows better.</param>
    public ServerInstance(
        ServerConfig config, int threadCount, Func<int, int>? nodeOfThread = null, Clock? clock = null, ulong? seed = null,
        FileCalls? files = null, bool? hasProcessFence = null)
    {
        Config = config;
        Clock = clock ?? Clock.System;
        Files = files ?? FileCalls.Kernel;
        StartedAtNs = Clock.MonotonicNs;
        _unixMicrosecondsAtStart = Clock.UnixMicroseconds;
        _wakers = new IThreadWaker?[threadCount];
        int shardCount = threadCount == 1
            ? 1
            : Math.Min(MaxShards, (int)BitOperations.RoundUpToPowerOf2((uint)(threadCount * ShardsPerThread)));
        _slotsPerShardShift = BitOperations.Log2((uint)KeySlot.Count) - BitOperations.Log2((uint)shardCount);
        Memory = new SpanSource[threadCount];
        for (int i = 0; i < threadCount; i++)
        {
            Memory[i] = new SpanSource(nodeOfThread?.Invoke(i) ?? -1);
        }
        Workers = new Worker[threadCount];
        Tracking = new TrackingDirectory(this);
        Monitors = new MonitorDirectory(this);
        Pause = new ClientPause(this);
        Shards = new Shard[shardCount];
        int databases = (int)config.Databases.Number;
        for (int i = 0; i < shardCount; i++)
        {
            int home = (int)((long)i * threadCount / shardCount);
            ShardLock shardLock = new(threadCount > 1, hasProcessFence ?? ProcessFence.IsSupported, Clock, WakeThreads);
            Shards[i] = new Shard(i, home, Memory[home], databases, Tracking, shardLock);
        }
        Reservations = new ReservationToken(WakeThreads);
        ulong baseSeed = seed ?? Entropy.NextUInt64();
        for (int i = 0; i < threadCount; i++)
        {
            Workers[i] = new Worker(this, i, baseSeed + (ulong)i);
        }
        Channels = new ChannelTable(this);
        SlowCommands = new CommandLog(config.SlowerThanMicroseconds, config.SlowCommandsKept);
        LargeRequests = new CommandLog(config.RequestLargerThanBytes, config.LargeRequestsKept);
        LargeReplies = new CommandLog(config.ReplyLargerThanBytes, config.LargeRepliesKept);
        Latency = new LatencyMonitor(config.LatencyThresholdMs);
        KeyEvents = new KeyspaceEvents(Channels);
        config.NotifyKeyspaceEvents.Changed = () => KeyEvents.Wanted = KeyEventLetters.Parse(config.NotifyKeyspaceEvents.Text)!.Value;
        config.NotifyKeyspaceEvents.Changed();
        Log = new AppendOnlyLog(this);
        Shutdown = new Shutdown(this);
        Functions = new FunctionLibraries(Shards[0].Arena);
        LastSaveUnixMs = UnixMsAt(StartedAtNs);
        Span<byte> id = stackalloc byte[20];
        Entropy.Fill(id);
        RunId = Convert.ToHexStringLower(id);
    }

    /// <summary>The settings.</summary>
    public ServerConfig Config { get; }

    /// <summary>Time.</summary>
    public Clock Clock { get; }

    /// <summary>The files that must not be lost.</summary>
    public FileCalls Files { get; }

    /// <summary>When the server started, on the monotonic clock.</summary>
    public long StartedAtNs { get; }

    /// <summary>Forty hexadecimal digits that differ at every start.</summary>
    public string RunId { get; }

    /// <summary>The memory of each thread's home shards.</summary>
    public SpanSource[] Memory { get; }

    /// <summary>All shards.</summary>
    public Shard[] Shards { get; }

    /// <summary>One worker a thread.</summary>
    public Worker[] Workers { get; }

    /// <summary>The connected clients by number.</summary>
    public ConcurrentDictionary<long, Session> Clients { get; } = new();

    /// <summary>Who is subscribed to what.</summary>
    public ChannelTable Channels { get; }

    /// <summary>Who watches all commands.</summary>
    public MonitorDirectory Monitors { get; }

    /// <summary>Whether clients are paused.</summary>
    public ClientPause Pause { get; }

    /// <summary>Whether keys that have expired are kept: while clients are paused, and while data is brought in.</summary>
    internal bool KeepsExpired => TakesDataIn || Pause.Kind != PauseKind.None;

    /// <summary>Who tracks keys.</summary>
    public TrackingDirectory Tracking { get; }

    /// <summary>Commands that took long.</summary>
    public CommandLog SlowCommands { get; }

    /// <summary>Commands that were large.</summary>
    public CommandLog LargeRequests { get; }

    /// <summary>Commands whose replies were large.</summary>
    public CommandLog LargeReplies { get; }

    /// <summary>When the server was slow.</summary>
    public LatencyMonitor Latency { get; }

    /// <summary>Keyspace notifications.</summary>
    public KeyspaceEvents KeyEvents { get; }

    /// <summary>How often each error code was replied.</summary>
    public ErrorCounts Errors { get; } = new();

    /// <summary>Whether data is brought in, by a client or from a log, so that nothing in it expires by itself.</summary>
    public bool TakesDataIn => Config.ImportMode.IsSet || IsReplaying;

    /// <summary>Whether a log is being replayed: nothing is evicted then, as the log says what was.</summary>
    public bool IsReplaying { get; set; }

    /// <summary>The append-only log, on or off.</summary>
    public AppendOnlyLog Log { get; }

    /// <summary>The libraries of functions.</summary>
    public FunctionLibraries Functions { get; }

    /// <summary>Receives every effect of a write, or null. Changed under all shards only.</summary>
    public IJournalSink? Journal { get; set; }

    /// <summary>Whether clients' limits and buffers are not looked at in between, see DEBUG PAUSE-CRON.</summary>
    public bool PausesCron { get; set; }

    /// <summary>Whether RESTORE takes payloads whatever their checksum is, as tests ask for.</summary>
    public bool SkipsChecksums { get; set; }

    /// <summary>Whether scripts may call whatever there is, as tests ask for.</summary>
    public bool AllowsAllInScripts { get; set; }

    /// <summary>Whether expired keys are removed before anyone asks for them.</summary>
    public bool ExpiresActively { get; set; } = true;

    /// <summary>The listening port, or 0.</summary>
    public int ListeningPort { get; set; }

    /// <summary>The I/O engine in use, for INFO.</summary>
    public string IoEngineName { get; set; } = "";

    /// <summary>Who supervises the process, for INFO: <c>systemd</c>, <c>upstart</c> or <c>no</c>.</summary>
    public string SupervisorName { get; init; } = "no";

    /// <summary>Connections refused because of <c>maxclients</c>.</summary>
    public long RejectedConnections;

    /// <summary>What the process took for itself before there were data or clients; set once, before there are.</summary>
    public long StartupBytes { get; set; }

    /// <summary>Greatest <see cref="UsedBytes"/> seen.</summary>
    public long PeakUsedBytes { get; private set; }

    /// <summary>How the server ends.</summary>
    public Shutdown Shutdown { get; }

    /// <summary>Ends the process at once, with an exit code that says so, when what was promised can't be kept. Null where a test hosts the server.</summary>
    public Action? EndProcess { get; set; }

    /// <summary>Writes a line to the server's log, if there is one.</summary>
    public Action<string>? LogNotice { get; set; }

    /// <summary>Writes a line that asks for action.</summary>
    public Action<string>? LogWarning { get; set; }

    /// <summary>Throughput of the last second or so.</summary>
    public ThroughputRates Rates { get; } = new();

    internal ReservationToken Reservations { get; }

    /// <summary>Exact bytes of all keys, values and tables, and of the clients' buffers, and <see cref="StartupBytes"/>.</summary>
    public long UsedBytes
    {
        get
        {
            long sum = StartupBytes;
            foreach (Shard shard in Shards)
            {
                sum += shard.Arena.UsedBytes;
            }
            foreach (Worker worker in Workers)
            {
                sum += worker.BufferBytes;
            }
            if (sum > PeakUsedBytes)
            {
                PeakUsedBytes = sum;
            }
            return sum;
        }
    }

    /// <summary>The shard that holds a key.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ShardOf(ReadOnlySpan<byte> key) => Shards.Length == 1 ? 0 : KeySlot.Of(key) >> _slotsPerShardShift;

    /// <summary>Keys of a database over all shards; while others write, a recent value.</summary>
    public long KeyCount(int database)
    {
        long sum = 0;
        foreach (Shard shard in Shards)
        {
            sum += shard.Keyspaces[database].Table.Count;
        }
        return sum;
    }

    /// <summary>Wall-clock milliseconds at an instant of the monotonic clock.</summary>
    public long UnixMsAt(long monotonicNs) => (_unixMicrosecondsAtStart + (monotonicNs - StartedAtNs) / 1000) / 1000 + _clockShiftMs;

    private long _clockShiftMs;

    /// <summary>Follows steps of the wall clock; called about ten times a second.</summary>
    public void AdjustClock()
    {
        long now = Clock.MonotonicNs;
        long drift = Clock.UnixMicroseconds / 1000 - UnixMsAt(now);
        if (drift is > 1 or < -1)
        {
            Interlocked.Add(ref _clockShiftMs, drift);
        }
    }

    /// <summary>A number for a new client.</summary>
    public long NextClientId() => Interlocked.Increment(ref _nextClientId);

    /// <summary>Tells the engine how to wake a thread.</summary>
    public void Attach(int thread, IThreadWaker waker) => Volatile.Write(ref _wakers[thread], waker);

    /// <summary>Makes a thread take another turn of its loop.</summary>
    internal void Wake(int thread) => Volatile.Read(ref _wakers[thread])?.Wake();

    /// <summary>Makes every thread take another turn of its loop.</summary>
    public void WakeAll()
    {
        for (int thread = 0; thread < _wakers.Length; thread++)
        {
            Wake(thread);
        }
    }

    /// <summary>Where the data is saved.</summary>
    public string RdbPath => Path.Combine(Config.Directory.Text, Config.RdbFileName.Text);

    /// <summary>How saving to the RDB file has gone.</summary>
    public SaveHistory Saves { get; } = new();

    /// <summary>What became of the keys of the file that was loaded last.</summary>
    public LoadCounts LastLoad { get; } = new();

    /// <summary>How writing new bases of the append-only log has gone.</summary>
    public SaveHistory Rewrites { get; } = new();

    /// <summary>When the data was last saved, or the server started, in milliseconds since 1970.</summary>
    public long LastSaveUnixMs { get; private set; }

    /// <summary>Changes of data since then.</summary>
    public long UnsavedChanges => Workers.Sum(worker => worker.Stats.Changes) - _savedChanges;

    /// <summary>Notes that the data has been saved as it is.</summary>
    public void NoteSaved()
    {
        LastSaveUnixMs = UnixMsAt(Clock.MonotonicNs);
        _savedChanges += UnsavedChanges;
    }

    /// <summary>Gives a shard's database an empty keyspace. The shard must be borrowed.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="database">The database.</param>
    /// <param name="later">Whether the home thread frees the old entries bit by bit, instead of the caller now.</param>
    public void Flush(Worker worker, Shard shard, int database, bool later)
    {
        Keyspace old = shard.Keyspaces[database];
        if (old.Table.Count == 0 && old.Table.BucketCount == 1)
        {
            return;
        }
        long nowUnixMs = UnixMsAt(Clock.MonotonicNs);
        shard.Watched.TouchAll(watch => watch.Database == database && old.Contains(watch.Key, nowUnixMs));
        shard.Keyspaces[database] = new Keyspace(shard, database);
        shard.Blocked.SignalAll(worker);
        old.BeginFreeing();
        if (later)
        {
            shard.Discarded.Enqueue(old);
        }
        else
        {
            old.FreeSome(long.MaxValue / 2);
            Retire(shard, old);
        }
    }

    /// <summary>Frees an emptied keyspace's table, at once or when no thread can be prefetching from it any more.</summary>
    internal void Retire(Shard shard, Keyspace keyspace)
    {
        if (Workers.Length == 1)
        {
            keyspace.FreeTable();
            return;
        }
        shard.Retired.Enqueue((keyspace, TurnsAfterUnhooking()));
    }

    /// <summary>
    /// The turns in which threads may still see what the caller has just unhooked: once each has begun another, none does. Either a thread
    /// sees the change when it looks, or its turn is seen here: both sides have a fence between their store and their look, see
    /// <see cref="Worker.BeginTurn"/>.
    /// </summary>
    internal long[] TurnsAfterUnhooking()
    {
        long[] turns = new long[Workers.Length];
        Interlocked.MemoryBarrier();
        for (int thread = 0; thread < turns.Length; thread++)
        {
            turns[thread] = Workers[thread].Turn;
        }
        return turns;
    }

    /// <summary>Frees tables that were retired long enough ago. The shard must be borrowed.</summary>
    internal void FreeRetired(Shard shard)
    {
        while (shard.Retired.TryPeek(out (Keyspace Keyspace, long[] Turns) oldest)
            && Workers.All(worker => worker.Turn > oldest.Turns[worker.Thread]))
        {
            shard.Retired.Dequeue();
            oldest.Keyspace.FreeTable();
        }
    }

    /// <summary>Exchanges two databases in one shard, which must be borrowed.</summary>
    public static void Swap(Worker worker, Shard shard, int first, int second, long nowUnixMs)
    {
        Keyspace[] keyspaces = shard.Keyspaces;
        shard.Watched.TouchAll(watch => (watch.Database == first || watch.Database == second)
            && (keyspaces[first].Contains(watch.Key, nowUnixMs) || keyspaces[second].Contains(watch.Key, nowUnixMs)));
        (keyspaces[first], keyspaces[second]) = (keyspaces[second], keyspaces[first]);
        keyspaces[first].Database = first;
        keyspaces[second].Database = second;
        shard.Blocked.SignalAll(worker);
    }

    public void Dispose()
    {
        Functions.Clear();
        foreach (Shard shard in Shards)
        {
            foreach (Keyspace keyspace in shard.Keyspaces)
            {
                keyspace.BeginFreeing();
                keyspace.FreeSome(long.MaxValue / 2);
                keyspace.FreeTable();
            }
            while (shard.Dying.Count > 0)
            {
                Housekeeping.FreeStep(shard);
            }
            while (shard.Discarded.TryDequeue(out Keyspace? discarded))
            {
                discarded.FreeSome(long.MaxValue / 2);
                discarded.FreeTable();
            }
            while (shard.Retired.TryDequeue(out (Keyspace Keyspace, long[] Turns) retired))
            {
                retired.Keyspace.FreeTable();
            }
            shard.FreeLock();
        }
        foreach (Worker worker in Workers)
        {
            worker.Dispose();
        }
        Log.Dispose();
    }

    private void WakeThreads(ulong bits)
    {
        for (int thread = 0; thread < _wakers.Length; thread++)
        {
            if ((bits >> (thread & 63) & 1) != 0)
            {
                Volatile.Read(ref _wakers[thread])?.Wake();
            }
        }
    }
}
