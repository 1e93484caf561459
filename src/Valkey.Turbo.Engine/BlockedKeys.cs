using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Engine;

/// <summary>
/// A session's command that waits for keys. It is run again by its own thread whenever one of its keys may have become
/// ready, when its time is over, or when another client unblocks it.
/// </summary>
public sealed class BlockedCommand(Session session, long deadlineNs)
{
    /// <summary>Stands for no deadline.</summary>
    public const long Never = long.MaxValue;

    private string? _unblockError;
    private bool _isUnblocked;

    /// <summary>Who waits.</summary>
    public Session Session { get; } = session;

    /// <summary>When it gives up, on the monotonic clock, or <see cref="Never"/>.</summary>
    public long DeadlineNs { get; } = deadlineNs;

    /// <summary>One for each key.</summary>
    public List<KeyWait> Waits { get; } = [];

    /// <summary>What the command remembers of its first run.</summary>
    public object? Memory { get; set; }

    /// <summary>What its thread does for the command bit by bit, or null; then it waits for nobody else, and nobody ends the wait.</summary>
    public IGradualWork? Work { get; init; }

    /// <summary>Where the command waits for the disk, or null.</summary>
    public SyncWaiters? SyncWaiters { get; set; }

    /// <summary>Whether the command ends, with an error, when its key goes.</summary>
    public bool EndsWithKey { get; init; }

    /// <summary>Whether the command adds what it gets to another key, for which others may wait.</summary>
    public bool MovesOn { get; init; }

    /// <summary>Whether the command has ended up waiting again; false while it runs.</summary>
    public bool IsWaiting { get; set; } = true;

    /// <summary>Whether the thread will run the command again at its deadline.</summary>
    public bool HasTimer { get; set; }

    /// <summary>Whether the next run is to reply that nothing came.</summary>
    public bool IsTimedOut { get; set; }

    /// <summary>The error that the next run is to reply, from CLIENT UNBLOCK, or null.</summary>
    public string? UnblockError => Volatile.Read(ref _unblockError);

    /// <summary>Whether another client has ended the wait.</summary>
    public bool IsUnblocked => Volatile.Read(ref _isUnblocked);

    /// <summary>
    /// Ends the wait from any thread: with an error, or as if the time were over. A run that is just going on to wait may miss it; the
    /// message that follows makes it run again.
    /// </summary>
    public void Unblock(string? error)
    {
        Volatile.Write(ref _unblockError, error);
        Volatile.Write(ref _isUnblocked, true);
        Session.Transport.Resume();
    }

    /// <summary>Whether it was told that a key may have become ready, and has not run since.</summary>
    public bool IsTold => Waits.Exists(static wait => wait.IsTold);

    /// <summary>What the command is a part of, as it was told in the course of it, or null.</summary>
    public HandOffChain? Chain => Waits.Find(static wait => wait.IsTold)?.Chain;

    /// <summary>The command goes on to wait; the caller holds the shards of its keys.</summary>
    public void WaitOn()
    {
        foreach (KeyWait wait in Waits)
        {
            wait.EndHandOff();
        }
    }

    /// <summary>Takes the command off its keys, whose shards the caller holds. What it was told goes to the next in each queue.</summary>
    public void EndHeld(Worker worker)
    {
        SyncWaiters?.Remove(Session);
        foreach (KeyWait wait in Waits)
        {
            wait.IsOver = true;
            wait.Shard.Blocked.Forget(worker, wait);
        }
        Waits.Clear();
    }

    /// <summary>
    /// Takes the command off its keys and gives up its work; by its own thread, between batches. At once where the shards are to be had,
    /// else whoever tidies them does so.
    /// </summary>
    public void End(Worker worker)
    {
        Work?.Cancel();
        SyncWaiters?.Remove(Session);
        foreach (KeyWait wait in Waits)
        {
            wait.Shard.Blocked.End(wait);
            wait.Shard.Blocked.TryForgetEnded(worker, wait.Shard);
        }
        Waits.Clear();
    }
}

