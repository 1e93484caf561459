using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// Estimates how many distinct elements were added (Flajolet et al., 2007), from 16,384 registers of 6 bits. The format is
/// Valkey's, because such strings travel:
/// <code>
/// 0      4          5       8                    16
/// | HYLL | encoding | 0 × 3 | cached cardinality | registers |
/// </code>
/// The most significant bit of the cardinality says that it has to be computed anew. Dense registers are packed from the
/// least significant bit on; sparse ones are runs, see <see cref="SparseRegisters"/>.
/// </summary>
public static class HyperLogLog
{
    /// <summary>Bytes before the registers.</summary>
    public const int HeaderBytes = 16;

    /// <summary>How many registers there are.</summary>
    public const int Registers = 1 << IndexBits;

    /// <summary>Bytes of a string with dense registers.</summary>
    public const int DenseBytes = HeaderBytes + Registers * RegisterBits / 8;

    /// <summary>The greatest value of a register, in bits of the hash that were zero.</summary>
    public const int LargestValue = (1 << RegisterBits) - 1;

    private const int IndexBits = 14;
    private const int RegisterBits = 6;
    private const int HashBits = 64 - IndexBits;
    private const ulong Seed = 0xadc83b19;
    private const byte Dense = 0;
    private const byte Sparse = 1;
    private const double Alpha = 0.721347520444481703680;

    /// <summary>Whether vector instructions may be used; PFDEBUG SIMD switches them off, to compare results.</summary>
    public static bool UsesVectors { get; set; } = true;

