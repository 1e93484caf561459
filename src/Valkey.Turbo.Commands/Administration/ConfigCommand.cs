using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Native;
using Valkey.Turbo.Protocol;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>CONFIG: the settings at run time.</summary>
internal static class ConfigCommand
{
    private static readonly Lock Gate = new();

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("config", -2, CommandFlags.None, "server", "2.0.0", "Depends on subcommand.",
            "A container for server configuration commands.", null, subcommands:
            [
                Sub("get", -3, "2.0.0", "O(N) where N is the number of parameters.",
                    "Returns the effective values of configuration parameters.", Get, "parameter:string..."),
                Sub("set", -4, "2.0.0", "O(N) where N is the number of parameters.", "Sets configuration parameters in-flight.",
                    Set, "data={parameter:string value:string}...", "request_policy:all_nodes response_policy:all_succeeded", scopeOf: ScopeOfSet),
                Sub("resetstat", 2, "2.0.0", "O(1)", "Resets the server's statistics.", ResetStat, "",
                    "request_policy:all_nodes response_policy:all_succeeded"),
                Sub("rewrite", 2, "2.8.0", "O(1)", "Writes the configuration in effect to its file.", Rewrite, "",
                    "request_policy:all_nodes response_policy:all_succeeded"),
                Sub("help", 2, "5.0.0", "O(1)", "Returns helpful text about the different subcommands.", Help, flags: Loading | Stale),
            ]),
    ];

    private static CommandSpec Sub(
        string name, int arity, string since, string complexity, string summary, Action<CommandContext> run,
        string syntax = "", string tips = "", CommandFlags flags = Admin | NoScript | Loading | Stale,
        Func<RequestBatch, int, ShardScope>? scopeOf = null) =>
        CommandSpec.Define(name, arity, flags, "server", since, complexity, summary, run, syntax: syntax, tips: tips,
            scope: ShardScope.None, scopeOf: scopeOf);

    /// <summary>The append-only log begins with all data at one moment.</summary>
    private static ShardScope ScopeOfSet(RequestBatch batch, int request)
    {
        for (int i = 2; i < batch.ArgumentCount(request); i += 2)
        {
            if (Ascii.EqualsIgnoreCase(batch.Argument(request, i), "appendonly"u8))
            {
                return ShardScope.All;
            }
        }
        return ShardScope.None;
    }

    private static void Get(CommandContext context)
    {
        SortedDictionary<string, string> found = new(StringComparer.Ordinal);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            ReadOnlySpan<byte> pattern = context.Argument(i);
            string exact = CommandContext.Text(pattern).ToLowerInvariant();
            foreach (Directive directive in context.Server.Config.All)
            {
                foreach (string? name in (ReadOnlySpan<string?>)[directive.Name, directive.Alias])
                {
                    if (name is null || found.ContainsKey(name))
                    {
                        continue;
                    }
                    bool hidden = directive.Flags.HasFlag(name == directive.Name ? DirectiveFlags.Hidden : DirectiveFlags.HiddenAlias);
                    if (name == exact || (!hidden && GlobPattern.IsMatch(pattern, Encoding.ASCII.GetBytes(name), ignoreCase: true)))
                    {
                        found[name] = directive.Value;
                    }
                }
            }
        }
        context.Reply.Map(found.Count);
        foreach ((string name, string value) in found)
        {
            context.Reply.Bulk(name);
            context.Reply.Bulk(value);
        }
    }

    /// <summary>Sets all parameters or none.</summary>
    private static void Set(CommandContext context)
    {
        if (context.ArgumentCount % 2 != 0)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        lock (Gate)
        {
            List<(Directive Directive, string Value)> changes = [];
            string? error = Collect(context, changes);
            if (error is null)
            {
                error = Apply(context.Worker, changes);
            }
            if (error is not null)
            {
                context.Reply.Error(error);
                return;
            }
        }
        context.Reply.Ok();
    }

    private static string? Collect(CommandContext context, List<(Directive Directive, string Value)> changes)
    {
        ServerConfig config = context.Server.Config;
        for (int i = 2; i < context.ArgumentCount; i += 2)
        {
            string name = context.Text(i);
            if (config.Find(name) is not Directive directive)
            {
                return $"ERR Unknown option or number of arguments for CONFIG SET - '{name}'";
            }
            string prefix = $"ERR CONFIG SET failed (possibly related to argument '{name}')";
            if (directive.Flags.HasFlag(DirectiveFlags.Immutable))
            {
                return $"{prefix} - can't set immutable config";
            }
            if (directive.Flags.HasFlag(DirectiveFlags.Protected) && !MayUseProtected(context, config.EnableProtectedConfigs))
            {
                return $"{prefix} - can't set protected config";
            }
            if (changes.Exists(change => change.Directive == directive))
            {
                return $"{prefix} - duplicate parameter";
            }
            if (context.Argument(i + 1).Length > CommandContext.LargestTextBytes)
            {
                return $"{prefix} - argument is too long";
            }
            changes.Add((directive, context.Text(i + 1)));
        }
        return null;
    }

    private static string? Apply(Worker worker, List<(Directive Directive, string Value)> changes)
    {
        List<(Directive Directive, string Before)> done = [];
        foreach ((Directive directive, string value) in changes)
        {
            done.Add((directive, directive.Value));
            if ((directive.TrySet(value) ?? directive.Refuse?.Invoke()) is string error)
            {
                Restore(done);
                return Failure(directive, error);
            }
        }
        for (int i = 0; i < done.Count; i++)
        {
            if (done[i].Directive.TryApply?.Invoke(worker) is string reason)
            {
                Restore(done);
                done.Take(i).ToList().ForEach(applied => applied.Directive.TryApply?.Invoke(worker));
                return Failure(done[i].Directive, reason);
            }
        }
        foreach ((Directive directive, string _) in done)
        {
            directive.Changed?.Invoke();
        }
        return null;
    }

    private static void Restore(List<(Directive Directive, string Before)> done) => done.ForEach(each => each.Directive.TrySet(each.Before));

    private static string Failure(Directive directive, string reason) =>
        $"ERR CONFIG SET failed (possibly related to argument '{directive.Name}') - {reason}";

    /// <summary>Whether something that a directive guards is allowed to this client.</summary>
    internal static bool MayUseProtected(CommandContext context, ChoiceDirective guard) => guard.Choice switch
    {
        "yes" => true,
        "local" => context.Session.IsUnixSocket || context.Session.Address.StartsWith("127.", StringComparison.Ordinal)
            || context.Session.Address.StartsWith("[::1]", StringComparison.Ordinal),
        _ => false,
    };

    private static void ResetStat(CommandContext context)
    {
        foreach (Worker worker in context.Server.Workers)
        {
            worker.Stats.Reset();
        }
        context.Server.Errors.Clear();
        Interlocked.Exchange(ref context.Server.RejectedConnections, 0);
        context.Reply.Ok();
    }

    private static void Rewrite(CommandContext context) => Rewrite(context, withDefaults: false);

    /// <summary>Writes the settings into their file.</summary>
    internal static void Rewrite(CommandContext context, bool withDefaults)
    {
        if (context.Server.Config.FilePath is null)
        {
            context.Reply.Error("ERR The server is running without a config file");
            return;
        }
        try
        {
            lock (Gate)
            {
                context.Server.Config.RewriteFile(withDefaults);
            }
            context.Server.LogNotice?.Invoke("CONFIG REWRITE executed with success.");
            context.Reply.Ok();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            string reason = Errno.Describe(e);
            context.Server.LogNotice?.Invoke($"CONFIG REWRITE failed: {reason}");
            context.Reply.Error($"ERR Rewriting config file: {reason}");
        }
    }

    private static void Help(CommandContext context) => context.ReplyHelp("CONFIG",
    [
        "GET <pattern>",
        "    Return parameters matching the glob-like <pattern> and their values.",
        "SET <directive> <value>",
        "    Set the configuration <directive> to <value>.",
        "RESETSTAT",
        "    Reset statistics reported by the INFO command.",
        "REWRITE",
        "    Rewrite the configuration file.",
    ]);
}
