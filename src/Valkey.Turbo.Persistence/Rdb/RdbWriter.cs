using System.Buffers.Binary;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>Writes the primitives of the RDB format into a stream, many of them at once.</summary>
/// <param name="target">The stream; stays the caller's.</param>
public sealed class RdbWriter(Stream target)
{
    private const int FlushBytes = 1 << 16;
    private const int SixBits = 1 << 6;
    private const int FourteenBits = 1 << 14;
    private const byte Length32 = 0x80;
    private const byte Length64 = 0x81;
    private const byte Integer8 = 0xC0;
    private const byte Integer16 = 0xC1;
    private const byte Integer32 = 0xC2;
    private const int LongestIntegerText = 11;

    private byte[] _buffer = new byte[256];
    private int _length;
    private long _passedBytes;

    /// <summary>Bytes of all that was written.</summary>
    public long TotalBytes => _passedBytes + _length;

    /// <summary>The checksum of what has gone to the stream.</summary>
    public ulong Checksum { get; private set; }

    /// <summary>Hands everything written to the stream.</summary>
    public void Flush()
    {
        Pass(_buffer.AsSpan(0, _length));
        _length = 0;
    }

    /// <summary>Adds bytes as they are.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length >= FlushBytes)
        {
            Flush();
            Pass(bytes);
            return;
        }
        bytes.CopyTo(Reserve(bytes.Length));
        _length += bytes.Length;
    }

    /// <summary>Adds a byte.</summary>
    public void Byte(byte value)
    {
        Reserve(1)[0] = value;
        _length++;
    }

    /// <summary>Adds a length or another number that is mostly small.</summary>
    public void Length(ulong value)
    {
        Span<byte> target = Reserve(9);
        switch (value)
        {
            case < SixBits:
                target[0] = (byte)value;
                _length++;
                break;
            case < FourteenBits:
                target[0] = (byte)(value >> 8 | 0x40);
                target[1] = (byte)value;
                _length += 2;
                break;
            case <= uint.MaxValue:
                target[0] = Length32;
                BinaryPrimitives.WriteUInt32BigEndian(target[1..], (uint)value);
                _length += 5;
                break;
            default:
                target[0] = Length64;
                BinaryPrimitives.WriteUInt64BigEndian(target[1..], value);
                _length += 9;
                break;
        }
    }

    /// <summary>Adds a string: integers of up to 32 bits in their short form.</summary>
    public void String(ReadOnlySpan<byte> value)
    {
        if (value.Length <= LongestIntegerText && Decimal64.TryParse(value, out long integer) && integer is >= int.MinValue and <= int.MaxValue)
        {
            Integer((int)integer);
            return;
        }
        Length((ulong)value.Length);
        Raw(value);
    }

    /// <summary>Adds a string that stands for an integer.</summary>
    public void String(long value)
    {
        if (value is >= int.MinValue and <= int.MaxValue)
        {
            Integer((int)value);
            return;
        }
        Span<byte> digits = stackalloc byte[Decimal64.MaxDigits];
        int length = Decimal64.Format(value, digits);
        Length((ulong)length);
        Raw(digits[..length]);
    }

    /// <summary>Adds eight bytes, least significant first: a time in milliseconds, or a version's tail.</summary>
    public void Integer64(long value)
    {
        BinaryPrimitives.WriteInt64LittleEndian(Reserve(8), value);
        _length += 8;
    }

    /// <summary>Adds a floating-point number in binary.</summary>
    public void Double(double value) => Integer64(BitConverter.DoubleToInt64Bits(value));

    private void Integer(int value)
    {
        Span<byte> target = Reserve(5);
        switch (value)
        {
            case >= sbyte.MinValue and <= sbyte.MaxValue:
                target[0] = Integer8;
                target[1] = (byte)value;
                _length += 2;
                break;
            case >= short.MinValue and <= short.MaxValue:
                target[0] = Integer16;
                BinaryPrimitives.WriteInt16LittleEndian(target[1..], (short)value);
                _length += 3;
                break;
            default:
                target[0] = Integer32;
                BinaryPrimitives.WriteInt32LittleEndian(target[1..], value);
                _length += 5;
                break;
        }
    }

    private void Pass(ReadOnlySpan<byte> bytes)
    {
        Checksum = Crc64.Append(Checksum, bytes);
        _passedBytes += bytes.Length;
        target.Write(bytes);
    }

    private Span<byte> Reserve(int count)
    {
        if (_length >= FlushBytes)
        {
            Flush();
        }
        if (_buffer.Length - _length < count)
        {
            // Never much more than is flushed at once.
            Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }
        return _buffer.AsSpan(_length);
    }
}
