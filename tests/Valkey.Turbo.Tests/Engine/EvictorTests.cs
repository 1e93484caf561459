using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>What another thread does between two steps of an eviction.</summary>
public sealed class EvictorTests
{
    /// <summary>A clock that does something the first time it is read after it was armed.</summary>
    private sealed class ActingClock : Clock
    {
        private long _ns = 1_000_000_000;

        internal Action? Act { get; set; }

        public override long UnixMicroseconds => 1_800_000_000_000_000;

        public override long MonotonicNs
        {
            get
            {
                Action? act = Act;
                Act = null;
                act?.Invoke();
                return _ns += 1000;
            }
        }
    }

    [Theory]
    [InlineData("allkeys-random")]
    [InlineData("allkeys-lru")]
    [InlineData("volatile-random")]
    [InlineData("volatile-ttl")]
    public void AShardMayBeEmptiedBetweenTheCountOfItsKeysAndALookAtThem(string policy)
    {
        ActingClock clock = new();
        using ServerInstance server = new(new ServerConfig(), 2, clock: clock);
        server.Config.LoadLines(["maxmemory 1", $"maxmemory-policy {policy}"]);
        (Worker evicting, Worker other) = (server.Workers[0], server.Workers[1]);
        Shard shard = server.Shards[3];
        Assert.True(other.Shards.TryHold(shard.Index));
        shard.Keyspaces[0].SetString(other, default, "key"u8, KeyHash.Of("key"u8), "value"u8, server.UnixMsAt(clock.MonotonicNs) + 60_000);
        // A command that was told of its key makes the borrower look at the clock.
        shard.BeginHandOff(clock.MonotonicNs);
        other.Shards.ReleaseAll();
        other.Shards.GoesFirst = true;
        bool isEmptied = false;
        clock.Act = EmptyWhenAsked;
        evicting.Evictor.BeginBatch();
        evicting.Evictor.TryMakeRoom();
        Assert.True(isEmptied);
        Assert.Equal(0, server.KeyCount(0));

        void EmptyWhenAsked()
        {
            // Reads of the clock before the borrow come from elsewhere.
            if (!new System.Diagnostics.StackTrace().GetFrames().Any(frame => frame.GetMethod()?.DeclaringType == typeof(ShardLock)))
            {
                clock.Act = EmptyWhenAsked;
                return;
            }
            Assert.True(other.Shards.TryHold(shard.Index));
            server.Flush(other, shard, 0, later: false);
            shard.EndHandOff();
            other.Shards.ReleaseAll();
            isEmptied = true;
        }
    }
}
