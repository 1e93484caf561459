using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Valkey.Turbo.Commands;
using Valkey.Turbo.Memory;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.EndToEnd.Fuzzing;

/// <summary>
/// Valid and nearly valid commands of every row of the command table go to this server and to a real one, and every reply must
/// be the same, errors to the word, and well-formed. TURBO_FUZZ_SECONDS makes it run longer, TURBO_SEED runs what a failure
/// names once more.
/// </summary>
public sealed partial class CommandFuzzTests(ITestOutputHelper output)
{
    private const int MostDifferences = 40;

    /// <summary>Commands that are not sent, and why.</summary>
    private static readonly Dictionary<string, string> NotSent = new()
    {
        ["shutdown"] = "ends the server",
        ["debug"] = "is a tool of tests, each with a server of its own",
        ["monitor"] = "shows other connections, in no order",
        ["quit"] = "ends the connection",
        ["client|reply"] = "leaves commands without replies",
        ["client|kill"] = "ends connections",
        ["client|pause"] = "stops the other connections, too",
        ["client|unblock"] = "depends on other connections",
        ["config|set"] = "every directive is a matter of its own",
        ["config|rewrite"] = "writes a file",
        ["save"] = "writes a file",
        ["bgsave"] = "writes a file",
        ["bgrewriteaof"] = "writes a file",
        ["function|load"] = "takes programs, which are compared elsewhere",
        ["script|debug"] = "asks for a debugger, which is not built",
        ["lolwut"] = "is each server's own picture, with arguments of its own",
        ["pfselftest"] = "takes a second",
    };

    private static TimeSpan Duration => TimeSpan.FromSeconds(
        int.TryParse(Environment.GetEnvironmentVariable("TURBO_FUZZ_SECONDS"), CultureInfo.InvariantCulture, out int seconds) ? seconds : 5);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void EveryReplyIsTheReferences(int threads)
    {
        using ReferenceServer? reference = ReferenceServer.TryStart(output);
        if (reference is null)
        {
            return;
        }
        using TestServer server = new(threads);
        FuzzPair pair = new(reference.Connect, server.Connect, !reference.IsValkey);
        CommandSpec[] commands = Commands(reference);
        Version version = Version.Parse(reference.Version);
        ulong seed = TestSeed.Next(output);
        Dictionary<string, string> found = [];
        Stopwatch clock = Stopwatch.StartNew();
        int episodes = 0;
        for (; (clock.Elapsed < Duration || episodes == 0) && found.Count < MostDifferences; episodes++)
        {
            FuzzEpisode episode = FuzzEpisode.Plan(new RandomSource(seed + (ulong)episodes), commands, version);
            FuzzStep[] steps = [.. episode.Steps, .. Inspection(reference.IsValkey)];
            if (pair.Run(episode, steps) is FuzzDifference difference && !found.ContainsKey(KindOf(difference)))
            {
                found.Add(KindOf(difference), Describe(pair, episode, steps, difference, seed + (ulong)episodes));
            }
        }
        output.WriteLine($"{episodes} episodes with {commands.Length} commands");
        Assert.True(found.Count == 0, string.Join("\n", found.Values));
    }

    private static CommandSpec[] Commands(ReferenceServer reference)
    {
        using RespClient client = reference.Connect();
        HashSet<string> known = [.. client.Run("COMMAND", "LIST").Trim('[', ']').Split(' ')];
        return [.. CommandTable.Instance.All.Where(spec => spec.Run is not null && known.Contains(spec.FullName)
            && (reference.IsValkey || OlderReference.IsSent(spec)) && !NotSent.ContainsKey(spec.FullName) && !NotSent.ContainsKey(spec.Container?.FullName ?? ""))];
    }

    /// <summary>What the data have come to in the end.</summary>
    private static IEnumerable<FuzzStep> Inspection(bool isValkey)
    {
        // Scanning removes what has expired, which digests would count.
        string[][] words = [["DISCARD"], ["SELECT", "0"], ["SCAN", "0", "COUNT", "100000"]];
        foreach (string[] command in isValkey ? [.. words, ["DEBUG", "DIGEST"], .. CommandGenerator.AllKeys.Select(key => (string[])["OBJECT", "ENCODING", key])] : words)
        {
            yield return new FuzzStep(command, command[0] == "SCAN" ? CommandTable.Instance.FindByFullName("scan") : null, FuzzMode.Piped);
        }
    }

    /// <summary>The command and what was answered, with numbers left out, so that a kind of difference is told once.</summary>
    private static string KindOf(FuzzDifference difference)
    {
        string name = difference.Step.Spec?.FullName ?? difference.Step.Words[0];
        return Numbers().Replace($"{name}: {difference.Expected[..Math.Min(60, difference.Expected.Length)]} / {difference.Actual[..Math.Min(60, difference.Actual.Length)]}", "N");
    }

    [GeneratedRegex("[0-9a-f]*[0-9][0-9a-f]*")]
    private static partial Regex Numbers();

    /// <summary>Leaves out of the steps before a difference what it does not need.</summary>
    private static string Describe(FuzzPair pair, FuzzEpisode episode, FuzzStep[] steps, FuzzDifference difference, ulong seed)
    {
        List<FuzzStep> needed = [.. steps.Take(Array.IndexOf(steps, difference.Step) + 1)];
        bool Remains(List<FuzzStep> some)
        {
            try
            {
                return pair.Run(episode, some) is FuzzDifference now && ReferenceEquals(now.Step, difference.Step);
            }
            catch (IOException)
            {
                // Without its MULTI a command may block.
                return false;
            }
        }
        bool recurs = Remains(needed);
        for (int size = needed.Count / 2; recurs && size > 0; size /= 2)
        {
            for (int end = needed.Count - 1; end > 0; end -= size)
            {
                List<FuzzStep> fewer = [.. needed];
                fewer.RemoveRange(Math.Max(0, end - size), end - Math.Max(0, end - size));
                needed = Remains(fewer) ? fewer : needed;
            }
        }
        difference = recurs ? pair.Run(episode, needed) ?? difference : difference;
        StringBuilder text = new($"TURBO_SEED={seed}, RESP{episode.Protocol}{(episode.HasLowLimits ? ", low limits" : "")}{(recurs ? "" : ", not when run again")}:\n");
        foreach (FuzzStep step in recurs ? needed : needed.TakeLast(1))
        {
            text.Append("    ").AppendLine(FuzzText.Show(step.Words));
        }
        return text.Append("  expected ").AppendLine(difference.Expected).Append("  but was  ").AppendLine(difference.Actual).ToString();
    }
}
