using System.Globalization;
using Valkey.Turbo.Memory;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// Random commands go to this server and to a real one, and each must bring about the same keyspace notifications in the same order, and count for as many changes.
/// </summary>
public sealed class EventDifferentialTests(ITestOutputHelper output)
{
    private const int CommandCount = 12_000;
    private const string Mark = "__key-end";

    [Theory]
    [InlineData(1, 71UL)]
    [InlineData(4, 72UL)]
    public void EveryEventIsTheReferences(int threads, ulong seed)
    {
        using ReferenceServer? reference = ReferenceServer.TryStart(output);
        if (reference is null)
        {
            return;
        }
        bool isValkey = reference.IsValkey;
        using TestServer server = new(threads);
        using RespClient ours = server.Connect(), theirs = reference.Connect();
        using RespClient ourEvents = server.Connect(), theirEvents = reference.Connect();
        foreach (RespClient client in (RespClient[])[ours, theirs])
        {
            client.Run("CONFIG", "SET", "notify-keyspace-events", "AKEmn");
        }
        foreach (RespClient listener in (RespClient[])[ourEvents, theirEvents])
        {
            listener.Run("PSUBSCRIBE", "__key*");
        }
        Dictionary<string, string> differences = [];
        long theirLast = 0, ourLast = 0;
        CollectionStreams stream = new(new RandomSource(seed), isValkey);
        for (int i = 0; i < CommandCount; i++)
        {
            string[] command = stream.Next();
            theirs.Run(command);
            ours.Run(command);
            // SORT visits the elements of a set in an order of its own.
            bool isSorted = command[0] == "SORT";
            string expected = EventsOf(theirs, theirEvents, isSorted), actual = EventsOf(ours, ourEvents, isSorted);
            if (command[0] == "XREAD")
            {
                // How often it looks for an absent key is nobody's business.
                continue;
            }
            long theirChanges = ChangesOf(theirs), ourChanges = ChangesOf(ours);
            if (isValkey && command[0] is not ("XREADGROUP" or "XAUTOCLAIM"))
            {
                // What a delivery to a consumer group counts for is left open.
                expected += $"\n{theirChanges - theirLast} changes";
                actual += $"\n{ourChanges - ourLast} changes";
            }
            (theirLast, ourLast) = (theirChanges, ourChanges);
            if (expected != actual)
            {
                differences.TryAdd(command[0], $"command {i} ({string.Join(' ', command)}): expected\n{expected}\ngot\n{actual}");
            }
        }
        Assert.True(differences.Count == 0, string.Join("\n\n", differences.Values));
    }

    /// <summary>How often data has changed, as INFO counts it towards the next save.</summary>
    private static long ChangesOf(RespClient client)
    {
        const string field = "rdb_changes_since_last_save:";
        string text = client.Run("INFO", "persistence");
        int at = text.IndexOf(field, StringComparison.Ordinal) + field.Length;
        return long.Parse(text[at..text.IndexOf('\r', at)], CultureInfo.InvariantCulture);
    }

    private static string EventsOf(RespClient client, RespClient listener, bool isSorted)
    {
        client.Run("PUBLISH", Mark, "");
        List<string> events = [];
        for (string text = listener.Read(); !text.Contains(Mark, StringComparison.Ordinal); text = listener.Read())
        {
            events.Add(text);
        }
        return string.Join('\n', isSorted ? events.Order(StringComparer.Ordinal) : events);
    }
}
