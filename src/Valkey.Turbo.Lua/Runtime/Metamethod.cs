namespace Valkey.Turbo.Lua;

/// <summary>The events that a metatable can answer.</summary>
internal enum Metamethod
{
    Index,
    NewIndex,
    Equal,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Negate,
    Length,
    LessThan,
    LessOrEqual,
    Concat,
    Call,
    Mode,
    ToText,
    Protected,
}

/// <summary>The names of events in metatables.</summary>
internal static class MetamethodNames
{
    internal static readonly LuaString[] Strings =
    [
        LuaString.Constant("__index"), LuaString.Constant("__newindex"), LuaString.Constant("__eq"), LuaString.Constant("__add"),
        LuaString.Constant("__sub"), LuaString.Constant("__mul"), LuaString.Constant("__div"), LuaString.Constant("__mod"),
        LuaString.Constant("__pow"), LuaString.Constant("__unm"), LuaString.Constant("__len"), LuaString.Constant("__lt"),
        LuaString.Constant("__le"), LuaString.Constant("__concat"), LuaString.Constant("__call"), LuaString.Constant("__mode"),
        LuaString.Constant("__tostring"), LuaString.Constant("__metatable"),
    ];
}
