using Valkey.Turbo.Native;

namespace Valkey.Turbo.Engine;

/// <summary>Files that are replaced as a whole, so that nobody ever finds half of one.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file beside the old one, which it replaces when it is complete; afterwards the file and its name are on the disk.</summary>
    /// <param name="path">The file.</param>
    /// <param name="unfinished">The one beside it, on the same file system; gone afterwards, whatever happens.</param>
    /// <param name="write">Writes the content.</param>
    /// <exception cref="IOException">It could not be written.</exception>
    /// <exception cref="UnauthorizedAccessException">The server may not write there.</exception>
    internal static void Replace(string path, string unfinished, Action<FileStream> write)
    {
        try
        {
            using (FileStream file = new(unfinished, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(unfinished, path, overwrite: true);
            int error = DirectoryEntry.Sync(Path.GetDirectoryName(Path.GetFullPath(path))!);
            if (error != 0)
            {
                throw new IOException($"Cannot sync the directory of {path}: {Errno.Describe(error)}");
            }
        }
        finally
        {
            File.Delete(unfinished);
        }
    }
}
