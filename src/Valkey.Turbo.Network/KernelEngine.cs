using Valkey.Turbo.Native;

namespace Valkey.Turbo.Network;

/// <summary>What both engines of the kernel do in the same way: listeners, wake-ups, and single calls on sockets.</summary>
internal abstract class KernelEngine(IIoEvents events) : IDisposable
{
    /// <summary>The listeners.</summary>
    protected Acceptor Acceptor { get; } = new(events);

    /// <summary>Signalled by whoever wakes the engine's thread.</summary>
    protected WakeEvent WakeUps { get; } = new();

    public void Accept(int listener) => Acceptor.Add(listener);

    public void CloseSocket(int descriptor) => Sockets.Close(descriptor);

    public void Wake() => WakeUps.Signal();

    public PeerNames Adopt(int descriptor, bool isUnix, string unixPath, int keepAliveSeconds)
    {
        if (!isUnix)
        {
            Sockets.SetNoDelay(descriptor);
            Sockets.SetKeepAlive(descriptor, keepAliveSeconds);
        }
        return new PeerNames(Sockets.PeerName(descriptor, unixPath), Sockets.LocalName(descriptor, unixPath));
    }

    public void SendOnce(int descriptor, ReadOnlySpan<byte> bytes) => Sockets.Send(descriptor, bytes);

    public virtual void Dispose()
    {
        Acceptor.Dispose();
        WakeUps.Dispose();
    }
}
