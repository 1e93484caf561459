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
    public const int ENXIO = 6;
    public const int ENAMETOOLONG = 36;
    public const int ENOSYS = 38;
    public const int ETIME = 62;
    public const int ENOPROTOOPT = 92;
    public const int EPROTONOSUPPORT = 93;
    public const int ESOCKTNOSUPPORT = 94;
    public const int EPFNOSUPPORT = 96;
    public const int EAFNOSUPPORT = 97;
    public const int EADDRINUSE = 98;
    public const int EADDRNOTAVAIL = 99;
    public const int ECONNABORTED = 103;
    public const int ENOBUFS = 105;
    public const int ECANCELED = 125;

    /// <summary>The error number that the last libc call on this thread left.</summary>
    public static int Last => LibC.errno;

    /// <summary>The C library's text for an error number, as Valkey prints it in its log.</summary>
    public static string Describe(int errno) => new System.ComponentModel.Win32Exception(errno).Message;

    /// <summary>
    /// The C library's text for what a file operation of the runtime has failed of; the runtime's own text names paths and methods, and
    /// no operator looks for that.
    /// </summary>
    public static string Describe(Exception exception) => exception is ReportableException ? exception.Message : Describe(Of(exception));

    /// <summary>The error number behind an exception of a file operation; EIO where there is none.</summary>
    public static int Of(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => ENOENT,
        PathTooLongException => ENAMETOOLONG,
        UnauthorizedAccessException { InnerException: IOException inner } when IsNumber(inner.HResult) => inner.HResult,
        UnauthorizedAccessException => EACCES,
        IOException when IsNumber(exception.HResult) => exception.HResult,
        _ => EIO,
    };

    // On Unix the runtime keeps the error number where Windows has its result codes, which are negative.
    private static bool IsNumber(int result) => result is > 0 and < 4096;
}

/// <summary>A failure of files or sockets whose message is written for the operator.</summary>
public class ReportableException(string message, int error = Errno.EIO) : IOException(message, error);
