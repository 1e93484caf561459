using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Network;

namespace Valkey.Turbo.Server;

/// <summary>
/// The server's log in Valkey's format: <c>pid:M 22 Nov 2026 10:00:00.000 * text</c>. Goes to standard output or to the
/// log file, and to syslog where configured. Any thread.
/// </summary>
internal sealed class ServerLog : INetworkLog, IDisposable
{
    private static readonly string[] Levels = ["debug", "verbose", "notice", "warning", "nothing"];
    private const string LevelMarks = ".-*#";
    private readonly Lock _gate = new();
    private readonly ServerConfig _config;
    private readonly Stream _target;
    private readonly Syslog? _syslog;

    internal ServerLog(ServerConfig config)
    {
        _config = config;
        string file = config.LogFile.Text;
        _target = file.Length == 0
            ? Console.OpenStandardOutput()
            : new FileStream(file, FileMode.Append, FileAccess.Write, FileShare.ReadWrite);
        if (config.SyslogEnabled.IsSet)
        {
            _syslog = new Syslog(config.SyslogIdent.Text, config.SyslogFacility.Choice);
        }
    }

    public void Notice(string text) => Write(2, text);

    public void Warning(string text) => Write(3, text);

    /// <summary>Writes lines as they are.</summary>
    internal void Raw(string text)
    {
        lock (_gate)
        {
            _target.Write(Encoding.UTF8.GetBytes(text));
            _target.Flush();
        }
    }

    public void Dispose()
    {
        _target.Dispose();
        _syslog?.Dispose();
    }

    private void Write(int level, string text)
    {
        if (level < Array.IndexOf(Levels, _config.LogLevel.Choice))
        {
            return;
        }
        string time = DateTime.Now.ToString("dd MMM yyyy HH:mm:ss.fff", CultureInfo.InvariantCulture);
        byte[] line = Encoding.UTF8.GetBytes($"{Environment.ProcessId}:M {time} {LevelMarks[level]} {text}\n");
        lock (_gate)
        {
            _target.Write(line);
            _target.Flush();
        }
        _syslog?.Send(level, text);
    }
}
