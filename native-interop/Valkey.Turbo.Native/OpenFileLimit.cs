using System.Runtime.InteropServices;

namespace Valkey.Turbo.Native;

/// <summary>How many descriptors the process may have open (RLIMIT_NOFILE).</summary>
public static unsafe partial class OpenFileLimit
{
    private const int NoFile = 7;

    /// <summary>The limit as it is.</summary>
    public static long Now()
    {
        // struct rlimit: soft limit, hard limit.
        ulong* limit = stackalloc ulong[2];
        return GetLimit(NoFile, limit) != 0 ? long.MaxValue : (long)Math.Min(limit[0], long.MaxValue);
    }

    /// <summary>Raises the limit to <paramref name="wanted"/> as far as the system allows, and returns what it then is.</summary>
    public static long Raise(long wanted, out int error)
    {
        error = 0;
        ulong* limit = stackalloc ulong[2];
        if (GetLimit(NoFile, limit) != 0 || limit[0] >= (ulong)wanted)
        {
            return Now();
        }
        ulong hard = limit[1];
        // Who may, raises the hard limit as well.
        limit[0] = (ulong)wanted;
        limit[1] = Math.Max(hard, (ulong)wanted);
        if (SetLimit(NoFile, limit) != 0)
        {
            error = Errno.Last;
            limit[0] = limit[1] = hard;
            SetLimit(NoFile, limit);
        }
        return Now();
    }

    /// <summary>Descriptors that are open now.</summary>
    public static int OpenCount() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    private static partial int SetLimit(int resource, ulong* limit);
}
