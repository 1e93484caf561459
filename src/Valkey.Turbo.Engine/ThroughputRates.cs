namespace Valkey.Turbo.Engine;

/// <summary>Commands and bytes a second, averaged over the last samples. Updated by one thread, read by all.</summary>
public sealed class ThroughputRates
{
    private const int SampleCount = 16;
    private readonly (long TimeNs, long Commands, long Input, long Output)[] _samples = new (long, long, long, long)[SampleCount];
    private int _next;

    /// <summary>Commands a second.</summary>
    public long CommandsPerSecond { get; private set; }

    /// <summary>KiB a second received.</summary>
    public double InputKilobytesPerSecond { get; private set; }

    /// <summary>KiB a second sent.</summary>
    public double OutputKilobytesPerSecond { get; private set; }

    /// <summary>Takes a sample of the totals.</summary>
    public void Sample(ServerInstance server)
    {
        long now = server.Clock.MonotonicNs, commands = 0, input = 0, output = 0;
        foreach (Worker worker in server.Workers)
        {
            commands += worker.Stats.CommandsProcessed;
            input += worker.Stats.InputBytes;
            output += worker.Stats.OutputBytes;
        }
        (long timeNs, long oldCommands, long oldInput, long oldOutput) = _samples[_next];
        _samples[_next] = (now, commands, input, output);
        _next = (_next + 1) % SampleCount;
        double seconds = timeNs == 0 ? 0 : (now - timeNs) / 1e9;
        if (seconds > 0)
        {
            CommandsPerSecond = Math.Max(0, (long)((commands - oldCommands) / seconds));
            InputKilobytesPerSecond = Math.Max(0, (input - oldInput) / seconds / 1024);
            OutputKilobytesPerSecond = Math.Max(0, (output - oldOutput) / seconds / 1024);
        }
    }
}
