using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace Valkey.Turbo.Memory;

/// <summary>Conditions that only a defect of the server can break. Never for kernel results or client input.</summary>
public static class Invariant
{
    /// <summary>Always on: ends the process with the failed expression, because data could be damaged by going on.</summary>
    public static void Require(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition)
        {
            Fail(expression);
        }
    }

    /// <summary>Checked builds only: bounds and ownership at every unsafe step of the hot path.</summary>
    [Conditional("CHECKED")]
    public static void Check(
        [DoesNotReturnIf(false)] bool condition,
        [CallerArgumentExpression(nameof(condition))] string expression = "")
    {
        if (!condition)
        {
            Fail(expression);
        }
    }

    [DoesNotReturn]
    private static void Fail(string expression) => Environment.FailFast($"invariant broken: {expression}");
}
