using System.Buffers.Text;
using Valkey.Turbo.Lua;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Scripting;

/// <summary>Turns a command's reply into values of Lua. The server itself has written it, so it is well formed.</summary>
internal ref struct ReplyReader(LuaState state, ReadOnlySpan<byte> reply)
{
    private ReadOnlySpan<byte> _rest = reply;

    /// <summary>Whether the reply is an error.</summary>
    internal readonly bool IsError => _rest[0] == (byte)'-';

    /// <summary>Reads the next value.</summary>
    internal LuaValue Read()
    {
        byte kind = _rest[0];
        ReadOnlySpan<byte> line = Line();
        switch (kind)
        {
            case (byte)'+':
                return Single(Words.Ok, state.NewString(line));
            case (byte)'-':
                return Error(state, line);
            case (byte)':':
                return (double)Integer(line);
            case (byte)'$':
                long length = Integer(line);
                return length < 0 ? false : state.NewString(Bulk((int)length));
            case (byte)'*':
                return Array(Integer(line));
            case (byte)'%':
                return Map(Integer(line));
            case (byte)'~':
                return Set(Integer(line));
            case (byte)'>':
                return Array(Integer(line));
            case (byte)'|':
                // What is said about the reply is not a part of it.
                Map(Integer(line));
                return Read();
            case (byte)'#':
                return line[0] == (byte)'t';
            case (byte)',':
                DoubleText.TryParse(line, out double number);
                return Single(Words.Double, number);
            case (byte)'(':
                return Single(Words.BigNumber, state.NewString(line));
            case (byte)'=':
                return Verbatim(Bulk((int)Integer(line)));
            default:
                return default;
        }
    }

    /// <summary>The table of an error that was counted when it came up.</summary>
    /// <param name="state">The interpreter.</param>
    /// <param name="text">The text, its code first.</param>
    internal static LuaTable Error(LuaState state, ReadOnlySpan<byte> text)
    {
        LuaTable error = state.NewTable(0, 4);
        error[Words.Error] = text.Contains((byte)' ') ? state.NewString(text) : state.NewString([.. "ERR "u8, .. text]);
        error[Words.IgnoresStatistics] = true;
        return error;
    }

    private readonly LuaTable Single(LuaString name, in LuaValue value)
    {
        LuaTable table = state.NewTable(0, 1);
        table[name] = value;
        return table;
    }

    private LuaValue Array(long count)
    {
        if (count < 0)
        {
            return false;
        }
        LuaTable array = state.NewTable((int)count);
        for (int i = 1; i <= count; i++)
        {
            array[i] = Read();
        }
        return array;
    }

    private LuaTable Map(long count)
    {
        LuaTable map = state.NewTable(0, (int)count);
        for (long i = 0; i < count; i++)
        {
            LuaValue key = Read(), value = Read();
            map[key] = value;
        }
        return Single(Words.Map, map);
    }

    private LuaTable Set(long count)
    {
        LuaTable set = state.NewTable(0, (int)count);
        for (long i = 0; i < count; i++)
        {
            set[Read()] = true;
        }
        return Single(Words.Set, set);
    }

    private readonly LuaTable Verbatim(ReadOnlySpan<byte> text)
    {
        LuaTable parts = state.NewTable(0, 2);
        parts[Words.String] = state.NewString(text[4..]);
        parts[Words.Format] = state.NewString(text[..3]);
        return Single(Words.Verbatim, parts);
    }

    private ReadOnlySpan<byte> Line()
    {
        int end = _rest.IndexOf((byte)'\r');
        ReadOnlySpan<byte> line = _rest[1..end];
        _rest = _rest[(end + 2)..];
        return line;
    }

    private ReadOnlySpan<byte> Bulk(int length)
    {
        ReadOnlySpan<byte> bytes = _rest[..length];
        _rest = _rest[(length + 2)..];
        return bytes;
    }

    private static long Integer(ReadOnlySpan<byte> text)
    {
        Utf8Parser.TryParse(text, out long value, out _);
        return value;
    }
}
