using System.Globalization;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// Random commands over every type of collection, on few keys, so that they meet. What Redis 7.0 answers otherwise than
/// Valkey 9.1 is only asked of the latter.
/// </summary>
internal sealed class CollectionStreams(RandomSource random, bool isValkey)
{
    private static readonly string[] Oddities = ["", "0", "-1", "9223372036854775807", "3.5", "inf", "nan", "(1", "[a", "x", " 1", "a b\r\nc", "\0\u00ff"];

    /// <summary>Commands whose reply has no order of its own.</summary>
    internal static readonly HashSet<string> Unordered =
        ["SMEMBERS", "SINTER", "SUNION", "SDIFF", "HGETALL", "HKEYS", "HVALS", "SSCAN", "HSCAN", "ZSCAN", "KEYS", "GEOSEARCH", "GEORADIUS"];

    private int Below(int limit) => random.Below(limit);

    private string Pick(params string[] words) => words[Below(words.Length)];

    private string Key(string kind) => Below(25) == 0 ? Pick("l0", "s0", "h0", "z0", "x0", "b0") : kind + Below(3);

    private string Oddity()
    {
        string word = Oddities[Below(Oddities.Length)];
        return word is not (" 1" or "9223372036854775807") || isValkey ? word : "1 ";
    }

    private string Element() => Below(12) switch
    {
        0 => Oddity(),
        1 => new string((char)('a' + Below(3)), 60 + Below(20)),
        < 6 => Below(50).ToString(CultureInfo.InvariantCulture),
        _ => "e" + Below(60),
    };

    private string Number(int limit = 12) => Below(40) == 0 ? Oddity() : (Below(2 * limit) - limit).ToString(CultureInfo.InvariantCulture);

    private string Score() => Below(30) == 0 ? Oddity()
        : Below(2) == 0 ? Below(20).ToString(CultureInfo.InvariantCulture) : (Below(1000) / 8.0).ToString(CultureInfo.InvariantCulture);

    private string Id() => Below(20) == 0 ? Pick("-", "+", "x", "0", "5") : $"{Below(60)}-{Below(4)}";

    private string[] Elements(int most) => [.. Enumerable.Range(0, 1 + Below(most)).Select(_ => Element())];

    internal string[] Next() => Below(8) switch
    {
        0 => List(),
        1 => Set(),
        2 => Hash(),
        3 => SortedSet(),
        4 => SortedSetRange(),
        5 => Stream(),
        6 => Bits(),
        _ => Other(),
    };

    private string[] List()
    {
        string key = Key("l"), other = Key("l"), end = Pick("LEFT", "RIGHT"), count = Below(6).ToString(CultureInfo.InvariantCulture);
        string[][] choices =
        [
            ["LPUSH", key, .. Elements(6)], ["RPUSH", key, .. Elements(6)], ["RPUSH", key, .. Elements(40)], ["LPUSHX", key, Element()], ["RPUSHX", key, Element()],
            ["LPOP", key], ["RPOP", key], ["LPOP", key, count], ["RPOP", key, Number()], ["LLEN", key], ["LINDEX", key, Number()],
            ["LSET", key, Number(), Element()], ["LINSERT", key, Pick("BEFORE", "AFTER"), Element(), Element()], ["LRANGE", key, Number(), Number()],
            ["LRANGE", key, "0", "-1"], ["LTRIM", key, Number(), Number(60)], ["LREM", key, Number(3), Element()], ["LPOS", key, Element()],
            ["LPOS", key, Element(), "RANK", Number(3), "COUNT", count], ["LPOS", key, Element(), "MAXLEN", count], ["LMOVE", key, other, end, Pick("LEFT", "RIGHT")],
            ["RPOPLPUSH", key, other], ["LMPOP", "2", key, other, end, "COUNT", count], ["LMPOP", Number(2), key, end],
        ];
        return choices[Below(choices.Length)];
    }

