using System.Globalization;
using Valkey.Turbo.Commands;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.EndToEnd.Fuzzing;

/// <summary>How a step of an episode is sent.</summary>
internal enum FuzzMode
{
    /// <summary>Among others, and it has one reply.</summary>
    Piped,

    /// <summary>By itself, as it may block.</summary>
    Alone,

    /// <summary>With a RESET behind it, as it may have any number of replies or change how the connection works.</summary>
    ThenReset,
}

/// <summary>One command of an episode.</summary>
internal sealed record FuzzStep(string[] Words, CommandSpec? Spec, FuzzMode Mode);

/// <summary>
/// Data of every type, then commands upon them. It is decided beforehand, so that it can be run again in part. What a command
/// may leave behind that differs from server to server (what chance or the clock decides) is removed by the next.
/// </summary>
internal sealed class FuzzEpisode
{
    private const int MostCommands = 120;
    private const int LongestShortTimeMs = 100_000;

    private readonly RandomSource _random;
    private readonly CommandGenerator _generator;
    private readonly CommandSpec[] _data;
    private readonly CommandSpec[] _others;
    private readonly bool _isOlder;

    private FuzzEpisode(RandomSource random, IReadOnlyList<CommandSpec> commands, Version version)
    {
        _random = random;
        _generator = new CommandGenerator(random, version);
        _isOlder = version.Major < 9;
        _data = [.. commands.Where(spec => spec.Keys.HasKeys)];
        _others = [.. commands.Where(spec => !spec.Keys.HasKeys)];
        Protocol = 2 + random.Below(2);
        HasLowLimits = random.Below(3) == 0;
    }

    /// <summary>The protocol that its client speaks.</summary>
    internal int Protocol { get; }

    /// <summary>Whether collections leave their small encodings early.</summary>
    internal bool HasLowLimits { get; }

    internal List<FuzzStep> Steps { get; } = [];

    /// <summary>Plans an episode of some of the commands.</summary>
    internal static FuzzEpisode Plan(RandomSource random, IReadOnlyList<CommandSpec> commands, Version version)
    {
        FuzzEpisode episode = new(random, commands, version);
        episode.AddData();
        while (episode.Steps.Count < MostCommands)
        {
            episode.AddNext();
        }
        return episode;
    }

    private bool One(int of) => _random.Below(of) == 0;

    private void Piped(params string[] words) => Add(words, CommandTable.Instance.Find(System.Text.Encoding.ASCII.GetBytes(words[0])), FuzzMode.Piped);

    private void Add(IList<string> words, CommandSpec? spec, FuzzMode mode)
    {
        if (_isOlder)
        {
            OlderReference.Soften(words);
        }
        if (spec is not null)
        {
            Tame(spec, words);
        }
        Steps.Add(new FuzzStep([.. words], spec, mode));
    }

    private void AddNext()
    {
        if (One(25))
        {
            Piped("MULTI");
            for (int i = 1 + _random.Below(6); i > 0; i--)
            {
                AddCommand(isQueued: true);
            }
            Piped(One(8) ? "DISCARD" : "EXEC");
        }
        else
        {
            AddCommand(isQueued: false);
        }
    }

    private void AddCommand(bool isQueued)
    {
        CommandSpec spec = One(5) ? _others[_random.Below(_others.Length)] : _data[_random.Below(_data.Length)];
        if (spec.FullName is "flushall" or "flushdb" && !One(10))
        {
            return;
        }
        bool isSession = spec.FullName is "hello" or "reset" or "auth" || (spec.Is(CommandFlags.PubSub) && spec.Keys.Flags != KeyFlags.None)
            || (spec.Is(CommandFlags.PubSub) && !spec.Is(CommandFlags.MayReplicate) && spec.Container is null);
        bool mayBlock = spec.Is(CommandFlags.Blocking) || spec.FullName is "wait" or "waitaof";
        if (mayBlock && !isQueued && !One(8))
        {
            // Where it can't block.
            Piped("MULTI");
            AddStep(spec, FuzzMode.Piped);
            Piped("EXEC");
            return;
        }
        if (isQueued && (isSession || spec.FullName is "exec" or "multi" or "discard" or "watch" or "select"))
        {
            return;
        }
        AddStep(spec, isSession ? FuzzMode.ThenReset : mayBlock && !isQueued ? FuzzMode.Alone : FuzzMode.Piped);
    }

