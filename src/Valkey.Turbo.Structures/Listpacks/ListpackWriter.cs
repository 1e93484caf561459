using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// Gathers elements to be added to a listpack at once. Ends with <see cref="Dispose"/>.
/// </summary>
public ref struct ListpackWriter
{
    private Scratch<byte> _scratch;
    private bool _hasScratch;
    private Span<byte> _buffer;

    /// <summary>Writes into <paramref name="initial"/> first, and beyond into memory of its own.</summary>
    public ListpackWriter(Span<byte> initial)
    {
        _buffer = initial;
    }

    /// <summary>Bytes written.</summary>
    public int Length { get; private set; }

    /// <summary>Elements written.</summary>
    public int Count { get; private set; }

    /// <summary>What was written.</summary>
    public readonly ReadOnlySpan<byte> Written => _buffer[..Length];

    /// <summary>Adds a value.</summary>
    public void Add(scoped ReadOnlySpan<byte> value)
    {
        Span<byte> header = stackalloc byte[ListpackElement.LargestOverheadBytes];
        int headerBytes = ListpackElement.WriteHeader(value, header, out bool isInteger);
        Add(header[..headerBytes], isInteger ? [] : value);
    }

    /// <summary>Adds an integer.</summary>
    public void Add(long value)
    {
        Span<byte> element = stackalloc byte[ListpackElement.LargestOverheadBytes];
        Add(element[..ListpackElement.WriteInteger(value, element)], []);
    }

    public readonly void Dispose()
    {
        if (_hasScratch)
        {
            _scratch.Dispose();
        }
    }

    private unsafe void Add(scoped ReadOnlySpan<byte> header, scoped ReadOnlySpan<byte> content)
    {
        int length = header.Length + content.Length;
        Reserve(length + ListpackElement.LargestOverheadBytes);
        Span<byte> target = _buffer[Length..];
        header.CopyTo(target);
        content.CopyTo(target[header.Length..]);
        fixed (byte* at = target)
        {
            Length += length + ListpackElement.WriteBackLength(length, at + length);
        }
        Count++;
    }

    private void Reserve(int byteCount)
    {
        if (_buffer.Length - Length >= byteCount)
        {
            return;
        }
        if (!_hasScratch)
        {
            _scratch = new Scratch<byte>();
            _hasScratch = true;
            _scratch.Items.AddRange(Written);
        }
        NativeList<byte> memory = _scratch.Items;
        memory.SetCount(Length);
        memory.Extend(byteCount);
        memory.Extend(memory.Capacity - memory.Count);
        _buffer = memory.Span;
    }
}
