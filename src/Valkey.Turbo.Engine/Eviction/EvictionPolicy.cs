using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine.Eviction;

/// <summary>What <c>maxmemory-policy</c> says: which keys may go, and which of them go first.</summary>
public readonly struct EvictionPolicy
{
    private enum Order
    {
        None,
        Recency,
        Frequency,
        Expiry,
        Random,
    }

    private readonly Order _order;

    private EvictionPolicy(Order order, bool onlyVolatile) => (_order, OnlyVolatile) = (order, onlyVolatile);

    /// <summary>Whether only keys that expire may go.</summary>
    public bool OnlyVolatile { get; }

    /// <summary>Whether nothing may go.</summary>
    public bool IsNone => _order == Order.None;

    /// <summary>Whether any key is as good as another.</summary>
    public bool IsRandom => _order == Order.Random;

    /// <summary>Whether what was used longest ago goes first.</summary>
    public bool IsByRecency => _order == Order.Recency;

    /// <summary>Whether what is used least goes first.</summary>
    public bool IsByFrequency => _order == Order.Frequency;

    /// <summary>Reads the directive's word.</summary>
    public static EvictionPolicy Parse(string word)
    {
        bool onlyVolatile = word.StartsWith("volatile-", StringComparison.Ordinal);
        Order order = word[(word.IndexOf('-') + 1)..] switch
        {
            "lru" => Order.Recency,
            "lfu" => Order.Frequency,
            "ttl" => Order.Expiry,
            "random" => Order.Random,
            _ => Order.None,
        };
        return new EvictionPolicy(order, onlyVolatile);
    }

    /// <summary>Whether an entry may go.</summary>
    public bool Allows(Entry entry) => !OnlyVolatile || entry.ExpiresAtUnixMs != ITableEntry.NoExpiry;

    /// <summary>How much an entry ought to go; the greatest goes first.</summary>
    public long Score(Entry entry, Worker worker) => _order switch
    {
        Order.Recency => AccessClock.IdleSeconds(entry.Access, worker.NowUnixMs),
        Order.Frequency => 255 - AccessClock.Frequency(entry.Access, worker.Server.Config, worker.NowUnixMs),
        Order.Expiry => long.MaxValue - entry.ExpiresAtUnixMs,
        _ => 0,
    };
}
