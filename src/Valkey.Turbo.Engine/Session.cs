using System.Text;
using Valkey.Turbo.Engine.PubSub;
using Valkey.Turbo.Engine.Tracking;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine;

/// <summary>What CLIENT REPLY has asked for.</summary>
public enum ReplyMode : byte
{
    On,
    Off,
    /// <summary>The command after the present one gets no reply.</summary>
    SkipNext,
    /// <summary>The present command gets no reply.</summary>
    Skip,
}

/// <summary>Why a client is ended at once.</summary>
public enum ClientFault : byte
{
    None,
    /// <summary>It has sent what a web browser sends, most likely on somebody else's behalf.</summary>
    SpeaksHttp,
    /// <summary>It has sent, or queued in a transaction, more than may wait to be run.</summary>
    SentTooMuch,
}

/// <summary>
/// The state of one client. Changed by the thread that owns the connection; others read single fields for CLIENT LIST.
/// </summary>
public sealed class Session(long id, ISessionTransport transport, int thread)
{
    // The session and its connection themselves, on the managed heap.
    private const long BytesPerSession = 1024;
    // What a table spends on a name beside its bytes, about.
    private const long BytesPerName = 96;
    private const long BytesPerPrefix = 24;
    private long _nameBytes;

    /// <summary>The client's number, never used again.</summary>
    public long Id { get; } = id;

    /// <summary>The thread that owns the connection.</summary>
    public int Thread { get; } = thread;

    /// <summary>The connection.</summary>
    public ISessionTransport Transport { get; } = transport;

    /// <summary>The peer's address.</summary>
    public string Address { get; init; } = "";

    /// <summary>The local address.</summary>
    public string LocalAddress { get; init; } = "";

    /// <summary>The descriptor of the socket.</summary>
    public int FileDescriptor { get; init; }

    /// <summary>Whether the peer is on a Unix socket.</summary>
    public bool IsUnixSocket { get; init; }

    /// <summary>When it connected, on the monotonic clock.</summary>
    public long ConnectedAtNs { get; init; }

    /// <summary>When it last sent a command, on the monotonic clock.</summary>
    public long LastActiveNs { get; set; }

    /// <summary>The database that its commands go to.</summary>
    public int Database { get; set; }

    /// <summary>2 or 3.</summary>
    public int ProtocolVersion { get; set; } = 2;

    /// <summary>Whether it may run commands.</summary>
    public bool IsAuthenticated { get; set; }

    /// <summary>CLIENT SETNAME, or null.</summary>
    public string? Name { get; set; }

    /// <summary>CLIENT SETINFO LIB-NAME.</summary>
    public string LibraryName { get; set; } = "";

    /// <summary>CLIENT SETINFO LIB-VER.</summary>
    public string LibraryVersion { get; set; } = "";

    /// <summary>CLIENT REPLY.</summary>
    public ReplyMode ReplyMode { get; set; }

    /// <summary>CLIENT NO-EVICT.</summary>
    public bool IsNoEvict { get; set; }

    /// <summary>The letters of what the client says it can do: <c>r</c> for following redirections (CLIENT CAPA).</summary>
    public string Capabilities { get; set; } = "";

    /// <summary>CLIENT IMPORT-SOURCE: a tool that brings data in and sees keys that have expired.</summary>
    public bool IsImportSource { get; set; }

    /// <summary>READONLY: reads may be served by a replica.</summary>
    public bool IsReadOnly { get; set; }

    /// <summary>CLIENT NO-TOUCH.</summary>
    public bool IsNoTouch { get; set; }

    /// <summary>Whether the connection ends when the replies so far are sent.</summary>
    public bool ClosesAfterReply { get; set; }

    /// <summary>Why the client is ended at once, without the replies so far.</summary>
    public ClientFault Fault { get; private set; }

    /// <summary>Has the client ended at once; nothing more of it is run. By the session's own thread.</summary>
    public void EndFor(ClientFault fault)
    {
        Fault = fault;
        ClosesAfterReply = true;
    }

    /// <summary>The last command's full name.</summary>
    public string LastCommand { get; set; } = "NULL";

    /// <summary>Commands run.</summary>
    public long CommandCount { get; set; }

