using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>SAVE, BGSAVE, LASTSAVE and BGREWRITEAOF. What they write is written while the server stands still.</summary>
public static class PersistenceCommands
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("save", 1, Admin | NoAsyncLoading | NoMulti | NoScript, "server", "1.0.0",
            "O(N) where N is the total number of keys in all databases", "Synchronously saves the database(s) to disk.", Save,
            scope: ShardScope.All),
        CommandSpec.Define("bgsave", -1, Admin | NoAsyncLoading | NoScript, "server", "1.0.0", "O(1)",
            "Asynchronously saves the database(s) to disk.", SaveInBackground,
            syntax: "[operation=<schedule:SCHEDULE^3.2.2 | cancel:CANCEL^8.1.0>]", scope: ShardScope.All),
        CommandSpec.Define("lastsave", 1, Loading | Stale | Fast, "server", "1.0.0", "O(1)",
            "Returns the Unix timestamp of the last successful save to disk.", LastSave, tips: "nondeterministic_output",
            categories: "admin dangerous", scope: ShardScope.None),
        CommandSpec.Define("bgrewriteaof", 1, Admin | NoAsyncLoading | NoScript, "server", "1.0.0", "O(1)",
            "Asynchronously rewrites the append-only file to disk.", Rewrite, scope: ShardScope.All),
    ];

    private static void Save(CommandContext context)
    {
        if (Saving.TrySave(context.Worker, isAwaited: true) is null)
        {
            context.Reply.Ok();
        }
        else
        {
            context.Reply.Error("ERR");
        }
    }

    private static void SaveInBackground(CommandContext context)
    {
        if (context.ArgumentCount == 2 && context.Is(1, "CANCEL"))
        {
            context.Reply.Error("ERR Background saving is currently not in progress or scheduled");
            return;
        }
        if (context.ArgumentCount > 1 && !(context.ArgumentCount == 2 && context.Is(1, "SCHEDULE")))
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        Saving.TrySave(context.Worker, isAwaited: false);
        context.Reply.Simple("Background saving started"u8);
    }

    private static void LastSave(CommandContext context) => context.Reply.Integer(context.Server.LastSaveUnixMs / 1000);

    private static void Rewrite(CommandContext context)
    {
        Saving.TryRewrite(context.Worker);
        context.Reply.Simple("Background append only file rewriting started"u8);
    }
}
