using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>A stretch of reply bytes off the managed heap, linked to the next.</summary>
public sealed unsafe class OutputBlock
{
    internal byte* Memory;
    internal int Capacity;

    /// <summary>Whose bytes the block sends, or null where the memory is the block's own.</summary>
    internal SharedBytes? Shared;

    /// <summary>Bytes written.</summary>
    public int Length { get; internal set; }

    /// <summary>Bytes the peer's socket has taken.</summary>
    public int SentBytes { get; set; }

    /// <summary>The block after this one.</summary>
    public OutputBlock? Next { get; internal set; }

    /// <summary>The bytes still to send; the memory does not move.</summary>
    public ReadOnlySpan<byte> Unsent => new(Memory + SentBytes, Length - SentBytes);

    /// <summary>Where <see cref="Unsent"/> begins, for the kernel.</summary>
    public nint UnsentAddress => (nint)(Memory + SentBytes);
}

/// <summary>Recycles output blocks of one thread. Idle connections hold none.</summary>
/// <param name="used">Counts the bytes of the blocks in use, those of shared messages once for each connection that sends them.</param>
public sealed unsafe class OutputBlockPool(ByteCounter used) : IDisposable
{
    /// <summary>The size of an ordinary block.</summary>
    public const int BlockBytes = 16 << 10;

    private const int MaxIdleBlocks = 1024;
    private const int LargestBlockBytes = 1 << 20;
    private readonly Stack<OutputBlock> _idle = new();
    private readonly Stack<OutputBlock> _idleShells = new();

    /// <summary>A block that sends shared bytes, as one of their owners.</summary>
    internal OutputBlock Lend(SharedBytes shared)
    {
        shared.AddOwner();
        used.Bytes += shared.IsCounted ? shared.Length : 0;
        OutputBlock block = _idleShells.TryPop(out OutputBlock? idle) ? idle : new OutputBlock();
        block.Shared = shared;
        block.Memory = shared.Address;
        block.Capacity = block.Length = shared.Length;
        return block;
    }

    /// <summary>Takes a block with room for <paramref name="byteCount"/>; larger than asked when much was already written.</summary>
    internal OutputBlock Take(int byteCount, long queuedBytes)
    {
        bool isOrdinary = byteCount <= BlockBytes && queuedBytes < 4 * BlockBytes;
        int capacity = isOrdinary ? BlockBytes : (int)Math.Max(byteCount, Math.Min(queuedBytes, LargestBlockBytes));
        used.Bytes += capacity;
        return isOrdinary && _idle.TryPop(out OutputBlock? idle) ? idle : New(capacity);
    }

    /// <summary>Gives a block back.</summary>
    public void Return(OutputBlock block)
    {
        used.Bytes -= block.Shared is { IsCounted: false } ? 0 : block.Capacity;
        block.Next = null;
        block.Length = 0;
        block.SentBytes = 0;
        if (block.Shared is { } shared)
        {
            shared.Release();
            block.Shared = null;
            block.Memory = null;
            if (_idleShells.Count < MaxIdleBlocks)
            {
                _idleShells.Push(block);
            }
            return;
        }
        if (block.Capacity == BlockBytes && _idle.Count < MaxIdleBlocks)
        {
            _idle.Push(block);
            return;
        }
        NativeMemory.Free(block.Memory);
        block.Memory = null;
    }

    public void Dispose()
    {
        while (_idle.TryPop(out OutputBlock? block))
        {
            NativeMemory.Free(block.Memory);
        }
    }

    private static OutputBlock New(int byteCount) =>
        new() { Memory = (byte*)NativeMemory.Alloc((nuint)byteCount), Capacity = byteCount };
}

/// <summary>Replies of one connection waiting to be sent, oldest first. Owned by the connection's thread.</summary>
public sealed class OutputQueue(OutputBlockPool pool)
{
    /// <summary>Messages of up to so many bytes are copied.</summary>
    public const int LargestCopiedBytes = 2 << 10;

    internal OutputBlock? Tail;

    /// <summary>The block to send first, or null.</summary>
    public OutputBlock? Head { get; private set; }

    /// <summary>Bytes in blocks before the last one; with its length, all that is queued.</summary>
    internal long SealedBytes;

    /// <summary>Bytes written and not yet sent.</summary>
    public long QueuedBytes => SealedBytes + (Tail?.Length ?? 0);

    /// <summary>Bytes of memory that the queue's blocks take.</summary>
    public long BlockBytes { get; private set; }

    /// <summary>How many blocks are queued.</summary>
    public int BlockCount { get; private set; }

    /// <summary>Adds a copy of some bytes that are no more than a block's.</summary>
    /// <remarks>Not while a <see cref="ReplyWriter"/> has unflushed bytes for the queue.</remarks>
    public unsafe void Append(ReadOnlySpan<byte> bytes)
    {
        OutputBlock block = Tail is { Shared: null } tail && tail.Capacity - tail.Length >= bytes.Length ? tail : Extend(bytes.Length);
        bytes.CopyTo(new Span<byte>(block.Memory + block.Length, block.Capacity - block.Length));
        block.Length += bytes.Length;
    }

    /// <summary>Adds bytes that are sent from where they lie; a few are copied, as a row of those is sent faster from one block.</summary>
    /// <remarks>Not while a <see cref="ReplyWriter"/> has unflushed bytes for the queue.</remarks>
    public void Append(SharedBytes shared)
    {
        if (shared.Length <= LargestCopiedBytes)
        {
            Append(shared.Span);
        }
        else
        {
            Add(pool.Lend(shared));
        }
    }

    internal OutputBlock Extend(int byteCount) => Add(pool.Take(byteCount, QueuedBytes));

    private OutputBlock Add(OutputBlock block)
    {
        SealedBytes += Tail?.Length ?? 0;
        if (Tail is null)
        {
            Head = block;
        }
        else
        {
            Tail.Next = block;
        }
        Tail = block;
        BlockCount++;
        BlockBytes += block.Capacity;
        return block;
    }

    /// <summary>Drops the head, which has been sent whole.</summary>
    public void DropHead()
    {
        OutputBlock head = Head!;
        Head = head.Next;
        BlockCount--;
        BlockBytes -= head.Capacity;
        if (Head is null)
        {
            Tail = null;
            SealedBytes = 0;
        }
        else
        {
            SealedBytes -= head.Length;
        }
        pool.Return(head);
    }

    /// <summary>Drops everything.</summary>
    public void Clear()
    {
        while (Head is not null)
        {
            DropHead();
        }
    }

    /// <summary>Cuts the queue back to an earlier end.</summary>
    internal void Truncate(OutputBlock? tail, int length)
    {
        if (tail is null)
        {
            Clear();
            return;
        }
        while (tail.Next is OutputBlock extra)
        {
            tail.Next = extra.Next;
            BlockCount--;
            BlockBytes -= extra.Capacity;
            pool.Return(extra);
        }
        Tail = tail;
        tail.Length = length;
        SealedBytes = 0;
        for (OutputBlock? block = Head; block != tail; block = block!.Next)
        {
            SealedBytes += block!.Length;
        }
    }
}
