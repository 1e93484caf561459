using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>
/// Bytes off the managed heap that several connections send, on any thread. Counts its owners; the last to let go frees
/// the memory. Immutable once it is shared.
/// </summary>
public sealed unsafe class SharedMessage
{
    private readonly byte* _memory;
    private int _owners = 1;

    private SharedMessage(int byteCount)
    {
        _memory = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, byteCount));
        Length = byteCount;
    }

    /// <summary>Bytes of the message.</summary>
    public int Length { get; }

    /// <summary>The bytes, for an owner.</summary>
    public ReadOnlySpan<byte> Span => new(_memory, Length);

    internal byte* Address => _memory;

    /// <summary>A copy of some bytes, with the caller as its owner.</summary>
    public static SharedMessage Of(ReadOnlySpan<byte> bytes)
    {
        SharedMessage message = new(bytes.Length);
        bytes.CopyTo(new Span<byte>(message._memory, bytes.Length));
        return message;
    }

    /// <summary>Adds an owner.</summary>
    public void AddOwner()
    {
        Invariant.Check(Volatile.Read(ref _owners) > 0);
        Interlocked.Increment(ref _owners);
    }

    /// <summary>Takes an owner away.</summary>
    public void Release()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            NativeMemory.Free(_memory);
        }
    }
}