    private string[] Set()
    {
        string key = Key("s"), other = Key("s"), target = Key("s");
        string[][] choices =
        [
            ["SADD", key, .. Elements(6)], ["SADD", key, .. Elements(60)], ["SADD", key, Below(9).ToString(CultureInfo.InvariantCulture)], ["SREM", key, .. Elements(4)],
            ["SISMEMBER", key, Element()], ["SMISMEMBER", key, .. Elements(4)], ["SCARD", key], ["SMEMBERS", key], ["SMOVE", key, other, Element()],
            ["SINTER", key, other], ["SUNION", key, other, target], ["SDIFF", key, other], ["SINTERSTORE", target, key, other],
            ["SUNIONSTORE", target, key, other], ["SDIFFSTORE", target, key, other], ["SINTERCARD", "2", key, other, "LIMIT", Number()],
            ["SINTERCARD", Number(3), key, other], ["SPOP", key, "0"], ["SRANDMEMBER", key, "0"], ["SSCAN", "s9", "0"], ["OBJECT", "ENCODING", key],
        ];
        return choices[Below(choices.Length)];
    }

    private string[] Hash()
    {
        string key = Key("h");
        string[][] choices =
        [
            ["HSET", key, Element(), Element()], ["HSET", key, Element(), Element(), Element(), Element()], ["HMSET", key, Element(), Element()],
            ["HSET", key, Element(), Element(), Element()], ["HSETNX", key, Element(), Element()], ["HGET", key, Element()], ["HMGET", key, .. Elements(4)],
            ["HDEL", key, .. Elements(4)], ["HLEN", key], ["HSTRLEN", key, Element()], ["HEXISTS", key, Element()], ["HKEYS", key], ["HVALS", key],
            ["HGETALL", key], ["HINCRBY", key, Element(), Number()], ["HINCRBYFLOAT", key, Element(), Pick("0.5", "-1", "1e2", "x")],
            ["HRANDFIELD", key, "0"], ["OBJECT", "ENCODING", key],
        ];
        string[][] newer =
        [
            ["HEXPIRE", key, "5000", "FIELDS", "1", Element()], ["HPEXPIREAT", key, $"4000000000{Below(1000):D3}", Pick("NX", "XX", "GT", "LT"), "FIELDS", "2", Element(), Element()],
            ["HEXPIRETIME", "h9", "FIELDS", "1", Element()], ["HPEXPIRETIME", key, "FIELDS", "1", "nosuch"], ["HPERSIST", key, "FIELDS", "1", Element()],
            ["HSETEX", key, Pick("FNX", "FXX", "NX", "XX"), "EXAT", "4000000000", "FIELDS", "1", Element(), Element()], ["HGETEX", key, "PERSIST", "FIELDS", "1", Element()],
            ["HSETEX", key, "KEEPTTL", "FIELDS", "1", Element(), Element()], ["HGETDEL", key, "FIELDS", "1", Element()], ["HEXPIRE", key, "0", "FIELDS", "1", Element()],
            ["HEXPIRE", key, Pick("-1", "", "nan", "1.5", "100000", "9223372036854775807"), "FIELDS", Number(2), Element()],
        ];
        return isValkey && Below(3) == 0 ? newer[Below(newer.Length)] : choices[Below(choices.Length)];
    }

    private string[] SortedSet()
    {
        string key = Key("z"), other = Key("z"), target = Key("z");
        string[][] choices =
        [
            ["ZADD", key, Score(), Element()], ["ZADD", key, Score(), Element(), Score(), Element(), Score(), Element()],
            ["ZADD", key, Pick("NX", "XX", "GT", "LT", "CH", "INCR"), Score(), Element()], ["ZADD", key, Pick("XX", "CH"), Pick("GT", "LT"), Score(), Element(), Score(), Element()],
            ["ZINCRBY", key, Score(), Element()], ["ZREM", key, .. Elements(3)], ["ZCARD", key], ["ZSCORE", key, Element()], ["ZMSCORE", key, .. Elements(3)],
            ["ZRANK", key, Element()], isValkey ? ["ZREVRANK", key, Element(), "WITHSCORE"] : ["ZREVRANK", key, Element()], ["ZPOPMIN", key], ["ZPOPMAX", key, Below(3).ToString(CultureInfo.InvariantCulture)],
            ["ZMPOP", "2", key, other, Pick("MIN", "MAX"), "COUNT", "2"], ["ZUNION", "2", key, other, "WITHSCORES"], ["ZINTER", "2", key, other, "WEIGHTS", Score(), Score(), "WITHSCORES"],
            ["ZDIFF", "2", key, other, "WITHSCORES"], ["ZUNIONSTORE", target, "2", key, other, "AGGREGATE", Pick("SUM", "MIN", "MAX")], ["ZINTERSTORE", target, "2", key, Key("s")],
            ["ZDIFFSTORE", target, "2", key, other], ["ZINTERCARD", "2", key, other], ["ZRANDMEMBER", key, "0"], ["OBJECT", "ENCODING", key], ["ZUNION", Number(2), key],
            ["ZADD", key, .. Enumerable.Range(0, 40).SelectMany(_ => (string[])[Below(30).ToString(CultureInfo.InvariantCulture), "m" + Below(200)])],
        ];
        return choices[Below(choices.Length)];
    }

