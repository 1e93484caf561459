using System.Runtime.CompilerServices;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>
/// One io_uring, used by the thread that created it (SINGLE_ISSUER, DEFER_TASKRUN where the kernel has them).
/// Layouts and numbers: the kernel's <c>include/uapi/linux/io_uring.h</c>.
/// </summary>
/// <remarks>
/// Submission: <c>Prepare*</c> writes an entry, <see cref="SubmitAndWait"/> publishes all of them, with one system call if the ring
/// has room for them and the kernel takes them all.
/// Completion: <see cref="TryPeek"/> then <see cref="Advance"/>, in a loop.
/// </remarks>
public sealed unsafe class IoUring : IDisposable
{
    private const uint SetupCqSize = 1 << 3;
    private const uint SetupSubmitAll = 1 << 7;
    private const uint SetupSingleIssuer = 1 << 12;
    private const uint SetupDeferTaskRun = 1 << 13;
    private const uint CompletionOverflow = 1 << 1;
    private const uint EnterGetEvents = 1;
    private const uint EnterExtArg = 8;
    private const uint EnterRegisteredRing = 16;
    private const int RegisterPbufRing = 22;
    private const int RegisterRingFds = 20;
    private const int ParametersBytes = 120;

    private const byte OpPollAdd = 6;
    private const byte OpSend = 26;
    private const byte OpRecv = 27;
    private const byte FlagBufferSelect = 1 << 5;
    private const byte FlagSkipSuccess = 1 << 6;
    private const ushort RecvMultishot = 1 << 1;
    private const uint PollMultishot = 1;
    private const uint PollIn = 1;
    private const uint MsgNoSignal = 0x4000;
    private const uint MsgDontWait = 0x40;
    private const uint MsgWaitAll = 0x100;

    private readonly int _fd;
    private readonly int _enterFd;
    private readonly uint _enterFlags;
    private readonly nint _ringAddress;
    private readonly nuint _ringBytes;
    private readonly nint _entriesAddress;
    private readonly nuint _entriesBytes;

    private readonly SubmissionQueue _submissions;
    /// <summary>Flags that the kernel raises.</summary>
    private readonly uint* _sqFlags;
    /// <summary>Producer index of completions: written by the kernel, read with acquire.</summary>
    private readonly uint* _cqTail;
    /// <summary>Consumer index of completions: written by this thread with release.</summary>
    private readonly uint* _cqHead;
    private readonly uint _cqMask;
    private readonly byte* _completions;

    private IoUring(int fd, byte* parameters)
    {
        _fd = fd;
        uint sqCount = *(uint*)parameters;
        uint cqCount = *(uint*)(parameters + 4);
        byte* sq = parameters + 40;
        byte* cq = parameters + 80;
        nuint sqBytes = *(uint*)(sq + 24) + sqCount * sizeof(uint);
        nuint cqBytes = *(uint*)(cq + 20) + cqCount * 16;
        _ringBytes = Math.Max(sqBytes, cqBytes);
        _entriesBytes = sqCount * SubmissionQueue.EntryBytes;
        _ringAddress = MapRing(fd, _ringBytes, 0);
        _entriesAddress = MapRing(fd, _entriesBytes, 0x10000000);
        byte* ring = (byte*)_ringAddress;
        _sqFlags = (uint*)(ring + *(uint*)(sq + 16));
        uint* array = (uint*)(ring + *(uint*)(sq + 24));
        for (uint i = 0; i < sqCount; i++)
        {
            array[i] = i;
        }
        _submissions = new SubmissionQueue((uint*)(ring + *(uint*)sq), (uint*)(ring + *(uint*)(sq + 4)), (byte*)_entriesAddress, sqCount);
        _cqHead = (uint*)(ring + *(uint*)cq);
        _cqTail = (uint*)(ring + *(uint*)(cq + 4));
        _cqMask = *(uint*)(ring + *(uint*)(cq + 8));
        _completions = ring + *(uint*)(cq + 20);
        (_enterFd, _enterFlags) = RegisterOwnDescriptor(fd);
    }

