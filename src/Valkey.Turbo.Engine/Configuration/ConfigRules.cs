using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Engine;

/// <summary>What some directives accept beyond their kind: the lists of save points, buffer limits, percentiles.</summary>
internal static class ConfigRules
{
    private const int MaxHostNameLength = 256;
    private const int MaxSeedLength = 256;
    private static readonly string[] ClientClasses = ["normal", "slave", "replica", "pubsub"];

    internal static void Attach(ServerConfig config)
    {
        Rule(config, "save", CheckSave, text => text.Trim());
        Rule(config, "client-output-buffer-limit", CheckBufferLimits, null);
        Rule(config, "oom-score-adj-values", CheckOomScores, null);
        Rule(config, "notify-keyspace-events", CheckNotifications, null);
        ((TextDirective)config.Find("notify-keyspace-events")!).Show = ShowNotifications;
        Rule(config, "latency-tracking-info-percentiles", CheckPercentiles, ShortenNumbers);
        Rule(config, "dir", CheckDirectory, Path.GetFullPath);
        config.Find("shutdown-on-sigint")!.Validate = CheckShutdown;
        config.Find("shutdown-on-sigterm")!.Validate = CheckShutdown;
        Rule(config, "proc-title-template", text => CheckTitle(text, config), null);
        Rule(config, "replicaof", CheckReplicaOf, text => text.Equals("no one", StringComparison.OrdinalIgnoreCase) ? "" : text);
        foreach (string name in (string[])["dbfilename", "appendfilename", "appenddirname"])
        {
            Rule(config, name, text => CheckName(name, text), null);
        }
        Rule(config, "cluster-config-file", text => text.Length == 0 ? "cluster-config-file can't be empty" : null, null);
        Rule(config, "cluster-announce-hostname", CheckHostName, null);
        Rule(config, "cluster-announce-human-nodename",
            text => text.AsSpan().ContainsAny("!#$%&()*+;<>?@[]^{|}~") ? "Announced human node name contained invalid character" : null, null);
        Rule(config, "cluster-announce-client-ipv4", text => CheckAddress(text, AddressFamily.InterNetwork, "Invalid IPv4 address"), null);
        Rule(config, "cluster-announce-client-ipv6", text => CheckAddress(text, AddressFamily.InterNetworkV6, "Invalid IPv6 address"), null);
        Rule(config, "hash-seed", text => text.Length > MaxSeedLength ? $"hash-seed must be less than or equal to {MaxSeedLength} characters" : null, null);
        TextDirective limits = (TextDirective)config.Find("client-output-buffer-limit")!;
        limits.Normalize = text => MergeBufferLimits(limits.Text, text);
    }

    private static void Rule(ServerConfig config, string name, Func<string, string?> check, Func<string, string>? normalize)
    {
        TextDirective directive = (TextDirective)config.Find(name)!;
        directive.Validate = check;
        directive.Normalize = normalize;
    }

    private static string[] Words(string text) => text.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private static string? CheckSave(string text)
    {
        string[] words = Words(text);
        if (words.Length % 2 != 0)
        {
            return "Invalid save parameters";
        }
        for (int i = 0; i < words.Length; i += 2)
        {
            bool valid = long.TryParse(words[i], out long seconds) & long.TryParse(words[i + 1], out long changes);
            if (!valid || seconds < 1 || changes < 0)
            {
                return "Invalid save parameters";
            }
        }
        return null;
    }

    private static string? CheckShutdown(string text) =>
        (Shutdown.OptionsOf(text) & (ShutdownOptions.Save | ShutdownOptions.NoSave)) == (ShutdownOptions.Save | ShutdownOptions.NoSave)
            ? "shutdown options SAVE and NOSAVE can't be used simultaneously"
            : null;

