using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>
/// The 24 bits that eviction goes by. LRU: seconds, modulo 2²⁴. LFU: 16 bits of minutes, when the counter last decayed,
/// then 8 bits of a logarithmic counter. Formats and constants as in Valkey, so that OBJECT and DUMP agree.
/// </summary>
public static class AccessClock
{
    private const uint Mask = 0xFFFFFF;
    private const int LfuInitial = 5;

    /// <summary>The LRU time of an instant.</summary>
    public static uint LruOf(long unixMs) => (uint)(unixMs / 1000) & Mask;

    /// <summary>The data of a new entry.</summary>
    public static uint Initial(Worker worker) =>
        worker.TracksFrequency ? Minutes(worker.NowUnixMs) << 8 | LfuInitial : worker.LruClock;

    /// <summary>The data of an entry of which a dump or a file says how it was used; -1 for what it does not say.</summary>
    public static uint Restored(Worker worker, long idleSeconds, long frequency)
    {
        if (frequency >= 0 && worker.TracksFrequency)
        {
            return Initial(worker) & ~255u | (uint)frequency;
        }
        return idleSeconds >= 0 && !worker.TracksFrequency ? LruOf(worker.NowUnixMs - Math.Min(idleSeconds, worker.NowUnixMs / 1000) * 1000) : Initial(worker);
    }

    /// <summary>Notes a use of the entry. Writes only when something changes, so that reads leave cache lines clean.</summary>
    public static void Touch(Entry entry, Worker worker)
    {
        uint now = worker.TracksFrequency
            ? NextLfu(entry.Access, worker.Server.Config, worker.NowUnixMs, worker.Random)
            : worker.LruClock;
        if (entry.Access != now)
        {
            entry.Access = now;
        }
    }

    /// <summary>Seconds since the last use, from LRU data.</summary>
    public static long IdleSeconds(uint access, long unixMs) => LruOf(unixMs) - access & Mask;

    /// <summary>The logarithmic use counter, decayed to now, from LFU data.</summary>
    public static int Frequency(uint access, ServerConfig config, long unixMs)
    {
        int counter = (int)(access & 255);
        long decayMinutes = config.LfuDecayMinutes.Number;
        uint elapsed = Minutes(unixMs) - (access >> 8) & 0xFFFF;
        long periods = decayMinutes > 0 ? elapsed / decayMinutes : 0;
        return periods > counter ? 0 : counter - (int)periods;
    }

    private static uint NextLfu(uint access, ServerConfig config, long unixMs, RandomSource random)
    {
        int counter = Frequency(access, config, unixMs);
        if (counter < 255)
        {
            double probability = 1.0 / (Math.Max(0, counter - LfuInitial) * config.LfuLogFactor.Number + 1);
            counter += random.NextDouble() < probability ? 1 : 0;
        }
        return Minutes(unixMs) << 8 | (uint)counter;
    }

    private static uint Minutes(long unixMs) => (uint)(unixMs / 60_000) & 0xFFFF;
}
