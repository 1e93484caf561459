using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>A request that the server makes itself, word by word, in a batch of its own. Used again and again by one thread.</summary>
public sealed unsafe class OwnRequest : IDisposable
{
    private const long LargestKeptBytes = 1 << 20;
    private readonly NativeBuffer _words = new();

    /// <summary>The batch whose only request this is, once <see cref="End"/> was called.</summary>
    public RequestBatch Batch { get; } = new();

    /// <summary>Forgets the last request and starts another.</summary>
    public void Begin()
    {
        _words.Consume(_words.Length);
        _words.Trim(LargestKeptBytes);
        Batch.Clear();
    }

    /// <summary>Adds a word; false if the request would be longer than one can be, and is to be begun anew.</summary>
    public bool TryAdd(ReadOnlySpan<byte> word)
    {
        // As on the wire, so that what counts a request's bytes finds them there.
        ReadOnlySpan<byte> end = "\r\n"u8;
        if (_words.Length + word.Length + end.Length > int.MaxValue)
        {
            return false;
        }
        Batch.AddArgument((int)_words.Length, word.Length);
        _words.Append(word);
        _words.Append(end);
        return true;
    }

    /// <summary>Ends the request; its words stay where they are until the next begins.</summary>
    public void End()
    {
        fixed (byte* words = _words.Span)
        {
            Batch.EndRequest(words);
        }
    }

    public void Dispose()
    {
        Batch.Dispose();
        _words.Dispose();
    }
}
