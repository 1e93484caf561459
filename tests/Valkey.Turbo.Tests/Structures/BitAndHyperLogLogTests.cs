using System.Numerics;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Tests.Structures;

/// <summary>Vector code beside its scalar twin, and both encodings of HyperLogLogs beside plain registers.</summary>
public sealed class BitAndHyperLogLogTests
{
    private static byte[] RandomBytes(RandomSource random, int length)
    {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++)
        {
            bytes[i] = (byte)random.Next();
        }
        return bytes;
    }

    [Fact]
    public void BitsAreCountedFoundAndCombinedAtEveryLength()
    {
        RandomSource random = new(5);
        for (int length = 0; length < 700; length++)
        {
            byte[] a = RandomBytes(random, length), b = RandomBytes(random, random.Below(length + 1));
            Assert.Equal(a.Sum(one => BitOperations.PopCount(one)), BitArray.Count(a));
            Assert.Equal(BitArray.CountScalar(a), BitArray.Count(a));
            foreach (BitArray.Operation operation in (BitArray.Operation[])[BitArray.Operation.And, BitArray.Operation.Or, BitArray.Operation.Xor])
            {
                byte[] padded = new byte[length], expected = [.. a], actual = [.. a];
                b.CopyTo(padded, 0);
                BitArray.CombineScalar(operation, expected, padded);
                BitArray.Combine(operation, actual, b);
                Assert.Equal(expected, actual);
            }
            byte[] inverted = new byte[length];
            BitArray.Invert(inverted, a);
            Assert.Equal(a.Select(one => (byte)~one), inverted);
            if (length == 0)
            {
                continue;
            }
            byte[] sparse = new byte[length];
            long first = random.Below(length * 8), last = first + random.Below((int)(length * 8 - first)), set = first + random.Below((int)(last - first + 1));
            BitArray.Set(sparse, set, 1);
            Assert.Equal(set, BitArray.Find(sparse, 1, first, last));
            Assert.Equal(1, BitArray.Count(sparse, first, last));
            BitArray.Invert(inverted, sparse);
            Assert.Equal(set, BitArray.Find(inverted, 0, first, last));
            Assert.Equal(last - first, BitArray.Count(inverted, first, last));
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(8)]
    [InlineData(HyperLogLog.LargestValue)]
    public void RegistersOfEveryValueAreCounted(int largest)
    {
        RandomSource random = new((ulong)largest + 1);
        byte[] registers = new byte[HyperLogLog.Registers];
        foreach (ref byte register in registers.AsSpan())
        {
            register = (byte)random.Below(largest + 1);
        }
        registers[^1] = (byte)largest;
        int[] counts = new int[HyperLogLog.LargestValue + 1], scalar = new int[HyperLogLog.LargestValue + 1];
        HyperLogLog.CountValues(registers, counts);
        HyperLogLog.CountValuesScalar(registers, scalar);
        Assert.Equal(scalar, counts);
        Array.Fill(registers, (byte)largest);
        HyperLogLog.CountValues(registers, counts);
        Assert.Equal(HyperLogLog.Registers, counts[largest]);
    }

    [Theory]
    [InlineData(10)]
    [InlineData(1000)]
    [InlineData(200_000)]
    public void EstimatesAreCloseAndEncodingsAgree(int distinct)
    {
        byte[] dense = new byte[HyperLogLog.DenseBytes], plain = new byte[HyperLogLog.Registers], runs = new byte[200_000];
        int length = SparseRegisters.WriteEmpty(runs);
        bool isSparse = true;
        for (int i = 0; i < distinct; i++)
        {
            (int register, int value) = HyperLogLog.Locate(BitConverter.GetBytes(i * 7919L));
            HyperLogLog.RaiseDense(dense.AsSpan(HyperLogLog.HeaderBytes), register, value);
            plain[register] = (byte)Math.Max(plain[register], value);
            isSparse = isSparse && length < 50_000 && SparseRegisters.Raise(runs, ref length, register, value) is not SparseRegisters.Outcome.TooHigh;
        }
        byte[] merged = new byte[HyperLogLog.Registers], scalar = new byte[HyperLogLog.Registers], packed = new byte[HyperLogLog.DenseBytes];
        HyperLogLog.MergeDense(merged, dense.AsSpan(HyperLogLog.HeaderBytes));
        HyperLogLog.MergeDenseScalar(scalar, dense.AsSpan(HyperLogLog.HeaderBytes));
        HyperLogLog.PackDense(packed.AsSpan(HyperLogLog.HeaderBytes), plain);
        Assert.Equal(plain, merged);
        Assert.Equal(plain, scalar);
        Assert.Equal(dense, packed);
        Assert.InRange(HyperLogLog.Estimate(plain), (ulong)(distinct * 0.96), (ulong)(distinct * 1.04));
        if (isSparse)
        {
            byte[] fromRuns = new byte[HyperLogLog.Registers];
            Assert.True(SparseRegisters.TryMerge(fromRuns, runs.AsSpan(0, length)));
            Assert.Equal(plain, fromRuns);
        }
    }
}
