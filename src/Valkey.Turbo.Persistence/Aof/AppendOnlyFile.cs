using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Valkey.Turbo.Memory;

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

/// <summary>
/// The journal as commands in a file, in an order that agrees with what clients saw. Any thread appends; before it sends its replies it
/// calls <see cref="Flush"/>, after which its records are in the file, as those of a killed process have to be.
/// </summary>
/// <remarks>
/// Threads append to one buffer, one after another, while they hold the shards concerned, so that the order in the buffer is one in which
/// everything could have happened. A transaction is set aside until it is complete, lest others' commands get in between.
/// </remarks>
public sealed class AppendOnlyFile : IJournalSink, IDisposable
{
    private sealed class PendingTransaction : IDisposable
    {
        internal readonly NativeBuffer Commands = new();
        internal bool IsOpen;
        internal int Count;
        internal int FirstDatabase;
        internal int LastDatabase;

        public void Dispose() => Commands.Dispose();
    }

    private const int KeptBufferBytes = 1 << 20;
    private static ReadOnlySpan<byte> BeginMark => "*1\r\n$5\r\nMULTI\r\n"u8;
    private static ReadOnlySpan<byte> EndMark => "*1\r\n$4\r\nEXEC\r\n"u8;

    private readonly Lock _bufferGate = new();
    private readonly Lock _fileGate = new();
    private readonly PendingTransaction[] _transactions;
    private readonly Func<FsyncPolicy> _policy;
    private readonly Func<long> _notedSecond;
    private readonly Thread _syncer;
    private readonly ManualResetEventSlim _isStopping = new();
    private SafeFileHandle _file;
    private NativeBuffer _pending = new();
    private NativeBuffer _writing = new();
    private int _database = -1;
    private long _lastNotedSecond;
    private long _appendedCount;
    private long _flushedCount;
    private long _writtenBytes;
    private long _unsyncedBytes;
    private volatile string? _writeFailure;
    private volatile string? _syncFailure;

    /// <summary>Goes on with a file, which is made if it is not there.</summary>
    /// <param name="path">The file.</param>
    /// <param name="threadCount">How many threads will append.</param>
    /// <param name="policy">Asked whenever something has been written.</param>
    /// <param name="notedSecond">The time in seconds since 1970 if it is to be noted between the commands, or 0.</param>
    /// <exception cref="IOException">It can't be opened.</exception>
    /// <exception cref="UnauthorizedAccessException">The server may not write it.</exception>
    public AppendOnlyFile(string path, int threadCount, Func<FsyncPolicy> policy, Func<long> notedSecond)
    {
        (_policy, _notedSecond) = (policy, notedSecond);
        _file = Open(path);
        _writtenBytes = RandomAccess.GetLength(_file);
        _transactions = [.. Enumerable.Range(0, threadCount).Select(_ => new PendingTransaction())];
        _syncer = new Thread(SyncEverySecond) { Name = "turbo-aof-sync", IsBackground = true };
        _syncer.Start();
    }

    /// <inheritdoc/>
    public string? Failure => _writeFailure ?? _syncFailure;

    /// <summary>Bytes in the file.</summary>
    public long WrittenBytes => Volatile.Read(ref _writtenBytes);

    /// <summary>Bytes that are not in the file yet.</summary>
    public long PendingBytes => _pending.Length;

    /// <inheritdoc/>
    public void Append(JournalStamp stamp, int database, ReadOnlySpan<byte> command)
    {
        PendingTransaction transaction = _transactions[stamp.Thread];
        if (command.SequenceEqual(BeginMark))
        {
            transaction.IsOpen = true;
            transaction.Count = 0;
            transaction.FirstDatabase = transaction.LastDatabase = database;
        }
        else if (!transaction.IsOpen)
        {
            lock (_bufferGate)
            {
                NoteTime();
                Add(_pending, ref _database, database, command);
            }
            Interlocked.Increment(ref _appendedCount);
        }
        else if (!command.SequenceEqual(EndMark))
        {
            transaction.Count++;
            if (transaction.Count == 1)
            {
                transaction.FirstDatabase = transaction.LastDatabase = database;
            }
            Add(transaction.Commands, ref transaction.LastDatabase, database, command);
        }
        else
        {
            Complete(transaction);
        }
    }

    /// <inheritdoc/>
    public void Flush()
    {
        if (Volatile.Read(ref _appendedCount) == Volatile.Read(ref _flushedCount))
        {
            return;
        }
        // While another thread writes what this one appended, it has to be waited for all the same.
        lock (_fileGate)
        {
            WritePending();
        }
    }

    /// <summary>Puts everything appended on the disk.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Sync()
    {
        lock (_fileGate)
        {
            WritePending();
            if (Failure is not null)
            {
                throw new IOException(Failure);
            }
            RandomAccess.FlushToDisk(_file);
        }
    }

