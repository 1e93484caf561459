using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.PubSub;
using Valkey.Turbo.Scripting;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>Writes INFO's sections with Valkey's field names. A field of a feature that is not there reads as in a server that does not use it.</summary>
internal static class InfoText
{
    private const string NoFork = "-1";

    internal static string Write(CommandContext context, HashSet<string> wanted)
    {
        StringBuilder text = new();
        void Section(string name, Action<CommandContext, StringBuilder> write)
        {
            if (wanted.Contains(name.ToLowerInvariant()))
            {
                text.Append(text.Length > 0 ? "\r\n" : "").Append("# ").Append(name).Append("\r\n");
                write(context, text);
            }
        }
        Section("Server", Server);
        Section("Clients", Clients);
        Section("Memory", MemorySection);
        Section("Persistence", Persistence);
        Section("Stats", Stats);
        Section("Replication", Replication);
        Section("CPU", Cpu);
        Section("Modules", static (_, _) => { });
        Section("Commandstats", CommandStats);
        Section("Errorstats", ErrorStats);
        Section("Latencystats", LatencyStats);
        Section("Cluster", static (_, text) => Line(text, "cluster_enabled", 0));
        Section("Keyspace", KeyspaceSection);
        Section("Debug", Debug);
        return text.ToString();
    }

    private static void Line(StringBuilder text, string name, long value) => text.Append(name).Append(':').Append(value).Append("\r\n");

    private static void Line(StringBuilder text, string name, string value) => text.Append(name).Append(':').Append(value).Append("\r\n");

    private static long Seconds(long ms) => ms < 0 ? ms : ms / 1000;

    private static void Zeros(StringBuilder text, string names)
    {
        foreach (string name in names.Split(' '))
        {
            Line(text, name, 0);
        }
    }

    private static string Fixed(double value, int decimals = 2) =>
        value.ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    private static void Server(CommandContext context, StringBuilder text)
    {
        ServerInstance server = context.Server;
        long uptime = (server.Clock.MonotonicNs - server.StartedAtNs) / 1_000_000_000;
        Line(text, "redis_version", VersionInfo.Redis);
        Line(text, "server_name", "valkey");
        Line(text, "valkey_version", VersionInfo.Valkey);
        Line(text, "valkey_release_stage", "ga");
        Line(text, "turbo_version", VersionInfo.Server);
        Line(text, "redis_git_sha1", VersionInfo.Commit);
        Line(text, "redis_git_dirty", 0);
        Line(text, "redis_build_id", VersionInfo.BuildId);
        Line(text, server.Config.ActsAsRedis.IsSet ? "redis_mode" : "server_mode", "standalone");
        Line(text, "os", $"{Environment.OSVersion.Platform switch { PlatformID.Unix => "Linux", _ => "?" }} {Environment.OSVersion.Version}");
        Line(text, "arch_bits", nint.Size * 8);
        Line(text, "monotonic_clock", "POSIX clock_gettime");
        Line(text, "multiplexing_api", server.IoEngineName);
        Line(text, "gcc_version", "0.0.0");
        Line(text, "dotnet_version", Environment.Version.ToString());
        Line(text, "dotnet_compilation", RuntimeFeature.IsDynamicCodeCompiled ? "jit" : "aot");
        Line(text, "process_id", Environment.ProcessId);
        Line(text, "process_supervised", server.SupervisorName);
        Line(text, "run_id", server.RunId);
        Line(text, "tcp_port", server.ListeningPort);
        Line(text, "server_time_usec", server.Clock.UnixMicroseconds);
        Line(text, "uptime_in_seconds", uptime);
        Line(text, "uptime_in_days", uptime / 86400);
        Line(text, "hz", server.Config.Hz.Number);
        Line(text, "configured_hz", server.Config.Hz.Number);
        Line(text, "clients_hz", server.Config.Hz.Number);
        Line(text, "lru_clock", AccessClock.LruOf(context.NowUnixMs));
        Line(text, "executable", Environment.ProcessPath ?? "");
        Line(text, "config_file", server.Config.FilePath ?? "");
        Line(text, "io_threads_active", server.Workers.Length > 1 ? 1 : 0);
        Line(text, "threads", server.Workers.Length);
        Line(text, "shards", server.Shards.Length);
        Line(text, "availability_zone", server.Config.Find("availability-zone")!.Value);
        Line(text, "listener0", $"name=tcp,{string.Join(',', server.Config.Bind.Text.Split(' ').Select(b => "bind=" + b))},port={server.ListeningPort}");
    }

