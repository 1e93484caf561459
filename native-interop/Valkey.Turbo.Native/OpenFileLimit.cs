using System.Runtime.InteropServices;

namespace Valkey.Turbo.Native;

/// <summary>How many descriptors the process may have open (RLIMIT_NOFILE).</summary>
public static unsafe partial class OpenFileLimit
{
    private const int NoFile = 7;

    /// <summary>Raises the limit to <paramref name="wanted"/> as far as the system allows, and returns what it then is.</summary>
    public static long Raise(long wanted)
    {
        // struct rlimit: soft limit, hard limit.
        ulong* limit = stackalloc ulong[2];
        if (GetLimit(NoFile, limit) != 0)
        {
            return wanted;
        }
        if (limit[0] >= (ulong)wanted)
        {
            return (long)Math.Min(limit[0], long.MaxValue);
        }
        ulong before = limit[0];
        limit[0] = Math.Max(before, Math.Min((ulong)wanted, limit[1]));
        return (long)(SetLimit(NoFile, limit) == 0 ? limit[0] : before);
    }

    /// <summary>Descriptors that are open now.</summary>
    public static int OpenCount() => Directory.GetFileSystemEntries("/proc/self/fd").Length;

    [LibraryImport("libc", EntryPoint = "getrlimit")]
    private static partial int GetLimit(int resource, ulong* limit);

    [LibraryImport("libc", EntryPoint = "setrlimit")]
    private static partial int SetLimit(int resource, ulong* limit);
}
