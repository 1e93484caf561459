using System.Globalization;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Server;

/// <summary>The file that names the server's process, where <c>pidfile</c> says, or the usual place for a server in the background.</summary>
internal sealed class PidFile(string path, ServerLog log)
{
    private const string UsualPath = "/var/run/valkey.pid";

    /// <summary>The file that a server is to have, or null.</summary>
    internal static PidFile? For(string configured, bool isBackground, ServerLog log) =>
        configured.Length > 0 ? new PidFile(configured, log) : isBackground ? new PidFile(UsualPath, log) : null;

    internal void Write()
    {
        try
        {
            File.WriteAllText(path, Environment.ProcessId.ToString(CultureInfo.InvariantCulture) + "\n");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warning($"Failed to write PID file: {Errno.Describe(e)}");
        }
    }

    internal void Remove()
    {
        log.Notice("Removing the pid file.");
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It may have been put where only root may remove it: the next start overwrites it.
        }
    }
}
