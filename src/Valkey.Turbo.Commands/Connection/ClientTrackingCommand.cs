using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Engine.Tracking;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Connection;

/// <summary>CLIENT TRACKING, CACHING, TRACKINGINFO and GETREDIR: client-side caching.</summary>
internal static class ClientTrackingCommand
{
    private const CommandFlags Ordinary = NoScript | Loading | Stale | AllowBusy;

    internal static readonly CommandSpec[] Subcommands =
    [
        ClientCommand.Sub("caching", 3, Ordinary, "6.0.0", "Instructs the server whether to track the keys in the next request.", Caching,
            syntax: "mode=<yes:YES | no:NO>"),
        ClientCommand.Sub("getredir", 2, Ordinary, "6.0.0",
            "Returns the client ID to which the connection's tracking notifications are redirected.", GetRedirect),
        ClientCommand.Sub("tracking", -3, NoScript | Loading | Stale, "6.0.0", "Controls server-assisted client-side caching for the connection.", Tracking,
            syntax: "status=<on:ON | off:OFF> [client-id:integer@REDIRECT] [prefix:string@@PREFIX...] [bcast:BCAST] [optin:OPTIN] [optout:OPTOUT] [noloop:NOLOOP]"),
        ClientCommand.Sub("trackinginfo", 2, NoScript | Loading | Stale, "6.2.0",
            "Returns information about server-assisted client-side caching for the connection.", TrackingInfo),
    ];

    private struct Options
    {
        internal long RedirectId;
        internal bool IsBroadcast;
        internal bool IsOptIn;
        internal bool IsOptOut;
        internal bool IsNoLoop;
        internal List<byte[]> Prefixes;
    }

    private static void Tracking(CommandContext context)
    {
        Options options = new() { Prefixes = [] };
        if (!TryParse(context, ref options))
        {
            return;
        }
        if (context.Is(2, "ON"))
        {
            string? error = Refusal(context.Session.Tracking, options);
            if (error is not null)
            {
                context.Reply.Error(error);
                return;
            }
            TurnOn(context, options);
        }
        else if (context.Is(2, "OFF"))
        {
            context.Server.Tracking.End(context.Worker, context.Session.Tracking);
        }
        else
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        context.Reply.Ok();
    }