    private static void Clients(CommandContext context, StringBuilder text)
    {
        ServerInstance server = context.Server;
        Line(text, "connected_clients", server.Clients.Count);
        Line(text, "cluster_connections", 0);
        Line(text, "maxclients", server.Config.MaxClients.Number);
        Line(text, "client_recent_max_input_buffer", server.Clients.Values.Select(client => client.Transport.InputCapacity).DefaultIfEmpty().Max());
        Line(text, "client_recent_max_output_buffer", server.Clients.Values.Select(client => client.Transport.OutputBytes).DefaultIfEmpty().Max());
        Line(text, "blocked_clients", context.Server.Clients.Values.Count(client => client.IsBlocked));
        Line(text, "watching_clients", context.Server.Clients.Values.Count(client => client.Watches.Count > 0));
        Line(text, "total_watched_keys", context.Server.Clients.Values.Sum(client => client.Watches.Count));
        Line(text, "tracking_clients", server.Tracking.ClientCount);
        Line(text, "pubsub_clients", server.Clients.Values.Count(client => client.Subscriptions is { Total: > 0 }));
        Line(text, "clients_in_timeout_table", server.Clients.Values.Count(client => client.Blocked is { DeadlineNs: < BlockedCommand.Never }));
        Line(text, "total_blocking_keys_on_nokey", server.Shards.Sum(shard => shard.Blocked.KeyCountForDeletion));
        Line(text, "total_blocking_keys", server.Shards.Sum(shard => shard.Blocked.KeyCount));
        PauseKind pause = server.Pause.Kind;
        Line(text, "paused_reason", pause == PauseKind.None ? "none" : "client_pause");
        Line(text, "paused_actions", pause switch { PauseKind.All => "all", PauseKind.Write => "write", _ => "none" });
        Line(text, "paused_timeout_milliseconds", pause == PauseKind.None ? 0 : (server.Pause.EndNs - server.Clock.MonotonicNs) / 1_000_000);
    }

