namespace Valkey.Turbo.Engine;

/// <summary>How saving data has gone; for INFO. Written under all shards.</summary>
public sealed class SaveHistory
{
    /// <summary>How often it went well.</summary>
    public long Count { get; private set; }

    /// <summary>Whether it went well the last time; before the first, too.</summary>
    public bool WasOk { get; private set; } = true;

    /// <summary>Milliseconds that it took the last time, or -1.</summary>
    public long LastMs { get; private set; } = -1;

    /// <summary>Notes an attempt.</summary>
    public void Note(bool isOk, long elapsedMs)
    {
        WasOk = isOk;
        Count += isOk ? 1 : 0;
        LastMs = elapsedMs;
    }
}
