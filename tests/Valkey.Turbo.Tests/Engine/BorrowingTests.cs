using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>
/// Borrowing, waiting and reservations: a simulation that replays by seed, in which logical threads take turns in an order
/// that the seed decides, and a stress test with real threads.
/// </summary>
public sealed class BorrowingTests
{
    private sealed class LogicalThread(ServerInstance server, int index) : IThreadWaker
    {
        internal BorrowedShards Shards { get; } = server.Workers[index].Shards;

        internal int[] Wanted { get; set; } = [];

        internal bool IsHolding { get; set; }

        internal bool IsWoken { get; set; } = true;

        internal int Done { get; set; }

        internal int WaitingTurns { get; set; }

        public void Wake() => IsWoken = true;
    }

    [Theory]
    [InlineData(2, 1UL)]
    [InlineData(3, 2UL)]
    [InlineData(4, 3UL)]
    [InlineData(4, 4UL)]
    [InlineData(8, 5UL)]
    [InlineData(8, 6UL)]
    public void NobodyStarvesNobodyOverlapsAndNoWakeUpIsLost(int threadCount, ulong seed)
    {
        using ServerInstance server = new(new ServerConfig(), threadCount, seed: seed);
        RandomSource random = new(seed);
        LogicalThread[] threads = [.. Enumerable.Range(0, threadCount).Select(i => new LogicalThread(server, i))];
        for (int i = 0; i < threadCount; i++)
        {
            server.Attach(i, threads[i]);
        }
        int[] holderOf = [.. Enumerable.Repeat(-1, server.Shards.Length)];
        const int hotShards = 6;
        for (int step = 0; step < 60_000; step++)
        {
            // A thread that waits for shards does not run until somebody wakes it: a lost wake-up shows as a standstill.
            int[] runnable = [.. Enumerable.Range(0, threadCount).Where(i => threads[i].IsHolding || threads[i].IsWoken)];
            Assert.NotEmpty(runnable);
            int index = runnable[random.Below(runnable.Length)];
            LogicalThread thread = threads[index];
            if (thread.IsHolding)
            {
                foreach (int shard in thread.Wanted)
                {
                    Assert.Equal(index, holderOf[shard]);
                    holderOf[shard] = -1;
                }
                thread.Shards.ReleaseAll();
                thread.IsHolding = false;
                thread.Wanted = [];
                thread.Done++;
                continue;
            }
            if (thread.Wanted.Length == 0)
            {
                int count = random.Below(3) == 0 ? 1 + random.Below(hotShards) : 1;
                thread.Wanted = [.. Enumerable.Range(0, count).Select(_ => random.Below(hotShards)).Distinct().Order()];
                thread.WaitingTurns = 0;
            }
            thread.IsWoken = false;
            if (TryHold(thread))
            {
                foreach (int shard in thread.Wanted)
                {
                    Assert.Equal(-1, holderOf[shard]);
                    holderOf[shard] = index;
                }
                thread.IsHolding = true;
                thread.IsWoken = true;
            }
            else
            {
                Assert.True(thread.Shards.Held.IsEmpty);
                thread.WaitingTurns++;
                Assert.InRange(thread.WaitingTurns, 0, 2000);
            }
        }
        Assert.All(threads, thread => Assert.InRange(thread.Done, 60_000 / 2 / threadCount / 4, int.MaxValue));
    }

    [Fact]
    public void AToldCommandGoesBeforeEverybodyForAWhile()
    {
        ManualClock clock = new();
        using ServerInstance server = new(new ServerConfig(), 3, clock: clock);
        LogicalThread[] threads = [.. Enumerable.Range(0, 3).Select(i => new LogicalThread(server, i))];
        for (int i = 0; i < threads.Length; i++)
        {
            server.Attach(i, threads[i]);
            threads[i].IsWoken = false;
        }
        Shard shard = server.Shards[5];
        // The first tells the second's command, and lets go.
        Assert.True(threads[0].Shards.TryHold(5));
        shard.BeginHandOff(clock.Ns);
        threads[0].Shards.ReleaseAll();
        // It does not get ahead itself, nor does one who reserves; the second does.
        Assert.False(threads[0].Shards.TryHold(5));
        shard.Reserve(2);
        Assert.False(threads[2].Shards.TryHold(5));
        Assert.False(threads[1].Shards.TryHold(5));
        threads[1].Shards.GoesFirst = true;
        Assert.True(threads[1].Shards.TryHold(5));
        shard.EndHandOff();
        Array.ForEach(threads, thread => thread.IsWoken = false);
        threads[1].Shards.ReleaseAll();
        threads[1].Shards.GoesFirst = false;
        Assert.True(threads[0].IsWoken && threads[2].IsWoken);
        // Now the reservation counts, and then nothing does.
        Assert.False(threads[0].Shards.TryHold(5));
        Assert.True(threads[2].Shards.TryHold(5));
        threads[2].Shards.ReleaseAll();
        shard.EndReservation();
        Assert.True(threads[0].Shards.TryHold(5));
        // One who is told and does not come loses its turn.
        shard.BeginHandOff(clock.Ns);
        threads[0].Shards.ReleaseAll();
        clock.Ns += 99_000_000;
        Assert.False(threads[0].Shards.TryHold(5));
        clock.Ns += 1_000_000;
        Assert.True(threads[0].Shards.TryHold(5));
        threads[0].Shards.ReleaseAll();
    }

