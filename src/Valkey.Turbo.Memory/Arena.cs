using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Valkey.Turbo.Memory;

/// <summary>
/// The memory of one shard: slabs for objects up to 16 KiB, runs of pages beyond. Whoever has borrowed the shard uses it;
/// it takes no lock. Freeing wants the size that was asked for, which every owner can derive from its object's header.
/// </summary>
/// <remarks>
/// A slab is a span of 64 KiB:
/// <code>
/// 0        64                                                       65536
/// | header | object | object | object | ...                      | rest |
/// </code>
/// Objects of a size that is a multiple of 64 are therefore aligned to cache lines. Free objects form a list through
/// their first two bytes (offset / 8). A slab that empties goes back to the span source.
/// </remarks>
public sealed unsafe class Arena(SpanSource source)
{
    [StructLayout(LayoutKind.Explicit, Size = HeaderBytes)]
    private struct Slab
    {
        [FieldOffset(0)] internal Slab* Next;
        [FieldOffset(8)] internal Slab* Previous;
        [FieldOffset(16)] internal ushort ClassIndex;
        [FieldOffset(18)] internal ushort UsedCount;
        [FieldOffset(20)] internal ushort Capacity;
        /// <summary>Objects never handed out yet start at this index.</summary>
        [FieldOffset(22)] internal ushort FreshIndex;
        /// <summary>First object of the free list as offset / 8; 0 is the end.</summary>
        [FieldOffset(24)] internal ushort FreeHead;
        [FieldOffset(26)] internal bool Listed;
    }

    private const int HeaderBytes = 64;

    // Of small classes one empty slab is kept, so that a single object that comes and goes does not churn spans.
    private const int LargestKeptBytes = 128;

    // Per class: the slabs with room, as a doubly linked list; allocation uses the first.
    private readonly Slab*[] _withRoom = new Slab*[SizeClass.Count];
    private long _usedBytes;

    // The last slab that emptied: what grows step by step through the size classes would otherwise pass a span back and
    // forth with the source, which locks.
    private nint _spareSpan;

    /// <summary>Exact bytes of all live objects, rounding included. Other threads may read it; they see a recent value.</summary>
    public long UsedBytes => Volatile.Read(ref _usedBytes);

    /// <summary>Allocates uninitialised memory, aligned to 8. Throws <see cref="OutOfMemoryException"/> when the system refuses.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public nint Allocate(long bytes)
    {
        Invariant.Check(bytes > 0);
        if (bytes > SizeClass.LargestBytes)
        {
            return AllocateRun(bytes);
        }
        int index = SizeClass.Of((int)bytes);
        int size = SizeClass.Bytes(index);
        Slab* slab = _withRoom[index];
        if (slab == null)
        {
            slab = AddSlab(index, size);
        }
        _usedBytes += size;
        slab->UsedCount++;
        byte* taken;
        if (slab->FreeHead != 0)
        {
            taken = (byte*)slab + slab->FreeHead * 8;
            slab->FreeHead = *(ushort*)taken;
        }
        else
        {
            taken = (byte*)slab + HeaderBytes + slab->FreshIndex++ * size;
        }
        if (slab->UsedCount == slab->Capacity)
        {
            Unlist(slab);
        }
        return (nint)taken;
    }

    /// <summary>Frees what <see cref="Allocate"/> returned for the same <paramref name="bytes"/>.</summary>
    public void Free(nint address, long bytes)
    {
        if (bytes > SizeClass.LargestBytes)
        {
            _usedBytes -= SizeClass.RoundUp(bytes);
            source.ReturnRun(address, bytes);
            return;
        }
        Slab* slab = (Slab*)(address & ~(nint)(SpanSource.SpanBytes - 1));
        int size = SizeClass.Bytes(slab->ClassIndex);
        Invariant.Check(slab->ClassIndex == SizeClass.Of((int)bytes));
        Invariant.Check((address - (nint)slab - HeaderBytes) % size == 0 && slab->UsedCount > 0);
        _usedBytes -= size;
        *(ushort*)address = slab->FreeHead;
        slab->FreeHead = (ushort)((address - (nint)slab) / 8);
        slab->UsedCount--;
        if (!slab->Listed)
        {
            List(slab);
        }
        else if (slab->UsedCount == 0 && (slab->Next != null || size > LargestKeptBytes))
        {
            Unlist(slab);
            if (_spareSpan != 0)
            {
                source.ReturnSpan(_spareSpan);
            }
            _spareSpan = (nint)slab;
        }
    }

    /// <summary>Allocates a whole span of 64 KiB, aligned to its size; contents are undefined.</summary>
    public nint AllocateSpan()
    {
        _usedBytes += SpanSource.SpanBytes;
        return source.TakeSpan();
    }

    /// <summary>Frees a span of <see cref="AllocateSpan"/>.</summary>
    public void FreeSpan(nint address)
    {
        _usedBytes -= SpanSource.SpanBytes;
        source.ReturnSpan(address);
    }

    private nint AllocateRun(long bytes)
    {
        nint address = source.TakeRun(bytes);
        _usedBytes += SizeClass.RoundUp(bytes);
        return address;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private Slab* AddSlab(int index, int size)
    {
        Slab* slab = (Slab*)(_spareSpan != 0 ? _spareSpan : source.TakeSpan());
        _spareSpan = 0;
        *slab = default;
        slab->ClassIndex = (ushort)index;
        slab->Capacity = (ushort)((SpanSource.SpanBytes - HeaderBytes) / size);
        List(slab);
        return slab;
    }

    private void List(Slab* slab)
    {
        Slab* first = _withRoom[slab->ClassIndex];
        slab->Next = first;
        slab->Previous = null;
        if (first != null)
        {
            first->Previous = slab;
        }
        slab->Listed = true;
        _withRoom[slab->ClassIndex] = slab;
    }

    private void Unlist(Slab* slab)
    {
        if (slab->Previous != null)
        {
            slab->Previous->Next = slab->Next;
        }
        else
        {
            _withRoom[slab->ClassIndex] = slab->Next;
        }
        if (slab->Next != null)
        {
            slab->Next->Previous = slab->Previous;
        }
        slab->Listed = false;
    }
}
