using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>Strings as rows of bits, the most significant of each byte first: counting, searching, combining.</summary>
public static class BitArray
{
    /// <summary>How two strings are combined.</summary>
    public enum Operation
    {
        And,
        Or,
        Xor,
        Not,
    }

    // Long strings are combined piece by piece, so that the result stays in the first-level cache from source to source.
    private const int BlockBytes = 8 << 10;

    // Sums of byte counts are widened before 32 rounds of at most 8 could overflow a byte.
    private const int RoundsPerWidening = 31;

    private const int PrefetchedBytes = 4096;

    /// <summary>The bit at an offset; 0 beyond the end.</summary>
    public static int Get(ReadOnlySpan<byte> bytes, long bit)
    {
        long at = bit >> 3;
        return at < bytes.Length ? bytes[(int)at] >> (int)(7 - (bit & 7)) & 1 : 0;
    }

    /// <summary>Sets the bit at an offset within the string, and returns what it was.</summary>
    public static int Set(Span<byte> bytes, long bit, int value)
    {
        int at = (int)(bit >> 3), shift = (int)(7 - (bit & 7)), old = bytes[at] >> shift & 1;
        bytes[at] = (byte)(bytes[at] & ~(1 << shift) | value << shift);
        return old;
    }

    /// <summary>How many bits are set.</summary>
    public static long Count(ReadOnlySpan<byte> bytes)
    {
        long count = 0;
        if (Avx2.IsSupported && bytes.Length >= Vector256<byte>.Count * 4)
        {
            int whole = bytes.Length & -Vector256<byte>.Count;
            count = CountVectors(bytes[..whole]);
            bytes = bytes[whole..];
        }
        else if (AdvSimd.Arm64.IsSupported && bytes.Length >= Vector128<byte>.Count * 4)
        {
            int whole = bytes.Length & -Vector128<byte>.Count;
            count = CountArmVectors(bytes[..whole]);
            bytes = bytes[whole..];
        }
        return count + CountScalar(bytes);
    }

