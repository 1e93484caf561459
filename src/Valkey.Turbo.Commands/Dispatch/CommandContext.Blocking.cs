using Valkey.Turbo.Commands.Strings;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands;

/// <content>Commands that wait until a key has something for them.</content>
public sealed partial class CommandContext
{
    // A century and a half; what is longer ends then.
    private const long LongestTimeoutMs = long.MaxValue / 2_000_000;

    /// <summary>Whether the command has just begun, or gone on, to wait: it has replied nothing and is to be run again.</summary>
    internal bool IsBlocked { get; private set; }

    /// <summary>Whether the command has begun to wait in this run, rather than gone on.</summary>
    internal bool HasBegunToWait { get; private set; }

    /// <summary>Time that the command has taken besides this run.</summary>
    public long WorkedNs { get; set; }

    /// <summary>Whether the command has waited before. Keys of another type count as absent then.</summary>
    public bool IsRetry => Session.Blocked is not null;

    /// <summary>What the command remembered when it began to wait, or null.</summary>
    public object? BlockedMemory => Session.Blocked?.Memory;

    /// <summary>Reads a timeout in seconds, which may have a fraction; or replies the error. 0 is no timeout.</summary>
    public bool TryTimeout(int index, out long timeoutNs)
    {
        timeoutNs = 0;
        if (!ExtendedFloat.TryParse(Argument(index), out ExtendedFloat seconds))
        {
            Reply.Error("ERR timeout is not a float or out of range");
            return false;
        }
        return TryTimeout(seconds.CeilingTimes(1000), out timeoutNs);
    }

    /// <summary>Reads a timeout in milliseconds, or replies the error.</summary>
    public bool TryTimeoutMs(int index, out long timeoutNs)
    {
        timeoutNs = 0;
        return TryInteger(index, out long milliseconds, "ERR timeout is not an integer or out of range")
            && TryTimeout(milliseconds, out timeoutNs);
    }

    private bool TryTimeout(long milliseconds, out long timeoutNs)
    {
        timeoutNs = 0;
        if (milliseconds < 0 || milliseconds > long.MaxValue - NowUnixMs)
        {
            Reply.Error(milliseconds < 0 ? "ERR timeout is negative" : "ERR timeout is out of range");
            return false;
        }
        timeoutNs = Math.Min(milliseconds, LongestTimeoutMs) * 1_000_000;
        return true;
    }

    /// <summary>
    /// Finds the first of the keys from argument 1 to before <paramref name="end"/> that holds something of a type. One of another
    /// type is an error when the command begins, and as good as absent when it has waited.
    /// </summary>
    public bool TryFirstFilled(int end, ValueType type, out KeyHandle key, out bool isRefused)
    {
        for (int i = 1; i < end; i++)
        {
            key = Write(i);
            if (key.Exists && !(IsRetry && key.Entry.Type != type))
            {
                isRefused = !IsTypeOrAbsent(key, type);
                return !isRefused;
            }
        }
        key = default;
        isRefused = false;
        return false;
    }

    /// <summary>Waits for keys of which the command takes something, or replies that there is nothing.</summary>
    public void WaitOrReplyNothing(int firstKey, int keyCount, long timeoutNs, bool movesOn = false)
    {
        if (!TryBlock(firstKey, keyCount, timeoutNs, KeyWait.Takers, null, out bool isRefused, movesOn) && !isRefused)
        {
            Reply.NullArray();
        }
    }

    /// <summary>Lets the thread do something bit by bit, between other clients' commands; the command is run again when it is done.</summary>
    public void WaitFor(IGradualWork work)
    {
        Session.Blocked = new BlockedCommand(Session, BlockedCommand.Never) { Work = work };
        IsBlocked = HasBegunToWait = true;
        Worker.Add(work, Session);
    }

    /// <summary>
    /// Makes the command wait for keys, which it holds the shards of. False means that it must not, or has waited long enough,
    /// and has to reply that there is nothing; or that the error has been replied.
    /// </summary>
    /// <param name="firstKey">The argument of the first key; <paramref name="keyCount"/> stand in a row.</param>
    /// <param name="keyCount">How many keys.</param>
    /// <param name="timeoutNs">For how long; 0 for ever.</param>
    /// <param name="queue">Whom it stands in line with, see <see cref="KeyWait"/>.</param>
    /// <param name="memory">What to remember for the next run.</param>
    /// <param name="isRefused">Whether an error has been replied.</param>
    /// <param name="movesOn">See <see cref="BlockedCommand.MovesOn"/>.</param>
    public bool TryBlock(int firstKey, int keyCount, long timeoutNs, byte[]? queue, object? memory, out bool isRefused, bool movesOn = false)
    {
        isRefused = false;
        if (Worker.Shards.IsPinned)
        {
            return false;
        }
        if (Session.Blocked is BlockedCommand waiting)
        {
            waiting.WaitOn();
            Session.LeaveChain();
            if (waiting.IsUnblocked && waiting.UnblockError is string error)
            {
                Reply.Error(error);
                isRefused = true;
                return false;
            }
            IsBlocked = waiting.IsWaiting = !waiting.IsTimedOut && !waiting.IsUnblocked;
            return IsBlocked;
        }
        long deadlineNs = timeoutNs == 0 ? BlockedCommand.Never : Worker.NowMonotonicNs + timeoutNs;
        bool endsWithKey = queue is not null && queue != KeyWait.Takers;
        BlockedCommand command = new(Session, deadlineNs) { Memory = memory, EndsWithKey = endsWithKey, MovesOn = movesOn };
        HashSet<byte[]>? names = keyCount > 1 ? new(BytesComparer.Instance) : null;
        for (int i = firstKey; i < firstKey + keyCount; i++)
        {
            if (names is null || names.Add(Argument(i).ToArray()))
            {
                Shard shard = Server.Shards[Server.ShardOf(Argument(i))];
                shard.Blocked.Add(command, shard, Session.Database, Argument(i), queue);
            }
        }
        Session.Blocked = command;
        IsBlocked = HasBegunToWait = true;
        return true;
    }
}
