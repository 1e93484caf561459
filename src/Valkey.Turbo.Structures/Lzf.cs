using System.Buffers.Binary;

namespace Valkey.Turbo.Structures;

/// <summary>
/// LZF (Lehmann), in which RDB files compress strings, and lists their inner links:
/// <code>
/// | 000lllll               | l + 1 bytes follow as they are                     |
/// | lllooooo oooooooo      | l + 2 bytes again, from o + 1 bytes before         |
/// | 111ooooo llllllll oooooooo | the same, of l + 9 bytes                       |
/// </code>
/// </summary>
public static class Lzf
{
    private const int LiteralLimit = 32;
    private const int LongLength = 7;
    private const int ShortestMatch = 3;
    private const int LongestMatch = 264;
    private const int FarthestMatch = 8192;
    private const int IndexBits = 12;

    /// <summary>Compresses, if the result fits <paramref name="target"/>.</summary>
    /// <returns>How many bytes were written, or 0 if they don't fit.</returns>
    public static int Compress(ReadOnlySpan<byte> source, Span<byte> target)
    {
        // Where three bytes of a hash were seen last, plus one; it may be elsewhere, so every candidate is compared.
        Span<int> seen = stackalloc int[1 << IndexBits];
        seen.Clear();
        int at = 0, written = 0, literals = 0;
        while (at + ShortestMatch < source.Length)
        {
            uint three = BinaryPrimitives.ReadUInt32LittleEndian(source[at..]) & 0xFFFFFF;
            ref int last = ref seen[(int)(three * 0x9E3779B1 >> 32 - IndexBits)];
            int from = last - 1;
            last = at + 1;
            int length = from < 0 || at - from > FarthestMatch
                ? 0
                : source.Slice(from, Math.Min(LongestMatch, source.Length - at)).CommonPrefixLength(source[at..]);
            if (length < ShortestMatch)
            {
                literals++;
                at++;
                continue;
            }
            written = PutLiterals(source.Slice(at - literals, literals), target, written);
            if (written < 0 || written + 3 > target.Length)
            {
                return 0;
            }
            literals = 0;
            int distance = at - from - 1, more = length - 2;
            target[written++] = (byte)(Math.Min(more, LongLength) << 5 | distance >> 8);
            if (more >= LongLength)
            {
                target[written++] = (byte)(more - LongLength);
            }
            target[written++] = (byte)distance;
            at += length;
        }
        literals += source.Length - at;
        return Math.Max(0, PutLiterals(source[(source.Length - literals)..], target, written));
    }

    /// <summary>What the input would decompress to if it is sound, so that memory can be had for just that; -1 if it ends within an item.</summary>
    public static long DecompressedBytes(ReadOnlySpan<byte> source)
    {
        long bytes = 0;
        for (int at = 0; at < source.Length;)
        {
            int control = source[at], itemBytes = control < LiteralLimit ? control + 2 : control >> 5 == LongLength ? 3 : 2;
            if (at + itemBytes > source.Length)
            {
                return -1;
            }
            bytes += control < LiteralLimit ? control + 1 : (control >> 5) + 2 + (itemBytes == 3 ? source[at + 1] : 0);
            at += itemBytes;
        }
        return bytes;
    }

    /// <summary>Decompresses into all of <paramref name="target"/>; false if the input does not come out at that.</summary>
    public static bool TryDecompress(ReadOnlySpan<byte> source, Span<byte> target)
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

    private static int PutLiterals(ReadOnlySpan<byte> bytes, Span<byte> target, int written)
    {
        while (!bytes.IsEmpty)
        {
            int count = Math.Min(bytes.Length, LiteralLimit);
            if (written + 1 + count > target.Length)
            {
                return -1;
            }
            target[written++] = (byte)(count - 1);
            bytes[..count].CopyTo(target[written..]);
            written += count;
            bytes = bytes[count..];
        }
        return written;
    }
}
