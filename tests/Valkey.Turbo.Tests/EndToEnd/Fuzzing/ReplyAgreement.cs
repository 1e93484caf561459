using System.Globalization;
using Valkey.Turbo.Commands;

namespace Valkey.Turbo.Tests.EndToEnd.Fuzzing;

/// <summary>
/// Whether two servers' replies to one command are the same. Everything that may differ is listed here, command by command;
/// errors never may.
/// </summary>
internal static class ReplyAgreement
{
    private const long ToleranceMs = 5000;

    /// <summary>Chance, clocks, addresses and what each server measures of itself: only the kind of the reply counts.</summary>
    private static readonly HashSet<string> OfTheirOwn =
    [
        "time", "randomkey", "srandmember", "hrandfield", "zrandmember", "spop", "scan", "lastsave", "lolwut", "info", "hello",
        "client|id", "client|list", "client|info", "memory|usage", "memory|stats", "memory|doctor", "memory|malloc-stats", "slowlog|get", "slowlog|len",
        "commandlog|get", "commandlog|len", "latency|histogram", "latency|latest", "latency|reset", "latency|graph", "latency|history", "config|get", "cluster|myid", "cluster|myshardid", "cluster|nodes",
        "dump", "command|docs", "command|list", "command|count", "command", "command|info",
    ];

    /// <summary>Their replies have no order of their own.</summary>
    private static readonly HashSet<string> Unordered =
        ["keys", "smembers", "sinter", "sunion", "sdiff", "hgetall", "hkeys", "hvals", "sscan", "hscan", "zscan", "pubsub|channels", "pubsub|shardchannels", "geosearch", "georadius", "georadius_ro", "georadiusbymember", "georadiusbymember_ro"];

    /// <summary>Times in their replies are as exact as the commands before were simultaneous.</summary>
    private static readonly HashSet<string> Timed =
    [
        "ttl", "pttl", "expiretime", "pexpiretime", "httl", "hpttl", "hexpiretime", "hpexpiretime", "object|idletime", "xpending", "xinfo|consumers", "xinfo|stream", "xadd",
    ];

    internal static bool Agree(FuzzStep step, RespReply expected, RespReply actual, bool isOlder)
    {
        CommandSpec? spec = step.Spec;
        if (isOlder && ((expected.IsError && actual.IsError) || OlderReference.DoesNotKnow(spec, actual)))
        {
            return true;
        }
        if (spec is null || expected.IsError || actual.IsError)
        {
            return expected.ToString() == actual.ToString();
        }
        string name = spec.FullName;
        // What HELP says is each server's own.
        // How a table is cut into pages is each server's own.
        bool isPage = name is "sscan" or "hscan" or "zscan" && (expected.Items![0].Text != "0" || actual.Items![0].Text != "0" || step.Words[2] != "0");
        if (isPage || OfTheirOwn.Contains(name) || name.EndsWith("|help", StringComparison.Ordinal))
        {
            return expected.Kind == actual.Kind && expected.Items is null == actual.Items is null;
        }
        // Elements of the same weight are sorted by nothing at all, and texts only up to a zero byte.
        bool hasTies = name is "sort" or "sort_ro"
            && (step.Words.Any(word => word.Equals("by", StringComparison.OrdinalIgnoreCase)) || expected.Items?.Any(item => item.Text.Contains('\0', StringComparison.Ordinal)) == true);
        if (hasTies || Unordered.Contains(name))
        {
            (expected, actual) = (expected.Sorted(), actual.Sorted());
        }
        return expected.ToString() == actual.ToString() || (isOlder && OlderReference.Agree(expected, actual)) || (Timed.Contains(name) && AreNear(expected, actual));
    }

    private static bool AreNear(RespReply expected, RespReply actual)
    {
        if (expected.Kind != actual.Kind || expected.Items is null != actual.Items is null || expected.Items?.Count != actual.Items?.Count)
        {
            return false;
        }
        if (expected.Kind == ':')
        {
            return Math.Abs((double)Number(expected) - Number(actual)) <= ToleranceMs;
        }
        if (expected.Items is null || expected.Items.Count == 0)
        {
            return expected.Text == actual.Text || IsIdOfNow(expected.Text, actual.Text);
        }
        return expected.Items.Zip(actual.Items!).All(pair => AreNear(pair.First, pair.Second));
    }

    /// <summary>Whether both are stream IDs of about the same moment.</summary>
    private static bool IsIdOfNow(string expected, string actual) => expected.Split('-') is [string a, _] && actual.Split('-') is [string b, _]
        && long.TryParse(a, CultureInfo.InvariantCulture, out long left) && long.TryParse(b, CultureInfo.InvariantCulture, out long right) && Math.Abs((double)left - right) <= ToleranceMs;

    private static long Number(RespReply reply) => long.Parse(reply.Text, CultureInfo.InvariantCulture);
}
