using System.Runtime.CompilerServices;
using System.Text;
using Valkey.Turbo.Engine.Eviction;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>
/// The server's settings: every directive by name, and those that the server acts on by property. Changed by one thread
/// at a time (start-up, or CONFIG SET under its lock); read by all.
/// </summary>
public sealed class ServerConfig
{
    private readonly Dictionary<string, Directive> _byName = new(StringComparer.OrdinalIgnoreCase);
    private OutputLimit[] _outputLimits = [];
    private StrongBox<EvictionPolicy> _eviction = new(EvictionPolicy.Parse("noeviction"));
    private readonly ConfigReader _reader;

    public ServerConfig()
    {
        _reader = new ConfigReader(this);
        All = DirectiveTable.Create();
        foreach (Directive directive in All)
        {
            _byName[directive.Name] = directive;
            if (directive.Alias is not null)
            {
                _byName[directive.Alias] = directive;
            }
        }
        Port = Number("port");
        Threads = Number("io-threads");
        Databases = Number("databases");
        MaxClients = Number("maxclients");
        MaxMemory = Number("maxmemory");
        MaxBulkBytes = Number("proto-max-bulk-len");
        QueryBufferLimit = Number("client-query-buffer-limit");
        KeepAliveSeconds = Number("tcp-keepalive");
        TrackingTableMaxKeys = Number("tracking-table-max-keys");
        Backlog = Number("tcp-backlog");
        IdleTimeoutSeconds = Number("timeout");
        Hz = Number("hz");
        Hz.IsInEffect = false;
        // Payloads are checked whatever it says.
        Find("sanitize-dump-payload")!.IsInEffect = true;
        UnixSocketPermissions = Number("unixsocketperm");
        SlowerThanMicroseconds = Number("commandlog-execution-slower-than");
        RequestLargerThanBytes = Number("commandlog-request-larger-than");
        ReplyLargerThanBytes = Number("commandlog-reply-larger-than");
        SlowCommandsKept = Number("commandlog-slow-execution-max-len");
        LargeRequestsKept = Number("commandlog-large-request-max-len");
        LargeRepliesKept = Number("commandlog-large-reply-max-len");
        LatencyThresholdMs = Number("latency-monitor-threshold");
        LatencyTracking = Flag("latency-tracking");
        LatencyPercentiles = Text("latency-tracking-info-percentiles");
        LfuLogFactor = Number("lfu-log-factor");
        LfuDecayMinutes = Number("lfu-decay-time");
        MaxMemoryPolicy = Choice("maxmemory-policy");
        MaxMemorySamples = Number("maxmemory-samples");
        EvictionTenacity = Number("maxmemory-eviction-tenacity");
        MaxMemoryClients = Number("maxmemory-clients");
        LogLevel = Choice("loglevel");
        LogFormat = Choice("log-format");
        LogTimestampFormat = Choice("log-timestamp-format");
        Daemonize = Flag("daemonize");
        Supervised = Choice("supervised");
        SetsProcessTitle = Flag("set-proc-title");
        ProcessTitle = Text("proc-title-template");
        OomScoreAdj = Choice("oom-score-adj");
        OomScoreAdjValues = Text("oom-score-adj-values");
        IoEngine = Choice("io-engine");
        EnableDebugCommand = Choice("enable-debug-command");
        EnableProtectedConfigs = Choice("enable-protected-configs");
        RequirePass = Text("requirepass");
        NotifyKeyspaceEvents = Text("notify-keyspace-events");
        Bind = Text("bind");
        UnixSocket = Text("unixsocket");
        UnixSocketGroup = Text("unixsocketgroup");
        LogFile = Text("logfile");
        PidFile = Text("pidfile");
        Directory = Text("dir");
        RdbFileName = Text("dbfilename");
        Save = Text("save");
        AppendOnly = Flag("appendonly");
        AppendDirectoryName = Text("appenddirname");
        AppendFileName = Text("appendfilename");
        KeySaveDelayMicroseconds = Number("rdb-key-save-delay");
        StopsWritesOnSaveError = Flag("stop-writes-on-bgsave-error");
        ShutdownOnSigint = Choice("shutdown-on-sigint");
        ShutdownOnSigterm = Choice("shutdown-on-sigterm");
        AppendFsync = Choice("appendfsync");
        AofBaseIsRdb = Flag("aof-use-rdb-preamble");
        LoadsTruncatedAof = Flag("aof-load-truncated");
        NotesTimeInAof = Flag("aof-timestamp-enabled");
        RdbVersionCheck = Choice("rdb-version-check");
        ChecksRdb = Flag("rdbchecksum");
        SyslogIdent = Text("syslog-ident");
        SyslogFacility = Choice("syslog-facility");
        SyslogEnabled = Flag("syslog-enabled");
        ProtectedMode = Flag("protected-mode");
        AlwaysShowLogo = Flag("always-show-logo");
        ImportMode = Flag("import-mode");
        ActsAsRedis = Flag("extended-redis-compatibility");
        AllowsInsecureLua = Flag("lua-enable-insecure-api");
        BusyReplyThresholdMs = Number("busy-reply-threshold");
        LazyUserDel = Flag("lazyfree-lazy-user-del");
        LazyServerDel = Flag("lazyfree-lazy-server-del");
        LazyExpire = Flag("lazyfree-lazy-expire");
        LazyEviction = Flag("lazyfree-lazy-eviction");
        LazyUserFlush = Flag("lazyfree-lazy-user-flush");
        Threads.Assign(0);
        Directory.TrySet(Environment.CurrentDirectory);
        MaxMemoryPolicy.Changed = () =>
        {
            TracksFrequency = MaxMemoryPolicy.Choice.EndsWith("lfu", StringComparison.Ordinal);
            _eviction = new StrongBox<EvictionPolicy>(EvictionPolicy.Parse(MaxMemoryPolicy.Choice));
        };
        ConfigRules.Attach(this);
        ConfigRefusals.Attach(this);
        TextDirective outputLimits = Text("client-output-buffer-limit");
        outputLimits.Changed = () => _outputLimits = [OutputLimit.Parse(outputLimits.Text, "normal"), OutputLimit.Parse(outputLimits.Text, "pubsub")];
        outputLimits.Changed();
        AttachLimits();
    }

