using Valkey.Turbo.Lua;

namespace Valkey.Turbo.Scripting;

/// <summary>Whether a script has been seen to touch other keys than it declares.</summary>
public enum KeyHabit
{
    /// <summary>It has not been run to its end yet.</summary>
    Unknown,

    /// <summary>Its runs so far were content with their keys.</summary>
    KeepsToDeclared,

    /// <summary>A run was not: all shards are taken from then on.</summary>
    TouchesOthers,
}

/// <summary>What can be run: a script of the cache, or a function of a library. All threads share it.</summary>
public abstract class Runnable
{
    private volatile KeyHabit _habit;

    /// <summary>The name that errors and logs show.</summary>
    public abstract string Name { get; }

    /// <summary>What it says of itself.</summary>
    public abstract ScriptFlags Flags { get; }

    /// <summary>What is known of its keys. A guess that runs correct: a wrong one costs time only.</summary>
    public KeyHabit Habit => _habit;

    /// <summary>Notes how a run has ended.</summary>
    public void NoteRun(ScriptRun run)
    {
        KeyHabit seen = run.TouchedOthers ? KeyHabit.TouchesOthers : run.IsCompleted ? KeyHabit.KeepsToDeclared : KeyHabit.Unknown;
        if (_habit < seen)
        {
            _habit = seen;
        }
    }
}

/// <summary>A script of the cache.</summary>
public sealed class Script : Runnable
{
    // A cache line, so that threads do not write to each other's.
    private const int Stride = 8;
    private readonly long[] _lastUsedNs;

    internal Script(ScriptDigest digest, byte[] source, LuaChunk chunk, ScriptFlags flags, int threads)
    {
        Digest = digest;
        Name = digest.ToString();
        Source = source;
        Chunk = chunk;
        Flags = flags;
        _lastUsedNs = new long[threads * Stride];
    }

    /// <summary>Its digest.</summary>
    public ScriptDigest Digest { get; }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <summary>Its source.</summary>
    public byte[] Source { get; }

    /// <inheritdoc/>
    public override ScriptFlags Flags { get; }

    /// <summary>Its code.</summary>
    public LuaChunk Chunk { get; }

    /// <summary>Whether it came by EVAL and may go when there are too many of those.</summary>
    public bool IsEvictable { get; internal set; }

    /// <summary>Orders scripts that were used at one instant.</summary>
    internal long Number { get; init; }

    internal long LastUsedNs
    {
        get
        {
            long last = 0;
            for (int i = 0; i < _lastUsedNs.Length; i += Stride)
            {
                last = Math.Max(last, Volatile.Read(ref _lastUsedNs[i]));
            }
            return last;
        }
    }

    /// <summary>Notes that a thread has run it.</summary>
    public void NoteUse(int thread, long nowNs)
    {
        if (IsEvictable)
        {
            _lastUsedNs[thread * Stride] = nowNs;
        }
    }
}
