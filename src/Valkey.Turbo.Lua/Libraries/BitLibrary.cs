using System.Buffers.Binary;
using System.Numerics;

namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The library <c>bit</c>: operations on the 32 low bits of numbers, results signed.</summary>
internal static class BitLibrary
{
    /// <summary>Added to a number it brings the whole part's low bits to the end of the fraction.</summary>
    private const double Shifter = 6755399441055744.0;

    internal static void Open(LuaState state) => state.Register(
        state.NewLibrary("bit", 12),
        ("arshift", static (ref LuaCall call) => Return(ref call, (uint)((int)Argument(ref call, 1) >> Distance(ref call)))),
        ("band", And),
        ("bnot", static (ref LuaCall call) => Return(ref call, ~Argument(ref call, 1))),
        ("bor", Or),
        ("bswap", static (ref LuaCall call) => Return(ref call, BinaryPrimitives.ReverseEndianness(Argument(ref call, 1)))),
        ("bxor", ExclusiveOr),
        ("lshift", static (ref LuaCall call) => Return(ref call, Argument(ref call, 1) << Distance(ref call))),
        ("rol", static (ref LuaCall call) => Return(ref call, BitOperations.RotateLeft(Argument(ref call, 1), Distance(ref call)))),
        ("ror", static (ref LuaCall call) => Return(ref call, BitOperations.RotateRight(Argument(ref call, 1), Distance(ref call)))),
        ("rshift", static (ref LuaCall call) => Return(ref call, Argument(ref call, 1) >> Distance(ref call))),
        ("tobit", static (ref LuaCall call) => Return(ref call, Argument(ref call, 1))),
        ("tohex", ToHexadecimal));

    private static uint Argument(ref LuaCall call, int index) =>
        unchecked((uint)BitConverter.DoubleToUInt64Bits(call.CheckNumber(index) + Shifter));

    private static int Distance(ref LuaCall call) => (int)(Argument(ref call, 2) & 31);

    private static int Return(ref LuaCall call, uint bits) => call.Return((double)(int)bits);

    private static int And(ref LuaCall call)
    {
        uint bits = Argument(ref call, 1);
        for (int i = call.Count; i > 1; i--)
        {
            bits &= Argument(ref call, i);
        }
        return Return(ref call, bits);
    }

    private static int Or(ref LuaCall call)
    {
        uint bits = Argument(ref call, 1);
        for (int i = call.Count; i > 1; i--)
        {
            bits |= Argument(ref call, i);
        }
        return Return(ref call, bits);
    }

    private static int ExclusiveOr(ref LuaCall call)
    {
        uint bits = Argument(ref call, 1);
        for (int i = call.Count; i > 1; i--)
        {
            bits ^= Argument(ref call, i);
        }
        return Return(ref call, bits);
    }

    /// <summary>A negative count of digits asks for capitals.</summary>
    private static int ToHexadecimal(ref LuaCall call)
    {
        uint bits = Argument(ref call, 1);
        int wanted = call.Has(2) ? (int)Argument(ref call, 2) : 8;
        ReadOnlySpan<byte> alphabet = wanted < 0 ? "0123456789ABCDEF"u8 : "0123456789abcdef"u8;
        int count = (int)Math.Min(Math.Abs((long)wanted), 8);
        Span<byte> digits = stackalloc byte[8];
        for (int i = count - 1; i >= 0; i--)
        {
            digits[i] = alphabet[(int)(bits & 15)];
            bits >>= 4;
        }
        return call.Return(call.State.NewString(digits[..count]));
    }
}
