namespace Valkey.Turbo.Lua.Compiler;

/// <summary>What a message calls an operand.</summary>
internal enum NameKind : byte
{
    Local,
    Global,
    Field,
    Upvalue,
    Method,
}

/// <summary>The name of what lies in a register when an instruction runs.</summary>
internal readonly record struct OperandName(int Pc, int Register, NameKind Kind, LuaString Name);

/// <summary>Where a closure takes an upvalue from when it is made.</summary>
internal readonly record struct CaptureSource(bool FromRegister, int Index);

/// <summary>The code of a function: immutable, and shared by all interpreters.</summary>
internal sealed class Prototype
{
    internal required ulong[] Code { get; init; }

    internal required LuaValue[] Constants { get; init; }

    internal required Prototype[] Prototypes { get; init; }

    internal required CaptureSource[] Captures { get; init; }

    /// <summary>The line of each instruction.</summary>
    internal required int[] Lines { get; init; }

    /// <summary>Names of operands, in the order of instructions.</summary>
    internal required OperandName[] OperandNames { get; init; }

    /// <summary>How messages name the chunk.</summary>
    internal required string Chunk { get; init; }

    /// <summary>The name that the chunk was given.</summary>
    internal required LuaString Source { get; init; }

    internal required int ParameterCount { get; init; }

    internal required bool IsVararg { get; init; }

    /// <summary>Whether the function gets the table <c>arg</c>.</summary>
    internal required bool NeedsArgumentTable { get; init; }

    /// <summary>Registers that the function uses.</summary>
    internal required int RegisterCount { get; init; }

    internal required int LineDefined { get; init; }

    internal required int LastLine { get; init; }

    /// <summary>The measurement of the heap that saw this last; <see cref="LuaString.Shared"/> if no interpreter counts it.</summary>
    internal int MeasuredIn { get; set; }

    /// <summary>Bytes of the managed heap that the code takes, without inner functions.</summary>
    internal long HeapBytes => 200 + (Code.Length * 12L) + (Constants.Length * 16L) + (OperandNames.Length * 32L);
}
