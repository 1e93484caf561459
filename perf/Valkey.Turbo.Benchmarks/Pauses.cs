using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Benchmarks;

/// <summary>The longest of many short steps, and how many took more than a millisecond.</summary>
internal struct Pauses
{
    private long _longestTicks;
    private int _overMs;

    internal void Note(long ticks)
    {
        _longestTicks = Math.Max(_longestTicks, ticks);
        _overMs += ticks * 1000 > Stopwatch.Frequency ? 1 : 0;
    }

    public override readonly string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"longest {_longestTicks * 1e3 / Stopwatch.Frequency:F3} ms, {_overMs} over 1 ms");

    /// <summary>What the machine takes away from a loop that only reads the clock.</summary>
    internal static Pauses OfReadingTheClock(double seconds)
    {
        Pauses pauses = default;
        long end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        for (long before = Stopwatch.GetTimestamp(), now; before < end; before = now)
        {
            now = Stopwatch.GetTimestamp();
            pauses.Note(now - before);
        }
        return pauses;
    }

    /// <summary>What the kernel and the hypervisor take to supply so much fresh memory.</summary>
    internal static Pauses OfTouchingPages(long bytes)
    {
        const int page = 4096;
        Pauses pauses = default;
        SpanSource source = new(-1);
        for (long spans = bytes / SpanSource.SpanBytes; spans > 0; spans--)
        {
            long before = Stopwatch.GetTimestamp();
            nint span = source.TakeSpan();
            for (int at = 0; at < SpanSource.SpanBytes; at += page)
            {
                Marshal.WriteByte(span, at, 1);
                long now = Stopwatch.GetTimestamp();
                pauses.Note(now - before);
                before = now;
            }
        }
        return pauses;
    }
}
