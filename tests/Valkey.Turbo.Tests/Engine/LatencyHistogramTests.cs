using System.Diagnostics;
using Valkey.Turbo.Engine.Diagnostics;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>What is said of latencies fits together, whatever their thread does meanwhile.</summary>
public sealed class LatencyHistogramTests
{
    [Fact]
    public void WhatIsReadWhileAnotherThreadCountsFitsTogether()
    {
        LatencyHistogram first = new(), second = new();
        bool isOver = false;
        Thread writer = new(() =>
        {
            for (long ns = 1; !Volatile.Read(ref isOver); ns = ns * 3 % 1_000_000_007)
            {
                first.Record(ns, 1);
                second.Record(ns << 10, 3);
            }
        });
        writer.Start();
        Stopwatch watch = Stopwatch.StartNew();
        while (watch.ElapsedMilliseconds < 300)
        {
            if (LatencyHistogram.Merge([first, second]) is { } merged)
            {
                Assert.Equal(merged.Count, merged.Steps()[^1].Count);
                Assert.True(merged.Percentile(100) > 0);
                Assert.InRange(merged.Percentile(50), 1, merged.Percentile(99.9));
            }
        }
        Volatile.Write(ref isOver, true);
        writer.Join();
    }

    [Fact]
    public void EveryValueIsBelowSomeStep()
    {
        LatencyHistogram histogram = new();
        Assert.Null(LatencyHistogram.Merge([histogram]));
        foreach (long ns in (long[])[0, 1, 1023, 1024, 5_000, 1_000_000, 1L << 35, 1L << 36, long.MaxValue])
        {
            histogram.Record(ns, 1);
        }
        LatencyHistogram.Merged merged = LatencyHistogram.Merge([histogram])!;
        Assert.Equal([(1L << 10, 4), (1L << 13, 5), (1L << 20, 6), (1L << 35, 7), (1L << 36, 9)], merged.Steps());
        Assert.Equal(9, merged.Count);
    }
}
