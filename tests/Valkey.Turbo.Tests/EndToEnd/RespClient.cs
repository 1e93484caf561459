using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// A blocking client that shows replies as text: simple strings, errors with their dash, integers, bulk strings, nil, and
/// arrays in brackets.
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

    internal static byte[] Encode(params string[] words)
    {
        StringBuilder text = new($"*{words.Length}\r\n");
        foreach (string word in words)
        {
            text.Append(CultureInfo.InvariantCulture, $"${word.Length}\r\n{word}\r\n");
        }
        return Encoding.Latin1.GetBytes(text.ToString());
    }

    internal string Read()
    {
        string line = ReadLine();
        string rest = line[1..];
        switch (line[0])
        {
            case '+' or ',' or '(' or '#':
                return rest;
            case '-':
                return line;
            case ':':
                return rest;
            case '_':
                return "nil";
            case '$' or '=':
                return rest == "-1" ? "nil" : ReadBytes(int.Parse(rest, CultureInfo.InvariantCulture));
            case '*' or '~' or '>' or '%':
                int count = int.Parse(rest, CultureInfo.InvariantCulture) * (line[0] == '%' ? 2 : 1);
                return count < 0 ? "nil" : "[" + string.Join(' ', Enumerable.Range(0, count).Select(_ => Read())) + "]";
            default:
                throw new InvalidDataException($"not RESP: {line}");
        }
    }

    /// <summary>Whether the server has closed the connection.</summary>
    internal bool IsAtEnd() => _reader.ReadByte() < 0;

    public void Dispose()
    {
        _reader.Dispose();
        _stream.Dispose();
        _socket.Dispose();
    }

    private string ReadLine()
    {
        StringBuilder line = new();
        while (true)
        {
            int b = _reader.ReadByte();
            if (b < 0)
            {
                throw new EndOfStreamException();
            }
            if (b == '\r')
            {
                _reader.ReadByte();
                return line.ToString();
            }
            line.Append((char)b);
        }
    }

    private string ReadBytes(int length)
    {
        byte[] bytes = new byte[length + 2];
        _reader.ReadExactly(bytes);
        return Encoding.Latin1.GetString(bytes, 0, length);
    }
}
