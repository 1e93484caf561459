using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Tests.Structures;

/// <summary>Scores sorted by radix and by comparison, beside the library's sort.</summary>
public sealed class ScoreSortTests
{
    private static readonly double[] s_edges =
        [0, -0.0, double.PositiveInfinity, double.NegativeInfinity, double.Epsilon, -double.Epsilon, double.MaxValue, double.MinValue, 1, -1];

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1023)]
    [InlineData(1024)]
    [InlineData(20_000)]
    public void ScoresAreInOrderAndKeepTheirIndexes(int count)
    {
        RandomSource random = new(11);
        foreach (Func<double> next in new Func<double>[]
        {
            () => random.Below(1_000_000_000),
            () => random.Below(3) - 1,
            () => BitConverter.UInt64BitsToDouble(random.Next()) is var any && double.IsNaN(any) ? 0 : any,
            () => s_edges[random.Below(s_edges.Length)],
            () => 7,
        })
        {
            double[] before = new double[count];
            int[] indexes = new int[count];
            for (int i = 0; i < count; i++)
            {
                before[i] = next();
                indexes[i] = i;
            }
            double[] scores = [.. before], expected = [.. before];
            Array.Sort(expected);
            ScoreSort.Sort(scores, indexes);
            Assert.Equal(expected, scores);
            Assert.Equal(count, indexes.Distinct().Count());
            for (int i = 0; i < count; i++)
            {
                Assert.True(before[indexes[i]] == scores[i]);
            }
        }
    }
}
