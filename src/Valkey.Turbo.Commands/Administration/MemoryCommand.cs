using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Scripting;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>MEMORY: where the bytes are.</summary>
internal static class MemoryCommand
{
    private const long DefaultSamples = 5;
    private const long TooSmallToJudgeBytes = 5 << 20;
    private const long SmallBytes = 10 << 20;
    private const long LargeClientBytes = 200 << 10;

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
        const int fields = 34;
        MemoryFigures memory = new(context.Server);
        context.Reply.Map(fields + memory.Databases.Count);
        Integer(context, "peak.allocated", memory.Peak);
        Integer(context, "total.allocated", memory.Used);
        Integer(context, "startup.allocated", memory.Startup);
        Integers(context, "replication.backlog replicas.repl.buffer clients.slaves");
        Integer(context, "clients.normal", memory.Clients);
        Integers(context, "cluster.links cluster.slot_import cluster.slot_export");
        Integer(context, "aof.buffer", memory.AofBuffer);
        Integer(context, "lua.caches", ScriptEngine.Of(context.Server).Scripts.OverheadBytes);
        Integer(context, "functions.caches", ScriptEngine.Of(context.Server).FunctionOverheadBytes);
        foreach ((int database, long bytes) in memory.Databases)
        {
            context.Reply.Bulk($"db.{database}");
            context.Reply.Map(2);
            Integer(context, "overhead.hashtable.main", bytes);
            Integers(context, "overhead.hashtable.expires");
        }
        Integer(context, "overhead.db.hashtable.lut", memory.Tables);
        Integers(context, "overhead.db.hashtable.rehashing");
        Integer(context, "overhead.total", memory.Overhead);
        Integers(context, "db.dict.rehashing.count");
        Integer(context, "keys.count", memory.Keys);
        Integer(context, "keys.bytes-per-key", memory.Keys == 0 ? 0 : memory.Dataset / memory.Keys);
        Integer(context, "dataset.bytes", memory.Dataset);
        Double(context, "dataset.percentage", memory.DatasetPercent);
        Double(context, "peak.percentage", memory.PeakPercent);
        Integer(context, "allocator.allocated", memory.Used);
        Integer(context, "allocator.active", memory.AllocatorActive);
        Integer(context, "allocator.resident", memory.AllocatorResident);
        Integers(context, "allocator.muzzy");
        Double(context, "allocator-fragmentation.ratio", memory.AllocatorFragmentation);
        Integer(context, "allocator-fragmentation.bytes", memory.AllocatorActive - memory.Used);
        Double(context, "allocator-rss.ratio", memory.AllocatorOverhead);
        Integer(context, "allocator-rss.bytes", memory.AllocatorResident - memory.AllocatorActive);
        Double(context, "rss-overhead.ratio", memory.ProcessOverhead);
        Integer(context, "rss-overhead.bytes", memory.Resident - memory.AllocatorResident);
        Double(context, "fragmentation", memory.Fragmentation);
        Integer(context, "fragmentation.bytes", memory.Resident - memory.Used);
    }

    /// <summary>Figures of what this server does not have.</summary>
    private static void Integers(CommandContext context, string names)
    {
        foreach (string name in names.Split(' '))
        {
            Integer(context, name, 0);
        }
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
        MemoryFigures memory = new(context.Server);
        if (memory.Used < TooSmallToJudgeBytes)
        {
            context.Reply.Verbatim("txt", "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be "
                + "used in these conditions. Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be "
                + "back to our programming as soon as I finished rebooting.\n");
            return;
        }
        List<string> findings = [];
        if (memory.Peak > memory.Used * 3 / 2)
        {
            findings.Add($" * Peak memory: at its peak the data took {MemorySize.Describe(memory.Peak)}, more than one and a half times of what it takes "
                + $"now, {MemorySize.Describe(memory.Used)}. Memory goes back to the system as slabs empty; MEMORY PURGE returns what is left at once.");
        }
        if (IsHigh(memory.Fragmentation, 1.4, memory.Resident - memory.Used))
        {
            findings.Add($" * High total RSS: {MemorySize.Describe(memory.Resident)} are resident for {MemorySize.Describe(memory.Used)} in use. After a peak "
                + "that is harmless; else many small keys of one size were removed, and keys of another size took their place.");
        }
        if (IsHigh(memory.AllocatorFragmentation, 1.1, memory.AllocatorActive - memory.Used))
        {
            findings.Add(" * High allocator fragmentation: the regions that are mapped hold a tenth more than the data, as after a peak, or when values "
                + "change their sizes.");
        }
        if (IsHigh(memory.AllocatorOverhead, 1.1, memory.AllocatorResident - memory.AllocatorActive))
        {
            findings.Add(" * High allocator RSS overhead: a tenth more is resident than the regions hold. MEMORY PURGE may reclaim it.");
        }
        if (IsHigh(memory.ProcessOverhead, 1.1, memory.Resident - memory.AllocatorResident))
        {
            findings.Add(" * High process RSS overhead: code and libraries take a tenth of the resident memory; with more data that share falls.");
        }
        if (memory.Clients / Math.Max(context.Server.Clients.Count, 1) > LargeClientBytes)
        {
            findings.Add(" * Big client buffers: clients have more than 200K each in their buffers. CLIENT LIST shows who does not read its replies, or "
                + "sends large pipelines.");
        }
        context.Reply.Verbatim("txt", findings.Count == 0
            ? "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this base.\n"
            : $"Sam, I detected a few issues in this Valkey instance memory implants:\n\n{string.Join("\n\n", findings)}\n\n"
                + "I'm here to keep you safe, Sam. I want to help you.\n");
    }

    /// <summary>Whether something takes too much, and enough of it to matter.</summary>
    private static bool IsHigh(double ratio, double limit, long bytes) => ratio > limit && bytes > SmallBytes;

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