    /// <summary>How many records the journal had after the client's last write.</summary>
    public long JournalledCount { get; internal set; }

    /// <summary>Bytes received.</summary>
    public long InputTotalBytes { get; set; }

    /// <summary>Bytes of replies.</summary>
    public long OutputTotalBytes { get; set; }

    /// <summary>The transaction being queued, or null before the first MULTI.</summary>
    public Transaction? Transaction { get; set; }

    /// <summary>The keys that the session watches.</summary>
    public List<Watch> Watches { get; } = [];

    /// <summary>Begins to watch a key, unless it is watched already.</summary>
    public void Watch(Watch watch)
    {
        if (WatchedNames.Add(watch.Name))
        {
            CountName(watch.Key.Length);
            watch.Shard.Watched.Add(watch);
            Watches.Add(watch);
        }
    }

    /// <summary>The names of <see cref="Watches"/>, for a key is watched once.</summary>
    private HashSet<byte[]> WatchedNames { get; } = new(Memory.BytesComparer.Instance);

    /// <summary>The command that waits for keys, or null. Changed by the session's thread; others may unblock it.</summary>
    public BlockedCommand? Blocked { get; set; }

    /// <summary>Whether the session waits for keys, or for the end of a pause.</summary>
    public bool IsBlocked => Blocked is { Work: null } || IsPostponed;

    /// <summary>What the session's last command has set going, or was a part of, and is not known to be over; or null. For its own thread.</summary>
    public HandOffChain? Chain { get; private set; }

    /// <summary>The running command has a part in what goes on over several threads.</summary>
    internal void Join(HandOffChain chain)
    {
        Chain = chain;
        chain.WakeAtEnd(Thread);
    }

    /// <summary>Whether what the last command had a part in still goes on. The client must not see its reply, or run anything, until it is over.</summary>
    public bool AwaitsChain
    {
        get
        {
            if (Chain is { IsOver: true })
            {
                Chain = null;
            }
            return Chain is not null;
        }
    }

    /// <summary>A command that has waited is about to run: what it was told in the course of is its own matter from now on.</summary>
    public void TakeUpChain()
    {
        if (Blocked?.Chain is HandOffChain chain && chain != Chain)
        {
            Join(chain);
        }
    }

    /// <summary>The command has gone on to wait, and has had no part in anything.</summary>
    public void LeaveChain() => Chain = null;

    /// <summary>What the session is subscribed to, or null before the first time.</summary>
    public Subscriptions? Subscriptions { get; set; }

    /// <summary>Whether the session may only change its subscriptions, as RESP2 could not tell replies from messages.</summary>
    public bool IsSubscriber => Subscriptions is not null && ProtocolVersion == 2 && Subscriptions.Total > 0;

    /// <summary>Bytes that the client takes: its buffers, what it has queued, and what it watches, hears and tracks.</summary>
    public long MemoryBytes => BytesPerSession + Transport.InputCapacity + Transport.OutputCapacity + QueuedBytes + _nameBytes;

    /// <summary>Notes a name that the session has begun to watch, hear or track, for its memory; by the session's thread.</summary>
    internal void CountName(int length) => _nameBytes += length + BytesPerName;

    /// <summary>Notes prefixes that the session tracks; they stand in a list, so that only their own headers count.</summary>
    internal void CountPrefixes(int change) => _nameBytes += change * BytesPerPrefix;

    /// <summary>Notes that a name is forgotten.</summary>
    internal void DiscountName(int length) => _nameBytes -= length + BytesPerName;

    private long QueuedBytes => Transaction?.Requests.Capacity ?? 0;

    /// <summary>Whether the client watches all commands.</summary>
    public bool IsMonitor { get; internal set; }

    /// <summary>Whether the client's next command waits for the end of a pause.</summary>
    public bool IsPostponed { get; set; }

    /// <summary>How the client tracks keys, or null before the first time.</summary>
    public ClientTracking? Tracking { get; set; }

    /// <summary>Ends the wait for keys; by the session's own thread, between batches.</summary>
    public void EndBlocked(Worker worker)
    {
        Blocked?.End(worker);
        Blocked = null;
    }

