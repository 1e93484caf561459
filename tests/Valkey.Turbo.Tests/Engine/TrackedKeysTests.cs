using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.Tracking;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>Which keys a full table of tracked keys forgets: any, but not the newest every time.</summary>
public sealed class TrackedKeysTests
{
    private const int Limit = 100;
    private const int Keys = 2000;

    [Theory]
    [InlineData(1, Limit)]
    [InlineData(4, Limit)]
    [InlineData(4, 10)]
    public void AFullTableForgetsKeysOfEveryAge(int threads, int limit)
    {
        using ServerInstance server = new(new ServerConfig(), threads, seed: 1);
        server.Config.LoadLines([$"tracking-table-max-keys {limit}"]);
        Worker worker = server.Workers[0];
        ClientTracking tracking = new(new Session(1, new NoTransport(), 0));
        server.Tracking.Begin(worker, tracking);
        int stayed = 0;
        for (int i = 0; i < Keys; i++)
        {
            UnderShard(i, shard => shard.Tracked.Remember(worker, Name(i), tracking));
            // As before the next command.
            server.Tracking.Shrink(worker);
            Assert.InRange(server.Tracking.KeyCount, 0, limit);
            stayed += IsRemembered(i, forgets: false) ? 1 : 0;
        }
        Assert.InRange(stayed, Keys * 8 / 10, Keys);
        // With chance alone some two thirds of the last ones are there, but also some of those before.
        int recent = Enumerable.Range(Keys - limit, limit).Count(i => IsRemembered(i, forgets: true));
        Assert.InRange(recent, limit * 4 / 10, limit * 9 / 10);
        Assert.Equal(limit - recent, server.Tracking.KeyCount);
        Assert.Equal(limit - recent, Enumerable.Range(0, Keys - limit).Count(i => IsRemembered(i, forgets: true)));
        Assert.Equal(0, server.Tracking.KeyCount);
        Assert.Equal(0, server.Tracking.ItemCount);

        void UnderShard(int i, Action<Shard> action)
        {
            int index = server.ShardOf(Name(i));
            Assert.True(worker.Shards.TryHold(index));
            action(server.Shards[index]);
            worker.Shards.ReleaseAll();
        }

        bool IsRemembered(int i, bool forgets)
        {
            long before = server.Tracking.KeyCount;
            UnderShard(i, shard => shard.Tracked.Invalidate(worker, Name(i)));
            bool isRemembered = server.Tracking.KeyCount < before;
            if (isRemembered && !forgets)
            {
                UnderShard(i, shard => shard.Tracked.Remember(worker, Name(i), tracking));
            }
            return isRemembered;
        }
    }

    private static byte[] Name(int i) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"key:{i}"));
}
