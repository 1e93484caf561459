using Valkey.Turbo.Native;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Network;

/// <summary>
/// The io_uring engine: multishot receive into provided buffers, and one system call a turn that submits all sends and
/// waits.
/// </summary>
/// <remarks>
/// A send that can empty a connection's queue at once is quiet: its success is known by the absence of a completion, see
/// <see cref="IoUring.PrepareQuietSend"/>. It is settled before any event of the next turn is looked at.
/// </remarks>
internal sealed class IoUringEngine : KernelEngine, IIoEngine
{
    private const int SubmissionCount = 1024;
    private const int CompletionCount = 8192;
    // The kernel fills buffers in turn, so all of this is soon resident: half a mebibyte, a quarter of a core's second cache level.
    private const int SharedBufferCount = 16;
    private const int SharedBufferBytes = 32 << 10;
    // Where each receive takes a buffer of its own, there must be one for each of many connections.
    private const int BufferCount = 128;
    private const int BufferBytes = 8 << 10;

    private enum Operation : byte
    {
        Accept,
        Wake,
        Receive,
        Send,
        QuietSend,
    }

    private readonly record struct QuietSend(Connection Connection, uint Number, int ByteCount);

    private readonly IoUring _ring;
    private readonly ProvidedBuffers _buffers;
    private readonly ConnectionTable _connections;
    private readonly IIoEvents _events;
    private readonly List<Connection> _starved = [];
    private readonly Queue<Connection> _unproved = new();
    private readonly List<Connection> _toSend = [];
    private readonly List<QuietSend> _quietSends = [];

    private IoUringEngine(IoUring ring, ProvidedBuffers buffers, ConnectionTable connections, IIoEvents events)
        : base(events)
    {
        (_ring, _buffers, _connections, _events) = (ring, buffers, connections, events);
        WatchAcceptor();
        WatchWakeUps();
    }

    public string Name => "io_uring";

    /// <summary>Makes an engine, or null with the reason why the kernel does not allow it.</summary>
    internal static IoUringEngine? TryCreate(ConnectionTable connections, IIoEvents events, out string refusal)
    {
        IoUring? ring = IoUring.TryCreate(SubmissionCount, CompletionCount, out refusal);
        if (ring is null)
        {
            return null;
        }
        ProvidedBuffers? buffers = ProvidedBuffers.TryCreate(ring, SharedBufferCount, SharedBufferBytes, isIncremental: true)
            ?? ProvidedBuffers.TryCreate(ring, BufferCount, BufferBytes, isIncremental: false);
        if (buffers is null)
        {
            refusal = "the kernel has no provided-buffer rings (5.19 or newer is needed)";
            ring.Dispose();
            return null;
        }
        return new IoUringEngine(ring, buffers, connections, events);
    }

    public void Attach(Connection connection) => Receive(connection);

    public void Send(Connection connection)
    {
        if (!connection.IsSending && connection.Output.Head is not null)
        {
            connection.IsSending = true;
            _toSend.Add(connection);
        }
    }

    public void Close(Connection connection)
    {
        // Operations under way complete at once on a socket that is shut down.
        Sockets.Shutdown(connection.Descriptor);
        CloseIfIdle(connection);
    }

    /// <remarks>
    /// A multishot receive that takes bytes just when a reset comes behind them may never report the reset: of connections that end so,
    /// one in some hundred thousand on Linux 6.18. So whoever has sent something is looked at once more, later. A socket that is told
    /// that no more will come wakes its receive, which then ends as it should have.
    /// </remarks>
    public void FindLostEnds()
    {
        Span<int> descriptors = stackalloc int[Math.Min(_unproved.Count, Sockets.MaxProbes)];
        Span<bool> hungUp = stackalloc bool[descriptors.Length];
        int count = 0;
        for (int left = descriptors.Length; left > 0; left--)
        {
            Connection connection = _unproved.Dequeue();
            connection.IsUnproved = false;
            if (!connection.IsClosing)
            {
                descriptors[count++] = connection.Descriptor;
            }
        }
        Sockets.FindHungUp(descriptors[..count], hungUp);
        for (int i = 0; i < count; i++)
        {
            if (hungUp[i])
            {
                Sockets.ShutdownReceive(descriptors[i]);
            }
        }
    }

    public void Poll(int timeoutMs)
    {
        PrepareSends();
        _ring.SubmitAndWait(timeoutMs);
        _events.OnAwake();
        SettleQuietSends();
        while (_ring.TryPeek(out Completion completion))
        {
            _ring.Advance();
            Handle(completion);
        }
        foreach (Connection connection in _starved)
        {
            if (!connection.IsClosing)
            {
                Receive(connection);
            }
        }
        _starved.Clear();
    }

    public override void Dispose()
    {
        _ring.Dispose();
        _buffers.Dispose();
        base.Dispose();
    }

    /// <summary>Just before they are submitted, so that nothing is appended in between that would wait for a completion.</summary>
    private void PrepareSends()
    {
        foreach (Connection connection in _toSend)
        {
            OutputBlock head = connection.Output.Head!;
            int length = Math.Min(head.Unsent.Length, IIoEngine.LargestSendBytes);
            bool isQuiet = length == connection.Output.QueuedBytes
                && !connection.WaitsForWritable && !connection.IsClosing && !connection.Session.ClosesAfterReply;
            if (isQuiet)
            {
                uint number = _ring.PrepareQuietSend(connection.Descriptor, head.UnsentAddress, length, Pack(Operation.QuietSend, connection));
                _quietSends.Add(new QuietSend(connection, number, length));
            }
            else
            {
                _ring.PrepareSend(connection.Descriptor, head.UnsentAddress, length, Pack(Operation.Send, connection));
            }
        }
        _toSend.Clear();
    }

