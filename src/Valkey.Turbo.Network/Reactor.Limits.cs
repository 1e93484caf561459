using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Network;

/// <content>What clients may cost: output and query buffers, idle time, and their memory altogether.</content>
internal sealed partial class Reactor
{
    private const int InputBufferBytes = 16 << 10;
    private const int WorthTrimmingBytes = 4 << 10;
    private const int LargeInputBytes = 32 << 10;
    private const long InputIdleNs = 2000 * NsPerMs;
    // As in Valkey, and the least to which the limit can be set.
    private const int UnauthenticatedInputBytes = 1 << 20;
    // Requests are framed where they lie, in one span; parked ones are written anew, which may take some mebibytes more.
    private const long MostInputBytes = int.MaxValue - (64 << 20);

    private readonly List<Connection> _doomed = [];
    private long _bufferBytesSeen;
    private long _clientLimitSeen;

    /// <summary>Looks at every connection, ten times a second.</summary>
    private void CheckConnections()
    {
        for (int slot = 0; slot < _connections.SlotCount; slot++)
        {
            if (_connections[slot] is { IsClosing: false } connection)
            {
                CheckOutputLimit(connection);
                CheckIdle(connection);
                TrimInput(connection);
            }
        }
        CloseDoomed();
        EvictClients();
    }

    /// <summary>Ends a client that has been silent for longer than <c>timeout</c>; one that waits for something may be.</summary>
    private void CheckIdle(Connection connection)
    {
        long timeoutSeconds = _server.Config.IdleTimeoutSeconds.Number;
        Session session = connection.Session;
        bool maySitStill = session.Blocked is not null || session.IsPostponed || session.IsMonitor || session.Subscriptions is { Total: > 0 };
        if (timeoutSeconds > 0 && !maySitStill && _worker.NowMonotonicNs - session.LastActiveNs > timeoutSeconds * 1000 * NsPerMs)
        {
            Doom(connection);
        }
    }

    /// <summary>
    /// Gives back input memory as Valkey does: all that is free of a client that is idle, and of a large buffer what was
    /// not needed lately.
    /// </summary>
    private void TrimInput(Connection connection)
    {
        Memory.NativeBuffer input = connection.Input;
        if (input.Capacity - input.Length > WorthTrimmingBytes)
        {
            if (_worker.NowMonotonicNs - connection.Session.LastActiveNs > InputIdleNs)
            {
                input.Trim(0);
            }
            else if (input.Capacity > LargeInputBytes && connection.InputPeakBytes < input.Capacity / 2)
            {
                input.Trim(Math.Max(connection.InputPeakBytes, InputBufferBytes));
            }
        }
        connection.InputPeakBytes = connection.ExpectedInputBytes;
    }

    /// <summary>
    /// Whether a client would have sent more than <c>client-query-buffer-limit</c> allows to wait: what is not run, and what it has
    /// queued in a transaction.
    /// </summary>
    private bool WouldHoldTooMuch(Connection connection, int arrivingBytes)
    {
        long inputBytes = connection.Input.Length + arrivingBytes;
        long heldBytes = inputBytes + (connection.Session.Transaction?.ArgumentBytes ?? 0);
        return heldBytes > UnauthenticatedInputBytes
            && (heldBytes > _server.Config.QueryBufferLimit.Number || inputBytes > MostInputBytes || !connection.Session.IsAuthenticated);
    }

    private void EndFaulty(Connection connection)
    {
        if (connection.IsDoomed)
        {
            return;
        }
        if (connection.Session.Fault == ClientFault.SpeaksHttp)
        {
            _network.WarnOfHttp(connection.Session);
        }
        else
        {
            _worker.Stats.QueryLimitDisconnections++;
            _network.Log.Warning($"Closing client that reached max query buffer length: {connection.Session.Describe(_worker.NowMonotonicNs)}");
        }
        Doom(connection);
    }

