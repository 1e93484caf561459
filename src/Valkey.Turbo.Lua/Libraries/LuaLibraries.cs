namespace Valkey.Turbo.Lua;

/// <summary>The libraries that an interpreter can have.</summary>
public static class LuaLibraries
{
    /// <summary>Registers everything there is.</summary>
    public static void OpenAll(LuaState state)
    {
        OpenBasic(state);
        OpenCoroutine(state);
        OpenString(state);
        OpenTable(state);
        OpenMath(state);
        OpenOs(state);
        OpenBit(state);
        OpenStruct(state);
        OpenJson(state);
        OpenMessagePack(state);
    }

    /// <summary>Registers the basic functions; those that read files or write to the terminal do not exist.</summary>
    public static void OpenBasic(LuaState state) => Libraries.BasicLibrary.Open(state);

    /// <summary>Registers <c>coroutine</c>.</summary>
    public static void OpenCoroutine(LuaState state) => Libraries.CoroutineLibrary.Open(state);

    /// <summary>Registers <c>string</c> and the metatable of strings.</summary>
    public static void OpenString(LuaState state) => Libraries.StringLibrary.Open(state);

    /// <summary>Registers <c>table</c>.</summary>
    public static void OpenTable(LuaState state) => Libraries.TableLibrary.Open(state);

    /// <summary>Registers <c>math</c>.</summary>
    public static void OpenMath(LuaState state) => Libraries.MathLibrary.Open(state);

    /// <summary>Registers <c>os</c>, of which there is <c>clock</c>.</summary>
    public static void OpenOs(LuaState state) => Libraries.OsLibrary.Open(state);

    /// <summary>Registers <c>bit</c>.</summary>
    public static void OpenBit(LuaState state) => Libraries.BitLibrary.Open(state);

    /// <summary>Registers <c>struct</c>.</summary>
    public static void OpenStruct(LuaState state) => Libraries.StructLibrary.Open(state);

    /// <summary>Registers <c>cjson</c>.</summary>
    public static void OpenJson(LuaState state) => Libraries.JsonLibrary.Open(state);

    /// <summary>Registers <c>cmsgpack</c>.</summary>
    public static void OpenMessagePack(LuaState state) => Libraries.MessagePackLibrary.Open(state);

    /// <summary>Adds functions to a table.</summary>
    internal static void Register(this LuaState state, LuaTable table, params ReadOnlySpan<(string Name, LuaNativeFunction Function)> functions)
    {
        foreach ((string name, LuaNativeFunction function) in functions)
        {
            table[LuaString.Constant(name)] = state.NewFunction(name, function);
        }
    }

    /// <summary>Adds a table to the globals.</summary>
    internal static LuaTable NewLibrary(this LuaState state, string name, int functions)
    {
        LuaTable table = state.NewTable(0, functions);
        state.Globals[LuaString.Constant(name)] = table;
        return table;
    }
}
