using System.Runtime.CompilerServices;
using Valkey.Turbo.Lua.Compiler;

namespace Valkey.Turbo.Lua;

/// <summary>Lua's arithmetic on numbers.</summary>
internal static class Arithmetic
{
    /// <summary>The remainder that has the divisor's sign.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double Modulo(double left, double right) => left - (Math.Floor(left / right) * right);

    /// <summary>C's pow, its most frequent exponent taken directly.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static double Power(double left, double right) => right == 2 ? left * left : Math.Pow(left, right);

    /// <summary>What an arithmetic instruction computes.</summary>
    internal static double Compute(Opcode opcode, double left, double right) => opcode switch
    {
        Opcode.Add => left + right,
        Opcode.Subtract => left - right,
        Opcode.Multiply => left * right,
        Opcode.Divide => left / right,
        Opcode.Modulo => Modulo(left, right),
        _ => Power(left, right),
    };
}
