using Valkey.Turbo.Persistence.Aof;

namespace Valkey.Turbo.Engine;

/// <summary>
/// The server's append-only log: a directory with a manifest, a base that holds all data at one moment, and the writes since. Used under
/// all shards, or before the threads have started.
/// </summary>
/// <remarks>
/// A new base is written while the server stands still; it and an empty file for the writes to come replace the old ones when the
/// manifest is replaced. Until then the old ones are the log.
/// </remarks>
public sealed class AppendOnlyLog : IDisposable
{
    private readonly ServerInstance _server;
    private AofManifest _manifest = new([]);
    private AppendOnlyFile? _file;
    private long _baseBytes;

    internal AppendOnlyLog(ServerInstance server)
    {
        _server = server;
        server.Config.AppendOnly.TryApply = TryFollowConfig;
    }

    /// <summary>Whether writes are logged.</summary>
    public bool IsOn => _file is not null;

    /// <summary>Where the log's files are.</summary>
    public string Directory => Path.Combine(_server.Config.Directory.Text, _server.Config.AppendDirectoryName.Text);

    /// <summary>The log's files, in the order in which they are loaded.</summary>
    public IEnumerable<string> Files => _manifest.Files.Where(file => file.Type != AofFileType.History).Select(file => PathOf(file.Name));

    /// <summary>Bytes of all the log's files.</summary>
    public long Bytes => _baseBytes + (_file?.WrittenBytes ?? 0);

    /// <summary>Bytes of the log when it was last rewritten, or loaded.</summary>
    public long BytesOfBase => _baseBytes;

    /// <summary>Bytes that are not in a file yet.</summary>
    public long PendingBytes => _file?.PendingBytes ?? 0;

    private string LogName => _server.Config.AppendFileName.Text;

    private string ManifestPath => PathOf(AofManifest.NameFor(LogName));

    /// <summary>Looks for a log of an earlier run. Null: it is read, or there is none, and <see cref="Files"/> says which.</summary>
    /// <returns>Null, or what is wrong with the manifest.</returns>
    /// <exception cref="IOException">It could not be read.</exception>
    public string? Find()
    {
        if (!File.Exists(ManifestPath))
        {
            AdoptSingleFile();
            return null;
        }
        string? problem = AofManifest.TryParse(File.ReadAllText(ManifestPath), out AofManifest manifest);
        if (problem is null)
        {
            _manifest = manifest;
        }
        return problem;
    }

    /// <summary>Begins to log: goes on with the files that <see cref="Find"/> has found, or writes a base if there were none.</summary>
    /// <exception cref="IOException">A file could not be written.</exception>
    public void Start(Worker worker)
    {
        AofFile last = _manifest.Files.LastOrDefault();
        if (_manifest.Files.Count == 0)
        {
            Rewrite(worker);
            return;
        }
        if (last.Type != AofFileType.Incremental)
        {
            _manifest = _manifest.WithNewIncremental(LogName);
            WriteManifest();
        }
        _baseBytes = _manifest.Files.SkipLast(1).Sum(file => new FileInfo(PathOf(file.Name)).Length);
        Open(_manifest.Files[^1].Name);
    }

    /// <summary>Writes all data to a new base, and begins to log if that was off. On an error everything stays as it was.</summary>
    /// <exception cref="IOException">A file could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The server may not write there.</exception>
    public void Rewrite(Worker worker)
    {
        bool wasOn = IsOn;
        System.IO.Directory.CreateDirectory(Directory);
        bool isRdb = _server.Config.AofBaseIsRdb.IsSet;
        AofManifest old = _manifest, next = old.WithNewBase(LogName, isRdb);
        string basePath = PathOf(next.Files[0].Name);
        AtomicFile.Replace(basePath, PathOf($"temp-rewriteaof-{Environment.ProcessId}.aof"), file =>
        {
            if (isRdb)
            {
                DatasetFile.Write(worker, file, isAofBase: true);
            }
            else
            {
                DatasetCommands.Write(worker, file);
            }
        });
        GoOnIn(next.Files[^1].Name);
        _manifest = next;
        try
        {
            WriteManifest();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _manifest = old;
            if (wasOn)
            {
                GoOnIn(old.Files[^1].Name);
                // The new one may be there already, though not surely on the disk.
                WriteManifest();
            }
            else
            {
                Stop();
            }
            throw;
        }
        _baseBytes = new FileInfo(basePath).Length;
        foreach (AofFile file in old.Files)
        {
            File.Delete(PathOf(file.Name));
        }
    }

    /// <summary>Puts everything logged on the disk.</summary>
    /// <exception cref="IOException">It could not be written.</exception>
    public void Sync() => _file?.Sync();

    /// <summary>Ends the log; its files stay.</summary>
    public void Stop()
    {
        _server.Journal = null;
        _file?.Dispose();
        _file = null;
    }

    public void Dispose() => Stop();

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
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _server.LogNotice?.Invoke($"Can't open or create append only file: {e.Message}");
            return "Unable to turn on AOF. Check server logs.";
        }
    }

    private void GoOnIn(string name)
    {
        if (_file is null)
        {
            Open(name);
        }
        else
        {
            _file.SwitchTo(PathOf(name));
        }
    }

    private void Open(string name)
    {
        _file = new AppendOnlyFile(PathOf(name), _server.Workers.Length, () => _server.Config.AppendFsync.Choice switch
        {
            "always" => FsyncPolicy.Always,
            "no" => FsyncPolicy.No,
            _ => FsyncPolicy.EverySecond,
        }, () => _server.Config.NotesTimeInAof.IsSet ? _server.UnixMsAt(_server.Clock.MonotonicNs) / 1000 : 0);
        _server.Journal = _file;
    }

    /// <summary>Takes the single file of a server before 7.0 as the base.</summary>
    private void AdoptSingleFile()
    {
        string single = Path.Combine(_server.Config.Directory.Text, LogName);
        if (!File.Exists(single))
        {
            return;
        }
        System.IO.Directory.CreateDirectory(Directory);
        _manifest = new AofManifest([new AofFile(LogName, 1, AofFileType.Base)]);
        WriteManifest();
        File.Move(single, PathOf(LogName));
    }

    private void WriteManifest() =>
        AtomicFile.Replace(ManifestPath, PathOf($"temp-{AofManifest.NameFor(LogName)}"), file => file.Write(System.Text.Encoding.UTF8.GetBytes(_manifest.ToString())));

    private string PathOf(string name) => Path.Combine(Directory, name);
}
