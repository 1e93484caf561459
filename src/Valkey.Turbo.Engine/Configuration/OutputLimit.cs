using System.Globalization;

namespace Valkey.Turbo.Engine;

/// <summary>What one class of clients may leave unread: never more than the hard limit, no longer than so many seconds more than the soft one. 0 is no limit.</summary>
public readonly record struct OutputLimit(long HardBytes, long SoftBytes, long SoftSeconds)
{
    /// <summary>Reads the limit of a class from the directive's value: class, hard, soft, seconds, and again.</summary>
    internal static OutputLimit Parse(string text, string className)
    {
        string[] words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int at = Array.IndexOf(words, className);
        long Number(int offset) => long.Parse(words[at + offset], CultureInfo.InvariantCulture);
        return at < 0 ? default : new OutputLimit(Number(1), Number(2), Number(3));
    }
}
