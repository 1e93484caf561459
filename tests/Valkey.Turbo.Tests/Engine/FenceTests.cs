using System.Diagnostics;
using System.Runtime.InteropServices;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>
/// Pairs of threads that each store something and then look at what the other stores: both must not miss it. Two real threads do so at the
/// same moment, many thousand times; without one of the fences this machine's own store buffers make some of the pairs miss.
/// </summary>
public sealed class FenceTests
{
    private const int EnoughRounds = 100_000;
    private const int LongestMs = 4000;
    private const int CloseNs = 500;
    private const int LooksBeforeYield = 500;
    private const int Ended = int.MaxValue;

    public static TheoryData<bool> Fences() => ProcessFence.IsSupported ? [true, false] : [false];

    [Fact]
    public void AMessageIsSeenOrItsThreadIsSignalled()
    {
        WakeFlag flag = new();
        Word message = new(), seen = new(), isSignalled = new();
        Race(
            secondPrepares: () =>
            {
                message.Value = 0;
                flag.Lower();
                flag.TryRaise();
            },
            firstLooks: () => Volatile.Read(ref message.Value),
            first: () =>
            {
                flag.Lower();
                seen.Value = Volatile.Read(ref message.Value);
            },
            second: () =>
            {
                Volatile.Write(ref message.Value, 1);
                isSignalled.Value = flag.TryRaise() ? 1 : 0;
            },
            check: () => Assert.True(seen.Value == 1 || isSignalled.Value == 1, "the wake-up is lost"));
    }

    [Fact]
    public void ATableThatATurnSeesIsNotFreedBeforeItsEnd()
    {
        using ServerInstance server = new(new ServerConfig(), 2);
        Worker reader = server.Workers[0];
        Word table = new(), seen = new();
        long[] turns = [];
        Race(
            secondPrepares: () => table.Value = 1,
            firstLooks: () => Volatile.Read(ref table.Value),
            secondLooks: () => _ = reader.Turn,
            first: () =>
            {
                reader.BeginTurn();
                seen.Value = Volatile.Read(ref table.Value);
            },
            second: () =>
            {
                Volatile.Write(ref table.Value, 2);
                turns = server.TurnsAfterUnhooking();
            },
            check: () => Assert.True(seen.Value == 2 || turns[0] == reader.Turn, "the table would be freed during the turn that sees it"));
    }

    [Theory]
    [MemberData(nameof(Fences))]
    public void WhoWaitsForAShardGetsItOrIsWoken(bool hasProcessFence)
    {
        using ServerInstance server = new(new ServerConfig(), 2, clock: new ManualClock(), hasProcessFence: hasProcessFence);
        Waker waker = new();
        server.Attach(1, waker);
        Shard shard = server.Shards[0];
        Word hasShard = new();
        Race(
            firstLooks: () =>
            {
                waker.IsWoken = false;
                Assert.True(shard.TryBorrow(0));
            },
            secondLooks: () => _ = shard.IsFree,
            first: () => shard.Release(0),
            second: () =>
            {
                shard.AddWaiter(1);
                hasShard.Value = shard.TryBorrow(1) ? 1 : 0;
            },
            check: () =>
            {
                Assert.True(hasShard.Value == 1 || waker.IsWoken, "the wake-up is lost");
                LetGo(shard, hasShard.Value == 1);
            });
    }

    [Theory]
    [MemberData(nameof(Fences))]
    public void WhoWaitsForTheEndOfAHandOffGetsTheShardOrIsWoken(bool hasProcessFence)
    {
        ManualClock clock = new();
        using ServerInstance server = new(new ServerConfig(), 2, clock: clock, hasProcessFence: hasProcessFence);
        Waker waker = new();
        server.Attach(1, waker);
        Shard shard = server.Shards[0];
        Word hasShard = new();
        Race(
            firstLooks: () =>
            {
                waker.IsWoken = false;
                shard.BeginHandOff(clock.Ns);
            },
            secondLooks: () => _ = shard.IsFree,
            first: shard.EndHandOffFromAnywhere,
            second: () =>
            {
                shard.AddWaiter(1);
                hasShard.Value = shard.TryBorrow(1) ? 1 : 0;
            },
            check: () =>
            {
                Assert.True(hasShard.Value == 1 || waker.IsWoken, "the wake-up is lost");
                LetGo(shard, hasShard.Value == 1);
            });
    }

