using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Valkey.Turbo.Memory;

/// <summary>A list of plain values off the managed heap. Owned by one thread; one that is not disposed leaks.</summary>
public sealed unsafe class NativeList<T> : IDisposable
    where T : unmanaged
{
    private const int SmallestCapacity = 16;
    private T* _items;

    /// <summary>How many values there are.</summary>
    public int Count { get; private set; }

    /// <summary>How many there is memory for.</summary>
    public int Capacity { get; private set; }

    /// <summary>All of them; valid until the list grows.</summary>
    public Span<T> Span => new(_items, Count);

    /// <summary>One of them; valid until the list grows.</summary>
    public ref T this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Count);
            return ref _items[index];
        }
    }

    /// <summary>Adds a value at the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item)
    {
        if (Count == Capacity)
        {
            Grow(1);
        }
        _items[Count++] = item;
    }

    /// <summary>Adds values at the end.</summary>
    public void AddRange(ReadOnlySpan<T> items)
    {
        if (Capacity - Count < items.Length)
        {
            Grow(items.Length);
        }
        items.CopyTo(new Span<T>(_items + Count, items.Length));
        Count += items.Length;
    }

    /// <summary>Makes room for so many values at once.</summary>
    public void EnsureCapacity(int capacity)
    {
        if (capacity > Capacity)
        {
            Grow(capacity - Count);
        }
    }

    /// <summary>Adds so many values, which have yet to be set, and returns them.</summary>
    public Span<T> Extend(int more)
    {
        EnsureCapacity(checked(Count + more));
        Count += more;
        return Span[^more..];
    }

    /// <summary>Cuts the end off.</summary>
    public void SetCount(int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)count, (uint)Count);
        Count = count;
    }

    /// <summary>Forgets all values, and keeps the memory.</summary>
    public void Clear() => Count = 0;

    /// <summary>Iterates over the values, of which none may be added meanwhile.</summary>
    public Span<T>.Enumerator GetEnumerator() => Span.GetEnumerator();

    /// <summary>Gives the memory back; the list can be used again.</summary>
    public void Dispose()
    {
        NativeMemory.Free(_items);
        _items = null;
        Count = Capacity = 0;
    }

    private void Grow(int more)
    {
        int capacity = (int)Math.Min(Array.MaxLength, Math.Max(Math.Max(SmallestCapacity, Capacity * 2L), Count + (long)more));
        if (capacity - Count < more)
        {
            throw new OutOfMemoryException("a list of more than 2,147,483,591 values");
        }
        _items = (T*)NativeMemory.Realloc(_items, (nuint)capacity * (nuint)sizeof(T));
        Capacity = capacity;
    }
}
