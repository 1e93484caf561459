using Valkey.Turbo.Native;

namespace Valkey.Turbo.Engine;

/// <summary>Writing all data, with what the log and INFO are told of it. The calling thread holds every shard.</summary>
public static class Saving
{
    /// <summary>Runs something that touches files; null, or why it failed, which the log is told as well.</summary>
    public static string? Problem(ServerInstance server, string what, Func<string?> work)
    {
        string? problem;
        try
        {
            problem = work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = Errno.Describe(e);
        }
        if (problem is not null)
        {
            server.LogWarning?.Invoke($"{what}: {problem}");
        }
        return problem;
    }

    /// <summary>Saves all data to the RDB file; null, or why that failed.</summary>
    /// <param name="worker">The calling thread.</param>
    /// <param name="isAwaited">Whether somebody waits for the outcome; else a failure is kept in mind, since nobody is told of it.</param>
    public static string? TrySave(Worker worker, bool isAwaited)
    {
        ServerInstance server = worker.Server;
        // Who does not wait for the outcome should not be made to wait.
        long keyDelayMicroseconds = isAwaited ? server.Config.KeySaveDelayMicroseconds.Number : 0;
        return Try(worker, server.Saves, isAwaited, "Write error while saving DB to the disk", "DB saved on disk", () =>
            DatasetFile.Save(worker, server.RdbPath, keyDelayMicroseconds));
    }

    /// <summary>Writes a new base of the append-only log; null, or why that failed.</summary>
    public static string? TryRewrite(Worker worker) => Try(
        worker, worker.Server.Rewrites, isAwaited: false, "Failed rewriting the append only file", "Background AOF rewrite finished successfully", () =>
        worker.Server.Log.Rewrite(worker));

    private static string? Try(Worker worker, SaveHistory history, bool isAwaited, string failure, string success, Action work)
    {
        ServerInstance server = worker.Server;
        long startNs = server.Clock.MonotonicNs;
        string? problem = Problem(server, failure, () =>
        {
            work();
            server.LogNotice?.Invoke(success);
            return null;
        });
        if (problem is null || !isAwaited)
        {
            history.Note(problem is null, (server.Clock.MonotonicNs - startNs) / 1_000_000);
        }
        return problem;
    }
}
