namespace Valkey.Turbo.Scripting;

/// <summary>A script that has run for long, as others see it.</summary>
/// <param name="Run">The run.</param>
/// <param name="Thread">The thread that it runs on.</param>
/// <param name="Shards">Which shards it had when it had run for so long.</param>
/// <param name="Words">The command that runs it.</param>
public sealed record BusyScript(ScriptRun Run, int Thread, bool[] Shards, byte[][] Words)
{
    /// <summary>Whether it has everything, so that nobody else can do anything.</summary>
    public bool HasAll { get; } = Array.TrueForAll(Shards, static isHeld => isHeld);
}
