using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>MONITOR: shows every command that is run, but those of administrators.</summary>
internal static class MonitorCommand
{
    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("monitor", 1, Admin | NoScript | Loading | Stale, "server", "1.0.0", "O(1)",
            "Listens for all requests received by the server in real-time.", Monitor, scope: ShardScope.None),
    ];

    private static readonly byte[] SecretMark = Encoding.ASCII.GetBytes(Secrets.Mark);

    private static void Monitor(CommandContext context)
    {
        context.Server.Monitors.Set(context.Worker, context.Session, isMonitor: true);
        context.Reply.Ok();
    }

    /// <summary>Shows the command that was just run.</summary>
    internal static void Show(CommandContext context)
    {
        long microseconds = context.Server.Clock.UnixMicroseconds;
        using NativeBuffer line = new();
        Session session = context.Session;
        string peer = context.IsOfScript ? "lua" : session.IsUnixSocket ? "unix:" + session.LocalAddress : session.Address;
        line.Append(Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"+{microseconds / 1_000_000}.{microseconds % 1_000_000:D6} [{session.Database} {peer}]")));
        for (int i = 0; i < context.ArgumentCount; i++)
        {
            line.Append(" "u8);
            InlineLine.Quote(line, Secrets.IsSecret(context, i) ? SecretMark : context.Argument(i));
        }
        line.Append("\r\n"u8);
        context.Server.Monitors.Show(context.Worker, line);
    }
}
