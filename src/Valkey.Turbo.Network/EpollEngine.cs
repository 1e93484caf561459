using Valkey.Turbo.Native;

namespace Valkey.Turbo.Network;

/// <summary>The epoll engine: level-triggered, one receive and one send a connection and turn.</summary>
internal sealed class EpollEngine : KernelEngine, IIoEngine
{
    private const int BufferBytes = 64 << 10;

    // User data: | generation 32 | slot 24 | kind 8 |
    private const ulong KindListener = 1;
    private const ulong KindWake = 2;
    private const ulong KindConnection = 3;

    private readonly Epoll _epoll = new();
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);
    private readonly ConnectionTable _connections;
    private readonly IIoEvents _events;

    internal EpollEngine(ConnectionTable connections, IIoEvents events)
        : base(events)
    {
        _connections = connections;
        _events = events;
        _epoll.Add(Acceptor.FileDescriptor, KindListener);
        _epoll.Add(WakeUps.FileDescriptor, KindWake);
    }

    public string Name => "epoll";

    public void Attach(Connection connection)
    {
        connection.IsReceiving = true;
        if (!_epoll.Add(connection.Descriptor, UserData(connection)))
        {
            _events.OnDisconnected(connection);
        }
    }

    public void Send(Connection connection)
    {
        if (connection.WaitsForWritable)
        {
            return;
        }
        int budget = IIoEngine.LargestSendBytes;
        while (connection.Output.Head is { } head)
        {
            int sent = budget <= 0 ? -Errno.EAGAIN : Sockets.Send(connection.Descriptor, head.Unsent[..Math.Min(head.Unsent.Length, budget)]);
            if (sent == -Errno.EAGAIN)
            {
                connection.WaitsForWritable = true;
                Watch(connection);
                return;
            }
            if (sent < 0 && sent != -Errno.EINTR)
            {
                _events.OnDisconnected(connection);
                return;
            }
            head.SentBytes += Math.Max(0, sent);
            budget -= Math.Max(0, sent);
            if (head.Unsent.IsEmpty)
            {
                connection.Output.DropHead();
            }
        }
        _events.OnDrained(connection);
    }

    public void Close(Connection connection)
    {
        connection.IsClosed = true;
        _epoll.Remove(connection.Descriptor);
        Sockets.Close(connection.Descriptor);
        _events.OnClosed(connection);
    }

    public void FindLostEnds()
    {
        // Level-triggered: an end is reported until it is received.
    }

    public void Poll(int timeoutMs)
    {
        int count = _epoll.Wait(timeoutMs);
        _events.OnAwake();
        for (int i = 0; i < count; i++)
        {
            ReadyEvent ready = _epoll[i];
            int target = (int)(ready.UserData >> 8 & 0xFFFFFF);
            switch (ready.UserData & 0xFF)
            {
                case KindListener:
                    Acceptor.AcceptAll();
                    break;
                case KindWake:
                    WakeUps.Drain();
                    _events.OnWoken();
                    break;
                default:
                    if (_connections.Find(target, (uint)(ready.UserData >> 32)) is { } connection)
                    {
                        HandleReady(connection, ready);
                    }
                    break;
            }
        }
    }

    public override void Dispose()
    {
        _epoll.Dispose();
        base.Dispose();
    }

    private void HandleReady(Connection connection, ReadyEvent ready)
    {
        if (ready.Writable && connection.WaitsForWritable)
        {
            connection.WaitsForWritable = false;
            Watch(connection);
            Send(connection);
        }
        if (!ready.Readable || connection.IsClosing)
        {
            return;
        }
        if (!connection.IsReceiving)
        {
            // Its end was received before; this is what is reported without being asked for: that the other direction has failed too.
            _events.OnDisconnected(connection);
            return;
        }
        int received = Sockets.Receive(connection.Descriptor, _buffer);
        if (received > 0)
        {
            _events.OnReceived(connection, _buffer.AsSpan(0, received));
        }
        else if (received == 0)
        {
            // Level-triggered: the end would be reported for ever.
            connection.IsReceiving = false;
            Watch(connection);
            _events.OnEnded(connection);
        }
        else if (received is not (-Errno.EAGAIN or -Errno.EINTR))
        {
            _events.OnDisconnected(connection);
        }
    }

    private void Watch(Connection connection) => _epoll.Modify(
        connection.Descriptor, UserData(connection), readable: connection.IsReceiving, writable: connection.WaitsForWritable);

    private static ulong UserData(Connection connection) =>
        (ulong)connection.Generation << 32 | (ulong)(uint)connection.Slot << 8 | KindConnection;
}
