using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A string value too long to embed.
/// <code>
/// 0          4         8            16
/// | length 4 | loans 4 | capacity 8 | bytes ...            |
/// </code>
/// Replies send a long value from where it lies. The loans are how many do so just now, and a bit that says that the owner
/// has let the block go meanwhile; whoever ends the last loan then has it freed. A block on loan is not written to.
/// </summary>
public readonly unsafe struct ValueBlock(nint address)
{
    private const int HeaderBytes = 16;
    private const int AbandonedFlag = int.MinValue;
    private const long LargestGrowthBytes = 1 << 20;

    /// <summary>Where the block lies.</summary>
    public nint Address { get; } = address;

    /// <summary>How long the value is.</summary>
    public int Length
    {
        get => *(int*)Address;
        private set => *(int*)Address = value;
    }

    private ref int Loans => ref *(int*)(Address + 4);

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
        *(long*)block.Address = 0;
        block.Length = length;
        block.Capacity = (int)(bytes - HeaderBytes);
        return block;
    }

    /// <summary>Makes the value writable at another length, keeping its bytes; the block may move. Added bytes are undefined.</summary>
    public ValueBlock Resize(Arena arena, int length)
    {
        bool isOnLoan = Volatile.Read(ref Loans) != 0;
        if (length <= Capacity && !isOnLoan)
        {
            ValueBlock same = this;
            same.Length = length;
            return same;
        }
        // Grow ahead, as a string that was appended to once will be again.
        int room = length <= Capacity ? Capacity : (int)Math.Min(int.MaxValue - 64, length + Math.Min(length, LargestGrowthBytes));
        ValueBlock larger = Create(arena, room);
        Span[..Math.Min(Length, length)].CopyTo(larger.Span);
        larger.Length = length;
        Free(arena);
        return larger;
    }

    /// <summary>Frees the block, or, where it is on loan, lets it go.</summary>
    public void Free(Arena arena)
    {
        if (Volatile.Read(ref Loans) == 0 || Interlocked.Or(ref Loans, AbandonedFlag) == 0)
        {
            arena.Free(Address, BlockBytes);
        }
    }

    /// <summary>Begins a loan; under the shard.</summary>
    public void Lend() => Interlocked.Increment(ref Loans);

    /// <summary>Ends a loan, from any thread. True: the owner has let the block go, and it is for the caller to have it freed.</summary>
    public bool EndLoan() => Interlocked.Decrement(ref Loans) == AbandonedFlag;

    /// <summary>Frees a block after <see cref="EndLoan"/> has asked for it.</summary>
    public void FreeReturned(Arena arena) => arena.Free(Address, BlockBytes);
}
