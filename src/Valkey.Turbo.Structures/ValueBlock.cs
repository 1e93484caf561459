using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A string value too long to embed.
/// <code>
/// 0        8          16
/// | length | capacity | bytes ...            |
/// </code>
/// </summary>
public readonly unsafe struct ValueBlock(nint address)
{
    private const int HeaderBytes = 16;
    private const long LargestGrowthBytes = 1 << 20;

    /// <summary>Where the block lies.</summary>
    public nint Address { get; } = address;

    /// <summary>How long the value is.</summary>
    public int Length
    {
        get => (int)*(long*)Address;
        private set => *(long*)Address = value;
    }

    /// <summary>How long it can get in place.</summary>
    public int Capacity
    {
        get => (int)*(long*)(Address + 8);
        private set => *(long*)(Address + 8) = value;
    }

    /// <summary>The value's bytes.</summary>
    public Span<byte> Span => new((byte*)Address + HeaderBytes, Length);

    /// <summary>Bytes of the block, as asked of the arena.</summary>
    public long BlockBytes => HeaderBytes + (long)Capacity;

    /// <summary>Allocates a block whose bytes are undefined.</summary>
    public static ValueBlock Create(Arena arena, int length)
    {
        long bytes = Math.Min(SizeClass.RoundUp(HeaderBytes + (long)length), HeaderBytes + (long)int.MaxValue);
        ValueBlock block = new(arena.Allocate(bytes));
        block.Length = length;
        block.Capacity = (int)(bytes - HeaderBytes);
        return block;
    }

    /// <summary>Changes the length, keeping the bytes; the block may move. Added bytes are undefined.</summary>
    public ValueBlock Resize(Arena arena, int length)
    {
        if (length <= Capacity)
        {
            ValueBlock same = this;
            same.Length = length;
            return same;
        }
        // Grow ahead, as a string that was appended to once will be again.
        int room = (int)Math.Min(int.MaxValue - 64, length + Math.Min(length, LargestGrowthBytes));
        ValueBlock larger = Create(arena, room);
        Span.CopyTo(larger.Span);
        larger.Length = length;
        Free(arena);
        return larger;
    }

    /// <summary>Frees the block.</summary>
    public void Free(Arena arena) => arena.Free(Address, BlockBytes);
}
