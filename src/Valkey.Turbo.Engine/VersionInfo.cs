namespace Valkey.Turbo.Engine;

/// <summary>The versions the server names: its own, and those it is compatible with.</summary>
public static class VersionInfo
{
    /// <summary>This server's version.</summary>
    public static readonly string Server = typeof(VersionInfo).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>The Valkey version whose behaviour this server has.</summary>
    public const string Valkey = "9.1.0";

    /// <summary>The Redis version that clients may rely on, as Valkey itself reports it.</summary>
    public const string Redis = "7.2.4";
}
