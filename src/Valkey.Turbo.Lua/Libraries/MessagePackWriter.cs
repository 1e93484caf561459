using System.Buffers.Binary;

namespace Valkey.Turbo.Lua.Libraries;

/// <summary>Writes values as MessagePack, each in the shortest form.</summary>
internal readonly struct MessagePackWriter(ByteBuilder builder)
{
    /// <summary>Tables that lie deeper in each other are written as nil.</summary>
    private const int MaxNesting = 16;

    internal void Write(in LuaValue value, int level)
    {
        switch (value.Type)
        {
            case LuaType.String:
                WriteString(value.AsString()!.Span);
                break;
            case LuaType.Boolean:
                builder.Append(value.IsTrue ? (byte)0xC3 : (byte)0xC2);
                break;
            case LuaType.Number:
                WriteNumber(value.Number);
                break;
            case LuaType.Table when level < MaxNesting:
                WriteTable(value.AsTable()!, level);
                break;
            default:
                builder.Append((byte)0xC0);
                break;
        }
    }

    private void WriteString(ReadOnlySpan<byte> text)
    {
        switch (text.Length)
        {
            case < 32:
                builder.Append((byte)(0xA0 | text.Length));
                break;
            case <= 0xFF:
                WriteHeader(0xD9, (uint)text.Length, 1);
                break;
            case <= 0xFFFF:
                WriteHeader(0xDA, (uint)text.Length, 2);
                break;
            default:
                WriteHeader(0xDB, (uint)text.Length, 4);
                break;
        }
        builder.Append(text);
    }

    /// <summary>Writes a type and an unsigned number behind it.</summary>
    private void WriteHeader(byte type, ulong number, int size)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, number);
        builder.Append(type);
        builder.Append(bytes[(8 - size)..]);
    }

    private void WriteNumber(double number)
    {
        // The upper bound has no representation as a long, and what is not a number differs from everything.
        if (number is >= -9223372036854775808.0 and < 9223372036854775808.0 && (long)number == number)
        {
            WriteInteger((long)number);
        }
        else if ((float)number == number)
        {
            WriteHeader(0xCA, BitConverter.SingleToUInt32Bits((float)number), 4);
        }
        else
        {
            WriteHeader(0xCB, BitConverter.DoubleToUInt64Bits(number), 8);
        }
    }

    private void WriteInteger(long number)
    {
        switch (number)
        {
            case >= -32 and <= 127:
                builder.Append(unchecked((byte)number));
                break;
            case >= 0 and <= 0xFF:
                WriteHeader(0xCC, (ulong)number, 1);
                break;
            case >= 0 and <= 0xFFFF:
                WriteHeader(0xCD, (ulong)number, 2);
                break;
            case >= 0 and <= 0xFFFFFFFF:
                WriteHeader(0xCE, (ulong)number, 4);
                break;
            case >= 0:
                WriteHeader(0xCF, (ulong)number, 8);
                break;
            case >= sbyte.MinValue:
                WriteHeader(0xD0, unchecked((ulong)number), 1);
                break;
            case >= short.MinValue:
                WriteHeader(0xD1, unchecked((ulong)number), 2);
                break;
            case >= int.MinValue:
                WriteHeader(0xD2, unchecked((ulong)number), 4);
                break;
            default:
                WriteHeader(0xD3, unchecked((ulong)number), 8);
                break;
        }
    }

    private void WriteTable(LuaTable table, int level)
    {
        if (!IsArray(table, out int pairs))
        {
            WriteCount(pairs, 0x80, 0xDE);
            int position = 0;
            while (table.NextAt(ref position, out LuaValue key, out LuaValue value))
            {
                Write(in key, level + 1);
                Write(in value, level + 1);
            }
            return;
        }
        int length = table.Length;
        WriteCount(length, 0x90, 0xDC);
        for (int i = 1; i <= length; i++)
        {
            Write(in table.Find(i), level + 1);
        }
    }

    private void WriteCount(int count, int shortType, byte longType)
    {
        if (count <= 15)
        {
            builder.Append((byte)(shortType | count));
        }
        else if (count <= 0xFFFF)
        {
            WriteHeader(longType, (uint)count, 2);
        }
        else
        {
            WriteHeader((byte)(longType + 1), (uint)count, 4);
        }
    }

    /// <summary>Whether the keys are the whole numbers from one up to their count.</summary>
    private static bool IsArray(LuaTable table, out int pairs)
    {
        bool isArray = true;
        int largest = 0;
        int position = 0;
        pairs = 0;
        while (table.NextAt(ref position, out LuaValue key, out _))
        {
            pairs++;
            isArray = isArray && key.IsNumber && key.Number > 0 && double.ConvertToIntegerNative<int>(key.Number) == key.Number;
            largest = isArray ? Math.Max(largest, (int)key.Number) : 0;
        }
        return isArray && largest == pairs;
    }
}
