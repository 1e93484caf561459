
namespace Valkey.Turbo.Memory;

/// <summary>
/// A seeded generator (SplitMix64, Steele, Lea and Flood 2014), the seam through which chance enters. Used by one thread.
/// </summary>
public sealed class RandomSource(ulong seed)
{
    private ulong _state = seed;

    /// <summary>64 uniform bits.</summary>
    public ulong Next()
    {
        ulong z = _state += 0x9e3779b97f4a7c15;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
        z = (z ^ z >> 27) * 0x94d049bb133111eb;
        return z ^ z >> 31;
    }

    /// <summary>A uniform number from 0 to <paramref name="limit"/> - 1 (to within 2⁻³²).</summary>
    public int Below(int limit) => (int)Math.BigMul(Next(), (ulong)limit, out _);

    /// <summary>A uniform number from 0 to 1.</summary>
    public double NextDouble() => (Next() >> 11) * (1.0 / (1UL << 53));
}
