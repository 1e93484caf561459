using System.Buffers.Binary;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>
/// Reads the packed forms of older files, which are never written any more.
/// <code>
/// ziplist  | total 4 | tail 4 | count 2 | (previous length 1 or 5, encoding, bytes) ... | 0xFF |
/// zipmap   | count 1 | (length, field, length, unused 1, value, unused bytes) ... | 0xFF |
/// </code>
/// </summary>
internal static class Ziplist
{
    private const int HeaderBytes = 10;
    private const byte End = 0xFF;
    private const byte LongPrevious = 254;
    private const byte UncountedZipmap = 254;

    /// <summary>Hands the elements of a ziplist to a sink; false if it is damaged.</summary>
    internal static bool TryRead<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : struct, IElementSink, allows ref struct
    {
        if (bytes.Length <= HeaderBytes || BinaryPrimitives.ReadInt32LittleEndian(bytes) != bytes.Length || bytes[^1] != End)
        {
            return false;
        }
        int count = BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]), read = 0, before = 0, last = HeaderBytes;
        ReadOnlySpan<byte> rest = bytes[HeaderBytes..^1];
        while (!rest.IsEmpty)
        {
            int previousBytes = rest[0] == LongPrevious ? 5 : 1;
            if (rest[0] == End || previousBytes >= rest.Length || before != PreviousLength(rest)
                || !TryReadElement(rest[previousBytes..], ref sink, out int used))
            {
                return false;
            }
            last = bytes.Length - 1 - rest.Length;
            before = previousBytes + used;
            rest = rest[before..];
            read++;
        }
        int tail = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        bool isTailRight = read == 0 ? tail < bytes.Length : tail == last;
        return isTailRight && (count == ushort.MaxValue || count == read);
    }

    private static long PreviousLength(ReadOnlySpan<byte> element) =>
        element[0] == LongPrevious ? BinaryPrimitives.ReadUInt32LittleEndian(element[1..]) : element[0];

    private static bool TryReadElement<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink, out int used)
        where TSink : struct, IElementSink, allows ref struct
    {
        byte first = bytes[0];
        if (first < 0xC0)
        {
            return TryReadString(bytes, ref sink, out used);
        }
        int width = first switch { 0xC0 => 2, 0xD0 => 4, 0xE0 => 8, 0xF0 => 3, 0xFE => 1, >= 0xF1 and <= 0xFD => 0, _ => -1 };
        used = 1 + width;
        if (width < 0 || used > bytes.Length)
        {
            return false;
        }
        ReadOnlySpan<byte> number = bytes[1..];
        long value = width switch
        {
            0 => (first & 0x0F) - 1,
            1 => (sbyte)number[0],
            2 => BinaryPrimitives.ReadInt16LittleEndian(number),
            3 => (number[0] << 8 | number[1] << 16 | number[2] << 24) >> 8,
            4 => BinaryPrimitives.ReadInt32LittleEndian(number),
            _ => BinaryPrimitives.ReadInt64LittleEndian(number),
        };
        Span<byte> digits = stackalloc byte[Decimal64.MaxDigits];
        sink.Add(digits[..Decimal64.Format(value, digits)]);
        return true;
    }

    private static bool TryReadString<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink, out int used)
        where TSink : struct, IElementSink, allows ref struct
    {
        byte first = bytes[0];
        int header = (first >> 6) switch { 0 => 1, 1 => 2, _ => 5 };
        used = header;
        if (header > bytes.Length)
        {
            return false;
        }
        long length = header switch
        {
            1 => first & 0x3F,
            2 => (first & 0x3F) << 8 | bytes[1],
            _ => BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]),
        };
        if (header + length > bytes.Length)
        {
            return false;
        }
        used = header + (int)length;
        sink.Add(bytes[header..used]);
        return true;
    }

    /// <summary>Hands the fields and values of a zipmap to a sink; false if it is damaged or empty.</summary>
    internal static bool TryReadZipmap<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : struct, IElementSink, allows ref struct
    {
        if (bytes.Length < 2 || bytes[^1] != End)
        {
            return false;
        }
        ReadOnlySpan<byte> rest = bytes[1..^1];
        int read = 0;
        for (; !rest.IsEmpty; read++)
        {
            if (!TryReadZipmapString(ref rest, hasUnused: false, ref sink) || !TryReadZipmapString(ref rest, hasUnused: true, ref sink))
            {
                return false;
            }
        }
        return read > 0 && (bytes[0] == UncountedZipmap || bytes[0] == read);
    }

    private static bool TryReadZipmapString<TSink>(ref ReadOnlySpan<byte> rest, bool hasUnused, ref TSink sink)
        where TSink : struct, IElementSink, allows ref struct
    {
        int header = rest.Length > 0 && rest[0] == LongPrevious ? 5 : 1;
        if (rest.Length < header + (hasUnused ? 1 : 0) || rest[0] == End)
        {
            return false;
        }
        long length = header == 5 ? BinaryPrimitives.ReadUInt32LittleEndian(rest[1..]) : rest[0];
        int unused = hasUnused ? rest[header] : 0, start = header + (hasUnused ? 1 : 0);
        bool isOverlong = header == 5 && length < LongPrevious;
        if (isOverlong || start + length + unused > rest.Length)
        {
            return false;
        }
        sink.Add(rest.Slice(start, (int)length));
        rest = rest[(start + (int)length + unused)..];
        return true;
    }
}
