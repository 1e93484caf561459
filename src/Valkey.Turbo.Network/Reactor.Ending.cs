namespace Valkey.Turbo.Network;

/// <content>The server's end: a signal is obeyed, and what was answered is sent.</content>
internal sealed partial class Reactor
{
    /// <summary>Ends the server if a signal has asked for it; thread 0 does so for all.</summary>
    private void ObeyShutdown()
    {
        if (!IsToObeyShutdown || _server.PausesCron || !_worker.Shards.TryHoldAll())
        {
            return;
        }
        _worker.RefreshTime();
        if (!_server.Shutdown.TryObey(_worker))
        {
            _worker.Shards.ReleaseAll();
        }
    }

    private bool IsToObeyShutdown => _worker.Thread == 0 && _server.Shutdown is { IsRequested: true, IsOver: false };

    /// <summary>Sends the replies of commands that have run, for a second at most, and closes everything. Nothing is run any more.</summary>
    private void Drain()
    {
        _isDraining = true;
        long endNs = _server.Clock.MonotonicNs + 1000 * NsPerMs;
        TakeMessages();
        SendReplies();
        while (HasUnsent() && _server.Clock.MonotonicNs < endNs)
        {
            _engine.Poll(10);
            SendReplies();
        }
        for (int slot = 0; slot < _connections.SlotCount; slot++)
        {
            if (_connections[slot] is { } connection)
            {
                OnDisconnected(connection);
            }
        }
        for (int turn = 0; turn < 10 && _connections.Count > 0; turn++)
        {
            _engine.Poll(1);
        }
    }

    private bool HasUnsent()
    {
        for (int slot = 0; slot < _connections.SlotCount; slot++)
        {
            if (_connections[slot] is { IsClosing: false } connection && connection.Output.QueuedBytes > 0)
            {
                return true;
            }
        }
        return false;
    }
}
