namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The basic functions that load chunks and exchange globals.</summary>
internal static class EnvironmentFunctions
{
    internal static void Open(LuaState state) => state.Register(
        state.Globals,
        ("getfenv", GetEnvironment),
        ("setfenv", SetEnvironment),
        ("load", Load),
        ("loadstring", LoadString));

    private static int LoadString(ref LuaCall call)
    {
        LuaString source = call.CheckString(1);
        LuaString name = call.OptionalString(2) ?? source;
        return Compile(ref call, source.Span, name);
    }

    private static int Load(ref LuaCall call)
    {
        call.CheckFunction(1);
        LuaString name = call.OptionalString(2) ?? LuaString.Constant("=(load)");
        return call.Invoke(call[1], [], new Reader(call.Interpreter, name));
    }

    private static int Compile(ref LuaCall call, ReadOnlySpan<byte> source, LuaString name)
    {
        call.Spend(source.Length / 4);
        try
        {
            LuaClosure closure = call.State.Compile(source.ToArray(), name);
            closure.Environment = call.Thread.Environment;
            return call.Return(closure);
        }
        catch (LuaException exception)
        {
            return call.Return(default, exception.Value);
        }
    }

    /// <summary>Collects what a function gives, piece by piece, until it gives nothing.</summary>
    private sealed class Reader(Interpreter interpreter, LuaString name) : LuaContinuation
    {
        private readonly ByteBuilder _source = new(interpreter);

        internal override bool IsProtected => true;

        internal override LuaValue FailureMark => default;

        public override int Resume(ref LuaCall call)
        {
            LuaValue piece = call.Result(1);
            if (piece.IsNil || piece.AsString() is { Length: 0 })
            {
                return Compile(ref call, _source.Span, name);
            }
            if (piece.AsString() is null && !piece.IsNumber)
            {
                return call.Return(default, call.Error("reader function must return a string").Value);
            }
            _source.Append(piece.AsString() ?? call.State.NumberString(piece.Number));
            return call.Invoke(call[1], [], this);
        }
    }

    /// <summary>The function that the first argument is or whose level it gives; null for one of the host.</summary>
    private static LuaFunction? FunctionOf(ref LuaCall call, bool isOptional)
    {
        if (call[1].AsFunction() is { } function)
        {
            return function;
        }
        int level = isOptional ? call.OptionalInteger(1, 1) : call.CheckInteger(1);
        if (level < 0)
        {
            throw call.ArgumentError(1, "level must be non-negative");
        }
        if (level == 0)
        {
            return null;
        }
        if (!Interpreter.FindLevel(call.Thread, call.CallerIndex, level - 1, out int index))
        {
            throw call.ArgumentError(1, "invalid level");
        }
        return index >= 0
            ? call.Thread.Frames[index].Closure
            : throw call.Error($"no function environment for tail call at level {level}");
    }

    private static int GetEnvironment(ref LuaCall call) =>
        call.Return(FunctionOf(ref call, true) is LuaClosure closure ? closure.Environment : call.Thread.Environment);

    private static int SetEnvironment(ref LuaCall call)
    {
        LuaTable environment = call.CheckTable(2);
        LuaFunction? function = FunctionOf(ref call, false);
        if (call[1].IsNumber && call[1].Number == 0)
        {
            call.Thread.Environment = environment;
            return call.Return();
        }
        if (function is not LuaClosure closure)
        {
            throw call.Error("'setfenv' cannot change environment of given object");
        }
        closure.Environment = environment;
        return call.Return(closure);
    }
}
