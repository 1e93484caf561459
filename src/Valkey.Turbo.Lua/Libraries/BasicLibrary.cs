namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The basic functions.</summary>
internal static class BasicLibrary
{
    /// <summary>Slots that a function of C may use in Lua 5.1.</summary>
    internal const int MaxResults = 8000;

    private static readonly LuaString s_version = LuaString.Constant("Lua 5.1");
    private static readonly LuaString s_assertionFailed = LuaString.Constant("assertion failed!");

    private static readonly string[] s_collectorOptions = ["stop", "restart", "collect", "count", "step", "setpause", "setstepmul"];

    internal static void Open(LuaState state)
    {
        LuaTable globals = state.Globals;
        state.Register(
            globals,
            ("assert", Assert),
            ("collectgarbage", CollectGarbage),
            ("error", Error),
            ("gcinfo", CollectorInfo),
            ("getmetatable", GetMetatable),
            ("newproxy", NewProxy),
            ("pcall", static (ref LuaCall call) => ProtectedCall.Call(ref call)),
            ("rawequal", RawEqual),
            ("rawget", RawGet),
            ("rawset", RawSet),
            ("select", Select),
            ("setmetatable", SetMetatable),
            ("tonumber", ToNumber),
            ("tostring", ToText),
            ("type", TypeOf),
            ("unpack", Unpack),
            ("xpcall", static (ref LuaCall call) => ProtectedCall.CallWithHandler(ref call)));
        EnvironmentFunctions.Open(state);
        LuaNative next = state.NewFunction("next", Next, null, NativeRole.Next);
        LuaNative nextItem = state.NewFunction("ipairs_aux", NextItem, null, NativeRole.NextItem);
        globals[LuaString.Constant("next")] = next;
        globals[LuaString.Constant("pairs")] = state.NewFunction("pairs", Pairs, next);
        globals[LuaString.Constant("ipairs")] = state.NewFunction("ipairs", ItemPairs, nextItem);
        globals[LuaString.Constant("_G")] = globals;
        globals[LuaString.Constant("_VERSION")] = s_version;
    }

    private static int Assert(ref LuaCall call)
    {
        if (!call.CheckAny(1).IsFalsy)
        {
            return call.ReturnArguments(1);
        }
        LuaString message = call.OptionalString(2) ?? s_assertionFailed;
        throw call.Error(message.ToString());
    }

    private static int CollectGarbage(ref LuaCall call)
    {
        int option = call.CheckOption(1, "collect", s_collectorOptions);
        call.OptionalInteger(2, 0);
        switch (s_collectorOptions[option])
        {
            case "collect":
                call.State.Collect(call.Top);
                return call.Return(0.0);
            case "count":
                return call.Return(call.State.UsedBytes / 1024.0);
            case "step":
                call.State.Collect(call.Top);
                return call.Return(true);
            case "setpause" or "setstepmul":
                return call.Return(200.0);
            default:
                return call.Return(0.0);
        }
    }

    private static int CollectorInfo(ref LuaCall call) => call.Return(Math.Floor(call.State.UsedBytes / 1024.0));

    private static int Error(ref LuaCall call)
    {
        int level = call.OptionalInteger(2, 1);
        LuaValue error = call[1];
        if (level > 0 && (error.AsString() is not null || error.IsNumber)
            && Interpreter.FindLevel(call.Thread, call.CallerIndex, level - 1, out int index)
            && Interpreter.PositionOf(call.Thread, index) is { Length: > 0 } position)
        {
            error = call.Interpreter.Text(position + call.CheckString(1));
        }
        return call.Raise(in error);
    }

    private static int GetMetatable(ref LuaCall call)
    {
        LuaTable? metatable = call.Interpreter.MetatableOf(call.CheckAny(1));
        if (metatable is null)
        {
            return call.Return(default(LuaValue));
        }
        LuaValue shown = metatable.FindEvent(Metamethod.Protected);
        return call.Return(shown.IsNil ? metatable : shown);
    }

    private static int SetMetatable(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        LuaValue metatable = call[2];
        if (!call.Has(2) || (!metatable.IsNil && metatable.AsTable() is null))
        {
            throw call.ArgumentError(2, "nil or table expected");
        }
        if (table.Metatable is { } old && !old.FindEvent(Metamethod.Protected).IsNil)
        {
            throw call.Error("cannot change a protected metatable");
        }
        table.CheckWritable();
        table.Metatable = metatable.AsTable();
        return call.ReturnFirst();
    }

