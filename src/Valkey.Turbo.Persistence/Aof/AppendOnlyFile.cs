using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence.Files;

namespace Valkey.Turbo.Persistence.Aof;

/// <summary>
/// The journal as commands in a file, in an order that agrees with what clients saw. Any thread appends; before it sends its replies it
/// calls <see cref="Flush"/>, after which its records are in the file, as those of a killed process have to be.
/// </summary>
/// <remarks>
/// A group is put together by its thread, and added to one buffer of all threads while the shards concerned are held, so that the order
/// in the buffer is one in which everything could have happened. How far the file has come is told in records since the log began.
/// </remarks>
public sealed class AppendOnlyFile : IJournalSink, IDisposable
{
    private const int KeptBufferBytes = 1 << 20;
    private const int SyncIntervalMs = 1000;
    private const long WriteErrorIntervalMs = 30_000;
    private static ReadOnlySpan<byte> BeginMark => "*1\r\n$5\r\nMULTI\r\n"u8;
    private static ReadOnlySpan<byte> EndMark => "*1\r\n$4\r\nEXEC\r\n"u8;

    // Taken in this order, where several are: who syncs, who writes, who adds to the buffer.
    private readonly Lock _syncGate = new();
    private readonly Lock _fileGate = new();
    private readonly Lock _bufferGate = new();
    private readonly RecordGroup[] _groups;
    private readonly IAppendOnlyOwner _owner;
    private readonly Thread _syncer;
    private readonly ManualResetEventSlim _isStopping = new();
    private DurableFile _file;
    private NativeBuffer _pending = new();
    private NativeBuffer _writing = new();
    private int _database = -1;
    private long _lastNotedSecond;
    private long _appendedCount;
    private long _writingCount;
    private long _flushedCount;
    private long _syncedCount;
    private long _writtenBytes;
    private long _lastWriteErrorMs = -WriteErrorIntervalMs;
    private volatile string? _writeFailure;
    private volatile string? _syncFailure;

    /// <summary>Goes on with a file.</summary>
    /// <param name="file">The file, opened to append; it is owned from now on.</param>
    /// <param name="threadCount">How many threads will append.</param>
    /// <param name="recordCount">How many records the log has had before.</param>
    /// <param name="owner">Whom it belongs to.</param>
    /// <exception cref="FileException">The file's length can't be had.</exception>
    public AppendOnlyFile(DurableFile file, int threadCount, long recordCount, IAppendOnlyOwner owner)
    {
        (_file, _owner) = (file, owner);
        _writtenBytes = file.Length;
        _appendedCount = _writingCount = _flushedCount = _syncedCount = recordCount;
        _groups = [.. Enumerable.Range(0, threadCount).Select(_ => new RecordGroup())];
        _syncer = new Thread(SyncEverySecond) { Name = "turbo-aof-sync", IsBackground = true };
        _syncer.Start();
    }

    /// <inheritdoc/>
    public string? Failure => _writeFailure ?? _syncFailure;

    /// <summary>Bytes in the file.</summary>
    public long WrittenBytes => Volatile.Read(ref _writtenBytes);

    /// <summary>Bytes that are not in the file yet.</summary>
    public long PendingBytes => _pending.Length;

    /// <summary>Records that the log has had.</summary>
    public long AppendedCount => Volatile.Read(ref _appendedCount);

    /// <summary>How many of them are on the disk.</summary>
    public long SyncedCount => Volatile.Read(ref _syncedCount);

    /// <inheritdoc/>
    public void Append(JournalStamp stamp, int database, ReadOnlySpan<byte> command) => _groups[stamp.Thread].Add(database, command);

