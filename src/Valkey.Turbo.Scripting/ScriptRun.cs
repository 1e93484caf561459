namespace Valkey.Turbo.Scripting;

/// <summary>Why a script has been stopped.</summary>
public enum StopReason
{
    None,

    /// <summary>It has touched a key whose shard it does not hold, and had no effect yet: it is to be run again under all shards.</summary>
    NeedsAllShards,

    /// <summary>It has touched such a key, has had effects, and the shard was not to be had.</summary>
    ShardNotToBeHad,

    /// <summary>Somebody wanted it to end.</summary>
    Killed,
}

/// <summary>One run of a script or a function: what it may do, and what it has done. One a thread, used for one run after another.</summary>
public sealed class ScriptRun
{
    private volatile bool _isKilled;
    private volatile bool _hasWritten;

    /// <summary>What runs.</summary>
    public Runnable Runnable { get; private set; } = null!;

    /// <summary>What runs its commands.</summary>
    public ICommandCaller Caller { get; private set; } = null!;

    /// <summary>Whether it is a script of the cache, and no function.</summary>
    public bool IsEval => Runnable is Script;

    /// <summary>Whether it may not write.</summary>
    public bool IsReadOnly { get; private set; }

    /// <summary>Whether its commands may grow memory that is full.</summary>
    public bool AllowsOom { get; private set; }

    /// <summary>Whether its commands reply as to a client that speaks RESP3.</summary>
    public bool IsResp3 { get; set; }

    /// <summary>Whether its effects are to be journalled.</summary>
    public bool IsJournalled { get; set; }

    /// <summary>Whether it has called a command that writes.</summary>
    public bool HasWritten
    {
        get => _hasWritten;
        set => _hasWritten = value;
    }

    /// <summary>Whether it has done anything that must not be done twice.</summary>
    public bool HasEffects { get; set; }

    /// <summary>Whether it has needed a shard that none of its keys is in.</summary>
    public bool TouchedOthers { get; set; }

    /// <summary>Whether it has come to its end, without an error.</summary>
    public bool IsCompleted { get; internal set; }

    /// <summary>When it began, on the monotonic clock.</summary>
    public long StartedNs { get; private set; }

    /// <summary>Why it must not go on.</summary>
    public StopReason Stop { get; set; }

    /// <summary>Whether somebody wants it to end.</summary>
    public bool IsKilled => _isKilled;

    /// <summary>Has it end soon; from any thread.</summary>
    public void Kill() => _isKilled = true;

    /// <summary>Whether it may be left when it has run for long, so that its thread serves others.</summary>
    public bool MayBeSuspended { get; set; }

    /// <summary>Begins another run.</summary>
    public void Begin(Runnable runnable, ICommandCaller caller, bool isReadOnly, long nowNs)
    {
        Runnable = runnable;
        Caller = caller;
        bool isCompatible = runnable.Flags.HasFlag(ScriptFlags.IsCompatible);
        IsReadOnly = isReadOnly || (!isCompatible && runnable.Flags.HasFlag(ScriptFlags.NoWrites));
        AllowsOom = !isCompatible && runnable.Flags.HasFlag(ScriptFlags.AllowOom);
        IsJournalled = true;
        IsResp3 = HasWritten = HasEffects = TouchedOthers = IsCompleted = _isKilled = false;
        MayBeSuspended = false;
        Stop = StopReason.None;
        StartedNs = nowNs;
    }
}
