using System.Runtime.CompilerServices;

namespace Valkey.Turbo.Lua;

/// <summary>A value of Lua in sixteen bytes: a reference, which tells the type as well, and a number.</summary>
/// <remarks>
/// <code>
/// Reference                    Number     value
/// null                         -          nil
/// FalseTag, TrueTag            -          boolean
/// NumberTag                    the value  number
/// LuaString, LuaTable, ...     -          that object
/// </code>
/// The tags are string literals: the runtime keeps those outside the collected heap, so that storing one needs no
/// write barrier and comparing with one compares with a constant.
/// </remarks>
public struct LuaValue : IEquatable<LuaValue>
{
    internal const string NumberTag = "number";
    internal const string TrueTag = "true";
    internal const string FalseTag = "false";

    internal object? Reference;
    internal double Number;

    /// <summary>A value that is a number.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public LuaValue(double number)
    {
        Reference = NumberTag;
        Number = number;
    }

    /// <summary>A value that is a boolean.</summary>
    public LuaValue(bool value) => Reference = value ? TrueTag : FalseTag;

    /// <summary>A value that is a string; nil for null.</summary>
    public LuaValue(LuaString? value) => Reference = value;

    /// <summary>A value that is a table, a function, a coroutine or an object of the host; nil for null.</summary>
    public LuaValue(LuaObject? value) => Reference = value;

    /// <summary>No value.</summary>
    public static LuaValue Nil => default;

    /// <summary>Whether this is nil.</summary>
    public readonly bool IsNil
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Reference is null;
    }

    /// <summary>Whether this is a number.</summary>
    public readonly bool IsNumber
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ReferenceEquals(Reference, NumberTag);
    }

    /// <summary>Whether a condition takes this for false: nil and false.</summary>
    public readonly bool IsFalsy
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Reference is null || ReferenceEquals(Reference, FalseTag);
    }

    /// <summary>Whether this is true or false.</summary>
    public readonly bool IsBoolean => ReferenceEquals(Reference, TrueTag) || ReferenceEquals(Reference, FalseTag);

    /// <summary>Whether this is true itself.</summary>
    public readonly bool IsTrue => ReferenceEquals(Reference, TrueTag);

    /// <summary>The type.</summary>
    public readonly LuaType Type => Reference switch
    {
        null => LuaType.Nil,
        LuaString => LuaType.String,
        LuaTable => LuaType.Table,
        LuaFunction => LuaType.Function,
        LuaThread => LuaType.Thread,
        LuaUserdata => LuaType.Userdata,
        string tag => ReferenceEquals(tag, NumberTag) ? LuaType.Number : LuaType.Boolean,
        _ => throw new InvalidOperationException("not a value of Lua"),
    };

    /// <summary>The string, if this is one.</summary>
    public readonly LuaString? AsString() => Reference as LuaString;

    /// <summary>The table, if this is one.</summary>
    public readonly LuaTable? AsTable() => Reference as LuaTable;

    /// <summary>The function, if this is one.</summary>
    public readonly LuaFunction? AsFunction() => Reference as LuaFunction;

    /// <summary>The coroutine, if this is one.</summary>
    public readonly LuaThread? AsThread() => Reference as LuaThread;

    /// <summary>The object of the host, if this is one.</summary>
    public readonly LuaUserdata? AsUserdata() => Reference as LuaUserdata;

    /// <summary>The number, if this is one (strings are not converted).</summary>
    public readonly bool TryGetNumber(out double number)
    {
        number = Number;
        return IsNumber;
    }

    /// <summary>The number that this is or that its text reads as.</summary>
    public readonly bool TryToNumber(out double number)
    {
        if (IsNumber)
        {
            number = Number;
            return true;
        }
        if (Reference is LuaString text)
        {
            return NumberText.TryParse(text.Span, out number);
        }
        number = 0;
        return false;
    }

    /// <summary>Equal without metamethods.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool RawEquals(in LuaValue other)
    {
        if (ReferenceEquals(Reference, other.Reference))
        {
            return !IsNumber || Number == other.Number;
        }
        return Reference is LuaString left && other.Reference is LuaString right && left.ContentEquals(right);
    }

    /// <inheritdoc/>
    public readonly bool Equals(LuaValue other) => RawEquals(in other);

    /// <inheritdoc/>
    public override readonly bool Equals(object? obj) => obj is LuaValue other && RawEquals(in other);

    /// <inheritdoc/>
    public override readonly int GetHashCode() => IsNumber ? Number.GetHashCode() : Reference?.GetHashCode() ?? 0;

    /// <summary>Equal without metamethods.</summary>
    public static bool operator ==(LuaValue left, LuaValue right) => left.RawEquals(in right);

    /// <summary>Not equal without metamethods.</summary>
    public static bool operator !=(LuaValue left, LuaValue right) => !left.RawEquals(in right);

    /// <summary>A number is a value.</summary>
    public static implicit operator LuaValue(double number) => new(number);

    /// <summary>A boolean is a value.</summary>
    public static implicit operator LuaValue(bool value) => new(value);

    /// <summary>A string is a value.</summary>
    public static implicit operator LuaValue(LuaString? value) => new(value);

    /// <summary>An object is a value.</summary>
    public static implicit operator LuaValue(LuaObject? value) => new(value);

    /// <summary>The name of the type, as messages have it.</summary>
    internal readonly string TypeName => Type.Name();

    /// <summary>Makes this a number; no write barrier is needed, whatever it was.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetNumber(double number)
    {
        Reference = NumberTag;
        Number = number;
    }

    /// <summary>Makes this a boolean.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void SetBoolean(bool value)
    {
        if (value)
        {
            Reference = TrueTag;
        }
        else
        {
            Reference = FalseTag;
        }
    }

    /// <summary>Copies a value, sparing numbers the write barrier.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Set(in LuaValue value)
    {
        if (ReferenceEquals(value.Reference, NumberTag))
        {
            Number = value.Number;
            Reference = NumberTag;
        }
        else
        {
            Reference = value.Reference;
        }
    }

    /// <inheritdoc/>
    public override readonly string ToString() => Reference switch
    {
        null => "nil",
        LuaString text => text.ToString(),
        string tag => ReferenceEquals(tag, NumberTag) ? NumberText.ToText(Number) : tag,
        _ => TypeName,
    };
}
