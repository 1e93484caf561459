using System.Net.Sockets;
using System.Text;

namespace Valkey.Turbo.Server;

/// <summary>Sends log lines to the local syslog daemon (RFC 3164 over /dev/log). A missing daemon is not an error.</summary>
internal sealed class Syslog : IDisposable
{
    private const int FacilityUser = 1;
    private const int FacilityLocal0 = 16;
    private static readonly int[] Severities = [7, 6, 5, 4];
    private readonly Socket _socket = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
    private readonly string _ident;
    private readonly int _facility;

    internal Syslog(string ident, string facility)
    {
        _ident = ident;
        _facility = facility == "user" ? FacilityUser : FacilityLocal0 + (facility[^1] - '0');
        try
        {
            _socket.Connect(new UnixDomainSocketEndPoint("/dev/log"));
        }
        catch (SocketException)
        {
            // Lines then go to the log file alone, as with a daemon that is down.
        }
    }

    public void Dispose() => _socket.Dispose();

    internal void Send(LogLevel level, string text)
    {
        if (!_socket.Connected)
        {
            return;
        }
        try
        {
            _socket.Send(Encoding.UTF8.GetBytes($"<{_facility * 8 + Severities[(int)level]}>{_ident}[{Environment.ProcessId}]: {text}"));
        }
        catch (SocketException)
        {
            // The daemon went away.
        }
    }
}