    /// <summary>
    /// Ends a client that leaves more unread than <c>client-output-buffer-limit</c> allows: at once beyond the hard limit,
    /// after a while beyond the soft one.
    /// </summary>
    private void CheckOutputLimit(Connection connection)
    {
        Session session = connection.Session;
        OutputLimit limit = _server.Config.OutputLimitOf(session.Subscriptions is { Total: > 0 });
        long bytes = connection.Output.QueuedBytes;
        bool isOver = limit.HardBytes > 0 && bytes > limit.HardBytes;
        if (limit.SoftBytes > 0 && bytes > limit.SoftBytes)
        {
            long now = _server.Clock.MonotonicNs;
            connection.OverSoftLimitSinceNs = connection.OverSoftLimitSinceNs == 0 ? now : connection.OverSoftLimitSinceNs;
            isOver |= now - connection.OverSoftLimitSinceNs > limit.SoftSeconds * 1000 * NsPerMs;
        }
        else
        {
            connection.OverSoftLimitSinceNs = 0;
        }
        if (isOver && !connection.IsDoomed)
        {
            _worker.Stats.OutputLimitDisconnections++;
            _network.Log.Warning($"Client {session.Describe(_worker.NowMonotonicNs)} closed for overcoming of output buffer limits.");
            Doom(connection);
        }
    }

    /// <summary>Ends a connection once the present command or delivery is over. Nothing more is queued for it.</summary>
    private void Doom(Connection connection)
    {
        if (!connection.IsDoomed)
        {
            connection.IsDoomed = true;
            _doomed.Add(connection);
        }
    }

    private void CloseDoomed()
    {
        foreach (Connection connection in _doomed)
        {
            OnDisconnected(connection);
        }
        _doomed.Clear();
    }

    /// <summary>
    /// Ends the clients with the most memory until all together take no more than <c>maxmemory-clients</c>. Looked at when this
    /// thread's buffers have grown, and ten times a second for what else clients take.
    /// </summary>
    private void EvictClients()
    {
        long limit = ClientMemoryLimit;
        if (limit == 0)
        {
            return;
        }
        Session[] clients = [.. _server.Clients.Values];
        long total = clients.Sum(client => client.MemoryBytes);
        if (total <= limit)
        {
            return;
        }
        foreach (Session session in clients.Where(client => !client.IsNoEvict).OrderByDescending(client => client.MemoryBytes))
        {
            if (total <= limit)
            {
                break;
            }
            total -= session.MemoryBytes;
            if (!_server.Clients.TryRemove(session.Id, out _))
            {
                // Gone already, or another thread's catch.
                continue;
            }
            _worker.Stats.EvictedClients++;
            _network.Log.Notice($"Evicting client: {session.Describe(_worker.NowMonotonicNs)}");
            if (session.Transport is Connection connection && session.Thread == _worker.Thread)
            {
                Doom(connection);
            }
            else
            {
                session.Transport.Close(afterReplies: false);
            }
        }
        CloseDoomed();
    }

    /// <summary>What clients may take altogether: a number, or a share of <c>maxmemory</c>; 0 for no limit.</summary>
    private long ClientMemoryLimit => _server.Config.MaxMemoryClients.Number is var limit && limit < 0
        ? (long)((Int128)_server.Config.MaxMemory.Number * -limit / 100)
        : limit;

    /// <summary>
    /// Looks at the memory of clients again if the buffers of this thread have grown since it was last looked at, or there is
    /// another limit. Buffers are most of it; while all threads' are far from the limit, the clients need not be added up.
    /// </summary>
    private void EvictClientsIfGrown()
    {
        long limit = _server.Config.MaxMemoryClients.Number == 0 ? 0 : ClientMemoryLimit;
        bool isOther = limit != _clientLimitSeen && limit != 0;
        if (isOther || (limit != 0 && _worker.BufferBytes > _bufferBytesSeen && _server.Workers.Sum(worker => worker.BufferBytes) > limit / 2))
        {
            EvictClients();
        }
        (_bufferBytesSeen, _clientLimitSeen) = (_worker.BufferBytes, limit);
    }

    /// <summary>Goes on with an eviction of keys that took too long to end at once, or that a lower limit asks for.</summary>
    private void EvictKeys()
    {
        if (_server.Config.MaxMemory.Number > 0)
        {
            _worker.RefreshTime();
            _worker.Evictor.TryMakeRoom();
        }
    }
}