    private static string? CheckBufferLimits(string text)
    {
        string[] words = Words(text);
        if (words.Length == 0 || words.Length % 4 != 0)
        {
            return "Wrong number of arguments in buffer limit configuration.";
        }
        for (int i = 0; i < words.Length; i += 4)
        {
            if (!ClientClasses.Contains(words[i].ToLowerInvariant()))
            {
                return "Invalid client class specified in buffer limit configuration.";
            }
            if (!MemorySize.TryParse(words[i + 1], out long _) || !MemorySize.TryParse(words[i + 2], out long _)
                || !int.TryParse(words[i + 3], NumberStyles.None, CultureInfo.InvariantCulture, out _))
            {
                return "Error in hard, soft or soft_seconds setting in buffer limit configuration.";
            }
        }
        return null;
    }

    private static string MergeBufferLimits(string current, string change)
    {
        string[] merged = Words(current), words = Words(change);
        for (int i = 0; i < words.Length; i += 4)
        {
            string name = words[i].ToLowerInvariant() is "replica" or "slave" ? "slave" : words[i].ToLowerInvariant();
            int at = Array.IndexOf(merged, name);
            MemorySize.TryParse(words[i + 1], out long hard);
            MemorySize.TryParse(words[i + 2], out long soft);
            merged[at + 1] = hard.ToString(CultureInfo.InvariantCulture);
            merged[at + 2] = soft.ToString(CultureInfo.InvariantCulture);
            merged[at + 3] = words[i + 3];
        }
        return string.Join(' ', merged);
    }

    private static string? CheckOomScores(string text)
    {
        string[] words = Words(text);
        if (words.Length != 3)
        {
            return "wrong number of arguments";
        }
        foreach (string word in words)
        {
            if (!int.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int score)
                || score is < -2000 or > 2000)
            {
                return "Invalid oom-score-adj-values, elements must be between -2000 and 2000.";
            }
        }
        return null;
    }

    private static string? CheckNotifications(string text) =>
        KeyEventLetters.Parse(text) is null ? "Invalid event class character. Use 'Ag$lshzxeKEtmdn'." : null;

    private static string ShowNotifications(string text) => KeyEventLetters.Format(KeyEventLetters.Parse(text)!.Value);

    private static string? CheckPercentiles(string text)
    {
        foreach (string word in Words(text))
        {
            if (!double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out double percentile)
                || percentile is < 0 or > 100)
            {
                return "latency-tracking-info-percentiles should contain a numeric value between 0.0 and 100.0 inclusive";
            }
        }
        return null;
    }

    private static string ShortenNumbers(string text) => string.Join(
        ' ', Words(text).Select(word => double.Parse(word, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture)));

    private static string? CheckDirectory(string text)
    {
        if (text.Length == 0)
        {
            return "dir can't be empty";
        }
        int error = WorkingDirectory.Check(text);
        return error == 0 ? null : Errno.Describe(error);
    }

    private static string? CheckName(string name, string text) => text.Length == 0
        ? $"{name} can't be empty"
        : text.AsSpan().ContainsAny("/\\") ? $"{name} can't be a path, just a {(name == "appenddirname" ? "dirname" : "filename")}" : null;

    private static string? CheckHostName(string text) => text.Length >= MaxHostNameLength
        ? $"Hostnames must be less than {MaxHostNameLength} characters"
        : text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.') ? null : "Hostnames may only contain alphanumeric characters, hyphens or dots";

    private static string? CheckAddress(string text, AddressFamily family, string problem) =>
        text.Length == 0 || (IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == family && (family != AddressFamily.InterNetwork || address.ToString() == text))
            ? null
            : problem;

    private static string? CheckTitle(string text, ServerConfig config) =>
        TitleTemplate.Expand(text, "", config) is { Length: > 0 } ? null : "template format is invalid or contains unknown variables";

    private static string? CheckReplicaOf(string text) => Words(text) switch
    {
        [string no, string one] when $"{no} {one}".Equals("no one", StringComparison.OrdinalIgnoreCase) => null,
        [_, string port] when !ushort.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out _) => "Invalid primary port",
        [_, _] => null,
        _ => "wrong number of arguments",
    };
}
