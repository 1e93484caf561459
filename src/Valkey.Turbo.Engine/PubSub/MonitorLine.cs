using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine.PubSub;

/// <summary>A command that was run, on its way to the clients that watch all commands (MONITOR).</summary>
internal sealed class MonitorLine(SharedMessage line) : Delivery
{
    public override void Deliver(Worker worker)
    {
        foreach (Session session in worker.Monitors)
        {
            session.Transport.Send(line);
        }
        line.Release();
    }
}

/// <summary>Which threads have clients that watch all commands.</summary>
public sealed class MonitorDirectory(ServerInstance server)
{
    private readonly int[] _counts = new int[server.Workers.Length];
    private int _total;

    /// <summary>Whether anyone watches.</summary>
    public bool HasAny => _total > 0;

    /// <summary>Makes a session of the calling thread watch, or stop.</summary>
    public void Set(Worker worker, Session session, bool isMonitor)
    {
        if (isMonitor ? worker.Monitors.Add(session) : worker.Monitors.Remove(session))
        {
            session.IsMonitor = isMonitor;
            Interlocked.Add(ref _counts[worker.Thread], isMonitor ? 1 : -1);
            Interlocked.Add(ref _total, isMonitor ? 1 : -1);
        }
    }

    /// <summary>Shows a line, which ends with CR LF, to all who watch.</summary>
    public void Show(Worker sender, ReadOnlySpan<byte> line)
    {
        SharedMessage message = SharedMessage.Of(line);
        for (int thread = 0; thread < _counts.Length; thread++)
        {
            if (Volatile.Read(ref _counts[thread]) > 0)
            {
                message.AddOwner();
                server.Workers[thread].Post(new MonitorLine(message), sender);
            }
        }
        message.Release();
    }
}
