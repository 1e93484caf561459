using System.Buffers.Binary;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>
/// CRC-64 with the Jones polynomial, reflected, no initial value and no final inversion: the checksum of dump payloads and
/// RDB files. Eight bytes at a time by eight tables ("slicing", Kounavis and Berry, 2005).
/// </summary>
public static class Crc64
{
    private const ulong ReflectedPolynomial = 0x95ac9329ac4bc9b5;
    private const int Slices = 8;
    private static readonly ulong[] Tables = MakeTables();

    /// <summary>Continues a checksum over more bytes; begins at 0.</summary>
    public static ulong Append(ulong crc, ReadOnlySpan<byte> bytes)
    {
        ulong[] tables = Tables;
        while (bytes.Length >= Slices)
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(bytes) ^ crc;
            crc = 0;
            for (int i = 0; i < Slices; i++)
            {
                crc ^= tables[(Slices - 1 - i) * 256 + (int)(word >> (8 * i) & 255)];
            }
            bytes = bytes[Slices..];
        }
        foreach (byte one in bytes)
        {
            crc = tables[(int)((crc ^ one) & 255)] ^ crc >> 8;
        }
        return crc;
    }

    private static ulong[] MakeTables()
    {
        ulong[] tables = new ulong[Slices * 256];
        for (int i = 0; i < 256; i++)
        {
            ulong crc = (ulong)i;
            for (int bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? crc >> 1 ^ ReflectedPolynomial : crc >> 1;
            }
            tables[i] = crc;
        }
        for (int i = 256; i < tables.Length; i++)
        {
            ulong before = tables[i - 256];
            tables[i] = tables[(int)(before & 255)] ^ before >> 8;
        }
        return tables;
    }
}