/// <summary>A blocked command's place in the queue of one key.</summary>
public sealed class KeyWait(BlockedCommand command, Shard shard, byte[] name, byte[]? queue)
{
    /// <summary>
    /// The queue of those who take elements; told apart by reference, so not empty, as all empty arrays are one and a group's name may be empty.
    /// </summary>
    public static readonly byte[] Takers = [0];

    private bool _isOver;
    private bool _isTold;

    internal BlockedCommand Command { get; } = command;

    internal Shard Shard { get; } = shard;

    /// <summary>See <see cref="KeyName"/>.</summary>
    internal byte[] Name { get; } = name;

    /// <summary>
    /// Whom the command stands in line with: <see cref="Takers"/>, or the readers of one consumer group, by its name. Null for one who leaves
    /// what it reads, so that a key can serve all of them.
    /// </summary>
    internal byte[]? Queue { get; } = queue;

    /// <summary>
    /// Whether the command was told and has not run since. Changed under the shard; the command's thread also reads it without, and may see
    /// what was: it is sent a message after every change to true, so it looks again.
    /// </summary>
    internal bool IsTold
    {
        get => Volatile.Read(ref _isTold);
        private set => Volatile.Write(ref _isTold, value);
    }

    /// <summary>See <see cref="BlockedCommand.Chain"/>. Written before <see cref="IsTold"/>.</summary>
    internal HandOffChain? Chain { get; private set; }

    /// <summary>Has the command run again, before anything else that needs the shard.</summary>
    internal void BeginHandOff(Worker worker, HandOffChain? chain)
    {
        if (!IsTold)
        {
            Chain = chain;
            chain?.Join();
            IsTold = true;
            Shard.BeginHandOff(worker.NowMonotonicNs);
            worker.Tell(Command.Session);
        }
    }

    /// <summary>Whether the key is there.</summary>
    internal bool HasKey(long nowUnixMs) => Shard.Keyspaces[KeyName.Database(Name)].Contains(KeyName.Key(Name), nowUnixMs);

    internal void EndHandOff()
    {
        if (!IsTold)
        {
            return;
        }
        IsTold = false;
        if (Chain is null)
        {
            Shard.EndHandOff();
        }
        else
        {
            Chain.Leave(Shard);
        }
        Chain = null;
    }

    internal bool IsOver
    {
        get => Volatile.Read(ref _isOver);
        set => Volatile.Write(ref _isOver, value);
    }
}

/// <summary>
/// The commands that wait for one shard's keys, first come first served. Used under the shard, but for <see cref="End"/>.
/// </summary>
public sealed class BlockedKeys
{
    private readonly Dictionary<byte[], List<KeyWait>> _byKey = new(BytesComparer.Instance);
    private readonly Dictionary<byte[], int> _waitsForDeletion = new(BytesComparer.Instance);
    private readonly HashSet<byte[]> _groupsTold = new(BytesComparer.Instance);
    private readonly ConcurrentQueue<KeyWait> _ended = new();

    /// <summary>How many keys some command waits for that also ends when the key goes; a recent value.</summary>
    public int KeyCountForDeletion => _waitsForDeletion.Count;

    /// <summary>How many keys are waited for; other threads may read it and see a recent value.</summary>
    public int KeyCount => _byKey.Count;

    internal bool HasEnded => !_ended.IsEmpty;

    /// <summary>Lets a command wait for a key.</summary>
    /// <param name="command">The command.</param>
    /// <param name="shard">The key's shard.</param>
    /// <param name="database">The key's database.</param>
    /// <param name="key">The key, copied.</param>
    /// <param name="queue">See <see cref="KeyWait.Queue"/>.</param>
    public void Add(BlockedCommand command, Shard shard, int database, ReadOnlySpan<byte> key, byte[]? queue)
    {
        Span<byte> scratch = stackalloc byte[KeyName.ScratchBytes];
        KeyWait wait = new(command, shard, KeyName.Of(database, key, scratch).ToArray(), queue);
        (CollectionsMarshal.GetValueRefOrAddDefault(_byKey, wait.Name, out _) ??= []).Add(wait);
        shard.BeginObserving();
        command.Waits.Add(wait);
        if (command.EndsWithKey)
        {
            _waitsForDeletion[wait.Name] = _waitsForDeletion.GetValueOrDefault(wait.Name) + 1;
        }
    }

