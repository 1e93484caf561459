using System.Runtime.CompilerServices;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.Tracking;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands;

/// <summary>
/// What a command's handler sees: its arguments, its client, its reply, and the keys in the shards that were borrowed for
/// it. Handlers are written as if there were one thread. One context a thread, used for one command after another.
/// </summary>
public sealed partial class CommandContext(Worker worker, ReplyWriter reply, CommandTable table)
{
    internal const int LargestTextBytes = 8 << 10;
    private const int MostParts = 1024;
    private const int LargestPartsBytes = 64 << 20;
    private readonly CommandText _record = new();
    private readonly CommandText _parts = new();
    private int _partCount;
    private RequestBatch _batch = null!;
    private int _request;
    private ulong _firstKeyHash;
    private int _firstKeyShard;
    private bool _isJournalled;
    private long _changes;

    /// <summary>The calling thread.</summary>
    public Worker Worker { get; } = worker;

    /// <summary>The server.</summary>
    public ServerInstance Server { get; } = worker.Server;

    /// <summary>Where the reply goes.</summary>
    public ReplyWriter Reply { get; } = reply;

    /// <summary>The commands that there are.</summary>
    public CommandTable Table { get; } = table;

    /// <summary>What runs scripts for the command; null for a script's own commands.</summary>
    internal Dispatcher? Dispatcher { get; init; }

    /// <summary>Whether the command is one that a script has called.</summary>
    public bool IsOfScript => Dispatcher is null;

    /// <summary>Whether effects stay out of the journal, as the script wishes whose command this is.</summary>
    internal bool IsMuted { get; set; }

    /// <summary>Whether the group of the command's effects goes on behind it.</summary>
    internal bool LeavesGroupOpen { get; set; }

    /// <summary>Whether nothing was done and the command is to be run again under all shards.</summary>
    internal bool IsToBeRepeated { get; set; }

    /// <summary>The client.</summary>
    public Session Session { get; private set; } = null!;

    /// <summary>The command.</summary>
    public CommandSpec Command { get; private set; } = null!;

    /// <summary>Whether the reply is sent whatever CLIENT REPLY says, as it is a message rather than a reply.</summary>
    public bool IsAlwaysAnswered { get; set; }

    internal RequestBatch Batch => _batch;

    internal int Request => _request;

    /// <summary>How many words the request has, the command's name included.</summary>
    public int ArgumentCount { get; private set; }

    /// <summary>A word of the request; 0 is the command's name.</summary>
    public ReadOnlySpan<byte> Argument(int index) => _batch.Argument(_request, index);

    /// <summary>A word of the request as text of as many characters as it has bytes, as <see cref="ReplyWriter.Error"/> takes it.</summary>
    public string Text(int index) => Text(Argument(index));

    /// <summary>A word of the request as most errors show it, which Valkey prints as a C string.</summary>
    public string Shown(int index) => Shown(Argument(index));

    /// <summary>Bytes as most errors show them.</summary>
    public static string Shown(ReadOnlySpan<byte> bytes) => Text(UpToNul(bytes));

