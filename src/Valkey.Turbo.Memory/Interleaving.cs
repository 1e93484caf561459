using System.Diagnostics;

namespace Valkey.Turbo.Memory;

/// <summary>Places where a simulation may let another thread run in between. In checked builds only; otherwise nothing is left of them.</summary>
public static class Interleaving
{
    [ThreadStatic]
    private static Action? t_pause;

    /// <summary>Has the calling thread call something at every place, or nothing.</summary>
    public static void OnThisThread(Action? pause) => t_pause = pause;

    /// <summary>Such a place. No lock may be held.</summary>
    [Conditional("CHECKED")]
    public static void Point() => t_pause?.Invoke();
}
