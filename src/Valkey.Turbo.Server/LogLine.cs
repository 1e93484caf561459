using System.Globalization;
using System.Text;

namespace Valkey.Turbo.Server;

/// <summary>How much a line of the log matters.</summary>
internal enum LogLevel
{
    Debug,
    Verbose,
    Notice,
    Warning,
    /// <summary>More than any line has: nothing is logged.</summary>
    Nothing,
}

/// <summary>The lines of the log, in the forms that <c>log-format</c> and <c>log-timestamp-format</c> name.</summary>
internal static class LogLine
{
    private const string Role = "primary";
    private const string LevelMarks = ".-*#";

    /// <summary>A line, without its end.</summary>
    internal static string Format(string format, string timeFormat, int process, DateTimeOffset time, LogLevel level, string text)
    {
        string stamp = timeFormat switch
        {
            "iso8601" => time.ToString("yyyy-MM-ddTHH:mm:ss.fffzzz", CultureInfo.InvariantCulture),
            "milliseconds" => time.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture),
            _ => time.ToString("dd MMM yyyy HH:mm:ss.fff", CultureInfo.InvariantCulture),
        };
        string name = level.ToString().ToLowerInvariant();
        return format switch
        {
            "logfmt" => $"pid={process} role={Role} timestamp=\"{stamp}\" level={name} message=\"{OnOneLine(text)}\"",
            "json" => $"{{\"pid\":{process},\"role\":\"{Role}\",\"timestamp\":\"{stamp}\",\"level\":\"{name}\",\"message\":\"{Escaped(text)}\"}}",
            _ => $"{process}:M {stamp} {LevelMarks[(int)level]} {text}",
        };
    }

    private static string OnOneLine(string text) => text.Replace('"', '\'').Replace('\n', ' ').Replace('\r', ' ');

    private static string Escaped(string text)
    {
        StringBuilder escaped = new();
        foreach (char c in text)
        {
            _ = c switch
            {
                '\\' or '"' => escaped.Append('\\').Append(c),
                '\n' => escaped.Append("\\n"),
                '\f' => escaped.Append("\\f"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                '\b' => escaped.Append("\\b"),
                < ' ' => escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => escaped.Append(c),
            };
        }
        return escaped.ToString();
    }
}
