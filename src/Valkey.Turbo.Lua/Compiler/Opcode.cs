namespace Valkey.Turbo.Lua.Compiler;

/// <summary>What an instruction does. R is a register, K a constant, J the jump.</summary>
/// <remarks>
/// <code>
/// bit  0        8        16       32       48       64
///      | opcode |   A    |   B    |   C    |   D    |
///      | opcode |   A    |   B    |       J         |    J: signed, relative to the next instruction
/// </code>
/// </remarks>
internal enum Opcode : byte
{
    /// <summary>R(A) = R(B).</summary>
    Move,

    /// <summary>R(A) = K(J).</summary>
    LoadConstant,

    /// <summary>R(A) to R(B) = nil.</summary>
    LoadNil,

    /// <summary>R(A) = (B is not 0).</summary>
    LoadBoolean,

    /// <summary>R(A) = upvalue B.</summary>
    GetUpvalue,

    /// <summary>R(A) = content of the cell that is upvalue B.</summary>
    GetCellUpvalue,

    /// <summary>Content of the cell that is upvalue B = R(A).</summary>
    SetCellUpvalue,

    /// <summary>R(A) = a new cell that holds R(A).</summary>
    NewCell,

    /// <summary>R(A) = content of the cell in R(B).</summary>
    GetCell,

    /// <summary>Content of the cell in R(A) = R(B).</summary>
    SetCell,

    /// <summary>R(A) = environment[K(J)].</summary>
    GetGlobal,

    /// <summary>Environment[K(J)] = R(A).</summary>
    SetGlobal,

    /// <summary>R(A) = R(B)[R(C)].</summary>
    GetTable,

    /// <summary>R(A) = R(B)[K(C)], K(C) a string.</summary>
    GetField,

    /// <summary>R(A) = R(B)[C].</summary>
    GetInteger,

    /// <summary>R(A)[R(B)] = RK(C).</summary>
    SetTable,

    /// <summary>R(A)[K(B)] = RK(C), K(B) a string.</summary>
    SetField,

    /// <summary>R(A)[B] = RK(C).</summary>
    SetInteger,

    /// <summary>R(A + 1) = R(B); R(A) = R(B)[K(C)].</summary>
    Self,

    /// <summary>R(A) = a table with room for B array items and C fields.</summary>
    NewTable,

    /// <summary>R(A)[J + i] = R(A + i) for i from 1 to B; up to the top if B is 0.</summary>
    SetList,

    /// <summary>R(A) = R(B) op R(C).</summary>
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,

    /// <summary>R(A) = R(B) op K(C), K(C) a number; the operands were written the other way round if D is 1.</summary>
    AddConstant,
    SubtractConstant,
    MultiplyConstant,
    DivideConstant,
    ModuloConstant,
    PowerConstant,

    /// <summary>R(A) = op R(B).</summary>
    Negate,
    Not,
    Length,

    /// <summary>R(A) = R(B) .. to .. R(C).</summary>
    Concat,

    /// <summary>Go to J.</summary>
    Jump,

    /// <summary>Go to J if R(A) is neither nil nor false.</summary>
    JumpIf,

    /// <summary>Go to J if R(A) is nil or false.</summary>
    JumpUnless,

    /// <summary>Go to J if R(A) equals R(B).</summary>
    JumpIfEqual,
    JumpUnlessEqual,

    /// <summary>Go to J if R(A) equals K(B).</summary>
    JumpIfEqualConstant,
    JumpUnlessEqualConstant,

    /// <summary>Go to J if R(A) is less than R(B).</summary>
    JumpIfLess,
    JumpUnlessLess,
    JumpIfLessOrEqual,
    JumpUnlessLessOrEqual,

    /// <summary>Go to J if R(A) is less than K(B), a number.</summary>
    JumpIfLessConstant,
    JumpUnlessLessConstant,
    JumpIfLessOrEqualConstant,
    JumpUnlessLessOrEqualConstant,

    /// <summary>Go to J if K(B), a number, is less than R(A).</summary>
    JumpIfGreaterConstant,
    JumpUnlessGreaterConstant,
    JumpIfGreaterOrEqualConstant,
    JumpUnlessGreaterOrEqualConstant,

    /// <summary>Checks the bounds R(A), R(A + 1), R(A + 2) of a loop and goes to its <see cref="ForLoop"/> at J.</summary>
    ForPrepare,

    /// <summary>Adds the step; if the bound is not passed, R(A + 3) = R(A) and go to J.</summary>
    ForLoop,

    /// <summary>R(A + 3) to R(A + 2 + B) = R(A)(R(A + 1), R(A + 2)); if R(A + 3) is not nil, R(A + 2) = R(A + 3) and go to J.</summary>
    ForEach,

    /// <summary>R(A) to R(A + C - 2) = R(A)(R(A + 1) to R(A + B - 1)); up to the top if B or C is 0.</summary>
    Call,

    /// <summary>Return R(A)(R(A + 1) to R(A + B - 1)).</summary>
    TailCall,

    /// <summary>Return R(A) to R(A + B - 2); up to the top if B is 0.</summary>
    Return,

    /// <summary>Return nothing.</summary>
    ReturnNothing,

    /// <summary>Return R(A).</summary>
    ReturnOne,

    /// <summary>R(A) = a closure of prototype J.</summary>
    Closure,

    /// <summary>R(A) to R(A + B - 2) = the variable arguments; all of them if B is 0.</summary>
    Vararg,

    /// <summary>A new line begins: leaves the interpreter if the host traces lines.</summary>
    Line,
}

/// <summary>How instructions are put together and taken apart.</summary>
internal static class Instruction
{
    /// <summary>Largest register.</summary>
    internal const int MaxRegister = 249;

    /// <summary>Largest value of B, C and D.</summary>
    internal const int MaxField = ushort.MaxValue;

    /// <summary>The bit of an RK field that says it is a constant.</summary>
    internal const int ConstantFlag = 0x8000;

    internal static ulong Fields(Opcode opcode, int a, int b = 0, int c = 0, int d = 0) =>
        (ulong)opcode | ((ulong)a << 8) | ((ulong)b << 16) | ((ulong)c << 32) | ((ulong)d << 48);

    internal static ulong Jumping(Opcode opcode, int a, int b, int jump) =>
        (ulong)opcode | ((ulong)a << 8) | ((ulong)b << 16) | ((ulong)(uint)jump << 32);

    internal static Opcode Operation(ulong instruction) => (Opcode)(byte)instruction;

    internal static int A(ulong instruction) => (byte)(instruction >> 8);

    internal static int B(ulong instruction) => (ushort)(instruction >> 16);

    internal static int C(ulong instruction) => (ushort)(instruction >> 32);

    internal static int D(ulong instruction) => (ushort)(instruction >> 48);

    internal static int J(ulong instruction) => (int)((long)instruction >> 32);
}