    private string[] SortedSetRange()
    {
        string key = Key("z"), low = Pick("-inf", "(3", "2", Score()), high = Pick("+inf", "(9", "12", Score());
        string count = Below(3).ToString(CultureInfo.InvariantCulture), lexLow = Pick("-", "[e2", "(e2", Element()), lexHigh = Pick("+", "[e5", "(e5", Element());
        string[][] choices =
        [
            ["ZRANGE", key, Number(), Number(60), "WITHSCORES"], ["ZRANGE", key, Number(), Number(60), "REV"], ["ZREVRANGE", key, Number(), Number(60)],
            ["ZRANGE", key, low, high, "BYSCORE", "LIMIT", isValkey ? Number(3) : count, Number(5)], ["ZRANGE", key, high, low, "BYSCORE", "REV", "WITHSCORES"],
            ["ZRANGEBYSCORE", key, low, high, "WITHSCORES"], ["ZREVRANGEBYSCORE", key, high, low, "LIMIT", "1", "4"], ["ZCOUNT", key, low, high],
            ["ZRANGESTORE", Key("z"), key, Number(), Number(60)], ["ZRANGESTORE", Key("z"), key, low, high, "BYSCORE"], ["ZREMRANGEBYRANK", key, Number(), Number(3)],
            ["ZREMRANGEBYSCORE", key, low, Score()], ["ZRANGE", key, lexLow, lexHigh, "LIMIT", "0", "2"],
        ];
        string lexKey = "zl" + Below(2);
        string[][] lexical =
        [
            ["ZADD", lexKey, "0", Element()], ["ZADD", lexKey, "0", Element(), "0", Element()], ["ZRANGEBYLEX", lexKey, lexLow, lexHigh], ["ZREVRANGEBYLEX", lexKey, lexHigh, lexLow],
            ["ZLEXCOUNT", lexKey, lexLow, lexHigh], ["ZRANGE", lexKey, lexLow, lexHigh, "BYLEX", "LIMIT", "1", "3"], ["ZREMRANGEBYLEX", lexKey, lexLow, "[e1"],
        ];
        return Below(3) == 0 ? lexical[Below(lexical.Length)] : choices[Below(choices.Length)];
    }

    private string[] Stream()
    {
        string key = Key("x"), group = "g" + Below(2), consumer = "c" + Below(3), count = (1 + Below(4)).ToString(CultureInfo.InvariantCulture);
        string[][] choices =
        [
            ["XADD", key, Id(), Element(), Element()], ["XADD", key, $"{Below(60)}-*", "f", Element(), "g", Element()], ["XADD", key, "MAXLEN", "10", Id(), "f", Element()],
            ["XADD", key, "NOMKSTREAM", Id(), "f", "v"], ["XLEN", key], ["XRANGE", key, Id(), Id()], ["XRANGE", key, "-", "+", "COUNT", count], ["XREVRANGE", key, "+", "-", "COUNT", count],
            ["XRANGE", key, "(" + Id(), "+"], ["XDEL", key, Id(), Id()], ["XTRIM", key, "MAXLEN", (5 + Below(10)).ToString(CultureInfo.InvariantCulture)], ["XTRIM", key, "MINID", Id()],
            ["XREAD", "COUNT", count, "STREAMS", key, Key("x"), isValkey ? Id() : "3-1", "0"], ["XGROUP", "CREATE", key, group, Pick("0", "$", Id())], ["XGROUP", "CREATE", key, group, "0", "MKSTREAM"],
            ["XREADGROUP", "GROUP", group, consumer, "COUNT", count, "STREAMS", key, ">"], ["XREADGROUP", "GROUP", group, consumer, "STREAMS", key, "0"],
            ["XREADGROUP", "GROUP", group, consumer, "NOACK", "STREAMS", key, ">"], ["XACK", key, group, Id(), Id()], ["XPENDING", key, group],
            ["XCLAIM", key, group, consumer, "0", Id(), Id(), "JUSTID"], ["XCLAIM", key, group, consumer, "0", Id(), "FORCE"], ["XAUTOCLAIM", key, group, consumer, "0", "0", "COUNT", count],
            ["XGROUP", "SETID", key, group, Id()], ["XGROUP", "DELCONSUMER", key, group, consumer], ["XGROUP", isValkey ? "CREATECONSUMER" : "DELCONSUMER", key, group, consumer],
            isValkey ? ["XINFO", "GROUPS", key] : ["XLEN", key], ["XSETID", key, "100-" + Below(9)], Below(5) == 0 ? ["XGROUP", "DESTROY", key, group] : ["XLEN", key],
        ];
        return choices[Below(choices.Length)];
    }

