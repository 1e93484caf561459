using Valkey.Turbo.Engine;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>WAIT and WAITAOF: until replicas, or the disk, have what the client wrote. There are no replicas yet.</summary>
internal static class WaitCommands
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("wait", 3, Blocking, "generic", "3.0.0", "O(1)",
            "Blocks until the asynchronous replication of all preceding write commands sent by the connection is completed.", Wait,
            syntax: "numreplicas:integer timeout:integer", categories: "connection !keyspace",
            tips: "request_policy:all_shards response_policy:agg_min", scope: ShardScope.None),
        CommandSpec.Define("waitaof", 4, Blocking, "generic", "7.2.0", "O(1)",
            "Blocks until all of the preceding write commands sent by the connection are written to the append-only file of the primary and/or replicas.",
            WaitAof, syntax: "numlocal:integer numreplicas:integer timeout:integer", categories: "connection !keyspace",
            tips: "request_policy:all_shards response_policy:agg_min", scope: ShardScope.None),
    ];

    private static void Wait(CommandContext context)
    {
        if (!context.TryInteger(1, out long replicas) || !context.TryTimeoutMs(2, out long timeoutNs))
        {
            return;
        }
        bool isRefused = false;
        if (replicas > 0 && context.TryBlock(1, 0, timeoutNs, queue: null, null, out isRefused))
        {
            return;
        }
        if (!isRefused)
        {
            context.Reply.Integer(0);
        }
    }

    private static void WaitAof(CommandContext context)
    {
        if (!context.TryInteger(1, out long local))
        {
            return;
        }
        if (local is < 0 or > 1)
        {
            context.Reply.Error("ERR value is out of range, value must between 0 and 1");
            return;
        }
        if (!context.TryPositive(2, out long replicas) || !context.TryTimeoutMs(3, out long timeoutNs))
        {
            return;
        }
        AppendOnlyLog log = context.Server.Log;
        if (local > 0 && !log.IsOn)
        {
            context.Reply.Error("ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.");
            return;
        }
        if (replicas == 0 && local == 0)
        {
            ReplyCounts(context);
            return;
        }
        long written = context.Session.JournalledCount;
        bool waitsForDisk = local > 0 && log.Waiters.TryAdd(context.Session, written);
        bool isRefused = false;
        if ((waitsForDisk || replicas > 0) && context.TryBlock(1, 0, timeoutNs, queue: null, null, out isRefused))
        {
            context.Session.Blocked!.SyncWaiters = log.Waiters;
            return;
        }
        log.Waiters.Remove(context.Session);
        if (!isRefused)
        {
            ReplyCounts(context);
        }
    }

    private static void ReplyCounts(CommandContext context)
    {
        AppendOnlyLog log = context.Server.Log;
        context.Reply.Array(2);
        context.Reply.Integer(log.IsOn && log.SyncedCount >= context.Session.JournalledCount ? 1 : 0);
        context.Reply.Integer(0);
    }
}
