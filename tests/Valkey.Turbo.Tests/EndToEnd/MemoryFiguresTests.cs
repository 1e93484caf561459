using System.Globalization;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>What an operator is told of memory.</summary>
public sealed class MemoryFiguresTests
{
    private static readonly string[] StatsOfValkey =
    [
        "peak.allocated", "total.allocated", "startup.allocated", "replication.backlog", "replicas.repl.buffer", "clients.slaves", "clients.normal",
        "cluster.links", "cluster.slot_import", "cluster.slot_export", "aof.buffer", "lua.caches", "functions.caches", "db.0", "overhead.db.hashtable.lut",
        "overhead.db.hashtable.rehashing", "overhead.total", "db.dict.rehashing.count", "keys.count", "keys.bytes-per-key", "dataset.bytes",
        "dataset.percentage", "peak.percentage", "allocator.allocated", "allocator.active", "allocator.resident", "allocator.muzzy",
        "allocator-fragmentation.ratio", "allocator-fragmentation.bytes", "allocator-rss.ratio", "allocator-rss.bytes", "rss-overhead.ratio",
        "rss-overhead.bytes", "fragmentation", "fragmentation.bytes",
    ];

    [Fact]
    public void RatiosAlarmNobody()
    {
        using LaunchedServer server = new();
        server.Start("--threads", "1");
        using RespClient client = server.Connect();
        Dictionary<string, double> empty = Memory(client);
        Assert.InRange(empty["used_memory_startup"], 1 << 20, 64 << 20);
        Assert.InRange(empty["used_memory"], empty["used_memory_startup"], empty["used_memory_startup"] + (2 << 20));
        // Valkey's is about 12.
        Assert.InRange(empty["mem_fragmentation_ratio"], 1, 12);
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal("OK", client.Run("SET", $"key:{i}", new string('v', 100_000)));
        }
        Dictionary<string, double> full = Memory(client);
        foreach (Dictionary<string, double> memory in (Dictionary<string, double>[])[empty, full])
        {
            foreach (string ratio in (string[])["allocator_frag_ratio", "allocator_rss_ratio", "rss_overhead_ratio"])
            {
                Assert.InRange(memory[ratio], 0.99, 12);
            }
            Assert.Equal(memory["used_memory_rss"] / memory["used_memory"], memory["mem_fragmentation_ratio"], 0.01);
            Assert.Equal(memory["used_memory"], memory["used_memory_overhead"] + memory["used_memory_dataset"]);
            Assert.InRange(memory["used_memory_dataset_perc"], 0, 100);
        }
        Assert.InRange(full["mem_fragmentation_ratio"], 0.9, 4);
        Assert.InRange(full["used_memory_dataset"], 20_000_000, 30_000_000);
        string[] stats = client.Run("MEMORY", "STATS").Trim('[', ']').Split(' ');
        Assert.Equal(StatsOfValkey, stats.Where(StatsOfValkey.Contains));
        Assert.Equal("200", stats[Array.IndexOf(stats, "keys.count") + 1]);
        Assert.Contains("Sam", client.Run("MEMORY", "DOCTOR"), StringComparison.Ordinal);
    }

    [Fact]
    public void TheLimitIsOnWhatIsShownAsUsed()
    {
        using LaunchedServer server = new();
        server.Start("--threads", "1");
        using RespClient client = server.Connect();
        double used = Memory(client)["used_memory"];
        Assert.Equal("OK", client.Run("CONFIG", "SET", "maxmemory", (used - 200_000).ToString(CultureInfo.InvariantCulture)));
        Assert.StartsWith("-OOM ", client.Run("SET", "key", "value"), StringComparison.Ordinal);
        Assert.Equal("OK", client.Run("CONFIG", "SET", "maxmemory", (used + 200_000).ToString(CultureInfo.InvariantCulture)));
        Assert.Equal("OK", client.Run("SET", "key", "value"));
    }

    private static Dictionary<string, double> Memory(RespClient client) => client.Run("INFO", "memory").Split("\r\n")
        .Select(line => line.Split(':'))
        .Where(parts => parts.Length == 2 && double.TryParse(parts[1].TrimEnd('%'), CultureInfo.InvariantCulture, out _))
        .ToDictionary(parts => parts[0], parts => double.Parse(parts[1].TrimEnd('%'), CultureInfo.InvariantCulture));
}
