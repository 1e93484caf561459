using Valkey.Turbo.Native;

namespace Valkey.Turbo.Server;

/// <summary>
/// The server in the background (<c>daemonize yes</c>): the process that was started reads the configuration, starts its like without a
/// terminal, and ends. That one reads the configuration again.
/// </summary>
internal static class Daemon
{
    private const string Role = "daemon";

    /// <summary>Whether this process is the one in the background.</summary>
    internal static bool IsThis => ChildProcess.Role == Role;

    /// <summary>Starts it; returns this process's exit code.</summary>
    /// <param name="directory">Where this process was started: paths on the command line are relative to it.</param>
    /// <param name="input">What this process has read from its standard input.</param>
    internal static int Start(string directory, byte[] input)
    {
        Environment.CurrentDirectory = directory;
        int error = ChildProcess.StartDetached(Role, input);
        if (error != 0)
        {
            Console.Error.WriteLine($"Can't start in the background: {Errno.Describe(error)}");
        }
        return error == 0 ? 0 : 1;
    }
}
