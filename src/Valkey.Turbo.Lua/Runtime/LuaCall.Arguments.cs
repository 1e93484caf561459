namespace Valkey.Turbo.Lua;

/// <content>Checking arguments, with Lua's messages.</content>
public ref partial struct LuaCall
{
    /// <summary>Whether there is an argument, even nil.</summary>
    public readonly bool Has(int index) => index <= Count;

    /// <summary>Whether an argument is absent or nil.</summary>
    public readonly bool IsNoneOrNil(int index) => this[index].IsNil;

    /// <summary>The error of an argument.</summary>
    public readonly LuaException ArgumentError(int index, string message)
    {
        string name = "?";
        if (Interpreter.CalledName(Thread, CallerIndex) is { } called)
        {
            name = called.Name.ToString();
            if (called.Kind == Compiler.NameKind.Method && --index == 0)
            {
                return Error($"calling '{name}' on bad self ({message})");
            }
        }
        return Error($"bad argument #{index} to '{name}' ({message})");
    }

    /// <summary>The error of an argument of the wrong type.</summary>
    public readonly LuaException TypeError(int index, string expected) =>
        ArgumentError(index, $"{expected} expected, got {TypeNameOf(index)}");

    /// <summary>An argument that must be there.</summary>
    public readonly LuaValue CheckAny(int index) => Has(index) ? this[index] : throw ArgumentError(index, "value expected");

    /// <summary>A number, or a text that is one.</summary>
    public readonly double CheckNumber(int index)
    {
        LuaValue value = this[index];
        return value.TryToNumber(out double number) ? number : throw TypeError(index, "number");
    }

    /// <summary>A number without its fraction, as C converts it.</summary>
    public readonly long CheckLong(int index) => double.ConvertToIntegerNative<long>(CheckNumber(index));

    /// <summary>A number as a C int: the lower half of <see cref="CheckLong"/>.</summary>
    public readonly int CheckInteger(int index) => unchecked((int)CheckLong(index));

    /// <summary>A number, or another if it is absent or nil.</summary>
    public readonly long OptionalLong(int index, long otherwise) => IsNoneOrNil(index) ? otherwise : CheckLong(index);

    /// <summary>A number, or another if it is absent or nil.</summary>
    public readonly int OptionalInteger(int index, int otherwise) => IsNoneOrNil(index) ? otherwise : CheckInteger(index);

    /// <summary>A number, or another if it is absent or nil.</summary>
    public readonly double OptionalNumber(int index, double otherwise) => IsNoneOrNil(index) ? otherwise : CheckNumber(index);

    /// <summary>A string, or a number as its text.</summary>
    public readonly LuaString CheckString(int index)
    {
        LuaValue value = this[index];
        if (value.Reference is LuaString text)
        {
            return text;
        }
        return value.IsNumber ? State.NumberString(value.Number) : throw TypeError(index, "string");
    }

    /// <summary>A string, or null if it is absent or nil.</summary>
    public readonly LuaString? OptionalString(int index) => IsNoneOrNil(index) ? null : CheckString(index);

    /// <summary>A table.</summary>
    public readonly LuaTable CheckTable(int index) => this[index].Reference as LuaTable ?? throw TypeError(index, "table");

    /// <summary>A function.</summary>
    public readonly LuaFunction CheckFunction(int index) =>
        this[index].Reference as LuaFunction ?? throw TypeError(index, "function");

    /// <summary>One of some words.</summary>
    public readonly int CheckOption(int index, string? otherwise, string[] options)
    {
        string chosen = otherwise is not null && IsNoneOrNil(index) ? otherwise : CheckString(index).ToString();
        int found = Array.IndexOf(options, chosen);
        return found >= 0 ? found : throw ArgumentError(index, $"invalid option '{chosen}'");
    }

    /// <summary>The name of an argument's type.</summary>
    public readonly string TypeNameOf(int index) => Has(index) ? this[index].TypeName : "no value";
}
