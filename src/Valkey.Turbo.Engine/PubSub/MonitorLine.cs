using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine.PubSub;

/// <summary>A command that was run, on its way to the clients that watch all commands (MONITOR).</summary>
/// <param name="parts">The line, in parts where it is very long.</param>
internal sealed class MonitorLine(SharedMessage[] parts) : Delivery
{
    public override void Deliver(Worker worker)
    {
        foreach (Session session in worker.Monitors)
        {
            Array.ForEach(parts, session.Transport.Send);
        }
        Array.ForEach(parts, part => part.Release());
    }
}

/// <summary>Which threads have clients that watch all commands.</summary>
public sealed class MonitorDirectory(ServerInstance server)
{
    private const int LargestPartBytes = 64 << 20;
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
    public void Show(Worker sender, NativeBuffer line)
    {
        SharedMessage[] parts = new SharedMessage[(line.Length + LargestPartBytes - 1) / LargestPartBytes];
        for (int i = 0; i < parts.Length; i++)
        {
            Span<byte> rest = line.From((long)i * LargestPartBytes);
            parts[i] = SharedMessage.Of(rest[..Math.Min(rest.Length, LargestPartBytes)]);
        }
        for (int thread = 0; thread < _counts.Length; thread++)
        {
            if (Volatile.Read(ref _counts[thread]) > 0)
            {
                Array.ForEach(parts, part => part.AddOwner());
                server.Workers[thread].Post(new MonitorLine(parts), sender);
            }
        }
        Array.ForEach(parts, part => part.Release());
    }
}
