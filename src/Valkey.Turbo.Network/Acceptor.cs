using Valkey.Turbo.Native;

namespace Valkey.Turbo.Network;

/// <summary>
/// The listeners of an engine, in an epoll instance of their own. The io_uring engine polls that instance rather than
/// accept on the ring: a ring that is torn down after a crash keeps its files for a moment, and a restarted server would
/// find its port in use.
/// </summary>
internal sealed class Acceptor(IIoEvents events) : IDisposable
{
    private readonly Epoll _epoll = new();

    /// <summary>Readable while a listener has connections waiting.</summary>
    internal int FileDescriptor => _epoll.FileDescriptor;

    /// <summary>Starts or resumes accepting. Any thread.</summary>
    internal void Add(int listener) => _epoll.Add(listener, (ulong)(uint)listener);

    /// <summary>Accepts everything that waits.</summary>
    internal void AcceptAll()
    {
        int count = _epoll.Wait(0);
        for (int i = 0; i < count; i++)
        {
            AcceptAll((int)_epoll[i].UserData);
        }
    }

    public void Dispose() => _epoll.Dispose();

    private void AcceptAll(int listener)
    {
        while (true)
        {
            int descriptor = Sockets.Accept(listener);
            if (descriptor >= 0)
            {
                events.OnAccepted(listener, descriptor);
            }
            else if (descriptor is -Errno.EAGAIN)
            {
                return;
            }
            else if (descriptor is -Errno.EINVAL)
            {
                // It no longer listens, and will be closed.
                _epoll.Remove(listener);
                return;
            }
            else if (descriptor is not (-Errno.EINTR or -Errno.ECONNABORTED))
            {
                // Out of descriptors, most likely. Without this the loop would spin until there are some again.
                _epoll.Remove(listener);
                events.OnAcceptFailed(listener, descriptor);
                return;
            }
        }
    }
}
