namespace Valkey.Turbo.Protocol;

/// <summary>
/// Bytes off the managed heap that connections send from where they lie. They neither change nor move while somebody has a
/// share in them.
/// </summary>
public abstract unsafe class SharedBytes
{
    /// <summary>Where the bytes lie.</summary>
    protected byte* Start { get; set; }

    /// <summary>How many bytes there are.</summary>
    public int Length { get; protected set; }

    /// <summary>Whether they count as a client's memory: not where they are part of the data anyway.</summary>
    public abstract bool IsCounted { get; }

    /// <summary>The bytes, for whoever has a share in them.</summary>
    public ReadOnlySpan<byte> Span => new(Start, Length);

    internal byte* Address => Start;

    /// <summary>Takes one more share.</summary>
    public abstract void AddOwner();

    /// <summary>Gives a share back, from any thread.</summary>
    public abstract void Release();
}
