namespace Valkey.Turbo.Lua.Compiler;

/// <summary>The names that are visible at a place of a function that is being parsed.</summary>
internal sealed class FunctionScope(FunctionScope? parent, FunctionBody body)
{
    private const int MaxUpvalues = 60;

    private readonly List<LocalVariable> _active = [];

    internal FunctionScope? Parent { get; } = parent;

    internal FunctionBody Body { get; } = body;

    /// <summary>How many loops of this function surround the place.</summary>
    internal int Loops { get; set; }

    /// <summary>Count of visible locals, hidden ones included.</summary>
    internal int ActiveCount => _active.Count;

    internal void Activate(LocalVariable variable) => _active.Add(variable);

    internal void LeaveBlock(int activeCount) => _active.RemoveRange(activeCount, _active.Count - activeCount);

    /// <summary>The expression that a name means here.</summary>
    /// <returns>Null if the function would have too many upvalues.</returns>
    internal Expression? Resolve(LuaString name, int line)
    {
        if (FindLocal(name) is { } local)
        {
            return new LocalExpression(local) { Line = line };
        }
        if (!FindUpvalue(name, out LocalVariable? variable, out int index))
        {
            return new GlobalExpression(name) { Line = line };
        }
        return index < 0 ? null : new UpvalueExpression(index, variable!) { Line = line };
    }

    /// <summary>The limit that <see cref="Resolve"/> may meet, for the message.</summary>
    internal static int UpvalueLimit => MaxUpvalues;

    /// <summary>The innermost function around this place, itself included, that has no room for another upvalue.</summary>
    internal FunctionScope FullScope()
    {
        FunctionScope full = this;
        for (FunctionScope? scope = this; scope is not null; scope = scope.Parent)
        {
            full = scope.Body.Upvalues.Count >= MaxUpvalues ? scope : full;
        }
        return full;
    }

    private LocalVariable? FindLocal(LuaString name)
    {
        for (int i = _active.Count - 1; i >= 0; i--)
        {
            if (ReferenceEquals(_active[i].Name, name))
            {
                return _active[i];
            }
        }
        return null;
    }

    private bool FindUpvalue(LuaString name, out LocalVariable? variable, out int index)
    {
        variable = null;
        index = -1;
        if (Parent is null)
        {
            return false;
        }
        if (Parent.FindLocal(name) is { } local)
        {
            local.IsCaptured = true;
            local.IsCapturedEarly |= local.IsInitializing;
            variable = local;
            index = AddUpvalue(new UpvalueSource(local, true, 0));
            return true;
        }
        if (!Parent.FindUpvalue(name, out variable, out int parentIndex))
        {
            return false;
        }
        index = parentIndex < 0 ? -1 : AddUpvalue(new UpvalueSource(variable!, false, parentIndex));
        return true;
    }

    private int AddUpvalue(UpvalueSource source)
    {
        List<UpvalueSource> upvalues = Body.Upvalues;
        int known = upvalues.FindIndex(upvalue => ReferenceEquals(upvalue.Variable, source.Variable));
        if (known >= 0)
        {
            return known;
        }
        if (upvalues.Count == MaxUpvalues)
        {
            return -1;
        }
        upvalues.Add(source);
        return upvalues.Count - 1;
    }
}
