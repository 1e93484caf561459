using Valkey.Turbo.Lua.Compiler;

namespace Valkey.Turbo.Lua;

/// <summary>A function.</summary>
public abstract class LuaFunction : LuaObject
{
    private protected LuaFunction(LuaTable environment) => Environment = environment;

    /// <summary>The table in which the function finds its globals.</summary>
    public LuaTable Environment { get; internal set; }
}

/// <summary>A function written in Lua, with what it took from the functions around it.</summary>
public sealed class LuaClosure : LuaFunction
{
    internal const int OverheadBytes = 72;

    internal LuaClosure(Prototype prototype, LuaTable environment, LuaValue[] upvalues)
        : base(environment)
    {
        Prototype = prototype;
        Upvalues = upvalues;
    }

    internal Prototype Prototype { get; }

    /// <summary>Values of variables that never change, and cells of those that do.</summary>
    internal LuaValue[] Upvalues { get; }
}

/// <summary>A variable that functions share.</summary>
internal sealed class Cell
{
    internal const int HeapBytes = 40;

    internal LuaValue Value;
    internal int MeasuredIn;
}

/// <summary>A function of the host.</summary>
/// <param name="call">The arguments, and where results go.</param>
/// <returns>What one of the methods of <paramref name="call"/> that end a call gave.</returns>
public delegate int LuaNativeFunction(ref LuaCall call);

/// <summary>A function of the host as Lua sees it.</summary>
public sealed class LuaNative : LuaFunction
{
    internal LuaNative(string name, LuaNativeFunction function, LuaTable environment, object? state, NativeRole role)
        : base(environment)
    {
        Name = name;
        Function = function;
        State = state;
        Role = role;
    }

    /// <summary>The name it was registered under.</summary>
    public string Name { get; }

    /// <summary>What the host gave the function to know.</summary>
    public object? State { get; }

    internal LuaNativeFunction Function { get; }

    internal NativeRole Role { get; }
}

/// <summary>Functions that the interpreter knows and shortens.</summary>
internal enum NativeRole
{
    Ordinary,

    /// <summary><c>next</c>.</summary>
    Next,

    /// <summary>What <c>ipairs</c> gives.</summary>
    NextItem,
}

/// <summary>How a function of the host goes on after a function it called, or after the host let others run.</summary>
public abstract class LuaContinuation
{
    /// <summary>Goes on.</summary>
    /// <param name="call">The arguments, the results of what was called, and where results go.</param>
    /// <returns>What one of the methods of <paramref name="call"/> that end a call gave.</returns>
    public abstract int Resume(ref LuaCall call);

    /// <summary>Whether errors of what was called end here.</summary>
    internal virtual bool IsProtected => false;

    /// <summary>Whether errors that end a coroutine it has resumed are results.</summary>
    internal virtual bool EndsCoroutineErrors => false;

    /// <summary>What a call that ends with an error returns before it.</summary>
    internal virtual LuaValue FailureMark => false;

    /// <summary>What a call that ends with an error returns as the error.</summary>
    internal virtual LuaValue ShowFailure(LuaState state, in LuaValue error) => error;

    /// <summary>The function that sees errors first.</summary>
    internal virtual LuaValue ErrorHandler => default;
}
