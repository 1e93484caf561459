using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>The CPUs a thread may run on, and the NUMA node each belongs to.</summary>
public static unsafe class CpuAffinity
{
    private const int MaxCpus = 1024;

    /// <summary>The CPUs of the calling thread's affinity mask, ascending; never empty.</summary>
    public static int[] Allowed()
    {
        cpu_set_t set;
        CPU_ZERO(&set);
        if (sched_getaffinity(0, sizeof(cpu_set_t), &set) != 0)
        {
            return [0];
        }
        List<int> cpus = [];
        for (int cpu = 0; cpu < MaxCpus; cpu++)
        {
            if (CPU_ISSET(cpu, &set))
            {
                cpus.Add(cpu);
            }
        }
        return cpus.Count == 0 ? [0] : [.. cpus];
    }

    /// <summary>Pins the calling thread to one CPU. Returns false when the kernel refuses.</summary>
    public static bool Pin(int cpu)
    {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        return sched_setaffinity(0, sizeof(cpu_set_t), &set) == 0;
    }

    /// <summary>The NUMA node of a CPU, or -1 on a machine with a single node.</summary>
    public static int NodeOf(int cpu)
    {
        const string nodes = "/sys/devices/system/node";
        if (!Directory.Exists(nodes) || !Directory.Exists($"{nodes}/node1"))
        {
            return -1;
        }
        for (int node = 0; Directory.Exists($"{nodes}/node{node}"); node++)
        {
            if (Directory.Exists($"{nodes}/node{node}/cpu{cpu}"))
            {
                return node;
            }
        }
        return -1;
    }
}
