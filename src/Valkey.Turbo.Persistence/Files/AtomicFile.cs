using Valkey.Turbo.Native;

namespace Valkey.Turbo.Persistence.Files;

/// <summary>Files that are replaced as a whole, so that nobody ever finds half of one.</summary>
public static class AtomicFile
{
    // Everybody may read and write, but for whom the process's mask excludes.
    private const int DefaultPermissions = 0x1B6;
    private const int BufferBytes = 1 << 16;

    /// <summary>Writes a file beside the old one, which it replaces when it is complete; afterwards the file and its name are on the disk.</summary>
    /// <param name="calls">The kernel.</param>
    /// <param name="path">The file.</param>
    /// <param name="unfinished">The one beside it, on the same file system; gone afterwards, whatever happens.</param>
    /// <param name="write">Writes the content.</param>
    /// <param name="permissions">The file's permissions, exactly; or null for what new files get.</param>
    /// <exception cref="FileException">It could not be written.</exception>
    public static void Replace(FileCalls calls, string path, string unfinished, Action<Stream> write, int? permissions = null)
    {
        Put(calls, path, unfinished, write, permissions);
        SyncName(calls, path);
    }

    /// <summary>The same, but that the new name need not be on the disk. Either nothing has changed, or this returns.</summary>
    /// <exception cref="FileException">It could not be written.</exception>
    public static void Put(FileCalls calls, string path, string unfinished, Action<Stream> write, int? permissions = null)
    {
        using DurableFile file = DurableFile.Open(calls, unfinished, FileUse.Write, DefaultPermissions);
        try
        {
            if (permissions is int exactly)
            {
                file.SetPermissions(exactly);
            }
            // Not disposed: that would try to write once more after an error.
            BufferedStream buffered = new(file, BufferBytes);
            write(buffered);
            buffered.Flush();
            file.Sync();
            DurableFile.Rename(calls, unfinished, path);
        }
        catch
        {
            _ = DurableFile.TryRemove(calls, unfinished);
            throw;
        }
    }

    /// <summary>Puts a file's name on the disk.</summary>
    /// <exception cref="FileException">It can't be.</exception>
    public static void SyncName(FileCalls calls, string path) =>
        DurableFile.SyncDirectory(calls, Path.GetDirectoryName(Path.GetFullPath(path))!);
}
