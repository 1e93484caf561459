using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Server;

/// <summary>
/// Who has started the server and wants to know how it fares: systemd, which is told over a socket (see sd_notify(3)), or upstart, which
/// waits for the process to stop itself.
/// </summary>
internal sealed class Supervisor
{
    private const string SocketVariable = "NOTIFY_SOCKET";
    private const string JobVariable = "UPSTART_JOB";
    private readonly ServerLog _log;

    private Supervisor(ServerLog log, string name) => (_log, Name) = (log, name);

    /// <summary><c>systemd</c>, <c>upstart</c>, or <c>no</c>.</summary>
    internal string Name { get; }

    /// <summary>Whether there is one.</summary>
    internal bool IsThere => Name != "no";

    /// <summary>Looks for the supervisor that the settings name, and tells it that the server is starting.</summary>
    internal static Supervisor Find(ServerConfig config, ServerLog log)
    {
        string wanted = config.Supervised.Choice;
        if (wanted == "auto")
        {
            wanted = IsVariableSet(JobVariable) ? "upstart" : IsVariableSet(SocketVariable) ? "systemd" : "no";
            if (wanted != "no")
            {
                log.Verbose($"{char.ToUpperInvariant(wanted[0])}{wanted[1..]} supervision detected.");
            }
        }
        Supervisor found = new(log, wanted);
        bool isThere = wanted switch
        {
            "systemd" => found.IsSystemdThere(),
            "upstart" => IsUpstartThere(log),
            _ => false,
        };
        return isThere ? found : new Supervisor(log, "no");
    }

    /// <summary>Tells that the server serves.</summary>
    internal void TellReady()
    {
        TellSystemd("STATUS=Ready to accept connections\n");
        TellSystemd("READY=1\n");
    }

    /// <summary>Tells that the server is about to end.</summary>
    internal void TellStopping() => TellSystemd("STOPPING=1\n");

    /// <summary>Tells what the server is doing.</summary>
    internal void TellStatus(string status) => TellSystemd($"STATUS={status}\n");

    private static bool IsVariableSet(string name) => Environment.GetEnvironmentVariable(name) is not null;

    private bool IsSystemdThere()
    {
        if (!TellSystemd("STATUS=Valkey is loading...\n"))
        {
            return false;
        }
        _log.Notice("Supervised by systemd. Please make sure you set appropriate values for TimeoutStartSec and TimeoutStopSec in your service unit.");
        return true;
    }

    private static bool IsUpstartThere(ServerLog log)
    {
        if (!IsVariableSet(JobVariable))
        {
            log.Warning("upstart supervision requested, but UPSTART_JOB not found!");
            return false;
        }
        log.Notice("supervised by upstart, will stop to signal readiness.");
        ProcessSignal.StopSelf();
        return true;
    }

    private bool TellSystemd(string state)
    {
        if (Name != "systemd")
        {
            return false;
        }
        if (Environment.GetEnvironmentVariable(SocketVariable) is not { Length: > 0 } path)
        {
            _log.Warning("systemd supervision error: NOTIFY_SOCKET not found!");
            return false;
        }
        // A name that begins with @ is in the abstract name space, which the kernel marks by NUL.
        int error = Sockets.SendDatagram(path[0] == '@' ? '\0' + path[1..] : path, Encoding.UTF8.GetBytes(state));
        if (error != 0)
        {
            _log.Warning($"systemd supervision error: sd_notify: {Errno.Describe(error)}");
        }
        return error == 0;
    }
}
