using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence.Aof;
using Valkey.Turbo.Persistence.Files;

namespace Valkey.Turbo.Engine;

/// <summary>
/// The server's append-only log: a directory with a manifest, a base that holds all data at one moment, and the writes since. Used under
/// all shards, or before the threads have started.
/// </summary>
/// <remarks>
/// A new base is written while the server stands still; it and an empty file for the writes to come replace the old ones when the
/// manifest is replaced. Until then the old ones are the log. Writes always go to the file that the manifest names.
/// </remarks>
public sealed class AppendOnlyLog : IAppendOnlyOwner, IDisposable
{
    private const string InUse = "another server uses this append only file";
    private const int ManifestPermissions = 0x1A4;
    private readonly ServerInstance _server;
    // Files that can go once the manifest on the disk surely does not name them any more.
    private readonly HashSet<AofFile> _outdated = [];
    private AofManifest _manifest = new([]);
    private AppendOnlyFile? _file;
    private LogLock? _lock;
    private long _baseBytes;
    private long _recordCount;

    internal AppendOnlyLog(ServerInstance server)
    {
        _server = server;
        Waiters = new SyncWaiters(this);
        server.Config.AppendOnly.TryApply = TryFollowConfig;
    }

    /// <summary>Whether writes are logged.</summary>
    public bool IsOn => _file is not null;

    /// <summary>Where the log's files are.</summary>
    public string Directory => Path.Combine(_server.Config.Directory.Text, _server.Config.AppendDirectoryName.Text);

    /// <summary>The log's files, in the order in which they are loaded.</summary>
    public IEnumerable<string> Files => _manifest.Current.Select(file => PathOf(file.Name));

    /// <summary>Bytes of all the log's files.</summary>
    public long Bytes => _baseBytes + (_file?.WrittenBytes ?? 0);

    /// <summary>Bytes of the log when it was last rewritten, or loaded.</summary>
    public long BytesOfBase => _baseBytes;

    /// <summary>Bytes that are not in a file yet.</summary>
    public long PendingBytes => _file?.PendingBytes ?? 0;

    /// <summary>How many records of the journal are on the disk, or -1 if nothing is logged. Any thread.</summary>
    public long SyncedCount => Volatile.Read(ref _file)?.SyncedCount ?? -1;

    /// <summary>The clients that wait for records to be on the disk.</summary>
    public SyncWaiters Waiters { get; }

    /// <summary>How long each write is put off, see DEBUG AOF-FLUSH-SLEEP.</summary>
    public int WriteDelayMs { get; set; }

    private string LogName => _server.Config.AppendFileName.Text;

    private string SinglePath => Path.Combine(_server.Config.Directory.Text, LogName);

    private string ManifestPath => PathOf(AofManifest.NameFor(LogName));

    /// <summary>
    /// Takes the right to read and write the log, which one process at a time has: it has to be had before <see cref="Find"/>, as another
    /// server may be about to write its last.
    /// </summary>
    /// <returns>Whether it could be had.</returns>
    /// <exception cref="FileException">The log's directory can't be made or written.</exception>
    public bool TryClaim()
    {
        DurableFile.MakeDirectory(_server.Files, Directory);
        _lock ??= LogLock.TryTake(_server.Files, PathOf(LogLock.NameFor(LogName)));
        return _lock is not null;
    }

    /// <summary>Looks for a log of an earlier run. Null: it is read, or there is none, and <see cref="Files"/> says which.</summary>
    /// <returns>Null, or what is wrong with the manifest.</returns>
    /// <exception cref="IOException">It could not be read.</exception>
    public string? Find()
    {
        if (ReadManifest() is string problem)
        {
            return problem;
        }
        if (_manifest.Files.Count == 0)
        {
            AdoptSingleFile();
        }
        else
        {
            MoveSingleFile();
        }
        return null;
    }

