namespace Valkey.Turbo.Persistence.Aof;

/// <summary>When what was written to an append-only file is put on the disk.</summary>
public enum FsyncPolicy
{
    /// <summary>Once a second, by a thread of its own.</summary>
    EverySecond,

    /// <summary>Before any reply is sent.</summary>
    Always,

    /// <summary>When the kernel likes to.</summary>
    No,
}

/// <summary>Whom an append-only file belongs to: says how the file is to be kept, and hears how that goes. Called by any thread.</summary>
public interface IAppendOnlyOwner
{
    /// <summary>When the file is put on the disk; asked whenever something has been written.</summary>
    FsyncPolicy Policy { get; }

    /// <summary>The time in seconds since 1970 if it is to be noted between the commands, or 0.</summary>
    long NotedSecond { get; }

    /// <summary>How long to wait before each write, as tests of what waits for it ask for.</summary>
    int WriteDelayMs { get; }

    /// <summary>Something to know, for the log.</summary>
    void Tell(string text);

    /// <summary>Something to act on, for the log.</summary>
    void Warn(string text);

    /// <summary>More of the file is on the disk than before.</summary>
    void OnSynced();

    /// <summary>What was promised to be on the disk before any reply is sent can't be put there: the process must not go on.</summary>
    void GiveUp();
}
