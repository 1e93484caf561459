using System.Text;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>Names in directories, which are on the disk only once the directory is: see fsync(2).</summary>
public static unsafe class DirectoryEntry
{
    /// <summary>Puts the names of a directory on the disk: files that were made, renamed or removed there.</summary>
    /// <returns>0, or the error number. File systems that cannot do this for directories, and say so, count as done.</returns>
    public static int Sync(string directory)
    {
        int descriptor;
        fixed (byte* path = Encoding.UTF8.GetBytes(directory + '\0'))
        {
            descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        }
        if (descriptor < 0)
        {
            return Errno.Last;
        }
        int error = fsync(descriptor) < 0 ? Errno.Last : 0;
        close(descriptor);
        return error is Errno.EINVAL or Errno.EBADF ? 0 : error;
    }
}
