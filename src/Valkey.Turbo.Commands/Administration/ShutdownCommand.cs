using Valkey.Turbo.Engine;
using Valkey.Turbo.Scripting;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>SHUTDOWN.</summary>
internal static class ShutdownCommand
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("shutdown", -1, Admin | NoMulti | NoScript | Loading | Stale | AllowBusy, "server", "1.0.0", "O(1)",
            "Synchronously saves the database to disk and shuts down the server.", Shutdown,
            syntax: "[abort-selector=<save-selector-block={[save-selector=<nosave:NOSAVE | save:SAVE>] [now:NOW^7.0.0] [force:FORCE^7.0.0] "
                + "[safe:SAFE^9.0.0] [failover:FAILOVER^9.0.0]} | abort:ABORT^7.0.0>]",
            scope: ShardScope.All),
    ];

    private static void Shutdown(CommandContext context)
    {
        ShutdownOptions options = ShutdownOptions.None;
        bool isAbort = false;
        for (int i = 1; i < context.ArgumentCount; i++)
        {
            if (context.Is(i, "ABORT"))
            {
                isAbort = true;
            }
            else if (Engine.Shutdown.OptionOf(context.Text(i)) is ShutdownOptions option)
            {
                options |= option;
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
        }
        if ((isAbort && options != ShutdownOptions.None) || options.HasFlag(ShutdownOptions.Save | ShutdownOptions.NoSave))
        {
            context.Reply.Error(Errors.Syntax);
        }
        else if (options.HasFlag(ShutdownOptions.Failover))
        {
            context.Reply.Error("ERR SHUTDOWN FAILOVER is only supported in cluster mode.");
        }
        else if (isAbort)
        {
            Abort(context);
        }
        else if (IsRefusedAsBusy(context, options))
        {
            return;
        }
        else if (context.Server.Shutdown.TryEnd(context.Worker, options, context.Session))
        {
            context.Session.ClosesAfterReply = true;
        }
        else
        {
            context.Reply.Error("ERR Errors trying to SHUTDOWN. Check logs.");
        }
    }

    /// <summary>While a script runs for long, only an end that saves nothing is possible; it ends the script, whatever it has done.</summary>
    private static bool IsRefusedAsBusy(CommandContext context, ShutdownOptions options)
    {
        ScriptEngine scripts = context.Dispatcher!.Scripts;
        foreach (BusyScript script in scripts.Busy)
        {
            if (!options.HasFlag(ShutdownOptions.NoSave))
            {
                context.Reply.Error(scripts.BusyError(script));
                return true;
            }
            script.Run.Kill();
        }
        return false;
    }

    private static void Abort(CommandContext context)
    {
        if (context.Server.Shutdown.TryAbort())
        {
            context.Reply.Ok();
        }
        else
        {
            context.Reply.Error("ERR No shutdown in progress.");
        }
    }
}
