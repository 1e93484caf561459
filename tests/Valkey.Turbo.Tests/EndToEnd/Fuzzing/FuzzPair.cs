using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Valkey.Turbo.Tests.EndToEnd.Fuzzing;

/// <summary>The first step at which two servers parted, and what each said.</summary>
internal sealed record FuzzDifference(FuzzStep Step, string Expected, string Actual);

/// <summary>Runs the same steps on a real server and on this one, side by side, on connections of their own each time.</summary>
internal sealed class FuzzPair(Func<RespClient> connectReference, Func<RespClient> connectOurs, bool isOlder)
{
    private const int MostPiped = 40;
    // Valkey looks for timeouts that have passed ten times a second.
    private const int BlockedAfterMs = 150;
    private const int LongestDelayMs = 2000;
    private const int LongestReplyMs = 10_000;

    private static readonly string[][] HighLimits =
        [["CONFIG", "SET", "list-max-listpack-size", "128", "hash-max-listpack-entries", "512", "set-max-intset-entries", "512", "zset-max-listpack-entries", "128", "stream-node-max-entries", "100"]];

    private static readonly string[][] LowLimits =
        [["CONFIG", "SET", "list-max-listpack-size", "2", "hash-max-listpack-entries", "2", "set-max-intset-entries", "2", "zset-max-listpack-entries", "2", "stream-node-max-entries", "2"]];

    private sealed class Side : IDisposable
    {
        private readonly RespClient _client;
        private readonly RespClient _helper;
        private readonly string _id;
        private readonly int _protocol;

        internal Side(Func<RespClient> connect, FuzzEpisode episode)
        {
            (_client, _helper, _protocol) = (connect(), connect(), episode.Protocol);
            _client.ReceiveTimeoutMs = LongestReplyMs;
            // Strings of a mebibyte are as good as strings of half a gibibyte.
            // Whoever asks for more than the machine has is disconnected.
            foreach (string[] command in (string[][])[["FLUSHALL"], ["DEBUG", "SET-ACTIVE-EXPIRE", "0"], ["CONFIG", "SET", "proto-max-bulk-len", "1048576", "client-output-buffer-limit", "normal 67108864 0 0"], .. episode.HasLowLimits ? LowLimits : HighLimits])
            {
                string reply = _helper.Run(command);
                Assert.True(reply == "OK", $"{FuzzText.Show(command)}: {reply}");
            }
            // Redis 7.0 does not know this one, and its sets are never listpacks.
            _helper.Run("CONFIG", "SET", "set-max-listpack-entries", episode.HasLowLimits ? "2" : "128");
            _id = _client.Run("CLIENT", "ID");
            _client.Run("HELLO", _protocol.ToString(CultureInfo.InvariantCulture));
        }

        internal void Send(IReadOnlyList<FuzzStep> steps) => _client.Write([.. steps.SelectMany(step => RespText.Encode(step.Words))]);

        internal RespReply Read()
        {
            while (true)
            {
                RespReply reply = RespReply.Read(_client.Stream, _protocol);
                if (!reply.IsPush)
                {
                    return reply;
                }
            }
        }

        /// <summary>All replies up to RESET's, which is sent unless it was just that.</summary>
        internal List<RespReply> ReadToReset(bool isReset)
        {
            if (!isReset)
            {
                _client.Send("RESET");
            }
            _client.Send("HELLO", _protocol.ToString(CultureInfo.InvariantCulture));
            List<RespReply> replies = [];
            while (true)
            {
                RespReply reply = RespReply.Read(_client.Stream, protocol: 0);
                if (reply is { Kind: '+', Text: "RESET" })
                {
                    break;
                }
                replies.Add(reply);
            }
            RespReply.Read(_client.Stream, _protocol);
            return replies;
        }

        internal bool HasReply(int timeoutMs) => _client.HasReply(timeoutMs);

        internal void Unblock(string how) => _helper.Run("CLIENT", "UNBLOCK", _id, how);

        public void Dispose()
        {
            _client.Dispose();
            _helper.Dispose();
        }
    }

