namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The library <c>cjson</c>.</summary>
internal static class JsonLibrary
{
    private static readonly string[] s_switch = ["off", "on"];
    private static readonly string[] s_invalidNumbers = ["off", "on", "null"];

    internal static void Open(LuaState state) => state.Globals[LuaString.Constant("cjson")] = NewModule(state);

    /// <summary>A module with settings of its own.</summary>
    private static LuaTable NewModule(LuaState state)
    {
        JsonSettings settings = new();
        LuaTable module = state.NewTable(0, 16);
        ReadOnlySpan<(string Name, LuaNativeFunction Function)> functions =
        [
            ("encode", Encode),
            ("decode", Decode),
            ("encode_sparse_array", ConfigureSparse),
            ("encode_max_depth", EncodeMaxDepth),
            ("decode_max_depth", DecodeMaxDepth),
            ("encode_number_precision", NumberPrecision),
            ("encode_keep_buffer", KeepBuffer),
            ("encode_invalid_numbers", EncodeInvalidNumbers),
            ("decode_invalid_numbers", DecodeInvalidNumbers),
            ("new", static (ref LuaCall call) => call.Return(NewModule(call.State))),
        ];
        foreach ((string name, LuaNativeFunction function) in functions)
        {
            module[LuaString.Constant(name)] = state.NewFunction(name, function, settings);
        }
        module[LuaString.Constant("null")] = LuaUserdata.Null;
        module[LuaString.Constant("_NAME")] = LuaString.Constant("cjson");
        module[LuaString.Constant("_VERSION")] = LuaString.Constant("2.1.0");
        return module;
    }

    private static JsonSettings Settings(ref LuaCall call) => (JsonSettings)call.NativeState!;

    private static int Encode(ref LuaCall call)
    {
        if (call.Count != 1)
        {
            throw call.ArgumentError(1, "expected 1 argument");
        }
        ByteBuilder builder = call.Interpreter.TakeBuilder();
        new JsonWriter(Settings(ref call), builder).Write(call[1], ref call);
        call.Spend(builder.Length >> 3);
        LuaString text = builder.ToLuaString();
        call.Interpreter.GiveBack(builder);
        return call.Return(text);
    }

    private static int Decode(ref LuaCall call)
    {
        if (call.Count != 1)
        {
            throw call.ArgumentError(1, "expected 1 argument");
        }
        LuaString text = call.CheckString(1);
        if (text.Length >= 2 && (text.Bytes[0] == 0 || text.Bytes[1] == 0))
        {
            throw call.Error("JSON parser does not support UTF-16 or UTF-32");
        }
        call.Spend(text.Length >> 3);
        return call.Return(new JsonReader(Settings(ref call), text.Bytes, call.Interpreter).ReadDocument(ref call));
    }

    private static JsonSettings Begin(ref LuaCall call, int most) => call.Count <= most
        ? Settings(ref call)
        : throw call.ArgumentError(most + 1, "found too many arguments");

    private static int IntegerOption(ref LuaCall call, int index, int current, int least, int most)
    {
        if (call.IsNoneOrNil(index))
        {
            return current;
        }
        int value = call.CheckInteger(index);
        return value >= least && value <= most
            ? value
            : throw call.ArgumentError(1, $"expected integer between {least} and {most}");
    }

    private static int EnumOption(ref LuaCall call, int index, int current, string[] options) => call[index] switch
    {
        { IsNil: true } => current,
        { IsBoolean: true } flag => flag.IsTrue ? 1 : 0,
        _ => call.CheckOption(index, null, options),
    };

    private static bool SwitchOption(ref LuaCall call, int index, bool current) =>
        EnumOption(ref call, index, current ? 1 : 0, s_switch) == 1;

    private static int ConfigureSparse(ref LuaCall call)
    {
        JsonSettings settings = Begin(ref call, 3);
        settings.ConvertsSparse = SwitchOption(ref call, 1, settings.ConvertsSparse);
        settings.SparseRatio = IntegerOption(ref call, 2, settings.SparseRatio, 0, int.MaxValue);
        settings.SparseSafe = IntegerOption(ref call, 3, settings.SparseSafe, 0, int.MaxValue);
        call.Push(settings.ConvertsSparse);
        call.Push((double)settings.SparseRatio);
        call.Push((double)settings.SparseSafe);
        return call.ReturnPushed();
    }

    private static int EncodeMaxDepth(ref LuaCall call)
    {
        JsonSettings settings = Begin(ref call, 1);
        settings.EncodeMaxDepth = IntegerOption(ref call, 1, settings.EncodeMaxDepth, 1, int.MaxValue);
        return call.Return((double)settings.EncodeMaxDepth);
    }

    private static int DecodeMaxDepth(ref LuaCall call)
    {
        JsonSettings settings = Begin(ref call, 1);
        settings.DecodeMaxDepth = IntegerOption(ref call, 1, settings.DecodeMaxDepth, 1, int.MaxValue);
        return call.Return((double)settings.DecodeMaxDepth);
    }

    private static int NumberPrecision(ref LuaCall call)
    {
        JsonSettings settings = Begin(ref call, 1);
        settings.NumberPrecision = IntegerOption(ref call, 1, settings.NumberPrecision, 1, 14);
        return call.Return((double)settings.NumberPrecision);
    }

    private static int KeepBuffer(ref LuaCall call)
    {
        JsonSettings settings = Begin(ref call, 1);
        settings.KeepsBuffer = SwitchOption(ref call, 1, settings.KeepsBuffer);
        return call.Return(settings.KeepsBuffer);
    }

    private static int EncodeInvalidNumbers(ref LuaCall call)
    {
        JsonSettings settings = Begin(ref call, 1);
        settings.EncodeInvalidNumbers =
            (InvalidNumbers)EnumOption(ref call, 1, (int)settings.EncodeInvalidNumbers, s_invalidNumbers);
        return settings.EncodeInvalidNumbers == InvalidNumbers.AsNull
            ? call.Return(LuaString.Constant("null"))
            : call.Return(settings.EncodeInvalidNumbers == InvalidNumbers.AsText);
    }

    private static int DecodeInvalidNumbers(ref LuaCall call)
    {
        JsonSettings settings = Begin(ref call, 1);
        settings.DecodeInvalidNumbers = SwitchOption(ref call, 1, settings.DecodeInvalidNumbers);
        return call.Return(settings.DecodeInvalidNumbers);
    }
}
