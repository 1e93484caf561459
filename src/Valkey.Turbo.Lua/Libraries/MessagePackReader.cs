using System.Buffers.Binary;

namespace Valkey.Turbo.Lua.Libraries;

/// <summary>Reads MessagePack. Tables in tables lie on a stack of its own, as deep as C's stack of Lua would hold them.</summary>
internal sealed class MessagePackReader(byte[] input, int position)
{
    private const string TooManyValues = "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)";

    /// <summary>A table whose content is being read.</summary>
    private struct Pending
    {
        internal LuaTable Table;
        internal bool IsMap;
        internal bool HasKey;
        internal LuaValue Key;

        /// <summary>Values, or keys and values, that are still to come.</summary>
        internal long Left;
    }

    private readonly Stack<Pending> _pending = [];

    internal bool IsAtEnd => position == input.Length;

    /// <summary>Bytes read.</summary>
    internal int Position => position;

    /// <summary>Reads one value.</summary>
    /// <param name="call">The call.</param>
    /// <param name="slots">Slots of Lua's stack that are taken before.</param>
    internal LuaValue Read(ref LuaCall call, int slots)
    {
        while (true)
        {
            Need(ref call, 1);
            if (slots >= BasicLibrary.MaxResults)
            {
                throw call.Error(TooManyValues);
            }
            if (ReadScalar(ref call, out LuaValue value, out long count, out bool isMap))
            {
                slots++;
            }
            else
            {
                slots++;
                if (!isMap && slots >= BasicLibrary.MaxResults)
                {
                    throw call.Error("stack overflow (in function mp_decode_to_lua_array)");
                }
                LuaTable table = call.State.NewTable();
                value = table;
                if (count > 0)
                {
                    _pending.Push(new Pending { Table = table, IsMap = isMap, Left = isMap ? count * 2 : count });
                    slots += isMap ? 0 : 1;
                    continue;
                }
            }
            if (!Store(ref value, ref slots))
            {
                return value;
            }
        }
    }

    /// <summary>Puts a value into the innermost table, and tables that are complete into those around them.</summary>
    /// <returns>Whether more is to be read; if not, the value is the outermost one.</returns>
    private bool Store(ref LuaValue value, ref int slots)
    {
        while (_pending.TryPop(out Pending pending))
        {
            pending.Left--;
            if (pending.IsMap && !pending.HasKey)
            {
                pending.Key = value;
                pending.HasKey = true;
                _pending.Push(pending);
                return true;
            }
            if (pending.IsMap)
            {
                pending.Table.Set(in pending.Key, in value);
                pending.HasKey = false;
            }
            else
            {
                LuaValue key = ++pending.Key.Number;
                pending.Table.Set(in key, in value);
            }
            // The key and the value leave the stack; the next index takes a slot again.
            slots -= 2;
            if (pending.Left > 0)
            {
                _pending.Push(pending);
                slots += pending.IsMap ? 0 : 1;
                return true;
            }
            value = pending.Table;
        }
        return false;
    }

    private void Need(ref LuaCall call, long count)
    {
        if (input.Length - position < count)
        {
            throw call.Error("Missing bytes in input.");
        }
    }

    private ReadOnlySpan<byte> Take(ref LuaCall call, int skipped, int count)
    {
        Need(ref call, skipped + (long)count);
        ReadOnlySpan<byte> taken = input.AsSpan(position + skipped, count);
        position += skipped + count;
        return taken;
    }

    private uint TakeCount(ref LuaCall call, int size)
    {
        ReadOnlySpan<byte> bytes = Take(ref call, 1, size);
        return size switch
        {
            1 => bytes[0],
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
            _ => BinaryPrimitives.ReadUInt32BigEndian(bytes),
        };
    }

    private LuaValue TakeString(ref LuaCall call, long length)
    {
        Need(ref call, length);
        return call.State.NewString(Take(ref call, 0, (int)length));
    }

    /// <summary>Reads a value, or the count of a table.</summary>
    /// <returns>Whether it is not a table.</returns>
    private bool ReadScalar(ref LuaCall call, out LuaValue value, out long count, out bool isMap)
    {
        byte type = input[position];
        count = 0;
        value = default;
        isMap = type is (>= 0x80 and <= 0x8F) or 0xDE or 0xDF;
        switch (type)
        {
            case <= 0x7F or >= 0xE0:
                position++;
                value = (double)unchecked((sbyte)type);
                return true;
            case <= 0x9F:
                position++;
                count = type & 0x0F;
                return false;
            case <= 0xBF:
                position++;
                value = TakeString(ref call, type & 0x1F);
                return true;
            case 0xDC or 0xDE:
                count = TakeCount(ref call, 2);
                return false;
            case 0xDD or 0xDF:
                count = TakeCount(ref call, 4);
                return false;
            case 0xD9 or 0xDA or 0xDB:
                value = TakeString(ref call, TakeCount(ref call, 1 << (type - 0xD9)));
                return true;
            default:
                value = ReadSimple(ref call, type);
                return true;
        }
    }

    private LuaValue ReadSimple(ref LuaCall call, byte type)
    {
        switch (type)
        {
            case 0xC0:
                position++;
                return default;
            case 0xC2 or 0xC3:
                position++;
                return type == 0xC3;
            case 0xCA:
                return (double)BinaryPrimitives.ReadSingleBigEndian(Take(ref call, 1, 4));
            case 0xCB:
                return BinaryPrimitives.ReadDoubleBigEndian(Take(ref call, 1, 8));
            case 0xCC or 0xCD or 0xCE:
                return (double)TakeCount(ref call, 1 << (type - 0xCC));
            case 0xD0:
                return (double)unchecked((sbyte)TakeCount(ref call, 1));
            case 0xD1:
                return (double)unchecked((short)TakeCount(ref call, 2));
            case 0xD2:
                return (double)unchecked((int)TakeCount(ref call, 4));
            case 0xCF or 0xD3:
                // The original takes unsigned ones for signed as well.
                return (double)BinaryPrimitives.ReadInt64BigEndian(Take(ref call, 1, 8));
            default:
                throw call.Error("Bad data format in input.");
        }
    }
}
