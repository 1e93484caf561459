using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine;

/// <summary>What a session needs of its connection.</summary>
public interface ISessionTransport
{
    /// <summary>Ends the connection; may be called from any thread. Replies queued before are still sent if <paramref name="afterReplies"/>.</summary>
    void Close(bool afterReplies);

    /// <summary>Runs a blocked command again soon; may be called from any thread.</summary>
    void Resume();

    /// <summary>Adds a message behind the replies so far; on the session's own thread only.</summary>
    void Send(SharedBytes message);

    /// <summary>Adds a copy of a message of up to <see cref="OutputQueue.LargestCopiedBytes"/>.</summary>
    void Send(ReadOnlySpan<byte> message);

    /// <summary>Bytes of replies waiting to be sent.</summary>
    long OutputBytes { get; }

    /// <summary>Bytes of memory held for replies.</summary>
    long OutputCapacity { get; }

    /// <summary>Blocks of replies waiting to be sent.</summary>
    int OutputBlocks { get; }

    /// <summary>Bytes of requests waiting to be run.</summary>
    long InputBytes { get; }

    /// <summary>Bytes of memory held for requests.</summary>
    long InputCapacity { get; }
}

/// <summary>The connection of a session that has none: commands of a file that is loaded, or of tests. What is sent is dropped.</summary>
public sealed class NoTransport : ISessionTransport
{
    public long OutputBytes => 0;

    public long OutputCapacity => 0;

    public int OutputBlocks => 0;

    public long InputBytes => 0;

    public long InputCapacity => 0;

    public void Close(bool afterReplies)
    {
    }

    public void Resume()
    {
    }

    public void Send(SharedBytes message)
    {
    }

    public void Send(ReadOnlySpan<byte> message)
    {
    }
}