    private static void MemorySection(CommandContext context, StringBuilder text)
    {
        ServerInstance server = context.Server;
        MemoryFigures memory = new(server);
        long total = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes;
        Line(text, "used_memory", memory.Used);
        Line(text, "used_memory_human", MemorySize.Describe(memory.Used));
        Line(text, "used_memory_rss", memory.Resident);
        Line(text, "used_memory_rss_human", MemorySize.Describe(memory.Resident));
        Line(text, "used_memory_peak", memory.Peak);
        Line(text, "used_memory_peak_human", MemorySize.Describe(memory.Peak));
        Line(text, "used_memory_peak_perc", Fixed(memory.PeakPercent) + "%");
        Line(text, "used_memory_overhead", memory.Overhead);
        Line(text, "used_memory_startup", memory.Startup);
        Line(text, "used_memory_dataset", memory.Dataset);
        Line(text, "used_memory_dataset_perc", Fixed(memory.DatasetPercent) + "%");
        Line(text, "allocator_allocated", memory.Used);
        Line(text, "allocator_active", memory.AllocatorActive);
        Line(text, "allocator_resident", memory.AllocatorResident);
        Zeros(text, "allocator_muzzy");
        Line(text, "allocator_frag_ratio", Fixed(memory.AllocatorFragmentation));
        Line(text, "allocator_frag_bytes", memory.AllocatorActive - memory.Used);
        Line(text, "allocator_rss_ratio", Fixed(memory.AllocatorOverhead));
        Line(text, "allocator_rss_bytes", memory.AllocatorResident - memory.AllocatorActive);
        Line(text, "rss_overhead_ratio", Fixed(memory.ProcessOverhead));
        Line(text, "rss_overhead_bytes", memory.Resident - memory.AllocatorResident);
        Line(text, "managed_heap_bytes", GC.GetTotalMemory(false));
        Line(text, "managed_collections", GC.CollectionCount(0));
        Line(text, "managed_collections_pause_usec", (long)GC.GetTotalPauseDuration().TotalMicroseconds);
        // Of the thread that answers: what it costs shows up here in the steady state, which is nothing.
        Line(text, "managed_allocated_bytes_by_thread", GC.GetAllocatedBytesForCurrentThread());
        Line(text, "total_system_memory", total);
        Line(text, "total_system_memory_human", MemorySize.Describe(total));
        Scripting(context, text);
        Line(text, "maxmemory", server.Config.MaxMemory.Number);
        Line(text, "maxmemory_human", MemorySize.Describe(server.Config.MaxMemory.Number));
        Line(text, "maxmemory_policy", server.Config.MaxMemoryPolicy.Choice);
        Line(text, "mem_fragmentation_ratio", Fixed(memory.Fragmentation));
        Line(text, "mem_fragmentation_bytes", memory.Resident - memory.Used);
        Zeros(text, "mem_not_counted_for_evict mem_replication_backlog mem_total_replication_buffers mem_replicas_repl_buffer mem_clients_slaves");
        Line(text, "mem_clients_normal", memory.Clients);
        Zeros(text, "mem_cluster_links mem_cluster_slot_import mem_cluster_slot_export");
        Line(text, "mem_aof_buffer", memory.AofBuffer);
        Line(text, "mem_allocator", VersionInfo.Allocator);
        Zeros(text, "mem_overhead_db_hashtable_rehashing active_defrag_running");
        Line(text, "lazyfree_pending_objects", server.Shards.Sum(shard => shard.DyingCount));
        Line(text, "lazyfreed_objects", server.Workers.Sum(worker => worker.Stats.LazyFreed));
    }

    private static void Scripting(CommandContext context, StringBuilder text)
    {
        ScriptEngine scripts = ScriptEngine.Of(context.Server);
        long evalBytes = scripts.EvalBytes, functionBytes = scripts.FunctionBytes;
        Line(text, "used_memory_lua", evalBytes);
        Line(text, "used_memory_vm_eval", evalBytes);
        Line(text, "used_memory_lua_human", MemorySize.Describe(evalBytes));
        Line(text, "used_memory_scripts_eval", scripts.Scripts.OverheadBytes);
        Line(text, "number_of_cached_scripts", scripts.Scripts.Count);
        Line(text, "number_of_functions", context.Server.Functions.FunctionCount);
        Line(text, "number_of_libraries", context.Server.Functions.Count);
        Line(text, "used_memory_vm_functions", functionBytes);
        Line(text, "used_memory_vm_total", evalBytes + functionBytes);
        Line(text, "used_memory_vm_total_human", MemorySize.Describe(evalBytes + functionBytes));
        Line(text, "used_memory_functions", scripts.FunctionOverheadBytes);
        Line(text, "used_memory_scripts", scripts.OverheadBytes);
        Line(text, "used_memory_scripts_human", MemorySize.Describe(scripts.OverheadBytes));
    }

