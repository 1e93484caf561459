using Tmds.Linux;

namespace Valkey.Turbo.Native;

/// <summary>Error numbers of Linux that the server tells apart. Kernel results are values to handle, never assertions.</summary>
public static class Errno
{
    public const int EINTR = 4;
    public const int EIO = 5;
    public const int EBADF = 9;
    public const int EAGAIN = 11;
    public const int ENOENT = 2;
    public const int EACCES = 13;
    public const int EEXIST = 17;
    public const int EINVAL = 22;
    public const int ENFILE = 23;
    public const int EMFILE = 24;
    public const int EPERM = 1;
    public const int ENOSPC = 28;
    public const int ENOSYS = 38;
    public const int ETIME = 62;
    public const int EADDRINUSE = 98;
    public const int ECONNABORTED = 103;
    public const int ENOBUFS = 105;
    public const int ECANCELED = 125;

    /// <summary>The error number that the last libc call on this thread left.</summary>
    public static int Last => LibC.errno;

    /// <summary>The C library's text for an error number, as Valkey prints it in its log.</summary>
    public static string Describe(int errno) => new System.ComponentModel.Win32Exception(errno).Message;
}
