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
    public void Append(ReadOnlySpan<byte> bytes)
    {
        EnsureRoom(bytes.Length);
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

    private void EnsureRoom(int byteCount)
    {
        if (Capacity - _end >= byteCount)
        {
            return;
        }
        long needed = (long)Length + byteCount;
        if (needed > int.MaxValue - SmallestBytes)
        {
            throw new OutOfMemoryException("a request of more than 2 GiB");
        }
        if (needed <= Capacity / 2)
        {
            Span.CopyTo(new Span<byte>(_memory, Length));
        }
        else
        {
            int capacity = (int)Math.Clamp(needed * 2, SmallestBytes, int.MaxValue - SmallestBytes);
            byte* larger = (byte*)NativeMemory.Alloc((nuint)capacity);
            Span.CopyTo(new Span<byte>(larger, Length));
            NativeMemory.Free(_memory);
            _memory = larger;
            SetCapacity(capacity);
        }
        _end = Length;
        _start = 0;
    }
}