    private static bool TryParse(CommandContext context, ref Options options)
    {
        for (int i = 3; i < context.ArgumentCount; i++)
        {
            bool hasMore = i + 1 < context.ArgumentCount;
            if (context.Is(i, "REDIRECT") && hasMore)
            {
                i++;
                if (options.RedirectId != 0)
                {
                    context.Reply.Error("ERR A client can only redirect to a single other client");
                    return false;
                }
                if (!context.TryInteger(i, out options.RedirectId))
                {
                    return false;
                }
                if (!context.Server.Clients.ContainsKey(options.RedirectId))
                {
                    context.Reply.Error("ERR The client ID you want redirect to does not exist");
                    return false;
                }
            }
            else if (context.Is(i, "BCAST"))
            {
                options.IsBroadcast = true;
            }
            else if (context.Is(i, "OPTIN"))
            {
                options.IsOptIn = true;
            }
            else if (context.Is(i, "OPTOUT"))
            {
                options.IsOptOut = true;
            }
            else if (context.Is(i, "NOLOOP"))
            {
                options.IsNoLoop = true;
            }
            else if (context.Is(i, "PREFIX") && hasMore)
            {
                options.Prefixes.Add(context.Argument(++i).ToArray());
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
        }
        return true;
    }

    /// <summary>Why options don't fit together, or not with what the client has asked for before; or null.</summary>
    private static string? Refusal(ClientTracking? current, in Options options)
    {
        if (!options.IsBroadcast && options.Prefixes.Count > 0)
        {
            return "ERR PREFIX option requires BCAST mode to be enabled";
        }
        if (current is { IsOn: true } && current.IsBroadcast != options.IsBroadcast)
        {
            return "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode.";
        }
        if (options.IsBroadcast && (options.IsOptIn || options.IsOptOut))
        {
            return "ERR OPTIN and OPTOUT are not compatible with BCAST";
        }
        if (options.IsOptIn && options.IsOptOut)
        {
            return "ERR You can't specify both OPTIN mode and OPTOUT mode";
        }
        if (current is { IsOn: true } && ((options.IsOptIn && current.IsOptOut) || (options.IsOptOut && current.IsOptIn)))
        {
            return "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode.";
        }
        return options.IsBroadcast ? Overlap(current?.Prefixes ?? [], options.Prefixes) : null;
    }

    private static string? Overlap(List<byte[]> existing, List<byte[]> given)
    {
        for (int i = 0; i < given.Count; i++)
        {
            foreach (byte[] known in existing)
            {
                if (Overlaps(given[i], known))
                {
                    return Describe(given[i], "an existing", known);
                }
            }
            for (int j = i + 1; j < given.Count; j++)
            {
                if (Overlaps(given[i], given[j]))
                {
                    return Describe(given[i], "another provided", given[j]);
                }
            }
        }
        return null;
    }

    private static bool Overlaps(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b) =>
        a.Length < b.Length ? b.StartsWith(a) : a.StartsWith(b);

    private static string Describe(byte[] prefix, string relation, byte[] other) =>
        $"ERR Prefix '{CommandContext.Text(prefix)}' overlaps with {relation} prefix '{CommandContext.Text(other)}'. "
        + "Prefixes for a single client must not overlap.";

    private static void TurnOn(CommandContext context, in Options options)
    {
        ClientTracking tracking = context.Session.Tracking ??= new ClientTracking(context.Session);
        tracking.IsBroadcast = options.IsBroadcast;
        (tracking.IsOptIn, tracking.IsOptOut, tracking.IsNoLoop) = (options.IsOptIn, options.IsOptOut, options.IsNoLoop);
        (tracking.RedirectId, tracking.IsRedirectBroken) = (options.RedirectId, false);
        if (options.IsBroadcast)
        {
            List<byte[]> added = options.Prefixes.Count == 0 && tracking.Prefixes.Count == 0 ? [[]] : options.Prefixes;
            context.Server.Tracking.AddPrefixes(tracking, added);
        }
        context.Server.Tracking.Begin(context.Worker, tracking);
    }

    private static void Caching(CommandContext context)
    {
        ClientTracking? tracking = context.Session.Tracking;
        bool isYes = context.Is(2, "YES");
        if (tracking is not { IsOn: true })
        {
            context.Reply.Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled");
        }
        else if (!isYes && !context.Is(2, "NO"))
        {
            context.Reply.Error(Errors.Syntax);
        }
        else if (isYes ? !tracking.IsOptIn : !tracking.IsOptOut)
        {
            context.Reply.Error(isYes
                ? "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."
                : "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
        }
        else
        {
            tracking.HasCachingWord = true;
            context.Reply.Ok();
        }
    }

    private static void GetRedirect(CommandContext context) =>
        context.Reply.Integer(context.Session.Tracking is { IsOn: true } tracking ? tracking.RedirectId : -1);

    private static void TrackingInfo(CommandContext context)
    {
        ClientTracking? tracking = context.Session.Tracking is { IsOn: true } on ? on : null;
        List<string> flags = [tracking is null ? "off" : "on"];
        if (tracking is not null)
        {
            flags.AddRange(new (bool IsSet, string Name)[]
            {
                (tracking.IsBroadcast, "bcast"),
                (tracking.IsOptIn, "optin"),
                (tracking.IsOptIn && tracking.HasCachingWord, "caching-yes"),
                (tracking.IsOptOut, "optout"),
                (tracking.IsOptOut && tracking.HasCachingWord, "caching-no"),
                (tracking.IsNoLoop, "noloop"),
                (tracking.IsRedirectBroken, "broken_redirect"),
            }.Where(flag => flag.IsSet).Select(flag => flag.Name));
        }
        context.Reply.Map(3);
        context.Reply.Bulk("flags"u8);
        context.Reply.Set(flags.Count);
        foreach (string flag in flags)
        {
            context.Reply.Bulk(flag);
        }
        context.Reply.Bulk("redirect"u8);
        context.Reply.Integer(tracking?.RedirectId ?? -1);
        context.Reply.Bulk("prefixes"u8);
        context.Reply.Array(tracking?.Prefixes.Count ?? 0);
        foreach (byte[] prefix in tracking?.Prefixes ?? [])
        {
            context.Reply.Bulk(prefix);
        }
    }
}
