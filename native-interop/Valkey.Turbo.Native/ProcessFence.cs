using System.Runtime.InteropServices;

namespace Valkey.Turbo.Native;

/// <summary>Whether one thread can make all threads of the process pass a memory fence, so that they need none of their own (membarrier).</summary>
public static class ProcessFence
{
    private const int MembarrierX64 = 324;
    private const int MembarrierArm64 = 283;
    private const int Query = 0;
    private const int PrivateExpedited = 1 << 3;

    /// <summary>
    /// Whether the kernel can do it and lets this process; .NET's <see cref="Interlocked.MemoryBarrierProcessWide"/> rests on it then.
    /// Where it is missing, that call changes the protection of a page instead, which not every processor lets others notice.
    /// </summary>
    public static bool IsSupported { get; } = RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => Allows(MembarrierX64),
        Architecture.Arm64 => Allows(MembarrierArm64),
        _ => false,
    };

    private static bool Allows(int membarrier) => SystemCall.Invoke(membarrier, Query) is > 0 and var commands && (commands & PrivateExpedited) != 0;
}
