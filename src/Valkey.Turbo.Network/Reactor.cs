using Valkey.Turbo.Commands;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Scripting;

namespace Valkey.Turbo.Network;

/// <summary>
/// One server thread: its engine, its connections, its timers. A turn of its loop: wait and handle what arrived, take
/// messages of other threads, retry parked commands, send all replies, tidy up.
/// </summary>
internal sealed partial class Reactor : IIoEvents, IThreadWaker, IDisposable
{
    private const int CronIntervalMs = 100;
    private const long NsPerMs = 1_000_000;
    private const long ListingBudgetNs = 50_000;

    private readonly NetworkServer _network;
    private readonly ServerInstance _server;
    private readonly Worker _worker;
    private readonly IIoEngine _engine;
    private readonly ConnectionTable _connections = new();
    private readonly OutputBlockPool _blocks;
    private readonly ReplyWriter _reply = new();
    private readonly Lane _ordinaryLane;
    private readonly Lane _resumedLane;
    private readonly Housekeeping _housekeeping;
    private readonly ScriptEngine _scripts;
    private readonly List<Connection> _dirty = [];
    private readonly List<int> _pausedListeners = [];
    private Lane _lane;
    private long _awakeAtNs;
    private Connection? _running;
    private int _connectionCount;
    private bool _isDraining;
    private volatile bool _isStopping;

    internal Reactor(NetworkServer network, Worker worker)
    {
        _network = network;
        _server = worker.Server;
        _worker = worker;
        _blocks = new OutputBlockPool(worker.ReplyMemory);
        _engine = network.CreateEngine(_connections, this);
        _lane = _ordinaryLane = new Lane(worker, _reply);
        _resumedLane = new Lane(worker, _reply);
        _housekeeping = new Housekeeping(worker);
        _scripts = ScriptEngine.Of(_server);
        _server.Attach(worker.Thread, this);
    }

    internal string EngineName => _engine.Name;

    /// <summary>Connections owned or on their way here; read by the thread that distributes new ones.</summary>
    internal int ConnectionCount => Volatile.Read(ref _connectionCount);

    /// <summary>Accepts connections of a listener on this thread. Any thread.</summary>
    internal void Listen(int listener) => _engine.Accept(listener);

    /// <summary>Runs until <see cref="Stop"/>.</summary>
    internal void Run()
    {
        _threadId = Environment.CurrentManagedThreadId;
        long nextCronNs = _awakeAtNs = _server.Clock.MonotonicNs;
        while (!_isStopping && !_server.Shutdown.IsOver)
        {
            _worker.BeginTurn();
            long now = _server.Clock.MonotonicNs;
            if (now >= nextCronNs)
            {
                RunCron();
                nextCronNs = now + CronIntervalMs * NsPerMs;
                long afterCronNs = _server.Clock.MonotonicNs;
                _worker.Stats.CronNs += afterCronNs - now;
                now = afterCronNs;
            }
            _worker.Stats.NoteTurn(now - _awakeAtNs);
            FinishOwn();
            int timeoutMs = _housekeeping.HasMore || _worker.Evictor.IsBehind ? 1 : (int)Math.Max(1, (nextCronNs - now) / NsPerMs);
            _isHandlingEvents = true;
            _engine.Poll(_worker.HasListings ? 0 : UntilDeadline(timeoutMs));
            TakeMessages();
            _isHandlingEvents = false;
            ResumeTimedOut();
            RetryPostponed();
            RetryParked();
            ObeyShutdown();
            _worker.BroadcastChanges();
            _worker.DeliverAll();
            SendReplies();
            if (_worker.HasListings)
            {
                _worker.AdvanceListings(ListingBudgetNs);
            }
            if (_housekeeping.HasMore && !StandsStill)
            {
                _worker.RefreshTime();
                _housekeeping.Run();
            }
            if (_worker.Evictor.IsBehind && !StandsStill)
            {
                EvictKeys();
            }
        }
        Drain();
    }

    /// <summary>Whether a script that is not over has all of the data, so that nothing else may change it.</summary>
    private bool StandsStill => _scripts.IsBusy && _server.Workers.Length == 1;

    /// <summary>Adds a message to a connection's replies: a copy of some bytes, or a large one that is shared.</summary>
    internal void Deliver(Connection connection, ReadOnlySpan<byte> bytes, SharedBytes? shared)
    {
        if (connection == _running)
        {
            if (shared is null)
            {
                _reply.Raw(bytes);
            }
            else
            {
                _reply.Append(shared);
            }
            return;
        }
        if (connection.IsClosing || connection.IsDoomed || connection.Session.ClosesAfterReply)
        {
            return;
        }
        int length = shared?.Length ?? bytes.Length;
        connection.Session.OutputTotalBytes += length;
        _worker.Stats.OutputBytes += length;
        if (shared is null)
        {
            connection.Output.Append(bytes);
        }
        else
        {
            connection.Output.Append(shared);
        }
        if (connection.Output.BlockCount > 1 || shared is not null)
        {
            CheckOutputLimit(connection);
        }
        MarkDirty(connection);
    }

