namespace Valkey.Turbo.Lua.Libraries;

/// <summary><c>pcall</c> and <c>xpcall</c>.</summary>
internal sealed class ProtectedCall : LuaContinuation
{
    private static readonly ProtectedCall s_instance = new(default);

    private readonly LuaValue _handler;

    private ProtectedCall(LuaValue handler) => _handler = handler;

    internal override bool IsProtected => true;

    internal override LuaValue ErrorHandler => _handler;

    internal override LuaValue ShowFailure(LuaState state, in LuaValue error) =>
        _handler.IsNil && state.ShowsCaughtError is { } shows ? shows(error) : error;

    internal static int Call(ref LuaCall call)
    {
        call.CheckAny(1);
        return call.InvokeArguments(1, call.Count - 1, s_instance);
    }

    internal static int CallWithHandler(ref LuaCall call)
    {
        LuaValue handler = call.CheckAny(2);
        return call.InvokeArguments(1, 0, new ProtectedCall(handler));
    }

    public override int Resume(ref LuaCall call) => call.ReturnResults(true);
}
