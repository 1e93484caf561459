using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.Diagnostics;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>LATENCY: when the server was slow, and how long commands take.</summary>
internal static class LatencyCommand
{
    private const string Tips = "nondeterministic_output request_policy:all_nodes response_policy:special";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("latency", -2, CommandFlags.None, "server", "2.8.13", "Depends on subcommand.",
            "A container for latency diagnostics commands.", null, subcommands:
            [
                Sub("doctor", 2, "2.8.13", "O(1)", "Returns a human-readable latency analysis report.", Doctor),
                Sub("graph", 3, "2.8.13", "O(1)", "Returns a latency graph for an event.", Graph, "event:string"),
                Sub("histogram", -2, "7.0.0", "O(N) where N is the number of commands with latency information being retrieved.",
                    "Returns the cumulative distribution of latencies of a subset or all commands.", Histogram, "[command:string...]"),
                Sub("history", 3, "2.8.13", "O(1)", "Returns timestamp-latency samples for an event.", History, "event:string"),
                Sub("latest", 2, "2.8.13", "O(1)", "Returns the latest latency samples for all events.", Latest),
                Sub("reset", -2, "2.8.13", "O(1)", "Resets the latency data for one or more events.", Reset, "[event:string...]",
                    "request_policy:all_nodes response_policy:agg_sum"),
                CommandSpec.Define("help", 2, Loading | Stale, "server", "2.8.13", "O(1)",
                    "Returns helpful text about the different subcommands.", Help, scope: ShardScope.None),
            ]),
    ];

    private const string MonitoringIsOff = "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Valkey instance. You may "
        + "use \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable it.\n";

    private const string NothingSeen = "No latency spike was observed during the lifetime of this Valkey instance, not in the slightest bit.\n";

    private static CommandSpec Sub(
        string name, int arity, string since, string complexity, string summary, Action<CommandContext> run, string syntax = "", string tips = Tips) =>
        CommandSpec.Define(name, arity, Admin | NoScript | Loading | Stale, "server", since, complexity, summary, run,
            syntax: syntax, tips: tips, scope: ShardScope.None);

    private static void Latest(CommandContext context) => context.Server.Latency.Read(events =>
    {
        context.Reply.Array(events.Count);
        foreach ((string name, LatencyMonitor.Series series) in events)
        {
            context.Reply.Array(6);
            context.Reply.Bulk(name);
            context.Reply.Integer(series.Last.UnixSeconds);
            context.Reply.Integer(series.Last.Milliseconds);
            context.Reply.Integer(series.MaxMs);
            context.Reply.Integer(series.SumMs);
            context.Reply.Integer(series.Count);
        }
        return true;
    });

    private static void History(CommandContext context)
    {
        LatencyMonitor.Sample[] samples = SamplesOf(context);
        context.Reply.Array(samples.Length);
        foreach (LatencyMonitor.Sample sample in samples)
        {
            context.Reply.Array(2);
            context.Reply.Integer(sample.UnixSeconds);
            context.Reply.Integer(sample.Milliseconds);
        }
    }

    private static LatencyMonitor.Sample[] SamplesOf(CommandContext context)
    {
        string name = context.Shown(2);
        return context.Server.Latency.Read(events =>
            events.TryGetValue(name, out LatencyMonitor.Series? series) ? series.Samples.ToArray() : []);
    }

    private static void Reset(CommandContext context)
    {
        int count = context.ArgumentCount == 2 ? context.Server.Latency.ResetAll() : 0;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            count += context.Server.Latency.Reset(context.Text(i)) ? 1 : 0;
        }
        context.Reply.Integer(count);
    }

    /// <summary>Draws the samples as columns, the latest at the right, each with its age below.</summary>
    private static void Graph(CommandContext context)
    {
        const int rows = 4;
        string name = context.Shown(2);
        LatencyMonitor.Sample[] samples = SamplesOf(context);
        if (samples.Length == 0)
        {
            context.Reply.Error($"ERR No samples available for event '{name}'");
            return;
        }
        long high = samples.Max(sample => sample.Milliseconds), low = samples.Min(sample => sample.Milliseconds);
        long highest = context.Server.Latency.Read(events => events.TryGetValue(name, out LatencyMonitor.Series? series) ? series.MaxMs : high);
        StringBuilder text = new();
        text.Append($"{name} - high {high} ms, low {low} ms (all time high {highest} ms)\n").Append('-', 80).Append('\n');
        for (int row = rows; row > 0; row--)
        {
            foreach (LatencyMonitor.Sample sample in samples)
            {
                // Three marks to a row: the lowest sample has one, the highest fills the column.
                long marks = high == low ? 1 : 1 + (sample.Milliseconds - low) * (rows * 3 - 1) / (high - low);
                text.Append((marks - (row - 1) * 3) switch { <= 0 => ' ', 1 => '_', 2 => 'o', _ => '#' });
            }
            text.Append('\n');
        }
        text.Append('\n');
        string[] ages = [.. samples.Select(sample => Age(context.NowUnixMs / 1000 - sample.UnixSeconds))];
        for (int line = 0; line < ages.Max(age => age.Length); line++)
        {
            foreach (string age in ages)
            {
                text.Append(line < age.Length ? age[line] : ' ');
            }
            text.Append('\n');
        }
        context.Reply.Verbatim("txt", text.ToString());
    }

    private static string Age(long seconds) => seconds switch
    {
        < 60 => $"{seconds}s",
        < 3600 => $"{seconds / 60}m",
        < 86400 => $"{seconds / 3600}h",
        _ => $"{seconds / 86400}d",
    };

    private static void Doctor(CommandContext context)
    {
        bool isOff = context.Server.Latency.ThresholdNs == long.MaxValue;
        StringBuilder text = new();
        context.Server.Latency.Read(events =>
        {
            if (events.Count == 0)
            {
                return text.Append(isOff ? MonitoringIsOff : NothingSeen);
            }
            text.Append("Latency spikes are observed in this Valkey instance.\n\n");
            int number = 1;
            foreach ((string name, LatencyMonitor.Series series) in events)
            {
                Describe(text, number++, name, series, context.NowUnixMs / 1000);
            }
            return text.Append("\nSLOWLOG GET names the commands behind 'command' and 'fast-command'. Commands over many elements, and expiry or "
                + "eviction of very large keys, are the usual reasons; smaller keys and smaller steps avoid both.\n");
        });
        context.Reply.Verbatim("txt", text.ToString());
    }

    /// <summary>Adds the line of an event, in the form that tools look for.</summary>
    private static void Describe(StringBuilder text, int number, string name, LatencyMonitor.Series series, long nowUnixSeconds)
    {
        IReadOnlyList<LatencyMonitor.Sample> samples = series.Samples;
        long average = samples.Sum(sample => sample.Milliseconds) / samples.Count;
        long deviation = samples.Sum(sample => Math.Abs(average - sample.Milliseconds)) / samples.Count;
        double seconds = Math.Max(1, nowUnixSeconds - samples.Min(sample => sample.UnixSeconds));
        text.Append(CultureInfo.InvariantCulture, $"{number}. {name}: {samples.Count} latency spikes (average {average}ms, mean deviation {deviation}ms, "
            + $"period {seconds / samples.Count:F2} sec). Worst all time event {series.MaxMs}ms.\n");
    }

    private static void Histogram(CommandContext context)
    {
        List<(CommandSpec Spec, LatencyHistogram.Merged Histogram)> found = [];
        void Consider(CommandSpec spec)
        {
            if (Merged(context.Server, spec) is { } histogram)
            {
                found.Add((spec, histogram));
            }
            foreach (CommandSpec subcommand in spec.Subcommands)
            {
                Consider(subcommand);
            }
        }
        if (context.ArgumentCount == 2)
        {
            foreach (CommandSpec spec in CommandTable.Instance.TopLevel)
            {
                Consider(spec);
            }
        }
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (CommandTable.Instance.FindByFullName(context.Text(i)) is CommandSpec spec)
            {
                Consider(spec);
            }
        }
        context.Reply.Map(found.Count);
        foreach ((CommandSpec spec, LatencyHistogram.Merged histogram) in found)
        {
            context.Reply.Bulk(spec.FullName);
            ReplyHistogram(context, histogram);
        }
    }

    /// <summary>A command's latencies over all threads, or null if there are none.</summary>
    internal static LatencyHistogram.Merged? Merged(ServerInstance server, CommandSpec spec)
    {
        List<LatencyHistogram> histograms = [];
        foreach (Worker worker in server.Workers)
        {
            LatencyHistogram?[] latencies = worker.Stats.Latencies;
            if (spec.Id < latencies.Length && Volatile.Read(ref latencies[spec.Id]) is LatencyHistogram one)
            {
                histograms.Add(one);
            }
        }
        return histograms.Count == 0 ? null : LatencyHistogram.Merge(histograms);
    }

    private static void ReplyHistogram(CommandContext context, LatencyHistogram.Merged histogram)
    {
        List<(long BoundNs, long Count)> steps = histogram.Steps();
        context.Reply.Map(2);
        context.Reply.Bulk("calls"u8);
        context.Reply.Integer(histogram.Count);
        context.Reply.Bulk("histogram_usec"u8);
        context.Reply.Map(steps.Count);
        foreach ((long boundNs, long count) in steps)
        {
            context.Reply.Integer((boundNs + boundNs / 128 - 1) / 1000);
            context.Reply.Integer(count);
        }
    }

    private static void Help(CommandContext context) => context.ReplyHelp("LATENCY",
    [
        "DOCTOR",
        "    Return a report about latency for people.",
        "GRAPH <event>",
        "    Draw the samples of an event.",
        "HISTORY <event>",
        "    Return time and latency of the samples of an event.",
        "LATEST",
        "    Return the latest sample of every event.",
        "RESET [<event> ...]",
        "    Forget the samples of some events (default: of all).",
        "HISTOGRAM [<command> ...]",
        "    Return the cumulative distribution of the latencies of some commands (default: of all).",
    ]);
}
