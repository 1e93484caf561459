using System.Buffers.Binary;

namespace Valkey.Turbo.Memory;

/// <summary>
/// MurmurHash64A (Appleby, 2008). Not keyed: it is here because HyperLogLogs that travel between servers are made with it.
/// </summary>
public static class MurmurHash64
{
    private const ulong Multiplier = 0xc6a4a7935bd1e995;
    private const int Shift = 47;

    /// <summary>Hashes bytes of any length.</summary>
    public static ulong Of(ReadOnlySpan<byte> data, ulong seed)
    {
        ulong hash = seed ^ unchecked((ulong)data.Length * Multiplier);
        while (data.Length >= 8)
        {
            ulong word = unchecked(BinaryPrimitives.ReadUInt64LittleEndian(data) * Multiplier);
            word ^= word >> Shift;
            hash = unchecked((hash ^ word * Multiplier) * Multiplier);
            data = data[8..];
        }
        if (data.Length > 0)
        {
            ulong last = 0;
            for (int i = 0; i < data.Length; i++)
            {
                last |= (ulong)data[i] << (8 * i);
            }
            hash = unchecked((hash ^ last) * Multiplier);
        }
        hash ^= hash >> Shift;
        hash = unchecked(hash * Multiplier);
        return hash ^ hash >> Shift;
    }
}
