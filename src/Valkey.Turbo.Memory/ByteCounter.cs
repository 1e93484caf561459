namespace Valkey.Turbo.Memory;

/// <summary>How many bytes the buffers of one thread take together.</summary>
public sealed class ByteCounter
{
    /// <summary>The bytes; changed by the thread that owns the buffers.</summary>
    public long Bytes { get; set; }
}
