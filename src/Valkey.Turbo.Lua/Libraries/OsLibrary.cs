namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The library <c>os</c>, of which scripts get <c>clock</c> only.</summary>
internal static class OsLibrary
{
    internal static void Open(LuaState state) => state.Register(
        state.NewLibrary("os", 1),
        ("clock", static (ref LuaCall call) => call.Return(call.State.CpuSeconds())));
}
