using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>
/// What is known of a request whose end has not arrived: framing goes on where it stopped, so that a request of a million
/// arguments in small packets costs linear time. Offsets count from the start of the request.
/// </summary>
public struct PartialRequest : IDisposable
{
    // As in Valkey, from here on it is worth a buffer of just its length.
    private const int LargeArgumentBytes = 32 << 10;

    /// <summary>Arguments announced and not framed yet; 0 when no count has been read.</summary>
    internal int ArgumentsLeft;
    /// <summary>Length announced for the argument at <see cref="Position"/>, or -1.</summary>
    internal int BulkLength;
    /// <summary>Bytes framed so far.</summary>
    internal int Position;
    /// <summary>The arguments framed so far, where framing them again would cost too much; or null.</summary>
    internal NativeBuffer? Saved;

    /// <summary>Fewer bytes than this, from the start of the request, can't complete the argument that is on its way.</summary>
    public readonly long BytesNeeded => BulkLength >= 0 ? (long)Position + BulkLength + 2 : (long)Position + 1;

    /// <summary>Bytes of the request in front of the large argument that is on its way; 0 if none is.</summary>
    public readonly int BytesBeforeArgument => BulkLength >= LargeArgumentBytes ? Position : 0;

    /// <summary>Whether a request has begun.</summary>
    public readonly bool HasBegun => ArgumentsLeft > 0;

    /// <summary>The state before any byte of a request.</summary>
    public static PartialRequest None => new() { BulkLength = -1 };

    /// <summary>Gives back the memory of what is known.</summary>
    public void Dispose()
    {
        Saved?.Dispose();
        Saved = null;
    }
}
