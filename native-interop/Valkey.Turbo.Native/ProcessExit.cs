using System.Runtime.InteropServices;

namespace Valkey.Turbo.Native;

/// <summary>The end of the process.</summary>
public static partial class ProcessExit
{
    /// <summary>
    /// Ends the process at once, from any thread, whatever the others are doing: nothing is waited for, nothing is run at exit.
    /// </summary>
    [LibraryImport("libc", EntryPoint = "_exit")]
    public static partial void Now(int code);
}
