namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The library <c>cmsgpack</c>.</summary>
internal static class MessagePackLibrary
{
    internal static void Open(LuaState state)
    {
        LuaTable library = state.NewLibrary("cmsgpack", 8);
        state.Register(
            library,
            ("pack", Pack),
            ("unpack", static (ref LuaCall call) => Unpack(ref call, 0, 0)),
            ("unpack_one", static (ref LuaCall call) => Unpack(ref call, 1, call.OptionalLong(2, 0))),
            ("unpack_limit", static (ref LuaCall call) => Unpack(ref call, call.CheckLong(2), call.OptionalLong(3, 0))));
        library[LuaString.Constant("_NAME")] = LuaString.Constant("cmsgpack");
        library[LuaString.Constant("_VERSION")] = LuaString.Constant("lua-cmsgpack 0.4.0");
        library[LuaString.Constant("_COPYRIGHT")] = LuaString.Constant("Copyright (C) 2012, Redis Ltd.");
        library[LuaString.Constant("_DESCRIPTION")] = LuaString.Constant("MessagePack C implementation for Lua");
    }

    private static int Pack(ref LuaCall call)
    {
        if (call.Count == 0)
        {
            throw call.ArgumentError(0, "MessagePack pack needs input.");
        }
        if (call.Count * 2 > BasicLibrary.MaxResults)
        {
            throw call.ArgumentError(0, "Too many arguments for MessagePack pack.");
        }
        ByteBuilder builder = call.Interpreter.TakeBuilder();
        for (int i = 1; i <= call.Count; i++)
        {
            new MessagePackWriter(builder).Write(call[i], 0);
        }
        call.Spend(builder.Length >> 3);
        LuaString packed = builder.ToLuaString();
        call.Interpreter.GiveBack(builder);
        return call.Return(packed);
    }

    private static int Unpack(ref LuaCall call, long limit, long offset)
    {
        LuaString input = call.CheckString(1);
        bool decodesAll = limit == 0 && offset == 0;
        if (offset < 0 || limit < 0)
        {
            throw call.Error($"Invalid request to unpack with offset of {(int)offset} and limit of {input.Length}.");
        }
        if (offset > input.Length)
        {
            throw call.Error($"Start offset {(int)offset} greater than input length {input.Length}.");
        }
        MessagePackReader reader = new(input.Bytes, (int)offset);
        if (!decodesAll)
        {
            call.Push(default);
        }
        int count = 0;
        for (; !reader.IsAtEnd && (decodesAll ? count < int.MaxValue : count < limit); count++)
        {
            call.Push(reader.Read(ref call, count + 1));
        }
        call.Spend((input.Length - offset) >> 3);
        if (decodesAll)
        {
            return call.ReturnPushed();
        }
        call.SetPushed(count, reader.IsAtEnd ? -1.0 : reader.Position);
        return call.ReturnPushed();
    }
}