    /// <summary>The scalar twin of <see cref="Count"/>.</summary>
    public static long CountScalar(ReadOnlySpan<byte> bytes)
    {
        long count = 0;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words)
        {
            count += BitOperations.PopCount(word);
        }
        foreach (byte one in bytes[(words.Length * sizeof(ulong))..])
        {
            count += BitOperations.PopCount(one);
        }
        return count;
    }

    /// <summary>
    /// Counts by looking up the bits of each half byte (Muła, Kurz, Lemire 2016). Asks for memory a page ahead, where the hardware does
    /// not look by itself: long strings are bound by it.
    /// </summary>
    private static unsafe long CountVectors(ReadOnlySpan<byte> bytes)
    {
        Vector256<byte> table = Vector256.Create((byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        Vector256<byte> lowBits = Vector256.Create((byte)0x0F);
        Vector256<ulong> total = Vector256<ulong>.Zero;
        ReadOnlySpan<Vector256<byte>> vectors = MemoryMarshal.Cast<byte, Vector256<byte>>(bytes);
        fixed (byte* start = bytes)
        {
            for (int i = 0; i < vectors.Length;)
            {
                Vector256<byte> counts = Vector256<byte>.Zero;
                int end = Math.Min(vectors.Length, i + RoundsPerWidening);
                for (; i < end; i++)
                {
                    // Never a fault, behind the end either.
                    Prefetch.Line(start + (long)i * Vector256<byte>.Count + PrefetchedBytes);
                    Vector256<byte> vector = vectors[i];
                    counts += Avx2.Shuffle(table, vector & lowBits);
                    counts += Avx2.Shuffle(table, (vector.AsUInt16() >>> 4).AsByte() & lowBits);
                }
                total += Avx2.SumAbsoluteDifferences(counts, Vector256<byte>.Zero).AsUInt64();
            }
        }
        return (long)Vector256.Sum(total);
    }

    /// <summary>The same where one instruction counts the bits of each of sixteen bytes.</summary>
    private static unsafe long CountArmVectors(ReadOnlySpan<byte> bytes)
    {
        Vector128<ulong> total = Vector128<ulong>.Zero;
        ReadOnlySpan<Vector128<byte>> vectors = MemoryMarshal.Cast<byte, Vector128<byte>>(bytes);
        fixed (byte* start = bytes)
        {
            for (int i = 0; i < vectors.Length;)
            {
                Vector128<byte> counts = Vector128<byte>.Zero;
                int end = Math.Min(vectors.Length, i + RoundsPerWidening);
                for (; i < end; i++)
                {
                    Prefetch.Line(start + (long)i * Vector128<byte>.Count + PrefetchedBytes);
                    counts += AdvSimd.PopCount(vectors[i]);
                }
                Vector128<uint> sums = AdvSimd.AddPairwiseWidening(AdvSimd.AddPairwiseWidening(counts));
                total = AdvSimd.AddPairwiseWideningAndAdd(total, sums);
            }
        }
        return (long)Vector128.Sum(total);
    }

    /// <summary>How many bits are set from <paramref name="first"/> to <paramref name="last"/>, both of which exist.</summary>
    public static long Count(ReadOnlySpan<byte> bytes, long first, long last)
    {
        int firstByte = (int)(first >> 3), lastByte = (int)(last >> 3);
        long count = Count(bytes[firstByte..(lastByte + 1)]);
        int before = (int)(first & 7), behind = (int)(7 - (last & 7));
        count -= BitOperations.PopCount((uint)(bytes[firstByte] >> (8 - before)));
        return count - BitOperations.PopCount((uint)(bytes[lastByte] & (1 << behind) - 1));
    }

    /// <summary>The first bit of a value from <paramref name="first"/> to <paramref name="last"/>, both of which exist; -1 if there is none.</summary>
    public static long Find(ReadOnlySpan<byte> bytes, int value, long first, long last)
    {
        byte skipped = value == 0 ? (byte)0xFF : (byte)0;
        for (long bit = first; bit <= last;)
        {
            if ((bit & 7) == 0)
            {
                int start = (int)(bit >> 3), other = bytes[start..(int)((last >> 3) + 1)].IndexOfAnyExcept(skipped);
                if (other < 0)
                {
                    return -1;
                }
                bit = (long)(start + other) << 3;
            }
            // The byte's bits from here on, as the upper bits of a word in which the wanted value is 1.
            uint rest = (uint)(byte)((bytes[(int)(bit >> 3)] ^ skipped) << (int)(bit & 7)) << 24;
            if (rest != 0)
            {
                bit += BitOperations.LeadingZeroCount(rest);
                return bit <= last ? bit : -1;
            }
            bit = (bit | 7) + 1;
        }
        return -1;
    }

    /// <summary>
    /// Combines a source into a target that is at least as long: behind the source's end zeros are assumed.
    /// </summary>
    public static void Combine(Operation operation, Span<byte> target, ReadOnlySpan<byte> source)
    {
        Span<byte> common = target[..source.Length];
        ReadOnlySpan<Vector<byte>> from = MemoryMarshal.Cast<byte, Vector<byte>>(source);
        Span<Vector<byte>> to = MemoryMarshal.Cast<byte, Vector<byte>>(common);
        switch (operation)
        {
            case Operation.And:
                for (int i = 0; i < to.Length; i++)
                {
                    to[i] &= from[i];
                }
                break;
            case Operation.Or:
                for (int i = 0; i < to.Length; i++)
                {
                    to[i] |= from[i];
                }
                break;
            default:
                for (int i = 0; i < to.Length; i++)
                {
                    to[i] ^= from[i];
                }
                break;
        }
        CombineScalar(operation, common[(to.Length * Vector<byte>.Count)..], source[(to.Length * Vector<byte>.Count)..]);
        if (operation == Operation.And)
        {
            target[source.Length..].Clear();
        }
    }

    /// <summary>The scalar twin of <see cref="Combine(Operation, Span{byte}, ReadOnlySpan{byte})"/>, for strings of the same length.</summary>
    public static void CombineScalar(Operation operation, Span<byte> target, ReadOnlySpan<byte> source)
    {
        for (int i = 0; i < target.Length; i++)
        {
            target[i] = operation switch
            {
                Operation.And => (byte)(target[i] & source[i]),
                Operation.Or => (byte)(target[i] | source[i]),
                _ => (byte)(target[i] ^ source[i]),
            };
        }
    }

    /// <summary>Inverts every bit of a source into a target of the same length.</summary>
    public static void Invert(Span<byte> target, ReadOnlySpan<byte> source)
    {
        ReadOnlySpan<Vector<byte>> from = MemoryMarshal.Cast<byte, Vector<byte>>(source);
        Span<Vector<byte>> to = MemoryMarshal.Cast<byte, Vector<byte>>(target);
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = ~from[i];
        }
        for (int i = to.Length * Vector<byte>.Count; i < target.Length; i++)
        {
            target[i] = (byte)~source[i];
        }
    }

    /// <summary>The range of bytes that is combined at once.</summary>
    public static int BlockAt(int offset, int total) => Math.Min(BlockBytes, total - offset);

    /// <summary>Reads up to 64 bits from an offset on as an unsigned number; zeros follow the end.</summary>
    public static ulong ReadUnsigned(ReadOnlySpan<byte> bytes, long bit, int width)
    {
        ulong value = 0;
        for (int i = 0; i < width; i++)
        {
            value = value << 1 | (uint)Get(bytes, bit + i);
        }
        return value;
    }

    /// <summary>Writes the lowest <paramref name="width"/> bits of a number from an offset on, within the string.</summary>
    public static void Write(Span<byte> bytes, long bit, int width, ulong value)
    {
        for (int i = 0; i < width; i++)
        {
            Set(bytes, bit + i, (int)(value >> (width - 1 - i) & 1));
        }
    }
}
