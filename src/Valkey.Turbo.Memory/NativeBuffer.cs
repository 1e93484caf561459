using System.Runtime.InteropServices;

namespace Valkey.Turbo.Memory;

/// <summary>
/// Bytes off the managed heap that grow at the end and are consumed from the front. Owned by one thread; a buffer that
/// is not disposed leaks. Used for input that does not end with a whole request.
/// </summary>
/// <param name="total">Where the capacity is counted, or null.</param>
public sealed unsafe class NativeBuffer(ByteCounter? total = null) : IDisposable
{
    private const int SmallestBytes = 256;
    private const int MostBytes = int.MaxValue - SmallestBytes;
    private byte* _memory;
    private int _start;
    private int _end;

    /// <summary>Bytes allocated.</summary>
    public int Capacity { get; private set; }

    /// <summary>Bytes held.</summary>
    public int Length => _end - _start;

    /// <summary>The bytes held; valid until the buffer changes.</summary>
    public Span<byte> Span => new(_memory + _start, Length);

    /// <summary>Adds bytes at the end. Throws <see cref="OutOfMemoryException"/> beyond 2 GiB or when the system refuses.</summary>
    /// <param name="bytes">The bytes.</param>
    /// <param name="expectedBytes">What the buffer is known to hold in the end; if it has to grow, it grows to just that.</param>
    public void Append(ReadOnlySpan<byte> bytes, long expectedBytes = 0)
    {
        EnsureRoom(bytes.Length, expectedBytes);
        bytes.CopyTo(new Span<byte>(_memory + _end, bytes.Length));
        _end += bytes.Length;
    }

    /// <summary>Drops bytes from the front.</summary>
    public void Consume(int byteCount)
    {
        Invariant.Require((uint)byteCount <= (uint)Length);
        _start += byteCount;
        if (_start == _end)
        {
            _start = _end = 0;
        }
    }

    /// <summary>Gives the memory back; the buffer can be used again.</summary>
    public void Release()
    {
        Invariant.Require(Length == 0);
        Dispose();
    }

    /// <summary>Gives back what is allocated beyond <paramref name="capacity"/> and the bytes held.</summary>
    public void Trim(long capacity)
    {
        int kept = (int)Math.Max(capacity, Length);
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

    private void SetCapacity(int capacity)
    {
        if (total is not null)
        {
            total.Bytes += capacity - Capacity;
        }
        Capacity = capacity;
    }

    private void EnsureRoom(int byteCount, long expectedBytes)
    {
        if (Capacity - _end >= byteCount)
        {
            return;
        }
        long needed = (long)Length + byteCount;
        if (needed > MostBytes)
        {
            throw new OutOfMemoryException("a request of more than 2 GiB");
        }
        if (needed <= Capacity / 2 || (needed <= expectedBytes && expectedBytes <= Capacity))
        {
            Span.CopyTo(new Span<byte>(_memory, Length));
            (_start, _end) = (0, Length);
        }
        else
        {
            Move((int)Math.Clamp(expectedBytes >= needed ? expectedBytes : needed * 2, SmallestBytes, MostBytes));
        }
    }

    private void Move(int capacity)
    {
        byte* memory = (byte*)NativeMemory.Alloc((nuint)capacity);
        int length = Length;
        Span.CopyTo(new Span<byte>(memory, length));
        NativeMemory.Free(_memory);
        _memory = memory;
        SetCapacity(capacity);
        (_start, _end) = (0, length);
    }
}
