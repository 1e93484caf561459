using System.Runtime.InteropServices;

namespace Valkey.Turbo.Native;

/// <summary>What Tmds.LibC has no binding of: io_uring and memory policies as raw system calls, and poll.</summary>
internal static unsafe partial class SystemCall
{
    internal const int IoUringSetup = 425;
    internal const int IoUringEnter = 426;
    internal const int IoUringRegister = 427;
    internal const int MbindX64 = 237;
    internal const int MbindArm64 = 235;

    /// <summary>Six-argument form; unused arguments are ignored by the kernel. -1 is a failure, see <see cref="Errno.Last"/>.</summary>
    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    internal static partial nint Invoke(nint number, nint a = 0, nint b = 0, nint c = 0, nint d = 0, nint e = 0, nint f = 0);

    /// <summary>getrandom(2). -1 is a failure, see <see cref="Errno.Last"/>.</summary>
    [LibraryImport("libc", EntryPoint = "getrandom", SetLastError = true)]
    internal static partial nint GetRandom(byte* bytes, nuint count, uint flags);

    /// <summary>poll(2) on an array of <c>struct pollfd</c>.</summary>
    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(void* entries, nuint count, int timeoutMs);
}
