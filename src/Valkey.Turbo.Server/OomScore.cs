using System.Globalization;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Server;

/// <summary>How readily the kernel ends the server when memory runs out, as <c>oom-score-adj</c> and its values say.</summary>
internal sealed class OomScore(ServerConfig config, ServerLog log)
{
    private const string ScorePath = "/proc/self/oom_score_adj";
    private const int Greatest = 1000;
    private int? _before;

    /// <summary>Puts the settings into effect, or what was before where they are off. Null, or why that can't be.</summary>
    internal string? TryApply()
    {
        string mode = config.OomScoreAdj.Choice;
        if (mode == "no" && _before is null)
        {
            return null;
        }
        string what = "read";
        try
        {
            _before ??= int.Parse(File.ReadAllText(ScorePath), CultureInfo.InvariantCulture);
            // The first of the values is a primary's.
            int ofPrimary = int.Parse(config.OomScoreAdjValues.Text.Split(' ')[0], CultureInfo.InvariantCulture);
            int score = mode switch
            {
                "no" => _before.Value,
                "absolute" => ofPrimary,
                _ => _before.Value + ofPrimary,
            };
            _before = mode == "no" ? null : _before;
            what = "write";
            File.WriteAllText(ScorePath, Math.Clamp(score, -Greatest, Greatest).ToString(CultureInfo.InvariantCulture));
            return null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.Warning($"Unable to {what} oom_score_adj: {Errno.Describe(e)}");
            return "Failed to set current oom_score_adj. Check server logs.";
        }
    }
}
