using System.Runtime.InteropServices;

namespace Valkey.Turbo.Memory;

/// <summary>
/// Bytes off the managed heap that grow at the end and are consumed from the front, as many as memory holds. Owned by one
/// thread; a buffer that is not disposed leaks.
/// </summary>
/// <param name="total">Where the capacity is counted, or null.</param>
public sealed unsafe class NativeBuffer(ByteCounter? total = null) : IDisposable
{
    private const int SmallestBytes = 256;
    private byte* _memory;
    private long _start;
    private long _end;

    /// <summary>Bytes allocated.</summary>
    public long Capacity { get; private set; }

    /// <summary>Bytes held.</summary>
    public long Length => _end - _start;

    /// <summary>The bytes held, which must be fewer than 2 GiB; valid until the buffer changes.</summary>
    public Span<byte> Span => new(_memory + _start, checked((int)Length));

    /// <summary>The bytes held from <paramref name="offset"/> on, as many of them as a span takes; valid until the buffer changes.</summary>
    public Span<byte> From(long offset)
    {
        Invariant.Require((ulong)offset <= (ulong)Length);
        return new(_memory + _start + offset, (int)Math.Min(Length - offset, int.MaxValue));
    }

    /// <summary>Adds bytes at the end. Throws <see cref="OutOfMemoryException"/> when the system refuses.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="expectedBytes">What the buffer is known to hold in the end; if it has to grow, it grows to just that.</param>
    public void Append(ReadOnlySpan<byte> bytes, long expectedBytes = 0)
    {
        EnsureRoom(bytes.Length, expectedBytes);
        bytes.CopyTo(new Span<byte>(_memory + _end, bytes.Length));
        _end += bytes.Length;
    }

    /// <summary>Adds what another buffer holds.</summary>
    public void Append(NativeBuffer other)
    {
        EnsureRoom(other.Length, 0);
        Buffer.MemoryCopy(other._memory + other._start, _memory + _end, Capacity - _end, other.Length);
        _end += other.Length;
    }

    /// <summary>Drops bytes from the front.</summary>
    public void Consume(long byteCount)
    {
        Invariant.Require((ulong)byteCount <= (ulong)Length);
        _start += byteCount;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    /// <summary>Drops everything, and keeps the memory.</summary>
    public void Clear() => _start = _end = 0;

    /// <summary>Gives the memory back; the buffer can be used again.</summary>
    public void Release()
    {
        Invariant.Require(Length == 0);
        Dispose();
    }

    /// <summary>Gives back what is allocated beyond <paramref name="capacity"/> and the bytes held.</summary>
    public void Trim(long capacity)
    {
        long kept = Math.Max(capacity, Length);
        if (kept == 0)
        {
            Dispose();
        }
        else if (kept < Capacity)
        {
            Move(kept);
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_memory);
        _memory = null;
        SetCapacity(0);
        _start = _end = 0;
    }

    private void SetCapacity(long capacity)
    {
        if (total is not null)
        {
            total.Bytes += capacity - Capacity;
        }
        Capacity = capacity;
    }

    private void EnsureRoom(long byteCount, long expectedBytes)
    {
        if (Capacity - _end >= byteCount)
        {
            return;
        }
        long needed = Length + byteCount;
        if (needed <= Capacity / 2 || (needed <= expectedBytes && expectedBytes <= Capacity))
        {
            Buffer.MemoryCopy(_memory + _start, _memory, Capacity, Length);
            (_start, _end) = (0, Length);
        }
        else
        {
            Move(Math.Max(SmallestBytes, expectedBytes >= needed ? expectedBytes : needed * 2));
        }
    }

    private void Move(long capacity)
    {
        byte* memory = (byte*)NativeMemory.Alloc((nuint)capacity);
        long length = Length;
        Buffer.MemoryCopy(_memory + _start, memory, capacity, length);
        NativeMemory.Free(_memory);
        _memory = memory;
        SetCapacity(capacity);
        (_start, _end) = (0, length);
    }
}
