using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Protocol;

/// <summary>
/// Bytes off the managed heap that several connections send, on any thread. Counts its owners; the last to let go frees
/// the memory. Immutable once it is shared.
/// </summary>
public sealed unsafe class SharedMessage : SharedBytes
{
    private int _owners = 1;

    private SharedMessage(int byteCount)
    {
        Start = (byte*)NativeMemory.Alloc((nuint)Math.Max(1, byteCount));
        Length = byteCount;
    }

    /// <inheritdoc/>
    public override bool IsCounted => true;

    /// <summary>A copy of some bytes, with the caller as its owner.</summary>
    public static SharedMessage Of(ReadOnlySpan<byte> bytes)
    {
        SharedMessage message = new(bytes.Length);
        bytes.CopyTo(new Span<byte>(message.Start, bytes.Length));
        return message;
    }

    /// <inheritdoc/>
    public override void AddOwner()
    {
        Invariant.Check(Volatile.Read(ref _owners) > 0);
        Interlocked.Increment(ref _owners);
    }

    /// <inheritdoc/>
    public override void Release()
    {
        if (Interlocked.Decrement(ref _owners) == 0)
        {
            NativeMemory.Free(Start);
        }
    }
}
