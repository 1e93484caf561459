using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace Valkey.Turbo.Memory;

/// <summary>
/// The hash slot of a key, 0 to 16,383: CRC16 (XMODEM: polynomial 0x1021, initial value 0) of the key, or of what stands
/// between the first '{' and the next '}' if that is not empty. Source: the Valkey cluster specification.
/// </summary>
public static class KeySlot
{
    /// <summary>How many slots there are.</summary>
    public const int Count = 16384;

    // floor(x^80 / P) without its leading term x^64.
    private const ulong Inverse = 0x11303471a041b343;

    // Slicing by eight: table k holds the CRC of a byte followed by k zero bytes.
    private static readonly ushort[] Tables = BuildTables();

    /// <summary>The slot of a key.</summary>
    public static int Of(ReadOnlySpan<byte> key)
    {
        int open = key.IndexOf((byte)'{');
        if (open >= 0)
        {
            ReadOnlySpan<byte> rest = key[(open + 1)..];
            int close = rest.IndexOf((byte)'}');
            if (close > 0)
            {
                key = rest[..close];
            }
        }
        return Crc16(key) & (Count - 1);
    }

    /// <summary>CRC16/XMODEM of the bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Crc16(ReadOnlySpan<byte> bytes) => Pclmulqdq.IsSupported || ArmAes.IsSupported ? Multiplied(bytes) : Sliced(bytes);

    /// <summary>
    /// Divides eight bytes at a time by the polynomial P = x^16 + x^12 + x^5 + 1, with one carry-less multiplication (Barrett's
    /// reduction; over GF(2) it needs no correction): the quotient of w x^16 by P is the upper half of w times the
    /// constant floor(x^80 / P), and the remainder is the lower 16 bits of that quotient times P.
    /// </summary>
    private static ushort Multiplied(ReadOnlySpan<byte> bytes)
    {
        uint crc = 0;
        for (; bytes.Length >= 8; bytes = bytes[8..])
        {
            crc = Reduce(BinaryPrimitives.ReadUInt64BigEndian(bytes) ^ (ulong)crc << 48);
        }
        if (!bytes.IsEmpty)
        {
            // What is left of the CRC beyond these bytes is multiplied by x^(8 n) all the same.
            ulong word = 0;
            foreach (byte b in bytes)
            {
                word = word << 8 | b;
            }
            int bits = bytes.Length * 8;
            crc = bits >= 16
                ? Reduce(word ^ (ulong)crc << (bits - 16))
                : Reduce(word ^ crc >> 8) ^ (crc << 8 & 0xffff);
        }
        return (ushort)crc;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Reduce(ulong word)
    {
        Vector128<ulong> product = Pclmulqdq.IsSupported
            ? Pclmulqdq.CarrylessMultiply(Vector128.CreateScalarUnsafe(word), Vector128.CreateScalarUnsafe(Inverse), 0)
            : ArmAes.PolynomialMultiplyWideningLower(Vector64.Create(word), Vector64.Create(Inverse)).AsUInt64();
        uint quotient = (uint)(word ^ product.GetElement(1));
        return (quotient ^ quotient << 5 ^ quotient << 12) & 0xffff;
    }

    /// <summary>The scalar twin of <see cref="Multiplied"/>.</summary>
    internal static ushort Sliced(ReadOnlySpan<byte> bytes)
    {
        ref ushort table = ref MemoryMarshal.GetArrayDataReference(Tables);
        uint crc = 0;
        while (bytes.Length >= 8)
        {
            crc = (uint)(Unsafe.Add(ref table, (7 << 8) + (bytes[0] ^ (crc >> 8)))
                ^ Unsafe.Add(ref table, (6 << 8) + (bytes[1] ^ (crc & 0xff)))
                ^ Unsafe.Add(ref table, (5 << 8) + bytes[2])
                ^ Unsafe.Add(ref table, (4 << 8) + bytes[3])
                ^ Unsafe.Add(ref table, (3 << 8) + bytes[4])
                ^ Unsafe.Add(ref table, (2 << 8) + bytes[5])
                ^ Unsafe.Add(ref table, (1 << 8) + bytes[6])
                ^ Unsafe.Add(ref table, bytes[7]));
            bytes = bytes[8..];
        }
        foreach (byte b in bytes)
        {
            crc = (crc << 8 & 0xffff) ^ Unsafe.Add(ref table, b ^ (crc >> 8));
        }
        return (ushort)crc;
    }

    private static ushort[] BuildTables()
    {
        ushort[] tables = new ushort[8 << 8];
        for (int b = 0; b < 256; b++)
        {
            uint crc = (uint)b << 8;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
            }
            tables[b] = (ushort)crc;
        }
        for (int i = 256; i < tables.Length; i++)
        {
            ushort shorter = tables[i - 256];
            tables[i] = (ushort)(shorter << 8 ^ tables[shorter >> 8]);
        }
        return tables;
    }
}
