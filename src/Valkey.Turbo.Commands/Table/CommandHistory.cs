using System.Collections.Frozen;

namespace Valkey.Turbo.Commands;

/// <summary>What a version changed about a command that was there before.</summary>
public sealed record CommandChange(string Version, string Text);

/// <summary>
/// What COMMAND DOCS tells of the past: the changes to commands since they came. The versions are those of the family's
/// documentation. A command that never changed has no line here.
/// </summary>
public static class CommandHistory
{
    private const string Doubles = "6.0.0: `timeout` is a double; it was an integer.";
    private const string Conditions = "7.0.0: Takes the options `NX`, `XX`, `GT` and `LT`.";
    private const string Flushing = "4.0.0: Takes `ASYNC`.\n6.2.0: Takes `SYNC`.";
    private const string Radius = "6.2.0: Takes `ANY` behind `COUNT`.\n7.0.0: Takes units in upper case.";
    private const string Searching = "7.0.0: Takes units in upper case.\n9.0.0: Takes `BYPOLYGON`.";
    private const string Counts = "6.2.0: Takes `count`.";
    private const string Elements = "4.0.0: Takes several `element` arguments.";
    private const string FirstElements = "2.4.0: Takes several `element` arguments.";
    private const string Members = "2.4.0: Takes several `member` arguments.";
    private const string Missing = "2.8.0: Replies -2 where there is no key.";
    private const string Restoring = "3.0.0: Takes `REPLACE`.\n5.0.0: Takes `ABSTTL`.\n5.0.0: Takes `IDLETIME` and `FREQ`.";
    private const string Exclusive = "6.2.0: Takes ranges that leave out their ends.";
    private const string Score = "7.2.0: Takes `WITHSCORE`.";
    private const string ClientFilters = "9.0.0: Takes the filters NAME, IDLE, FLAGS, LIB-NAME, LIB-VER, DB, CAPA and IP, and those that leave "
        + "clients out: NOT-ID, NOT-TYPE, NOT-ADDR, NOT-LADDR, NOT-USER, NOT-FLAGS, NOT-NAME, NOT-LIB-NAME, NOT-LIB-VER, NOT-DB, NOT-CAPA, NOT-IP.";
    private const string Primary = "8.0.0: `TYPE` calls a `master` `primary`; the old name is still understood.";

    /// <summary>Commands that servers and their tests send to each other rather than applications.</summary>
    public static readonly FrozenSet<string> SystemCommands = ["debug", "pfdebug", "pfselftest", "restore-asking"];

