using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// How one element of a <see cref="Listpack"/> is written. The format is Valkey's (listpack.md, version 1), because it is
/// part of its dump files:
/// <code>
/// | first byte     | then                         | holds                    |
/// | 0vvvvvvv       |                              | integer, 0 to 127        |
/// | 10llllll       | bytes                        | string of under 64       |
/// | 110vvvvv       | 1 byte                       | integer of 13 bits       |
/// | 1110llll       | 1 byte of length, bytes      | string of under 4,096    |
/// | 11110000       | 4 bytes of length, bytes     | longer string            |
/// | 11110001 … 0100| 2, 3, 4, 8 bytes             | integer, little-endian   |
/// | 11111111       |                              | end of the listpack      |
/// </code>
/// Behind each element its length follows in groups of 7 bits, most significant first, the upper bit set in all but the
/// first byte, so that it can be read from its end.
/// </summary>
internal static unsafe class ListpackElement
{
    internal const byte End = 0xFF;

    /// <summary>Bytes that the header of a string and its length behind it can take at most.</summary>
    internal const int LargestOverheadBytes = 10;

    private const int IntegerTextLimit = Protocol.Decimal64.MaxDigits;

    /// <summary>Whether the element at <paramref name="at"/> is an integer, and which.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static bool TryInteger(byte* at, out long value)
    {
        byte first = *at;
        if (first < 0x80)
        {
            value = first;
            return true;
        }
        if (first < 0xC0 || (first & 0xF0) == 0xE0 || first == 0xF0)
        {
            value = 0;
            return false;
        }
        return TryLargeInteger(at, out value);
    }

    private static bool TryLargeInteger(byte* at, out long value)
    {
        byte first = *at;
        if (first < 0xE0)
        {
            int bits = (first & 0x1F) << 8 | at[1];
            value = bits << 19 >> 19;
            return true;
        }
        value = first switch
        {
            0xF1 => Unsafe.ReadUnaligned<short>(at + 1),
            0xF2 => (at[1] << 8 | at[2] << 16 | at[3] << 24) >> 8,
            0xF3 => Unsafe.ReadUnaligned<int>(at + 1),
            0xF4 => Unsafe.ReadUnaligned<long>(at + 1),
            _ => 0,
        };
        return true;
    }

    /// <summary>The bytes of a string element; of an integer none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ReadOnlySpan<byte> String(byte* at)
    {
        byte first = *at;
        if ((first & 0xC0) == 0x80)
        {
            return new(at + 1, first & 0x3F);
        }
        if ((first & 0xF0) == 0xE0)
        {
            return new(at + 2, (first & 0xF) << 8 | at[1]);
        }
        return first == 0xF0 ? new(at + 5, Unsafe.ReadUnaligned<int>(at + 1)) : default;
    }

    /// <summary>Bytes of the element, its length behind it not counted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int Length(byte* at)
    {
        byte first = *at;
        if (first < 0x80)
        {
            return 1;
        }
        if (first < 0xC0)
        {
            return 1 + (first & 0x3F);
        }
        if (first < 0xE0)
        {
            return 2;
        }
        return first < 0xF0 ? 2 + ((first & 0xF) << 8 | at[1]) : LongLength(at);
    }

    private static int LongLength(byte* at) => *at switch
    {
        0xF0 => 5 + Unsafe.ReadUnaligned<int>(at + 1),
        0xF1 => 3,
        0xF2 => 4,
        0xF3 => 5,
        0xF4 => 9,
        _ => 1,
    };

    /// <summary>Bytes that the length behind an element of <paramref name="length"/> bytes takes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int BackLengthBytes(int length) => length switch
    {
        <= 127 => 1,
        < 16383 => 2,
        < 2097151 => 3,
        < 268435455 => 4,
        _ => 5,
    };

    /// <summary>Bytes of the element at <paramref name="at"/> with its length behind it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static int TotalBytes(byte* at)
    {
        int length = Length(at);
        return length + BackLengthBytes(length);
    }

    /// <summary>Reads the length that ends before <paramref name="end"/>, and how many bytes it took.</summary>
    internal static int ReadBackLength(byte* end, out int bytes)
    {
        int value = 0;
        for (bytes = 1; ; bytes++)
        {
            byte part = *--end;
            value |= (part & 0x7F) << 7 * (bytes - 1);
            if ((part & 0x80) == 0 || bytes == 5)
            {
                return value;
            }
        }
    }

    /// <summary>Writes the header of a value: of an integer the whole element, of a string what comes before its bytes.</summary>
    /// <returns>Bytes written; <paramref name="isInteger"/> says that the value's bytes are not to follow.</returns>
    internal static int WriteHeader(ReadOnlySpan<byte> value, Span<byte> target, out bool isInteger)
    {
        isInteger = false;
        if ((uint)(value.Length - 1) < IntegerTextLimit && value[0] <= '9' && Protocol.Decimal64.TryParse(value, out long integer))
        {
            isInteger = true;
            return WriteInteger(integer, target);
        }
        int length = value.Length;
        if (length < 64)
        {
            target[0] = (byte)(0x80 | length);
            return 1;
        }
        if (length < 4096)
        {
            target[0] = (byte)(0xE0 | length >> 8);
            target[1] = (byte)length;
            return 2;
        }
        target[0] = 0xF0;
        MemoryMarshal.Write(target[1..], length);
        return 5;
    }

    /// <summary>Writes an integer in the shortest form.</summary>
    internal static int WriteInteger(long value, Span<byte> target)
    {
        switch (value)
        {
            case >= 0 and <= 127:
                target[0] = (byte)value;
                return 1;
            case >= -4096 and <= 4095:
                target[0] = (byte)(0xC0 | value >> 8 & 0x1F);
                target[1] = (byte)value;
                return 2;
            case >= short.MinValue and <= short.MaxValue:
                target[0] = 0xF1;
                MemoryMarshal.Write(target[1..], (short)value);
                return 3;
            case >= -(1 << 23) and < 1 << 23:
                target[0] = 0xF2;
                target[1] = (byte)value;
                target[2] = (byte)(value >> 8);
                target[3] = (byte)(value >> 16);
                return 4;
            case >= int.MinValue and <= int.MaxValue:
                target[0] = 0xF3;
                MemoryMarshal.Write(target[1..], (int)value);
                return 5;
            default:
                target[0] = 0xF4;
                MemoryMarshal.Write(target[1..], value);
                return 9;
        }
    }

    /// <summary>Writes the length behind an element.</summary>
    internal static int WriteBackLength(int length, byte* target)
    {
        int bytes = BackLengthBytes(length);
        Invariant.Check(length >= 0);
        for (int i = bytes - 1; i >= 0; i--)
        {
            target[i] = (byte)(length & 0x7F | (i == 0 ? 0 : 0x80));
            length >>= 7;
        }
        return bytes;
    }
}
