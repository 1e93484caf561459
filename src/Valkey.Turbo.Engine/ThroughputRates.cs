namespace Valkey.Turbo.Engine;

/// <summary>Commands and bytes a second, averaged over the last samples. Updated by one thread, read by all.</summary>
public sealed class ThroughputRates
{
    private const int SampleCount = 16;

    private readonly record struct Sample(long TimeNs, long Commands, long Input, long Output, long Turns, long TurnNs);

    private readonly Sample[] _samples = new Sample[SampleCount];
    private int _next;

    /// <summary>Commands a second.</summary>
    public long CommandsPerSecond { get; private set; }

    /// <summary>KiB a second received.</summary>
    public double InputKilobytesPerSecond { get; private set; }

    /// <summary>KiB a second sent.</summary>
    public double OutputKilobytesPerSecond { get; private set; }

    /// <summary>Turns of all threads' event loops a second.</summary>
    public long TurnsPerSecond { get; private set; }

    /// <summary>Mean time of a turn of an event loop, without the wait for events.</summary>
    public long TurnMicroseconds { get; private set; }

    /// <summary>Takes a sample of the totals.</summary>
    public void Update(ServerInstance server)
    {
        long commands = 0, input = 0, output = 0, turns = 0, turnNs = 0;
        foreach (Worker worker in server.Workers)
        {
            commands += worker.Stats.CommandsProcessed;
            input += worker.Stats.InputBytes;
            output += worker.Stats.OutputBytes;
            turns += worker.Stats.EventLoopCycles;
            turnNs += worker.Stats.TurnNs;
        }
        Sample old = _samples[_next], now = new(server.Clock.MonotonicNs, commands, input, output, turns, turnNs);
        _samples[_next] = now;
        _next = (_next + 1) % SampleCount;
        double seconds = old.TimeNs == 0 ? 0 : (now.TimeNs - old.TimeNs) / 1e9;
        if (seconds > 0)
        {
            CommandsPerSecond = Math.Max(0, (long)((now.Commands - old.Commands) / seconds));
            InputKilobytesPerSecond = Math.Max(0, (now.Input - old.Input) / seconds / 1024);
            OutputKilobytesPerSecond = Math.Max(0, (now.Output - old.Output) / seconds / 1024);
            TurnsPerSecond = Math.Max(0, (long)((now.Turns - old.Turns) / seconds));
            TurnMicroseconds = now.Turns <= old.Turns ? 0 : Math.Max(0, (now.TurnNs - old.TurnNs) / (now.Turns - old.Turns) / 1000);
        }
    }
}
