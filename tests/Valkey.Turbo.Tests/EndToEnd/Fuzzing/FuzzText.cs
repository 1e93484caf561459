using System.Globalization;
using System.Text;

namespace Valkey.Turbo.Tests.EndToEnd.Fuzzing;

/// <summary>Words and replies as they are shown when they differ.</summary>
internal static class FuzzText
{
    private const int LongestShown = 400;

    /// <summary>Quoted where it is more than letters, every other byte escaped, as redis-cli reads it back.</summary>
    internal static string Show(string bytes)
    {
        if (bytes.Length > 0 && bytes.All(symbol => symbol is > ' ' and < '\u007f' and not ('"' or '\\' or '\'')))
        {
            return Shorten(bytes);
        }
        StringBuilder text = new("\"");
        foreach (char symbol in bytes.Length > LongestShown ? bytes[..LongestShown] : bytes)
        {
            _ = symbol switch
            {
                '\r' => text.Append("\\r"),
                '\n' => text.Append("\\n"),
                '"' or '\\' => text.Append('\\').Append(symbol),
                >= ' ' and < '\u007f' => text.Append(symbol),
                _ => text.Append(CultureInfo.InvariantCulture, $"\\x{(int)symbol:x2}"),
            };
        }
        return text.Append(bytes.Length > LongestShown ? $"…({bytes.Length})\"" : "\"").ToString();
    }

    internal static string Show(IEnumerable<string> words) => string.Join(' ', words.Select(Show));

    private static string Shorten(string text) => text.Length > LongestShown ? $"{text[..LongestShown]}…({text.Length})" : text;
}
