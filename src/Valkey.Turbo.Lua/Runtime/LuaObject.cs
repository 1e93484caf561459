namespace Valkey.Turbo.Lua;

/// <summary>What has an identity in Lua: tables, functions, coroutines and objects of the host.</summary>
public abstract class LuaObject
{
    private static int s_lastSerial;

    private int _serial;

    /// <summary>The measurement of the heap that saw this object last.</summary>
    internal int MeasuredIn;

    private protected LuaObject()
    {
    }

    /// <summary>The number that stands for an address in texts; the process gives each object its own when it is first asked for.</summary>
    internal int Serial => _serial != 0 ? _serial : _serial = Interlocked.Increment(ref s_lastSerial);
}

/// <summary>An object of the host that scripts can hold, compare and pass on.</summary>
public sealed class LuaUserdata : LuaObject
{
    /// <summary>The light userdata of address zero, which cjson takes for null.</summary>
    public static readonly LuaUserdata Null = new(null);

    /// <summary>Wraps an object of the host.</summary>
    public LuaUserdata(object? content) => Content = content;

    /// <summary>The object of the host.</summary>
    public object? Content { get; }

    /// <summary>The metatable.</summary>
    public LuaTable? Metatable { get; internal set; }

    /// <summary>The environment that setfenv may give it.</summary>
    internal LuaTable? Environment { get; set; }
}
