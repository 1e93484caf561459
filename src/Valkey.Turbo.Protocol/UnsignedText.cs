using System.Buffers.Text;

namespace Valkey.Turbo.Protocol;

/// <summary>Unsigned 64-bit integers as text, in the one canonical form.</summary>
public static class UnsignedText
{
    /// <summary>Writes a number and returns its length, at most 20.</summary>
    public static int Format(ulong value, Span<byte> target)
    {
        Utf8Formatter.TryFormat(value, target, out int written);
        return written;
    }

    /// <summary>Reads all of a text as a number without sign, blanks or needless zeros.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ulong value) =>
        Utf8Parser.TryParse(text, out value, out int used) && used == text.Length && text[0] is >= (byte)'0' and <= (byte)'9'
        && (text[0] != '0' || text.Length == 1);
}
