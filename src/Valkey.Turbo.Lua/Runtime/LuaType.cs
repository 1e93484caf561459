namespace Valkey.Turbo.Lua;

/// <summary>The types a Lua value can have.</summary>
public enum LuaType
{
    /// <summary>No value.</summary>
    Nil,

    /// <summary>True or false.</summary>
    Boolean,

    /// <summary>A double.</summary>
    Number,

    /// <summary>Immutable bytes.</summary>
    String,

    /// <summary>A table.</summary>
    Table,

    /// <summary>A function, of Lua or of the host.</summary>
    Function,

    /// <summary>An object of the host.</summary>
    Userdata,

    /// <summary>A coroutine.</summary>
    Thread,
}

/// <summary>The names that <c>type</c> and error messages give to types.</summary>
internal static class LuaTypeNames
{
    internal static readonly LuaString[] Strings =
    [
        LuaString.Constant("nil"), LuaString.Constant("boolean"), LuaString.Constant("number"), LuaString.Constant("string"),
        LuaString.Constant("table"), LuaString.Constant("function"), LuaString.Constant("userdata"), LuaString.Constant("thread"),
    ];

    private static readonly string[] s_texts =
        ["nil", "boolean", "number", "string", "table", "function", "userdata", "thread"];

    internal static string Name(this LuaType type) => s_texts[(int)type];
}