    /// <summary>Forgets the transaction and the watched keys.</summary>
    public void EndTransaction()
    {
        Transaction?.Close();
        EndWatches();
    }

    /// <summary>Forgets the watched keys.</summary>
    public void EndWatches()
    {
        foreach (Watch watch in Watches)
        {
            DiscountName(watch.Key.Length);
            watch.Shard.Watched.End(watch);
        }
        Watches.Clear();
        WatchedNames.Clear();
    }

    /// <summary>The letters that CLIENT LIST prints for the client's state; N where there is nothing to say.</summary>
    public string Flags
    {
        get
        {
            StringBuilder flags = new();
            void AddIf(bool condition, char letter) => _ = condition ? flags.Append(letter) : flags;
            AddIf(IsMonitor, 'O');
            AddIf(Subscriptions is { Total: > 0 }, 'P');
            AddIf(Transaction is { IsOpen: true }, 'x');
            AddIf(IsBlocked, 'b');
            AddIf(Tracking is { IsOn: true }, 't');
            AddIf(Tracking is { IsRedirectBroken: true }, 'R');
            AddIf(Tracking is { IsBroadcast: true }, 'B');
            AddIf(ClosesAfterReply, 'c');
            AddIf(IsUnixSocket, 'U');
            AddIf(IsReadOnly, 'r');
            AddIf(IsNoEvict, 'e');
            AddIf(IsNoTouch, 'T');
            AddIf(IsImportSource, 'I');
            return flags.Length == 0 ? "N" : flags.ToString();
        }
    }

    /// <summary>Back to the state after connecting, but for the identity.</summary>
    public void Reset(bool needsPassword)
    {
        EndTransaction();
        Database = 0;
        ProtocolVersion = 2;
        IsAuthenticated = !needsPassword;
        Name = null;
        ReplyMode = ReplyMode.On;
        IsReadOnly = IsNoEvict = IsNoTouch = IsImportSource = false;
    }

    private int SubscriptionCount(ChannelKind kind) => Subscriptions?.Count(kind) ?? 0;

    /// <summary>Who the client is, for the log.</summary>
    public string DescribeBriefly() =>
        $"id={Id} addr={Address} laddr={LocalAddress} fd={FileDescriptor} name={Name} user=default lib-name={LibraryName} lib-ver={LibraryVersion}";

    /// <summary>The line that CLIENT INFO and CLIENT LIST print.</summary>
    /// <param name="nowNs">The time on the monotonic clock.</param>
    /// <param name="argumentBytes">Bytes of the words of the client's own command, while it runs.</param>
    public string Describe(long nowNs, int argumentBytes = 0)
    {
        long input = Transport.InputBytes, inputCapacity = Transport.InputCapacity;
        long output = Transport.OutputBytes;
        return new StringBuilder(320)
            .Append($"id={Id} addr={Address} laddr={LocalAddress} fd={FileDescriptor} name={Name}")
            .Append($" age={(nowNs - ConnectedAtNs) / 1_000_000_000} idle={(nowNs - LastActiveNs) / 1_000_000_000}")
            .Append($" flags={Flags} capa={Capabilities} db={Database} sub={SubscriptionCount(ChannelKind.Channel)} psub={SubscriptionCount(ChannelKind.Pattern)} ssub={SubscriptionCount(ChannelKind.Shard)} multi={(Transaction is { IsOpen: true } open ? open.Count : -1)} watch={Watches.Count}")
            .Append($" qbuf={input} qbuf-free={inputCapacity - input} argv-mem={argumentBytes} multi-mem={Transaction?.ArgumentBytes ?? 0} rbs=0 rbp=0")
            .Append($" obl=0 oll={Transport.OutputBlocks} omem={output} tot-mem={MemoryBytes} events=r")
            .Append($" cmd={LastCommand} user=default redir={(Tracking is { IsOn: true } tracking ? tracking.RedirectId : -1)} resp={ProtocolVersion}")
            .Append($" lib-name={LibraryName} lib-ver={LibraryVersion}")
            .Append($" tot-net-in={InputTotalBytes} tot-net-out={OutputTotalBytes} tot-cmds={CommandCount}")
            .ToString();
    }
}
