using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// The coarse time that bucket deadlines are relative to. Read when an entry with an expiry is placed; hours of error do
/// no harm, for deadlines are only lower bounds within days.
/// </summary>
public static class TableClock
{
    private static long s_nowUnixMs = Clock.System.UnixMicroseconds / 1000;

    /// <summary>Milliseconds since 1970; the reactors advance it.</summary>
    public static long NowUnixMs
    {
        get => Volatile.Read(ref s_nowUnixMs);
        set => Volatile.Write(ref s_nowUnixMs, value);
    }
}
