using System.Runtime.InteropServices;
using System.Text;
using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Server;

/// <summary>What the server writes when it dies of a defect: the exception with its stack, its state, what clients did last.</summary>
internal static class CrashReport
{
    private const int Alarm = 14;

    internal static string Write(Exception exception, ServerInstance? server)
    {
        StringBuilder text = new();
        text.Append("=== VALKEY.TURBO BUG REPORT START: Cut & paste starting from here ===\n");
        text.Append($"Valkey.Turbo {VersionInfo.Server} crashed: {exception.GetType().FullName}: {exception.Message}\n");
        text.Append("------ STACK TRACE ------\n").Append(exception).Append('\n');
        if (server is not null)
        {
            AppendState(text, server);
        }
        return text.Append("=== VALKEY.TURBO BUG REPORT END ===\n").ToString();
    }

    /// <summary>Has the state written to the log whenever the process gets SIGALRM, and go on.</summary>
    internal static PosixSignalRegistration WriteStateOnAlarm(ServerInstance server, ServerLog log) =>
        PosixSignalRegistration.Create((PosixSignal)Alarm, context =>
        {
            context.Cancel = true;
            StringBuilder text = new("\nReceived SIGALRM\n");
            AppendState(text, server);
            log.Warning(text.Append("--------\n").ToString());
        });

    private static void AppendState(StringBuilder text, ServerInstance server)
    {
        text.Append("------ INFO OUTPUT ------\n");
        text.Append($"threads:{server.Workers.Length}\nshards:{server.Shards.Length}\nused_memory:{server.UsedBytes}\n");
        text.Append($"connected_clients:{server.Clients.Count}\nio_engine:{server.IoEngineName}\n");
        text.Append("------ LAST COMMANDS ------\n");
        foreach (Session session in server.Clients.Values.OrderByDescending(session => session.LastActiveNs).Take(16))
        {
            text.Append(Describe(session, server.Clock.MonotonicNs)).Append('\n');
        }
    }

    private static string Describe(Session session, long nowNs)
    {
        try
        {
            return session.Describe(nowNs);
        }
        catch (Exception e)
        {
            // Its thread may be changing it, or have died while it did; that must not cost the rest of the report.
            return $"id={session.Id} ({e.Message})";
        }
    }
}
