using System.Runtime.InteropServices;
using System.Text;

namespace Valkey.Turbo.Native;

/// <summary>Paths with wildcards, as glob(3) reads them.</summary>
public static unsafe partial class PathPattern
{
    // struct glob_t: the count of paths, the paths, and what only the C library reads.
    [StructLayout(LayoutKind.Sequential)]
    private struct Found
    {
        internal nuint Count;
        internal byte** Paths;
        private fixed ulong _rest[14];
    }

    /// <summary>Whether a path has wildcards.</summary>
    public static bool HasWildcards(string path) => path.AsSpan().ContainsAny("*?[");

    /// <summary>The paths that a pattern matches, in order; none where it matches nothing.</summary>
    public static string[] Expand(string pattern)
    {
        Found found = default;
        int result;
        fixed (byte* text = Encoding.UTF8.GetBytes(pattern + '\0'))
        {
            result = Glob(text, 0, 0, &found);
        }
        if (result != 0)
        {
            return [];
        }
        string[] paths = new string[(int)found.Count];
        for (int i = 0; i < paths.Length; i++)
        {
            paths[i] = Marshal.PtrToStringUTF8((nint)found.Paths[i])!;
        }
        Free(&found);
        return paths;
    }

    [LibraryImport("libc", EntryPoint = "glob")]
    private static partial int Glob(byte* pattern, int flags, nint onError, Found* found);

    [LibraryImport("libc", EntryPoint = "globfree")]
    private static partial void Free(Found* found);
}