    private string[] Bits()
    {
        string key = Key("b"), other = Key("b"), bit = Below(200).ToString(CultureInfo.InvariantCulture), type = Pick("u8", "i5", "u63", "i64", "u1", "i16", "u64", "x");
        string[][] choices =
        [
            ["SETBIT", key, bit, Pick("0", "1", "2")], ["GETBIT", key, bit], ["BITCOUNT", key], ["BITCOUNT", key, Number(), Number(), Pick("BYTE", "BIT")],
            ["BITPOS", key, Pick("0", "1")], ["BITPOS", key, Pick("0", "1"), Number(), Number(), Pick("BYTE", "BIT")], ["BITPOS", key, Pick("0", "1"), Number()],
            ["BITOP", Pick("AND", "OR", "XOR"), Key("b"), key, other], ["BITOP", "NOT", other, key], ["SET", key, Element()], ["GET", key],
            ["BITFIELD", key, "OVERFLOW", Pick("WRAP", "SAT", "FAIL"), "INCRBY", type, bit, Number(), "GET", type, "#1"], ["BITFIELD", key, "SET", type, bit, Number(1000)],
            ["BITFIELD_RO", key, "GET", type, bit], ["PFADD", "p" + Below(3), .. Elements(5)], ["PFCOUNT", "p0"], ["PFCOUNT", "p0", "p1", "p2"], ["PFMERGE", "p" + Below(3), "p1", "p2"],
            ["GET", "p" + Below(3)], ["PFADD", key, "x"],
        ];
        return choices[Below(choices.Length)];
    }

    private string[] Other()
    {
        string any = Key(Pick("l", "s", "h", "z", "x", "b")), geo = "geo" + Below(2), place = "p" + Below(20);
        string longitude = (Below(3000) / 100.0).ToString(CultureInfo.InvariantCulture), latitude = (Below(8000) / 100.0).ToString(CultureInfo.InvariantCulture);
        string[][] choices =
        [
            ["TYPE", any], ["EXISTS", any], Below(4) == 0 ? ["DEL", any] : ["TYPE", any], ["COPY", any, any + "c", "REPLACE"], ["RENAME", any, any], ["DUMP", "nosuch"],
            ["SORT", Key(Pick("l", "s", "z")), "ALPHA"], ["SORT", Key("l")], ["SORT", Key("s"), "BY", "nosuch*", "GET", "#", "GET", "b*", "ALPHA", "LIMIT", "0", "0"],
            ["SORT", Key("l"), "ALPHA", "DESC", "LIMIT", Number(2), Number(5)], ["SORT", Key("z"), "BY", "nosort", "DESC", "LIMIT", "1", "3"], ["SORT", Key("s"), "ALPHA", "STORE", Key("l")],
            ["GEOADD", geo, longitude, latitude, place], ["GEOADD", geo, Pick("NX", "XX", "CH"), longitude, latitude, place], ["GEOPOS", geo, place], ["GEOHASH", geo, place],
            ["GEODIST", geo, place, "p" + Below(20), Pick("m", "km", "ft", "mi", "x")], ["GEOSEARCH", geo, "FROMLONLAT", longitude, latitude, "BYRADIUS", Pick("100", "1000", "3000"), "km", "ASC", "WITHDIST"],
            ["GEOSEARCH", geo, "FROMMEMBER", place, "BYBOX", "2000", "1500", "km", "ASC", "WITHCOORD", "WITHHASH"], ["GEORADIUS", geo, longitude, latitude, "900", "km", "ASC"],
            ["GEOSEARCHSTORE", "geo9", geo, "FROMLONLAT", longitude, latitude, "BYRADIUS", "2000", "km"], ["ZRANGE", "geo9", "0", "-1", "WITHSCORES"],
        ];
        return choices[Below(choices.Length)];
    }
}