    /// <summary>Takes a command out of a queue; from any thread.</summary>
    internal void End(KeyWait wait)
    {
        wait.IsOver = true;
        _ended.Enqueue(wait);
    }

    /// <summary>Tells the first command of each queue that waits for a key, and all that leave what they read, to try again.</summary>
    public void Signal(Worker worker, int database, ReadOnlySpan<byte> key)
    {
        if (_byKey.Count > 0)
        {
            Span<byte> scratch = stackalloc byte[KeyName.ScratchBytes];
            Signal(worker, KeyName.Of(database, key, scratch), null);
        }
    }

    /// <summary>Tells every command to try again, because whole databases have changed.</summary>
    internal void SignalAll(Worker worker)
    {
        foreach (byte[] name in _byKey.Keys)
        {
            Signal(worker, name, null);
        }
    }

    private void Signal(Worker worker, ReadOnlySpan<byte> name, HandOffChain? chain)
    {
        if (!_byKey.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(name, out List<KeyWait>? waits))
        {
            return;
        }
        chain ??= ChainOf(worker, waits);
        bool hasTaker = false;
        _groupsTold.Clear();
        foreach (KeyWait wait in waits)
        {
            // One who was told before and has yet to run goes first: the next in its queue is told when it is done.
            bool isFirst = !wait.IsOver && (wait.Queue is not byte[] queue
                || (queue == KeyWait.Takers ? !hasTaker : _groupsTold.Add(queue)));
            if (!isFirst)
            {
                continue;
            }
            hasTaker |= wait.Queue == KeyWait.Takers;
            wait.BeginHandOff(worker, chain);
        }
    }

    /// <summary>What those who are told by the running command become a part of: what it is a part of itself, or, where one moves on, a new chain.</summary>
    private static HandOffChain? ChainOf(Worker worker, List<KeyWait> waits)
    {
        if (worker.Session is not Session running)
        {
            return null;
        }
        if (running.Chain is null && waits.Exists(static wait => wait.Command.MovesOn && !wait.IsOver))
        {
            running.Join(new HandOffChain(worker.Server, worker.NowMonotonicNs));
        }
        return running.Chain;
    }

    /// <summary>Forgets waits that have ended, if the shard is to be had. What one of them was told goes to the next.</summary>
    internal void TryForgetEnded(Worker worker, Shard shard)
    {
        worker.Shards.GoesFirst = true;
        if (worker.Shards.TryHold(shard.Index))
        {
            while (_ended.TryDequeue(out KeyWait? wait))
            {
                Forget(worker, wait);
            }
            worker.Shards.ReleaseAll();
        }
        worker.Shards.GoesFirst = false;
    }

    internal void Forget(Worker worker, KeyWait wait)
    {
        if (_byKey.TryGetValue(wait.Name, out List<KeyWait>? waits) && waits.Remove(wait))
        {
            TellNext(worker, wait, waits);
        }
        wait.EndHandOff();
    }

    /// <summary>What a wait that is over was told goes to the next.</summary>
    private void TellNext(Worker worker, KeyWait wait, List<KeyWait> waits)
    {
        if (wait.Command.EndsWithKey && (_waitsForDeletion[wait.Name] -= 1) == 0)
        {
            _waitsForDeletion.Remove(wait.Name);
        }
        if (waits.Count == 0)
        {
            _byKey.Remove(wait.Name);
        }
        else if (wait.IsTold && (wait.HasKey(worker.NowUnixMs) || _waitsForDeletion.ContainsKey(wait.Name)))
        {
            Signal(worker, wait.Name, wait.Chain);
        }
    }
}
