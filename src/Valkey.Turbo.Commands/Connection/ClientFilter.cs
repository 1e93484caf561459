using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Commands.Connection;

/// <summary>
/// The filters of CLIENT LIST and CLIENT KILL; a client must pass all that are given. Of several of one kind the last counts,
/// but IDs add up.
/// </summary>
internal sealed class ClientFilter
{
    private static readonly string[] Types = ["normal", "master", "primary", "slave", "replica", "pubsub"];

    /// <summary>The arguments of CLIENT LIST.</summary>
    internal const string ListSyntax =
        $"[client-type=<{ListTypes}>@TYPE^5.0.0] [client-id:integer@ID^6.2.0...] [username:string@USER^8.1.0] "
        + "[addr(ip:port):string@ADDR^8.1.0] [laddr(ip:port):string@LADDR^8.1.0] [skipme=<yes:YES | no:NO>@SKIPME^8.1.0] "
        + $"[maxage:integer@MAXAGE^8.1.0] {Attributes} [not-client-type=<{ListTypes}>@NOT-TYPE^9.0.0] {Exclusions}";

    /// <summary>The arguments of CLIENT KILL.</summary>
    internal const string KillSyntax =
        "filter=<old-format(ip:port):string!2.8.12 | new-format=<[client-id:integer@ID^2.8.12...] "
        + "[client-type=<normal:NORMAL | master:MASTER^3.2.0 | primary:PRIMARY^8.0.0 | slave:SLAVE | replica:REPLICA^5.0.0 "
        + "| pubsub:PUBSUB>@TYPE^2.8.12] [username:string@USER] [addr(ip:port):string@ADDR] [laddr(ip:port):string@LADDR^6.2.0] "
        + $"[skipme=<yes:YES | no:NO>@SKIPME] [maxage:integer@MAXAGE^8.0.0] {Attributes} "
        + "[not-client-type=<normal:NORMAL | master:MASTER | primary:PRIMARY | slave:SLAVE | replica:REPLICA | pubsub:PUBSUB>"
        + $"@NOT-TYPE^9.0.0] {Exclusions}>...>";

    private const string ListTypes = "normal:NORMAL | master:MASTER | replica:REPLICA | pubsub:PUBSUB";
    private const string Attributes =
        "[name:string@NAME^9.0.0] [idle:integer@IDLE^9.0.0] [flags:string@FLAGS^9.0.0] [lib-name:string@LIB-NAME^9.0.0] "
        + "[lib-ver:string@LIB-VER^9.0.0] [db:integer@DB^9.0.0] [capa:string@CAPA^9.0.0] [ip:string@IP^9.0.0]";
    private const string Exclusions =
        "[not-client-id:integer@NOT-ID^9.0.0...] [not-username:string@NOT-USER^9.0.0] [not-addr(ip:port):string@NOT-ADDR^9.0.0] "
        + "[not-laddr(ip:port):string@NOT-LADDR^9.0.0] [not-name:string@NOT-NAME^9.0.0] [not-flags:string@NOT-FLAGS^9.0.0] "
        + "[not-lib-name:string@NOT-LIB-NAME^9.0.0] [not-lib-ver:string@NOT-LIB-VER^9.0.0] [not-db:integer@NOT-DB^9.0.0] "
        + "[not-capa:string@NOT-CAPA^9.0.0] [not-ip:string@NOT-IP^9.0.0]";
    private const string KnownFlags = "AbBcdeEiIMNOPrRStTuUx";
    private const string KnownCapabilities = "r";

    private readonly Dictionary<string, Func<Session, CommandContext, bool>> _conditions = [];
    private readonly HashSet<long> _ids = [];
    private readonly HashSet<long> _excludedIds = [];

    /// <summary>The exact peer address, for the old form of CLIENT KILL.</summary>
    internal string? Address { get; init; }

    /// <summary>Whether the caller itself is left out; null where nothing was said.</summary>
    internal bool? SkipsMe { get; set; }

    /// <summary>Reads filters from argument <paramref name="first"/> on; on failure the error has been replied.</summary>
    internal static bool TryParse(CommandContext context, int first, out ClientFilter filter)
    {
        filter = new ClientFilter();
        int at = first;
        while (at < context.ArgumentCount)
        {
            string? error = filter.ParseOne(context, ref at);
            if (error is not null)
            {
                context.Reply.Error(error);
                return false;
            }
        }
        return true;
    }

    /// <summary>Whether a client passes.</summary>
    internal bool Matches(Session session, CommandContext context)
    {
        if ((SkipsMe == true && session == context.Session) || (Address is not null && session.Address != Address))
        {
            return false;
        }
        foreach (Func<Session, CommandContext, bool> condition in _conditions.Values)
        {
            if (!condition(session, context))
            {
                return false;
            }
        }
        return true;
    }

