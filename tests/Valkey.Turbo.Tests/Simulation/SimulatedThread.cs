using Valkey.Turbo.Commands;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>
/// A server thread as a reactor drives it, one step at a time: run a client's requests, or, once woken, take deliveries, run what
/// was resumed, and retry what waits for shards.
/// </summary>
internal sealed class SimulatedThread : IThreadWaker, IDisposable
{
    private readonly Dispatcher _dispatcher;
    private readonly ReplyWriter _reply = new();
    private readonly RequestBatch _batch = new();
    private readonly Queue<SimulatedClient> _told = new();
    private readonly Queue<SimulatedClient> _interrupted = new();
    private SimulatedClient? _running;
    private bool _isRunningTold;

    internal SimulatedThread(ServerInstance server, int index)
    {
        Worker = server.Workers[index];
        Index = index;
        _dispatcher = new Dispatcher(Worker, _reply);
        server.Attach(index, this);
    }

    internal Worker Worker { get; }

    internal int Index { get; }

    internal OutputBlockPool Blocks { get; } = new(new ByteCounter());

    internal List<SimulatedClient> Clients { get; } = [];

    internal bool IsWoken { get; private set; }

    /// <summary>Whether the thread runs requests just now.</summary>
    internal bool IsRunning => _running is not null;

    /// <summary>Steps for which the thread is busy with something that holds shards.</summary>
    internal int BusySteps { get; set; }

    public void Wake() => IsWoken = true;

    /// <summary>Notes a client of the thread whose blocked command the running one has told of its key.</summary>
    internal void Tell(SimulatedClient client) => _told.Enqueue(client);

    /// <summary>Begins something slow on a few shards, if they are to be had.</summary>
    internal void BeginSlowCommand(RandomSource random)
    {
        for (int i = 0; i < 3; i++)
        {
            Worker.Shards.Want(random.Below(Worker.Server.Shards.Length));
        }
        BusySteps = Worker.Shards.TryHoldWanted() ? 1 + random.Below(20) : 0;
    }

    /// <summary>Goes on with it.</summary>
    internal void WorkSlowly()
    {
        if (--BusySteps == 0)
        {
            Worker.Shards.ReleaseAll();
        }
    }

    internal void Deliver(SimulatedClient client, ReadOnlySpan<byte> message)
    {
        if (client == _running)
        {
            _reply.Raw(message);
            return;
        }
        client.Output.Append(message);
    }

    /// <summary>What follows the wait for events in a reactor's turn.</summary>
    internal void TakeTurn()
    {
        IsWoken = false;
        Worker.BeginTurn();
        foreach (SimulatedClient client in Clients)
        {
            if (client.IsResumed)
            {
                Resume(client);
            }
            client.IsResumed = false;
        }
        foreach (SimulatedClient client in Clients)
        {
            if (client.IsParked && !client.IsBlocked)
            {
                client.IsParked = false;
                Run(client);
            }
        }
        if (!Clients.Exists(client => client.IsParked && !client.IsBlocked))
        {
            Worker.Shards.Abandon();
        }
        EndTurn();
    }

    /// <summary>What a reactor does before it sends replies.</summary>
    internal void EndTurn()
    {
        Worker.BroadcastChanges();
        Worker.DeliverAll();
        foreach (SimulatedClient client in Clients)
        {
            if (!client.Session.AwaitsChain)
            {
                client.ReadReplies();
            }
        }
    }

    /// <summary>Runs a client's requests, and before anything else those blocked ones that they tell of their keys.</summary>
    internal void Run(SimulatedClient client)
    {
        RunInput(client);
        if (_isRunningTold)
        {
            return;
        }
        _isRunningTold = true;
        while (_told.Count + _interrupted.Count > 0)
        {
            if (_told.TryDequeue(out SimulatedClient? told))
            {
                Resume(told);
            }
            else
            {
                _interrupted.Peek().IsParked = false;
                RunInput(_interrupted.Dequeue());
            }
        }
        _isRunningTold = false;
    }

    private void Resume(SimulatedClient client)
    {
        if (client.IsBlocked)
        {
            client.Session.Blocked!.IsWaiting = false;
            client.IsParked = false;
            Run(client);
        }
    }

    private void RunInput(SimulatedClient client)
    {
        _running = client;
        _reply.Target(client.Output);
        int at = 0;
        PartialRequest partial = PartialRequest.None;
        while (at < client.Input.Length)
        {
            _batch.Clear();
            at += RequestFramer.Frame(client.Input.AsSpan(at), new FramingLimits(512 << 20, false), ref partial, _batch, out _);
            int done = _dispatcher.Run(client.Session, _batch);
            if (done < _batch.Count || (_told.Count > 0 && at < client.Input.Length))
            {
                client.IsParked = true;
                if (_told.Count > 0 && !client.IsBlocked)
                {
                    _interrupted.Enqueue(client);
                }
                using NativeBuffer rest = new();
                _batch.CopyTo(rest, done);
                rest.Append(client.Input.AsSpan(at));
                client.Input = SimulatedClient.Pinned(rest.Span);
                break;
            }
        }
        if (!client.IsParked)
        {
            client.Input = [];
        }
        _reply.Detach();
        _running = null;
    }

    public void Dispose()
    {
        foreach (SimulatedClient client in Clients)
        {
            client.Output.Clear();
            client.Session.EndTransaction();
            client.Session.Transaction?.Dispose();
        }
        _dispatcher.Dispose();
        _batch.Dispose();
        Blocks.Dispose();
    }
}
