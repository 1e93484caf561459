using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
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

    // So many counters stay in the vector registers.
    private const int ValuesPerPass = 8;

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
        if ((Avx2.IsSupported || AdvSimd.Arm64.IsSupported) && UsesVectors)
        {
            MergeDenseVectors(target, registers);
            return;
        }
        MergeDenseScalar(target, registers);
    }

    /// <summary>The scalar twin of <see cref="MergeDense"/>.</summary>
    public static void MergeDenseScalar(Span<byte> target, ReadOnlySpan<byte> registers)
    {
        for (int index = 0; index < Registers; index++)
        {
            target[index] = (byte)Math.Max(target[index], GetDense(registers, index));
        }
    }

    /// <summary>24 bytes at a time. Each half is loaded as 16 bytes, of which 12 count, so that the last ones go through a copy.</summary>
    private static void MergeDenseVectors(Span<byte> target, ReadOnlySpan<byte> registers)
    {
        const int step = 32, bytesPerStep = step * RegisterBits / 8, registersBytes = Registers * RegisterBits / 8;
        ref byte source = ref MemoryMarshal.GetReference(registers[..registersBytes]);
        ref byte into = ref MemoryMarshal.GetReference(target[..Registers]);
        const nuint last = registersBytes - bytesPerStep;
        for (nuint at = 0; at < last; at += bytesPerStep)
        {
            RaiseToUnpacked(ref source, at, ref into);
            into = ref Unsafe.Add(ref into, step);
        }
        Span<byte> copy = stackalloc byte[Vector256<byte>.Count];
        registers[(int)last..registersBytes].CopyTo(copy);
        RaiseToUnpacked(ref MemoryMarshal.GetReference(copy), 0, ref into);
    }

    /// <summary>
    /// Raises 32 registers of a byte each to those of 24 bytes. Four registers are in three bytes: of each four bytes of the
    /// result, two lanes of 16 bits, the even registers come from the bytes 0 and 1–2, shifted right to the lower byte, the odd
    /// ones from the bytes 0–1 and 2, shifted left to the upper byte. Products shift each lane by its own distance.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RaiseToUnpacked(ref byte source, nuint at, ref byte into)
    {
        if (AdvSimd.Arm64.IsSupported)
        {
            RaiseHalfToUnpacked(Vector128.LoadUnsafe(ref source, at), ref into);
            RaiseHalfToUnpacked(Vector128.LoadUnsafe(ref source, at + 12), ref Unsafe.Add(ref into, Vector128<byte>.Count));
            return;
        }
        Vector256<byte> packed = Vector256.Create(Vector128.LoadUnsafe(ref source, at), Vector128.LoadUnsafe(ref source, at + 12));
        Vector256<byte> evenBytes = Vector256.Create(
            (byte)255, 0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255, 0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11);
        Vector256<byte> oddBytes = Vector256.Create(
            (byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255, 0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255);
        Vector256<ushort> even = Avx2.MultiplyHigh(
            Avx2.Shuffle(packed, evenBytes).AsUInt16() & Vector256.Create(0x03F0_3F00u).AsUInt16(),
            Vector256.Create(0x1000_0100u).AsUInt16());
        Vector256<ushort> odd = Avx2.MultiplyLow(
            Avx2.Shuffle(packed, oddBytes).AsUInt16() & Vector256.Create(0x00FC_0FC0u).AsUInt16(),
            Vector256.Create(0x0040_0004u).AsUInt16());
        Vector256.Max(Vector256.LoadUnsafe(ref into), (even | odd).AsByte()).StoreUnsafe(ref into);
    }

    /// <summary>The same for 16 registers, where lanes can be shifted by distances of their own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void RaiseHalfToUnpacked(Vector128<byte> packed, ref byte into)
    {
        Vector128<byte> evenBytes = Vector128.Create((byte)255, 0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11);
        Vector128<byte> oddBytes = Vector128.Create((byte)0, 1, 2, 255, 3, 4, 5, 255, 6, 7, 8, 255, 9, 10, 11, 255);
        Vector128<ushort> even = AdvSimd.ShiftLogical(
            AdvSimd.Arm64.VectorTableLookup(packed, evenBytes).AsUInt16() & Vector128.Create(0x03F0_3F00u).AsUInt16(),
            Vector128.Create((short)-8, -4, -8, -4, -8, -4, -8, -4));
        Vector128<ushort> odd = AdvSimd.ShiftLogical(
            AdvSimd.Arm64.VectorTableLookup(packed, oddBytes).AsUInt16() & Vector128.Create(0x00FC_0FC0u).AsUInt16(),
            Vector128.Create((short)2, 6, 2, 6, 2, 6, 2, 6));
        Vector128.Max(Vector128.LoadUnsafe(ref into), (even | odd).AsByte()).StoreUnsafe(ref into);
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

    /// <summary>How many registers of a byte each have each value, for 64 values.</summary>
    public static void CountValues(ReadOnlySpan<byte> registers, Span<int> counts)
    {
        if (!Vector.IsHardwareAccelerated || !UsesVectors)
        {
            CountValuesScalar(registers, counts);
            return;
        }
        counts.Clear();
        // Registers are small numbers that end soon: a pass for every eight values, until all registers are counted.
        for (int value = 0, left = Registers; left > 0 && value <= LargestValue; value += ValuesPerPass)
        {
            left -= CountEightValues(registers[..Registers], (byte)value, counts.Slice(value, ValuesPerPass));
        }
    }

    /// <summary>The scalar twin of <see cref="CountValues"/>.</summary>
    public static void CountValuesScalar(ReadOnlySpan<byte> registers, Span<int> counts)
    {
        counts.Clear();
        foreach (byte value in registers[..Registers])
        {
            counts[value]++;
        }
    }

    /// <summary>Counts eight values from one on; returns how many registers have one of them.</summary>
    private static int CountEightValues(ReadOnlySpan<byte> registers, byte value, Span<int> counts)
    {
        // A lane of a byte counts at most one register a step, so that this many steps don't overflow it.
        const int stepsPerBlock = 128;
        ReadOnlySpan<Vector<byte>> steps = MemoryMarshal.Cast<byte, Vector<byte>>(registers);
        Vector<byte> one = Vector<byte>.One, v0 = new Vector<byte>(value), v1 = v0 + one, v2 = v1 + one, v3 = v2 + one;
        Vector<byte> four = new Vector<byte>(4);
        counts.Clear();
        for (; !steps.IsEmpty; steps = steps[stepsPerBlock..])
        {
            Vector<byte> c0 = default, c1 = default, c2 = default, c3 = default;
            Vector<byte> c4 = default, c5 = default, c6 = default, c7 = default;
            foreach (Vector<byte> step in steps[..stepsPerBlock])
            {
                Vector<byte> less = step - four;
                // A match is all ones, which is -1.
                c0 -= Vector.Equals(step, v0);
                c1 -= Vector.Equals(step, v1);
                c2 -= Vector.Equals(step, v2);
                c3 -= Vector.Equals(step, v3);
                c4 -= Vector.Equals(less, v0);
                c5 -= Vector.Equals(less, v1);
                c6 -= Vector.Equals(less, v2);
                c7 -= Vector.Equals(less, v3);
            }
            counts[0] += Sum(c0);
            counts[1] += Sum(c1);
            counts[2] += Sum(c2);
            counts[3] += Sum(c3);
            counts[4] += Sum(c4);
            counts[5] += Sum(c5);
            counts[6] += Sum(c6);
            counts[7] += Sum(c7);
        }
        int found = 0;
        foreach (int count in counts)
        {
            found += count;
        }
        return found;
    }

    private static int Sum(Vector<byte> lanes)
    {
        Vector.Widen(lanes, out Vector<ushort> lower, out Vector<ushort> upper);
        return Vector.Sum(lower + upper);
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
