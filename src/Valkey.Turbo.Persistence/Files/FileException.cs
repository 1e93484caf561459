using Valkey.Turbo.Native;

namespace Valkey.Turbo.Persistence.Files;

/// <summary>A call on a file has failed. The message is the C library's text for the error number, as in Valkey's log.</summary>
/// <param name="error">The error number.</param>
public sealed class FileException(int error) : ReportableException(Errno.Describe(error), error)
{
    /// <summary>The error number.</summary>
    public int Error { get; } = error;

    /// <summary>Throws where the kernel's result is a negated error number.</summary>
    internal static void ThrowIfFailed(long result)
    {
        if (result < 0)
        {
            throw new FileException((int)-result);
        }
    }
}
