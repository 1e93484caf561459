using System.Globalization;
using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>Large values of every kind are freed in many small steps, and all of their memory comes back.</summary>
public sealed class GradualReleaseTests
{
    private const int Elements = 3000;

    [Theory]
    [InlineData("RPUSH k {0}")]
    [InlineData("SADD k m{0}")]
    [InlineData("HSET k f{0} v")]
    [InlineData("ZADD k {0} m{0}")]
    [InlineData("XADD k {0}-1 f v")]
    [InlineData("XADD k {0}-1 f v", "one", "two")]
    public void EveryByteComesBack(string line, params string[] groups)
    {
        using DispatchFixture server = new();
        Shard shard = server.Server.Shards[0];
        server.Run("CONFIG", "SET", "list-max-listpack-size", "8", "stream-node-max-entries", "5");
        long before = shard.Arena.UsedBytes;
        for (int i = 1; i <= Elements; i++)
        {
            server.Run(string.Format(CultureInfo.InvariantCulture, line, i).Split(' '));
        }
        foreach (string group in groups)
        {
            server.Run("XGROUP", "CREATE", "k", group, "0");
            server.Run("XREADGROUP", "GROUP", group, "me", "COUNT", "1000", "STREAMS", "k", ">");
            server.Run("XREADGROUP", "GROUP", group, "other", "COUNT", "500", "STREAMS", "k", ">");
        }
        Assert.Equal(":1\r\n", server.Run("UNLINK", "k"));
        Assert.Equal(1, shard.DyingCount);
        int steps = 0;
        for (; shard.Dying.Count > 0; steps++)
        {
            Housekeeping.FreeStep(shard);
        }
        Assert.True(steps > 4, $"{steps} steps");
        Assert.Equal(before, shard.Arena.UsedBytes);
    }

    [Fact]
    public void FieldsThatExpireTogetherGoInSteps()
    {
        using DispatchFixture server = new();
        for (int i = 0; i < Elements; i++)
        {
            server.Run("HSETEX", "h", "PX", "1", "FIELDS", "1", $"f{i}", "v");
        }
        server.Run("HSET", "h", "stays", "v");
        Thread.Sleep(5);
        Worker worker = server.Server.Workers[0];
        worker.RefreshTime();
        Keyspace keyspace = server.Server.Shards[0].Keyspaces[0];
        int sweeps = 0;
        long left = Elements + 1;
        do
        {
            keyspace.SweepExpired(worker, long.MaxValue);
            sweeps++;
            long now = long.Parse(server.Run("HLEN", "h")[1..], CultureInfo.InvariantCulture);
            Assert.InRange(left - now, 0, 300);
            left = now;
        }
        while (keyspace.HasDueFields);
        Assert.Equal(1, left);
        Assert.True(sweeps > 5, $"{sweeps} sweeps");
    }
}
