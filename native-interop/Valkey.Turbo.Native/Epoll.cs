using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>One readiness report: the caller's cookie and what the descriptor is ready for.</summary>
public readonly record struct ReadyEvent(ulong UserData, bool Readable, bool Writable, bool Failed);

/// <summary>An epoll instance. Used by one thread.</summary>
public sealed unsafe class Epoll : IDisposable
{
    private const int MaxEvents = 256;
    private readonly int _fd;
    private readonly epoll_event[] _events = GC.AllocateArray<epoll_event>(MaxEvents, pinned: true);

    public Epoll()
    {
        _fd = epoll_create1(0x80000);
        if (_fd < 0)
        {
            throw new IOException($"epoll_create1: {Errno.Describe(Errno.Last)}");
        }
    }

    /// <summary>The instance itself, which can be watched for readability like any descriptor.</summary>
    public int FileDescriptor => _fd;

    /// <summary>Starts level-triggered watching for input. Returns false with the reason in <see cref="Errno.Last"/>.</summary>
    public bool Add(int fd, ulong userData) => Control(EPOLL_CTL_ADD, fd, EPOLLIN, userData);

    /// <summary>Changes what a watched descriptor is watched for.</summary>
    public bool Modify(int fd, ulong userData, bool readable, bool writable) =>
        Control(EPOLL_CTL_MOD, fd, (readable ? EPOLLIN : 0) | (writable ? EPOLLOUT : 0), userData);

    /// <summary>Stops watching a descriptor. Closing it does the same.</summary>
    public void Remove(int fd) => Control(EPOLL_CTL_DEL, fd, 0, 0);

    /// <summary>Waits up to <paramref name="timeoutMs"/> (-1: for ever) and returns the number of events.</summary>
    public int Wait(int timeoutMs)
    {
        int count = epoll_wait(_fd, (epoll_event*)System.Runtime.CompilerServices.Unsafe.AsPointer(ref _events[0]), MaxEvents, timeoutMs);
        return Math.Max(count, 0);
    }

    /// <summary>The event at <paramref name="index"/> of the last <see cref="Wait"/>.</summary>
    public ReadyEvent this[int index]
    {
        get
        {
            ref epoll_event e = ref _events[index];
            int events = e.events;
            return new ReadyEvent(
                e.data.u64,
                (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0,
                (events & EPOLLOUT) != 0,
                (events & (EPOLLERR | EPOLLHUP)) != 0);
        }
    }

    public void Dispose() => close(_fd);

    private bool Control(int operation, int fd, int events, ulong userData)
    {
        epoll_event e = default;
        e.events = events;
        e.data.u64 = userData;
        return epoll_ctl(_fd, operation, fd, &e) == 0;
    }
}
