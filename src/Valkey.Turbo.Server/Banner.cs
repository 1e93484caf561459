using System.Text;
using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Server;

/// <summary>What a person sees when the server starts; process supervisors look for the PID in it.</summary>
internal static class Banner
{
    /// <summary>The banner, with the line ends of the log.</summary>
    internal static string Text(ServerConfig config)
    {
        string[] facts =
        [
            $"Valkey.Turbo {VersionInfo.Server} (compatible with Valkey {VersionInfo.Valkey}) {nint.Size * 8} bit",
            "Running in standalone mode",
            $"Port: {config.Port.Number}",
            $"PID: {Environment.ProcessId}",
        ];
        string[] drawing =
        [
            @"     _______  ",
            @"  __/__  __/  ",
            @"  \ \ / /     ",
            @"   \_/_/      ",
        ];
        StringBuilder text = new("\n");
        for (int i = 0; i < facts.Length; i++)
        {
            text.Append(drawing[i]).Append("   ").Append(facts[i]).Append('\n');
        }
        return text.Append('\n').ToString();
    }
}