    private void AddStep(CommandSpec spec, FuzzMode mode)
    {
        List<string> words = _generator.Next(spec);
        Add(words, spec, mode);
        Repair(spec, words);
    }

    /// <summary>Takes out what would expire meanwhile, or fill the machine, or has no answer of its own.</summary>
    private static void Tame(CommandSpec spec, IList<string> words)
    {
        // The order of strings is only that of members with equal scores.
        if (words.Any(word => word.Contains("lex", StringComparison.OrdinalIgnoreCase)))
        {
            for (int i = 1; i < words.Count; i++)
            {
                words[i] = words[i].Length > 0 && CommandGenerator.AllKeys.Contains(words[i]) ? "lex0" : words[i];
            }
        }
        bool isShuffle = spec.FullName is "srandmember" or "hrandfield" or "zrandmember";
        if (spec.Name.StartsWith("sort", StringComparison.Ordinal) && words.Any(word => word.Equals("by", StringComparison.OrdinalIgnoreCase)))
        {
            // Of elements with the same weight, which of them are within the limit is anybody's choice.
            for (int i = 1; i < words.Count; i++)
            {
                words[i] = words[i].Equals("limit", StringComparison.OrdinalIgnoreCase) ? "nolimit" : words[i];
            }
        }
        for (int i = 1; i < words.Count; i++)
        {
            bool isNumber = long.TryParse(words[i], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value);
            if (isNumber && isShuffle && value is < -100 and > long.MinValue)
            {
                words[i] = "-7";
            }
            if (isNumber && spec.FullName == "lset" && value is < int.MinValue or > int.MaxValue)
            {
                // Valkey counts such an index modulo 2^32 and changes an element that nobody meant.
                words[i] = "-9";
            }
            if (isNumber && spec.FullName is "wait" or "waitaof" && value is < int.MinValue or > int.MaxValue)
            {
                // A number of replicas is counted modulo 2^32, too.
                words[i] = "1";
            }
            bool isIdle = spec.FullName is "xclaim" or "xautoclaim" ? i == 4 : spec.FullName == "xpending" && words[i - 1].Equals("idle", StringComparison.OrdinalIgnoreCase);
            if (isNumber && isIdle && value is > 0 and < LongestShortTimeMs)
            {
                words[i] = (value + LongestShortTimeMs).ToString(CultureInfo.InvariantCulture);
            }
            if (isNumber && spec.FullName == "xautoclaim" && i > 4 && value > 100_000)
            {
                // How much memory is to be had for a count depends on the machine.
                words[i] = "100";
            }
            if (spec.FullName is "client|setname" or "client|setinfo" or "hello")
            {
                // Valkey does not look at what stands behind a zero byte, and lets it break the lines of CLIENT LIST.
                words[i] = words[i].Replace("\0", "", StringComparison.Ordinal);
            }
            if (spec.FullName == "function|list")
            {
                // Valkey's error would have a line end in its middle.
                words[i] = words[i].ReplaceLineEndings(" ");
            }
            bool isTime = spec.FullName is "pexpire" or "psetex" or "hpexpire" or "restore" or "restore-asking" || words[i - 1].Equals("PX", StringComparison.OrdinalIgnoreCase);
            if (isNumber && isTime && value is > 0 and < LongestShortTimeMs)
            {
                words[i] = (value + LongestShortTimeMs).ToString(CultureInfo.InvariantCulture);
            }
        }
    }

