using System.Text;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>The directory that a process works in.</summary>
public static unsafe class WorkingDirectory
{
    private const int SearchPermission = 1;

    /// <summary>Whether the process may work in a directory: 0, or the error number that chdir(2) would give.</summary>
    public static int Check(string directory)
    {
        fixed (byte* path = Encoding.UTF8.GetBytes(directory + '\0'))
        {
            int descriptor = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
            if (descriptor < 0)
            {
                return Errno.Last;
            }
            close(descriptor);
            return access(path, SearchPermission) < 0 ? Errno.Last : 0;
        }
    }
}
