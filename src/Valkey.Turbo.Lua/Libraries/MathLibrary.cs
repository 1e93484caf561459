namespace Valkey.Turbo.Lua.Libraries;

/// <summary>The library <c>math</c>.</summary>
internal static class MathLibrary
{
    internal static void Open(LuaState state)
    {
        LuaTable math = state.NewLibrary("math", 32);
        state.Register(
            math,
            ("abs", static (ref LuaCall call) => call.Return(Math.Abs(call.CheckNumber(1)))),
            ("acos", static (ref LuaCall call) => call.Return(Math.Acos(call.CheckNumber(1)))),
            ("asin", static (ref LuaCall call) => call.Return(Math.Asin(call.CheckNumber(1)))),
            ("atan", static (ref LuaCall call) => call.Return(Math.Atan(call.CheckNumber(1)))),
            ("atan2", static (ref LuaCall call) => call.Return(Math.Atan2(call.CheckNumber(1), call.CheckNumber(2)))),
            ("ceil", static (ref LuaCall call) => call.Return(Math.Ceiling(call.CheckNumber(1)))),
            ("cos", static (ref LuaCall call) => call.Return(Math.Cos(call.CheckNumber(1)))),
            ("cosh", static (ref LuaCall call) => call.Return(Math.Cosh(call.CheckNumber(1)))),
            ("deg", static (ref LuaCall call) => call.Return(call.CheckNumber(1) / (Math.PI / 180))),
            ("exp", static (ref LuaCall call) => call.Return(Math.Exp(call.CheckNumber(1)))),
            ("floor", static (ref LuaCall call) => call.Return(Math.Floor(call.CheckNumber(1)))),
            ("fmod", Remainder),
            ("frexp", Split),
            ("ldexp", static (ref LuaCall call) => call.Return(Math.ScaleB(call.CheckNumber(1), call.CheckInteger(2)))),
            ("log", static (ref LuaCall call) => call.Return(Math.Log(call.CheckNumber(1)))),
            ("log10", static (ref LuaCall call) => call.Return(Math.Log10(call.CheckNumber(1)))),
            ("max", Largest),
            ("min", Smallest),
            ("mod", Remainder),
            ("modf", SplitFraction),
            ("pow", static (ref LuaCall call) => call.Return(Math.Pow(call.CheckNumber(1), call.CheckNumber(2)))),
            ("rad", static (ref LuaCall call) => call.Return(call.CheckNumber(1) * (Math.PI / 180))),
            ("random", NextRandom),
            ("randomseed", SeedRandom),
            ("sin", static (ref LuaCall call) => call.Return(Math.Sin(call.CheckNumber(1)))),
            ("sinh", static (ref LuaCall call) => call.Return(Math.Sinh(call.CheckNumber(1)))),
            ("sqrt", static (ref LuaCall call) => call.Return(Math.Sqrt(call.CheckNumber(1)))),
            ("tan", static (ref LuaCall call) => call.Return(Math.Tan(call.CheckNumber(1)))),
            ("tanh", static (ref LuaCall call) => call.Return(Math.Tanh(call.CheckNumber(1)))));
        math[LuaString.Constant("pi")] = Math.PI;
        math[LuaString.Constant("huge")] = double.PositiveInfinity;
    }

    private static int Remainder(ref LuaCall call) => call.Return(call.CheckNumber(1) % call.CheckNumber(2));

    private static int Split(ref LuaCall call)
    {
        double value = call.CheckNumber(1);
        if (value == 0 || !double.IsFinite(value))
        {
            return call.Return(value, 0.0);
        }
        int exponent = Math.ILogB(value) + 1;
        return call.Return(Math.ScaleB(value, -exponent), exponent);
    }

    private static int SplitFraction(ref LuaCall call)
    {
        double value = call.CheckNumber(1);
        double whole = Math.Truncate(value);
        double fraction = double.IsInfinity(value) ? Math.CopySign(0, value) : Math.CopySign(value - whole, value);
        return call.Return(whole, fraction);
    }

    private static int Largest(ref LuaCall call)
    {
        double largest = call.CheckNumber(1);
        for (int i = 2; i <= call.Count; i++)
        {
            double value = call.CheckNumber(i);
            largest = value > largest ? value : largest;
        }
        return call.Return(largest);
    }

    private static int Smallest(ref LuaCall call)
    {
        double smallest = call.CheckNumber(1);
        for (int i = 2; i <= call.Count; i++)
        {
            double value = call.CheckNumber(i);
            smallest = value < smallest ? value : smallest;
        }
        return call.Return(smallest);
    }

    private static int NextRandom(ref LuaCall call)
    {
        double random = call.State.Random.NextFraction();
        switch (call.Count)
        {
            case 0:
                return call.Return(random);
            case 1:
                int upper = call.CheckInteger(1);
                return upper >= 1
                    ? call.Return(Math.Floor(random * upper) + 1)
                    : throw call.ArgumentError(1, "interval is empty");
            case 2:
                int low = call.CheckInteger(1);
                int high = call.CheckInteger(2);
                return low <= high
                    ? call.Return(Math.Floor(random * unchecked(high - low + 1)) + low)
                    : throw call.ArgumentError(2, "interval is empty");
            default:
                throw call.Error("wrong number of arguments");
        }
    }

    private static int SeedRandom(ref LuaCall call)
    {
        call.State.Random.Seed(call.CheckInteger(1));
        return call.Return();
    }
}
