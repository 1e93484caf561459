using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Tests.Native;

/// <summary>Every prepared entry reaches the kernel once, in order and as it was written, whatever the kernel takes and refuses.</summary>
public sealed unsafe class SubmissionQueueTests
{
    /// <summary>The kernel's side of a submission ring, on plain memory.</summary>
    private sealed class Kernel : IDisposable
    {
        internal const uint Count = 8;
        private readonly uint* _indexes = (uint*)NativeMemory.AllocZeroed(2, sizeof(uint));
        private readonly byte* _entries = (byte*)NativeMemory.AllocZeroed(Count, SubmissionQueue.EntryBytes);

        internal Kernel(uint firstNumber)
        {
            (_indexes[0], _indexes[1]) = (firstNumber, firstNumber);
            Queue = new SubmissionQueue(_indexes, _indexes + 1, _entries, Count);
        }

        internal SubmissionQueue Queue { get; }

        internal List<ulong> Taken { get; } = [];

        /// <summary>io_uring_enter: looks at some of the entries that it may take; none is EAGAIN, EBUSY or EINTR.</summary>
        internal void Take(uint most)
        {
            Assert.InRange(_indexes[1] - _indexes[0], 0u, Count);
            for (; most > 0 && _indexes[0] != _indexes[1]; most--, _indexes[0]++)
            {
                byte* entry = _entries + _indexes[0] % Count * SubmissionQueue.EntryBytes;
                ulong value = *(ulong*)(entry + 32);
                Assert.All(Enumerable.Range(0, 64), i => Assert.True(i is >= 32 and < 40 || entry[i] == (byte)value));
                Taken.Add(value);
            }
        }

        public void Dispose()
        {
            Queue.Dispose();
            NativeMemory.Free(_indexes);
            NativeMemory.Free(_entries);
        }
    }

    [Theory]
    [InlineData(1, 0u)]
    [InlineData(2, 0u)]
    [InlineData(3, uint.MaxValue - 50)]
    [InlineData(4, uint.MaxValue - 3)]
    public void NothingIsLostWrittenOverOrReordered(ulong seed, uint firstNumber)
    {
        RandomSource random = new(seed);
        using Kernel kernel = new(firstNumber);
        List<ulong> prepared = [];
        for (int turn = 0; turn < 5000; turn++)
        {
            // Sometimes more than the ring holds, and sometimes for many turns a kernel that takes nothing.
            for (int i = random.Below(random.Below(4) == 0 ? 30 : 4); i > 0; i--)
            {
                ulong value = (ulong)prepared.Count + 1;
                uint number = kernel.Queue.NextNumber;
                byte* entry = kernel.Queue.Next();
                new Span<byte>(entry, SubmissionQueue.EntryBytes).Fill((byte)value);
                *(ulong*)(entry + 32) = value;
                prepared.Add(value);
                Assert.Equal(firstNumber + (uint)value - 1, number);
            }
            uint mayTake = kernel.Queue.Publish();
            Assert.Equal(Math.Min(kernel.Queue.UntakenCount, Kernel.Count), mayTake);
            if (turn / 20 % 3 != 0)
            {
                kernel.Take((uint)random.Below((int)mayTake + 1));
            }
            Assert.Equal((uint)(prepared.Count - kernel.Taken.Count), kernel.Queue.UntakenCount);
            if (prepared.Count > 0)
            {
                Assert.Equal(kernel.Taken.Count > 0, kernel.Queue.HasTaken(firstNumber + (uint)Math.Max(0, kernel.Taken.Count - 1)));
                Assert.False(kernel.Queue.HasTaken(firstNumber + (uint)kernel.Taken.Count));
            }
        }
        while (kernel.Queue.Publish() > 0)
        {
            kernel.Take(3);
        }
        Assert.True(prepared.Count > 10_000);
        Assert.Equal(prepared, kernel.Taken);
        Assert.Equal(0u, kernel.Queue.WaitingCount);
    }

    /// <summary>A real ring of four entries takes hundreds of operations in one turn.</summary>
    [Fact]
    public void ARealRingTakesMoreThanItHolds()
    {
        const int operations = 300;
        using IoUring? ring = IoUring.TryCreate(4, 16, out _);
        if (ring is null)
        {
            return;
        }
        using WakeEvent signalled = new();
        signalled.Signal();
        for (int i = 0; i < operations; i++)
        {
            ring.PreparePollMultishot(signalled.FileDescriptor, (ulong)i);
        }
        HashSet<ulong> completed = [];
        for (int turn = 0; turn < 1000 && completed.Count < operations; turn++)
        {
            ring.SubmitAndWait(10);
            while (ring.TryPeek(out Completion completion))
            {
                completed.Add(completion.UserData);
                ring.Advance();
            }
        }
        Assert.Equal(operations, completed.Count);
    }
}
