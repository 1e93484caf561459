using System.Globalization;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests;

/// <summary>Seeds of tests that run other cases each time. TURBO_SEED repeats what a failure has named.</summary>
internal static class TestSeed
{
    /// <summary>A seed for this run, which the test's output then names.</summary>
    internal static ulong Next(ITestOutputHelper output)
    {
        string? given = Environment.GetEnvironmentVariable("TURBO_SEED");
        ulong seed = given is null ? (ulong)Random.Shared.NextInt64(1_000_000_000_000) : ulong.Parse(given, CultureInfo.InvariantCulture);
        output.WriteLine($"TURBO_SEED={seed}");
        return seed;
    }
}
