using Valkey.Turbo.Engine.Diagnostics;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>Counts of error codes are read while other threads count and forget.</summary>
public sealed class ErrorCountsTests
{
    private const int Rounds = 20_000;

    [Fact]
    public void WhatIsReadWhileOthersCountAndForgetIsWhole()
    {
        ErrorCounts errors = new();
        bool isOver = false;
        void UntilOver(Action<int> act)
        {
            for (int round = 0; !Volatile.Read(ref isOver); round++)
            {
                act(round);
            }
        }
        Thread counting = new(() => UntilOver(round => errors.Count($"CODE{round % 20}")));
        Thread forgetting = new(() => UntilOver(_ => errors.Clear()));
        counting.Start();
        forgetting.Start();
        try
        {
            for (int round = 0; round < Rounds; round++)
            {
                IReadOnlyList<(string Code, long Count)> read = errors.InOrder();
                Assert.All(read, one => Assert.StartsWith("CODE", one.Code, StringComparison.Ordinal));
                Assert.Equal(read.OrderBy(one => one.Code, StringComparer.Ordinal), read);
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            counting.Join();
            forgetting.Join();
        }
    }

    [Fact]
    public void CodesThatAreMadeUpAreCountedTogether()
    {
        ErrorCounts errors = new();
        for (int code = 0; code < 1000; code++)
        {
            errors.Count($"CODE{code}");
        }
        Assert.Equal(1000, errors.InOrder().Sum(one => one.Count));
        Assert.InRange(errors.InOrder().Count, 2, 129);
        errors.Clear();
        Assert.Empty(errors.InOrder());
    }
}