    /// <summary>Removes what the servers may have come to hold that is not the same.</summary>
    private void Repair(CommandSpec spec, List<string> words)
    {
        // Whatever may have been a key of it.
        string[] keys = [.. words.Skip(1).Distinct()];
        switch (spec.FullName)
        {
            case "spop":
            case "xadd" when words.Contains("*"):
            case "sort" when words.Any(word => word.Equals("store", StringComparison.OrdinalIgnoreCase)):
            case "pfdebug":
                Piped(["DEL", "none0", .. keys]);
                break;
            case "select":
                Piped("SELECT", "0");
                break;
            case "swapdb":
                Piped([.. words]);
                break;
            case "client|tracking":
                Piped("CLIENT", "TRACKING", "OFF");
                break;
        }
    }

    private void AddData()
    {
        string longText = new('w', 70), bytes = "\u00ff\0\r\n";
        Piped("SET", "text0", "");
        Piped("SET", "text1", "hello world");
        Piped("SET", "text2", One(2) ? bytes : longText, "EX", "100000");
        Piped("SET", "num0", "10");
        Piped("SET", "num1", Pick("9223372036854775807", "-9223372036854775808", "0"));
        Piped("SET", "num2", Pick(EdgeWords.Integers));
        Piped("SET", "flt0", "1.5");
        Piped("SET", "flt1", Pick(EdgeWords.Doubles));
        Piped("RPUSH", "list0", "a", "b", "c", "a", "1", "2");
        Piped("RPUSH", "list1", longText, "", bytes, Pick(EdgeWords.Doubles), Pick(EdgeWords.Integers));
        Piped("SADD", "set0", "1", "2", "3", "-5");
        Piped("SADD", "set1", "a", "b", "1", "");
        Piped("SADD", "set2", "a", "c", longText, bytes);
        Piped("HSET", "hash0", "f0", "v0", "f1", "10", "f2", "1.5");
        Piped("HSET", "hash1", "f0", Pick(EdgeWords.Integers), "f1", Pick(EdgeWords.Doubles), longText, longText, "", "");
        Piped("HSET", "hash2", "f0", "v0", "f1", "10");
        Piped("ZADD", "zset0", "1", "a", "2", "b", "2", "c", "3.5", "1");
        Piped("ZADD", "zset1", "-inf", "a", "0.1", "b", "inf", "c", "-0", "2", "1e300", longText);
        Piped("ZADD", "zset2", "0", "a", "0", "b", "0", "c", "0", "", "0", bytes);
        Piped("ZADD", "lex0", "0", "a", "0", "b", "0", "c", "0", "", "0", bytes);
        Piped("XADD", "xs0", "1-1", "f", "v");
        Piped("XADD", "xs0", "2-2", "f", "v", "g", "");
        Piped("XADD", "xs0", "5-5", "f", bytes);
        Piped("XADD", "xs1", Pick("1-1", "18446744073709551615-18446744073709551615", "18446744073709551615-1"), "f", "v");
        Piped("XGROUP", "CREATE", "xs0", "g0", "0");
        Piped("XGROUP", "CREATE", "xs0", "g1", "2-2");
        Piped("XREADGROUP", "GROUP", "g0", "c0", "COUNT", "2", "STREAMS", "xs0", ">");
        Piped("XDEL", "xs0", Pick("1-1", "2-2", "9-9"));
        Piped("PFADD", "hll0", "a", "b", "c");
        Piped("PFADD", "hll1", [.. Enumerable.Range(0, _random.Below(300)).Select(i => $"e{i}")]);
        Piped("GEOADD", "geo0", "13.361389", "38.115556", "Palermo", "15.087269", "37.502669", "Catania");
        Piped("GEOADD", "geo1", "12.496366", "41.902782", "Rome", "-179.9", "-85", "", "180", "85.05112878", "\u00ff");
        Piped("SETBIT", "bit0", "7", "1");
        Piped("SET", "bit1", "\u00ff\u00f0\0");
        if (!_isOlder)
        {
            Piped("HEXPIRE", "hash2", "100000", "FIELDS", "1", "f1");
        }
    }

    private void Piped(string name, string key, string[] rest) => Piped([name, key, .. rest]);

    private string Pick(params ReadOnlySpan<string> words) => EdgeWords.Pick(_random, words);
}
