using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Network;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>
/// A whole server, its real reactors and connections on its real threads, of which only one runs at a time; which one, for how long, and what
/// the network does meanwhile, a seed decides, on a clock of its own. So what happens replays by seed.
/// </summary>
internal sealed class SimulatedServer : IDisposable
{
    /// <summary>The number of its one listener.</summary>
    internal const int Listener = 1;

    private sealed class SimulatedClock(SimulatedServer server) : Clock
    {
        public override long UnixMicroseconds => server.NowNs / 1000;

        public override long MonotonicNs
        {
            get
            {
                server.MayPause();
                return server.NowNs;
            }
        }
    }

    private sealed class RecordingLog : INetworkLog
    {
        internal List<string> Lines { get; } = [];

        public void Notice(string text) => Lines.Add(text);

        public void Warning(string text) => Lines.Add(text);
    }

    private const long LargestStepNs = 200_000;
    private const int FirstDescriptor = 1000;
    private readonly List<SimulatedClient> _clients = [];
    private readonly SimulatedThread[] _threads;
    private readonly RecordingLog _log = new();
    private SimulatedThread? _running;
    private bool _isEnding;

    internal SimulatedServer(int threads, ulong seed, params string[] options)
    {
        Random = new RandomSource(seed);
        ServerConfig config = new();
        config.LoadLines(options);
        Instance = new ServerInstance(config, threads, clock: new SimulatedClock(this), seed: seed);
        Network = new NetworkServer(Instance, [], _log) { EngineSource = (_, events) => _running!.Engine = new SimulatedEngine(this, _running, events) };
        _threads = [.. Enumerable.Range(0, threads).Select(i => new SimulatedThread(this, i))];
        // Each begins, so that all are there to be given connections.
        foreach (SimulatedThread thread in _threads)
        {
            while (thread.Engine is null || thread.Engine.IsRunnable)
            {
                RunOn(thread);
            }
        }
    }

    internal ServerInstance Instance { get; }

    internal NetworkServer Network { get; }

    internal RandomSource Random { get; }

    internal Dictionary<int, SimulatedSocket> Sockets { get; } = [];

    internal long NowNs { get; private set; } = 1_700_000_000_000_000_000;

    internal long StepCount { get; private set; }

    /// <summary>Differs between two runs that did not do the same.</summary>
    internal ulong Trace { get; private set; }

    /// <summary>What the network has logged.</summary>
    internal IReadOnlyList<string> LogLines => _log.Lines;

    internal SimulatedClient Connect()
    {
        int room = Random.Below(5) switch { 0 => 300, 1 => 4 << 10, _ => 256 << 10 };
        SimulatedSocket socket = new(FirstDescriptor + Sockets.Count, room);
        Sockets.Add(socket.Descriptor, socket);
        SimulatedClient client = new(this, socket);
        _clients.Add(client);
        _threads[0].Engine.Arrive(socket);
        return client;
    }

    /// <summary>Names of keys in different shards, where there are several.</summary>
    internal string[] KeysApart(int count)
    {
        IEnumerable<string> names = Enumerable.Range(0, 10_000).Select(i => $"key:{i}");
        return Instance.Shards.Length == 1
            ? [.. names.Take(count)]
            : [.. names.DistinctBy(name => Instance.ShardOf(System.Text.Encoding.ASCII.GetBytes(name))).Take(count)];
    }

    /// <summary>Time passes, clients read, and one thread runs on until it pauses, if there is one with something to do.</summary>
    internal void Step()
    {
        NowNs += Random.Below((int)LargestStepNs);
        ReadSome();
        TryRunOne();
    }

    /// <summary>Lets everything that can still happen happen, but for new requests and the passing of time.</summary>
    internal void Settle()
    {
        for (int steps = 0; ; steps++)
        {
            Assert.True(steps < 1_000_000, "the server does not come to rest");
            ReadSome();
            if (TryRunOne() || _clients.Exists(client => client.HasUnread && !client.ReadsLate)
                || Array.Exists(_threads, thread => thread.Engine.HasWakeUpComing))
            {
                continue;
            }
            if (!_threads[0].Engine.HasArrived)
            {
                break;
            }
            // Where accepting has failed, it is tried again later.
            NowNs += LargestStepNs;
        }
        SimulatedClient? forgotten = _clients.Find(client => !client.IsIdle && !client.IsBlocked && !client.ReadsLate);
        Assert.True(forgotten is null, $"a standstill: {forgotten?.AwaitedCount} replies do not come to {forgotten?.Session?.Describe(NowNs)}");
    }

    /// <summary>Lets time pass before anybody notices.</summary>
    internal void Advance(long milliseconds) => NowNs += milliseconds * 1_000_000;

    /// <summary>Lets time pass, and what happens meanwhile happen.</summary>
    internal void Wait(long milliseconds)
    {
        for (long endNs = NowNs + milliseconds * 1_000_000; NowNs < endNs;)
        {
            Step();
        }
        Settle();
    }

    /// <summary>Asks and waits for the reply.</summary>
    internal string Run(SimulatedClient client, params string[] words)
    {
        string? reply = null;
        client.Ask(text => reply = text, words);
        Settle();
        return reply!;
    }

    public void Dispose()
    {
        _isEnding = true;
        foreach (SimulatedThread thread in _threads)
        {
            thread.Reactor?.Stop();
        }
        while (Array.Find(_threads, thread => !thread.IsOver) is { } left)
        {
            NowNs += 1_000_000;
            try
            {
                RunOn(left);
            }
            catch (InvalidOperationException)
            {
                // The test has failed with it before.
            }
        }
        Array.ForEach(_threads, thread => thread.Dispose());
        Network.Dispose();
        Instance.Dispose();
    }

    private void RunOn(SimulatedThread thread)
    {
        _running = thread;
        thread.RunOn();
        _running = null;
    }

    /// <summary>Called wherever a thread reads the clock, and in checked builds before it borrows.</summary>
    internal void MayPause()
    {
        if (!_isEnding && _running is { IsCurrent: true } running && Random.Below(8) == 0)
        {
            running.Pause();
        }
    }

    private bool TryRunOne()
    {
        StepCount++;
        SimulatedThread[] runnable = Array.FindAll(_threads, thread => thread.IsRunnable);
        if (runnable.Length == 0)
        {
            return false;
        }
        SimulatedThread chosen = runnable[Random.Below(runnable.Length)];
        Trace = (Trace * 31 + (ulong)Array.IndexOf(_threads, chosen)) * 31 + (ulong)StepCount;
        RunOn(chosen);
        return true;
    }

    private void ReadSome()
    {
        foreach (SimulatedClient client in _clients)
        {
            if (client is { HasUnread: true, ReadsLate: false } && Random.Below(2) == 0)
            {
                client.Read(Random.Below(4) == 0 ? 1 + Random.Below(100) : int.MaxValue);
            }
        }
    }
}
