namespace Valkey.Turbo.Tests.Simulation;

/// <summary>Both directions between a simulated client and the server, and what has become of them.</summary>
/// <param name="descriptor">The server's number for it.</param>
/// <param name="roomBytes">How much the server can send before the client reads.</param>
internal sealed class SimulatedSocket(int descriptor, int roomBytes)
{
    /// <summary>Bytes that come out in the order in which they went in.</summary>
    internal sealed class Pipe
    {
        private byte[] _bytes = new byte[256];
        private int _start;
        private int _end;

        internal int Length => _end - _start;

        internal ReadOnlySpan<byte> Span => _bytes.AsSpan(_start, Length);

        internal void Write(ReadOnlySpan<byte> bytes)
        {
            if (_bytes.Length - _end < bytes.Length)
            {
                byte[] target = _bytes.Length >= 2 * (Length + bytes.Length) ? _bytes : new byte[2 * (Length + bytes.Length)];
                Span.CopyTo(target);
                (_bytes, _start, _end) = (target, 0, Length);
            }
            bytes.CopyTo(_bytes.AsSpan(_end));
            _end += bytes.Length;
        }

        internal void Drop(int count) => _start += count;
    }

    internal int Descriptor => descriptor;

    internal Pipe ToServer { get; } = new();

    internal Pipe ToClient { get; } = new();

    /// <summary>The client sends nothing more.</summary>
    internal bool HasClientEnded { get; set; }

    /// <summary>The client is gone, and nothing can be sent to it.</summary>
    internal bool IsReset { get; set; }

    /// <summary>The server has closed its side.</summary>
    internal bool IsServerClosed { get; set; }

    /// <summary>How much more the server can send now.</summary>
    internal int Room => Math.Max(0, roomBytes - ToClient.Length);

    internal bool HasForServer => ToServer.Length > 0 || HasClientEnded || IsReset;
}
