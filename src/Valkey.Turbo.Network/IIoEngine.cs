namespace Valkey.Turbo.Network;

/// <summary>
/// The seam between a reactor and the kernel. An engine is used by its reactor's thread only; it reports events by calling
/// <see cref="IIoEvents"/> from within <see cref="Poll"/>.
/// </summary>
internal interface IIoEngine : IDisposable
{
    /// <summary>Bytes that one connection may send at once: sending takes time, and the others wait meanwhile.</summary>
    const int LargestSendBytes = 128 << 10;

    /// <summary>The name that INFO and the log print.</summary>
    string Name { get; }

    /// <summary>Reports connections of a listener until <see cref="IIoEvents.OnAcceptFailed"/>; then call again to go on.</summary>
    void Accept(int listener);

    /// <summary>Closes a listener, or a socket that was accepted and not attached.</summary>
    void CloseSocket(int descriptor);

    /// <summary>Ends the present or the next wait; any thread. <see cref="IIoEvents.OnWoken"/> follows.</summary>
    void Wake();

    /// <summary>Makes a socket that was accepted ready, and says whom it connects.</summary>
    PeerNames Adopt(int descriptor, bool isUnix, string unixPath, int keepAliveSeconds);

    /// <summary>Sends what the socket takes at once of a few bytes; for a connection that is not to be attached.</summary>
    void SendOnce(int descriptor, ReadOnlySpan<byte> bytes);

    /// <summary>Starts receiving for a connection.</summary>
    void Attach(Connection connection);

    /// <summary>Sends what the connection has queued. Does nothing while an earlier send is under way.</summary>
    void Send(Connection connection);

    /// <summary>
    /// Ends a connection. Its descriptor is closed, and <see cref="IIoEvents.OnClosed"/> called, once no operation is under
    /// way.
    /// </summary>
    void Close(Connection connection);

    /// <summary>Finds connections whose end the kernel has not reported; to be called every now and then.</summary>
    void FindLostEnds();

    /// <summary>Submits what is prepared, waits at most <paramref name="timeoutMs"/> (0: not at all), and reports events.</summary>
    void Poll(int timeoutMs);
}

/// <summary>The two ends of a connection as Valkey prints them: <c>1.2.3.4:5</c>.</summary>
internal readonly record struct PeerNames(string Peer, string Local);

/// <summary>What an engine tells its reactor.</summary>
internal interface IIoEvents
{
    /// <summary>The wait for events is over.</summary>
    void OnAwake();

    /// <summary>A peer has connected; the descriptor belongs to the reactor.</summary>
    void OnAccepted(int listener, int descriptor);

    /// <summary>Accepting has stopped with a negated error number.</summary>
    void OnAcceptFailed(int listener, int error);

    /// <summary>Bytes have arrived; they are valid, and may be changed, during the call only.</summary>
    void OnReceived(Connection connection, Span<byte> bytes);

    /// <summary>The peer sends nothing more, but may still read; the engine receives nothing more either.</summary>
    void OnEnded(Connection connection);

    /// <summary>The connection has failed: nothing can be sent any more.</summary>
    void OnDisconnected(Connection connection);

    /// <summary>Everything queued has been sent.</summary>
    void OnDrained(Connection connection);

    /// <summary>The connection is gone; nothing refers to it any more.</summary>
    void OnClosed(Connection connection);

    /// <summary>Somebody has called <see cref="IIoEngine.Wake"/>; calls from now on are reported again.</summary>
    void OnWoken();
}