    /// <summary>
    /// Opens a ring. Returns null with the reason and its likely cause when the kernel, a sysctl or seccomp refuses.
    /// </summary>
    public static IoUring? TryCreate(uint submissionCount, uint completionCount, out string refusal)
    {
        refusal = "";
        byte* parameters = stackalloc byte[ParametersBytes];
        foreach (uint flags in (ReadOnlySpan<uint>)[SetupSingleIssuer | SetupDeferTaskRun | SetupSubmitAll, SetupSubmitAll, 0])
        {
            new Span<byte>(parameters, ParametersBytes).Clear();
            *(uint*)(parameters + 4) = completionCount;
            *(uint*)(parameters + 8) = flags | SetupCqSize;
            int fd = (int)SystemCall.Invoke(SystemCall.IoUringSetup, (nint)submissionCount, (nint)parameters);
            if (fd >= 0)
            {
                uint features = *(uint*)(parameters + 20);
                const uint singleMapping = 1, noDrop = 2, extArg = 1 << 8;
                if ((features & (singleMapping | noDrop | extArg)) != (singleMapping | noDrop | extArg))
                {
                    close(fd);
                    refusal = "the kernel's io_uring is too old (5.11 or newer is needed)";
                    return null;
                }
                return new IoUring(fd, parameters);
            }
            int error = Errno.Last;
            refusal = error switch
            {
                Errno.ENOSYS => "the kernel has no io_uring, or seccomp hides it",
                Errno.EPERM or Errno.EACCES => "not permitted: sysctl kernel.io_uring_disabled or a seccomp profile forbids it",
                _ => Errno.Describe(error),
            };
            if (error != Errno.EINVAL)
            {
                return null;
            }
        }
        return null;
    }

    /// <summary>Registers a ring of provided buffers under group 0. Returns false when the kernel has none (before 5.19; incremental: 6.12).</summary>
    internal bool RegisterBufferRing(nint address, uint entryCount, bool isIncremental)
    {
        ulong* registration = stackalloc ulong[5];
        new Span<ulong>(registration, 5).Clear();
        registration[0] = (ulong)address;
        // entries 4, group 2, flags 2 (2: incremental)
        registration[1] = entryCount | (isIncremental ? 2UL << 48 : 0);
        return SystemCall.Invoke(SystemCall.IoUringRegister, _fd, RegisterPbufRing, (nint)registration, 1) >= 0;
    }

    /// <summary>Receives into provided buffers of group 0 until the stream ends or the buffers run out.</summary>
    public void PrepareReceiveMultishot(int fd, ulong userData)
    {
        byte* e = NextEntry(OpRecv, fd, userData);
        e[1] = FlagBufferSelect;
        *(ushort*)(e + 2) = RecvMultishot;
    }

    /// <summary>Sends a whole range, waiting for room where there is none; the memory must stay untouched until the completion.</summary>
    public void PrepareSend(int fd, nint address, int byteCount, ulong userData) =>
        PrepareSend(fd, address, byteCount, userData, MsgNoSignal | MsgWaitAll);

    /// <summary>
    /// Sends a whole range at once and has no completion if it succeeds; what can't be sent without waiting completes as a short
    /// or failed send. So once <see cref="HasSubmitted"/> says that the kernel has it, and unless <see cref="HidesCompletions"/>, the
    /// absence of a completion means success. Returns its number for that question.
    /// </summary>
    /// <remarks>A success that completes would end the wait of the very call that submits it, and cost a second one.</remarks>
    public uint PrepareQuietSend(int fd, nint address, int byteCount, ulong userData)
    {
        PrepareSend(fd, address, byteCount, userData, MsgNoSignal | MsgWaitAll | MsgDontWait)[1] = FlagSkipSuccess;
        return _submissions.NextNumber - 1;
    }

    /// <summary>Whether the kernel has taken an entry by its number.</summary>
    public bool HasSubmitted(uint number) => _submissions.HasTaken(number);

    /// <summary>Reports a descriptor's readability again and again.</summary>
    public void PreparePollMultishot(int fd, ulong userData)
    {
        byte* e = NextEntry(OpPollAdd, fd, userData);
        *(uint*)(e + 24) = PollMultishot;
        *(uint*)(e + 28) = PollIn;
    }