    [Fact]
    public void NobodyWaitsForAShardWhileHoldingAnother()
    {
        ObservingClock clock = new();
        using ServerInstance server = new(new ServerConfig(), 2, clock: clock);
        // Closed for a hand-off, so that whoever tries to take it looks at the clock.
        server.Shards[5].BeginHandOff(clock.MonotonicNs);
        int looks = 0, looksWhileHolding = 0;
        clock.OnRead = () =>
        {
            looks++;
            looksWhileHolding += server.Shards[3].IsFree ? 0 : 1;
        };
        BorrowedShards shards = server.Workers[1].Shards;
        shards.Want(3);
        shards.Want(5);
        Assert.False(shards.TryHoldWanted());
        clock.OnRead = () => { };
        // It may find out that one is missing when it has the other, but then it lets go.
        Assert.InRange(looks, 2, int.MaxValue);
        Assert.InRange(looksWhileHolding, 0, 2);
        Assert.True(server.Shards[3].IsFree);
    }

    private sealed class ObservingClock : Clock
    {
        internal Action OnRead { get; set; } = () => { };

        public override long UnixMicroseconds => 1_800_000_000_000_000;

        public override long MonotonicNs
        {
            get
            {
                OnRead();
                return 1_000_000_000;
            }
        }
    }

    private static bool TryHold(LogicalThread thread)
    {
        if (thread.Wanted.Length == 1)
        {
            return thread.Shards.TryHold(thread.Wanted[0]);
        }
        foreach (int shard in thread.Wanted)
        {
            thread.Shards.Want(shard);
        }
        return thread.Shards.TryHoldWanted();
    }

    [Fact]
    public void RealThreadsKeepCountersExact()
    {
        const int threadCount = 4, rounds = 20_000, shardCount = 4;
        using ServerInstance server = new(new ServerConfig(), threadCount);
        SemaphoreSlim[] wakes = [.. Enumerable.Range(0, threadCount).Select(_ => new SemaphoreSlim(0))];
        for (int i = 0; i < threadCount; i++)
        {
            server.Attach(i, new SemaphoreWaker(wakes[i]));
        }
        long[] counters = new long[shardCount];
        Thread[] threads = [.. Enumerable.Range(0, threadCount).Select(index => new Thread(() =>
        {
            RandomSource random = new((ulong)index);
            BorrowedShards shards = server.Workers[index].Shards;
            for (int round = 0; round < rounds; round++)
            {
                int[] wanted = random.Below(4) == 0 ? [0, 1, 2, 3] : [random.Below(shardCount)];
                while (true)
                {
                    foreach (int shard in wanted)
                    {
                        shards.Want(shard);
                    }
                    if (shards.TryHoldWanted())
                    {
                        break;
                    }
                    Assert.True(wakes[index].Wait(10_000), "a wake-up was lost");
                }
                foreach (int shard in wanted)
                {
                    counters[shard]++;
                }
                shards.ReleaseAll();
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }
        foreach (Thread thread in threads)
        {
            thread.Join();
        }
        long expected = 0;
        for (int index = 0; index < threadCount; index++)
        {
            RandomSource random = new((ulong)index);
            for (int round = 0; round < rounds; round++)
            {
                bool all = random.Below(4) == 0;
                expected += all ? 4 : 1;
                _ = all ? 0 : random.Below(shardCount);
            }
        }
        Assert.Equal(expected, counters.Sum());
    }

    private sealed class SemaphoreWaker(SemaphoreSlim semaphore) : IThreadWaker
    {
        public void Wake() => semaphore.Release();
    }
}