    /// <summary>The sizes at which collections change their encoding.</summary>
    public CollectionLimits Limits { get; } = new();

    private void AttachLimits()
    {
        Limit("hash-max-listpack-entries", value => Limits.HashMaxListpackEntries = value);
        Limit("hash-max-listpack-value", value => Limits.HashMaxListpackValue = value);
        Limit("set-max-intset-entries", value => Limits.SetMaxIntsetEntries = value);
        Limit("set-max-listpack-entries", value => Limits.SetMaxListpackEntries = value);
        Limit("set-max-listpack-value", value => Limits.SetMaxListpackValue = value);
        Limit("zset-max-listpack-entries", value => Limits.ZsetMaxListpackEntries = value);
        Limit("zset-max-listpack-value", value => Limits.ZsetMaxListpackValue = value);
        Limit("list-max-listpack-size", value => Limits.ListMaxListpackSize = (int)value);
        Limit("list-compress-depth", value => Limits.ListCompressDepth = (int)value);
        Limit("stream-node-max-bytes", value => Limits.StreamNodeMaxBytes = value);
        Limit("stream-node-max-entries", value => Limits.StreamNodeMaxEntries = value);
        Limit("hll-sparse-max-bytes", value => Limits.HllSparseMaxBytes = value);
    }

    private void Limit(string name, Action<long> apply)
    {
        NumberDirective directive = Number(name);
        directive.Changed = () => apply(directive.Number);
    }

    /// <summary>Every directive.</summary>
    public IReadOnlyList<Directive> All { get; }

    /// <summary>The file that was read, as an absolute path, or null.</summary>
    public string? FilePath { get; private set; }

    /// <summary>Commands that are to have another name, or none.</summary>
    public List<CommandRename> CommandRenames { get; } = [];

    /// <summary>Directives that were set at start-up and that the server does not act on yet.</summary>
    public IEnumerable<string> GivenWithoutEffect =>
        _reader.Given.Where(name => _byName[name] is { IsInEffect: false } directive && directive.Value != directive.Default);

    public NumberDirective Port { get; }
    public NumberDirective Threads { get; }
    public NumberDirective Databases { get; }
    public NumberDirective MaxClients { get; }
    public NumberDirective MaxMemory { get; }
    public NumberDirective MaxBulkBytes { get; }
    public NumberDirective QueryBufferLimit { get; }
    public NumberDirective KeepAliveSeconds { get; }
    public NumberDirective TrackingTableMaxKeys { get; }
    public NumberDirective Backlog { get; }
    public NumberDirective IdleTimeoutSeconds { get; }
    public NumberDirective Hz { get; }
    public NumberDirective UnixSocketPermissions { get; }
    public NumberDirective MaxMemorySamples { get; }
    public NumberDirective EvictionTenacity { get; }
    public NumberDirective MaxMemoryClients { get; }
    public NumberDirective SlowerThanMicroseconds { get; }
    public NumberDirective RequestLargerThanBytes { get; }
    public NumberDirective ReplyLargerThanBytes { get; }
    public NumberDirective SlowCommandsKept { get; }
    public NumberDirective LargeRequestsKept { get; }
    public NumberDirective LargeRepliesKept { get; }
    public NumberDirective LatencyThresholdMs { get; }
    public FlagDirective LatencyTracking { get; }
    public TextDirective LatencyPercentiles { get; }
    public NumberDirective LfuLogFactor { get; }
    public NumberDirective LfuDecayMinutes { get; }
    public ChoiceDirective MaxMemoryPolicy { get; }
    public ChoiceDirective LogLevel { get; }
    public ChoiceDirective LogFormat { get; }
    public ChoiceDirective LogTimestampFormat { get; }
    public FlagDirective Daemonize { get; }
    public ChoiceDirective Supervised { get; }
    public FlagDirective SetsProcessTitle { get; }
    public TextDirective ProcessTitle { get; }
    public ChoiceDirective OomScoreAdj { get; }
    public TextDirective OomScoreAdjValues { get; }
    public ChoiceDirective IoEngine { get; }
    public ChoiceDirective EnableDebugCommand { get; }
    public ChoiceDirective EnableProtectedConfigs { get; }
    public ChoiceDirective SyslogFacility { get; }
    public TextDirective RequirePass { get; }
    public TextDirective NotifyKeyspaceEvents { get; }
    public TextDirective Bind { get; }
    public TextDirective UnixSocket { get; }
    public TextDirective UnixSocketGroup { get; }
    public TextDirective LogFile { get; }
    public TextDirective PidFile { get; }
    public TextDirective Directory { get; }
    public TextDirective RdbFileName { get; }
    public TextDirective Save { get; }
    public FlagDirective AppendOnly { get; }
    public TextDirective AppendDirectoryName { get; }
    public TextDirective AppendFileName { get; }
    public NumberDirective KeySaveDelayMicroseconds { get; }
    public FlagDirective StopsWritesOnSaveError { get; }
    public ChoiceDirective ShutdownOnSigint { get; }
    public ChoiceDirective ShutdownOnSigterm { get; }
    public ChoiceDirective AppendFsync { get; }
    public FlagDirective AofBaseIsRdb { get; }
    public FlagDirective LoadsTruncatedAof { get; }
    public FlagDirective NotesTimeInAof { get; }
    public ChoiceDirective RdbVersionCheck { get; }
    public FlagDirective ChecksRdb { get; }
    public TextDirective SyslogIdent { get; }
    public FlagDirective SyslogEnabled { get; }
    public FlagDirective ProtectedMode { get; }
    public FlagDirective AlwaysShowLogo { get; }
    public FlagDirective ImportMode { get; }

