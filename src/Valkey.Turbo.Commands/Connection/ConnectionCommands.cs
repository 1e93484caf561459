using System.Security.Cryptography;
using System.Text;
using Valkey.Turbo.Engine;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Connection;

/// <summary>The connection itself: AUTH, HELLO, PING and their relatives.</summary>
internal static class ConnectionCommands
{
    private const CommandFlags Ordinary = Loading | Stale | Fast;

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("ping", -1, Fast | ForSubscribers | ShowsDiskErrors, "connection", "1.0.0", "O(1)", "Returns the server's liveliness response.",
            Ping, syntax: "[message:string]", tips: "request_policy:all_shards response_policy:all_succeeded", scope: ShardScope.None),
        CommandSpec.Define("echo", 2, Ordinary, "connection", "1.0.0", "O(1)", "Returns the given string.",
            context => context.Reply.Bulk(context.Argument(1)), syntax: "message:string", scope: ShardScope.None),
        CommandSpec.Define("quit", -1, NotQueued | ForSubscribers | AllowBusy | NoScript | Ordinary | NoAuth, "connection", "1.0.0", "O(1)",
            "Closes the connection.", Quit, scope: ShardScope.None),
        CommandSpec.Define("select", 2, AllowBusy | Ordinary, "connection", "1.0.0", "O(1)", "Changes the selected database.",
            Select, syntax: "index:integer", scope: ShardScope.None),
        CommandSpec.Define("auth", -2, NoScript | Ordinary | NoAuth | AllowBusy, "connection", "1.0.0", "O(1)",
            "Authenticates the connection.", Auth, syntax: "[username:string^6.0.0] password:string", scope: ShardScope.None),
        CommandSpec.Define("hello", -1, NoScript | Ordinary | NoAuth | AllowBusy, "connection", "6.0.0", "O(1)",
            "Handshakes with the server.", Hello,
            syntax: "[arguments={protover:integer [auth={username:string password:string}@AUTH] [clientname:string@SETNAME]}]",
            scope: ShardScope.None),
        CommandSpec.Define("readonly", 1, Ordinary, "cluster", "3.0.0", "O(1)", "Enables read-only queries for a connection to a replica.",
            context => SetReadOnly(context, true), categories: "connection", scope: ShardScope.None),
        CommandSpec.Define("readwrite", 1, Ordinary, "cluster", "3.0.0", "O(1)", "Ends what READONLY has begun.",
            context => SetReadOnly(context, false), categories: "connection", scope: ShardScope.None),
        CommandSpec.Define("reset", 1, NotQueued | ForSubscribers | NoScript | Ordinary | NoAuth | AllowBusy, "connection", "6.2.0", "O(1)",
            "Resets the connection.", Reset, scope: ShardScope.None),
    ];

    /// <summary>Checks a name and a password; replies the error when they are wrong.</summary>
    internal static bool TryAuthenticate(CommandContext context, ReadOnlySpan<byte> user, ReadOnlySpan<byte> password)
    {
        string expected = context.Server.Config.RequirePass.Text;
        bool isKnown = user.SequenceEqual("default"u8);
        bool isRight = expected.Length == 0
            || CryptographicOperations.FixedTimeEquals(SHA256.HashData(password), SHA256.HashData(Encoding.UTF8.GetBytes(expected)));
        if (isKnown && isRight)
        {
            context.Session.IsAuthenticated = true;
            return true;
        }
        context.Reply.Error(Errors.WrongPass);
        return false;
    }

    private static void Ping(CommandContext context)
    {
        if (context.ArgumentCount > 2)
        {
            context.Reply.Error(Errors.Arity("ping"));
        }
        else if (context.Session.IsSubscriber)
        {
            // In the form of a message, so that the client can tell it from those.
            context.Reply.Array(2);
            context.Reply.Bulk("pong"u8);
            context.Reply.Bulk(context.ArgumentCount == 2 ? context.Argument(1) : default);
        }
        else if (context.ArgumentCount == 2)
        {
            context.Reply.Bulk(context.Argument(1));
        }
        else
        {
            context.Reply.Simple("PONG"u8);
        }
    }

    private static void Quit(CommandContext context)
    {
        context.Reply.Ok();
        context.Session.ClosesAfterReply = true;
    }

    private static void Select(CommandContext context)
    {
        if (context.TryDatabase(1, out int database))
        {
            context.Session.Database = database;
            context.Reply.Ok();
        }
    }

    private static void Auth(CommandContext context)
    {
        if (context.ArgumentCount > 3)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        if (context.ArgumentCount == 2 && context.Server.Config.RequirePass.Text.Length == 0)
        {
            context.Reply.Error("ERR AUTH <password> called without any password configured for the default user. "
                + "Are you sure your configuration is correct?");
            return;
        }
        bool hasUser = context.ArgumentCount == 3;
        if (TryAuthenticate(context, hasUser ? context.Argument(1) : "default"u8, context.Argument(hasUser ? 2 : 1)))
        {
            context.Reply.Ok();
        }
    }

    private static void Hello(CommandContext context)
    {
        long version = 0;
        if (context.ArgumentCount > 1)
        {
            if (!context.TryInteger(1, out version, "ERR Protocol version is not an integer or out of range"))
            {
                return;
            }
            if (version is < 2 or > 3)
            {
                context.Reply.Error("NOPROTO unsupported protocol version");
                return;
            }
        }
        int userIndex = 0, nameIndex = 0;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            if (context.Is(i, "AUTH") && i + 2 < context.ArgumentCount)
            {
                userIndex = i + 1;
                i += 2;
            }
            else if (context.Is(i, "SETNAME") && i + 1 < context.ArgumentCount)
            {
                nameIndex = ++i;
                if (!ClientCommand.IsValidAttribute(context.Argument(i)))
                {
                    context.Reply.Error(ClientCommand.InvalidName);
                    return;
                }
            }
            else
            {
                context.Reply.Error($"ERR Syntax error in HELLO option '{context.Shown(i)}'");
                return;
            }
        }
        if (userIndex > 0 && !TryAuthenticate(context, context.Argument(userIndex), context.Argument(userIndex + 1)))
        {
            return;
        }
        Session session = context.Session;
        if (!session.IsAuthenticated)
        {
            context.Reply.Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> "
                + "AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time");
            return;
        }
        if (nameIndex > 0)
        {
            ClientCommand.SetName(session, context.Argument(nameIndex));
        }
        if (version != 0)
        {
            session.ProtocolVersion = (int)version;
            context.Reply.IsResp3 = version == 3;
        }
        ReplyGreeting(context);
    }

    private static void ReplyGreeting(CommandContext context)
    {
        bool asRedis = context.Server.Config.ActsAsRedis.IsSet;
        string zone = context.Server.Config.Find("availability-zone")!.Value;
        context.Reply.Map(zone.Length > 0 ? 8 : 7);
        context.Reply.Bulk("server"u8);
        context.Reply.Bulk(asRedis ? "redis"u8 : "valkey"u8);
        context.Reply.Bulk("version"u8);
        context.Reply.Bulk(asRedis ? VersionInfo.Redis : VersionInfo.Valkey);
        context.Reply.Bulk("proto"u8);
        context.Reply.Integer(context.Session.ProtocolVersion);
        context.Reply.Bulk("id"u8);
        context.Reply.Integer(context.Session.Id);
        context.Reply.Bulk("mode"u8);
        context.Reply.Bulk("standalone"u8);
        context.Reply.Bulk("role"u8);
        context.Reply.Bulk("master"u8);
        context.Reply.Bulk("modules"u8);
        context.Reply.Array(0);
        if (zone.Length > 0)
        {
            context.Reply.Bulk("availability_zone"u8);
            context.Reply.Bulk(zone);
        }
    }

    /// <summary>Only replicas and clusters act on it; the client's flag is kept for them, and shown.</summary>
    private static void SetReadOnly(CommandContext context, bool isReadOnly)
    {
        context.Session.IsReadOnly = isReadOnly;
        context.Reply.Ok();
    }

    private static void Reset(CommandContext context)
    {
        context.Server.Channels.UnsubscribeAll(context.Worker, context.Session);
        context.Server.Monitors.Set(context.Worker, context.Session, isMonitor: false);
        context.Server.Tracking.End(context.Worker, context.Session.Tracking);
        context.Session.Reset(needsPassword: context.Server.Config.RequirePass.Text.Length > 0);
        context.Reply.IsResp3 = false;
        context.Reply.Simple("RESET"u8);
    }
}
