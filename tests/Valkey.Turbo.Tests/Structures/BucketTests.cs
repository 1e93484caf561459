using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Tests.Structures;

public sealed unsafe class BucketTests
{
    [Fact]
    public void VectorAndScalarMatchAgree()
    {
        RandomSource random = new(3);
        // A bucket at the very end of an allocation: the vector load must stay inside the line.
        byte* line = (byte*)NativeMemory.AlignedAlloc(Bucket.Bytes, Bucket.Bytes);
        Bucket bucket = new(line);
        for (int round = 0; round < 10_000; round++)
        {
            for (int i = 0; i < Bucket.Bytes; i++)
            {
                line[i] = (byte)random.Below(4);
            }
            for (int tag = 0; tag < 4; tag++)
            {
                Assert.Equal(bucket.MatchScalar((byte)tag), bucket.Match((byte)tag));
            }
        }
        NativeMemory.AlignedFree(line);
    }

    [Fact]
    public void PlacesDoNotDisturbEachOther()
    {
        byte* line = (byte*)NativeMemory.AlignedAlloc(Bucket.Bytes, Bucket.Bytes);
        new Span<byte>(line, Bucket.Bytes).Clear();
        Bucket bucket = new(line);
        nint Address(int place) => Heap.BaseAddress + ((1L << 40) - 1 - place) * 8 is var address ? (nint)address : 0;
        for (int place = 0; place < Bucket.Places; place++)
        {
            bucket.Set(place, (byte)(place + 1), Address(place), expires: place % 2 == 0);
        }
        bucket.Deadline = Bucket.DeadlineMask;
        bucket.Clear(4);
        for (int place = 0; place < Bucket.Places; place++)
        {
            if (place != 4)
            {
                Assert.Equal(Address(place), bucket.Entry(place));
                Assert.Equal(place + 1, bucket.Tag(place));
                Assert.Equal(place % 2 == 0, (bucket.Expiring >> place & 1) != 0);
            }
        }
        Assert.Equal(Bucket.DeadlineMask, bucket.Deadline);
        Assert.Equal(1 << 4, bucket.Free);
        NativeMemory.AlignedFree(line);
    }
}
