using Valkey.Turbo.Engine;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>TIME, SHUTDOWN and LOLWUT.</summary>
internal static class ServerCommands
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("time", 1, Loading | Stale | Fast, "server", "2.6.0", "O(1)", "Returns the server time.",
            Time, tips: "nondeterministic_output", scope: ShardScope.None),
        CommandSpec.Define("shutdown", -1, Admin | NoMulti | NoScript | Loading | Stale | AllowBusy, "server", "1.0.0", "O(1)",
            "Synchronously saves the database to disk and shuts down the server.", Shutdown,
            syntax: "[abort-selector=<save-selector-block={[save-selector=<nosave:NOSAVE | save:SAVE>] [now:NOW^7.0.0] [force:FORCE^7.0.0] "
                + "[safe:SAFE^9.0.0] [failover:FAILOVER^9.0.0]} | abort:ABORT^7.0.0>]",
            scope: ShardScope.All),
        CommandSpec.Define("lolwut", -1, ReadOnly | Fast, "server", "5.0.0", "O(1)",
            "Displays computer art and the server version.", Lolwut, syntax: "[version:integer@VERSION]",
            scope: ShardScope.None),
    ];

    private static void Time(CommandContext context)
    {
        long microseconds = context.Server.Clock.UnixMicroseconds;
        context.Reply.Array(2);
        context.Reply.BulkInteger(microseconds / 1_000_000);
        context.Reply.BulkInteger(microseconds % 1_000_000);
    }

    private static void Shutdown(CommandContext context)
    {
        bool abort = false, other = false, save = false, noSave = false, force = false;
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            if (context.Is(i, "ABORT"))
            {
                abort = true;
                continue;
            }
            save |= context.Is(i, "SAVE");
            noSave |= context.Is(i, "NOSAVE");
            force |= context.Is(i, "FORCE");
            other = true;
            bool known = save || noSave || force || context.Is(i, "NOW") || context.Is(i, "SAFE") || context.Is(i, "FAILOVER");
            if (!known)
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
        }
        if ((abort && other) || (save && noSave))
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        if (abort)
        {
            context.Reply.Error("ERR No shutdown in progress.");
            return;
        }
        save |= context.Server.SavesAtExit && !noSave;
        if (save && PersistenceCommands.TrySave(context.Worker) is not null && !force)
        {
            context.Reply.Error("ERR Errors trying to SHUTDOWN. Check logs.");
            return;
        }
        // Done, or not wanted.
        context.Server.SavesAtExit = false;
        context.Session.ClosesAfterReply = true;
        context.Server.ShutdownRequested?.Invoke();
    }

    private static void Lolwut(CommandContext context)
    {
        int index = 1;
        if (context.ArgumentCount >= 3 && context.Is(1, "VERSION"))
        {
            if (!context.TryInteger(2, out _))
            {
                return;
            }
            index = 3;
        }
        int columns = 66, squares = 8;
        if (context.ArgumentCount > index)
        {
            if (!context.TryInteger(index, out long value))
            {
                return;
            }
            columns = (int)Math.Clamp(value, 1, 1000);
        }
        if (context.ArgumentCount > index + 1)
        {
            if (!context.TryInteger(index + 1, out long value))
            {
                return;
            }
            squares = (int)Math.Clamp(value, 1, 200);
        }
        string version = context.Server.Config.ActsAsRedis.IsSet ? $"Redis ver. {VersionInfo.Redis}" : $"Valkey ver. {VersionInfo.Valkey}";
        context.Reply.Verbatim("txt",
            LolwutArt.Draw(columns, squares, context.Worker.Random) + $"\n{version}, drawn by Valkey.Turbo {VersionInfo.Server}\n");
    }
}