    private static int NewProxy(ref LuaCall call)
    {
        LuaValue kind = call[1];
        LuaUserdata proxy = new(null);
        if (kind.AsUserdata() is { Metatable: not null, Content: null } other)
        {
            proxy.Metatable = other.Metatable;
        }
        else if (kind.IsTrue)
        {
            proxy.Metatable = call.State.NewTable();
        }
        else if (!kind.IsFalsy)
        {
            throw call.ArgumentError(1, "boolean or proxy expected");
        }
        return call.Return(proxy);
    }

    private static int RawEqual(ref LuaCall call) => call.Return(call.CheckAny(1).RawEquals(call.CheckAny(2)));

    private static int RawGet(ref LuaCall call) => call.Return(call.CheckTable(1)[call.CheckAny(2)]);

    private static int RawSet(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        LuaValue key = call.CheckAny(2);
        table.SetChecked(in key, call.CheckAny(3));
        return call.ReturnFirst();
    }

    private static int Next(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        return table.Next(call[2], out LuaValue key, out LuaValue value) ? call.Return(key, value) : call.Return(default(LuaValue));
    }

    private static int Pairs(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        call.Push((LuaNative)call.NativeState!);
        call.Push(table);
        call.Push(default);
        return call.ReturnPushed();
    }

    private static int ItemPairs(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        call.Push((LuaNative)call.NativeState!);
        call.Push(table);
        call.Push(0.0);
        return call.ReturnPushed();
    }

    private static int NextItem(ref LuaCall call)
    {
        int index = unchecked(call.CheckInteger(2) + 1);
        LuaValue item = call.CheckTable(1)[index];
        return item.IsNil ? call.Return() : call.Return((double)index, item);
    }

    private static int Select(ref LuaCall call)
    {
        if (call[1].AsString() is { Length: > 0 } text && text.Span[0] == '#')
        {
            return call.Return(call.Count - 1.0);
        }
        int index = call.CheckInteger(1);
        index = index < 0 ? call.Count + index : Math.Min(index, call.Count);
        return index >= 1 ? call.ReturnArguments(index + 1) : throw call.ArgumentError(1, "index out of range");
    }

    private static int ToNumber(ref LuaCall call)
    {
        int radix = call.OptionalInteger(2, 10);
        if (radix == 10)
        {
            return call.Return(call.CheckAny(1).TryToNumber(out double number) ? number : default(LuaValue));
        }
        LuaString text = call.CheckString(1);
        if (radix is < 2 or > 36)
        {
            throw call.ArgumentError(2, "base out of range");
        }
        return call.Return(UnsignedText.TryParse(text.Span, radix, out double value) ? value : default(LuaValue));
    }

    private static int TypeOf(ref LuaCall call) => call.Return(LuaTypeNames.Strings[(int)call.CheckAny(1).Type]);

    private static int ToText(ref LuaCall call)
    {
        LuaValue value = call.CheckAny(1);
        LuaValue handler = call.Interpreter.EventOf(in value, Metamethod.ToText);
        return handler.IsNil
            ? call.Return(call.State.ToLuaString(in value))
            : call.Invoke(in handler, [value], ReturnOneResult.Instance);
    }

    private static int Unpack(ref LuaCall call)
    {
        LuaTable table = call.CheckTable(1);
        long first = call.OptionalInteger(2, 1);
        long last = call.IsNoneOrNil(3) ? table.Length : call.CheckInteger(3);
        if (first > last)
        {
            return call.Return();
        }
        long count = last - first + 1;
        if (count >= MaxResults)
        {
            throw call.Error("too many results to unpack");
        }
        call.Thread.EnsureStack(call.Top + (int)count);
        for (long i = first; i <= last; i++)
        {
            call.Push(in table.Find((int)i));
        }
        call.Spend(count);
        return call.ReturnPushed();
    }

    /// <summary>Gives on what a handler has returned, cut to one value.</summary>
    internal sealed class ReturnOneResult : LuaContinuation
    {
        internal static readonly ReturnOneResult Instance = new();

        public override int Resume(ref LuaCall call) => call.Return(call.Result(1));
    }
}
