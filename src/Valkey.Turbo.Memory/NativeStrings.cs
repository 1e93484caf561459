namespace Valkey.Turbo.Memory;

/// <summary>A row of byte strings off the managed heap, one behind the other, as many as memory holds. Owned by one thread; one that is not disposed leaks.</summary>
public sealed class NativeStrings : IDisposable
{
    private readonly NativeBuffer _bytes = new();
    private readonly NativeList<(long Start, int Length)> _places = new();

    /// <summary>How many there are.</summary>
    public int Count => _places.Count;

    /// <summary>Bytes of memory taken.</summary>
    public long Capacity => _bytes.Capacity + (long)_places.Capacity * (sizeof(long) * 2);

    /// <summary>One of them; valid until another is added.</summary>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            (long start, int length) = _places[index];
            return length <= 0 ? default : _bytes.From(start)[..length];
        }
    }

    /// <summary>Whether one of them stands for nothing.</summary>
    public bool IsNull(int index) => _places[index].Length < 0;

    /// <summary>Adds a copy of some bytes.</summary>
    public void Add(ReadOnlySpan<byte> bytes)
    {
        _places.Add((_bytes.Length, bytes.Length));
        _bytes.Append(bytes);
    }

    /// <summary>Adds what stands for nothing.</summary>
    public void AddNull() => _places.Add((0, -1));

    /// <summary>Forgets all of them, and keeps the memory.</summary>
    public void Clear()
    {
        _bytes.Clear();
        _places.Clear();
    }

    /// <summary>Gives the memory back; the row can be used again.</summary>
    public void Dispose()
    {
        _bytes.Dispose();
        _places.Dispose();
    }
}
