namespace Valkey.Turbo.Lua.Libraries;

/// <summary>Finds a text in a text.</summary>
internal static class PlainSearch
{
    /// <summary>Comparisons per byte after which the search changes to one whose time is linear.</summary>
    private const int Patience = 8;

    internal static int IndexOf(ReadOnlySpan<byte> source, ReadOnlySpan<byte> wanted, Interpreter interpreter)
    {
        interpreter.Budget -= source.Length >> 6;
        if (wanted.Length is 0 or 1 || wanted.Length > source.Length)
        {
            return wanted.Length > source.Length ? -1 : source.IndexOf(wanted);
        }
        long patience = 256 + ((long)source.Length * Patience);
        int last = source.Length - wanted.Length;
        for (int start = 0; start <= last;)
        {
            int found = source[start..(last + 1)].IndexOf(wanted[0]);
            if (found < 0)
            {
                return -1;
            }
            start += found;
            int common = source.Slice(start, wanted.Length).CommonPrefixLength(wanted);
            if (common == wanted.Length)
            {
                return start;
            }
            patience -= common + 1;
            start++;
            if (patience < 0)
            {
                interpreter.Budget -= source.Length >> 2;
                int rest = LinearIndexOf(source[start..], wanted);
                return rest < 0 ? -1 : start + rest;
            }
        }
        return -1;
    }

    /// <summary>The search of Knuth, Morris and Pratt.</summary>
    private static int LinearIndexOf(ReadOnlySpan<byte> source, ReadOnlySpan<byte> wanted)
    {
        // How much of the wanted text is still matched after a mismatch behind each of its prefixes.
        int[] border = new int[wanted.Length];
        for (int i = 1, length = 0; i < wanted.Length; i++)
        {
            while (length > 0 && wanted[i] != wanted[length])
            {
                length = border[length - 1];
            }
            length += wanted[i] == wanted[length] ? 1 : 0;
            border[i] = length;
        }
        for (int i = 0, length = 0; i < source.Length; i++)
        {
            while (length > 0 && source[i] != wanted[length])
            {
                length = border[length - 1];
            }
            length += source[i] == wanted[length] ? 1 : 0;
            if (length == wanted.Length)
            {
                return i + 1 - length;
            }
        }
        return -1;
    }
}
