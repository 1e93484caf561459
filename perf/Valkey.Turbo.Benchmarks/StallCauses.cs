using System.Diagnostics;
using System.Globalization;

namespace Valkey.Turbo.Benchmarks;

/// <summary>
/// Times many short steps on one thread and says who is to blame for those that took more than a millisecond: the scheduler, which let
/// others run on the processor (<c>/proc/thread-self/schedstat</c>), the hypervisor, which took the processor away (<c>steal</c> of
/// <c>/proc/stat</c>), the supply of fresh pages (faults of <c>/proc/thread-self/stat</c>), or nobody known: the step's own work, if it
/// comes at the same step again, or what the counters are too coarse for.
/// </summary>
/// <remarks>The counters are read every few thousand steps and after each stall, so they cover a few milliseconds around it.</remarks>
internal sealed class StallCauses
{
    private const int StepsPerReading = 4096;
    private const int ManyFaults = 64;
    private const double StealTickMs = 10;

    private readonly record struct Reading(double WaitedMs, double StolenMs, long Faults);

    private Reading _last = Read();
    private int _steps;
    private long _longestTicks;
    private int _scheduler;
    private int _hypervisor;
    private int _pages;
    private double _longestUnexplainedMs;
    private int _unexplained;

    /// <summary>Notes how long a step took.</summary>
    internal void Note(long ticks)
    {
        _longestTicks = Math.Max(_longestTicks, ticks);
        bool isStall = ticks * 1000 > Stopwatch.Frequency;
        if (!isStall && ++_steps % StepsPerReading != 0)
        {
            return;
        }
        Reading now = Read();
        if (isStall)
        {
            Blame(ticks * 1e3 / Stopwatch.Frequency, now);
        }
        _last = now;
    }

    private void Blame(double ms, Reading now)
    {
        if (now.WaitedMs - _last.WaitedMs > ms / 2)
        {
            _scheduler++;
        }
        else if (now.StolenMs - _last.StolenMs > Math.Max(ms / 2, StealTickMs / 2))
        {
            _hypervisor++;
        }
        else if (now.Faults - _last.Faults >= ManyFaults)
        {
            _pages++;
        }
        else
        {
            _unexplained++;
            _longestUnexplainedMs = Math.Max(_longestUnexplainedMs, ms);
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"longest {_longestTicks * 1e3 / Stopwatch.Frequency:F3} ms; over 1 ms: scheduler {_scheduler}, hypervisor {_hypervisor}, fresh pages {_pages}, unexplained {_unexplained} (longest {_longestUnexplainedMs:F3} ms)");

    private static Reading Read()
    {
        double waitedMs = double.Parse(File.ReadAllText("/proc/thread-self/schedstat").Split(' ')[1], CultureInfo.InvariantCulture) / 1e6;
        using StreamReader stat = new("/proc/stat");
        double stolenMs = double.Parse(stat.ReadLine()!.Split(' ', StringSplitOptions.RemoveEmptyEntries)[8], CultureInfo.InvariantCulture) * StealTickMs;
        string own = File.ReadAllText("/proc/thread-self/stat");
        // Behind the name, which may hold blanks: state, …; the faults are the eighth.
        long faults = long.Parse(own[(own.LastIndexOf(')') + 2)..].Split(' ')[7], CultureInfo.InvariantCulture);
        return new Reading(waitedMs, stolenMs, faults);
    }
}
