namespace Valkey.Turbo.Scripting;

/// <summary>What a script or a function says of itself.</summary>
[Flags]
public enum ScriptFlags
{
    None = 0,
    NoWrites = 1 << 0,
    AllowOom = 1 << 1,
    AllowStale = 1 << 2,
    NoCluster = 1 << 3,
    AllowCrossSlotKeys = 1 << 4,
    /// <summary>It has no line that says anything, as all scripts once had; not shown.</summary>
    IsCompatible = 1 << 5,
}

/// <summary>The names of the flags.</summary>
public static class ScriptFlagNames
{
    /// <summary>All flags that can be given, in the order in which they are shown.</summary>
    public static readonly (ScriptFlags Flag, string Name)[] All =
    [
        (ScriptFlags.NoWrites, "no-writes"), (ScriptFlags.AllowOom, "allow-oom"), (ScriptFlags.AllowStale, "allow-stale"),
        (ScriptFlags.NoCluster, "no-cluster"), (ScriptFlags.AllowCrossSlotKeys, "allow-cross-slot-keys"),
    ];

    /// <summary>The flag of a name.</summary>
    public static bool TryParse(string name, StringComparison comparison, out ScriptFlags flag)
    {
        foreach ((ScriptFlags known, string knownName) in All)
        {
            if (string.Equals(knownName, name, comparison))
            {
                flag = known;
                return true;
            }
        }
        flag = ScriptFlags.None;
        return false;
    }
}
