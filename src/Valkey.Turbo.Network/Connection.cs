using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Network;

/// <summary>
/// One client's socket: its unfinished input, its queued output, its session. Owned by one reactor; other threads may only
/// call <see cref="Close"/> and read the counters.
/// </summary>
internal sealed class Connection : ISessionTransport
{
    private readonly Reactor _reactor;

    internal Connection(Reactor reactor, int descriptor, OutputBlockPool blocks, ByteCounter requestMemory)
    {
        _reactor = reactor;
        Descriptor = descriptor;
        Output = new OutputQueue(blocks);
        Input = new NativeBuffer(requestMemory);
    }

    internal int Descriptor { get; }

    /// <summary>Place in the reactor's table of connections, and how often that place was used before.</summary>
    internal int Slot { get; set; }

    internal uint Generation { get; set; }

    internal Session Session { get; set; } = null!;

    /// <summary>Input that has arrived and not been run: an unfinished request, or everything behind a parked one.</summary>
    internal NativeBuffer Input { get; set; }

    internal PartialRequest Partial = PartialRequest.None;

    /// <summary>The most input that was held since the buffer was last looked at.</summary>
    internal long InputPeakBytes { get; set; }

    /// <summary>The input held, with all of an argument whose length is known.</summary>
    internal long ExpectedInputBytes => IsParked ? Input.Length : Math.Max(Input.Length, Partial.BytesNeeded);

    internal OutputQueue Output { get; }

    /// <summary>A command waits for shards; nothing behind it runs before it.</summary>
    internal bool IsParked { get; set; }

    internal bool IsClosing { get; set; }

    /// <summary>The descriptor is closed; late events of the connection mean nothing.</summary>
    internal bool IsClosed { get; set; }

    /// <summary>Replies wait for the end of the turn.</summary>
    internal bool IsDirty { get; set; }

    /// <summary>Since when, on the monotonic clock, more is unread than the soft limit allows; 0 if it is not.</summary>
    internal long OverSoftLimitSinceNs { get; set; }

    /// <summary>The connection ends with the turn.</summary>
    internal bool IsDoomed { get; set; }

    /// <summary>The peer has ended its direction; what it asked for before is still answered.</summary>
    internal bool HasEnded { get; set; }

    // What the engine has under way.
    internal bool IsReceiving { get; set; }

    internal bool IsSending { get; set; }

    /// <summary>Bytes have come since it was last made sure that the peer is still there.</summary>
    internal bool IsUnproved { get; set; }

    /// <summary>The socket had no room for all of the last send.</summary>
    internal bool WaitsForWritable { get; set; }

    public long OutputBytes => Output.QueuedBytes;

    // The first block is anybody's, from a pool, for the turn that fills it.
    public long OutputCapacity => Math.Max(0, Output.BlockBytes - OutputBlockPool.BlockBytes);

    public int OutputBlocks => Output.BlockCount;

    // As in Valkey, what was read of a request counts no longer once a large argument of it has begun.
    public long InputBytes => Input.Length - Partial.BytesBeforeArgument;

    public long InputCapacity => Input.Capacity;

    public void Send(SharedBytes message)
    {
        if (message.Length <= OutputQueue.LargestCopiedBytes)
        {
            _reactor.Deliver(this, message.Span, null);
        }
        else
        {
            _reactor.Deliver(this, default, message);
        }
    }

    public void Send(ReadOnlySpan<byte> message) => _reactor.Deliver(this, message, null);

    public void Resume() => _reactor.PostResume(this);

    public void Close(bool afterReplies) => _reactor.PostClose(this, afterReplies);
}
