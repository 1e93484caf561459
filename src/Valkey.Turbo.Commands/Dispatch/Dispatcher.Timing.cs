using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.Diagnostics;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands;

/// <content>
/// How long commands take, for the statistics, the histograms, the command logs and the latency monitor. Commands are timed
/// one by one, but for rows of equal brief ones in a pipeline, which share one reading of the clock: if such a row is slow as
/// a whole, its last command is logged for it.
/// </content>
public sealed partial class Dispatcher
{
    private const long FinestSharedMicroseconds = 1000;
    private const int SmallestSharedReplyBytes = 4 * OutputBlockPool.BlockBytes;
    private const int MostBriefArguments = 32;
    private const int LoggedArguments = 32;
    private const int LoggedArgumentBytes = 128;

    private CommandSpec? _rowSpec;
    private int _rowCalls;
    private long _timeMark;
    private long _replyMark;
    private int _blocksMark;
    private bool _looksAtEach;

    /// <summary>Starts the clock for a batch.</summary>
    private void BeginTiming(RequestBatch batch)
    {
        (_rowSpec, _rowCalls) = (null, 0);
        _timeMark = _worker.NowMonotonicNs;
        _replyMark = _reply.Position;
        _blocksMark = _reply.BlocksBegun;
        _looksAtEach = _server.SlowCommands.Threshold is >= 0 and < FinestSharedMicroseconds
            || _server.LargeReplies.Threshold is >= 0 and < SmallestSharedReplyBytes
            || _server.LargeRequests.Wants(batch.TotalBytes);
    }

    /// <summary>To be called before <see cref="_context"/> turns to another command, as the last row may still need its words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void BeginTiming(Session session, CommandSpec spec)
    {
        if (_rowSpec != spec)
        {
            BeginRow(session, spec);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void EndTiming(Session session, CommandSpec spec)
    {
        _rowCalls++;
        if (_looksAtEach || !spec.IsBrief || _context.ArgumentCount > MostBriefArguments || _reply.BlocksBegun != _blocksMark)
        {
            ChargeRow();
            LogSizes(session, spec);
        }
    }

    private void BeginRow(Session session, CommandSpec spec)
    {
        ChargeRow();
        _rowSpec = spec;
        session.LastCommand = spec.FullName;
    }

    /// <summary>Charges the time since the last reading of the clock to the row of commands that ran since.</summary>
    private void ChargeRow()
    {
        if (_rowSpec is not CommandSpec spec || _rowCalls == 0)
        {
            return;
        }
        long now = _server.Clock.MonotonicNs, elapsed = now - _timeMark + _context.WorkedNs;
        _timeMark = now;
        int calls = _rowCalls;
        _rowCalls = 0;
        _worker.Stats.ActiveNs += elapsed;
        _worker.Stats.Commands[spec.Id].ElapsedNs += elapsed;
        if (_context.IsBlocked)
        {
            return;
        }
        if (_server.Config.LatencyTracking.IsSet)
        {
            (_worker.Stats.Latencies[spec.Id] ??= new LatencyHistogram()).Record(elapsed / calls, calls);
        }
        if (elapsed >= _server.Latency.ThresholdNs)
        {
            _server.Latency.Note(spec.Is(CommandFlags.Fast) ? "fast-command" : "command", elapsed, _worker.NowUnixMs / 1000);
        }
        if (_server.SlowCommands.Wants(elapsed / 1000) && !spec.Is(CommandFlags.SkipCommandLog))
        {
            _server.SlowCommands.Add(UnixSeconds(), elapsed / 1000, LoggedWords(_context), _context.Session);
        }
    }

    private void LogSizes(Session session, CommandSpec spec)
    {
        long position = _reply.Position, written = position - _replyMark;
        _replyMark = position;
        _blocksMark = _reply.BlocksBegun;
        if (_context.IsBlocked || spec.Is(CommandFlags.SkipCommandLog))
        {
            return;
        }
        int requestBytes = _context.Batch.RequestBytes(_context.Request);
        if (_server.LargeRequests.Wants(requestBytes))
        {
            _server.LargeRequests.Add(UnixSeconds(), requestBytes, LoggedWords(_context), session);
        }
        if (_server.LargeReplies.Wants(written))
        {
            _server.LargeReplies.Add(UnixSeconds(), written, LoggedWords(_context), session);
        }
    }

    private long UnixSeconds() => _server.Clock.UnixMicroseconds / 1_000_000;

    /// <summary>The words of the command that has just run, as a log shows them: not too many, not too long, and no secrets.</summary>
    private static byte[][] LoggedWords(CommandContext context)
    {
        int count = context.ArgumentCount;
        byte[][] words = new byte[Math.Min(count, LoggedArguments)][];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = i == LoggedArguments - 1 && count > LoggedArguments
                ? Note("... (", count - LoggedArguments + 1, " more arguments)")
                : Secrets.IsSecret(context, i) ? Encoding.ASCII.GetBytes(Secrets.Mark) : Shortened(context.Argument(i));
        }
        return words;
    }

    private static byte[] Shortened(ReadOnlySpan<byte> word) => word.Length <= LoggedArgumentBytes
        ? word.ToArray()
        : [.. word[..LoggedArgumentBytes], .. Note("... (", word.Length - LoggedArgumentBytes, " more bytes)")];

    private static byte[] Note(string before, int number, string after) =>
        Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{before}{number}{after}"));
}
