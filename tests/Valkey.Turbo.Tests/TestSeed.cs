using System.Globalization;
using System.Runtime.CompilerServices;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests;

/// <summary>
/// The seed of this run, for tests that do something else each time: what TURBO_SEED says, which repeats what a failure has named, hashes of
/// keys included.
/// </summary>
internal static class TestSeed
{
    internal static ulong Value { get; } = Environment.GetEnvironmentVariable("TURBO_SEED") is string given
        ? ulong.Parse(given, CultureInfo.InvariantCulture)
        : (ulong)Random.Shared.NextInt64(1, 1_000_000_000_000);

    /// <summary>The seed for this run, which the test's output then names.</summary>
    internal static ulong Next(ITestOutputHelper output)
    {
        output.WriteLine($"TURBO_SEED={Value}");
        return Value;
    }

    /// <summary>Runs something with a seed of its own, or with this run's where that is 0; what fails says how to see it again.</summary>
    internal static void Replayable(ulong seed, Action<ulong> run)
    {
        try
        {
            run(seed == 0 ? Value : seed);
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"TURBO_SEED={Value} shows it again: {e.Message}", e);
        }
    }

#pragma warning disable CA2255 // The tests' own process, before any key is hashed.
    [ModuleInitializer]
    internal static void FixHashes() => AppContext.SetData("Valkey.Turbo.HashSeed", Value);
#pragma warning restore CA2255
}