    /// <summary>Ends what housekeeping and timers have caused, such as notices of expired keys and commands that wait for such.</summary>
    private void FinishOwn()
    {
        if (_resumed.Count > 0)
        {
            RunResumed();
            _worker.BroadcastChanges();
        }
        else if (!_worker.HasOwnDeliveries)
        {
            return;
        }
        _worker.DeliverAll();
        SendReplies();
    }

    /// <summary>Makes <see cref="Run"/> send the replies it has and return. Any thread; the wish is made before the wake-up, see <see cref="WakeFlag"/>.</summary>
    internal void Stop()
    {
        _isStopping = true;
        Wake();
    }

    public void OnAwake() => _awakeAtNs = _server.Clock.MonotonicNs;

    public void OnAccepted(int listener, int descriptor)
    {
        if (_isDraining)
        {
            _engine.CloseSocket(descriptor);
            return;
        }
        _network.Distribute(listener, descriptor);
    }

    public void OnAcceptFailed(int listener, int error)
    {
        _network.Log.Warning($"Error accepting a client connection: {Errno.Describe(-error)}; will try again");
        _pausedListeners.Add(listener);
    }

    public void OnReceived(Connection connection, Span<byte> bytes)
    {
        if (_isDraining)
        {
            return;
        }
        connection.Session.InputTotalBytes += bytes.Length;
        // Whoever takes long to send one large request is not idle.
        connection.Session.LastActiveNs = _awakeAtNs;
        _worker.Stats.InputBytes += bytes.Length;
        _worker.Stats.Reads++;
        if (WouldHoldTooMuch(connection, bytes.Length))
        {
            connection.Session.EndFor(ClientFault.SentTooMuch);
            EndFaulty(connection);
            return;
        }
        if (connection.Input.Length == 0 && !connection.IsParked)
        {
            int consumed = RunRequests(connection, bytes);
            if (consumed < bytes.Length && !connection.IsClosing && !connection.Session.ClosesAfterReply)
            {
                Keep(connection, bytes[consumed..]);
            }
            return;
        }
        Keep(connection, bytes);
        if (!connection.IsParked && connection.Input.Length >= connection.Partial.BytesNeeded)
        {
            RunBuffered(connection);
        }
    }

    /// <summary>Keeps input whose request is not whole yet, in a buffer that has room for all of an argument once its length is known.</summary>
    private static void Keep(Connection connection, ReadOnlySpan<byte> bytes)
    {
        connection.Input.Append(bytes, connection.IsParked ? 0 : Math.Max(connection.ExpectedInputBytes, InputBufferBytes));
        connection.InputPeakBytes = Math.Max(connection.InputPeakBytes, connection.ExpectedInputBytes);
    }

    public void OnEnded(Connection connection)
    {
        connection.HasEnded = true;
        EndIfAnswered(connection);
    }

    public void OnDisconnected(Connection connection)
    {
        if (!connection.IsClosing)
        {
            connection.IsClosing = true;
            // At once, so that nobody sees keys that are waited for by clients that are gone.
            connection.Session.EndBlocked(_worker);
            _server.Clients.TryRemove(connection.Session.Id, out _);
            _engine.Close(connection);
        }
    }

    public void OnDrained(Connection connection)
    {
        if (connection.Session.ClosesAfterReply)
        {
            OnDisconnected(connection);
        }
    }

    public void OnClosed(Connection connection)
    {
        _connections.Remove(connection);
        connection.Output.Clear();
        connection.Input.Dispose();
        connection.Partial.Dispose();
        connection.Session.EndTransaction();
        // Again, as the batch in which the connection broke may have gone on to wait.
        connection.Session.EndBlocked(_worker);
        _server.Channels.UnsubscribeAll(_worker, connection.Session);
        _server.Tracking.Forget(_worker, connection.Session);
        _server.Monitors.Set(_worker, connection.Session, isMonitor: false);
        connection.Session.Transaction?.Dispose();
        Interlocked.Decrement(ref _connectionCount);
        _network.ConnectionClosed();
    }

    public void Dispose()
    {
        _engine.Dispose();
        _blocks.Dispose();
        _ordinaryLane.Dispose();
        _resumedLane.Dispose();
    }

    private void RunBuffered(Connection connection)
    {
        bool isForOneArgument = connection.Partial.BytesBeforeArgument > 0;
        int consumed = RunRequests(connection, connection.Input.Span);
        if (!connection.IsParked && !connection.IsClosing)
        {
            connection.Input.Consume(consumed);
            // What parked requests lay in, or many small arguments, is given back; a receive buffer is kept while the client is active.
            bool isReceiveBuffer = connection.Input.Capacity is >= InputBufferBytes and <= LargeInputBytes || isForOneArgument;
            if (connection.Input.Length == 0 && !isReceiveBuffer)
            {
                connection.Input.Release();
            }
        }
        if (connection.HasEnded)
        {
            EndIfAnswered(connection);
        }
    }

