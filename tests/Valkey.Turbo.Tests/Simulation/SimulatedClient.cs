using System.Globalization;
using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Tests.Simulation;

/// <summary>A client of a <see cref="SimulatedServer"/>: sends requests, and gives each reply to a handler.</summary>
internal sealed class SimulatedClient(SimulatedServer server, SimulatedSocket socket)
{
    private readonly Queue<Action<string>> _handlers = new();
    private readonly SimulatedSocket.Pipe _received = new();

    internal bool IsIdle => _handlers.Count == 0;

    /// <summary>Replies that are still to come.</summary>
    internal int AwaitedCount => _handlers.Count;

    /// <summary>The server's side, or null before it has accepted, and after it has closed.</summary>
    internal Session? Session => server.Instance.Clients.Values.FirstOrDefault(session => session.FileDescriptor == socket.Descriptor);

    /// <summary>Whether its command waits for keys.</summary>
    internal bool IsBlocked => Session is { Blocked: { IsWaiting: true, Work: null } };

    /// <summary>The server has closed the connection, and everything it sent has been read.</summary>
    internal bool IsAtEnd => socket.IsServerClosed && socket.ToClient.Length == 0;

    /// <summary>Whether it reads only when it is told to.</summary>
    internal bool ReadsLate { get; set; }

    /// <summary>Told about messages out of band.</summary>
    internal Action<string> OnPush { get; set; } = _ => { };

    /// <summary>Sends requests; the handler gets the last one's reply.</summary>
    internal void Ask(Action<string> handler, params string[][] requests)
    {
        for (int i = 1; i < requests.Length; i++)
        {
            Expect(_ => { });
        }
        Expect(handler);
        Write([.. requests.SelectMany(RespText.Encode)]);
    }

    /// <summary>The handler gets the reply to what is written next.</summary>
    internal void Expect(Action<string> handler) => _handlers.Enqueue(handler);

    /// <summary>Sends bytes.</summary>
    internal void Write(ReadOnlySpan<byte> bytes) => socket.ToServer.Write(bytes);

    /// <summary>Sends nothing more, but still reads.</summary>
    internal void EndSending() => socket.HasClientEnded = true;

    /// <summary>Goes without another word.</summary>
    internal void Reset()
    {
        socket.IsReset = true;
        _handlers.Clear();
    }

    /// <summary>Reads up to so many bytes, and hands out the replies that are whole.</summary>
    internal void Read(int most)
    {
        int count = Math.Min(most, socket.ToClient.Length);
        if (count == 0)
        {
            return;
        }
        _received.Write(socket.ToClient.Span[..count]);
        socket.ToClient.Drop(count);
        for (int end = 0; TrySkip(_received.Span, ref end); end = 0)
        {
            using MemoryStream reply = new(_received.Span[..end].ToArray());
            _received.Drop(end);
            string text = RespText.Read(reply, out bool isPush);
            (isPush ? OnPush : _handlers.TryDequeue(out Action<string>? handler) ? handler : throw new InvalidDataException($"nobody asked for {text}"))(text);
        }
    }

    internal bool HasUnread => socket.ToClient.Length > 0;

    private static bool TrySkip(ReadOnlySpan<byte> bytes, ref int at)
    {
        int length = bytes[at..].IndexOf("\r\n"u8);
        if (length < 0)
        {
            return false;
        }
        byte kind = bytes[at];
        bool isCounted = kind is (byte)'$' or (byte)'=' or (byte)'*' or (byte)'~' or (byte)'>' or (byte)'%';
        int count = isCounted ? int.Parse(bytes.Slice(at + 1, length - 1), CultureInfo.InvariantCulture) : 0;
        at += length + 2;
        if (kind is (byte)'$' or (byte)'=')
        {
            at += count < 0 ? 0 : count + 2;
            return at <= bytes.Length;
        }
        for (int items = kind == '%' ? count * 2 : count; items > 0; items--)
        {
            if (!TrySkip(bytes, ref at))
            {
                return false;
            }
        }
        return true;
    }
}
