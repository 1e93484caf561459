using System.Buffers.Binary;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>
/// Reads the primitives of the RDB format, from memory or from a file. Everything is checked, every length before anything is allocated for it:
/// after the first thing that does not fit <see cref="Problem"/> is set, and nothing more is read.
/// </summary>
/// <remarks>What a method returns stays valid until the next one is called.</remarks>
public ref struct RdbReader
{
    private const byte Length32 = 0x80;
    private const byte Length64 = 0x81;
    private const int LargestStringBytes = 1 << 30;

    private readonly RdbWindow? _file;
    private ReadOnlySpan<byte> _rest;
    private NativeList<byte>? _scratch;

    /// <summary>Reads from memory.</summary>
    public RdbReader(ReadOnlySpan<byte> source) => _rest = source;

    internal RdbReader(RdbWindow file) => _file = file;

    /// <summary>What did not fit, or null.</summary>
    public string? Problem { get; private set; }

    /// <summary>Whether something did not fit.</summary>
    public readonly bool IsDamaged => Problem is not null;

    /// <summary>Bytes in memory that are left.</summary>
    public readonly int Remaining => _rest.Length;

    /// <summary>Gives back the memory that reading has taken.</summary>
    public readonly void Release() => _scratch?.Dispose();

    /// <summary>Notes that what was read makes no sense, and why.</summary>
    public void Fail(string problem) => Problem ??= problem;

    /// <summary>Reads bytes as they are.</summary>
    public ReadOnlySpan<byte> Raw(long count)
    {
        if (count > _rest.Length && !IsDamaged && !(_file is not null && _file.TryHold(_rest.Length, count, out _rest)))
        {
            Fail("Unexpected EOF reading RDB file");
        }
        if (IsDamaged)
        {
            return default;
        }
        ReadOnlySpan<byte> taken = _rest[..(int)count];
        _rest = _rest[(int)count..];
        return taken;
    }

    /// <summary>Reads a byte.</summary>
    public byte Byte()
    {
        ReadOnlySpan<byte> one = Raw(1);
        return one.IsEmpty ? (byte)0 : one[0];
    }

    /// <summary>Reads a length or another number.</summary>
    public ulong Length()
    {
        ulong value = LengthOrEncoding(out bool isEncoded);
        if (isEncoded)
        {
            Fail("A string stands where a length should");
        }
        return IsDamaged ? 0 : value;
    }

    /// <summary>Reads how many items follow; there can't be more than bytes left.</summary>
    public int Count()
    {
        ulong value = Length();
        if (value > (ulong)Math.Min(int.MaxValue, _rest.Length + (_file?.BytesBeyond ?? 0)))
        {
            Fail("Unexpected EOF reading RDB file");
        }
        return IsDamaged ? 0 : (int)value;
    }

    /// <summary>Reads a string.</summary>
    public ReadOnlySpan<byte> String()
    {
        ulong value = LengthOrEncoding(out bool isEncoded);
        if (!isEncoded)
        {
            return Raw((long)Math.Min(value, long.MaxValue));
        }
        switch (value)
        {
            case 0:
                return Format((sbyte)Byte());
            case 1:
                ReadOnlySpan<byte> two = Raw(2);
                return Format(two.IsEmpty ? 0 : BinaryPrimitives.ReadInt16LittleEndian(two));
            case 2:
                return Format(Integer32());
            case 3:
                return Compressed();
            default:
                Fail($"Unknown RDB string encoding type {value}");
                return default;
        }
    }

    /// <summary>Reads four bytes, least significant first.</summary>
    public int Integer32()
    {
        ReadOnlySpan<byte> four = Raw(4);
        return four.IsEmpty ? 0 : BinaryPrimitives.ReadInt32LittleEndian(four);
    }

    /// <summary>Reads eight bytes, least significant first.</summary>
    public long Integer64()
    {
        ReadOnlySpan<byte> eight = Raw(8);
        return eight.IsEmpty ? 0 : BinaryPrimitives.ReadInt64LittleEndian(eight);
    }

    /// <summary>Reads a floating-point number in binary.</summary>
    public double Double() => BitConverter.Int64BitsToDouble(Integer64());

    /// <summary>Reads a floating-point number as text, as old files have it.</summary>
    public double DoubleText()
    {
        byte length = Byte();
        switch (length)
        {
            case 253:
                return double.NaN;
            case 254:
                return double.PositiveInfinity;
            case 255:
                return double.NegativeInfinity;
        }
        if (Protocol.DoubleText.TryParse(Raw(length), out double value))
        {
            return value;
        }
        Fail("A text stands where a number should");
        return 0;
    }

    /// <summary>The checksum of everything read, which must be a file's; the window then begins at what is unread.</summary>
    internal readonly ulong Checksum()
    {
        _file!.Drop(_rest.Length);
        return _file.Checksum;
    }

    private ulong LengthOrEncoding(out bool isEncoded)
    {
        byte first = Byte();
        isEncoded = first >> 6 == 3;
        switch (first >> 6)
        {
            case 0 or 3:
                return (ulong)(first & 0x3F);
            case 1:
                return (ulong)((first & 0x3F) << 8 | Byte());
        }
        if (first is not (Length32 or Length64))
        {
            Fail($"Unknown length encoding {first} in rdbLoadLen()");
            return 0;
        }
        ReadOnlySpan<byte> number = Raw(first == Length64 ? 8 : 4);
        if (number.IsEmpty)
        {
            return 0;
        }
        return first == Length64 ? BinaryPrimitives.ReadUInt64BigEndian(number) : BinaryPrimitives.ReadUInt32BigEndian(number);
    }

    private ReadOnlySpan<byte> Format(long value)
    {
        Span<byte> target = Scratch(Decimal64.MaxDigits);
        return target[..Decimal64.Format(value, target)];
    }

    private ReadOnlySpan<byte> Compressed()
    {
        ulong compressed = Length(), length = Length();
        ReadOnlySpan<byte> input = Raw((long)Math.Min(compressed, long.MaxValue));
        bool isSound = !IsDamaged && length <= LargestStringBytes && Lzf.DecompressedBytes(input) == (long)length;
        Span<byte> target = isSound ? Scratch((int)length) : default;
        if (!isSound || !Lzf.TryDecompress(input, target))
        {
            Fail("Invalid LZF compressed string");
            return default;
        }
        return target;
    }

    private Span<byte> Scratch(int count)
    {
        _scratch ??= new NativeList<byte>();
        _scratch.Clear();
        return _scratch.Extend(count);
    }
}
