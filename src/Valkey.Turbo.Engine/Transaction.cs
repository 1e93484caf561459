using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine;

/// <summary>What a session has queued since MULTI, and whether something in it was refused. Owned by the session's thread.</summary>
/// <param name="memory">Where the bytes of the requests are counted.</param>
public sealed class Transaction(ByteCounter memory) : IDisposable
{
    /// <summary>The requests, in a form that can be framed again.</summary>
    public NativeBuffer Requests { get; } = new(memory);

    /// <summary>How many requests were queued.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of the requests as Valkey counts them: their words, and a pointer to each.</summary>
    public long ArgumentBytes { get; private set; }

    /// <summary>Whether a request writes or may be replicated.</summary>
    public bool MayReplicate { get; set; }

    /// <summary>Whether a request may grow memory.</summary>
    public bool MayGrow { get; set; }

    /// <summary>Whether MULTI was called, and neither EXEC nor DISCARD since.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Whether a request was refused, so that EXEC must not run the others.</summary>
    public bool IsAborted { get; set; }

    /// <summary>Starts queueing.</summary>
    public void Open() => IsOpen = true;

    /// <summary>Queues a request.</summary>
    public void Add(RequestBatch batch, int request)
    {
        batch.CopyTo(Requests, request, 1);
        Count++;
        for (int i = 0; i < batch.ArgumentCount(request); i++)
        {
            ArgumentBytes += batch.Argument(request, i).Length + sizeof(long);
        }
    }

    /// <summary>Forgets everything queued.</summary>
    public void Close()
    {
        Requests.Dispose();
        Count = 0;
        ArgumentBytes = 0;
        IsOpen = IsAborted = MayReplicate = MayGrow = false;
    }

    public void Dispose() => Requests.Dispose();
}
