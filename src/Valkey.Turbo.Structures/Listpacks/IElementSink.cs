namespace Valkey.Turbo.Structures;

/// <summary>Receives elements, one after another. A struct, so that nothing is allocated.</summary>
public interface IElementSink
{
    /// <summary>Called for every element; its bytes are valid during the call.</summary>
    void Add(scoped ReadOnlySpan<byte> element);
}
