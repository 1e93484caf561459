using Valkey.Turbo.Engine.Diagnostics;

namespace Valkey.Turbo.Engine;

/// <summary>What one command cost and how often it ran, on one thread.</summary>
public struct CommandCounters
{
    public long Calls;
    public long ElapsedNs;
    public long Rejected;
    public long Failed;
}

/// <summary>Counters of one thread. Written by it alone; read by all, who may see a slightly older value.</summary>
public sealed class WorkerStats
{
    public long CommandsProcessed;
    public long ConnectionsReceived;
    public long KeyspaceHits;
    public long KeyspaceMisses;
    public long ExpiredKeys;
    public long ExpiredFields;
    public long EvictedKeys;
    /// <summary>Values that were, or are being, freed bit by bit.</summary>
    public long LazyFreed;
    public long EvictedClients;
    public long OutputLimitDisconnections;
    public long QueryLimitDisconnections;
    /// <summary>Changes of data, as Valkey counts them towards the next save.</summary>
    public long Changes;
    /// <summary>How often bytes were received.</summary>
    public long Reads;
    /// <summary>How often replies were handed to the kernel.</summary>
    public long Writes;
    public long InputBytes;
    public long OutputBytes;
    public long ErrorReplies;
    public long ParkedCommands;
    public long EventLoopCycles;
    /// <summary>Time of all turns of the event loop, without the waits between them.</summary>
    public long TurnNs;
    /// <summary>The longest turn.</summary>
    public long LongestTurnNs;
    /// <summary>The most commands that ran in one turn.</summary>
    public long MostCommandsInTurn;
    /// <summary>Time of what is done ten times a second.</summary>
    public long CronNs;
    /// <summary>Time of waiting until the journal is safe.</summary>
    public long JournalNs;
    private long _commandsBeforeTurn;
    /// <summary>Time in which commands ran.</summary>
    public long ActiveNs;

    /// <summary>Per command, by its number in the command table.</summary>
    public CommandCounters[] Commands = [];

    /// <summary>How long commands took, by number; null for those not called since the last reset.</summary>
    public LatencyHistogram?[] Latencies = [];

    /// <summary>Counts a turn of the event loop that is over.</summary>
    public void NoteTurn(long elapsedNs)
    {
        EventLoopCycles++;
        TurnNs += elapsedNs;
        LongestTurnNs = Math.Max(LongestTurnNs, elapsedNs);
        MostCommandsInTurn = Math.Max(MostCommandsInTurn, CommandsProcessed - _commandsBeforeTurn);
        _commandsBeforeTurn = CommandsProcessed;
    }

    /// <summary>Sets everything to zero.</summary>
    public void Reset()
    {
        CommandsProcessed = ConnectionsReceived = KeyspaceHits = KeyspaceMisses = ExpiredKeys = ExpiredFields = EvictedKeys = LazyFreed = 0;
        EvictedClients = OutputLimitDisconnections = QueryLimitDisconnections = 0;
        InputBytes = OutputBytes = Reads = Writes = ErrorReplies = ParkedCommands = EventLoopCycles = ActiveNs = 0;
        TurnNs = LongestTurnNs = MostCommandsInTurn = CronNs = JournalNs = _commandsBeforeTurn = 0;
        Array.Clear(Commands);
        Array.Clear(Latencies);
    }
}
