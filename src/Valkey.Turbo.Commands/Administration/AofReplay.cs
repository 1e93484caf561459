using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence.Files;
using Valkey.Turbo.Persistence.Rdb;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>Loads the files of an append-only log: RDB bases into the databases, commands through a dispatcher. The files are not trusted.</summary>
/// <remarks>The calling thread holds all shards.</remarks>
public sealed class AofReplay : IDisposable
{
    private const int ChunkBytes = 1 << 18;
    private const int NoClient = 0;
    private const int LongestNoteBytes = 1024;
    private const int LargestCommandBytes = int.MaxValue - (1 << 20);
    private static FramingLimits Limits => new(int.MaxValue, IsUnauthenticated: false, TakesInline: false);

    private readonly Worker _worker;
    private readonly ServerInstance _server;
    private readonly CommandTable _table;
    private readonly Dispatcher _dispatcher;
    private readonly ReplyWriter _reply = new();
    private readonly OutputBlockPool _blocks = new(new ByteCounter());
    private readonly OutputQueue _replies;
    private readonly RequestBatch _batch = new();
    private readonly NativeBuffer _input = new();
    private readonly Session _session;

    private AofReplay(Worker worker)
    {
        _worker = worker;
        _server = worker.Server;
        _table = CommandTable.ForReplay(worker.Server.Config);
        _dispatcher = new Dispatcher(worker, _reply, _table);
        _replies = new OutputQueue(_blocks);
        _session = new Session(NoClient, new NoTransport(), worker.Thread) { IsAuthenticated = true, IsImportSource = true };
    }

    /// <summary>Loads all files of the server's log.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <returns>Null, or what is wrong with them; some of the data may have been loaded then.</returns>
    /// <exception cref="FileException">One could not be read.</exception>
    public static string? Load(Worker worker)
    {
        ServerInstance server = worker.Server;
        Persistence.IJournalSink? journal = server.Journal;
        bool wasPinned = worker.Shards.IsPinned;
        Session? caller = worker.Session;
        bool wasWriting = worker.IsWriting;
        server.LastLoad.Begin();
        (server.Journal, server.IsReplaying, worker.Shards.IsPinned) = (null, true, true);
        try
        {
            using AofReplay replay = new(worker);
            string[] files = [.. server.Log.Files];
            for (int i = 0; i < files.Length; i++)
            {
                if (replay.LoadFile(files[i], isLast: i == files.Length - 1) is string problem)
                {
                    return $"{Path.GetFileName(files[i])}: {problem}";
                }
            }
            return null;
        }
        finally
        {
            (server.Journal, server.IsReplaying, worker.Shards.IsPinned) = (journal, false, wasPinned);
            (worker.Session, worker.IsWriting) = (caller, wasWriting);
        }
    }

    public void Dispose()
    {
        _session.EndTransaction();
        _session.Transaction?.Dispose();
        _replies.Clear();
        _blocks.Dispose();
        _batch.Dispose();
        _input.Dispose();
        _dispatcher.Dispose();
    }

    private string? LoadFile(string path, bool isLast)
    {
        if (!File.Exists(path))
        {
            return $"can't open the append log file {Path.GetFileName(path)} for reading: No such file or directory";
        }
        using DurableFile file = DurableFile.Open(_server.Files, path, isLast ? FileUse.Repair : FileUse.Read);
        if (RdbFileReader.IsRdb(file))
        {
            if (DatasetFile.LoadBase(_worker, file) is string damage)
            {
                return damage;
            }
            // The commands behind an RDB part in the same file come next.
        }
        return Replay(file, Path.GetFileName(path), isLast);
    }

