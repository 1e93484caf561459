using System.Security.Cryptography;

namespace Valkey.Turbo.Native;

/// <summary>
/// Random bytes from the kernel, without the OpenSSL that .NET's own generator loads: a server that does no cryptography starts where
/// there is none.
/// </summary>
public static unsafe class Entropy
{
    /// <summary>Fills a buffer by getrandom(2), which waits only before the system's generator has been seeded for the first time.</summary>
    /// <exception cref="CryptographicException">The kernel refuses.</exception>
    public static void Fill(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            fixed (byte* start = bytes)
            {
                nint taken = SystemCall.GetRandom(start, (nuint)bytes.Length, 0);
                if (taken < 0 && Errno.Last != Errno.EINTR)
                {
                    throw new CryptographicException($"getrandom: {Errno.Describe(Errno.Last)}");
                }
                bytes = bytes[(int)Math.Max(taken, 0)..];
            }
        }
    }

    /// <summary>A random number of 64 bits.</summary>
    public static ulong NextUInt64()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        Fill(bytes);
        return BitConverter.ToUInt64(bytes);
    }
}
