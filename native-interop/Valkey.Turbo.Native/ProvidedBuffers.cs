namespace Valkey.Turbo.Native;

/// <summary>
/// A ring of receive buffers that the kernel fills in the order they were given back. Entry layout (16 bytes): address 8,
/// length 4, buffer id 2, and in entry 0 the ring's tail in the last 2.
/// </summary>
public sealed unsafe class ProvidedBuffers : IDisposable
{
    private readonly nint _ring;
    private readonly nint _memory;
    private readonly int _count;
    private readonly int _bufferBytes;
    private ushort _tail;

    private ProvidedBuffers(nint ring, nint memory, int count, int bufferBytes)
    {
        (_ring, _memory, _count, _bufferBytes) = (ring, memory, count, bufferBytes);
    }

    /// <summary>Makes and registers <paramref name="count"/> (a power of two) buffers. Returns null when the kernel has no buffer rings.</summary>
    public static ProvidedBuffers? TryCreate(IoUring ring, int count, int bufferBytes)
    {
        nint entries = MemoryMapping.Allocate(RingBytes(count));
        if (entries == 0 || !ring.RegisterBufferRing(entries, (uint)count))
        {
            return null;
        }
        nint memory = MemoryMapping.Allocate((nuint)count * (nuint)bufferBytes);
        if (memory == 0)
        {
            return null;
        }
        ProvidedBuffers buffers = new(entries, memory, count, bufferBytes);
        for (int id = 0; id < count; id++)
        {
            buffers.Return(id);
        }
        return buffers;
    }

    /// <summary>The first <paramref name="byteCount"/> bytes of a buffer the kernel has filled. Valid until <see cref="Return"/>.</summary>
    public Span<byte> Span(int id, int byteCount)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)_count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)byteCount, (uint)_bufferBytes);
        return new Span<byte>((byte*)_memory + (nint)id * _bufferBytes, byteCount);
    }

    /// <summary>Gives a buffer to the kernel.</summary>
    public void Return(int id)
    {
        byte* entry = (byte*)_ring + (_tail & (_count - 1)) * 16;
        *(ulong*)entry = (ulong)(_memory + (nint)id * _bufferBytes);
        *(uint*)(entry + 8) = (uint)_bufferBytes;
        *(ushort*)(entry + 12) = (ushort)id;
        Volatile.Write(ref *(ushort*)((byte*)_ring + 14), ++_tail);
    }

    public void Dispose()
    {
        MemoryMapping.Release(_ring, RingBytes(_count));
        MemoryMapping.Release(_memory, (nuint)_count * (nuint)_bufferBytes);
    }

    private static nuint RingBytes(int count) => ((nuint)count * 16 + 4095) & ~(nuint)4095;
}
