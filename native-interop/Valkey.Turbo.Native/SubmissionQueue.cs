using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Valkey.Turbo.Native;

/// <summary>
/// The submission side of an io_uring: entries of 64 bytes in a ring that the kernel empties in order, as many at a time as it
/// likes. What has been taken is known by the kernel's index alone, never by what a system call returned.
/// </summary>
/// <remarks>
/// While the ring is full, entries wait behind it in memory of their own and move up as the kernel takes others. So whatever
/// the kernel refuses, and for however long, no entry is written over and none gets ahead of another.
/// </remarks>
/// <param name="head">The kernel's index: entries before it have been taken.</param>
/// <param name="tail">This side's index: entries before it may be taken.</param>
/// <param name="entries">The ring's entries.</param>
/// <param name="count">How many there are, a power of two.</param>
internal sealed unsafe class SubmissionQueue(uint* head, uint* tail, byte* entries, uint count) : IDisposable
{
    internal const int EntryBytes = 64;

    private uint _nextNumber = *tail;
    private uint _inRing = *tail;
    private byte* _waiting;
    private uint _waitingCapacity;
    private uint _waitingStart;

    /// <summary>The number that the next entry will have.</summary>
    internal uint NextNumber => _nextNumber;

    /// <summary>Entries in the ring or behind it that the kernel has not taken.</summary>
    internal uint UntakenCount => _nextNumber - Volatile.Read(ref *head);

    /// <summary>Entries for which the ring had no room.</summary>
    internal uint WaitingCount => _nextNumber - _inRing;

    /// <summary>Whether the kernel has taken an entry by its number.</summary>
    internal bool HasTaken(uint number) => (int)(Volatile.Read(ref *head) - number) > 0;

    /// <summary>A cleared entry, to be filled before anything else is asked of the queue.</summary>
    internal byte* Next()
    {
        byte* entry = WaitingCount == 0 && _inRing - Volatile.Read(ref *head) < count ? InRing(_inRing++) : Wait();
        _nextNumber++;
        Unsafe.InitBlockUnaligned(entry, 0, EntryBytes);
        return entry;
    }

    /// <summary>Lets the kernel have all entries that the ring has room for, and returns how many it may take now.</summary>
    internal uint Publish()
    {
        uint taken = Volatile.Read(ref *head);
        while (WaitingCount > 0 && _inRing - taken < count)
        {
            Unsafe.CopyBlockUnaligned(InRing(_inRing++), _waiting + (nint)_waitingStart++ * EntryBytes, EntryBytes);
        }
        if (WaitingCount == 0 && _waiting != null)
        {
            Dispose();
        }
        Volatile.Write(ref *tail, _inRing);
        return _inRing - taken;
    }

    /// <summary>Gives back the memory of what waits.</summary>
    public void Dispose()
    {
        NativeMemory.Free(_waiting);
        _waiting = null;
        _waitingCapacity = _waitingStart = 0;
    }

    private byte* InRing(uint number) => entries + (nint)(number & (count - 1)) * EntryBytes;

    private byte* Wait()
    {
        uint end = _waitingStart + WaitingCount;
        if (end == _waitingCapacity)
        {
            _waitingCapacity = Math.Max(count, _waitingCapacity * 2);
            _waiting = (byte*)NativeMemory.Realloc(_waiting, (nuint)_waitingCapacity * EntryBytes);
        }
        return _waiting + (nint)end * EntryBytes;
    }
}
