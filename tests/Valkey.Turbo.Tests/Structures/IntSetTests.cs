using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Tests.Structures;

/// <summary>Intsets beside a simple model.</summary>
public sealed class IntSetTests
{
    private readonly Arena _arena = new(new SpanSource(-1));

    [Theory]
    [InlineData(100, 1)]
    [InlineData(30_000, 2)]
    [InlineData(3_000_000_000, 3)]
    [InlineData(5_000_000_000_000, 4)]
    public void AnIntersectionOfIntSetsIsOne(long range, int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 300; i++)
        {
            long[] values = [.. Enumerable.Range(0, random.Next(600)).Select(_ => random.NextInt64(-range, range)).Distinct().Order()];
            long[] members = [.. Enumerable.Range(0, random.Next(i % 3 == 0 ? 20_000 : 600)).Select(_ => random.NextInt64(-range, range)), .. values.Where(_ => random.Next(3) == 0)];
            IntSet set = IntSet.Create(_arena);
            foreach (long member in members)
            {
                set = set.Add(_arena, member, out _);
            }
            long[] expected = [.. values.Where(new HashSet<long>(members).Contains)];
            int kept = set.Keep(values);
            Assert.Equal(expected, values[..kept]);
            set.Free(_arena);
        }
        Assert.Equal(0, _arena.UsedBytes);
    }
}