    /// <summary>Whether a string is a HyperLogLog, as far as its header tells.</summary>
    public static bool IsValid(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= HeaderBytes && bytes[..4].SequenceEqual("HYLL"u8) && bytes[4] is Dense or Sparse
        && (bytes[4] != Dense || bytes.Length == DenseBytes);

    /// <summary>Whether the registers are dense.</summary>
    public static bool IsDense(ReadOnlySpan<byte> bytes) => bytes[4] == Dense;

    /// <summary>Writes the header of an empty one with a cardinality of 0.</summary>
    public static void WriteHeader(Span<byte> bytes, bool isDense)
    {
        bytes[..HeaderBytes].Clear();
        "HYLL"u8.CopyTo(bytes);
        bytes[4] = isDense ? Dense : Sparse;
    }

    /// <summary>The cached cardinality, if it is still true.</summary>
    public static bool TryCached(ReadOnlySpan<byte> bytes, out ulong cardinality)
    {
        cardinality = BinaryPrimitives.ReadUInt64LittleEndian(bytes[8..]);
        return cardinality >> 63 == 0;
    }

    /// <summary>Sets the cached cardinality.</summary>
    public static void SetCached(Span<byte> bytes, ulong cardinality) => BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], cardinality);

    /// <summary>Notes that the cached cardinality is no longer true.</summary>
    public static void Invalidate(Span<byte> bytes) => bytes[15] |= 0x80;

    /// <summary>Which register an element goes to, and the value it asks for: 1 + the zeros that its hash goes on with.</summary>
    public static (int Index, int Value) Locate(ReadOnlySpan<byte> element)
    {
        ulong hash = MurmurHash64.Of(element, Seed);
        int index = (int)(hash & (Registers - 1));
        // A mark behind the last bit bounds the count.
        ulong rest = hash >> IndexBits | 1UL << HashBits;
        return (index, BitOperations.TrailingZeroCount(rest) + 1);
    }

    /// <summary>A register of dense ones.</summary>
    public static int GetDense(ReadOnlySpan<byte> registers, int index)
    {
        int bit = index * RegisterBits, at = bit >> 3, shift = bit & 7;
        int word = registers[at] | (at + 1 < registers.Length ? registers[at + 1] << 8 : 0);
        return word >> shift & LargestValue;
    }

    /// <summary>Raises a register of dense ones; false if it was as high already.</summary>
    public static bool RaiseDense(Span<byte> registers, int index, int value)
    {
        if (GetDense(registers, index) >= value)
        {
            return false;
        }
        int bit = index * RegisterBits, at = bit >> 3, shift = bit & 7;
        registers[at] = (byte)(registers[at] & ~(LargestValue << shift) | value << shift);
        if (shift > 8 - RegisterBits)
        {
            registers[at + 1] = (byte)(registers[at + 1] & ~(LargestValue >> (8 - shift)) | value >> (8 - shift));
        }
        return true;
    }

    /// <summary>Raises registers of a byte each to those of a dense string, where those are higher.</summary>
    public static void MergeDense(Span<byte> target, ReadOnlySpan<byte> registers)
    {
        int index = 0;
        if (Avx2.IsSupported && UsesVectors)
        {
            index = MergeDenseVectors(target, registers);
        }
        MergeDenseScalar(target, registers, index);
    }

    /// <summary>The scalar twin of <see cref="MergeDense"/>, from a register on.</summary>
    public static void MergeDenseScalar(Span<byte> target, ReadOnlySpan<byte> registers, int index)
    {
        for (; index < Registers; index++)
        {
            target[index] = (byte)Math.Max(target[index], GetDense(registers, index));
        }
    }

    /// <summary>24 bytes at a time: three bytes go to a lane of 32 bits, and its four registers to four bytes.</summary>
    private static int MergeDenseVectors(Span<byte> target, ReadOnlySpan<byte> registers)
    {
        const int step = 32, bytesPerStep = step * RegisterBits / 8;
        Vector256<byte> spread = Vector256.Create(
            (byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255, 0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255);
        Vector256<uint> first = Vector256.Create(0x3Fu), second = Vector256.Create(0x3F00u);
        Vector256<uint> third = Vector256.Create(0x3F0000u), fourth = Vector256.Create(0x3F000000u);
        ref byte source = ref MemoryMarshal.GetReference(registers);
        ref byte into = ref MemoryMarshal.GetReference(target);
        int index = 0;
        // Each half is loaded as 16 bytes, of which 12 count, so the last steps are left to the scalar loop.
        for (int at = 0; at + bytesPerStep + 4 <= registers.Length; at += bytesPerStep, index += step)
        {
            Vector256<byte> packed = Vector256.Create(
                Vector128.LoadUnsafe(ref source, (nuint)at), Vector128.LoadUnsafe(ref source, (nuint)(at + bytesPerStep / 2)));
            Vector256<uint> lanes = Avx2.Shuffle(packed, spread).AsUInt32();
            Vector256<uint> values = (lanes & first) | ((lanes << 2) & second) | ((lanes << 4) & third) | ((lanes << 6) & fourth);
            Vector256<byte> present = Vector256.LoadUnsafe(ref into, (nuint)index);
            Vector256.Max(present, values.AsByte()).StoreUnsafe(ref into, (nuint)index);
        }
        return index;
    }

    /// <summary>Packs registers of a byte each into dense ones.</summary>
    public static void PackDense(Span<byte> target, ReadOnlySpan<byte> registers)
    {
        for (int i = 0; i < Registers; i += 4)
        {
            int word = registers[i] | registers[i + 1] << 6 | registers[i + 2] << 12 | registers[i + 3] << 18;
            int at = i / 4 * 3;
            target[at] = (byte)word;
            target[at + 1] = (byte)(word >> 8);
            target[at + 2] = (byte)(word >> 16);
        }
    }

    /// <summary>
    /// The cardinality that registers of a byte each stand for, by Ertl's improved estimator (2017), which needs no tables.
    /// </summary>
    public static ulong Estimate(ReadOnlySpan<byte> registers)
    {
        Span<int> counts = stackalloc int[LargestValue + 1];
        CountValues(registers, counts);
        const double m = Registers;
        double z = m * Tau((m - counts[HashBits + 1]) / m);
        for (int value = HashBits; value >= 1; value--)
        {
            z += counts[value];
            z *= 0.5;
        }
        z += m * Sigma(counts[0] / m);
        return (ulong)Math.Round(Alpha * m * m / z, MidpointRounding.AwayFromZero);
    }

    /// <summary>How many registers have each value.</summary>
    private static void CountValues(ReadOnlySpan<byte> registers, Span<int> counts)
    {
        counts.Clear();
        int left = Registers;
        // Registers are small numbers that end soon: one pass of compares for each value, until none are left.
        for (int value = 0; value <= LargestValue && left > 0; value++)
        {
            int found = registers[..Registers].Count((byte)value);
            counts[value] = found;
            left -= found;
        }
    }

    private static double Sigma(double x)
    {
        if (x == 1)
        {
            return double.PositiveInfinity;
        }
        double y = 1, z = x, previous;
        do
        {
            x *= x;
            previous = z;
            z += x * y;
            y += y;
        }
        while (previous != z);
        return z;
    }

    private static double Tau(double x)
    {
        if (x is 0 or 1)
        {
            return 0;
        }
        double y = 1, z = 1 - x, previous;
        do
        {
            x = Math.Sqrt(x);
            previous = z;
            y *= 0.5;
            z -= (1 - x) * (1 - x) * y;
        }
        while (previous != z);
        return z / 3;
    }
}