    /// <summary>Lets go of what the second thread got, and with it of its wish to be woken.</summary>
    private static void LetGo(Shard shard, bool isHeld)
    {
        Assert.True(isHeld || shard.TryBorrow(1));
        shard.Release(1);
    }

    /// <summary>
    /// Runs two actions at once, over and over, until they have met closely often enough: on a busy machine one thread mostly waits for
    /// the other to get a core. Before, each thread touches what the other is to store to, so that the store takes a while, and
    /// what it will load itself, so that the load takes none.
    /// </summary>
    private static void Race(
        Action first, Action second, Action check, Action? secondPrepares = null, Action? firstLooks = null, Action? secondLooks = null)
    {
        Word firstAt = new(), secondAt = new();
        long secondBegan = 0;
        Exception? failure = null;
        Thread other = new(() =>
        {
            for (int step = 1; ; step++)
            {
                secondPrepares?.Invoke();
                Meet(secondAt, firstAt, step);
                Meet(secondAt, firstAt, ++step);
                secondLooks?.Invoke();
                if (Meet(secondAt, firstAt, ++step) == Ended)
                {
                    return;
                }
                secondBegan = Stopwatch.GetTimestamp();
                Delay(secondAt, step >> 8 & 63);
                second();
                Meet(secondAt, firstAt, ++step);
                Meet(secondAt, firstAt, ++step);
            }
        });
        other.Start();
        Stopwatch watch = Stopwatch.StartNew();
        for (int step = 1, close = 0; failure is null && close < EnoughRounds && watch.ElapsedMilliseconds < LongestMs; step++)
        {
            Meet(firstAt, secondAt, step);
            firstLooks?.Invoke();
            Meet(firstAt, secondAt, ++step);
            Meet(firstAt, secondAt, ++step);
            long began = Stopwatch.GetTimestamp();
            Delay(firstAt, step >> 2 & 63);
            first();
            Meet(firstAt, secondAt, ++step);
            close += Math.Abs(secondBegan - began) < CloseNs ? 1 : 0;
            failure = Record.Exception(check);
            Meet(firstAt, secondAt, ++step);
        }
        Volatile.Write(ref firstAt.Value, Ended);
        other.Join();
        Assert.Null(failure);
    }

    /// <summary>Waits until the other thread has come as far. Returns how far it has come.</summary>
    private static int Meet(Word mine, Word others, int step)
    {
        Volatile.Write(ref mine.Value, step);
        int at;
        for (int looks = 0; (at = Volatile.Read(ref others.Value)) < step; looks++)
        {
            if (looks > LooksBeforeYield)
            {
                Thread.Yield();
            }
        }
        return at;
    }

    /// <summary>Takes a moment, so that the threads meet at every distance.</summary>
    private static void Delay(Word mine, int looks)
    {
        for (; looks > 0; looks--)
        {
            Volatile.Read(ref mine.Value);
        }
    }

    /// <summary>A word with cache lines of its own: with two on one line, a load would wait for the line that a store waits for.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 384)]
    private sealed class Word
    {
        [FieldOffset(192)] internal int Value;
    }

    private sealed class Waker : IThreadWaker
    {
        private readonly Word _isWoken = new();

        internal bool IsWoken
        {
            get => Volatile.Read(ref _isWoken.Value) == 1;
            set => Volatile.Write(ref _isWoken.Value, value ? 1 : 0);
        }

        public void Wake() => IsWoken = true;
    }
}
