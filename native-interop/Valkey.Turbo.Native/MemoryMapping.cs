using System.Runtime.InteropServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>
/// Anonymous memory straight from the kernel. Sizes are bytes and must be multiples of the page size.
/// The caller owns every range it gets; nothing here is released by a finalizer.
/// </summary>
public static unsafe class MemoryMapping
{
    private const int MapNoReserve = 0x4000;
    private const int ScPhysicalPages = 85;
    private const int MadvDontNeed = 4;
    private const int MadvHugePage = 14;
    private const int MadvNoHugePage = 15;
    private const nint MpolPreferred = 1;

    /// <summary>The machine's memory in bytes, whatever a container may have of it.</summary>
    public static long PhysicalBytes => sysconf(ScPhysicalPages) * (long)Environment.SystemPageSize;

    /// <summary>Reserves address space without memory behind it. Returns 0 when the kernel refuses.</summary>
    public static nint Reserve(nuint bytes) => Map(bytes, PROT_NONE, MapNoReserve);

    /// <summary>Maps zeroed, readable and writable memory. Returns 0 when the kernel refuses.</summary>
    public static nint Allocate(nuint bytes) => Map(bytes, PROT_READ | PROT_WRITE, 0);

    /// <summary>Makes a reserved range readable and writable; pages are zero on first touch.</summary>
    public static bool Commit(nint address, nuint bytes) =>
        mprotect((void*)address, (size_t)(ulong)bytes, PROT_READ | PROT_WRITE) == 0;

    /// <summary>Gives the pages of a range back to the system. The range stays mapped and reads as zero.</summary>
    public static void Discard(nint address, nuint bytes) => madvise((void*)address, (size_t)(ulong)bytes, MadvDontNeed);

    /// <summary>Asks for transparent huge pages. A refusal is harmless: the range keeps small pages.</summary>
    public static void AdviseHugePages(nint address, nuint bytes) => madvise((void*)address, (size_t)(ulong)bytes, MadvHugePage);

    /// <summary>Takes <see cref="AdviseHugePages"/> back.</summary>
    public static void AdviseSmallPages(nint address, nuint bytes) => madvise((void*)address, (size_t)(ulong)bytes, MadvNoHugePage);

    /// <summary>Prefers a NUMA node (0 to 63) for pages not touched yet. A refusal is harmless.</summary>
    public static void PreferNode(nint address, nuint bytes, int node)
    {
        int mbind = RuntimeInformation.ProcessArchitecture switch
        {
            Architecture.X64 => SystemCall.MbindX64,
            Architecture.Arm64 => SystemCall.MbindArm64,
            _ => 0,
        };
        if (mbind == 0 || (uint)node > 63)
        {
            return;
        }
        ulong mask = 1UL << node;
        SystemCall.Invoke(mbind, address, (nint)bytes, MpolPreferred, (nint)(&mask), 64);
    }

    /// <summary>Unmaps a whole range that <see cref="Allocate"/> or <see cref="Reserve"/> returned.</summary>
    public static void Release(nint address, nuint bytes) => munmap((void*)address, (size_t)(ulong)bytes);

    private static nint Map(nuint bytes, int protection, int extraFlags)
    {
        void* address = mmap(null, (size_t)(ulong)bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | extraFlags, -1, 0);
        return address == MAP_FAILED ? 0 : (nint)address;
    }
}
