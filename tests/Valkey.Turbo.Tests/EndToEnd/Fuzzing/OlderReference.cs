using System.Globalization;
using System.Text.RegularExpressions;
using Valkey.Turbo.Commands;

namespace Valkey.Turbo.Tests.EndToEnd.Fuzzing;

/// <summary>
/// What a redis-server of 7.0 answers otherwise than Valkey 9.1, and is not compared where it is the reference: the words of errors,
/// how numbers are spelled, numbers that are not in plain decimal form, and the commands named here.
/// </summary>
internal static partial class OlderReference
{
    /// <summary>What came after 7.0, so that commands which later take more or show more are not sent.</summary>
    private static readonly Dictionary<string, string> Changed = new()
    {
        ["readonly"] = "is refused without a cluster",
        ["readwrite"] = "is refused without a cluster",
        ["cluster"] = "is refused without a cluster",
        ["command|getkeys"] = "takes three words at least",
        ["command|getkeysandflags"] = "takes three words at least",
        ["command|list"] = "is a set",
        ["zrank"] = "takes no WITHSCORE",
        ["zrevrank"] = "takes no WITHSCORE",
        ["bitcount"] = "takes no start without an end",
        ["object|encoding"] = "knows other encodings",
        ["object|refcount"] = "counts differently",
        ["client|list"] = "knows fewer filters",
        ["scan"] = "knows no types by name, and reads cursors below 0",
        ["sscan"] = "reads cursors below 0, and minds them where there is one page only",
        ["hscan"] = "as SSCAN, and takes no NOVALUES",
        ["zscan"] = "as SSCAN, and takes no NOSCORES",
        ["xinfo"] = "shows less of consumers",
        ["xread"] = "does not know + for the last entry",
        ["getex"] = "looks for the key before it reads the expiry",
        ["bitpos"] = "looks for the key before it reads the range",
        ["xsetid"] = "does not mind entries that were deleted",
        ["dbsize"] = "counts what was set to expire in the past",
        ["xclaim"] = "makes no consumer unless it claims something",
        ["xautoclaim"] = "makes no consumer unless it claims something",
        ["latency|doctor"] = "speaks of another server",
        ["function|dump"] = "has an older version of the format",
        ["script|help"] = "speaks of another server",
        ["object|idletime"] = "keeps small integers once for all",
        ["client|tracking"] = "answers twice where a prefix is given twice",
        ["multi"] = "does not spoil a transaction that has begun",
    };

    private const int LongestInteger = 15;

    [GeneratedRegex(@"^\s*[-+(\[#]*\s*(\.?\d|inf|nan|in$)", RegexOptions.IgnoreCase)]
    private static partial Regex Numeric();

    [GeneratedRegex(@"^-?(0|[1-9]\d*)(\.\d+)?$")]
    private static partial Regex Plain();

    internal static bool IsSent(CommandSpec spec) => !Changed.ContainsKey(spec.FullName) && !Changed.ContainsKey(spec.Container?.FullName ?? "");

    /// <summary>Changes words that the two would not read in the same way.</summary>
    internal static void Soften(IList<string> words)
    {
        for (int i = 0; i < words.Count; i++)
        {
            string word = words[i].StartsWith("u8", StringComparison.Ordinal) ? "u8" : words[i];
            bool isOdd = Numeric().IsMatch(word) && (!Plain().IsMatch(word) || word.Length > LongestInteger);
            // Offsets below 0 count from the end where the set is large, but not yet.
            bool isOffset = i > 0 && words[i - 1].Equals("limit", StringComparison.OrdinalIgnoreCase) && word.StartsWith('-');
            words[i] = isOdd || isOffset ? "7" : word;
        }
    }

    /// <summary>Whether a refusal is one that came after 7.0.</summary>
    internal static bool DoesNotKnow(CommandSpec? spec, RespReply refusal) =>
        // It takes an element without a byte for 0.
        spec?.FullName is "sort" or "sort_ro" && refusal is { IsError: true, Text: "ERR One or more scores can't be converted into double" };

    internal static bool Agree(RespReply expected, RespReply actual)
    {
        if (expected.IsError && actual.IsError)
        {
            return true;
        }
        if (expected.Kind != actual.Kind || expected.Items?.Count != actual.Items?.Count)
        {
            return false;
        }
        return expected.Items is { Count: > 0 }
            ? expected.Items.Zip(actual.Items!).All(pair => Agree(pair.First, pair.Second))
            : expected.Text == actual.Text || (Number(expected) is double number && number == Number(actual));
    }

    private static double? Number(RespReply reply) =>
        double.TryParse(reply.Text, NumberStyles.Float, CultureInfo.InvariantCulture, out double number) ? number : null;
}
