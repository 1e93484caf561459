using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>
/// The socket calls the reactor needs. Methods return what the kernel returns: a count or descriptor, or a negated
/// error number, so that both I/O engines hand the same values up.
/// </summary>
public static unsafe class Sockets
{
    private const int NonBlockingCloseOnExec = 0x800 | 0x80000;
    private const int MsgNoSignal = 0x4000;
    private const int SocketAddressBytes = 128;
    private const int IpProtoIpv6 = 41;
    private const int Ipv6Only = 26;
    private const int TcpKeepIdle = 4;
    private const int TcpKeepInterval = 5;
    private const int TcpKeepCount = 6;
    private const short PollError = 0x8;
    private const short PollHangUp = 0x10;
    private const short PollPeerClosed = 0x2000;

    /// <summary>Bytes that there are for a Unix socket's path and the NUL that ends it.</summary>
    public const int UnixPathBytes = 108;

    /// <summary>The most sockets that <see cref="FindHungUp"/> looks at in one call.</summary>
    public const int MaxProbes = 256;

    // struct pollfd
    [StructLayout(LayoutKind.Sequential)]
    private struct PollEntry
    {
        internal int Descriptor;
        internal short Wanted;
        internal short Found;
    }

    /// <summary>Opens, binds and listens on an IPv4 or IPv6 address. A negative result is a negated error number.</summary>
    public static int ListenTcp(IPAddress address, int port, int backlog)
    {
        bool v6 = address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6;
        int fd = socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | NonBlockingCloseOnExec, 0);
        if (fd < 0)
        {
            return -Errno.Last;
        }
        SetOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
        if (v6)
        {
            SetOption(fd, IpProtoIpv6, Ipv6Only, 1);
        }
        byte* raw = stackalloc byte[SocketAddressBytes];
        int length = Encode(address, port, raw);
        return BindAndListen(fd, raw, length, backlog);
    }

    /// <summary>Opens, binds and listens on a Unix socket path, replacing a stale file; permissions 0 keep the umask's.</summary>
    public static int ListenUnix(string path, int permissions, int backlog)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(path);
        if (bytes.Length >= UnixPathBytes)
        {
            return -Errno.EINVAL;
        }
        int fd = socket(AF_UNIX, SOCK_STREAM | NonBlockingCloseOnExec, 0);
        if (fd < 0)
        {
            return -Errno.Last;
        }
        byte* raw = stackalloc byte[SocketAddressBytes];
        Encode(bytes, raw);
        unlink(raw + 2);
        int result = BindAndListen(fd, raw, 2 + bytes.Length + 1, backlog);
        if (result >= 0 && permissions != 0)
        {
            chmod(raw + 2, (mode_t)(uint)permissions);
        }
        return result;
    }

    /// <summary>
    /// Sends one datagram to a Unix socket. 0, or the error number. A path that begins with NUL is a name in the abstract name space.
    /// </summary>
    public static int SendDatagram(string path, ReadOnlySpan<byte> bytes)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        if (name.Length >= UnixPathBytes)
        {
            return Errno.ENAMETOOLONG;
        }
        int fd = socket(AF_UNIX, SOCK_DGRAM | NonBlockingCloseOnExec, 0);
        if (fd < 0)
        {
            return Errno.Last;
        }
        byte* raw = stackalloc byte[SocketAddressBytes];
        Encode(name, raw);
        int error = 0;
        fixed (byte* first = bytes)
        {
            // An abstract name has no end but its length.
            if (sendto(fd, first, (size_t)(ulong)bytes.Length, MsgNoSignal, (sockaddr*)raw, 2 + name.Length + (path[0] == 0 ? 0 : 1)) < 0)
            {
                error = Errno.Last;
            }
        }
        close(fd);
        return error;
    }

    /// <summary>Accepts one pending connection, non-blocking and close-on-exec.</summary>
    public static int Accept(int listener)
    {
        int fd = accept4(listener, null, null, NonBlockingCloseOnExec);
        return fd < 0 ? -Errno.Last : fd;
    }

    /// <summary>Receives into <paramref name="buffer"/>; 0 is the end of the stream.</summary>
    public static int Receive(int fd, Span<byte> buffer)
    {
        fixed (byte* p = buffer)
        {
            nint n = (nint)(long)recv(fd, p, (size_t)(ulong)buffer.Length, 0);
            return n < 0 ? -Errno.Last : (int)n;
        }
    }

    /// <summary>Sends without raising SIGPIPE; may take less than offered.</summary>
    public static int Send(int fd, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* p = bytes)
        {
            nint n = (nint)(long)send(fd, p, (size_t)(ulong)bytes.Length, MsgNoSignal);
            return n < 0 ? -Errno.Last : (int)n;
        }
    }

    /// <summary>Closes a descriptor.</summary>
    public static void Close(int fd) => close(fd);

    /// <summary>Ends both directions, so that pending operations on the descriptor complete.</summary>
    public static void Shutdown(int fd) => shutdown(fd, SHUT_RDWR);

    /// <summary>
    /// Marks in <paramref name="hungUp"/> which of some sockets have been closed or reset by their peer, at least for what it sends.
    /// One system call for all.
    /// </summary>
    public static void FindHungUp(ReadOnlySpan<int> descriptors, Span<bool> hungUp)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxProbes);
        ArgumentOutOfRangeException.ThrowIfLessThan(hungUp.Length, descriptors.Length);
        PollEntry* entries = stackalloc PollEntry[MaxProbes];
        for (int i = 0; i < descriptors.Length; i++)
        {
            entries[i] = new PollEntry { Descriptor = descriptors[i], Wanted = PollPeerClosed };
        }
        SystemCall.Poll(entries, (nuint)descriptors.Length, 0);
        for (int i = 0; i < descriptors.Length; i++)
        {
            hungUp[i] = (entries[i].Found & (PollPeerClosed | PollError | PollHangUp)) != 0;
        }
    }

    /// <summary>Ends the direction from the peer: what has arrived can still be received, then the stream ends.</summary>
    public static void ShutdownReceive(int fd) => shutdown(fd, SHUT_RD);

    /// <summary>Turns off Nagle's algorithm.</summary>
    public static void SetNoDelay(int fd) => SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);

    /// <summary>Probes an idle peer every <paramref name="seconds"/>/3 s after <paramref name="seconds"/> s of silence.</summary>
    public static void SetKeepAlive(int fd, int seconds)
    {
        SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, seconds > 0 ? 1 : 0);
        if (seconds > 0)
        {
            SetOption(fd, IPPROTO_TCP, TcpKeepIdle, seconds);
            SetOption(fd, IPPROTO_TCP, TcpKeepInterval, Math.Max(1, seconds / 3));
            SetOption(fd, IPPROTO_TCP, TcpKeepCount, 3);
        }
    }

    /// <summary>The peer's address as Valkey prints it: <c>1.2.3.4:5</c>, <c>[::1]:5</c>, or <c>path:0</c> for a Unix socket.</summary>
    public static string PeerName(int fd, string unixPath) => Name(fd, unixPath, peer: true);

    /// <summary>The local address, in the form of <see cref="PeerName"/>.</summary>
    public static string LocalName(int fd, string unixPath) => Name(fd, unixPath, peer: false);

    private static string Name(int fd, string unixPath, bool peer)
    {
        byte* raw = stackalloc byte[SocketAddressBytes];
        socklen_t length = SocketAddressBytes;
        int result = peer ? getpeername(fd, (sockaddr*)raw, &length) : getsockname(fd, (sockaddr*)raw, &length);
        if (result != 0)
        {
            return "?:0";
        }
        ushort family = *(ushort*)raw;
        int port = BinaryPrimitives.ReadUInt16BigEndian(new ReadOnlySpan<byte>(raw + 2, 2));
        if (family == AF_INET)
        {
            return $"{new IPAddress(new ReadOnlySpan<byte>(raw + 4, 4))}:{port}";
        }
        if (family == AF_INET6)
        {
            return $"[{new IPAddress(new ReadOnlySpan<byte>(raw + 8, 16))}]:{port}";
        }
        return $"{unixPath}:0";
    }

    private static void Encode(ReadOnlySpan<byte> unixPath, byte* raw)
    {
        new Span<byte>(raw, SocketAddressBytes).Clear();
        *(ushort*)raw = (ushort)AF_UNIX;
        unixPath.CopyTo(new Span<byte>(raw + 2, UnixPathBytes));
    }

    private static int Encode(IPAddress address, int port, byte* raw)
    {
        new Span<byte>(raw, SocketAddressBytes).Clear();
        BinaryPrimitives.WriteUInt16BigEndian(new Span<byte>(raw + 2, 2), (ushort)port);
        if (address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
        {
            *(ushort*)raw = (ushort)AF_INET6;
            address.TryWriteBytes(new Span<byte>(raw + 8, 16), out _);
            *(uint*)(raw + 24) = (uint)address.ScopeId;
            return 28;
        }
        *(ushort*)raw = (ushort)AF_INET;
        address.TryWriteBytes(new Span<byte>(raw + 4, 4), out _);
        return 16;
    }

    private static int BindAndListen(int fd, byte* raw, int length, int backlog)
    {
        if (bind(fd, (sockaddr*)raw, length) == 0 && listen(fd, backlog) == 0)
        {
            return fd;
        }
        int error = Errno.Last;
        close(fd);
        return -error;
    }

    private static void SetOption(int fd, int level, int option, int value) =>
        setsockopt(fd, level, option, &value, sizeof(int));
}