    private static void Persistence(CommandContext context, StringBuilder text)
    {
        ServerInstance server = context.Server;
        Zeros(text, "loading async_loading current_cow_peak current_cow_size current_cow_size_age");
        Line(text, "current_fork_perc", "0.00");
        Zeros(text, "current_save_keys_processed current_save_keys_total");
        Line(text, "rdb_changes_since_last_save", context.Server.UnsavedChanges);
        Zeros(text, "rdb_bgsave_in_progress");
        Line(text, "rdb_last_save_time", context.Server.LastSaveUnixMs / 1000);
        Line(text, "rdb_last_bgsave_status", server.Saves.WasOk ? "ok" : "err");
        Line(text, "rdb_last_bgsave_time_sec", Seconds(server.Saves.LastMs));
        Line(text, "rdb_current_bgsave_time_sec", NoFork);
        Line(text, "rdb_saves", server.Saves.Count);
        Zeros(text, "rdb_last_cow_size");
        Line(text, "rdb_last_load_keys_expired", server.LastLoad.KeysExpired);
        Line(text, "rdb_last_load_keys_loaded", server.LastLoad.KeysLoaded);
        Line(text, "aof_enabled", server.Log.IsOn ? 1 : 0);
        Zeros(text, "aof_rewrite_in_progress aof_rewrite_scheduled");
        Line(text, "aof_last_rewrite_time_sec", Seconds(server.Rewrites.LastMs));
        Line(text, "aof_current_rewrite_time_sec", NoFork);
        Line(text, "aof_last_bgrewrite_status", server.Rewrites.WasOk ? "ok" : "err");
        Line(text, "aof_rewrites", server.Rewrites.Count);
        Zeros(text, "aof_rewrites_consecutive_failures");
        Line(text, "aof_last_write_status", server.Journal?.Failure is null ? "ok" : "err");
        Zeros(text, "aof_last_cow_size module_fork_in_progress module_fork_last_cow_size slot_migration_fork_in_progress");
        if (server.Log.IsOn)
        {
            Line(text, "aof_current_size", server.Log.Bytes);
            Line(text, "aof_base_size", server.Log.BytesOfBase);
            Zeros(text, "aof_pending_rewrite");
            Line(text, "aof_buffer_length", server.Log.PendingBytes);
            Zeros(text, "aof_pending_bio_fsync aof_delayed_fsync");
        }
    }

