using Valkey.Turbo.Lua;

namespace Valkey.Turbo.Scripting;

/// <summary>The fields of tables that stand for what Lua has no values for.</summary>
internal static class Words
{
    internal static readonly LuaString Error = LuaString.Constant("err");
    internal static readonly LuaString Ok = LuaString.Constant("ok");
    internal static readonly LuaString Double = LuaString.Constant("double");
    internal static readonly LuaString BigNumber = LuaString.Constant("big_number");
    internal static readonly LuaString Verbatim = LuaString.Constant("verbatim_string");
    internal static readonly LuaString String = LuaString.Constant("string");
    internal static readonly LuaString Format = LuaString.Constant("format");
    internal static readonly LuaString Map = LuaString.Constant("map");
    internal static readonly LuaString Set = LuaString.Constant("set");
    internal static readonly LuaString Source = LuaString.Constant("source");
    internal static readonly LuaString Line = LuaString.Constant("line");
    internal static readonly LuaString IgnoresStatistics = LuaString.Constant("ignore_error_stats_update");
    internal static readonly LuaString Keys = LuaString.Constant("KEYS");
    internal static readonly LuaString Arguments = LuaString.Constant("ARGV");
    internal static readonly LuaString Index = LuaString.Constant("__index");
    internal static readonly LuaString Redis = LuaString.Constant("redis");
    internal static readonly LuaString Server = LuaString.Constant("server");
    internal static readonly LuaString UserScript = LuaString.Constant("@user_script");
    internal static readonly LuaString UserFunction = LuaString.Constant("@user_function");
}