    /// <summary>Submits everything prepared; waits for a completion, at most <paramref name="timeoutMs"/> (-1: for ever, 0: not).</summary>
    /// <remarks>What the kernel refuses just now, for want of memory or of room for completions, stays prepared.</remarks>
    public void SubmitAndWait(int timeoutMs)
    {
        uint toSubmit = _submissions.Publish();
        while (_submissions.WaitingCount > 0)
        {
            uint untaken = _submissions.UntakenCount;
            Enter(toSubmit, 0);
            if (_submissions.UntakenCount == untaken)
            {
                break;
            }
            toSubmit = _submissions.Publish();
        }
        bool isRefused = Enter(toSubmit, timeoutMs) < 0 && toSubmit > 0;
        if (isRefused && timeoutMs != 0)
        {
            // The call did not get as far as waiting. What is under way may make room meanwhile; soon it is tried again.
            Enter(0, 1);
        }
    }

    /// <summary>Whether there are more completions than had room; the next call brings them.</summary>
    public bool HidesCompletions => (Volatile.Read(ref *_sqFlags) & CompletionOverflow) != 0;

    /// <summary>How many completions are there, not yet advanced over.</summary>
    public int CompletionCount => (int)(Volatile.Read(ref *_cqTail) - *_cqHead);

    /// <summary>A completion by its age, 0 for the oldest, below <see cref="CompletionCount"/>.</summary>
    public Completion PeekAt(int index)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)CompletionCount);
        return *(Completion*)(_completions + ((*_cqHead + (uint)index) & _cqMask) * 16);
    }

    /// <summary>The oldest completion not yet advanced over.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryPeek(out Completion completion)
    {
        uint head = *_cqHead;
        if (head == Volatile.Read(ref *_cqTail))
        {
            completion = default;
            return false;
        }
        completion = *(Completion*)(_completions + (head & _cqMask) * 16);
        return true;
    }

    /// <summary>Gives the oldest completion's place back to the kernel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Advance() => Volatile.Write(ref *_cqHead, *_cqHead + 1);

    public void Dispose()
    {
        _submissions.Dispose();
        munmap((void*)_ringAddress, (size_t)(ulong)_ringBytes);
        munmap((void*)_entriesAddress, (size_t)(ulong)_entriesBytes);
        close(_fd);
    }

    private byte* PrepareSend(int fd, nint address, int byteCount, ulong userData, uint messageFlags)
    {
        byte* e = NextEntry(OpSend, fd, userData);
        *(ulong*)(e + 16) = (ulong)address;
        *(uint*)(e + 24) = (uint)byteCount;
        *(uint*)(e + 28) = messageFlags;
        return e;
    }

    private byte* NextEntry(byte operation, int fd, ulong userData)
    {
        byte* e = _submissions.Next();
        *e = operation;
        *(int*)(e + 4) = fd;
        *(ulong*)(e + 32) = userData;
        return e;
    }

    /// <summary>Submits up to <paramref name="toSubmit"/> entries and waits. What became of them, <see cref="_submissions"/> knows.</summary>
    private nint Enter(uint toSubmit, int timeoutMs)
    {
        long* time = stackalloc long[2];
        ulong* argument = stackalloc ulong[3];
        argument[0] = 0;
        argument[1] = 0;
        argument[2] = 0;
        uint waitFor = timeoutMs == 0 ? 0u : 1u;
        if (timeoutMs > 0)
        {
            time[0] = timeoutMs / 1000;
            time[1] = timeoutMs % 1000 * 1_000_000L;
            argument[2] = (ulong)time;
        }
        // GETEVENTS even when not waiting: with deferred task running, completions appear only then.
        return SystemCall.Invoke(SystemCall.IoUringEnter, _enterFd, (nint)toSubmit, (nint)waitFor,
            (nint)(EnterGetEvents | EnterExtArg | _enterFlags), (nint)argument, 24);
    }

    private static nint MapRing(int fd, nuint bytes, long offset)
    {
        void* address = mmap(null, (size_t)(ulong)bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, offset);
        return address == MAP_FAILED ? throw new IOException($"mmap of io_uring: {Errno.Describe(Errno.Last)}") : (nint)address;
    }

    private static (int Fd, uint Flags) RegisterOwnDescriptor(int fd)
    {
        // struct io_uring_rsrc_update: offset (-1: kernel's choice), reserved, data. Saves a lookup each call.
        ulong* update = stackalloc ulong[2];
        update[0] = uint.MaxValue;
        update[1] = (ulong)fd;
        nint registered = SystemCall.Invoke(SystemCall.IoUringRegister, fd, RegisterRingFds, (nint)update, 1);
        return registered == 1 ? ((int)(uint)update[0], EnterRegisteredRing) : (fd, 0);
    }
}