    private static void Stats(CommandContext context, StringBuilder text)
    {
        ServerInstance server = context.Server;
        long Sum(Func<WorkerStats, long> field) => server.Workers.Sum(worker => field(worker.Stats));
        Line(text, "total_connections_received", Sum(stats => stats.ConnectionsReceived));
        Line(text, "total_commands_processed", Sum(stats => stats.CommandsProcessed));
        Line(text, "instantaneous_ops_per_sec", server.Rates.CommandsPerSecond);
        Line(text, "total_net_input_bytes", Sum(stats => stats.InputBytes));
        Line(text, "total_net_output_bytes", Sum(stats => stats.OutputBytes));
        Zeros(text, "total_net_repl_input_bytes total_net_repl_output_bytes total_net_cluster_slot_import_bytes total_net_cluster_slot_export_bytes");
        Line(text, "instantaneous_input_kbps", Fixed(server.Rates.InputKilobytesPerSecond));
        Line(text, "instantaneous_output_kbps", Fixed(server.Rates.OutputKilobytesPerSecond));
        Line(text, "instantaneous_input_repl_kbps", "0.00");
        Line(text, "instantaneous_output_repl_kbps", "0.00");
        Line(text, "rejected_connections", Volatile.Read(ref server.RejectedConnections));
        Zeros(text, "sync_full sync_partial_ok sync_partial_err");
        Line(text, "expired_keys", Sum(stats => stats.ExpiredKeys));
        Line(text, "expired_fields", Sum(stats => stats.ExpiredFields));
        Line(text, "expired_stale_perc", "0.00");
        Line(text, "expired_keys_with_volatile_items_stale_perc", "0.00");
        Zeros(text, "expired_time_cap_reached_count expire_cycle_cpu_milliseconds");
        Line(text, "evicted_keys", Sum(stats => stats.EvictedKeys));
        Line(text, "evicted_clients", Sum(stats => stats.EvictedClients));
        Line(text, "evicted_scripts", ScriptEngine.Of(context.Server).Scripts.EvictedCount);
        Zeros(text, "total_eviction_exceeded_time current_eviction_exceeded_time");
        Line(text, "keyspace_hits", Sum(stats => stats.KeyspaceHits));
        Line(text, "keyspace_misses", Sum(stats => stats.KeyspaceMisses));
        Line(text, "pubsub_channels", server.Channels.ActiveCount(ChannelKind.Channel));
        Line(text, "pubsub_patterns", server.Channels.PatternTotal);
        Line(text, "pubsubshard_channels", server.Channels.ActiveCount(ChannelKind.Shard));
        Zeros(text, "latest_fork_usec total_forks migrate_cached_sockets "
            + "slave_expires_tracked_keys active_defrag_hits active_defrag_misses active_defrag_key_hits active_defrag_key_misses "
            + "total_active_defrag_time current_active_defrag_time");
        Line(text, "tracking_total_keys", server.Tracking.KeyCount);
        Line(text, "tracking_total_items", server.Tracking.ItemCount);
        Line(text, "tracking_total_prefixes", server.Tracking.PrefixCount);
        Zeros(text, "unexpected_error_replies");
        Line(text, "total_error_replies", Sum(stats => stats.ErrorReplies));
        Zeros(text, "dump_payload_sanitizations");
        Line(text, "client_query_buffer_limit_disconnections", Sum(stats => stats.QueryLimitDisconnections));
        Line(text, "client_output_buffer_limit_disconnections", Sum(stats => stats.OutputLimitDisconnections));
        Line(text, "parked_commands", Sum(stats => stats.ParkedCommands));
        Line(text, "contended_borrows", server.Workers.Sum(worker => worker.Shards.ContendedCount));
        Line(text, "total_reads_processed", Sum(stats => stats.Reads));
        Line(text, "total_writes_processed", Sum(stats => stats.Writes));
        Zeros(text, "io_threaded_reads_processed io_threaded_writes_processed io_threaded_freed_objects io_threaded_accept_processed "
            + "io_threaded_poll_processed io_threaded_total_prefetch_batches io_threaded_total_prefetch_entries reply_buffer_shrinks reply_buffer_expands");
        Line(text, "eventloop_cycles", Sum(stats => stats.EventLoopCycles));
        Line(text, "eventloop_duration_sum", Sum(stats => stats.TurnNs) / 1000);
        Line(text, "eventloop_duration_cmd_sum", Sum(stats => stats.ActiveNs) / 1000);
        Line(text, "instantaneous_eventloop_cycles_per_sec", server.Rates.TurnsPerSecond);
        Line(text, "instantaneous_eventloop_duration_usec", server.Rates.TurnMicroseconds);
        Zeros(text, "acl_access_denied_auth acl_access_denied_cmd acl_access_denied_key acl_access_denied_channel acl_access_denied_tls_cert "
            + "acl_access_denied_db");
    }

    private static void Debug(CommandContext context, StringBuilder text)
    {
        IEnumerable<WorkerStats> all = context.Server.Workers.Select(worker => worker.Stats);
        Line(text, "eventloop_duration_aof_sum", all.Sum(stats => stats.JournalNs) / 1000);
        Line(text, "eventloop_duration_cron_sum", all.Sum(stats => stats.CronNs) / 1000);
        Line(text, "eventloop_duration_max", all.Max(stats => stats.LongestTurnNs) / 1000);
        Line(text, "eventloop_cmd_per_cycle_max", all.Max(stats => stats.MostCommandsInTurn));
    }

