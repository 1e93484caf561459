using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Network;

namespace Valkey.Turbo.Server;

/// <summary>What the machine, and a filter of system calls if there is one, leave to the server: CPUs, memory near them, io_uring.</summary>
internal sealed class SystemLimits
{
    private readonly bool _mayBindMemory;

    private SystemLimits(int[] cpus, bool mayBindMemory, string? ioUringRefusal) =>
        (Cpus, _mayBindMemory, IoUringRefusal) = (cpus, mayBindMemory, ioUringRefusal);

    /// <summary>The CPU that each thread is to be pinned to; empty for none.</summary>
    internal int[] Cpus { get; }

    /// <summary>Why io_uring must not even be tried, or null.</summary>
    internal string? IoUringRefusal { get; }

    /// <summary>The NUMA node of a thread's CPU, or -1.</summary>
    internal int NodeOf(int thread) => _mayBindMemory && thread < Cpus.Length ? CpuAffinity.NodeOf(Cpus[thread]) : -1;

    /// <summary>Looks; sets the number of threads where the settings leave it to the machine.</summary>
    internal static SystemLimits Find(ServerConfig config, ServerLog log) => For(config, log, SystemCallFilter.FindDeadly());

    /// <summary>The same, where it is known which system calls kill the process.</summary>
    internal static SystemLimits For(ServerConfig config, INetworkLog log, IReadOnlyList<SystemCallFilter.Call> deadly)
    {
        int[] cpus = CpuAffinity.Allowed();
        if (config.Threads.Number == 0)
        {
            config.Threads.Assign(cpus.Length);
        }
        bool mayPin = !deadly.Contains(SystemCallFilter.Call.SetAffinity);
        bool mayUseRing = !deadly.Contains(SystemCallFilter.Call.IoUringSetup);
        bool mayBindMemory = !deadly.Contains(SystemCallFilter.Call.BindMemory);
        if (deadly.Count > 0)
        {
            IEnumerable<string> without = [.. mayPin ? [] : (string[])["unpinned"], .. mayUseRing ? [] : (string[])["on epoll"],
                .. mayBindMemory ? [] : (string[])["without regard to NUMA nodes"]];
            log.Warning($"A filter of system calls (seccomp) kills who calls {string.Join(", ", deadly.Select(SystemCallFilter.NameOf))}: "
                + $"running {string.Join(", ", without)}.");
        }
        int threads = (int)config.Threads.Number;
        return new SystemLimits(
            mayPin && threads <= cpus.Length ? cpus[..threads] : [],
            mayBindMemory,
            mayUseRing ? null : "a filter of system calls forbids it");
    }
}
