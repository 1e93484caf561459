using System.Buffers.Binary;
using System.Numerics;

namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The library <c>struct</c>: values in the layouts of C's structures.</summary>
internal static class StructLibrary
{
    private const int LargestInteger = 32;
    private const int LargestAlignment = 8;

    internal static void Open(LuaState state) => state.Register(
        state.NewLibrary("struct", 3),
        ("pack", Pack),
        ("unpack", Unpack),
        ("size", Size));

    /// <summary>A format, read item by item. C's end of string ends it.</summary>
    private ref struct Format(ReadOnlySpan<byte> text)
    {
        private ReadOnlySpan<byte> _rest = text;
        private int _alignment = 1;

        internal bool IsBigEndian { get; private set; }

        internal char Option { get; private set; }

        /// <summary>Bytes that the item takes, as far as the format says.</summary>
        internal ulong ItemBytes { get; private set; }

        internal bool Next(ref LuaCall call)
        {
            if (_rest.Length == 0 || _rest[0] == 0)
            {
                return false;
            }
            Option = (char)_rest[0];
            _rest = _rest[1..];
            ItemBytes = Option switch
            {
                'B' or 'b' or 'x' => 1,
                'H' or 'h' => 2,
                'L' or 'l' or 'T' or 'd' => 8,
                'f' => 4,
                'c' => (ulong)ReadNumber(ref call, 1),
                'i' or 'I' => ReadIntegerBytes(ref call),
                _ => 0,
            };
            return true;
        }

        /// <summary>Bytes before the item, so that it is aligned.</summary>
        internal readonly int Padding(long position)
        {
            if (ItemBytes == 0 || Option == 'c')
            {
                return 0;
            }
            ulong size = Math.Min(ItemBytes, (ulong)_alignment);
            return (int)((size - ((ulong)position & (size - 1))) & (size - 1));
        }

        /// <summary>Follows an option that stands for no value.</summary>
        internal void Control(ref LuaCall call)
        {
            switch (Option)
            {
                case ' ':
                    break;
                case '>':
                    IsBigEndian = true;
                    break;
                case '<':
                    IsBigEndian = false;
                    break;
                case '!':
                    int alignment = ReadNumber(ref call, LargestAlignment);
                    _alignment = alignment > 0 && BitOperations.IsPow2(alignment)
                        ? alignment
                        : throw call.Error($"alignment {alignment} is not a power of 2");
                    break;
                default:
                    throw call.ArgumentError(1, $"invalid format option '{Option}'");
            }
        }

        private ulong ReadIntegerBytes(ref LuaCall call)
        {
            int size = ReadNumber(ref call, 4);
            return size <= LargestInteger
                ? (ulong)size
                : throw call.Error($"integral size {size} is larger than limit of {LargestInteger}");
        }

        private int ReadNumber(ref LuaCall call, int otherwise)
        {
            if (_rest.Length == 0 || !char.IsAsciiDigit((char)_rest[0]))
            {
                return otherwise;
            }
            int number = 0;
            while (_rest.Length > 0 && char.IsAsciiDigit((char)_rest[0]))
            {
                int digit = _rest[0] - '0';
                if (number > int.MaxValue / 10 || number * 10 > int.MaxValue - digit)
                {
                    throw call.Error("integral size overflow");
                }
                number = (number * 10) + digit;
                _rest = _rest[1..];
            }
            return number;
        }
    }

    private static int Pack(ref LuaCall call)
    {
        Format format = new(call.CheckString(1).Span);
        // The original marks the end of the arguments with a nil, and errors name it.
        call.AddNilArgument();
        ByteBuilder builder = call.Interpreter.TakeBuilder();
        int argument = 2;
        while (format.Next(ref call))
        {
            builder.Fill(0, format.Padding(builder.Length));
            switch (format.Option)
            {
                case 'b' or 'B' or 'h' or 'H' or 'l' or 'L' or 'T' or 'i' or 'I':
                    AppendInteger(builder, call.CheckNumber(argument++), (int)format.ItemBytes, format.IsBigEndian);
                    break;
                case 'x':
                    builder.Append((byte)0);
                    break;
                case 'f' or 'd':
                    AppendReal(builder, call.CheckNumber(argument++), in format);
                    break;
                case 'c' or 's':
                    AppendString(ref call, builder, argument++, in format);
                    break;
                default:
                    format.Control(ref call);
                    break;
            }
        }
        LuaString packed = builder.ToLuaString();
        call.Interpreter.GiveBack(builder);
        return call.Return(packed);
    }

    private static void AppendInteger(ByteBuilder builder, double number, int size, bool isBigEndian)
    {
        ulong value = number < 9223372036854775808.0
            ? unchecked((ulong)double.ConvertToIntegerNative<long>(number))
            : unchecked((ulong)double.ConvertToIntegerNative<long>(number - 9223372036854775808.0) ^ 0x8000000000000000);
        Span<byte> bytes = stackalloc byte[LargestInteger];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        bytes = bytes[..size];
        if (isBigEndian)
        {
            bytes.Reverse();
        }
        builder.Append(bytes);
    }

