using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace Valkey.Turbo.Memory;

/// <summary>
/// Starts loading cache lines ahead of their use: on x86 by PREFETCHT0, on Arm by the prefetch of SVE, the only one that .NET offers
/// there. Elsewhere nothing is loaded, and whoever would have to look something up for it should ask first.
/// </summary>
#pragma warning disable SYSLIB5003 // The API of SVE may still change; what is used of it is compiled against this SDK.
public static unsafe class Prefetch
{
    /// <summary>Whether <see cref="Line"/> does anything; a constant once compiled.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Sse.IsSupported || Sve.IsSupported;
    }

    /// <summary>Starts loading the line of an address. A hint: any address will do, and none is a fault.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Line(void* address)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(address);
        }
        else if (Sve.IsSupported)
        {
            Sve.Prefetch8Bit(Sve.CreateTrueMaskByte(SveMaskPattern.VectorCount1), address, SvePrefetchType.LoadL1Temporal);
        }
    }
}
