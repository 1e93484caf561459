namespace Valkey.Turbo.Structures;

/// <summary>By what clock the fields of a hash expire for whoever looks at it.</summary>
/// <param name="NowUnixMs">The time in milliseconds since 1970; deadlines are kept relative to it even where nothing expires.</param>
/// <param name="SeesExpired">Whether what has expired is seen nevertheless: by who brings data in, and by who copies or saves everything.</param>
public readonly record struct ExpiryClock(long NowUnixMs, bool SeesExpired = false)
{
    /// <summary>Whether something is over, and so not to be seen.</summary>
    public bool IsOver(long expiresAtUnixMs) => expiresAtUnixMs != ITableEntry.NoExpiry && expiresAtUnixMs <= NowUnixMs && !SeesExpired;
}