    /// <summary>Bytes as text of as many characters, of which very many are cut off: no name is so long, and a message need not be.</summary>
    public static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes[..Math.Min(bytes.Length, LargestTextBytes)]);

    /// <summary>
    /// Whether a word equals an option's name, in any case; what stands behind a zero byte does not count, as in C. <paramref name="option"/>
    /// is in ASCII.
    /// </summary>
    public bool Is(int index, string option)
    {
        ReadOnlySpan<byte> word = Argument(index);
        word = word.Length > option.Length && word[option.Length] == 0 ? word[..option.Length] : word;
        return Ascii.EqualsIgnoreCase(word, option);
    }

    /// <summary>Milliseconds since 1970 at the start of the batch.</summary>
    public long NowUnixMs => Worker.NowUnixMs;

    /// <summary>Bytes of all arguments, the name included.</summary>
    public int ArgumentBytes
    {
        get
        {
            int bytes = 0;
            for (int i = 0; i < ArgumentCount; i++)
            {
                bytes += Argument(i).Length;
            }
            return bytes;
        }
    }

    /// <summary>Whether something that is to expire then goes at once; while data is brought in it stays, whatever its expiry.</summary>
    public bool IsPast(long unixMs) => unixMs <= NowUnixMs && !Server.TakesDataIn;

    /// <summary>By what clock the client sees things: one that brings data in sees what has expired, too.</summary>
    public ExpiryClock SeenBy => new(NowUnixMs, SeesExpired: Server.TakesDataIn && Session.IsImportSource);

    internal void Begin(Session session, CommandSpec command, RequestBatch batch, int request, ulong firstKeyHash, int firstKeyShard)
    {
        Session = session;
        Command = command;
        _batch = batch;
        _request = request;
        _firstKeyHash = firstKeyHash;
        _firstKeyShard = firstKeyShard;
        ArgumentCount = batch.ArgumentCount(request);
        Worker.IsWriting = command.Is(CommandFlags.Write);
        _isJournalled = false;
        _changes = 0;
        IsBlocked = HasBegunToWait = IsAlwaysAnswered = IsToBeRepeated = LeavesGroupOpen = false;
        WorkedNs = 0;
    }

    internal void End()
    {
        Worker.Stats.Changes += _changes;
        if (_changes > 0 && !_isJournalled && IsJournalling)
        {
            Record(ArgumentCount);
            for (int i = 0; i < ArgumentCount; i++)
            {
                _record.Add(Argument(i));
            }
            Worker.JournalHeld(Session.Database, _record.Bytes);
        }
    }

    /// <summary>Remembers the keys that the command has read for a client that tracks.</summary>
    internal void RememberReads(ClientTracking tracking)
    {
        if (!Command.Is(CommandFlags.ReadOnly) || !tracking.RemembersReads)
        {
            return;
        }
        foreach (int position in KeyPositions.Of(Command, _batch, _request))
        {
            Server.Shards[Server.ShardOf(Argument(position))].Tracked.Remember(Worker, Argument(position), tracking);
        }
    }

    // ---- Keys ----

    /// <summary>Looks up a key to read it: counts a hit or a miss and notes the use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public KeyHandle Read(int index)
    {
        KeyHandle key = Peek(index);
        NoteUse(key);
        return key;
    }

    /// <summary>Looks up a key to read it, counting a hit or a miss, but without noting a use.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public KeyHandle Peek(int index)
    {
        KeyHandle key = Open(index);
        NoteRead(key);
        return key;
    }

    /// <summary>The same for a key of the session's database that is no key argument; its shard must be held. What has expired stays.</summary>
    public KeyHandle Peek(ReadOnlySpan<byte> name)
    {
        KeyHandle key = Open(name, Session.Database);
        NoteRead(key);
        return key;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NoteRead(in KeyHandle key)
    {
        if (key.Exists)
        {
            Worker.Stats.KeyspaceHits++;
        }
        else
        {
            Worker.Stats.KeyspaceMisses++;
            Announce(key, KeyEvent.Miss, "keymiss");
        }
    }

    /// <summary>Looks up a key to change it: notes the use.</summary>
    public KeyHandle Write(int index)
    {
        KeyHandle key = Open(index);
        NoteUse(key);
        return key;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void NoteUse(in KeyHandle key)
    {
        if (key.Exists && !Session.IsNoTouch)
        {
            AccessClock.Touch(key.Entry, Worker);
        }
    }

    /// <summary>Looks up a key argument without leaving a trace.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public KeyHandle Open(int index)
    {
        ReadOnlySpan<byte> name = Argument(index);
        bool isFirst = index == Command.Keys.First;
        ulong hash = isFirst ? _firstKeyHash : KeyHash.Of(name);
        // The only key may go on sight: there is no position of another that this could make wrong.
        return Open(name, hash, isFirst ? _firstKeyShard : Server.ShardOf(name), Session.Database, mayRemove: !Command.HasSeveralKeys);
    }

    /// <summary>
    /// Looks up a key in any database; its shard must be held. What has expired stays, so that a key that is to be written and is no key
    /// argument is to be settled first.
    /// </summary>
    public KeyHandle Open(ReadOnlySpan<byte> name, int database) =>
        Open(name, KeyHash.Of(name), Server.ShardOf(name), database, mayRemove: false);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private KeyHandle Open(ReadOnlySpan<byte> name, ulong hash, int shard, int database, bool mayRemove)
    {
        Keyspace keyspace = Server.Shards[shard].Keyspaces[database];
        return new KeyHandle
        {
            Name = name,
            Hash = hash,
            Keyspace = keyspace,
            Position = keyspace.Find(Worker, name, hash, mayRemove),
        };
    }

    /// <summary>Whether a key is absent or a string; otherwise the error has been replied.</summary>
    public bool IsStringOrAbsent(in KeyHandle key)
    {
        if (key.Exists && key.Entry.Type != ValueType.String)
        {
            Reply.Error(Errors.WrongType);
            return false;
        }
        return true;
    }

    /// <summary>Sets a string, replacing whatever was there.</summary>
    public void SetString(scoped ref KeyHandle key, scoped ReadOnlySpan<byte> value, long expiresAtUnixMs)
    {
        key.Keyspace.SetString(Worker, key.Position, key.Name, key.Hash, value, expiresAtUnixMs);
        key.Position = default;
    }

    /// <summary>The same for a string that stays text, even if it could be kept as an integer.</summary>
    public void SetText(scoped ref KeyHandle key, scoped ReadOnlySpan<byte> value, long expiresAtUnixMs)
    {
        key.Keyspace.SetText(Worker, key.Position, key.Name, key.Hash, value, expiresAtUnixMs);
        key.Position = default;
    }

    /// <summary>Sets a string that is an integer, replacing whatever was there.</summary>
    public void SetInteger(ref KeyHandle key, long value, long expiresAtUnixMs)
    {
        key.Keyspace.SetInteger(Worker, key.Position, key.Name, key.Hash, value, expiresAtUnixMs);
        key.Position = default;
    }

    /// <summary>Makes a string writable at a given length; see <see cref="Keyspace.Reshape"/>.</summary>
    public Span<byte> Reshape(scoped ref KeyHandle key, int length) =>
        key.Keyspace.Reshape(Worker, ref key.Position, key.Hash, length);

    /// <summary>Changes when a key expires.</summary>
    public void SetExpiry(ref KeyHandle key, long expiresAtUnixMs) =>
        key.Keyspace.SetExpiry(Worker, ref key.Position, key.Hash, expiresAtUnixMs);

    /// <summary>Removes a key that exists.</summary>
    public void Delete(ref KeyHandle key) => Delete(ref key, Server.Config.LazyServerDel.IsSet);

    /// <summary>Removes a key that exists; a large value is freed later and bit by bit, if that is asked for.</summary>
    public void Delete(ref KeyHandle key, bool lazily)
    {
        key.Keyspace.Delete(Worker, key.Position, lazily);
        key.Position = default;
    }

    /// <summary>Removes a key, if it exists, whose new expiry has already passed: it counts as expired and leaves as a deletion.</summary>
    public void DeleteAsExpired(ref KeyHandle key)
    {
        if (!key.Exists)
        {
            return;
        }
        Delete(ref key);
        Worker.Stats.ExpiredKeys++;
        Changed(key, KeyEvent.Expired, "expired");
        JournalDeletion(key, Server.Config.LazyExpire);
    }

    // ---- Arguments ----

    /// <summary>Reads an integer argument, or replies the error.</summary>
    public bool TryInteger(int index, out long value, string error = Errors.NotInteger)
    {
        if (Decimal64.TryParse(Argument(index), out value))
        {
            return true;
        }
        Reply.Error(error);
        return false;
    }

    /// <summary>Reads an integer of 32 bits, or replies the error; <paramref name="error"/> replaces the usual ones.</summary>
    public bool TryInt32(int index, out int value, string? error = null)
    {
        value = 0;
        if (!TryInteger(index, out long number, error ?? Errors.NotInteger))
        {
            return false;
        }
        if (number is < int.MinValue or > int.MaxValue)
        {
            Reply.Error(error ?? $"ERR value is out of range, value must between {int.MinValue} and {int.MaxValue}");
            return false;
        }
        value = (int)number;
        return true;
    }

    /// <summary>Reads the number of a database, or replies the error.</summary>
    public bool TryDatabase(int index, out int database)
    {
        if (!TryInt32(index, out database))
        {
            return false;
        }
        if (database < 0 || database >= Server.Config.Databases.Number)
        {
            Reply.Error(Errors.DatabaseOutOfRange);
            return false;
        }
        return true;
    }

    /// <summary>Replies the value of a string.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void ReplyValue(in KeyHandle key)
    {
        Entry entry = key.Entry;
        if (entry.Encoding == ValueEncoding.Block && entry.Block.Length >= LentValue.SmallestBytes)
        {
            Reply.Bulk(new LentValue(entry.Block, key.Keyspace.Shard));
            return;
        }
        Span<byte> scratch = stackalloc byte[StringValue.ScratchBytes];
        Reply.Bulk(StringValue.Read(entry, scratch));
    }

    /// <summary>Replies the error of an unknown subcommand.</summary>
    public void ReplyUnknownSubcommand(string container) =>
        Reply.Error($"ERR unknown subcommand '{Truncated(1)}'. Try {container.ToUpperInvariant()} HELP.");

    /// <summary>Replies the error of a subcommand that does not take so many arguments.</summary>
    public void ReplySubcommandSyntax(string container) =>
        Reply.Error($"ERR unknown subcommand or wrong number of arguments for '{Truncated(1)}'. Try {container.ToUpperInvariant()} HELP.");

    /// <summary>Replies lines of help, framed as Valkey does.</summary>
    public void ReplyHelp(string command, ReadOnlySpan<string> lines)
    {
        Reply.Array(lines.Length + 3);
        Reply.Simple(Encoding.UTF8.GetBytes($"{command} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"));
        foreach (string line in lines)
        {
            Reply.Simple(Encoding.UTF8.GetBytes(line));
        }
        Reply.Simple("HELP"u8);
        Reply.Simple("    Print this help."u8);
    }

    /// <summary>What Valkey, which prints C strings in some places, shows of some bytes there.</summary>
    internal static ReadOnlySpan<byte> UpToNul(ReadOnlySpan<byte> bytes)
    {
        int end = bytes.IndexOf((byte)0);
        return end < 0 ? bytes : bytes[..end];
    }

    internal string Truncated(int index) => Shown(Argument(index)[..Math.Min(128, Argument(index).Length)]);
}
