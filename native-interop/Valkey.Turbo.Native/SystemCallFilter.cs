namespace Valkey.Turbo.Native;

/// <summary>
/// What a seccomp filter leaves to the process. A filter may refuse a system call, which its caller handles, or kill who makes it, as
/// systemd's SystemCallFilter does: where there is a filter, calls that the server can do without are first made by a process that may be
/// killed.
/// </summary>
public static class SystemCallFilter
{
    private const string RolePrefix = "probe-";

    /// <summary>A call that some filters forbid.</summary>
    public enum Call
    {
        /// <summary>sched_setaffinity.</summary>
        SetAffinity,
        /// <summary>io_uring_setup.</summary>
        IoUringSetup,
        /// <summary>mbind.</summary>
        BindMemory,
    }

    /// <summary>Whether the process is under a filter.</summary>
    public static bool IsActive
    {
        get
        {
            try
            {
                return File.ReadLines("/proc/self/status").Any(line => line.StartsWith("Seccomp:", StringComparison.Ordinal) && line.EndsWith('2'));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return false;
            }
        }
    }

    /// <summary>The calls that kill who makes them.</summary>
    public static IReadOnlyList<Call> FindDeadly() =>
        IsActive ? [.. Enum.GetValues<Call>().Where(call => !ChildProcess.TryRun(RolePrefix + call))] : [];

    /// <summary>The name of a call in manuals and filters.</summary>
    public static string NameOf(Call call) => call switch
    {
        Call.SetAffinity => "sched_setaffinity",
        Call.IoUringSetup => "io_uring_setup",
        _ => "mbind",
    };

    /// <summary>In a process that was started to try a call, makes it and returns true.</summary>
    public static bool TryProbe()
    {
        if (ChildProcess.Role is not string role || !role.StartsWith(RolePrefix, StringComparison.Ordinal))
        {
            return false;
        }
        switch (Enum.Parse<Call>(role[RolePrefix.Length..]))
        {
            case Call.SetAffinity:
                CpuAffinity.Pin(CpuAffinity.Allowed()[0]);
                break;
            case Call.IoUringSetup:
                IoUring.TryCreate(8, 16, out _)?.Dispose();
                break;
            default:
                nint page = MemoryMapping.Allocate((nuint)Environment.SystemPageSize);
                MemoryMapping.PreferNode(page, (nuint)Environment.SystemPageSize, 0);
                break;
        }
        return true;
    }
}
