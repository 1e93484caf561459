namespace Valkey.Turbo.Lua;

/// <summary>Collects the bytes of a string.</summary>
internal sealed class ByteBuilder(Interpreter interpreter)
{
    private byte[] _bytes = new byte[256];
    private int _length;

    private const int SmallBytes = 64 * 1024;

    internal int Length => _length;

    /// <summary>Whether it is worth keeping.</summary>
    internal bool IsSmall => _bytes.Length <= SmallBytes;

    internal Span<byte> Span => _bytes.AsSpan(0, _length);

    internal void Clear() => _length = 0;

    internal void Append(byte value)
    {
        if (_length == _bytes.Length)
        {
            Grow(1);
        }
        _bytes[_length++] = value;
    }

    internal void Append(LuaString text) => Append(text.Span);

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>Writes a number as Lua does.</summary>
    internal void Append(double number) => _length += NumberText.Write(number, Reserve(NumberText.MaxBytes));

    /// <summary>Adds a byte so many times.</summary>
    internal void Fill(byte value, int count)
    {
        if (count > 0)
        {
            Reserve(count)[..count].Fill(value);
            _length += count;
        }
    }

    /// <summary>Room for more bytes, which <see cref="Advance"/> then takes.</summary>
    internal Span<byte> Reserve(int count)
    {
        if (_bytes.Length - _length < count)
        {
            Grow(count);
        }
        return _bytes.AsSpan(_length);
    }

    internal void Advance(int count) => _length += count;

    /// <summary>The string; the builder is empty then.</summary>
    internal LuaString ToLuaString()
    {
        LuaString text = interpreter.NewString((ReadOnlySpan<byte>)Span);
        interpreter.Budget -= _length >> 6;
        _length = 0;
        return text;
    }

    private void Grow(int count)
    {
        long needed = (long)_length + count;
        if (needed > LuaState.MaxStringBytes)
        {
            throw LuaException.OutOfMemory();
        }
        int size = (int)Math.Min(Math.Max(needed, _bytes.Length * 2L), Array.MaxLength);
        interpreter.Heap.Charge(size);
        Array.Resize(ref _bytes, size);
    }
}
