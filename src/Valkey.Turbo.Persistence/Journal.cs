namespace Valkey.Turbo.Persistence;

/// <summary>
/// When a write took effect. Stamps order the records of all shards totally, and consistently with what clients saw: a
/// write that began after another's reply was sent has the greater stamp, as has a later write to the same shard
/// (a hybrid logical clock; Kulkarni et al., 2014).
/// </summary>
/// <param name="TimeNs">Nanoseconds of the monotonic clock, advanced past every stamp the writer has seen.</param>
/// <param name="Thread">Breaks ties between threads.</param>
public readonly record struct JournalStamp(long TimeNs, int Thread) : IComparable<JournalStamp>
{
    public int CompareTo(JournalStamp other) =>
        TimeNs != other.TimeNs ? TimeNs.CompareTo(other.TimeNs) : Thread.CompareTo(other.Thread);

    public static bool operator <(JournalStamp a, JournalStamp b) => a.CompareTo(b) < 0;

    public static bool operator >(JournalStamp a, JournalStamp b) => a.CompareTo(b) > 0;

    public static bool operator <=(JournalStamp a, JournalStamp b) => a.CompareTo(b) <= 0;

    public static bool operator >=(JournalStamp a, JournalStamp b) => a.CompareTo(b) >= 0;
}

/// <summary>
/// Receives the effects of every command as deterministic commands. Those of one command, or of one transaction, are a group: whoever
/// reads the journal sees all of it or nothing. Called on the thread that made the change, while it holds the shards concerned; calls of
/// different threads run at the same time.
/// </summary>
public interface IJournalSink
{
    /// <summary>
    /// Takes one record of the calling thread's group. <paramref name="command"/> is a RESP array of bulk strings, valid during the call only.
    /// </summary>
    void Append(JournalStamp stamp, int database, ReadOnlySpan<byte> command);

    /// <summary>Ends the thread's group, while the shards of all of its records are still held.</summary>
    /// <param name="thread">The thread.</param>
    /// <returns>How many records the journal has up to the group's end.</returns>
    long EndGroup(int thread);

    /// <summary>Makes everything that the calling thread has appended as safe as the sink promises. Called before replies are sent.</summary>
    void Flush();

    /// <summary>Why records can't be kept at present, so that no more writes should be taken, or null.</summary>
    string? Failure { get; }
}

/// <summary>
/// Sees every entry before it changes or goes, so that a snapshot can save the old version first. Called under the
/// entry's shard.
/// </summary>
public interface IWriteBarrier
{
    /// <summary>The entry at <paramref name="entry"/> is about to be changed, replaced or removed.</summary>
    void BeforeChange(int shard, int database, nint entry);
}
