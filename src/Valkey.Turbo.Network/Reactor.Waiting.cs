using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Network;

/// <content>Connections whose next command waits: for shards, for keys, for the end of a pause.</content>
internal sealed partial class Reactor
{
    private readonly PriorityQueue<(Connection Connection, BlockedCommand Command), long> _deadlines = new();
    private readonly Queue<Connection> _parked = new();
    private readonly Queue<Connection> _resumed = new();
    private readonly Queue<Connection> _interrupted = new();
    private readonly Queue<Connection> _postponed = new();

    /// <summary>Sets requests that could not get their shards aside, with all input behind them.</summary>
    private void Park(Connection connection, int first, ReadOnlySpan<byte> rest)
    {
        Memory.NativeBuffer waiting = new(_worker.RequestMemory);
        _lane.Batch.CopyTo(waiting, first);
        waiting.Append(rest);
        connection.Input.Dispose();
        connection.Input = waiting;
        connection.Partial.Dispose();
        connection.Partial = PartialRequest.None;
        connection.IsParked = true;
        if (connection.Session.IsPostponed)
        {
            _postponed.Enqueue(connection);
            _worker.PostponedCount = _postponed.Count;
        }
        else if (connection.Session.Blocked is not { IsWaiting: true } command)
        {
            (_resumed.Count > 0 ? _interrupted : _parked).Enqueue(connection);
        }
        else if (command.DeadlineNs != BlockedCommand.Never && !command.HasTimer)
        {
            command.HasTimer = true;
            _deadlines.Enqueue((connection, command), command.DeadlineNs);
        }
    }

    /// <summary>Runs what has waited for the end of a pause.</summary>
    private void RetryPostponed()
    {
        for (int count = _postponed.Count; count > 0 && _server.Pause.Kind != PauseKind.All; count--)
        {
            Connection connection = _postponed.Dequeue();
            if (!connection.IsClosing)
            {
                connection.IsParked = connection.Session.IsPostponed = false;
                RunBuffered(connection);
            }
        }
    }

    private void RetryParked()
    {
        for (int count = _parked.Count; count > 0; count--)
        {
            Retry(_parked.Dequeue());
        }
        if (_parked.Count == 0 && !IsToObeyShutdown && !_server.Shutdown.IsOver)
        {
            _worker.Shards.Abandon();
        }
        // What has waited for the end of a pause may wait for a shard now.
        _worker.PostponedCount = _postponed.Count + _parked.Count;
    }

    private void Retry(Connection connection)
    {
        if (!connection.IsClosing)
        {
            connection.IsParked = false;
            RunBuffered(connection);
        }
    }

    /// <summary>Runs what was resumed between two commands of a connection.</summary>
    private void RunResumedBetween(Connection running)
    {
        _reply.Detach();
        _running = null;
        RunResumed();
        _reply.Target(running.Output);
        _running = running;
    }

    /// <summary>
    /// Runs the blocked commands that were told of their keys, before anybody else's command; then the requests behind such of them as
    /// told others.
    /// </summary>
    private void RunResumed()
    {
        _lane = _resumedLane;
        while (_resumed.Count + _interrupted.Count > 0)
        {
            if (_resumed.TryDequeue(out Connection? resumed))
            {
                Resume(resumed);
            }
            else
            {
                Retry(_interrupted.Dequeue());
            }
        }
        _lane = _ordinaryLane;
    }

    /// <summary>
    /// Ends a connection whose peer has ended its direction, once all that it asked for is answered and sent. What would still wait for
    /// another client, or for the end of a pause, is given up.
    /// </summary>
    private void EndIfAnswered(Connection connection)
    {
        Session session = connection.Session;
        bool isBlocked = session.Blocked is { Work: null, IsWaiting: true } || session.IsPostponed;
        if (connection.IsClosing || (connection.IsParked && !isBlocked))
        {
            return;
        }
        session.EndBlocked(_worker);
        session.ClosesAfterReply = true;
        MarkDirty(connection);
    }

    private void Resume(Connection connection)
    {
        // A command that also waits for shards is tried again anyway.
        if (connection is { IsParked: true, IsClosing: false, Session.Blocked.IsWaiting: true })
        {
            connection.Session.Blocked.IsWaiting = false;
            connection.IsParked = false;
            RunBuffered(connection);
        }
    }

    /// <summary>Runs commands again whose time is over; they reply that nothing came.</summary>
    private void ResumeTimedOut()
    {
        while (_deadlines.TryPeek(out (Connection Connection, BlockedCommand Command) due, out long deadlineNs)
            && (deadlineNs <= _server.Clock.MonotonicNs || due.Connection.Session.Blocked != due.Command))
        {
            _deadlines.Dequeue();
            if (due.Connection.Session.Blocked == due.Command)
            {
                due.Command.IsTimedOut = true;
                Resume(due.Connection);
            }
        }
    }

    /// <summary>How long to wait for events at most, so that no deadline is missed.</summary>
    private int UntilDeadline(int timeoutMs)
    {
        bool hasDeadline = _deadlines.TryPeek(out _, out long deadlineNs);
        if (_postponed.Count > 0)
        {
            deadlineNs = hasDeadline ? Math.Min(deadlineNs, _server.Pause.EndNs) : _server.Pause.EndNs;
        }
        else if (!hasDeadline)
        {
            return timeoutMs;
        }
        long leftMs = (deadlineNs - _server.Clock.MonotonicNs + NsPerMs - 1) / NsPerMs;
        return (int)Math.Clamp(leftMs, 1, timeoutMs);
    }
}
