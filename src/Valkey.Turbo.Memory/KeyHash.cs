using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Valkey.Turbo.Native;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace Valkey.Turbo.Memory;

/// <summary>
/// The keyed hash of keys and members, against flooding by chosen keys. With AES instructions: three AES rounds over
/// 16-byte blocks under a random key; without them SipHash-1-3 (Aumasson and Bernstein, 2012). Hashes never leave the process.
/// </summary>
public static unsafe class KeyHash
{
    private static readonly Vector128<byte> Seed0, Seed1, Seed2;

    static KeyHash()
    {
        Span<byte> seed = stackalloc byte[48];
        if (AppContext.GetData("Valkey.Turbo.HashSeed") is ulong fixedSeed)
        {
            // A test that is to do the same again, also in another process.
            RandomSource random = new(fixedSeed);
            foreach (ref ulong word in MemoryMarshal.Cast<byte, ulong>(seed))
            {
                word = random.Next();
            }
        }
        else
        {
            Entropy.Fill(seed);
        }
        Seed0 = Vector128.Create<byte>(seed[..16]);
        Seed1 = Vector128.Create<byte>(seed[16..32]);
        Seed2 = Vector128.Create<byte>(seed[32..]);
    }

    /// <summary>Hashes a key of any length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Of(ReadOnlySpan<byte> key)
    {
        if (X86Aes.IsSupported || ArmAes.IsSupported)
        {
            ref byte first = ref MemoryMarshal.GetReference(key);
            return key.Length is >= 8 and <= 16
                ? Finish(Seed0 ^ Vector128.Create(
                    Unsafe.ReadUnaligned<ulong>(ref first),
                    Unsafe.ReadUnaligned<ulong>(ref Unsafe.Add(ref first, key.Length - 8))).AsByte(), key.Length)
                : OfOtherLength(key);
        }
        return SipHash13(key, Seed0.AsUInt64()[0], Seed0.AsUInt64()[1]);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static ulong OfOtherLength(ReadOnlySpan<byte> key)
    {
        Vector128<byte> state = Seed0;
        int length = key.Length;
        ref byte first = ref MemoryMarshal.GetReference(key);
        if (length < 8)
        {
            ulong word = 0;
            key.CopyTo(MemoryMarshal.AsBytes(new Span<ulong>(ref word)));
            return Finish(state ^ Vector128.CreateScalar(word).AsByte(), length);
        }
        int at = 0;
        for (; at + 16 < length; at += 16)
        {
            state = Round(state ^ Vector128.LoadUnsafe(ref first, (nuint)at), Seed1);
        }
        // The last block overlaps the one before it, so there is no tail to pad.
        return Finish(Round(state, Seed2) ^ Vector128.LoadUnsafe(ref first, (nuint)(length - 16)), length);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Finish(Vector128<byte> state, int length)
    {
        state ^= Vector128.CreateScalar((ulong)(uint)length << 32).AsByte();
        state = Round(Round(Round(state, Seed1), Seed2), Seed0);
        return state.AsUInt64().ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Round(Vector128<byte> state, Vector128<byte> key)
    {
        if (X86Aes.IsSupported)
        {
            return X86Aes.Encrypt(state, key);
        }
        return ArmAes.MixColumns(ArmAes.Encrypt(state, Vector128<byte>.Zero)) ^ key;
    }

    /// <summary>SipHash with one compression and three finalisation rounds, for processors without AES instructions.</summary>
    public static ulong SipHash13(ReadOnlySpan<byte> data, ulong k0, ulong k1)
    {
        ulong v0 = k0 ^ 0x736f6d6570736575, v1 = k1 ^ 0x646f72616e646f6d;
        ulong v2 = k0 ^ 0x6c7967656e657261, v3 = k1 ^ 0x7465646279746573;
        ulong last = (ulong)data.Length << 56;
        while (data.Length >= 8)
        {
            ulong word = BinaryPrimitives.ReadUInt64LittleEndian(data);
            v3 ^= word;
            SipRound(ref v0, ref v1, ref v2, ref v3);
            v0 ^= word;
            data = data[8..];
        }
        for (int i = 0; i < data.Length; i++)
        {
            last |= (ulong)data[i] << (8 * i);
        }
        v3 ^= last;
        SipRound(ref v0, ref v1, ref v2, ref v3);
        v0 ^= last;
        v2 ^= 0xff;
        for (int i = 0; i < 3; i++)
        {
            SipRound(ref v0, ref v1, ref v2, ref v3);
        }
        return v0 ^ v1 ^ v2 ^ v3;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void SipRound(ref ulong v0, ref ulong v1, ref ulong v2, ref ulong v3)
    {
        v0 += v1;
        v1 = BitOperations.RotateLeft(v1, 13) ^ v0;
        v0 = BitOperations.RotateLeft(v0, 32);
        v2 += v3;
        v3 = BitOperations.RotateLeft(v3, 16) ^ v2;
        v0 += v3;
        v3 = BitOperations.RotateLeft(v3, 21) ^ v0;
        v2 += v1;
        v1 = BitOperations.RotateLeft(v1, 17) ^ v2;
        v2 = BitOperations.RotateLeft(v2, 32);
    }
}
