using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>Reads string values, whatever their encoding.</summary>
public static class StringValue
{
    /// <summary>Room that <see cref="Read"/> needs for an integer.</summary>
    public const int ScratchBytes = Decimal64.MaxDigits;

    // Valkey embeds a string with its key where both fit 128 bytes: 8 of object header, the key with its header and end,
    // an expiry, and the value with 3 of header and 1 of end.
    private const int ValkeyEmbedLimit = 128;
    private const int ValkeyShortStringBytes = 32;

    /// <summary>The bytes of a value: in place, or of an integer written to <paramref name="scratch"/>.</summary>
    public static ReadOnlySpan<byte> Read(Entry entry, Span<byte> scratch) => entry.Encoding switch
    {
        ValueEncoding.Embedded => entry.EmbeddedSpan,
        ValueEncoding.Block => entry.Block.Span,
        _ => scratch[..Decimal64.Format(entry.Integer, scratch)],
    };

    /// <summary>The length of a value.</summary>
    public static int Length(Entry entry)
    {
        Span<byte> scratch = stackalloc byte[ScratchBytes];
        return Read(entry, scratch).Length;
    }

    /// <summary>The name OBJECT ENCODING gives a value, which of a string depends on what Valkey would have embedded.</summary>
    public static string EncodingName(Entry entry) => entry.Encoding switch
    {
        ValueEncoding.Listpack => "listpack",
        ValueEncoding.IntSet => "intset",
        ValueEncoding.HashTable => "hashtable",
        ValueEncoding.RankedTree => "skiplist",
        ValueEncoding.QuickList => "quicklist",
        ValueEncoding.Stream => "stream",
        _ => StringEncodingName(entry),
    };

    private static string StringEncodingName(Entry entry)
    {
        if (entry.Encoding == ValueEncoding.Int)
        {
            return "int";
        }
        if (entry.WasModified)
        {
            return "raw";
        }
        int keyBytes = entry.KeyLength + (entry.KeyLength < ValkeyShortStringBytes ? 1 : 3) + 2;
        int expiryBytes = entry.ExpiresAtUnixMs == ITableEntry.NoExpiry ? 0 : 8;
        return 8 + keyBytes + expiryBytes + Length(entry) + 4 <= ValkeyEmbedLimit ? "embstr" : "raw";
    }
}
