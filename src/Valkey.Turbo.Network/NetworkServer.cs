using System.Net;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Network;

/// <summary>Where the network reports what the operator should know.</summary>
public interface INetworkLog
{
    /// <summary>Something to know.</summary>
    void Notice(string text);

    /// <summary>Something to act on.</summary>
    void Warning(string text);
}

/// <summary>The server's listeners and threads.</summary>
public sealed class NetworkServer : IDisposable
{
    private const long HttpWarningIntervalNs = 60_000_000_000;
    private const string TooManyClients = "ERR max number of clients reached";

    private const string Denied =
        "DENIED Running in protected mode because protected mode is enabled and no password is set for the default user. "
        + "In this mode connections are only accepted from the loopback interface. To connect from elsewhere, set a password "
        + "(requirepass), bind to chosen addresses, or turn protected mode off (CONFIG SET protected-mode no) on a trusted network.";

    private readonly ServerInstance _server;
    private readonly int[] _cpus;
    private readonly Listeners _listeners;
    private readonly Reactor?[] _reactors;
    private readonly Thread[] _threads;
    private readonly CountdownEvent _started;
    private Exception? _failure;
    private int _clientCount;
    private long _warnedOfHttpAtNs;

    /// <summary>Prepares as many threads as the server has workers.</summary>
    /// <param name="server">The server.</param>
    /// <param name="cpus">The CPU each thread is pinned to; empty for none.</param>
    /// <param name="log">Where to report.</param>
    public NetworkServer(ServerInstance server, int[] cpus, INetworkLog log)
    {
        (_server, _cpus, Log) = (server, cpus, log);
        _listeners = new Listeners(server, log);
        _reactors = new Reactor?[server.Workers.Length];
        _threads = new Thread[server.Workers.Length];
        _started = new CountdownEvent(server.Workers.Length);
    }

    internal INetworkLog Log { get; }

    /// <summary>Why io_uring must not even be tried, which the log has been told; or null.</summary>
    public string? IoUringRefusal { get; init; }

    /// <summary>Makes the engines of the reactors, where they are not to be the kernel's.</summary>
    internal Func<ConnectionTable, IIoEvents, IIoEngine>? EngineSource { get; init; }

    /// <summary>Opens the listeners, starts the threads and returns once they run.</summary>
    /// <exception cref="IOException">A listener can't be opened, or no engine can be had.</exception>
    public void Start()
    {
        _listeners.Open();
        for (int i = 0; i < _threads.Length; i++)
        {
            int thread = i;
            _threads[i] = new Thread(() => RunThread(thread), 256 << 10) { Name = $"turbo-{i}", IsBackground = true };
            _threads[i].Start();
        }
        _started.Wait();
        if (_failure is not null)
        {
            throw new IOException(_failure.Message, _failure);
        }
        _server.Config.Port.TryApply = _ => _listeners.TryReopen(_reactors[0]!) ? null : "Unable to listen on this port. Check server logs.";
        _server.Config.Bind.TryApply = _ => _listeners.TryReopen(_reactors[0]!) ? null : "Failed to bind to specified addresses.";
    }

    /// <summary>Stops accepting, sends the replies of commands that have run, ends all threads.</summary>
    public void Stop()
    {
        foreach (Reactor? reactor in _reactors)
        {
            reactor?.Stop();
        }
        foreach (Thread thread in _threads)
        {
            thread?.Join();
        }
        _listeners.Close();
    }

    public void Dispose()
    {
        foreach (Reactor? reactor in _reactors)
        {
            reactor?.Dispose();
        }
        _started.Dispose();
    }

    internal bool IsUnix(int listener) => _listeners.IsUnix(listener);

    /// <summary>Hands a new connection to the thread with the fewest.</summary>
    internal void Distribute(int listener, int descriptor)
    {
        Reactor target = _reactors[0]!;
        foreach (Reactor? reactor in _reactors)
        {
            if (reactor!.ConnectionCount < target.ConnectionCount)
            {
                target = reactor;
            }
        }
        Interlocked.Increment(ref _clientCount);
        target.PostAdopt(listener, descriptor);
    }

    internal void ConnectionClosed() => Interlocked.Decrement(ref _clientCount);

    /// <summary>Why a client may not connect, or null.</summary>
    internal string? Refusal(Session session)
    {
        if (Volatile.Read(ref _clientCount) > _server.Config.MaxClients.Number)
        {
            return TooManyClients;
        }
        ServerConfig config = _server.Config;
        bool isProtected = config.ProtectedMode.IsSet && config.RequirePass.Text.Length == 0 && !session.IsUnixSocket;
        return isProtected && !IsLoopback(session.Address) ? Denied : null;
    }

    /// <summary>Tells the operator of a client that speaks HTTP, once a minute at most.</summary>
    internal void WarnOfHttp(Session session)
    {
        long now = _server.Clock.MonotonicNs, last = Volatile.Read(ref _warnedOfHttpAtNs);
        if ((last == 0 || now - last > HttpWarningIntervalNs) && Interlocked.CompareExchange(ref _warnedOfHttpAtNs, now, last) == last)
        {
            Log.Warning("Possible SECURITY ATTACK detected. It looks like somebody is sending POST or Host: commands to Valkey. "
                + "This is likely due to an attacker attempting to use Cross Protocol Scripting to compromise your Valkey instance. "
                + $"Connection from {session.Address} aborted.");
        }
    }

    internal void RunCron()
    {
        _server.AdjustClock();
        _server.Pause.EndIfOver();
        _ = _server.UsedBytes;
        _server.Rates.Update(_server);
    }

    internal IIoEngine CreateEngine(ConnectionTable connections, IIoEvents events)
    {
        if (EngineSource is not null)
        {
            return EngineSource(connections, events);
        }
        string wanted = _server.Config.IoEngine.Choice;
        if (wanted != "epoll")
        {
            string? refusal = IoUringRefusal;
            IoUringEngine? engine = refusal is null ? IoUringEngine.TryCreate(connections, events, out refusal) : null;
            if (engine is not null)
            {
                return engine;
            }
            if (wanted == "io_uring")
            {
                throw new IOException($"io_uring can't be used: {refusal}");
            }
            if (_reactors[0] is null && IoUringRefusal is null)
            {
                Log.Notice($"io_uring can't be used: {refusal}. Using epoll.");
            }
        }
        return new EpollEngine(connections, events);
    }

    /// <summary>Makes the reactor of a thread, on that thread.</summary>
    internal Reactor Prepare(int thread)
    {
        Reactor reactor = new(this, _server.Workers[thread]);
        _reactors[thread] = reactor;
        if (thread == 0)
        {
            _server.IoEngineName = reactor.EngineName;
        }
        return reactor;
    }

    private void RunThread(int thread)
    {
        Reactor reactor;
        try
        {
            if (thread < _cpus.Length)
            {
                CpuAffinity.Pin(_cpus[thread]);
            }
            reactor = Prepare(thread);
        }
        catch (Exception e)
        {
            _failure = e;
            _started.Signal();
            return;
        }
        _started.Signal();
        _started.Wait();
        if (_failure is not null)
        {
            return;
        }
        if (thread == 0)
        {
            foreach (int listener in _listeners.All)
            {
                reactor.Listen(listener);
            }
        }
        reactor.Run();
    }

    private static bool IsLoopback(string peer)
    {
        int colon = peer.LastIndexOf(':');
        return colon > 0 && IPAddress.TryParse(peer[..colon].Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address);
    }
}