    private string? ParseOne(CommandContext context, ref int at)
    {
        string name = context.Text(at).ToLowerInvariant();
        bool negated = name.StartsWith("not-", StringComparison.Ordinal);
        string kind = negated ? name[4..] : name;
        if (kind == "id")
        {
            return ParseIds(context, ref at, negated);
        }
        if (at + 1 >= context.ArgumentCount)
        {
            return Errors.Syntax;
        }
        ReadOnlySpan<byte> bytes = context.Argument(at + 1);
        string value = context.Shown(at + 1);
        at += 2;
        if (!negated && kind is "skipme" or "maxage" or "idle")
        {
            return ParseSingle(kind, bytes);
        }
        string? error = null;
        Func<Session, bool>? test = kind switch
        {
            "type" => TypeTest(value, out error),
            "user" => value == "default" ? static _ => true : Fail(out error, $"ERR No such user '{value}'"),
            "addr" => session => session.Address == value,
            "laddr" => session => session.LocalAddress == value,
            "ip" => session => IpOf(session.Address) == value,
            "name" => session => (session.Name ?? "") == value,
            "lib-name" => session => session.LibraryName == value,
            "lib-ver" => session => session.LibraryVersion == value,
            "db" => DatabaseTest(context, bytes, negated, out error),
            "flags" => FlagsTest(value, negated, out error),
            "capa" => CapabilityTest(value, negated, out error),
            _ => Fail(out error, Errors.Syntax),
        };
        if (test is not null)
        {
            _conditions[name] = (session, _) => test(session) != negated;
        }
        return error;
    }

    private string? ParseIds(CommandContext context, ref int at, bool negated)
    {
        HashSet<long> ids = negated ? _excludedIds : _ids;
        at++;
        while (at < context.ArgumentCount && Decimal64.TryParse(context.Argument(at), out long id))
        {
            if (id < 1)
            {
                return "ERR client-id should be greater than 0";
            }
            ids.Add(id);
            at++;
        }
        _conditions[negated ? "not-id" : "id"] = (session, _) => ids.Contains(session.Id) != negated;
        return null;
    }

    private string? ParseSingle(string kind, ReadOnlySpan<byte> value)
    {
        if (kind == "skipme")
        {
            SkipsMe = CommandContext.Text(value).ToLowerInvariant() switch { "yes" => true, "no" => false, _ => null };
            return SkipsMe is null ? Errors.Syntax : null;
        }
        if (!Decimal64.TryParse(value, out long seconds))
        {
            return $"ERR {kind} is not an integer or out of range";
        }
        if (seconds <= 0)
        {
            return $"ERR {kind} should be greater than 0";
        }
        bool isAge = kind == "maxage";
        _conditions[kind] = (session, context) =>
            (context.Worker.NowMonotonicNs - (isAge ? session.ConnectedAtNs : session.LastActiveNs)) / 1_000_000_000 >= seconds;
        return null;
    }

    private static Func<Session, bool>? TypeTest(string value, out string? error)
    {
        string type = value.ToLowerInvariant();
        if (!Types.Contains(type))
        {
            return Fail(out error, $"ERR Unknown client type '{value}'");
        }
        error = null;
        return session => type == (session.Subscriptions is { Total: > 0 } ? "pubsub" : "normal");
    }

    private static Func<Session, bool>? DatabaseTest(CommandContext context, ReadOnlySpan<byte> value, bool negated, out string? error)
    {
        long limit = context.Server.Config.Databases.Number;
        string name = negated ? "NOT-DB" : "DB";
        if (!Decimal64.TryParse(value, out long database) || database is < int.MinValue or > int.MaxValue)
        {
            return Fail(out error, $"ERR {name} is not an integer or out of range");
        }
        if (database < 0 || database >= limit)
        {
            return Fail(out error, $"ERR {name} number should be between 0 and {limit - 1}");
        }
        error = null;
        return session => session.Database == database;
    }

    private static Func<Session, bool>? FlagsTest(string value, bool negated, out string? error)
    {
        if (value.Any(flag => !KnownFlags.Contains(flag)))
        {
            return Fail(out error, $"ERR Unknown flags found in the {(negated ? "NOT-FLAGS" : "provided")} filter: {value}");
        }
        error = null;
        return session => value.All(session.Flags.Contains);
    }

    private static Func<Session, bool>? CapabilityTest(string value, bool negated, out string? error)
    {
        if (value.Any(capability => !KnownCapabilities.Contains(capability)))
        {
            return Fail(out error, $"ERR Unknown capa found in the {(negated ? "NOT-CAPA" : "provided")} filter: {value}");
        }
        error = null;
        return session => value.All(session.Capabilities.Contains);
    }

    private static Func<Session, bool>? Fail(out string? error, string text)
    {
        error = text;
        return null;
    }

    private static string IpOf(string address)
    {
        int colon = address.LastIndexOf(':');
        return colon < 0 ? address : address[..colon].Trim('[', ']');
    }
}
