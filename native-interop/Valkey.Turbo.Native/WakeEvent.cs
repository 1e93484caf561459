using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>An eventfd: any thread signals it, the reactor that polls it drains it.</summary>
public sealed unsafe class WakeEvent : IDisposable
{
    private const int CloseOnExec = 0x80000;
    private const int NonBlocking = 0x800;

    /// <summary>The descriptor to poll for readability.</summary>
    public int FileDescriptor { get; }

    public WakeEvent()
    {
        FileDescriptor = eventfd(0, CloseOnExec | NonBlocking);
        if (FileDescriptor < 0)
        {
            throw new IOException($"eventfd: {Errno.Describe(Errno.Last)}");
        }
    }

    /// <summary>Makes the descriptor readable.</summary>
    public void Signal()
    {
        ulong one = 1;
        write(FileDescriptor, &one, sizeof(ulong));
    }

    /// <summary>Makes the descriptor unreadable again.</summary>
    public void Drain()
    {
        ulong count;
        read(FileDescriptor, &count, sizeof(ulong));
    }

    public void Dispose() => close(FileDescriptor);
}