    /// <summary>Runs all whole requests of some input and returns the bytes that are done with.</summary>
    private int RunRequests(Connection connection, Span<byte> input)
    {
        Session session = connection.Session;
        _running = connection;
        _reply.Target(connection.Output);
        long queuedBefore = connection.Output.QueuedBytes;
        int consumed = 0;
        while (consumed < input.Length && !session.ClosesAfterReply)
        {
            FramingLimits limits = new(_server.Config.MaxBulkBytes.Number, !session.IsAuthenticated);
            RequestBatch batch = _lane.Batch;
            batch.Clear();
            int framed = RequestFramer.Frame(input[consumed..], limits, ref connection.Partial, batch, out string? error);
            consumed += framed;
            if (batch.Count > 0)
            {
                int done = _lane.Dispatcher.Run(session, batch);
                while (_resumed.Count > 0 && _lane == _ordinaryLane)
                {
                    RunResumedBetween(connection);
                    done = done < batch.Count ? _lane.Dispatcher.GoOn(session, batch, done) : done;
                }
                if (done < batch.Count || (_resumed.Count > 0 && consumed < input.Length))
                {
                    Park(connection, done, input[consumed..]);
                    consumed = input.Length;
                    break;
                }
            }
            if (error is not null && !session.ClosesAfterReply)
            {
                _reply.Error($"ERR Protocol error: {error}");
                session.ClosesAfterReply = true;
            }
            if (framed == 0)
            {
                break;
            }
        }
        _reply.Detach();
        _running = null;
        long written = connection.Output.QueuedBytes - queuedBefore;
        session.OutputTotalBytes += written;
        _worker.Stats.OutputBytes += written;
        if (connection.Output.BlockCount > 1)
        {
            CheckOutputLimit(connection);
        }
        if (session.Fault != ClientFault.None)
        {
            EndFaulty(connection);
        }
        MarkDirty(connection);
        return session.ClosesAfterReply ? input.Length : consumed;
    }

    private void MarkDirty(Connection connection)
    {
        if (!connection.IsDirty && (connection.Output.Head is not null || connection.Session.ClosesAfterReply))
        {
            connection.IsDirty = true;
            _dirty.Add(connection);
        }
    }

    private void SendReplies()
    {
        FlushJournal();
        CloseDoomed();
        EvictClientsIfGrown();
        int kept = 0;
        for (int i = 0; i < _dirty.Count; i++)
        {
            Connection connection = _dirty[i];
            if (connection.Session.AwaitsChain && !connection.IsClosing)
            {
                _dirty[kept++] = connection;
                continue;
            }
            connection.IsDirty = false;
            if (connection.IsClosing)
            {
                continue;
            }
            if (connection.Output.QueuedBytes > 0)
            {
                _engine.Send(connection);
                _worker.Stats.Writes++;
            }
            else
            {
                OnDrained(connection);
            }
        }
        _dirty.RemoveRange(kept, _dirty.Count - kept);
    }

    private void FlushJournal()
    {
        if (_server.Journal is { } journal)
        {
            long startNs = _server.Clock.MonotonicNs;
            journal.Flush();
            _worker.Stats.JournalNs += _server.Clock.MonotonicNs - startNs;
        }
    }

    private void Adopt(int listener, int descriptor)
    {
        bool isUnix = _network.IsUnix(listener);
        PeerNames names = _engine.Adopt(descriptor, isUnix, _server.Config.UnixSocket.Text, (int)_server.Config.KeepAliveSeconds.Number);
        Connection connection = new(this, descriptor, _blocks, _worker.RequestMemory);
        long now = _server.Clock.MonotonicNs;
        connection.Session = new Session(_server.NextClientId(), connection, _worker.Thread)
        {
            Address = names.Peer,
            LocalAddress = names.Local,
            FileDescriptor = descriptor,
            IsUnixSocket = isUnix,
            ConnectedAtNs = now,
            LastActiveNs = now,
            IsAuthenticated = _server.Config.RequirePass.Text.Length == 0,
        };
        _worker.Stats.ConnectionsReceived++;
        _connections.Add(connection);
        _server.Clients[connection.Session.Id] = connection.Session;
        if (_network.Refusal(connection.Session) is { } refusal)
        {
            Refuse(connection, refusal);
            return;
        }
        _engine.Attach(connection);
    }

    private void Refuse(Connection connection, string refusal)
    {
        _server.Clients.TryRemove(connection.Session.Id, out _);
        Interlocked.Increment(ref _server.RejectedConnections);
        _engine.SendOnce(connection.Descriptor, System.Text.Encoding.ASCII.GetBytes($"-{refusal}\r\n"));
        connection.IsClosing = true;
        _engine.Close(connection);
    }

    private void RunCron()
    {
        _worker.RefreshTime();
        if (_worker.Thread == 0)
        {
            _network.RunCron();
        }
        if (!StandsStill)
        {
            _housekeeping.Run();
        }
        foreach (int listener in _pausedListeners)
        {
            _engine.Accept(listener);
        }
        _pausedListeners.Clear();
        if (!_server.PausesCron)
        {
            CheckConnections();
        }
        _engine.FindLostEnds();
        if (_worker.Thread == 0 && !StandsStill)
        {
            EvictKeys();
        }
    }
}
