namespace Valkey.Turbo.Lua;

/// <summary>Where <c>math.random</c> gets its numbers from.</summary>
public abstract class LuaRandom
{
    /// <summary>A number from zero up to, but not including, one.</summary>
    public abstract double NextFraction();

    /// <summary>Begins the sequence that belongs to a seed.</summary>
    public abstract void Seed(int seed);
}

/// <summary>The generator of POSIX's <c>lrand48</c>: the same sequence for a seed everywhere.</summary>
public sealed class LinearCongruentialRandom : LuaRandom
{
    private const ulong Multiplier = 0x5DEECE66D;
    private const ulong Increment = 0xB;
    private const ulong Mask = (1UL << 48) - 1;
    private const ulong LowSeed = 0x330E;
    private const int Range = int.MaxValue;

    private ulong _state = LowSeed;

    /// <inheritdoc/>
    public override double NextFraction()
    {
        _state = ((_state * Multiplier) + Increment) & Mask;
        return (int)(_state >> 17) % Range / (double)Range;
    }

    /// <inheritdoc/>
    public override void Seed(int seed) => _state = ((ulong)(uint)seed << 16) | LowSeed;
}
