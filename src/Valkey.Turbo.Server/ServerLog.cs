using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Network;

namespace Valkey.Turbo.Server;

/// <summary>
/// The server's log. Goes to standard output, or to the log file, which is opened for each line so that it may be rotated, and to syslog
/// where configured. Any thread.
/// </summary>
internal sealed class ServerLog : INetworkLog, IDisposable
{
    private readonly Lock _gate = new();
    private readonly ServerConfig _config;
    private readonly Stream _output = Console.OpenStandardOutput();
    private readonly Syslog? _syslog;

    internal ServerLog(ServerConfig config)
    {
        _config = config;
        if (config.SyslogEnabled.IsSet)
        {
            _syslog = new Syslog(config.SyslogIdent.Text, config.SyslogFacility.Choice);
        }
    }

    public void Notice(string text) => Write(LogLevel.Notice, text);

    public void Warning(string text) => Write(LogLevel.Warning, text);

    internal void Verbose(string text) => Write(LogLevel.Verbose, text);

    /// <summary>Writes lines as they are.</summary>
    internal void Raw(string text) => Write(Encoding.UTF8.GetBytes(text));

    public void Dispose()
    {
        _output.Dispose();
        _syslog?.Dispose();
    }

    private void Write(LogLevel level, string text)
    {
        if (level < Enum.Parse<LogLevel>(_config.LogLevel.Choice, ignoreCase: true))
        {
            return;
        }
        string line = LogLine.Format(
            _config.LogFormat.Choice, _config.LogTimestampFormat.Choice, Environment.ProcessId, DateTimeOffset.Now, level, text);
        Write(Encoding.UTF8.GetBytes(line + "\n"));
        _syslog?.Send(level, text);
    }

    private void Write(byte[] bytes)
    {
        lock (_gate)
        {
            if (_config.LogFile.Text.Length > 0)
            {
                // What can't be written is lost: there is no other place to say so.
                _ = AppendedFile.Append(_config.LogFile.Text, bytes);
                return;
            }
            _output.Write(bytes);
            _output.Flush();
        }
    }
}