    private static readonly FrozenDictionary<string, string> Changes = new Dictionary<string, string>
    {
        ["auth"] = "6.0.0: Takes a user's name before the password.",
        ["bgsave"] = "3.2.2: Takes `SCHEDULE`.\n8.1.0: Takes `CANCEL`.",
        ["bitcount"] = "7.0.0: Takes `BYTE` and `BIT`.\n8.0.0: `end` may be left out and is the last byte then.",
        ["bitpos"] = "7.0.0: Takes `BYTE` and `BIT`.",
        ["blpop"] = Doubles,
        ["brpop"] = Doubles,
        ["brpoplpush"] = Doubles,
        ["bzpopmax"] = Doubles,
        ["bzpopmin"] = Doubles,
        ["client|kill"] = "2.8.12: Takes filters.\n2.8.12: Takes `ID`.\n3.2.0: `TYPE` takes `master`.\n"
            + "5.0.0: `TYPE` calls a `slave` `replica`; the old name is still understood.\n6.2.0: Takes `LADDR`.\n8.0.0: Takes `MAXAGE`.\n"
            + $"{Primary}\n8.1.0: `ID` takes several.\n{ClientFilters}",
        ["client|list"] = "2.8.12: Shows `id`.\n5.0.0: Takes `TYPE`.\n6.0.0: Shows `user`.\n"
            + "6.2.0: Shows `argv-mem`, `tot-mem`, `laddr` and `redir`, and takes `ID`.\n"
            + $"7.0.0: Shows `resp`, `multi-mem`, `rbs` and `rbp`.\n7.0.3: Shows `ssub`.\n{Primary}\n"
            + $"8.1.0: Takes USER, ADDR, LADDR, SKIPME and MAXAGE.\n{ClientFilters}",
        ["client|pause"] = "6.2.0: Takes a mode, of which `WRITE` is new.",
        ["cluster|shards"] = "9.1.0: Shows the shards' `id` and the nodes' `availability-zone`.",
        ["cluster|slots"] = "4.0.0: Shows the nodes' IDs.\n7.0.0: Shows more about the network.\n9.1.0: Shows `availability-zone`.",
        ["command|info"] = "7.0.0: Without a name describes all commands.",
        ["config|get"] = "7.0.0: Takes several patterns.",
        ["config|set"] = "7.0.0: Takes several directives.",
        ["exists"] = "3.0.3: Takes several `key` arguments.",
        ["expire"] = Conditions,
        ["expireat"] = Conditions,
        ["flushall"] = Flushing,
        ["flushdb"] = Flushing,
        ["geoadd"] = "6.2.0: Takes `CH`, `NX` and `XX`.",
        ["georadius"] = Radius,
        ["georadius_ro"] = Radius,
        ["georadiusbymember"] = Radius,
        ["georadiusbymember_ro"] = Radius,
        ["geosearch"] = Searching,
        ["geosearchstore"] = Searching,
        ["hdel"] = "2.4.0: Takes several `field` arguments.",
        ["hello"] = "8.1.0: Shows `availability_zone` where the directive of that name is set.\n"
            + "6.2.0: `protover` may be left out; the reply describes the connection as it is.",
        ["hset"] = "4.0.0: Takes several pairs of `field` and `value`.",
        ["info"] = "7.0.0: Takes several sections.",
        ["lpop"] = Counts,
        ["lpush"] = FirstElements,
        ["lpushx"] = Elements,
        ["pexpire"] = Conditions,
        ["pexpireat"] = Conditions,
        ["pttl"] = Missing,
        ["renamenx"] = "3.2.0: The same name twice is no error any more.",
        ["restore"] = Restoring,
        ["restore-asking"] = Restoring,
        ["rpop"] = Counts,
        ["rpush"] = FirstElements,
        ["rpushx"] = Elements,
        ["sadd"] = Members,
        ["scan"] = "6.0.0: Takes `TYPE`.",
        ["set"] = "2.6.12: Takes `EX`, `PX`, `NX` and `XX`.\n6.0.0: Takes `KEEPTTL`.\n6.2.0: Takes `GET`, `EXAT` and `PXAT`.\n"
            + "7.0.0: Takes `NX` together with `GET`.\n8.1.0: Takes `IFEQ`.",
        ["shutdown"] = "7.0.0: Takes `NOW`, `FORCE` and `ABORT`.\n9.0.0: Takes `SAFE` and `FAILOVER`.",
        ["slowlog|get"] = "4.0.0: Shows the client's address and name.",
        ["spop"] = "3.2.0: Takes `count`.",
        ["srandmember"] = "2.6.0: Takes `count`.",
        ["srem"] = Members,
        ["ttl"] = Missing,
        ["xadd"] = "6.2.0: Takes `NOMKSTREAM`, `MINID` and `LIMIT`.\n7.0.0: Takes IDs of the form `<ms>-*`.",
        ["xautoclaim"] = "7.0.0: Replies the entries, too, that were deleted meanwhile and that it took off the list.",
        ["xgroup|create"] = "7.0.0: Takes `ENTRIESREAD`.",
        ["xgroup|setid"] = "7.0.0: Takes `ENTRIESREAD`.",
        ["xinfo|consumers"] = "7.2.0: Shows `inactive`; `idle` counts from the last attempt.",
        ["xinfo|groups"] = "7.0.0: Shows `entries-read` and `lag`.",
        ["xinfo|stream"] = "6.0.0: Takes `FULL`.\n"
            + "7.0.0: Shows `max-deleted-entry-id`, `entries-added`, `recorded-first-entry-id`, `entries-read` and `lag`.\n"
            + "7.2.0: Shows `active-time`; `seen-time` is that of the last attempt.",
        ["xpending"] = "6.2.0: Takes `IDLE` and ranges that leave out their ends.",
        ["xrange"] = Exclusive,
        ["xrevrange"] = Exclusive,
        ["xsetid"] = "7.0.0: Takes `ENTRIESADDED` and `MAXDELETEDID`.",
        ["xtrim"] = "6.2.0: Takes `MINID` and `LIMIT`.",
        ["zadd"] = "2.4.0: Takes several members.\n3.0.2: Takes `XX`, `NX`, `CH` and `INCR`.\n6.2.0: Takes `GT` and `LT`.",
        ["zrange"] = "6.2.0: Takes `REV`, `BYSCORE`, `BYLEX` and `LIMIT`.",
        ["zrangebyscore"] = "2.0.0: Takes `WITHSCORES`.",
        ["zrank"] = Score,
        ["zrem"] = "2.4.0: Takes several members.",
        ["zrevrangebyscore"] = "2.1.6: Takes `min` and `max` that are left out themselves.",
        ["zrevrank"] = Score,
        ["zscan"] = "8.0.0: Takes `NOSCORES`.",
    }.ToFrozenDictionary();

    /// <summary>The changes to a command, in the order in which they are told; its name is the one that clients see.</summary>
    public static IReadOnlyList<CommandChange> Of(string fullName) =>
        !Changes.TryGetValue(fullName, out string? lines) ? [] :
        [
            .. lines.Split('\n').Select(line => line.Split(": ", 2)).Select(parts => new CommandChange(parts[0], parts[1])),
        ];

    /// <summary>The commands that have a history.</summary>
    public static IEnumerable<string> Names => Changes.Keys;
}
