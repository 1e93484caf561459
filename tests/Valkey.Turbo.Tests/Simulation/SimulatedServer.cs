using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>
/// A server whose threads take turns in an order that a seed decides, on a clock of its own: what happens replays by seed.
/// </summary>
internal sealed class SimulatedServer : IDisposable
{
    private sealed class SimulatedClock : Clock
    {
        internal long NowNs { get; set; } = 1_700_000_000_000_000_000;

        public override long UnixMicroseconds => NowNs / 1000;

        public override long MonotonicNs => NowNs;
    }

    private const long LargestStepNs = 400_000;
    private readonly SimulatedClock _clock = new();
    private readonly SimulatedThread[] _threads;
    private long _clientCount;

    internal SimulatedServer(int threads, ulong seed)
    {
        Random = new RandomSource(seed);
        Instance = new ServerInstance(new ServerConfig(), threads, clock: _clock, seed: seed);
        _threads = [.. Enumerable.Range(0, threads).Select(i => new SimulatedThread(Instance, i))];
    }

    internal ServerInstance Instance { get; }

    internal RandomSource Random { get; }

    internal IEnumerable<SimulatedClient> Clients => _threads.SelectMany(thread => thread.Clients);

    internal SimulatedClient Connect()
    {
        SimulatedThread thread = _threads[Random.Below(_threads.Length)];
        SimulatedClient client = new(thread, ++_clientCount);
        thread.Clients.Add(client);
        return client;
    }

    /// <summary>One thread does one thing.</summary>
    internal void Step(bool allowsSlowCommands = true)
    {
        _clock.NowNs += Random.Below((int)LargestStepNs);
        SimulatedThread thread = _threads[Random.Below(_threads.Length)];
        foreach (SimulatedClient client in thread.Clients)
        {
            if (client.Session.Blocked is { IsTimedOut: false } command && command.DeadlineNs <= _clock.NowNs)
            {
                command.IsTimedOut = true;
                client.Resume();
            }
        }
        SimulatedClient? ready = Ready(thread);
        if (thread.BusySteps > 0)
        {
            thread.WorkSlowly();
        }
        else if (thread.IsWoken && (ready is null || Random.Below(2) == 0))
        {
            thread.TakeTurn();
        }
        else if (ready is not null)
        {
            thread.Run(ready);
            thread.EndTurn();
        }
        else if (allowsSlowCommands && Random.Below(8) == 0 && !thread.Clients.Exists(client => client.IsParked && !client.IsBlocked))
        {
            thread.BeginSlowCommand(Random);
        }
    }

    /// <summary>Lets everything that can still happen happen, but for new requests and the passing of timeouts.</summary>
    internal void Settle()
    {
        for (int steps = 0; !IsSettled; steps++)
        {
            Assert.True(steps < 100_000, "a standstill");
            Step(allowsSlowCommands: false);
        }
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
        foreach (SimulatedThread thread in _threads)
        {
            thread.Dispose();
        }
        Instance.Dispose();
    }

    private bool IsSettled => Array.TrueForAll(_threads, thread =>
        thread.BusySteps == 0 && !thread.IsWoken && Ready(thread) is null && thread.Clients.TrueForAll(client => !client.IsParked || client.IsBlocked));

    private SimulatedClient? Ready(SimulatedThread thread)
    {
        SimulatedClient[] ready = [.. thread.Clients.Where(client => !client.IsParked && client.Input.Length > 0)];
        return ready.Length == 0 ? null : ready[Random.Below(ready.Length)];
    }
}
