namespace Valkey.Turbo.Engine;

/// <summary>
/// Valkey's glob patterns: <c>*</c> any bytes, <c>?</c> one byte, <c>[a-z]</c> and <c>[^a]</c> classes, <c>\</c> escapes.
/// </summary>
public static class GlobPattern
{
    // Valkey gives up, without a match, on a pattern that takes more stars than this.
    private const int MaxStars = 1000;

    /// <summary>The pattern that everything matches.</summary>
    public static ReadOnlySpan<byte> All => "*"u8;

    /// <summary>Whether the whole text matches. At most text times pattern steps, however the pattern is built.</summary>
    public static bool IsMatch(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool ignoreCase = false)
    {
        if (text.IsEmpty)
        {
            // Not even a star matches nothing, unless it is all that KEYS or SCAN are given.
            return pattern.IsEmpty;
        }
        int p = 0, t = 0, starPattern = -1, starText = 0, stars = 0;
        while (t < text.Length)
        {
            if (p < pattern.Length && pattern[p] == '*')
            {
                if (++stars > MaxStars)
                {
                    return false;
                }
                // Remember only the last star: what an earlier one could take, this one can too.
                while (p < pattern.Length && pattern[p] == '*')
                {
                    p++;
                }
                starPattern = p;
                starText = t;
            }
            else if (p < pattern.Length && MatchesOne(pattern, ref p, text[t], ignoreCase))
            {
                t++;
            }
            else if (starPattern >= 0)
            {
                p = starPattern;
                t = ++starText;
            }
            else
            {
                return false;
            }
        }
        while (p < pattern.Length && pattern[p] == '*')
        {
            p++;
        }
        return p == pattern.Length;
    }

    /// <summary>Whether a pattern matches everything.</summary>
    public static bool IsAll(ReadOnlySpan<byte> pattern) => pattern.Length == 1 && pattern[0] == '*';

    private static bool MatchesOne(ReadOnlySpan<byte> pattern, ref int p, byte b, bool ignoreCase)
    {
        byte c = pattern[p];
        switch (c)
        {
            case (byte)'?':
                p++;
                return true;
            case (byte)'[':
                return MatchesClass(pattern, ref p, b, ignoreCase);
            case (byte)'\\' when p + 1 < pattern.Length:
                bool same = Fold(pattern[p + 1], ignoreCase) == Fold(b, ignoreCase);
                p += 2;
                return same;
            default:
                p++;
                return Fold(c, ignoreCase) == Fold(b, ignoreCase);
        }
    }

    private static bool MatchesClass(ReadOnlySpan<byte> pattern, ref int p, byte b, bool ignoreCase)
    {
        int at = p + 1;
        bool negated = at < pattern.Length && pattern[at] == '^';
        at += negated ? 1 : 0;
        bool found = false;
        byte folded = Fold(b, ignoreCase);
        for (; at < pattern.Length && pattern[at] != ']'; at++)
        {
            if (pattern[at] == '\\' && at + 1 < pattern.Length)
            {
                found |= pattern[++at] == b;
            }
            else if (at + 2 < pattern.Length && pattern[at + 1] == '-')
            {
                byte low = Fold(pattern[at], ignoreCase), high = Fold(pattern[at + 2], ignoreCase);
                (low, high) = low <= high ? (low, high) : (high, low);
                found |= folded >= low && folded <= high;
                at += 2;
            }
            else
            {
                found |= Fold(pattern[at], ignoreCase) == folded;
            }
        }
        // A class that is not closed ends with the pattern.
        p = Math.Min(at + 1, pattern.Length);
        return found != negated;
    }

    private static byte Fold(byte b, bool ignoreCase) => ignoreCase && b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 32) : b;
}
