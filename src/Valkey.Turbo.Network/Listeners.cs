using System.Net;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Network;

/// <summary>The sockets on which the server listens, as <c>port</c>, <c>bind</c> and <c>unixsocket</c> say.</summary>
internal sealed class Listeners(ServerInstance server, INetworkLog log)
{
    private readonly Lock _gate = new();
    private List<int> _tcp = [];
    private int _unix = -1;
    private (int Port, string Addresses) _current;

    /// <summary>All listeners.</summary>
    internal int[] All
    {
        get
        {
            lock (_gate)
            {
                return _unix < 0 ? [.. _tcp] : [.. _tcp, _unix];
            }
        }
    }

    internal bool IsUnix(int listener) => listener == _unix;

    /// <summary>Opens all of them.</summary>
    /// <exception cref="IOException">One can't be opened.</exception>
    internal void Open()
    {
        ServerConfig config = server.Config;
        if (TryListen((int)config.Port.Number, config.Bind.Text, _tcp) is string problem)
        {
            throw new IOException(problem);
        }
        _current = ((int)config.Port.Number, config.Bind.Text);
        if (config.UnixSocket.Text.Length > 0)
        {
            int pathBytes = Encoding.UTF8.GetByteCount(config.UnixSocket.Text);
            if (pathBytes >= Sockets.UnixPathBytes)
            {
                throw new IOException($"Failed opening Unix socket: unix socket path too long ({pathBytes}), must be under {Sockets.UnixPathBytes}");
            }
            _unix = Sockets.ListenUnix(config.UnixSocket.Text, (int)config.UnixSocketPermissions.Number, (int)config.Backlog.Number);
            if (_unix < 0)
            {
                throw new IOException($"Failed opening Unix socket: bind: {Errno.Describe(-_unix)}");
            }
            string group = config.UnixSocketGroup.Text;
            int error = group.Length == 0 ? 0 : FileGroup.Set(config.UnixSocket.Text, group);
            if (error != 0)
            {
                throw new IOException($"Failed opening Unix socket: it can't be given to group '{group}': {Errno.Describe(error)}");
            }
        }
        if (_tcp.Count == 0 && _unix < 0)
        {
            throw new IOException("Configured to not listen anywhere, exiting.");
        }
        server.ListeningPort = _current.Port;
    }

    /// <summary>
    /// Listens where the settings say now, after they have changed. Any thread. False where that can't be had; then it listens where it did
    /// before.
    /// </summary>
    internal bool TryReopen(Reactor acceptor)
    {
        (int Port, string Addresses) wanted = ((int)server.Config.Port.Number, server.Config.Bind.Text);
        lock (_gate)
        {
            if (wanted == _current)
            {
                return true;
            }
            List<int> opened = [], old = _tcp;
            // Two sockets can be bound to one address, but not listen there. The thread that accepts closes them.
            old.ForEach(Sockets.Shutdown);
            string? problem = TryListen(wanted.Port, wanted.Addresses, opened);
            if (problem is not null)
            {
                opened.ForEach(Sockets.Close);
                opened.Clear();
                _ = TryListen(_current.Port, _current.Addresses, opened);
            }
            else
            {
                _current = wanted;
                server.ListeningPort = wanted.Port;
            }
            _tcp = opened;
            opened.ForEach(acceptor.Listen);
            old.ForEach(acceptor.PostCloseListener);
            return problem is null;
        }
    }

    /// <summary>Closes all of them.</summary>
    internal void Close()
    {
        foreach (int listener in All)
        {
            Sockets.Close(listener);
        }
        if (_unix >= 0)
        {
            File.Delete(server.Config.UnixSocket.Text);
        }
        (_tcp, _unix) = ([], -1);
    }

    private string? TryListen(int port, string addresses, List<int> listeners)
    {
        foreach (string text in port == 0 ? [] : addresses.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            bool isOptional = text.StartsWith('-');
            string name = isOptional ? text[1..] : text;
            IPAddress? address = name switch { "*" => IPAddress.Any, "::*" => IPAddress.IPv6Any, _ => Resolve(name) };
            int listener = address is null ? -Errno.ENXIO : Sockets.ListenTcp(address, port, (int)server.Config.Backlog.Number);
            if (listener >= 0)
            {
                listeners.Add(listener);
                continue;
            }
            log.Warning($"Warning: Could not create server TCP listening socket {name}:{port}: "
                + (address is null ? "Name or service not known" : $"bind: {Errno.Describe(-listener)}"));
            bool isUnsupported = -listener is Errno.ENOPROTOOPT or Errno.EPROTONOSUPPORT or Errno.ESOCKTNOSUPPORT or Errno.EPFNOSUPPORT or Errno.EAFNOSUPPORT;
            if (!isUnsupported && !(isOptional && listener == -Errno.EADDRNOTAVAIL))
            {
                return $"Failed listening on port {port} (tcp), aborting.";
            }
        }
        return null;
    }

    private static IPAddress? Resolve(string name)
    {
        try
        {
            return IPAddress.TryParse(name, out IPAddress? address) ? address : Dns.GetHostAddresses(name).FirstOrDefault();
        }
        catch (System.Net.Sockets.SocketException)
        {
            return null;
        }
    }
}