    /// <summary>Begins to log: goes on with the files that <see cref="Find"/> has found, or writes a base if there were none.</summary>
    /// <exception cref="IOException">A file could not be written.</exception>
    public void Start(Worker worker)
    {
        if (_manifest.Files.Count == 0)
        {
            Rewrite(worker);
            return;
        }
        AofManifest old = _manifest, next = new(old.Current);
        bool hasFile = next.Files.Count > 0 && next.Files[^1].Type == AofFileType.Incremental;
        next = hasFile ? next : next.WithNewIncremental(LogName);
        DurableFile file = DurableFile.Open(_server.Files, PathOf(next.Files[^1].Name), hasFile ? FileUse.Append : FileUse.AppendAnew);
        try
        {
            if (!hasFile || next.Files.Count < old.Files.Count)
            {
                // The file before the manifest that names it.
                AtomicFile.SyncName(_server.Files, ManifestPath);
                PutManifest(next);
                AtomicFile.SyncName(_server.Files, ManifestPath);
            }
            _manifest = next;
            _baseBytes = next.Files.SkipLast(1).Sum(earlier => new FileInfo(PathOf(earlier.Name)).Length);
            Begin(file);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        Remove([.. old.Files.Except(next.Files)]);
    }

    /// <summary>Writes all data to a new base, and begins to log if that is wanted and was off. On an error everything stays as it was.</summary>
    /// <exception cref="IOException">A file could not be written, or another server uses the log.</exception>
    public void Rewrite(Worker worker)
    {
        if (!TryClaim())
        {
            throw new ReportableException(InUse);
        }
        try
        {
            if (!IsOn && ReadManifest() is string problem)
            {
                throw new IOException(problem);
            }
            ReplaceBase(worker);
        }
        finally
        {
            ReleaseIfOff();
        }
    }

    private void ReplaceBase(Worker worker)
    {
        bool goesOn = _server.Config.AppendOnly.IsSet;
        AofManifest old = _manifest, next = old.WithNewBase(LogName, _server.Config.AofBaseIsRdb.IsSet, goesOn);
        _outdated.ExceptWith(next.Files);
        DurableFile? incremental = null;
        try
        {
            incremental = goesOn ? DurableFile.Open(_server.Files, PathOf(next.Files[^1].Name), FileUse.AppendAnew) : null;
            WriteBase(worker, PathOf(next.Files[0].Name));
            PutManifest(next);
        }
        catch
        {
            incremental?.Dispose();
            Remove(next.Files);
            throw;
        }
        _manifest = next;
        _baseBytes = new FileInfo(PathOf(next.Files[0].Name)).Length;
        GoOnIn(incremental);
        // If their names can't be put on the disk, the old files stay, as their manifest may be what is there.
        _outdated.UnionWith(old.Files);
        AtomicFile.SyncName(_server.Files, ManifestPath);
        Remove([.. _outdated]);
    }

    /// <summary>Puts everything logged on the disk.</summary>
    /// <returns>Null, or why not everything could be written.</returns>
    public string? Finish() => _file?.Finish();

    /// <summary>Ends the log; its files stay.</summary>
    public void Stop()
    {
        _server.Journal = null;
        if (_file is { } file)
        {
            Volatile.Write(ref _file, null);
            file.Dispose();
            _recordCount = file.AppendedCount;
        }
        ReleaseIfOff();
        Waiters.WakeReached();
    }

    public void Dispose() => Stop();

    FsyncPolicy IAppendOnlyOwner.Policy => _server.Config.AppendFsync.Choice switch
    {
        "always" => FsyncPolicy.Always,
        "no" => FsyncPolicy.No,
        _ => FsyncPolicy.EverySecond,
    };

    long IAppendOnlyOwner.NotedSecond => _server.Config.NotesTimeInAof.IsSet ? _server.UnixMsAt(_server.Clock.MonotonicNs) / 1000 : 0;

    void IAppendOnlyOwner.Tell(string text) => _server.LogNotice?.Invoke(text);

    void IAppendOnlyOwner.Warn(string text) => _server.LogWarning?.Invoke(text);

    void IAppendOnlyOwner.OnSynced() => Waiters.WakeReached();

    void IAppendOnlyOwner.GiveUp() => _server.EndProcess?.Invoke();

    private string? TryFollowConfig(Worker worker)
    {
        if (_server.Config.AppendOnly.IsSet == IsOn)
        {
            return null;
        }
        if (IsOn)
        {
            Stop();
            return null;
        }
        try
        {
            Rewrite(worker);
            return null;
        }
        catch (IOException e)
        {
            Stop();
            _server.LogWarning?.Invoke($"Can't open or create append only file: {Errno.Describe(e)}");
            return "Unable to turn on AOF. Check server logs.";
        }
    }

    private void WriteBase(Worker worker, string path) =>
        AtomicFile.Replace(_server.Files, path, PathOf($"temp-rewriteaof-{Environment.ProcessId}.aof"), file =>
        {
            if (_server.Config.AofBaseIsRdb.IsSet)
            {
                DatasetFile.Write(worker, file, isAofBase: true);
            }
            else
            {
                if (((IAppendOnlyOwner)this).NotedSecond is long second and not 0)
                {
                    file.Write(AppendOnlyFile.TimeNote(second));
                }
                DatasetCommands.Write(worker, file);
            }
        });

    private void GoOnIn(DurableFile? file)
    {
        if (_file is not null && file is not null)
        {
            _file.GoOnIn(file);
        }
        else if (file is not null)
        {
            Begin(file);
        }
    }

    private void Begin(DurableFile file)
    {
        Volatile.Write(ref _file, new AppendOnlyFile(file, _server.Workers.Length, _recordCount, this));
        _server.Journal = _file;
    }

    private void ReleaseIfOff()
    {
        if (_file is null)
        {
            _lock?.Dispose();
            _lock = null;
        }
    }

    /// <summary>Finds out which files are in use, by whichever server was the last; new ones must not have their names.</summary>
    /// <returns>Null, or what is wrong with the manifest.</returns>
    private string? ReadManifest()
    {
        _manifest = new([]);
        DurableFile file;
        try
        {
            file = DurableFile.Open(_server.Files, ManifestPath, FileUse.Read);
        }
        catch (FileException e) when (e.Error == Errno.ENOENT)
        {
            return null;
        }
        using StreamReader reader = new(file);
        string? problem = AofManifest.TryParse(reader.ReadToEnd(), out AofManifest manifest);
        if (problem is null)
        {
            _manifest = manifest;
        }
        return problem;
    }

    /// <summary>Takes the single file of a server before 7.0 as the base.</summary>
    private void AdoptSingleFile()
    {
        if (!File.Exists(SinglePath))
        {
            return;
        }
        DurableFile.MakeDirectory(_server.Files, Directory);
        AofManifest manifest = new([new AofFile(LogName, 1, AofFileType.Base)]);
        PutManifest(manifest);
        _manifest = manifest;
        MoveSingleFile();
    }

    /// <summary>Moves the single file to where the manifest says that it is, if it has not got there yet.</summary>
    private void MoveSingleFile()
    {
        bool isNamed = _manifest.Files is [{ Type: AofFileType.Base } only] && only.Name == LogName;
        if (isNamed && File.Exists(SinglePath) && !File.Exists(PathOf(LogName)))
        {
            DurableFile.Rename(_server.Files, SinglePath, PathOf(LogName));
            AtomicFile.SyncName(_server.Files, ManifestPath);
        }
    }

    private void Remove(IReadOnlyCollection<AofFile> files)
    {
        foreach (AofFile file in files)
        {
            // What can't be removed is tried again after the next rewrite.
            _ = DurableFile.TryRemove(_server.Files, PathOf(file.Name)) == 0 ? _outdated.Remove(file) : _outdated.Add(file);
        }
    }

    private void PutManifest(AofManifest manifest) => AtomicFile.Put(
        _server.Files, ManifestPath, PathOf($"temp-{AofManifest.NameFor(LogName)}"),
        file => file.Write(System.Text.Encoding.UTF8.GetBytes(manifest.ToString())), ManifestPermissions);

    private string PathOf(string name) => Path.Combine(Directory, name);
}
