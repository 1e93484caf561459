namespace Valkey.Turbo.Tests.Engine;

/// <summary>Ordinary commands allocate nothing on the managed heap once warm.</summary>
public sealed class AllocationTests
{
    /// <summary>What the commands find: a line each.</summary>
    internal static readonly string[] SmallData =
    [
        "SET k value", "RPUSH l a b c a b c", "RPUSH numbers 3 1 2", "SADD s a b c", "SADD ints 1 2 3", "SADD t b c d", "HSET h a 1 b 2 c 3", "ZADD z 1 a 2 b 3 c",
        "ZADD y 1 b 2 c", "GEOADD g 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", "PFADD p a b c", "PFADD q c d", "SETBIT bits 100 1", "SETBIT bits2 7 1",
        "XADD x 1-1 f v", "XADD x 2-1 f v", "XGROUP CREATE x grp 0", "XREADGROUP GROUP grp me COUNT 1 STREAMS x >",
    ];

    internal static readonly string[] OrdinaryLines =
    [
        "GET k", "GET none", "SET k value-of-some-length", "SET k 12345", "SET k v EX 100", "INCR n", "APPEND a x", "GETRANGE k 0 2", "MGET k n a", "MSET k 1 n 2",
        "EXISTS k", "EXPIRE k 100", "TTL k", "DEL k", "PING", "TYPE l", "SETRANGE k 0 x", "STRLEN k", "GETEX k EX 100", "GETDEL k", "INCRBYFLOAT f 0.5;INCRBYFLOAT f -0.5", "PERSIST k", "TOUCH k",
        "LPUSH l x", "RPUSH l x", "LPOP l", "RPOP l", "LRANGE l 0 -1", "LLEN l", "LINDEX l 1", "LSET l 0 z", "LPOS l a", "LPOS l a COUNT 0", "LREM l 1 a", "LTRIM l 0 100",
        "LINSERT l BEFORE b y", "LMOVE l l LEFT RIGHT", "LMPOP 1 l LEFT", "RPOPLPUSH l l", "LPOP l 2", "BLPOP l 0", "SORT numbers", "SORT numbers ALPHA DESC LIMIT 0 2",
        "SADD s x", "SREM s x", "SISMEMBER s a", "SMISMEMBER s a b", "SCARD s", "SMEMBERS s", "SRANDMEMBER s", "SRANDMEMBER s 2", "SPOP s", "SINTER s t", "SUNION s t", "SDIFF s t",
        "SINTERCARD 2 s t", "SINTERSTORE d s t", "SUNIONSTORE d s t", "SMOVE s t a", "SADD ints 4", "SISMEMBER ints 3", "SINTER ints s",
        "HSET h a 2", "HGET h a", "HMGET h a b", "HGETALL h", "HDEL h x", "HEXISTS h a", "HLEN h", "HKEYS h", "HVALS h", "HINCRBY h n 1", "HINCRBYFLOAT h f 0.5;HINCRBYFLOAT h f -0.5", "HSTRLEN h a",
        "HSETNX h x 1", "HRANDFIELD h", "HRANDFIELD h 2 WITHVALUES", "HEXPIRE h 100 FIELDS 1 a", "HTTL h FIELDS 2 a b", "HPERSIST h FIELDS 1 a", "HSETEX h EX 100 FIELDS 1 b 1",
        "HGETEX h EX 100 FIELDS 1 b", "HGETDEL h FIELDS 1 x", "HPEXPIREAT h 99999999999999 FIELDS 1 c", "HEXPIRETIME h FIELDS 1 c",
        "ZADD z 4 d", "ZADD z GT CH 5 d", "ZREM z x", "ZSCORE z a", "ZMSCORE z a b", "ZCARD z", "ZRANK z b", "ZREVRANK z b WITHSCORE", "ZRANGE z 0 -1", "ZRANGE z 0 -1 WITHSCORES",
        "ZRANGE z (1 3 BYSCORE LIMIT 0 2", "ZRANGE z [a [c BYLEX", "ZRANGEBYSCORE z -inf +inf", "ZREVRANGEBYSCORE z 3 1", "ZCOUNT z 1 3", "ZLEXCOUNT z - +", "ZINCRBY z 1 a", "ZPOPMIN z",
        "ZPOPMAX z 2", "ZREMRANGEBYRANK z 50 60", "ZUNION 2 z y", "ZINTER 2 z y WITHSCORES", "ZDIFF 2 z y", "ZUNIONSTORE zz 2 z y", "ZINTERSTORE zz 2 z y", "ZRANDMEMBER z", "ZMPOP 1 z MIN",
        "ZRANGESTORE zz z 0 -1", "ZINTERCARD 2 z y", "BZPOPMIN z 0",
        "GEOADD g 13.5 38.1 x", "GEOPOS g Palermo", "GEODIST g Palermo Catania km", "GEOHASH g Palermo", "GEOSEARCH g FROMLONLAT 15 37 BYRADIUS 200 km ASC", "GEOSEARCH g FROMMEMBER Palermo BYBOX 400 400 km WITHDIST",
        "GEOSEARCHSTORE gg g FROMLONLAT 15 37 BYRADIUS 200 km",
        "PFADD p x", "PFCOUNT p", "PFCOUNT p q", "PFMERGE r p q", "SETBIT bits 5 1", "GETBIT bits 5", "BITCOUNT bits", "BITPOS bits 1", "BITOP OR b3 bits bits2", "BITFIELD bits INCRBY u8 0 1 GET i5 3",
        "XADD x * f v", "XADD x MAXLEN ~ 100 * f v", "XLEN x", "XRANGE x - + COUNT 10", "XREVRANGE x + - COUNT 1", "XREAD COUNT 2 STREAMS x 0", "XREADGROUP GROUP grp me COUNT 1 STREAMS x >",
        "XREADGROUP GROUP grp me STREAMS x 0", "XACK x grp 1-1", "XPENDING x grp", "XPENDING x grp - + 10", "XCLAIM x grp me 0 1-1", "XAUTOCLAIM x grp me 0 0", "XDEL x 2-1", "XTRIM x MAXLEN 100", "XSETID x 9-9",
        "RENAME l l2;RENAME l2 l", "RENAMENX l l3;RENAME l3 l", "MOVE s 1", "COPY s s2 REPLACE", "UNLINK l", "RANDOMKEY", "SCAN 0", "HSCAN h 0", "SSCAN s 0", "ZSCAN z 0", "OBJECT ENCODING l", "DBSIZE", "PUBLISH none x",
    ];

    public static TheoryData<string> OrdinaryCommands => [.. OrdinaryLines];

    [Theory]
    [MemberData(nameof(OrdinaryCommands))]
    public void ACommandAllocatesNothing(string line)
    {
        using DispatchFixture server = new();
        foreach (string data in SmallData)
        {
            Assert.DoesNotContain("-", server.Run(data.Split(' '))[..1], StringComparison.Ordinal);
        }
        string[][] commands = [.. line.Split(';').Select(command => command.Split(' '))];
        foreach (string[] command in commands)
        {
            Assert.DoesNotContain("-", server.Run(command)[..1], StringComparison.Ordinal);
        }
        byte[] input = [.. Enumerable.Repeat(commands, 16).SelectMany(each => each).SelectMany(RespText.Encode)];
        // Code that is not yet optimised may box; the runtime replaces it in the background.
        long allocated = long.MaxValue;
        for (int attempt = 0; attempt < 30 && allocated > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                server.RunRaw(input);
                server.DropReplies();
            }
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Thread.Sleep(attempt < 3 ? 0 : 50);
        }
        Assert.Equal(0, allocated);
    }
}