    /// <summary>Whether the server gives itself out as the Redis it is compatible with.</summary>
    public FlagDirective ActsAsRedis { get; }

    /// <summary>Whether scripts have functions that can break the walls between them.</summary>
    public FlagDirective AllowsInsecureLua { get; }

    /// <summary>After so long others are told that a script is busy; 0 is never.</summary>
    public NumberDirective BusyReplyThresholdMs { get; }

    public FlagDirective LazyUserDel { get; }
    public FlagDirective LazyServerDel { get; }
    public FlagDirective LazyExpire { get; }
    public FlagDirective LazyEviction { get; }
    public FlagDirective LazyUserFlush { get; }

    /// <summary>Whether eviction goes by frequency of use, so that entries keep LFU data instead of LRU.</summary>
    public bool TracksFrequency { get; private set; }

    /// <summary>Whether dumps and files of other servers are read, as far as they mean the same.</summary>
    public bool ReadsForeignRdb => RdbVersionCheck.Choice == "relaxed";

    /// <summary>What ordinary clients, or subscribers, may leave unread.</summary>
    public OutputLimit OutputLimitOf(bool isSubscriber) => Volatile.Read(ref _outputLimits)[isSubscriber ? 1 : 0];

    /// <summary>What may be evicted, and in which order.</summary>
    public EvictionPolicy Eviction => Volatile.Read(ref _eviction).Value;

    /// <summary>A directive by name or alias, or null.</summary>
    public Directive? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Brings <see cref="FilePath"/> up to date with the values as they are; those at their defaults stay out of it unless asked for.</summary>
    /// <exception cref="IOException">It could not be read or written.</exception>
    /// <exception cref="UnauthorizedAccessException">The server may not.</exception>
    public void RewriteFile(bool withDefaults = false) => ConfigFile.Rewrite(this, FilePath!, withDefaults);

    /// <summary>Whether a value was not given, but found to suit the machine.</summary>
    internal bool IsOfMachine(Directive directive) => directive == Threads && !_reader.Given.Contains(directive.Name);

    /// <summary>
    /// Reads the configuration: a file or those that a pattern matches, then what was given on standard input, then the options of the
    /// command line, the latter two in the syntax of the file with a character for each byte.
    /// </summary>
    /// <exception cref="ConfigException">Something can't be read, is wrong, or asks for what the server can't do.</exception>
    public void Load(string? path, string? input = null, string options = "")
    {
        if (path is not null)
        {
            FilePath = Path.GetFullPath(path);
        }
        _reader.Load(path, input, options);
    }

    /// <summary>Applies lines in the syntax of the file.</summary>
    /// <exception cref="ConfigException">A line is wrong, or asks for what the server can't do.</exception>
    public void LoadLines(IEnumerable<string> lines) =>
        Load(null, Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(string.Join('\n', lines))));

    private NumberDirective Number(string name) => Known<NumberDirective>(name);

    private ChoiceDirective Choice(string name) => Known<ChoiceDirective>(name);

    private TextDirective Text(string name) => Known<TextDirective>(name);

    private FlagDirective Flag(string name) => Known<FlagDirective>(name);

    private T Known<T>(string name)
        where T : Directive
    {
        T directive = (T)_byName[name];
        directive.IsInEffect = true;
        return directive;
    }
}