    private static void Replication(CommandContext context, StringBuilder text)
    {
        Line(text, "role", "master");
        Zeros(text, "connected_slaves replicas_waiting_psync");
        Line(text, "master_failover_state", "no-failover");
        Line(text, "master_replid", context.Server.RunId);
        Line(text, "master_replid2", new string('0', 40));
        Line(text, "master_repl_offset", 0);
        Line(text, "second_repl_offset", NoFork);
        Line(text, "repl_backlog_active", 0);
        Line(text, "repl_backlog_size", context.Server.Config.Find("repl-backlog-size")!.Value);
        Zeros(text, "repl_backlog_first_byte_offset repl_backlog_histlen");
    }

    private static void Cpu(CommandContext context, StringBuilder text)
    {
        using Process self = Process.GetCurrentProcess();
        Line(text, "used_cpu_sys", Fixed(self.PrivilegedProcessorTime.TotalSeconds, 6));
        Line(text, "used_cpu_user", Fixed(self.UserProcessorTime.TotalSeconds, 6));
        Line(text, "used_cpu_sys_children", "0.000000");
        Line(text, "used_cpu_user_children", "0.000000");
        Line(text, "used_active_time_main_thread", Fixed(context.Server.Workers[0].Stats.ActiveNs / 1e9, 6));
    }

    private static void CommandStats(CommandContext context, StringBuilder text)
    {
        foreach (CommandSpec spec in CommandTable.Instance.All)
        {
            CommandCounters sum = default;
            foreach (Worker worker in context.Server.Workers)
            {
                CommandCounters one = worker.Stats.Commands.Length > spec.Id ? worker.Stats.Commands[spec.Id] : default;
                sum.Calls += one.Calls;
                sum.ElapsedNs += one.ElapsedNs;
                sum.Rejected += one.Rejected;
                sum.Failed += one.Failed;
            }
            if (sum.Calls + sum.Rejected + sum.Failed > 0)
            {
                double microseconds = sum.ElapsedNs / 1000.0;
                Line(text, $"cmdstat_{spec.FullName}",
                    $"calls={sum.Calls},usec={(long)microseconds},usec_per_call={Fixed(sum.Calls == 0 ? 0 : microseconds / sum.Calls)},"
                    + $"rejected_calls={sum.Rejected},failed_calls={sum.Failed}");
            }
        }
    }

    private static void LatencyStats(CommandContext context, StringBuilder text)
    {
        if (!context.Server.Config.LatencyTracking.IsSet)
        {
            return;
        }
        string[] percentiles = context.Server.Config.LatencyPercentiles.Text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        foreach (CommandSpec spec in CommandTable.Instance.All)
        {
            if (LatencyCommand.Merged(context.Server, spec) is { } histogram)
            {
                IEnumerable<string> values = percentiles.Select(word =>
                    $"p{word}={Fixed(histogram.Percentile(double.Parse(word, CultureInfo.InvariantCulture)) / 1000.0, 3)}");
                Line(text, $"latency_percentiles_usec_{spec.FullName}", string.Join(',', values));
            }
        }
    }

    private static void ErrorStats(CommandContext context, StringBuilder text)
    {
        foreach ((string code, long count) in context.Server.Errors.InOrder())
        {
            Line(text, $"errorstat_{code}", $"count={count}");
        }
    }

    private static void KeyspaceSection(CommandContext context, StringBuilder text)
    {
        ServerInstance server = context.Server;
        for (int database = 0; database < (int)server.Config.Databases.Number; database++)
        {
            long keys = server.KeyCount(database);
            if (keys > 0)
            {
                long expiring = server.Shards.Sum(shard => shard.Keyspaces[database].ExpiringCount);
                double ttlSum = server.Shards.Sum(shard => (double)shard.Keyspaces[database].AverageTtlMs * shard.Keyspaces[database].ExpiringCount);
                Line(text, $"db{database}", $"keys={keys},expires={expiring},avg_ttl={(long)(ttlSum / Math.Max(1, expiring))},keys_with_volatile_items={server.Shards.Sum(shard => shard.Keyspaces[database].VolatileHashCount)}");
            }
        }
    }
}
