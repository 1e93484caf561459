using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>MEMORY: where the bytes are.</summary>
internal static class MemoryCommand
{
    private const long DefaultSamples = 5;
    private const long TooSmallToJudgeBytes = 5 << 20;

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("memory", -2, CommandFlags.None, "server", "4.0.0", "Depends on subcommand.",
            "A container for memory diagnostics commands.", null, subcommands:
            [
                CommandSpec.Define("usage", -3, ReadOnly, "server", "4.0.0", "O(N) where N is the number of samples.",
                    "Estimates the memory usage of a key.", Usage, new KeySpec(2, 2, 1, KeyFlags.RO),
                    "key:key [count:integer@SAMPLES]"),
                Sub("stats", "Returns details about memory usage.", Stats),
                Sub("doctor", "Outputs a memory problems report.", Doctor),
                Sub("purge", "Asks the allocator to release memory.", Purge, Loading, "request_policy:all_shards response_policy:all_succeeded"),
                Sub("malloc-stats", "Returns the allocator statistics.", AllocatorStats, Loading),
                CommandSpec.Define("help", 2, Loading | Stale, "server", "4.0.0", "O(1)",
                    "Returns helpful text about the different subcommands.", Help, scope: ShardScope.None),
            ]),
    ];

    private static CommandSpec Sub(
        string name, string summary, Action<CommandContext> run, CommandFlags flags = CommandFlags.None,
        string tips = "nondeterministic_output request_policy:all_shards response_policy:special") =>
        CommandSpec.Define(name, 2, flags, "server", "4.0.0", "O(1)", summary, run, tips: tips, scope: ShardScope.None);

    private static void Usage(CommandContext context)
    {
        long samples = DefaultSamples;
        for (int i = 3; i < context.ArgumentCount; i += 2)
        {
            if (!context.Is(i, "SAMPLES") || i + 1 >= context.ArgumentCount)
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
            if (!context.TryInteger(i + 1, out samples))
            {
                return;
            }
            if (samples < 0)
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
            samples = samples == 0 ? long.MaxValue : samples;
        }
        KeyHandle key = context.Open(2);
        if (!key.Exists)
        {
            context.Reply.Null();
            return;
        }
        long bytes = SizeClass.RoundUp(key.Entry.EntryBytes) + Collection.MemoryBytes(key.Entry, CommandContext.ArenaOf(key), samples);
        context.Reply.Integer(bytes);
    }

    private static void Stats(CommandContext context)
    {
        ServerInstance server = context.Server;
        long used = server.UsedBytes, keys = 0, tables = 0;
        List<(int Database, long TableBytes)> databases = [];
        for (int i = 0; i < (int)server.Config.Databases.Number; i++)
        {
            long count = server.KeyCount(i), bytes = server.Shards.Sum(shard => shard.Keyspaces[i].Table.TableBytes);
            keys += count;
            tables += bytes;
            if (count > 0)
            {
                databases.Add((i, bytes));
            }
        }
        ProcessMemory process = ProcessMemory.Read();
        context.Reply.Map(15 + databases.Count);
        Integer(context, "peak.allocated", server.PeakUsedBytes);
        Integer(context, "total.allocated", used);
        Integer(context, "startup.allocated", 0);
        Integer(context, "clients.normal", server.Clients.Values.Sum(client => client.Transport.InputCapacity + client.Transport.OutputBytes));
        foreach ((int database, long bytes) in databases)
        {
            context.Reply.Bulk($"db.{database}");
            context.Reply.Map(2);
            Integer(context, "overhead.hashtable.main", bytes);
            Integer(context, "overhead.hashtable.expires", 0);
        }
        Integer(context, "overhead.db.hashtable.lut", tables);
        Integer(context, "overhead.db.hashtable.rehashing", 0);
        Integer(context, "db.dict.rehashing.count", 0);
        Integer(context, "overhead.total", tables);
        Integer(context, "keys.count", keys);
        Integer(context, "keys.bytes-per-key", keys == 0 ? 0 : used / keys);
        Integer(context, "dataset.bytes", used - tables);
        Double(context, "dataset.percentage", used == 0 ? 0 : 100.0 * (used - tables) / used);
        Double(context, "peak.percentage", server.PeakUsedBytes == 0 ? 0 : 100.0 * used / server.PeakUsedBytes);
        Integer(context, "allocator.resident", process.ResidentBytes);
        Double(context, "fragmentation", used == 0 ? 0 : (double)process.ResidentBytes / used);
    }

    private static void Integer(CommandContext context, string name, long value)
    {
        context.Reply.Bulk(name);
        context.Reply.Integer(value);
    }

    private static void Double(CommandContext context, string name, double value)
    {
        context.Reply.Bulk(name);
        context.Reply.Double(value);
    }

    private static void Doctor(CommandContext context)
    {
        long used = context.Server.UsedBytes, resident = ProcessMemory.Read().ResidentBytes;
        if (used < TooSmallToJudgeBytes)
        {
            context.Reply.Verbatim("txt", "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be "
                + "used in these conditions. Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be "
                + "back to our programming as soon as I finished rebooting.\n");
            return;
        }
        string report = context.Server.PeakUsedBytes > used * 3 / 2
            ? $"Peak memory was {MemorySize.Describe(context.Server.PeakUsedBytes)}, now {MemorySize.Describe(used)} are used. Free memory is "
                + "returned to the system as slabs empty; MEMORY PURGE returns what is left at once.\n"
            : resident > used * 3 / 2
                ? $"{MemorySize.Describe(resident)} are resident for {MemorySize.Describe(used)} of data. Many small keys were removed, or many "
                    + "connections hold replies.\n"
                : "I found no memory issue in this instance.\n";
        context.Reply.Verbatim("txt", report);
    }

    private static void Purge(CommandContext context)
    {
        foreach (SpanSource memory in context.Server.Memory)
        {
            memory.Purge();
        }
        context.Reply.Ok();
    }

    private static void AllocatorStats(CommandContext context) => context.Reply.Verbatim("txt",
        $"regions mapped: {MemorySize.Describe(Heap.MappedBytes)}\nused: {MemorySize.Describe(context.Server.UsedBytes)}\n");

    private static void Help(CommandContext context) => context.ReplyHelp("MEMORY",
    [
        "DOCTOR",
        "    Return memory problems reports.",
        "MALLOC-STATS",
        "    Return internal statistics report from the memory allocator.",
        "PURGE",
        "    Attempt to purge dirty pages for reclamation by the allocator.",
        "STATS",
        "    Return information about the memory usage of the server.",
        "USAGE <key> [SAMPLES <count>]",
        "    Return memory in bytes used by <key> and its value. Nested values are",
        "    sampled up to <count> times (default: 5, 0 means sample all).",
    ]);
}

/// <summary>The process's memory as the kernel sees it.</summary>
internal readonly record struct ProcessMemory(long ResidentBytes)
{
    internal static ProcessMemory Read()
    {
        const long pageBytes = 4096;
        try
        {
            string[] fields = File.ReadAllText("/proc/self/statm").Split(' ');
            return new ProcessMemory(long.Parse(fields[1], System.Globalization.CultureInfo.InvariantCulture) * pageBytes);
        }
        catch (IOException)
        {
            return new ProcessMemory(0);
        }
    }
}
