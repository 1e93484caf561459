using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>
/// Where the memory is, for INFO, MEMORY STATS and MEMORY DOCTOR. What Valkey asks its allocator for has its counterparts: allocated is
/// what is used, active is what of the mapped regions can be in memory, resident is what the process has taken for itself.
/// </summary>
internal sealed class MemoryFigures
{
    internal MemoryFigures(ServerInstance server)
    {
        Used = server.UsedBytes;
        Peak = server.PeakUsedBytes;
        Startup = server.StartupBytes;
        ProcessMemory process = ProcessMemory.Read();
        Resident = process.ResidentBytes;
        AllocatorResident = Math.Max(process.AnonymousBytes, Used);
        AllocatorActive = Math.Clamp(Startup + Heap.MappedBytes, Used, AllocatorResident);
        Clients = server.Clients.Values.Sum(client => client.Transport.InputCapacity + client.Transport.OutputBytes);
        AofBuffer = server.Log.IsOn ? server.Log.PendingBytes : 0;
        for (int i = 0; i < (int)server.Config.Databases.Number; i++)
        {
            long keys = server.KeyCount(i), bytes = server.Shards.Sum(shard => shard.Keyspaces[i].Table.TableBytes);
            Keys += keys;
            Tables += bytes;
            if (keys > 0)
            {
                Databases.Add((i, bytes));
            }
        }
    }

    /// <summary>What is used: the data, its tables, clients' buffers, and what the process took before there were any.</summary>
    internal long Used { get; }

    internal long Peak { get; }

    internal long Startup { get; }

    internal long Resident { get; }

    internal long AllocatorActive { get; }

    internal long AllocatorResident { get; }

    internal long Clients { get; }

    internal long AofBuffer { get; }

    internal long Keys { get; }

    /// <summary>Bytes of the tables of all databases.</summary>
    internal long Tables { get; }

    /// <summary>The databases that hold keys, and the bytes of their tables.</summary>
    internal List<(int Database, long TableBytes)> Databases { get; } = [];

    internal long Overhead => Startup + Tables + Clients + AofBuffer;

    internal long Dataset => Math.Max(Used - Overhead, 0);

    internal double DatasetPercent => Percent(Dataset, Used - Startup);

    internal double PeakPercent => Percent(Used, Peak);

    internal double Fragmentation => Ratio(Resident, Used);

    internal double AllocatorFragmentation => Ratio(AllocatorActive, Used);

    internal double AllocatorOverhead => Ratio(AllocatorResident, AllocatorActive);

    internal double ProcessOverhead => Ratio(Resident, AllocatorResident);

    private static double Ratio(long part, long whole) => whole <= 0 ? 1 : (double)part / whole;

    private static double Percent(long part, long whole) => whole <= 0 ? 0 : 100.0 * part / whole;
}
