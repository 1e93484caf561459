using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>DEBUG RELOAD writes all databases to the RDB file and reads them back; DEBUG LOADAOF reads the append-only log.</summary>
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
        if (saves && Saving.TrySave(context.Worker, isAwaited: true) is not null)
        {
            context.Reply.Error("ERR");
            return;
        }
        // A file that is none leaves everything as it was.
        Action? flush = flushes ? () => Flush(context) : null;
        if (Problem(context, () => DatasetFile.Load(context.Worker, context.Server.RdbPath, merges, flush)) is not null)
        {
            context.Reply.Error("ERR Error trying to load the RDB dump, check server logs.");
            return;
        }
        context.Server.LogNotice?.Invoke("DB reloaded by DEBUG RELOAD");
        context.Reply.Ok();
    }

    internal static void LoadLog(CommandContext context)
    {
        Flush(context);
        if (Problem(context, () => ReadLog(context)) is not null)
        {
            context.Reply.Error("ERR Error trying to load the AOF files, check server logs.");
            return;
        }
        context.Server.LogNotice?.Invoke("Append Only File loaded by DEBUG LOADAOF");
        context.Reply.Ok();
    }

    private static string? ReadLog(CommandContext context)
    {
        context.Server.Journal?.Flush();
        return AofReplay.Load(context.Worker);
    }

    private static string? Problem(CommandContext context, Func<string?> load) =>
        Saving.Problem(context.Server, "Error loading the DB", load);

    private static void Flush(CommandContext context)
    {
        context.Server.Functions.Clear();
        foreach (Shard shard in context.Server.Shards)
        {
            for (int database = 0; database < shard.Keyspaces.Length; database++)
            {
                context.Server.Flush(context.Worker, shard, database, later: false);
            }
        }
    }
}
