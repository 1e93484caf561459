using Valkey.Turbo.Lua;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Scripting;

/// <summary>Writes a value of Lua as a reply. Tables within tables are kept on a stack of its own, so that no depth of them is dangerous.</summary>
internal sealed class ReplyConversion
{
    // What Lua 5.1 lets a function of C have on its stack; each table that is being written takes some of it.
    private const int MostSlots = 8000;
    private const int SlotsAtOnce = 4;

    private enum Kind
    {
        Array,
        MapKey,
        MapValue,
        Set,
    }

    private struct Level
    {
        internal LuaTable Table;
        internal Kind Kind;
        internal int Index;
        internal int Slots;
        internal LuaValue Key;
        internal LuaValue Value;
    }

    private readonly Stack<Level> _levels = new();

    /// <summary>Writes a value.</summary>
    /// <param name="value">The value.</param>
    /// <param name="isResp3">Whether the script has chosen RESP3, in which booleans are no numbers.</param>
    /// <param name="reply">Where to.</param>
    internal void Write(in LuaValue value, bool isResp3, ReplyWriter reply)
    {
        _levels.Clear();
        WriteOne(in value, isResp3, reply, 2);
        while (_levels.TryPop(out Level level))
        {
            switch (level.Kind)
            {
                case Kind.Array:
                    LuaValue item = level.Table[++level.Index];
                    if (!item.IsNil)
                    {
                        _levels.Push(level);
                        WriteOne(in item, isResp3, reply, level.Slots + 1);
                    }
                    break;
                case Kind.MapKey:
                    if (level.Table.Next(in level.Key, out level.Key, out level.Value))
                    {
                        level.Kind = Kind.MapValue;
                        _levels.Push(level);
                        WriteOne(in level.Key, isResp3, reply, level.Slots + 4);
                    }
                    break;
                case Kind.MapValue:
                    level.Kind = Kind.MapKey;
                    _levels.Push(level);
                    WriteOne(in level.Value, isResp3, reply, level.Slots + 3);
                    break;
                default:
                    if (level.Table.Next(in level.Key, out level.Key, out _))
                    {
                        _levels.Push(level);
                        WriteOne(in level.Key, isResp3, reply, level.Slots + 3);
                    }
                    break;
            }
        }
    }

    private void WriteOne(in LuaValue value, bool isResp3, ReplyWriter reply, int slots)
    {
        if (slots + SlotsAtOnce > MostSlots)
        {
            reply.Error("ERR reached lua stack limit");
            return;
        }
        if (value.AsString() is { } text)
        {
            reply.Bulk(text.Span);
        }
        else if (value.TryGetNumber(out double number))
        {
            reply.Integer(double.ConvertToIntegerNative<long>(number));
        }
        else if (value.AsTable() is { } table)
        {
            WriteTable(table, reply, slots);
        }
        else if (!value.IsBoolean)
        {
            reply.Null();
        }
        else if (isResp3)
        {
            reply.Boolean(value.IsTrue);
        }
        else if (value.IsTrue)
        {
            reply.Integer(1);
        }
        else
        {
            reply.Null();
        }
    }

    private void WriteTable(LuaTable table, ReplyWriter reply, int slots)
    {
        if (table[Words.Error].AsString() is { } error)
        {
            WriteError(table, error, reply);
        }
        else if (table[Words.Ok].AsString() is { } status)
        {
            reply.SimpleLine(UpToNul(status.Span));
        }
        else if (table[Words.Double].TryGetNumber(out double number))
        {
            reply.Double(number);
        }
        else if (table[Words.BigNumber].AsString() is { } digits)
        {
            reply.BigNumber(UpToNul(digits.Span));
        }
        else if (table[Words.Verbatim].AsTable() is { } parts && parts[Words.Format].AsString() is { } format
            && parts[Words.String].AsString() is { } text)
        {
            reply.Verbatim([.. UpToNul(format.Span), .. "   "u8], text.Span);
        }
        else if (table[Words.Map].AsTable() is { } map)
        {
            reply.Map(CountOf(map));
            _levels.Push(new Level { Table = map, Kind = Kind.MapKey, Slots = slots });
        }
        else if (table[Words.Set].AsTable() is { } set)
        {
            reply.Set(CountOf(set));
            _levels.Push(new Level { Table = set, Kind = Kind.Set, Slots = slots });
        }
        else
        {
            int count = 0;
            while (!table[count + 1].IsNil)
            {
                count++;
            }
            reply.Array(count);
            _levels.Push(new Level { Table = table, Kind = Kind.Array, Slots = slots });
        }
    }

    /// <summary>Writes an error; one that a command has raised was counted then.</summary>
    internal static void WriteError(LuaTable table, LuaString text, ReplyWriter reply, string suffix = "")
    {
        ReadOnlySpan<byte> line = UpToNul(text.Span);
        byte[] bytes = [.. line.TrimEnd("\r\n"u8), .. System.Text.Encoding.Latin1.GetBytes(suffix)];
        if (table[Words.IgnoresStatistics].IsTrue)
        {
            reply.Error((ReadOnlySpan<byte>)bytes);
        }
        else
        {
            reply.Error(System.Text.Encoding.Latin1.GetString(bytes));
        }
    }

    private static long CountOf(LuaTable table)
    {
        long count = 0;
        for (LuaValue key = default; table.Next(in key, out key, out _);)
        {
            count++;
        }
        return count;
    }

    /// <summary>What of some bytes Valkey shows where it takes them for a string of C.</summary>
    internal static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return end < 0 ? bytes : bytes[..end];
    }
}
