namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>
/// Reads LZF (Lehmann), in which RDB files compress strings:
/// <code>
/// | 000lllll               | l + 1 bytes follow as they are                     |
/// | lllooooo oooooooo      | l + 2 bytes again, from o + 1 bytes before         |
/// | 111ooooo llllllll oooooooo | the same, of l + 9 bytes                       |
/// </code>
/// </summary>
internal static class Lzf
{
    private const int LiteralLimit = 32;
    private const int LongLength = 7;

    /// <summary>Decompresses into all of <paramref name="target"/>; false if the input does not come out at that.</summary>
    internal static bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        int at = 0, written = 0;
        while (at < source.Length)
        {
            int control = source[at++];
            if (control < LiteralLimit)
            {
                int count = control + 1;
                if (at + count > source.Length || written + count > target.Length)
                {
                    return false;
                }
                source.Slice(at, count).CopyTo(target[written..]);
                at += count;
                written += count;
                continue;
            }
            int length = control >> 5;
            if (length == LongLength)
            {
                if (at >= source.Length)
                {
                    return false;
                }
                length += source[at++];
            }
            length += 2;
            if (at >= source.Length)
            {
                return false;
            }
            int from = written - ((control & 31) << 8 | source[at++]) - 1;
            if (from < 0 || written + length > target.Length)
            {
                return false;
            }
            // The ranges may overlap, which repeats a pattern: byte by byte.
            for (int i = 0; i < length; i++)
            {
                target[written++] = target[from++];
            }
        }
        return written == target.Length;
    }
}
