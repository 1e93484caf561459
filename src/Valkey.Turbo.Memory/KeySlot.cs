using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Valkey.Turbo.Memory;

/// <summary>
/// The hash slot of a key, 0 to 16,383: CRC16 (XMODEM: polynomial 0x1021, initial value 0) of the key, or of what stands
/// between the first '{' and the next '}' if that is not empty. Source: the Valkey cluster specification.
/// </summary>
public static class KeySlot
{
    /// <summary>How many slots there are.</summary>
    public const int Count = 16384;

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
    public static ushort Crc16(ReadOnlySpan<byte> bytes)
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
