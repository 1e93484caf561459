namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The library <c>string</c>.</summary>
internal static class StringLibrary
{
    private static readonly LuaString s_index = LuaString.Constant("__index");

    internal static void Open(LuaState state)
    {
        LuaTable library = state.NewLibrary("string", 16);
        state.Register(
            library,
            ("byte", Bytes),
            ("char", Characters),
            ("dump", Dump),
            ("find", PatternFunctions.Find),
            ("format", StringFormat.Format),
            ("gmatch", PatternFunctions.MatchAll),
            ("gsub", Substitution.Begin),
            ("len", static (ref LuaCall call) => call.Return((double)call.CheckString(1).Length)),
            ("lower", Lower),
            ("match", PatternFunctions.Match),
            ("rep", Repeat),
            ("reverse", Reverse),
            ("sub", Part),
            ("upper", Upper));
        library[LuaString.Constant("gfind")] = library[LuaString.Constant("gmatch")];
        LuaTable metatable = state.NewTable(0, 1);
        metatable[s_index] = library;
        state.StringMetatable = metatable;
    }

    /// <summary>A position counted from the beginning; negative ones count from the end.</summary>
    internal static int Absolute(long position, int length)
    {
        if (position < 0)
        {
            position += length + 1L;
        }
        return (int)Math.Clamp(position, 0, int.MaxValue);
    }

    private static readonly LuaString s_compiledMark = LuaString.Constant("\u001bLua");

    private static int Dump(ref LuaCall call)
    {
        // Nothing takes compiled chunks, so there is nothing in one but its mark.
        return call.CheckFunction(1) is LuaClosure ? call.Return(s_compiledMark) : throw call.Error("unable to dump given function");
    }

    private static int Part(ref LuaCall call)
    {
        LuaString text = call.CheckString(1);
        int first = Math.Max(Absolute(call.CheckLong(2), text.Length), 1);
        int last = Math.Min(Absolute(call.OptionalLong(3, -1), text.Length), text.Length);
        if (first > last)
        {
            return call.Return(LuaString.Empty);
        }
        return call.Return(last - first + 1 == text.Length ? text : call.State.NewString(text.Span[(first - 1)..last]));
    }

    private static int Bytes(ref LuaCall call)
    {
        LuaString text = call.CheckString(1);
        int first = Absolute(call.OptionalLong(2, 1), text.Length);
        int last = Math.Min(Absolute(call.OptionalLong(3, first), text.Length), text.Length);
        first = Math.Max(first, 1);
        if (first > last)
        {
            return call.Return();
        }
        if (first == last)
        {
            return call.Return((double)text.Bytes[first - 1]);
        }
        if (last - first + 1 >= BasicLibrary.MaxResults)
        {
            throw call.Error("stack overflow (string slice too long)");
        }
        foreach (byte value in text.Span[(first - 1)..last])
        {
            call.Push((double)value);
        }
        return call.ReturnPushed();
    }

    private static int Characters(ref LuaCall call)
    {
        byte[] bytes = call.Interpreter.AllocateString(call.Count);
        for (int i = 1; i <= call.Count; i++)
        {
            int value = call.CheckInteger(i);
            bytes[i - 1] = value is >= 0 and <= 255 ? (byte)value : throw call.ArgumentError(i, "invalid value");
        }
        return call.Return(new LuaString(bytes));
    }

    private static int Lower(ref LuaCall call)
    {
        LuaString text = call.CheckString(1);
        byte[] bytes = call.Interpreter.AllocateString(text.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte value = text.Bytes[i];
            bytes[i] = value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
        }
        return call.Return(new LuaString(bytes));
    }

    private static int Upper(ref LuaCall call)
    {
        LuaString text = call.CheckString(1);
        byte[] bytes = call.Interpreter.AllocateString(text.Length);
        for (int i = 0; i < bytes.Length; i++)
        {
            byte value = text.Bytes[i];
            bytes[i] = value is >= (byte)'a' and <= (byte)'z' ? (byte)(value & ~0x20) : value;
        }
        return call.Return(new LuaString(bytes));
    }

    private static int Reverse(ref LuaCall call)
    {
        LuaString text = call.CheckString(1);
        byte[] bytes = call.Interpreter.AllocateString(text.Length);
        text.Span.CopyTo(bytes);
        Array.Reverse(bytes);
        return call.Return(new LuaString(bytes));
    }

    private static int Repeat(ref LuaCall call)
    {
        LuaString text = call.CheckString(1);
        int count = call.CheckInteger(2);
        if (count <= 0 || text.Length == 0)
        {
            return call.Return(LuaString.Empty);
        }
        long total = (long)text.Length * count;
        if (total > LuaState.MaxStringBytes)
        {
            throw call.Error("resulting string too large");
        }
        byte[] bytes = call.Interpreter.AllocateString(total);
        if (text.Length == 1)
        {
            bytes.AsSpan().Fill(text.Bytes[0]);
            return call.Return(new LuaString(bytes));
        }
        text.Span.CopyTo(bytes);
        int filled = text.Length;
        while (filled < bytes.Length)
        {
            int copied = Math.Min(filled, bytes.Length - filled);
            bytes.AsSpan(0, copied).CopyTo(bytes.AsSpan(filled));
            filled += copied;
        }
        return call.Return(new LuaString(bytes));
    }
}
