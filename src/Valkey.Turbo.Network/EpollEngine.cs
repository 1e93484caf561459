using Valkey.Turbo.Native;

namespace Valkey.Turbo.Network;

/// <summary>The epoll engine: level-triggered, one receive and one send a connection and turn.</summary>
internal sealed class EpollEngine(ConnectionTable connections, IIoEvents events) : IIoEngine
{
    private const int BufferBytes = 64 << 10;
    private const int MaxAcceptsPerTurn = 64;

    // User data: | generation 32 | slot 24 | kind 8 |
    private const ulong KindListener = 1;
    private const ulong KindWake = 2;
    private const ulong KindConnection = 3;

    private readonly Epoll _epoll = new();
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(BufferBytes, pinned: true);

    public string Name => "epoll";

    public void Accept(int listener)
    {
        ulong userData = (ulong)(uint)listener << 8 | KindListener;
        if (!_epoll.Add(listener, userData))
        {
            _epoll.Modify(listener, userData, readable: true, writable: false);
        }
    }

    public void WatchWakeUps(int wakeDescriptor) => _epoll.Add(wakeDescriptor, (ulong)(uint)wakeDescriptor << 8 | KindWake);

    public void Attach(Connection connection)
    {
        connection.IsReceiving = true;
        if (!_epoll.Add(connection.Descriptor, UserData(connection)))
        {
            events.OnDisconnected(connection);
        }
    }

    public void Send(Connection connection)
    {
        if (connection.WaitsForWritable)
        {
            return;
        }
        while (connection.Output.Head is { } head)
        {
            int sent = Sockets.Send(connection.Descriptor, head.Unsent);
            if (sent == -Errno.EAGAIN)
            {
                connection.WaitsForWritable = true;
                _epoll.Modify(connection.Descriptor, UserData(connection), readable: true, writable: true);
                return;
            }
            if (sent < 0 && sent != -Errno.EINTR)
            {
                events.OnDisconnected(connection);
                return;
            }
            head.SentBytes += Math.Max(0, sent);
            if (head.Unsent.IsEmpty)
            {
                connection.Output.DropHead();
            }
        }
        events.OnDrained(connection);
    }

    public void Close(Connection connection)
    {
        connection.IsClosed = true;
        _epoll.Remove(connection.Descriptor);
        Sockets.Close(connection.Descriptor);
        events.OnClosed(connection);
    }

    public void Poll(int timeoutMs)
    {
        int count = _epoll.Wait(timeoutMs);
        for (int i = 0; i < count; i++)
        {
            ReadyEvent ready = _epoll[i];
            int target = (int)(ready.UserData >> 8 & 0xFFFFFF);
            switch (ready.UserData & 0xFF)
            {
                case KindListener:
                    AcceptAll(target);
                    break;
                case KindWake:
                    events.OnWoken();
                    break;
                default:
                    if (connections.Find(target, (uint)(ready.UserData >> 32)) is { } connection)
                    {
                        HandleReady(connection, ready);
                    }
                    break;
            }
        }
    }

    public void Dispose() => _epoll.Dispose();

    private void HandleReady(Connection connection, ReadyEvent ready)
    {
        if (ready.Writable && connection.WaitsForWritable)
        {
            connection.WaitsForWritable = false;
            _epoll.Modify(connection.Descriptor, UserData(connection), readable: true, writable: false);
            Send(connection);
        }
        if (!ready.Readable || connection.IsClosing)
        {
            return;
        }
        int received = Sockets.Receive(connection.Descriptor, _buffer);
        if (received > 0)
        {
            events.OnReceived(connection, _buffer.AsSpan(0, received));
        }
        else if (received is not (-Errno.EAGAIN or -Errno.EINTR))
        {
            events.OnDisconnected(connection);
        }
    }

    private void AcceptAll(int listener)
    {
        for (int i = 0; i < MaxAcceptsPerTurn; i++)
        {
            int descriptor = Sockets.Accept(listener);
            if (descriptor >= 0)
            {
                events.OnAccepted(listener, descriptor);
            }
            else if (descriptor is -Errno.EAGAIN or -Errno.EINTR or -Errno.ECONNABORTED)
            {
                return;
            }
            else
            {
                // Level-triggered: without this the loop would spin until descriptors are free again.
                _epoll.Remove(listener);
                events.OnAcceptFailed(listener, descriptor);
                return;
            }
        }
    }

    private static ulong UserData(Connection connection) =>
        (ulong)connection.Generation << 32 | (ulong)(uint)connection.Slot << 8 | KindConnection;
}
