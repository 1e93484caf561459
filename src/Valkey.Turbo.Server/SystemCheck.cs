using Valkey.Turbo.Native;

namespace Valkey.Turbo.Server;

/// <summary>The answer to <c>--check-system</c>: whether the machine is set up for steady latency.</summary>
internal static class SystemCheck
{
    /// <summary>Prints every check and returns the process's exit code.</summary>
    internal static int Run()
    {
        bool good = true;
        void Report(string name, bool ok, string advice)
        {
            good &= ok;
            Console.WriteLine($"[{name}]...{(ok ? "OK" : "WARNING: " + advice)}");
        }
        string clock = Read("/sys/devices/system/clocksource/clocksource0/current_clocksource");
        Report("clocksource", clock is "tsc" or "kvm-clock" or "arch_sys_counter" or "",
            $"'{clock}' is slow to read; use tsc where the machine allows it.");
        string huge = Read("/sys/kernel/mm/transparent_hugepage/enabled");
        Report("huge-pages", !huge.Contains("[never]", StringComparison.Ordinal),
            "transparent huge pages are off; 'echo madvise > /sys/kernel/mm/transparent_hugepage/enabled' speeds lookups up.");
        Report("overcommit", Read("/proc/sys/vm/overcommit_memory") != "2", "vm.overcommit_memory = 2 may refuse memory that is there.");
        IReadOnlyList<SystemCallFilter.Call> deadly = SystemCallFilter.FindDeadly();
        Report("system-calls", deadly.Count == 0, $"a filter kills who calls {string.Join(", ", deadly.Select(SystemCallFilter.NameOf))}.");
        if (!deadly.Contains(SystemCallFilter.Call.IoUringSetup))
        {
            using IoUring? ring = IoUring.TryCreate(8, 16, out string refusal);
            Report("io_uring", ring is not null, $"epoll will be used: {refusal}.");
        }
        string backlog = Read("/proc/sys/net/core/somaxconn");
        Report("somaxconn", !int.TryParse(backlog, out int connections) || connections >= 511,
            $"net.core.somaxconn is {backlog}, below the default tcp-backlog of 511.");
        return good ? 0 : 1;
    }

    private static string Read(string path)
    {
        try
        {
            return File.ReadAllText(path).Trim();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