    /// <inheritdoc/>
    public long EndGroup(int thread)
    {
        RecordGroup group = _groups[thread];
        if (group.Count == 0)
        {
            return AppendedCount;
        }
        // What consists of one command needs no marks to be atomic.
        bool hasMarks = group.Count > 1;
        long appended;
        lock (_bufferGate)
        {
            NoteTime();
            if (_database != group.FirstDatabase)
            {
                RecordGroup.Select(_pending, group.FirstDatabase);
            }
            _pending.Append(hasMarks ? BeginMark : default);
            _pending.Append(group.Commands);
            _pending.Append(hasMarks ? EndMark : default);
            _database = group.LastDatabase;
            appended = _appendedCount + group.Count;
            Volatile.Write(ref _appendedCount, appended);
        }
        group.Clear();
        return appended;
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
            TryWritePending();
        }
    }

    /// <summary>Puts everything appended on the disk.</summary>
    /// <returns>Null, or why not everything could be written; what fsync said is only logged.</returns>
    public string? Finish()
    {
        lock (_syncGate)
        {
            lock (_fileGate)
            {
                if (!TryWritePending())
                {
                    return Failure;
                }
            }
            int error = _file.TrySync();
            if (error != 0)
            {
                _owner.Warn($"Fail to fsync the AOF file: {Errno.Describe(error)}.");
            }
            return null;
        }
    }

    /// <summary>Goes on with another file, whose log begins with all that was appended so far. Nobody may append meanwhile.</summary>
    /// <param name="file">An empty file, opened to append; it is owned from now on.</param>
    public void GoOnIn(DurableFile file)
    {
        lock (_syncGate)
        {
            lock (_fileGate)
            {
                // What is yet to be written the new log has already.
                Array.ForEach(_groups, group => group.Clear());
                _pending.Consume(_pending.Length);
                _writing.Consume(_writing.Length);
                (_file, DurableFile old) = (file, _file);
                old.Dispose();
                Volatile.Write(ref _writtenBytes, 0);
                Volatile.Write(ref _flushedCount, _appendedCount);
                Volatile.Write(ref _syncedCount, _appendedCount);
                (_database, _lastNotedSecond) = (-1, 0);
                _writeFailure = _syncFailure = null;
            }
        }
        _owner.OnSynced();
    }

    /// <summary>The line that says when the commands behind it were run.</summary>
    public static byte[] TimeNote(long second) => Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"#TS:{second}\r\n"));

    /// <summary>Ends the file; what was appended is in it, if that was possible.</summary>
    public void Dispose()
    {
        _isStopping.Set();
        _syncer.Join();
        Finish();
        _file.Dispose();
        _pending.Dispose();
        _writing.Dispose();
        Array.ForEach(_groups, group => group.Dispose());
        _isStopping.Dispose();
    }

    private void NoteTime()
    {
        long second = _owner.NotedSecond;
        if (second != 0 && second != _lastNotedSecond)
        {
            _lastNotedSecond = second;
            _pending.Append(TimeNote(second));
        }
    }

    private bool TryWritePending()
    {
        // What could not be written earlier is still there, and goes first.
        if (_writing.Length > 0 && !TryWrite())
        {
            return false;
        }
        lock (_bufferGate)
        {
            (_pending, _writing) = (_writing, _pending);
            _writingCount = _appendedCount;
        }
        if (_writing.Length > 0 && !TryWrite())
        {
            return false;
        }
        if (_writing.Capacity > KeptBufferBytes)
        {
            _writing.Release();
        }
        return true;
    }

    private bool TryWrite()
    {
        FsyncPolicy policy = _owner.Policy;
        if (_owner.WriteDelayMs > 0)
        {
            Thread.Sleep(_owner.WriteDelayMs);
        }
        int error = TryWriteAll(out long writtenBytes);
        if (error != 0)
        {
            OnWriteFailed(policy, error, writtenBytes);
            return false;
        }
        if (_writeFailure is not null)
        {
            _writeFailure = null;
            _owner.Tell("AOF write error looks solved. The server can write again.");
        }
        Drop(writtenBytes);
        if (policy == FsyncPolicy.Always && !TrySyncBeforeReplies())
        {
            return false;
        }
        Volatile.Write(ref _flushedCount, _writingCount);
        return true;
    }

    private int TryWriteAll(out long writtenBytes)
    {
        writtenBytes = 0;
        int error = 0;
        while (error == 0 && writtenBytes < _writing.Length)
        {
            error = _file.TryWrite(_writing.From(writtenBytes), out int part);
            writtenBytes += part;
        }
        return error;
    }

    private bool TrySyncBeforeReplies()
    {
        int error = _file.TrySync();
        if (error != 0)
        {
            _syncFailure = Errno.Describe(error);
            _owner.Warn($"Can't persist AOF for fsync error when the AOF fsync policy is 'always': {_syncFailure}. Exiting...");
            _owner.GiveUp();
            return false;
        }
        OnSynced(_writingCount);
        return true;
    }

    private void OnWriteFailed(FsyncPolicy policy, int error, long writtenBytes)
    {
        bool isLogged = Environment.TickCount64 - _lastWriteErrorMs >= WriteErrorIntervalMs;
        if (isLogged)
        {
            _lastWriteErrorMs = Environment.TickCount64;
            _owner.Warn(writtenBytes == 0
                ? $"Error writing to the AOF file: {Errno.Describe(error)}"
                : $"Short write while writing to the AOF file: (nwritten={writtenBytes}, expected={_writing.Length}): {Errno.Describe(error)}");
        }
        if (writtenBytes > 0)
        {
            // Should the server end now, the file ends with a whole command.
            int cutError = _file.TrySetLength(_writtenBytes);
            if (cutError != 0)
            {
                _owner.Warn("Could not remove short write from the append-only file. The server may refuse to load the AOF the next time it "
                    + $"starts.  ftruncate: {Errno.Describe(cutError)}");
                Drop(writtenBytes);
            }
        }
        _writeFailure = Errno.Describe(error);
        if (policy == FsyncPolicy.Always)
        {
            _owner.Warn("Can't recover from AOF write error when the AOF fsync policy is 'always'. Exiting...");
            _owner.GiveUp();
        }
    }

    /// <summary>Forgets bytes that are in the file now.</summary>
    private void Drop(long writtenBytes)
    {
        Volatile.Write(ref _writtenBytes, _writtenBytes + writtenBytes);
        _writing.Consume(writtenBytes);
    }

    private void SyncEverySecond()
    {
        while (!_isStopping.Wait(SyncIntervalMs))
        {
            if (_owner.Policy == FsyncPolicy.No)
            {
                continue;
            }
            // Without the gate of those who write: they go on meanwhile.
            lock (_syncGate)
            {
                long flushed = Volatile.Read(ref _flushedCount);
                if (flushed > SyncedCount)
                {
                    SyncWritten(flushed);
                }
            }
        }
    }

    private void SyncWritten(long flushed)
    {
        int error = _file.TrySync();
        if (error == 0)
        {
            OnSynced(flushed);
            return;
        }
        string failure = Errno.Describe(error);
        if (_syncFailure is null)
        {
            _owner.Warn($"Fail to fsync the AOF file: {failure}");
        }
        _syncFailure = failure;
    }

    private void OnSynced(long count)
    {
        _syncFailure = null;
        // Who syncs before replies may be further by now.
        for (long seen = SyncedCount; count > seen;)
        {
            long before = Interlocked.CompareExchange(ref _syncedCount, count, seen);
            if (before == seen)
            {
                _owner.OnSynced();
                return;
            }
            seen = before;
        }
    }
}
