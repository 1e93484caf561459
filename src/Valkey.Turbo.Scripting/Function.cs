using Valkey.Turbo.Engine;
using Valkey.Turbo.Lua;

namespace Valkey.Turbo.Scripting;

/// <summary>A function of a library.</summary>
public sealed class Function : Runnable
{
    internal Function(string name, string? description, ScriptFlags flags)
    {
        Name = name;
        Description = description;
        Flags = flags;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override ScriptFlags Flags { get; }

    /// <summary>What it is for, if its library says so.</summary>
    public string? Description { get; }

    /// <summary>The library that it belongs to.</summary>
    public CompiledLibrary Library { get; internal set; } = null!;
}

/// <summary>A library whose functions are known. Each interpreter that calls one runs the library's code once for itself.</summary>
public sealed class CompiledLibrary : ICompiledLibrary
{
    internal CompiledLibrary(LuaChunk chunk, Function[] functions)
    {
        Chunk = chunk;
        Functions = functions;
        FunctionNames = [.. functions.Select(function => function.Name)];
        Array.ForEach(functions, function => function.Library = this);
    }

    /// <summary>Its functions.</summary>
    public IReadOnlyList<Function> Functions { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> FunctionNames { get; }

    internal LuaChunk Chunk { get; }

    /// <summary>Whether the library is there no more.</summary>
    internal bool IsRemoved { get; set; }
}
