namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The library <c>coroutine</c>.</summary>
internal static class CoroutineLibrary
{
    internal static void Open(LuaState state) => state.Register(
        state.NewLibrary("coroutine", 6),
        ("create", Create),
        ("resume", Resume),
        ("running", Running),
        ("status", Status),
        ("wrap", Wrap),
        ("yield", static (ref LuaCall call) => call.YieldArguments(Yielded.Instance)));

    private static LuaThread NewThread(ref LuaCall call)
    {
        if (call[1].AsFunction() is not LuaClosure closure)
        {
            throw call.ArgumentError(1, "Lua function expected");
        }
        LuaThread thread = new(call.Interpreter.Heap, call.Thread.Environment);
        thread.Stack[0] = closure;
        return thread;
    }

    private static int Create(ref LuaCall call) => call.Return(NewThread(ref call));

    private static int Wrap(ref LuaCall call)
    {
        LuaThread thread = NewThread(ref call);
        return call.Return(call.State.NewFunction(
            "wrap", static (ref LuaCall call) => call.ResumeThread((LuaThread)call.NativeState!, 1, Wrapped.Instance), thread));
    }

    private static LuaThread CheckThread(ref LuaCall call) =>
        call[1].AsThread() ?? throw call.ArgumentError(1, "coroutine expected");

    private static int Resume(ref LuaCall call) => call.ResumeThread(CheckThread(ref call), 2, Resumed.Instance);

    private static int Status(ref LuaCall call) => call.Return(LuaString.Constant(CheckThread(ref call).StatusName));

    private static int Running(ref LuaCall call) =>
        call.Return(ReferenceEquals(call.Thread, call.Interpreter.Main) ? default(LuaValue) : call.Thread);

    private sealed class Yielded : LuaContinuation
    {
        internal static readonly Yielded Instance = new();

        public override int Resume(ref LuaCall call) => call.ReturnResults();
    }

    private sealed class Resumed : LuaContinuation
    {
        internal static readonly Resumed Instance = new();

        internal override bool EndsCoroutineErrors => true;

        public override int Resume(ref LuaCall call) => call.ReturnResults(true);
    }

    private sealed class Wrapped : LuaContinuation
    {
        internal static readonly Wrapped Instance = new();

        public override int Resume(ref LuaCall call) => call.ReturnResults();
    }
}
