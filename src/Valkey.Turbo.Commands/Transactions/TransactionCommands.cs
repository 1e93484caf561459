using Valkey.Turbo.Engine;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Transactions;

/// <summary>MULTI, EXEC, DISCARD, WATCH and UNWATCH. Queueing and EXEC itself are the dispatcher's.</summary>
internal static class TransactionCommands
{
    private const CommandFlags Ordinary = NoScript | Loading | Stale | Fast | AllowBusy;

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("multi", 1, Ordinary | NoMulti | NotQueued, "transactions", "1.2.0", "O(1)", "Starts a transaction.", Multi,
            scope: ShardScope.None),
        CommandSpec.Define("exec", 1, NoScript | Loading | Stale | SkipCommandLog | NotQueued | RunsTransaction, "transactions", "1.2.0",
            "Depends on the commands of the transaction.", "Runs all commands of a transaction.", ExecWithoutMulti, scope: ShardScope.None),
        CommandSpec.Define("discard", 1, Ordinary | NotQueued, "transactions", "2.0.0", "O(N) where N is the number of queued commands.",
            "Forgets a transaction.", Discard, scope: ShardScope.None),
        CommandSpec.Define("watch", -2, Ordinary | NoMulti | NotQueued, "transactions", "2.2.0", "O(1) for every key.",
            "Makes the next transaction fail if one of the keys changes before it.", Watch, KeySpec.All(KeyFlags.RO), "key:key..."),
        CommandSpec.Define("unwatch", 1, Ordinary, "transactions", "2.2.0", "O(1)", "Forgets about watched keys.", Unwatch,
            scope: ShardScope.None),
    ];

    private static void Multi(CommandContext context)
    {
        Transaction transaction = context.Session.Transaction ??= new Transaction(context.Worker.RequestMemory);
        transaction.Open();
        context.Reply.Ok();
    }

    /// <summary>With MULTI the dispatcher runs the transaction instead.</summary>
    private static void ExecWithoutMulti(CommandContext context) => context.Reply.Error("ERR EXEC without MULTI");

    private static void Discard(CommandContext context)
    {
        if (context.Session.Transaction is not { IsOpen: true })
        {
            context.Reply.Error("ERR DISCARD without MULTI");
            return;
        }
        context.Session.EndTransaction();
        context.Reply.Ok();
    }

    private static void Watch(CommandContext context)
    {
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            // Looking the key up removes it if it has expired, so that this alone is no change later.
            KeyHandle key = context.Open(i);
            Watch watch = new(key.Keyspace.Shard, key.Keyspace.Database, key.Name) { WasPresent = key.Exists };
            context.Session.Watch(watch);
        }
        context.Reply.Ok();
    }

    private static void Unwatch(CommandContext context)
    {
        context.Session.EndWatches();
        context.Reply.Ok();
    }
}