    /// <summary>Runs the commands of a file from its position on.</summary>
    private string? Replay(DurableFile file, string name, bool isLast)
    {
        byte[] chunk = new byte[ChunkBytes];
        // Up to here everything is whole, transactions included.
        long soundBytes = file.Position, readBytes = file.Position;
        long fileBytes = file.Length;
        PartialRequest partial = PartialRequest.None;
        for (int count; (count = file.Read(chunk)) > 0;)
        {
            if (_input.Length > LargestCommandBytes - count)
            {
                return $"Bad file format reading the append only file: a command of more than {LargestCommandBytes} bytes";
            }
            // What a length claims is worth no memory that the file could not fill.
            _input.Append(chunk.AsSpan(0, count), Math.Min(partial.BytesNeeded, _input.Length + fileBytes - readBytes));
            readBytes += count;
            if (RunWhole(ref partial, readBytes, ref soundBytes) is string problem)
            {
                return problem;
            }
        }
        if (soundBytes == readBytes)
        {
            return null;
        }
        if (!isLast || !_server.Config.LoadsTruncatedAof.IsSet)
        {
            return "Unexpected end of file reading the append only file.";
        }
        _server.LogNotice?.Invoke(string.Create(
            CultureInfo.InvariantCulture, $"!!! Warning: short read while loading the AOF file {name}!!! Truncating it at {soundBytes}"));
        file.SetLength(soundBytes);
        return null;
    }

    /// <summary>Runs all whole commands of the input.</summary>
    private string? RunWhole(ref PartialRequest partial, long readBytes, ref long soundBytes)
    {
        while (_input.Length >= partial.BytesNeeded)
        {
            if (_input.Span[0] == (byte)'#')
            {
                // A note, such as of the time.
                int end = _input.Span.IndexOf((byte)'\n');
                if (end < 0 ? _input.Length > LongestNoteBytes : end > LongestNoteBytes)
                {
                    return $"Bad file format reading the append only file at offset {readBytes - _input.Length}";
                }
                if (end < 0)
                {
                    return null;
                }
                _input.Consume(end + 1);
                soundBytes = _session.Transaction is { IsOpen: true } ? soundBytes : readBytes - _input.Length;
                continue;
            }
            if (_input.Span[0] != (byte)'*')
            {
                return $"Bad file format reading the append only file at offset {readBytes - _input.Length}";
            }
            _batch.Clear();
            int framed = RequestFramer.Frame(_input.Span, Limits, ref partial, _batch, out string? error);
            if (error is not null)
            {
                return $"Bad file format reading the append only file: {error}";
            }
            if (framed == 0)
            {
                return null;
            }
            long startBytes = readBytes - _input.Length;
            if (Run() is string problem)
            {
                return problem;
            }
            _input.Consume(framed);
            bool isOpen = _session.Transaction is { IsOpen: true };
            int begun = isOpen ? LastBeginning() : _batch.Count;
            if (begun >= 0)
            {
                soundBytes = isOpen ? startBytes + _batch.OffsetOf(begun) : readBytes - _input.Length;
            }
        }
        return null;
    }

    /// <summary>Where in the batch the transaction begins that is open at its end, or -1 if that was before.</summary>
    private int LastBeginning()
    {
        int at = _batch.Count - 1;
        while (at >= 0 && !Ascii.EqualsIgnoreCase(_batch.Argument(at, 0), "MULTI"u8))
        {
            at--;
        }
        return at;
    }

    private string? Run()
    {
        for (int i = 0; i < _batch.Count; i++)
        {
            if (Refusal(i) is string refusal)
            {
                return $"Error reading the append only file: {refusal}";
            }
        }
        _reply.Target(_replies);
        int done = _dispatcher.Run(_session, _batch);
        for (int before = 0; done < _batch.Count && done > before;)
        {
            // It has told a blocked client of its key, who comes when everything is loaded.
            before = done;
            done = _dispatcher.GoOn(_session, _batch, done);
        }
        _reply.Detach();
        _replies.Clear();
        return done == _batch.Count ? null : "A command in the append only file does not end";
    }

    /// <summary>Why there is no such command, or null.</summary>
    private string? Refusal(int index)
    {
        string Text(int argument) => Encoding.Latin1.GetString(_batch.Argument(index, argument));
        int count = _batch.ArgumentCount(index);
        CommandSpec? spec = _table.Find(_batch.Argument(index, 0));
        if (spec is null)
        {
            return $"unknown command '{Text(0)}'";
        }
        if (spec.Subcommands.Length > 0 && count > 1)
        {
            CommandSpec? subcommand = CommandTable.FindSubcommand(spec, _batch.Argument(index, 1));
            if (subcommand is null && spec.Run is null)
            {
                return $"unknown subcommand '{Text(1)}'. Try {spec.Name.ToUpperInvariant()} HELP.";
            }
            spec = subcommand ?? spec;
        }
        return spec.Run is not null && spec.Accepts(count) ? null : $"wrong number of arguments for '{spec.FullName}' command";
    }
}
