using System.Globalization;

namespace Valkey.Turbo.Engine;

/// <summary>The process's memory as the kernel sees it.</summary>
/// <param name="ResidentBytes">What is in memory, the executable and libraries included.</param>
/// <param name="AnonymousBytes">What of it the process has taken for itself.</param>
public readonly record struct ProcessMemory(long ResidentBytes, long AnonymousBytes)
{
    /// <summary>Asks; zeros where the kernel does not say.</summary>
    public static ProcessMemory Read()
    {
        try
        {
            // In pages: all, resident, resident of files, ...
            string[] fields = File.ReadAllText("/proc/self/statm").Split(' ');
            long Bytes(int field) => long.Parse(fields[field], CultureInfo.InvariantCulture) * Environment.SystemPageSize;
            return new ProcessMemory(Bytes(1), Bytes(1) - Bytes(2));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return default;
        }
    }
}
