using System.Net;
using System.Net.Sockets;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// A blocking client that shows replies as text; see <see cref="RespText"/>.
/// </summary>
internal sealed class RespClient : IDisposable
{
    private readonly Socket _socket;
    private readonly NetworkStream _stream;
    private readonly BufferedStream _reader;

    internal RespClient(EndPoint target)
    {
        bool isUnix = target is UnixDomainSocketEndPoint;
        _socket = new Socket(target.AddressFamily, SocketType.Stream, isUnix ? ProtocolType.Unspecified : ProtocolType.Tcp);
        if (!isUnix)
        {
            _socket.NoDelay = true;
        }
        _socket.Connect(target);
        _socket.ReceiveTimeout = 20_000;
        _stream = new NetworkStream(_socket);
        _reader = new BufferedStream(_stream, 1 << 16);
    }

    internal int ReceiveTimeoutMs
    {
        set => _socket.ReceiveTimeout = value;
    }

    internal string Run(params string[] words)
    {
        Send(words);
        return Read();
    }

    internal void Send(params string[] words) => Write(Encode(words));

    internal void Write(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    internal static byte[] Encode(params string[] words) => RespText.Encode(words);

    internal string Read() => RespText.Read(_reader);

    /// <summary>Says that no more requests will come; replies can still be read.</summary>
    internal void EndSending() => _socket.Shutdown(SocketShutdown.Send);

    /// <summary>What the server sends, for those who read it in their own way.</summary>
    internal Stream Stream => _reader;

    /// <summary>Whether something comes in time. Nothing that came before may be unread.</summary>
    internal bool HasReply(int timeoutMs) => _socket.Poll(timeoutMs * 1000, SelectMode.SelectRead);

    /// <summary>Whether the server has closed the connection.</summary>
    internal bool IsAtEnd() => _reader.ReadByte() < 0;

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
        _socket.Dispose();
    }
}
