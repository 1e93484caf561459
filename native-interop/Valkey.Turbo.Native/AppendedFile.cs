using System.Text;
using Tmds.Linux;
using static Tmds.Linux.LibC;

namespace Valkey.Turbo.Native;

/// <summary>
/// A file that is opened for each write, always at its end, so that it may be moved or emptied by others meanwhile.
/// </summary>
public static unsafe class AppendedFile
{
    private const int ReadableAndWritable = 0x1B6; // 0666, of which the process's mask takes away

    /// <summary>Appends bytes, and makes the file where there is none. 0, or the error number.</summary>
    public static int Append(string path, ReadOnlySpan<byte> bytes)
    {
        int descriptor;
        fixed (byte* name = Encoding.UTF8.GetBytes(path + '\0'))
        {
            descriptor = open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, ReadableAndWritable);
        }
        if (descriptor < 0)
        {
            return Errno.Last;
        }
        int error = WriteAll(descriptor, bytes);
        close(descriptor);
        return error;
    }

    private static int WriteAll(int descriptor, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* first = bytes)
        {
            for (int done = 0; done < bytes.Length;)
            {
                int written = (int)(long)write(descriptor, first + done, (size_t)(ulong)(bytes.Length - done));
                if (written < 0 && Errno.Last != Errno.EINTR)
                {
                    return Errno.Last;
                }
                done += Math.Max(written, 0);
            }
        }
        return 0;
    }
}
