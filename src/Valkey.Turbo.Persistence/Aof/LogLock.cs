using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence.Files;

namespace Valkey.Turbo.Persistence.Aof;

/// <summary>
/// The right to write an append-only log, which one process at a time has: a lock on an empty file beside the manifest. The kernel ends
/// it with the process, so that nothing has to be tidied up after a crash.
/// </summary>
public sealed class LogLock : IDisposable
{
    private readonly DurableFile _file;

    private LogLock(DurableFile file) => _file = file;

    /// <summary>The name of a log's lock file.</summary>
    public static string NameFor(string logName) => logName + ".lock";

    /// <summary>Takes the right, or returns null if another process has it. File systems without locks leave it to everybody.</summary>
    /// <exception cref="FileException">The lock file can't be opened.</exception>
    public static LogLock? TryTake(FileCalls calls, string path)
    {
        DurableFile file = DurableFile.Open(calls, path, FileUse.Append);
        if (file.TryLock() != Errno.EAGAIN)
        {
            return new LogLock(file);
        }
        file.Dispose();
        return null;
    }

    public void Dispose() => _file.Dispose();
}
