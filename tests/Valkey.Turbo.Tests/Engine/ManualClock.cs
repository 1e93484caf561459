using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>Time that stands still unless a test sets it.</summary>
internal sealed class ManualClock : Clock
{
    internal long Ns { get; set; } = 1_000_000_000;

    public override long UnixMicroseconds => 1_800_000_000_000_000 + Ns / 1000;

    public override long MonotonicNs => Ns;
}
