using Valkey.Turbo.Engine;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>TIME and LOLWUT.</summary>
internal static class ServerCommands
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("time", 1, Loading | Stale | Fast, "server", "2.6.0", "O(1)", "Returns the server time.",
            Time, tips: "nondeterministic_output", scope: ShardScope.None),
        CommandSpec.Define("lolwut", -1, ReadOnly | Fast, "server", "5.0.0", "O(1)",
            "Displays computer art and the server version.", Lolwut, syntax: "[version:integer@VERSION]",
            scope: ShardScope.None),
    ];

    private static void Time(CommandContext context)
    {
        // Time stands still for a script.
        long microseconds = context.IsOfScript ? context.NowUnixMs * 1000 : context.Server.Clock.UnixMicroseconds;
        context.Reply.Array(2);
        context.Reply.BulkInteger(microseconds / 1_000_000);
        context.Reply.BulkInteger(microseconds % 1_000_000);
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
