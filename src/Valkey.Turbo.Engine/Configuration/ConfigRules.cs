using System.Globalization;

namespace Valkey.Turbo.Engine;

/// <summary>What some directives accept beyond their kind: the lists of save points, buffer limits, percentiles.</summary>
internal static class ConfigRules
{
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
        TextDirective limits = (TextDirective)config.Find("client-output-buffer-limit")!;
        limits.Normalize = text => MergeBufferLimits(limits.Text, text);
    }

    /// <summary>Puts the words of a line together; repeated lines of list directives add up.</summary>
    internal static string Join(Directive directive, string[] values, HashSet<string> given)
    {
        string joined = string.Join(' ', values);
        if (directive.Name == "save" && joined.Length > 0 && !given.Add("save (first)"))
        {
            return $"{directive.Value} {joined}";
        }
        return joined;
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
            if (!MemorySize.TryParse(words[i + 1], out _) || !MemorySize.TryParse(words[i + 2], out _)
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

    private static string? CheckDirectory(string text) =>
        Directory.Exists(text) ? null : "No such file or directory";
}
