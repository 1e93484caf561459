namespace Valkey.Turbo.Native;

/// <summary>
/// A ring of receive buffers that the kernel fills in the order they were given back. Entry layout (16 bytes): address 8,
/// length 4, buffer id 2, and in entry 0 the ring's tail in the last 2.
/// </summary>
/// <remarks>
/// An incremental buffer (Linux 6.12) is filled by one receive after another until it is full, so small requests of many
/// connections lie side by side; otherwise each receive takes a buffer of its own.
/// </remarks>
public sealed unsafe class ProvidedBuffers : IDisposable
{
    private readonly nint _ring;
    private readonly nint _memory;
    private readonly int _bufferBytes;
    /// <summary>For each buffer how much of it has been seen filled, since it was given to the kernel.</summary>
    private readonly int[] _filledBytes;
    private ushort _tail;

    private ProvidedBuffers(nint ring, nint memory, int count, int bufferBytes)
    {
        (_ring, _memory, _bufferBytes) = (ring, memory, bufferBytes);
        _filledBytes = new int[count];
    }

    /// <summary>Makes and registers <paramref name="count"/> (a power of two) buffers. Returns null when the kernel has none of that kind.</summary>
    public static ProvidedBuffers? TryCreate(IoUring ring, int count, int bufferBytes, bool isIncremental)
    {
        nuint ringBytes = RingBytes(count), memoryBytes = (nuint)count * (nuint)bufferBytes;
        nint entries = MemoryMapping.Allocate(ringBytes);
        if (entries == 0)
        {
            return null;
        }
        nint memory = ring.RegisterBufferRing(entries, (uint)count, isIncremental) ? MemoryMapping.Allocate(memoryBytes) : 0;
        if (memory == 0)
        {
            MemoryMapping.Release(entries, ringBytes);
            return null;
        }
        ProvidedBuffers buffers = new(entries, memory, count, bufferBytes);
        for (int id = 0; id < count; id++)
        {
            buffers.GiveToKernel(id);
        }
        return buffers;
    }

    /// <summary>The bytes that a completion brought. To be called for each in turn; valid until <see cref="Return"/>.</summary>
    public Span<byte> Span(in Completion completion)
    {
        int filled = _filledBytes[completion.BufferId];
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)completion.Result, (uint)(_bufferBytes - filled));
        return new Span<byte>((byte*)_memory + (nint)completion.BufferId * _bufferBytes + filled, completion.Result);
    }

    /// <summary>Says that the bytes which a completion brought are done with.</summary>
    public void Return(in Completion completion)
    {
        int id = completion.BufferId;
        if (completion.BufferStays)
        {
            _filledBytes[id] += completion.Result;
            return;
        }
        _filledBytes[id] = 0;
        GiveToKernel(id);
    }

    public void Dispose()
    {
        MemoryMapping.Release(_ring, RingBytes(_filledBytes.Length));
        MemoryMapping.Release(_memory, (nuint)_filledBytes.Length * (nuint)_bufferBytes);
    }

    private void GiveToKernel(int id)
    {
        byte* entry = (byte*)_ring + (_tail & (_filledBytes.Length - 1)) * 16;
        *(ulong*)entry = (ulong)(_memory + (nint)id * _bufferBytes);
        *(uint*)(entry + 8) = (uint)_bufferBytes;
        *(ushort*)(entry + 12) = (ushort)id;
        Volatile.Write(ref *(ushort*)((byte*)_ring + 14), ++_tail);
    }

    private static nuint RingBytes(int count) => ((nuint)count * 16 + 4095) & ~(nuint)4095;
}