    /// <summary>Runs steps as part of an episode; null if both servers agree to the end.</summary>
    internal FuzzDifference? Run(FuzzEpisode episode, IReadOnlyList<FuzzStep> steps)
    {
        using Side theirs = new(connectReference, episode), ours = new(connectOurs, episode);
        List<FuzzStep> queued = [];
        for (int at = 0; at < steps.Count;)
        {
            FuzzStep[] run = [.. steps.Skip(at).TakeWhile((step, i) => i == 0 || (i < MostPiped && step.Mode == FuzzMode.Piped && steps[at].Mode == FuzzMode.Piped))];
            at += run.Length;
            theirs.Send(run);
            ours.Send(run);
            FuzzDifference? difference = run[0].Mode switch
            {
                FuzzMode.ThenReset => CompareToReset(run[0], theirs, ours, queued),
                FuzzMode.Alone => CompareAlone(run[0], theirs, ours),
                _ => ComparePiped(run, theirs, ours, queued),
            };
            if (difference is not null)
            {
                return difference;
            }
        }
        return null;
    }

    private FuzzDifference? ComparePiped(FuzzStep[] steps, Side theirs, Side ours, List<FuzzStep> queued)
    {
        // Both are read to the end first, so that nothing of these steps is still to be run.
        List<RespReply> expected = [], actual = [];
        string? end = null;
        foreach (FuzzStep step in steps)
        {
            expected.Add(theirs.Read());
            end ??= TryRead(ours, actual);
        }
        for (int i = 0; i < steps.Length; i++)
        {
            if (i >= actual.Count)
            {
                return new FuzzDifference(steps[i], expected[i].ToString(), end!);
            }
            if (!Agree(steps[i], expected[i], actual[i], queued))
            {
                return new FuzzDifference(steps[i], expected[i].ToString(), actual[i].ToString());
            }
        }
        return null;
    }

    private static string? TryRead(Side ours, List<RespReply> replies)
    {
        try
        {
            replies.Add(ours.Read());
            return null;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or SocketException)
        {
            return e.Message;
        }
    }

    private bool Agree(FuzzStep step, RespReply expected, RespReply actual, List<FuzzStep> queued)
    {
        string name = step.Spec?.FullName ?? "";
        if (expected is { Kind: '+', Text: "QUEUED" })
        {
            queued.Add(step);
            return expected.ToString() == actual.ToString();
        }
        if (name is not ("exec" or "discard" or "multi"))
        {
            return ReplyAgreement.Agree(step, expected, actual, isOlder);
        }
        FuzzStep[] run = [.. queued];
        if (name != "multi")
        {
            queued.Clear();
        }
        return expected.Kind == '*' && actual.Kind == '*' && expected.Items?.Count == run.Length && actual.Items?.Count == run.Length
            ? Enumerable.Range(0, run.Length).All(i => ReplyAgreement.Agree(run[i], expected.Items[i], actual.Items[i], isOlder))
            : expected.ToString() == actual.ToString() || (isOlder && expected.IsError && actual.IsError);
    }

    private FuzzDifference? CompareToReset(FuzzStep step, Side theirs, Side ours, List<FuzzStep> queued)
    {
        queued.Clear();
        bool isReset = step.Words.Length == 1 && step.Spec?.FullName == "reset";
        List<RespReply> expected = theirs.ReadToReset(isReset), actual = ours.ReadToReset(isReset);
        bool agree = expected.Count == actual.Count && expected.Zip(actual).All(pair => ReplyAgreement.Agree(step, pair.First, pair.Second, isOlder));
        return agree ? null : new FuzzDifference(step, string.Join(' ', expected), string.Join(' ', actual));
    }

    private FuzzDifference? CompareAlone(FuzzStep step, Side theirs, Side ours)
    {
        bool isBlocked = !theirs.HasReply(BlockedAfterMs), isOurs = isBlocked ? !ours.HasReply(0) : !ours.HasReply(LongestDelayMs);
        if (isBlocked || isOurs)
        {
            string how = isBlocked && !isOurs ? "TIMEOUT" : step.Words.Sum(word => word.Length) % 2 == 0 ? "TIMEOUT" : "ERROR";
            theirs.Unblock(how);
            ours.Unblock(how);
        }
        RespReply expected = theirs.Read(), actual = ours.Read();
        // Who has waited longer than Valkey's shortest wait may have been served meanwhile.
        return ReplyAgreement.Agree(step, expected, actual, isOlder) && (isBlocked || !isOurs)
            ? null
            : new FuzzDifference(step, $"{(isBlocked ? "(blocked) " : "")}{expected}", $"{(isOurs ? "(blocked) " : "")}{actual}");
    }
}
