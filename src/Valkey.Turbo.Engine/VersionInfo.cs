using System.Reflection;

namespace Valkey.Turbo.Engine;

/// <summary>The versions the server names: its own, and those it is compatible with.</summary>
public static class VersionInfo
{
    private const int CommitDigits = 8;
    private static readonly string Informational =
        typeof(VersionInfo).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    /// <summary>This project's name.</summary>
    public const string Product = "Valkey.Turbo";

    /// <summary>This server's version.</summary>
    public static readonly string Server = typeof(VersionInfo).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>The Valkey version whose behaviour this server has.</summary>
    public const string Valkey = "9.1.0";

    /// <summary>The Redis version that clients may rely on, as Valkey itself reports it.</summary>
    public const string Redis = "7.2.4";

    /// <summary>What holds keys and values.</summary>
    public const string Allocator = "turbo-slabs";

    /// <summary>The commit that the server was built of, which the build puts behind a plus sign; zeros where it is not known.</summary>
    public static readonly string Commit = CommitIn(Informational);

    /// <summary>A number that differs between builds of different sources.</summary>
    public static readonly string BuildId = BuildIdOf(Informational);

    private static string CommitIn(string version)
    {
        int plus = version.IndexOf('+', StringComparison.Ordinal);
        return plus >= 0 && version.Length >= plus + 1 + CommitDigits ? version.Substring(plus + 1, CommitDigits) : new string('0', CommitDigits);
    }

    /// <summary>FNV-1a, as no more is asked of it than to differ.</summary>
    private static string BuildIdOf(string version)
    {
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in version)
        {
            hash = (hash ^ c) * 0x100000001B3;
        }
        return $"{hash:x16}";
    }
}
