namespace Valkey.Turbo.Engine;

/// <summary>How the server is to end.</summary>
[Flags]
public enum ShutdownOptions
{
    /// <summary>Saving if save points are configured.</summary>
    None = 0,
    /// <summary>Saving in any case.</summary>
    Save = 1,
    /// <summary>Not saving.</summary>
    NoSave = 2,
    /// <summary>Without waiting for replicas.</summary>
    Now = 4,
    /// <summary>Even if something can't be written.</summary>
    Force = 8,
    /// <summary>Only if the cluster keeps working.</summary>
    Safe = 16,
    /// <summary>Handing the slots over first.</summary>
    Failover = 32,
}

/// <summary>A signal that asks for the end.</summary>
public enum ShutdownSignal
{
    Interrupt,
    Terminate,
}

/// <summary>
/// The server's orderly end. It is one moment under all shards: everything that was run before is saved, and nothing is run afterwards,
/// for the shards are never let go and <see cref="IsOver"/> keeps the thread itself from going on. So no client can have been told of
/// anything that is not kept. Where saving fails, the server goes on as if nothing had been asked.
/// </summary>
public sealed class Shutdown
{
    private const int NoSignal = -1;
    private readonly ServerInstance _server;
    private readonly Lock _gate = new();
    private volatile int _signal = NoSignal;
    private volatile bool _isOver;

    internal Shutdown(ServerInstance server) => _server = server;

    /// <summary>Called once when the server has ended and its threads are to go.</summary>
    public Action? Ended { get; set; }

    /// <summary>Called when the end begins, for who supervises the process.</summary>
    public Action? Begun { get; set; }

    /// <summary>Called with what the end is at, for who supervises the process.</summary>
    public Action<string>? StatusChanged { get; set; }

    /// <summary>Whether the end has come: no thread may run another command.</summary>
    public bool IsOver => _isOver;

    /// <summary>Whether a signal has asked for the end, which has not come yet. Thread 0 is to bring it about, see <see cref="TryObey"/>.</summary>
    public bool IsRequested => _signal != NoSignal;

    /// <summary>Asks for the end. Any thread.</summary>
    public void Request(ShutdownSignal signal)
    {
        lock (_gate)
        {
            // Who reads the line may take the wish back at once.
            _server.LogWarning?.Invoke($"Received {(signal == ShutdownSignal.Interrupt ? "SIGINT" : "SIGTERM")} scheduling shutdown...");
            _signal = (int)signal;
        }
        _server.Wake(0);
    }

    /// <summary>Takes the wish of a signal back. False: there is none.</summary>
    public bool TryAbort()
    {
        lock (_gate)
        {
            if (!IsRequested || IsOver)
            {
                return false;
            }
            _signal = NoSignal;
        }
        _server.LogNotice?.Invoke("Shutdown manually aborted.");
        return true;
    }

    /// <summary>Ends the server as its settings say for the signal that has asked for it. The calling thread holds every shard.</summary>
    /// <returns>Whether it has ended; otherwise it goes on.</returns>
    public bool TryObey(Worker worker)
    {
        ChoiceDirective words = _signal == (int)ShutdownSignal.Interrupt ? _server.Config.ShutdownOnSigint : _server.Config.ShutdownOnSigterm;
        return TryEnd(worker, OptionsOf(words.Choice), client: null);
    }

    /// <summary>Ends the server. The calling thread holds every shard, and keeps them for ever if this succeeds.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="options">How.</param>
    /// <param name="client">The client that has asked for it, or null.</param>
    /// <returns>Whether it has ended; otherwise it goes on.</returns>
    public bool TryEnd(Worker worker, ShutdownOptions options, Session? client)
    {
        _server.LogNotice?.Invoke(client is null
            ? "User requested shutdown..."
            : $"User requested shutdown... (user request from '{client.DescribeBriefly()}')");
        Begun?.Invoke();
        bool isForced = options.HasFlag(ShutdownOptions.Force);
        if (!(TryFinishLog(options) || isForced) || !(TrySave(worker, options) || isForced))
        {
            _server.LogWarning?.Invoke("Errors trying to shut down the server. Check the logs for more information.");
            _signal = NoSignal;
            return false;
        }
        worker.Shards.IsPinned = true;
        _isOver = true;
        Ended?.Invoke();
        return true;
    }

    /// <summary>What a word asks for, in any case; null if it is none.</summary>
    public static ShutdownOptions? OptionOf(string word) => word.ToLowerInvariant() switch
    {
        "save" => ShutdownOptions.Save,
        "nosave" => ShutdownOptions.NoSave,
        "now" => ShutdownOptions.Now,
        "force" => ShutdownOptions.Force,
        "safe" => ShutdownOptions.Safe,
        "failover" => ShutdownOptions.Failover,
        _ => null,
    };

    /// <summary>What the words of <c>shutdown-on-sigterm</c> and its twin ask for.</summary>
    internal static ShutdownOptions OptionsOf(string words)
    {
        ShutdownOptions options = ShutdownOptions.None;
        foreach (string word in words.Split(' '))
        {
            options |= OptionOf(word) ?? ShutdownOptions.None;
        }
        return options;
    }

    /// <summary>Writes what is logged and not in the file yet. Who does not want to save agrees to losing it where that fails.</summary>
    private bool TryFinishLog(ShutdownOptions options)
    {
        if (!_server.Log.IsOn)
        {
            return true;
        }
        _server.LogNotice?.Invoke("Calling fsync() on the AOF file.");
        if (_server.Log.Finish() is null || options.HasFlag(ShutdownOptions.NoSave))
        {
            return true;
        }
        Complain("Error writing the AOF file", options);
        return false;
    }

    private bool TrySave(Worker worker, ShutdownOptions options)
    {
        bool isWanted = options.HasFlag(ShutdownOptions.Save)
            || (_server.Config.Save.Text.Length > 0 && !options.HasFlag(ShutdownOptions.NoSave));
        if (!isWanted)
        {
            return true;
        }
        _server.LogNotice?.Invoke("Saving the final RDB snapshot before exiting.");
        StatusChanged?.Invoke("Saving the final RDB snapshot");
        if (Saving.TrySave(worker, isAwaited: true) is null)
        {
            return true;
        }
        Complain("Error trying to save the DB", options);
        return false;
    }

    private void Complain(string what, ShutdownOptions options)
    {
        if (options.HasFlag(ShutdownOptions.Force))
        {
            _server.LogWarning?.Invoke($"{what}. Exit anyway.");
            return;
        }
        _server.LogWarning?.Invoke($"{what}, can't exit.");
        StatusChanged?.Invoke($"{what}, can't exit.");
    }
}
