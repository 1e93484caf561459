using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;

namespace Valkey.Turbo.Server;

/// <summary>
/// Fits <c>maxclients</c> and the limit of open files to each other: the runtime, unlike the network, can't go on without descriptors.
/// </summary>
internal sealed class OpenFiles(ServerConfig config, ServerLog log)
{
    // Listeners, logs, files that are saved.
    private const int Reserved = 32;
    private const int PerThread = 6;
    private readonly long _own = OpenFileLimit.OpenCount() + Reserved + config.Threads.Number * PerThread;

    /// <summary>
    /// Raises the limit for as many clients as are wanted, or lowers <c>maxclients</c> to what the limit allows. False: there is no room for any.
    /// </summary>
    internal bool TryFit()
    {
        // Brings in everything that reporting an error needs, while it can still be opened.
        _ = Errno.Describe(Errno.EMFILE);
        long clients = config.MaxClients.Number, needed = clients + _own, before = OpenFileLimit.Now();
        if (before >= needed)
        {
            return true;
        }
        long limit = OpenFileLimit.Raise(needed, out int error);
        if (limit >= needed)
        {
            log.Notice($"Increased maximum number of open files to {needed} (it was originally set to {before}).");
            return true;
        }
        if (limit <= _own)
        {
            log.Warning($"Your current 'ulimit -n' of {before} is not enough for the server to start. "
                + $"Please increase your open file limit to at least {needed}. Exiting.");
            return false;
        }
        config.MaxClients.Assign(limit - _own);
        log.Warning($"You requested maxclients of {clients} requiring at least {needed} max file descriptors.");
        log.Warning($"Server can't set maximum open files to {needed} because of OS error: {Errno.Describe(error)}.");
        log.Warning($"Current maximum open files is {limit}. maxclients has been reduced to {config.MaxClients.Number} to compensate for low ulimit. "
            + "If you need higher maxclients increase 'ulimit -n'.");
        return true;
    }

    /// <summary>Raises the limit for a new <c>maxclients</c>; null, or why that can't be.</summary>
    internal string? TryRaise()
    {
        long possible = OpenFileLimit.Raise(config.MaxClients.Number + _own, out _) - _own;
        return possible >= config.MaxClients.Number
            ? null
            : $"The operating system is not able to handle the specified number of clients, try with {Math.Max(possible, 1)}";
    }
}
