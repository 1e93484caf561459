using Valkey.Turbo.Memory;
using Valkey.Turbo.Network;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>
/// A thread of a <see cref="SimulatedServer"/>: a real one, on which a real reactor runs, but only while the test lets it. It pauses where
/// it waits for events, and, where chance will have it, wherever it reads the clock, whatever it holds just then. In checked builds also before it borrows.
/// </summary>
internal sealed class SimulatedThread : IDisposable
{
    private const int PatienceMs = 60_000;

    private readonly SemaphoreSlim _go = new(0);
    private readonly SemaphoreSlim _back = new(0);
    private readonly Thread _thread;
    private Exception? _failure;
    private bool _isRunning;

    internal SimulatedThread(SimulatedServer server, int index)
    {
        _thread = new Thread(() => Run(server, index), 1 << 20) { Name = $"simulated-{index}", IsBackground = true };
        _thread.Start();
    }

    /// <summary>The thread's engine, once the thread has begun.</summary>
    internal SimulatedEngine Engine { get; set; } = null!;

    internal Reactor Reactor { get; private set; } = null!;

    internal bool IsOver { get; private set; }

    /// <summary>Whether there is something for it to do.</summary>
    internal bool IsRunnable => !IsOver && (Engine is null || Engine.IsRunnable);

    /// <summary>Whether it is this thread that runs.</summary>
    internal bool IsCurrent => _isRunning && Thread.CurrentThread == _thread;

    /// <summary>Lets the thread run until it pauses. By the test.</summary>
    internal void RunOn()
    {
        _isRunning = true;
        _go.Release();
        Assert.True(_back.Wait(PatienceMs), "a thread neither ends nor pauses: it waits for one that does not run");
        _isRunning = false;
        if (_failure is not null)
        {
            throw new InvalidOperationException($"a server thread has failed: {_failure.Message}", _failure);
        }
    }

    /// <summary>Gives way to the test until it is let run on. By the thread itself.</summary>
    internal void Pause()
    {
        _back.Release();
        _go.Wait();
    }

    public void Dispose()
    {
        _thread.Join(PatienceMs);
        _go.Dispose();
        _back.Dispose();
    }

    private void Run(SimulatedServer server, int index)
    {
        _go.Wait();
        Interleaving.OnThisThread(server.MayPause);
        try
        {
            Reactor = server.Network.Prepare(index);
            if (index == 0)
            {
                Reactor.Listen(SimulatedServer.Listener);
            }
            Reactor.Run();
        }
        catch (Exception e)
        {
            _failure = e;
        }
        IsOver = true;
        _back.Release();
    }
}