    private static void AppendReal(ByteBuilder builder, double number, in Format format)
    {
        Span<byte> bytes = stackalloc byte[8];
        if (format.Option == 'f')
        {
            BinaryPrimitives.WriteSingleLittleEndian(bytes, (float)number);
            bytes = bytes[..4];
        }
        else
        {
            BinaryPrimitives.WriteDoubleLittleEndian(bytes, number);
        }
        if (format.IsBigEndian)
        {
            bytes.Reverse();
        }
        builder.Append(bytes);
    }

    private static void AppendString(ref LuaCall call, ByteBuilder builder, int argument, in Format format)
    {
        ReadOnlySpan<byte> text = call.CheckString(argument).Span;
        ulong size = format.ItemBytes == 0 ? (ulong)text.Length : format.ItemBytes;
        if ((ulong)text.Length < size)
        {
            throw call.ArgumentError(argument + 1, "string too short");
        }
        builder.Append(text[..(int)size]);
        if (format.Option == 's')
        {
            builder.Append((byte)0);
        }
    }

    private static int Unpack(ref LuaCall call)
    {
        Format format = new(call.CheckString(1).Span);
        ReadOnlySpan<byte> data = call.CheckString(2).Span;
        // The offset is unsigned in C, so a negative one is large.
        ulong position = unchecked((ulong)call.OptionalLong(3, 1));
        if (position == 0)
        {
            throw call.ArgumentError(3, "offset must be 1 or greater");
        }
        position--;
        int count = 0;
        while (format.Next(ref call))
        {
            ulong size = format.ItemBytes;
            position = unchecked(position + (ulong)format.Padding((long)position));
            CheckRoom(ref call, data, position, size);
            if (count + 4 >= BasicLibrary.MaxResults)
            {
                throw call.Error("stack overflow (too many results)");
            }
            ReadOnlySpan<byte> rest = data[(int)position..];
            switch (format.Option)
            {
                case 'b' or 'B' or 'h' or 'H' or 'l' or 'L' or 'T' or 'i' or 'I':
                    call.Push(ReadInteger(rest[..(int)size], format.IsBigEndian, char.IsAsciiLetterLower(format.Option)));
                    count++;
                    break;
                case 'x':
                    break;
                case 'f' or 'd':
                    call.Push(ReadReal(rest[..(int)size], format.IsBigEndian));
                    count++;
                    break;
                case 'c':
                    size = ReadCounted(ref call, data, position, size, ref count);
                    break;
                case 's':
                    int end = rest.IndexOf((byte)0);
                    if (end < 0)
                    {
                        throw call.Error("unfinished string in data");
                    }
                    call.Push(call.State.NewString(rest[..end]));
                    count++;
                    size = (ulong)end + 1;
                    break;
                default:
                    format.Control(ref call);
                    break;
            }
            position += size;
        }
        call.Push(position + 1.0);
        return call.ReturnPushed();
    }

    private static void CheckRoom(ref LuaCall call, ReadOnlySpan<byte> data, ulong position, ulong size)
    {
        if (size > (ulong)data.Length || position > (ulong)data.Length - size)
        {
            throw call.ArgumentError(2, "data string too short");
        }
    }

    /// <summary>Reads a string whose length the format gives, or else the value before.</summary>
    private static ulong ReadCounted(ref LuaCall call, ReadOnlySpan<byte> data, ulong position, ulong size, ref int count)
    {
        if (size == 0)
        {
            if (count == 0 || !call.LastPushed().TryToNumber(out double length))
            {
                throw call.Error("format 'c0' needs a previous size");
            }
            size = length < 9223372036854775808.0
                ? unchecked((ulong)double.ConvertToIntegerNative<long>(length))
                : ulong.MaxValue;
            call.Pop();
            count--;
            CheckRoom(ref call, data, position, size);
        }
        call.Push(call.State.NewString(data.Slice((int)position, (int)size)));
        count++;
        return size;
    }

    private static double ReadInteger(ReadOnlySpan<byte> bytes, bool isBigEndian, bool isSigned)
    {
        ulong value = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            value = (value << 8) | bytes[isBigEndian ? i : bytes.Length - 1 - i];
        }
        if (!isSigned)
        {
            return value;
        }
        ulong mask = ulong.MaxValue << ((bytes.Length * 8) - 1);
        return (value & mask) != 0 ? (long)(value | mask) : (long)value;
    }

    private static double ReadReal(ReadOnlySpan<byte> bytes, bool isBigEndian)
    {
        if (bytes.Length == 4)
        {
            return isBigEndian ? BinaryPrimitives.ReadSingleBigEndian(bytes) : BinaryPrimitives.ReadSingleLittleEndian(bytes);
        }
        return isBigEndian ? BinaryPrimitives.ReadDoubleBigEndian(bytes) : BinaryPrimitives.ReadDoubleLittleEndian(bytes);
    }

    private static int Size(ref LuaCall call)
    {
        Format format = new(call.CheckString(1).Span);
        long position = 0;
        while (format.Next(ref call))
        {
            position += format.Padding(position);
            if (format.Option == 's')
            {
                throw call.ArgumentError(1, "option 's' has no fixed size");
            }
            if (format.Option == 'c' && format.ItemBytes == 0)
            {
                throw call.ArgumentError(1, "option 'c0' has no fixed size");
            }
            if (!char.IsAsciiLetterOrDigit(format.Option))
            {
                format.Control(ref call);
            }
            position += (long)format.ItemBytes;
        }
        return call.Return((double)position);
    }
}