    private void SettleQuietSends()
    {
        if (_quietSends.Count == 0)
        {
            return;
        }
        int completions = _ring.CompletionCount;
        for (int i = 0; i < completions; i++)
        {
            Completion completion = _ring.PeekAt(i);
            (Operation operation, int slot, uint generation) = Unpack(completion.UserData);
            if (operation == Operation.QuietSend && _connections.Find(slot, generation) is { } connection)
            {
                RemoveQuietSend(connection);
                connection.WaitsForWritable = true;
                HandleSend(connection, completion.Result == -Errno.EAGAIN ? 0 : completion.Result);
                CloseIfClosing(connection);
            }
        }
        if (!_ring.HidesCompletions)
        {
            SettleSuccesses();
        }
    }

    private void SettleSuccesses()
    {
        int left = 0;
        for (int i = 0; i < _quietSends.Count; i++)
        {
            QuietSend send = _quietSends[i];
            if (!_ring.HasSubmitted(send.Number))
            {
                _quietSends[left++] = send;
                continue;
            }
            HandleSend(send.Connection, send.ByteCount);
            CloseIfClosing(send.Connection);
        }
        _quietSends.RemoveRange(left, _quietSends.Count - left);
    }

    // A method of its own: a lambda here would cost an object for every completion that the loop above looks at.
    private void RemoveQuietSend(Connection connection) =>
        _quietSends.RemoveAt(_quietSends.FindIndex(send => send.Connection == connection));

    private void Handle(in Completion completion)
    {
        (Operation operation, int slot, uint generation) = Unpack(completion.UserData);
        switch (operation)
        {
            case Operation.Accept:
                Acceptor.AcceptAll();
                if (!completion.HasMore)
                {
                    WatchAcceptor();
                }
                return;
            case Operation.Wake:
                WakeUps.Drain();
                _events.OnWoken();
                if (!completion.HasMore)
                {
                    WatchWakeUps();
                }
                return;
            case Operation.QuietSend:
                return;
        }
        Connection? connection = _connections.Find(slot, generation);
        if (connection is null)
        {
            if (completion.HasBuffer)
            {
                _buffers.Return(completion);
            }
            return;
        }
        if (operation == Operation.Receive)
        {
            HandleReceive(connection, completion);
        }
        else
        {
            connection.WaitsForWritable = false;
            HandleSend(connection, completion.Result);
        }
        CloseIfClosing(connection);
    }

    private void WatchAcceptor() =>
        _ring.PreparePollMultishot(Acceptor.FileDescriptor, Pack(Operation.Accept, 0, 0));

    private void WatchWakeUps() =>
        _ring.PreparePollMultishot(WakeUps.FileDescriptor, Pack(Operation.Wake, 0, 0));

    private void HandleReceive(Connection connection, in Completion completion)
    {
        if (!completion.HasMore)
        {
            connection.IsReceiving = false;
        }
        if (completion.Result > 0)
        {
            if (!connection.IsUnproved)
            {
                connection.IsUnproved = true;
                _unproved.Enqueue(connection);
            }
            if (!connection.IsClosing)
            {
                _events.OnReceived(connection, _buffers.Span(completion));
            }
            _buffers.Return(completion);
        }
        else if (completion.Result == 0)
        {
            if (!connection.IsClosing)
            {
                _events.OnEnded(connection);
            }
            return;
        }
        else if (completion.Result is not (-Errno.ENOBUFS or -Errno.EINTR))
        {
            if (!connection.IsClosing)
            {
                _events.OnDisconnected(connection);
            }
            return;
        }
        if (!connection.IsReceiving && !connection.IsClosing)
        {
            // Buffers may have run out; those used in this turn are back once it ends.
            connection.IsReceiving = true;
            _starved.Add(connection);
        }
    }

    private void HandleSend(Connection connection, int result)
    {
        connection.IsSending = false;
        if (result < 0)
        {
            if (!connection.IsClosing)
            {
                _events.OnDisconnected(connection);
            }
            return;
        }
        var head = connection.Output.Head!;
        head.SentBytes += result;
        if (head.Unsent.IsEmpty)
        {
            connection.Output.DropHead();
        }
        if (connection.Output.Head is not null && !connection.IsClosing)
        {
            Send(connection);
        }
        else if (!connection.IsClosing)
        {
            _events.OnDrained(connection);
        }
    }

    private void Receive(Connection connection)
    {
        connection.IsReceiving = true;
        _ring.PrepareReceiveMultishot(connection.Descriptor, Pack(Operation.Receive, connection));
    }

    private void CloseIfClosing(Connection connection)
    {
        if (connection.IsClosing)
        {
            CloseIfIdle(connection);
        }
    }

    private void CloseIfIdle(Connection connection)
    {
        _starved.Remove(connection);
        if (connection.IsReceiving || connection.IsSending || connection.IsClosed)
        {
            return;
        }
        connection.IsClosed = true;
        Sockets.Close(connection.Descriptor);
        _events.OnClosed(connection);
    }

    private static ulong Pack(Operation operation, Connection connection) => Pack(operation, connection.Slot, connection.Generation);

    // User data: | generation 32 | slot 24 | operation 8 |
    private static ulong Pack(Operation operation, int slot, uint generation) =>
        (ulong)generation << 32 | (ulong)(uint)slot << 8 | (byte)operation;

    private static (Operation Operation, int Slot, uint Generation) Unpack(ulong userData) =>
        ((Operation)(byte)userData, (int)(userData >> 8 & 0xFFFFFF), (uint)(userData >> 32));
}
