using System.Diagnostics;

namespace Valkey.Turbo.Memory;

/// <summary>The seam through which time enters, so that a test can drive it.</summary>
public abstract class Clock
{
    /// <summary>The machine's clocks.</summary>
    public static Clock System { get; } = new SystemClock();

    /// <summary>Microseconds since 1970-01-01 UTC.</summary>
    public abstract long UnixMicroseconds { get; }

    /// <summary>Nanoseconds that never run backwards, from an arbitrary origin.</summary>
    public abstract long MonotonicNs { get; }

    private sealed class SystemClock : Clock
    {
        private static readonly double NsPerTick = 1e9 / Stopwatch.Frequency;

        public override long UnixMicroseconds => (DateTime.UtcNow.Ticks - DateTime.UnixEpoch.Ticks) / 10;

        public override long MonotonicNs => NsPerTick == 1.0
            ? Stopwatch.GetTimestamp()
            : (long)(Stopwatch.GetTimestamp() * NsPerTick);
    }
}
