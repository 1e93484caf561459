using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.Memory;

public sealed class ArenaTests
{
    [Fact]
    public void EverySizeFitsItsClassAndNoSmallerOne()
    {
        for (int bytes = 1; bytes <= SizeClass.LargestBytes; bytes++)
        {
            int index = SizeClass.Of(bytes);
            Assert.InRange(bytes, index == 0 ? 1 : SizeClass.Bytes(index - 1) + 1, SizeClass.Bytes(index));
        }
        Assert.Equal(SizeClass.LargestBytes, SizeClass.Bytes(SizeClass.Count - 1));
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    [InlineData(3UL)]
    public unsafe void ObjectsNeverOverlapAndAllMemoryComesBack(ulong seed)
    {
        Arena arena = new(new SpanSource(-1));
        RandomSource random = new(seed);
        List<(nint Address, int Bytes, byte Fill)> live = [];
        for (int step = 0; step < 20_000; step++)
        {
            if (live.Count == 0 || random.Below(100) < 55)
            {
                int bytes = random.Below(20) == 0 ? 1 + random.Below(200_000) : 1 + random.Below(3000);
                nint address = arena.Allocate(bytes);
                Assert.Equal(0, address & 7);
                byte fill = (byte)random.Below(256);
                new Span<byte>((void*)address, bytes).Fill(fill);
                live.Add((address, bytes, fill));
            }
            else
            {
                int at = random.Below(live.Count);
                (nint address, int bytes, byte fill) = live[at];
                Assert.Equal(-1, new Span<byte>((void*)address, bytes).IndexOfAnyExcept(fill));
                arena.Free(address, bytes);
                live[at] = live[^1];
                live.RemoveAt(live.Count - 1);
            }
        }
        Assert.Equal(live.Sum(one => SizeClass.RoundUp(one.Bytes)), arena.UsedBytes);
        foreach ((nint address, int bytes, byte _) in live)
        {
            arena.Free(address, bytes);
        }
        Assert.Equal(0, arena.UsedBytes);
    }

    [Fact]
    public void CacheLineSizedObjectsAreAligned()
    {
        Arena arena = new(new SpanSource(-1));
        foreach (int bytes in (int[])[64, 128, 256, 1024, 4096, 16384])
        {
            Assert.Equal(0, arena.Allocate(bytes) & 63);
        }
    }

    [Theory]
    [InlineData(0L, 31)]
    [InlineData(1L << 30, 32)]
    [InlineData((1L << 34) - 1, 35)]
    [InlineData(24L << 30, 36)]
    [InlineData(1L << 40, 42)]
    [InlineData(1L << 45, 43)]
    public void AddressSpaceFollowsWhatTheMachineHas(long physicalBytes, int shift) => Assert.Equal(shift, Heap.ReservationShift(physicalBytes));
}
