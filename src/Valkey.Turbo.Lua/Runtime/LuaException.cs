namespace Valkey.Turbo.Lua;

/// <summary>An error of Lua on its way to whoever catches it, inside the interpreter a <c>pcall</c>, outside its host.</summary>
public sealed class LuaException : Exception
{
    private static readonly LuaString s_outOfMemory = LuaString.Constant("not enough memory");

    /// <summary>An error with any value.</summary>
    public LuaException(LuaValue value)
        : base(value.ToString()) => Value = value;

    /// <summary>An error whose value is a text without a position.</summary>
    public LuaException(string message)
        : base(message) => Value = new LuaString(System.Text.Encoding.Latin1.GetBytes(message));

    /// <summary>The value that was raised.</summary>
    public LuaValue Value { get; }

    /// <summary>Whether the interpreter has still to say where it happened, if a function of Lua was running.</summary>
    internal bool LacksPosition { get; private init; }

    /// <summary>An error of an operation, to which the interpreter adds the position.</summary>
    internal static LuaException AtRunningFunction(string message) => new(message) { LacksPosition = true };

    /// <summary>The error of an interpreter that may not grow.</summary>
    internal static LuaException OutOfMemory() => new((LuaValue)s_outOfMemory);
}
