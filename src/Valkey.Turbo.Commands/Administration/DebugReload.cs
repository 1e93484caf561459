using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>DEBUG RELOAD: writes all databases to the RDB file and reads them back.</summary>
internal static class DebugReload
{
    internal static void Run(CommandContext context)
    {
        bool saves = true, flushes = true, merges = false;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            switch (context.Text(i).ToUpperInvariant())
            {
                case "NOSAVE":
                    saves = false;
                    break;
                case "NOFLUSH":
                    flushes = false;
                    break;
                case "MERGE":
                    merges = true;
                    break;
                default:
                    context.Reply.Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.");
                    return;
            }
        }
        string path = Path.Combine(context.Server.Config.Directory.Text, context.Server.Config.RdbFileName.Text);
        if (saves && Problem(() => Save(context.Worker, path)) is string unsaved)
        {
            context.Server.LogNotice?.Invoke($"Error saving the DB to {path}: {unsaved}");
            context.Reply.Error("ERR");
            return;
        }
        if (flushes)
        {
            Flush(context);
        }
        if (Problem(() => DatasetFile.Load(context.Worker, path, merges)) is string unloaded)
        {
            context.Server.LogNotice?.Invoke($"Error loading the DB from {path}: {unloaded}");
            context.Reply.Error("ERR Error trying to load the RDB dump, check server logs.");
            return;
        }
        context.Server.LogNotice?.Invoke("DB reloaded by DEBUG RELOAD");
        context.Reply.Ok();
    }

    private static string? Save(Worker worker, string path)
    {
        DatasetFile.Save(worker, path);
        return null;
    }

    private static string? Problem(Func<string?> work)
    {
        try
        {
            return work();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    private static void Flush(CommandContext context)
    {
        foreach (Shard shard in context.Server.Shards)
        {
            for (int database = 0; database < shard.Keyspaces.Length; database++)
            {
                context.Server.Flush(context.Worker, shard, database, later: false);
            }
        }
    }
}
