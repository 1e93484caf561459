using Valkey.Turbo.Memory;
using Valkey.Turbo.Native;
using Valkey.Turbo.Network;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>
/// An engine over sockets that are simulated: it does whatever its contract allows, as its world's chance decides. Bytes arrive in pieces
/// of any size and at any time, with an end or a reset right behind them or later; sends take a part, at once or later, or nothing while
/// there is no room; wake-ups take their time; connections close at once or in a later turn; accepting fails now and then.
/// </summary>
internal sealed class SimulatedEngine : IIoEngine
{
    private const int BufferBytes = 64 << 10;
    private const byte Stale = 0xDD;

    private readonly SimulatedServer _server;
    private readonly SimulatedThread _thread;
    private readonly IIoEvents _events;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private readonly List<Connection> _attached = [];
    private readonly List<Connection> _sending = [];
    private readonly List<Connection> _closing = [];
    private readonly Queue<SimulatedSocket> _arrived = new();
    private bool _isAccepting;
    private bool _isWoken;
    private long _wokenAtStep;
    private bool _isWaiting;
    private long _deadlineNs;

    internal SimulatedEngine(SimulatedServer server, SimulatedThread thread, IIoEvents events) =>
        (_server, _thread, _events) = (server, thread, events);

    public string Name => "simulated";

    /// <summary>Whether the thread would run on: it does not wait, or what it waits for is there.</summary>
    internal bool IsRunnable => !_isWaiting || _server.NowNs >= _deadlineNs || HasWakeUp || _closing.Count > 0
        || (_isAccepting && _arrived.Count > 0)
        || _sending.Exists(connection => SocketOf(connection) is { } socket && (socket.Room > 0 || socket.IsReset))
        || _attached.Exists(connection => connection.IsReceiving && SocketOf(connection).HasForServer);

    /// <summary>Whether the thread has been woken, and will know of it soon.</summary>
    internal bool HasWakeUpComing => _isWoken;

    /// <summary>Whether somebody has connected and was not accepted yet.</summary>
    internal bool HasArrived => _arrived.Count > 0;

    private RandomSource Random => _server.Random;

    private bool HasWakeUp => _isWoken && _server.StepCount >= _wokenAtStep;

    /// <summary>A client connects. By the test.</summary>
    internal void Arrive(SimulatedSocket socket) => _arrived.Enqueue(socket);

    public void Accept(int listener) => _isAccepting = true;

    public void CloseSocket(int descriptor)
    {
        if (descriptor == SimulatedServer.Listener)
        {
            _isAccepting = false;
        }
        else
        {
            _server.Sockets[descriptor].IsServerClosed = true;
        }
    }

    public void Wake()
    {
        if (!_isWoken)
        {
            _isWoken = true;
            _wokenAtStep = _server.StepCount + (Random.Below(4) == 0 ? Random.Below(30) : 0);
        }
    }

    public PeerNames Adopt(int descriptor, bool isUnix, string unixPath, int keepAliveSeconds) =>
        new($"127.0.0.1:{descriptor}", "127.0.0.1:6379");

    public void SendOnce(int descriptor, ReadOnlySpan<byte> bytes) => _server.Sockets[descriptor].ToClient.Write(bytes);

    public void Attach(Connection connection)
    {
        connection.IsReceiving = true;
        _attached.Add(connection);
    }

    public void Send(Connection connection)
    {
        if (connection.IsSending || connection.Output.Head is null)
        {
            return;
        }
        connection.IsSending = true;
        _sending.Add(connection);
        if (Random.Below(2) == 0)
        {
            GoOnSending(connection);
        }
    }

    public void Close(Connection connection)
    {
        _closing.Add(connection);
        if (Random.Below(2) == 0)
        {
            FinishClosing(connection);
        }
    }

    public void FindLostEnds()
    {
        // Nothing is lost here.
    }

    public void Poll(int timeoutMs)
    {
        _deadlineNs = _server.NowNs + timeoutMs * 1_000_000L;
        _isWaiting = timeoutMs > 0;
        _thread.Pause();
        _isWaiting = false;
        _events.OnAwake();
        if (HasWakeUp)
        {
            _isWoken = false;
            _events.OnWoken();
        }
        AcceptArrived();
        foreach (Connection connection in (Connection[])[.. _closing])
        {
            FinishClosing(connection);
        }
        foreach (Connection connection in (Connection[])[.. _sending])
        {
            if (connection.IsSending && Random.Below(4) > 0)
            {
                GoOnSending(connection);
            }
        }
        Connection[] attached = [.. _attached];
        int first = attached.Length == 0 ? 0 : Random.Below(attached.Length);
        for (int i = 0; i < attached.Length; i++)
        {
            Connection connection = attached[(first + i) % attached.Length];
            while (connection is { IsReceiving: true, IsClosing: false } && SocketOf(connection).HasForServer && Random.Below(4) > 0)
            {
                Receive(connection);
            }
        }
    }

    public void Dispose()
    {
    }

    private SimulatedSocket SocketOf(Connection connection) => _server.Sockets[connection.Descriptor];

    private void AcceptArrived()
    {
        while (_isAccepting && _arrived.Count > 0 && Random.Below(4) > 0)
        {
            if (Random.Below(20) == 0)
            {
                _isAccepting = false;
                _events.OnAcceptFailed(SimulatedServer.Listener, -Errno.EMFILE);
                return;
            }
            _events.OnAccepted(SimulatedServer.Listener, _arrived.Dequeue().Descriptor);
        }
    }

    private void Receive(Connection connection)
    {
        SimulatedSocket socket = SocketOf(connection);
        if (socket.IsReset)
        {
            connection.IsReceiving = false;
            _events.OnDisconnected(connection);
        }
        else if (socket.ToServer.Length == 0)
        {
            connection.IsReceiving = false;
            _events.OnEnded(connection);
        }
        else
        {
            int count = Math.Min(socket.ToServer.Length, Random.Below(4) == 0 ? 1 + Random.Below(12) : BufferBytes);
            socket.ToServer.Span[..count].CopyTo(_buffer);
            socket.ToServer.Drop(count);
            _events.OnReceived(connection, _buffer.AsSpan(0, count));
            // Whoever still looks there reads this.
            _buffer.AsSpan(0, count).Fill(Stale);
        }
    }

    private void GoOnSending(Connection connection)
    {
        SimulatedSocket socket = SocketOf(connection);
        int budget = IIoEngine.LargestSendBytes;
        while (!socket.IsReset && !connection.IsClosing && connection.Output.Head is { } head)
        {
            int count = Math.Min(Math.Min(head.Unsent.Length, socket.Room), budget);
            count = Random.Below(3) == 0 ? Random.Below(count + 1) : count;
            socket.ToClient.Write(head.Unsent[..count]);
            head.SentBytes += count;
            budget -= count;
            if (head.Unsent.IsEmpty)
            {
                connection.Output.DropHead();
            }
            else
            {
                return;
            }
        }
        connection.IsSending = false;
        _sending.Remove(connection);
        if (connection.IsClosing)
        {
            return;
        }
        if (socket.IsReset)
        {
            _events.OnDisconnected(connection);
        }
        else
        {
            _events.OnDrained(connection);
        }
    }

    private void FinishClosing(Connection connection)
    {
        _closing.Remove(connection);
        _sending.Remove(connection);
        _attached.Remove(connection);
        connection.IsReceiving = connection.IsSending = false;
        connection.IsClosed = true;
        SocketOf(connection).IsServerClosed = true;
        _events.OnClosed(connection);
    }
}