    /// <summary>Goes on with another file. Nobody may append meanwhile.</summary>
    /// <exception cref="IOException">It can't be opened, or the old one not be finished.</exception>
    public void SwitchTo(string path)
    {
        SafeFileHandle next = Open(path);
        lock (_fileGate)
        {
            WritePending();
            (_file, SafeFileHandle old) = (next, _file);
            old.Dispose();
            Volatile.Write(ref _writtenBytes, RandomAccess.GetLength(next));
            _database = -1;
        }
    }

    /// <summary>Ends the file; what was appended is in it, if that was possible.</summary>
    public void Dispose()
    {
        _isStopping.Set();
        _syncer.Join();
        lock (_fileGate)
        {
            WritePending();
            try
            {
                RandomAccess.FlushToDisk(_file);
            }
            catch (IOException)
            {
                // Nothing more can be done for it.
            }
            _file.Dispose();
        }
        _pending.Dispose();
        _writing.Dispose();
        Array.ForEach(_transactions, transaction => transaction.Dispose());
        _isStopping.Dispose();
    }

    private static SafeFileHandle Open(string path) =>
        File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read);

    private void Complete(PendingTransaction transaction)
    {
        transaction.IsOpen = false;
        if (transaction.Count == 0)
        {
            return;
        }
        // What consists of one command needs no marks to be atomic.
        bool isSingle = transaction.Count == 1;
        lock (_bufferGate)
        {
            NoteTime();
            Add(_pending, ref _database, transaction.FirstDatabase, isSingle ? default : BeginMark);
            _pending.Append(transaction.Commands.Span);
            _pending.Append(isSingle ? default : EndMark);
            _database = transaction.LastDatabase;
        }
        transaction.Commands.Consume(transaction.Commands.Length);
        Interlocked.Increment(ref _appendedCount);
    }

    private void NoteTime()
    {
        long second = _notedSecond();
        if (second != 0 && second != _lastNotedSecond)
        {
            _lastNotedSecond = second;
            _pending.Append(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"#TS:{second}\r\n")));
        }
    }

    private static void Add(NativeBuffer target, ref int current, int database, ReadOnlySpan<byte> command)
    {
        if (current != database)
        {
            string digits = database.ToString(CultureInfo.InvariantCulture);
            target.Append(Encoding.ASCII.GetBytes($"*2\r\n$6\r\nSELECT\r\n${digits.Length}\r\n{digits}\r\n"));
            current = database;
        }
        target.Append(command);
    }

    private void WritePending()
    {
        long appended = Volatile.Read(ref _appendedCount);
        // What could not be written earlier is still there, and goes first.
        if (_writing.Length > 0 && !TryWrite())
        {
            return;
        }
        lock (_bufferGate)
        {
            (_pending, _writing) = (_writing, _pending);
        }
        if (_writing.Length > 0 && !TryWrite())
        {
            return;
        }
        Volatile.Write(ref _flushedCount, appended);
        if (_writing.Capacity > KeptBufferBytes)
        {
            _writing.Release();
        }
    }

    private bool TryWrite()
    {
        FsyncPolicy policy = _policy();
        try
        {
            RandomAccess.Write(_file, _writing.Span, _writtenBytes);
            if (policy == FsyncPolicy.Always)
            {
                RandomAccess.FlushToDisk(_file);
            }
        }
        catch (IOException e) when (policy != FsyncPolicy.Always)
        {
            _writeFailure = e.Message;
            DropHalfWritten();
            return false;
        }
        _writeFailure = null;
        Volatile.Write(ref _writtenBytes, _writtenBytes + _writing.Length);
        Interlocked.Add(ref _unsyncedBytes, policy == FsyncPolicy.Always ? 0 : _writing.Length);
        _writing.Consume(_writing.Length);
        return true;
    }

    /// <summary>Should the server end now, the file ends with a whole command; otherwise that place is written again.</summary>
    private void DropHalfWritten()
    {
        try
        {
            RandomAccess.SetLength(_file, _writtenBytes);
        }
        catch (IOException)
        {
            // A loader cuts it off as well.
        }
    }

    private void SyncEverySecond()
    {
        while (!_isStopping.Wait(1000))
        {
            if (_policy() != FsyncPolicy.EverySecond || Interlocked.Exchange(ref _unsyncedBytes, 0) == 0)
            {
                continue;
            }
            SafeFileHandle file = _file;
            try
            {
                // Without the gate: threads go on to write meanwhile.
                RandomAccess.FlushToDisk(file);
                _syncFailure = null;
            }
            catch (ObjectDisposedException)
            {
                // A new file has taken its place, and its data.
            }
            catch (IOException e)
            {
                _syncFailure = e.Message;
                Interlocked.Increment(ref _unsyncedBytes);
            }
        }
    }
}
