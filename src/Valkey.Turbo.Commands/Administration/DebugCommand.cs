using System.Globalization;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence.Rdb;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Administration;

/// <summary>DEBUG: what Valkey's own test suite uses to look inside.</summary>
internal static class DebugCommand
{
    private const string NotAllowed = "ERR DEBUG command not allowed. If the enable-debug-command option is set to \"local\", you can run it "
        + "from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("debug", -2, Admin | NoScript | Loading | Stale | Protected, "server", "1.0.0",
            "Depends on subcommand.", "A container for debugging commands.", Run, scope: ShardScope.All),
    ];

    private static void Run(CommandContext context)
    {
        if (!ConfigCommand.MayUseProtected(context, context.Server.Config.EnableDebugCommand))
        {
            context.Reply.Error(NotAllowed);
            return;
        }
        switch (context.Text(1).ToUpperInvariant())
        {
            case "SLEEP" when context.ArgumentCount == 3:
                // Holds every shard, so that the whole server stands still as Valkey would.
                double.TryParse(context.Text(2), CultureInfo.InvariantCulture, out double seconds);
                Thread.Sleep(TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 3600)));
                context.Reply.Ok();
                return;
            case "RELOAD":
                DebugReload.Run(context);
                return;
            case "LOADAOF":
                DebugReload.LoadLog(context);
                return;
            case "SET-ACTIVE-EXPIRE" when context.ArgumentCount == 3:
                context.Server.ExpiresActively = context.Text(2) != "0";
                context.Reply.Ok();
                return;
            case "SET-DISABLE-DENY-SCRIPTS" when context.ArgumentCount == 3:
                context.Server.AllowsAllInScripts = context.Text(2) != "0";
                context.Reply.Ok();
                return;
            case "OBJECT" when context.ArgumentCount >= 3:
                DescribeObject(context);
                return;
            case "JMAP" or "RELOAD-CONFIG" or "QUICKLIST-PACKED-THRESHOLD" or "REPLYBUFFER"
                or "STRINGMATCH-LEN" or "DICT-RESIZING" or "HASHING-RESIZE" or "REPLICATE" or "LISTPACK-ENTRIES":
                context.Reply.Ok();
                return;
            case "SET-SKIP-CHECKSUM-VALIDATION" when context.ArgumentCount == 3:
                context.Server.SkipsChecksums = context.Text(2) != "0";
                context.Reply.Ok();
                return;
            case "CONFIG-REWRITE-FORCE-ALL" when context.ArgumentCount == 2:
                ConfigCommand.Rewrite(context, withDefaults: true);
                return;
            case "PAUSE-CRON" when context.ArgumentCount == 3:
                context.Server.PausesCron = context.Text(2) != "0";
                context.Reply.Ok();
                return;
            case "AOF-FLUSH-SLEEP" when context.ArgumentCount == 3:
                context.Server.Log.WriteDelayMs = int.TryParse(context.Text(2), out int microseconds) ? microseconds / 1000 : 0;
                context.Reply.Ok();
                return;
            case "CHANGE-REPL-ID" or "DELAY-RDB-CLIENT-FREE-SECONDS":
                context.Reply.Ok();
                return;
            case "LOG" when context.ArgumentCount == 3:
                context.Server.LogNotice?.Invoke("DEBUG LOG: " + System.Text.Encoding.UTF8.GetString(context.Argument(2)));
                context.Reply.Ok();
                return;
            case "ERROR" when context.ArgumentCount == 3:
                context.Reply.Error(context.Text(2));
                return;
            case "PROTOCOL" when context.ArgumentCount == 3:
                Protocol(context);
                return;
            case "DIGEST" when context.ArgumentCount == 2:
                Digest(context);
                return;
            case "DIGEST-VALUE" when context.ArgumentCount >= 3:
                DigestValues(context);
                return;
            case "POPULATE" when context.ArgumentCount >= 3:
                Populate(context);
                return;
            case "PANIC" when context.ArgumentCount == 2:
                throw new InvalidOperationException("DEBUG PANIC");
            case "HTSTATS" or "HTSTATS-KEY":
                context.Reply.Verbatim("txt", TableStats(context));
                return;
            case "HELP":
                Help(context);
                return;
            default:
                context.Reply.Error($"ERR unknown subcommand or wrong number of arguments for '{context.Truncated(1)}'. Try DEBUG HELP.");
                return;
        }
    }

    private static void Digest(CommandContext context)
    {
        DataDigest all = new();
        for (int database = 0; database < (int)context.Server.Config.Databases.Number; database++)
        {
            if (context.Server.KeyCount(database) == 0)
            {
                continue;
            }
            all.Mix(DataDigest.Number((uint)database));
            foreach (Shard shard in context.Server.Shards)
            {
                foreach (nint address in shard.Keyspaces[database].Table)
                {
                    Entry entry = new(address);
                    DataDigest one = new();
                    one.Mix(entry.KeySpan);
                    one.MixValue(entry, shard.Arena, context.SeenBy);
                    all.Xor(one);
                }
            }
        }
        context.Reply.Simple(System.Text.Encoding.ASCII.GetBytes(all.ToString()));
    }

    private static void DigestValues(CommandContext context)
    {
        context.Reply.Array(context.ArgumentCount - 2);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            KeyHandle key = context.Open(context.Argument(i), context.Session.Database);
            string digest = key.Exists
                ? DataDigest.OfValue(key.Entry, CommandContext.ArenaOf(key), context.SeenBy).ToString()
                : new DataDigest().ToString();
            context.Reply.Simple(System.Text.Encoding.ASCII.GetBytes(digest));
        }
    }

    private static void DescribeObject(CommandContext context)
    {
        KeyHandle key = context.Open(context.Argument(2), context.Session.Database);
        if (!key.Exists)
        {
            context.Reply.Error(Errors.NoSuchKey);
            return;
        }
        Entry entry = key.Entry;
        string text = $"Value at:0x{entry.Address:x} refcount:1 encoding:{StringValue.EncodingName(entry)} "
            + $"serializedlength:{SerializedBytes(entry, CommandContext.ArenaOf(key))} "
            + $"lru:{entry.Access} lru_seconds_idle:{AccessClock.IdleSeconds(entry.Access, context.NowUnixMs)}";
        if (entry.Encoding == ValueEncoding.QuickList)
        {
            ListValue list = key.List;
            text += $" ql_nodes:{list.LinkCount} ql_avg_node:{(double)list.Count / list.LinkCount:F2} "
                + $"ql_listpack_max:{context.Limits.ListMaxListpackSize} ql_compressed:{(list.CompressDepth == 0 ? 0 : 1)} "
                + $"ql_uncompressed_size:{list.PlainBytes}";
        }
        context.Reply.Simple(System.Text.Encoding.ASCII.GetBytes(text));
    }

    private static long SerializedBytes(Entry entry, Arena arena)
    {
        RdbWriter writer = new(Stream.Null);
        RdbValueWriter.Write(entry, arena, writer);
        return writer.TotalBytes;
    }

    private static void Protocol(CommandContext context)
    {
        switch (context.Text(2).ToLowerInvariant())
        {
            case "string":
                context.Reply.Bulk("Hello World"u8);
                return;
            case "integer":
                context.Reply.Integer(12345);
                return;
            case "double":
                context.Reply.Double(3.141);
                return;
            case "null":
                context.Reply.Null();
                return;
            case "array":
                context.Reply.Array(3);
                ReplyThree(context);
                return;
            case "set":
                context.Reply.Set(3);
                ReplyThree(context);
                return;
            case "map":
                context.Reply.Map(3);
                for (int i = 0; i < 3; i++)
                {
                    context.Reply.Integer(i);
                    context.Reply.Boolean(i == 1);
                }
                return;
            case "attrib":
                if (context.Reply.IsResp3)
                {
                    context.Reply.Raw("|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n"u8);
                }
                context.Reply.Bulk("Some real reply following the attribute"u8);
                return;
            case "push":
                context.Reply.Push(2);
                context.Reply.Bulk("server-cpu-usage"u8);
                context.Reply.Integer(42);
                return;
            case "verbatim":
                context.Reply.Verbatim("txt", "This is a verbatim\nstring");
                return;
            case "true":
                context.Reply.Boolean(true);
                return;
            case "false":
                context.Reply.Boolean(false);
                return;
            case "bignum":
                if (context.Reply.IsResp3)
                {
                    context.Reply.Raw("(1234567999999999999999999999999999999\r\n"u8);
                }
                else
                {
                    context.Reply.Bulk("1234567999999999999999999999999999999"u8);
                }
                return;
            default:
                context.Reply.Error("ERR Wrong protocol type name. Please use one of the following: "
                    + "string|integer|double|null|array|set|map|attrib|push|verbatim|true|false");
                return;
        }
    }

    private static void ReplyThree(CommandContext context)
    {
        for (int i = 0; i < 3; i++)
        {
            context.Reply.Integer(i);
        }
    }

    private static void Populate(CommandContext context)
    {
        if (!context.TryInteger(2, out long count))
        {
            return;
        }
        string prefix = context.ArgumentCount > 3 ? context.Text(3) : "key";
        long size = 0;
        if (context.ArgumentCount > 4 && !context.TryInteger(4, out size))
        {
            return;
        }
        if (size > int.MaxValue)
        {
            context.Reply.Error(Errors.NotInteger);
            return;
        }
        using Scratch<byte> scratch = new();
        Span<byte> value = scratch.Items.Extend((int)Math.Max(0, size));
        value.Clear();
        for (long i = 0; i < count; i++)
        {
            byte[] name = System.Text.Encoding.Latin1.GetBytes($"{prefix}:{i}");
            context.Settle(name, context.Session.Database);
            KeyHandle key = context.Open(name, context.Session.Database);
            if (key.Exists)
            {
                continue;
            }
            byte[] text = System.Text.Encoding.ASCII.GetBytes($"value:{i}");
            if (size > 0)
            {
                value[..Math.Min(32, value.Length)].Clear();
                text.AsSpan(0, Math.Min(text.Length, value.Length)).CopyTo(value);
            }
            context.SetString(ref key, size > 0 ? value : text, ITableEntry.NoExpiry);
        }
        context.Reply.Ok();
    }

    private static string TableStats(CommandContext context)
    {
        long buckets = 0, overflow = 0, entries = 0;
        foreach (Shard shard in context.Server.Shards)
        {
            HashTable<Entry> table = shard.Keyspaces[context.Session.Database].Table;
            // A shard without keys keeps one bucket, which is not worth a table's name.
            buckets += table.Count > 0 ? table.BucketCount : 0;
            overflow += table.OverflowCount;
            entries += table.Count;
        }
        return $"[Dictionary HT]\nHash table 0 stats (main hash table):\n table size: {buckets * 10}\n number of entries: {entries}\n"
            + $" buckets: {buckets}\n overflow buckets: {overflow}\n[Expires HT]\n";
    }

    private static void Help(CommandContext context) => context.ReplyHelp("DEBUG",
    [
        "CONFIG-REWRITE-FORCE-ALL",
        "    Write all settings into the configuration file, those at their defaults, too.",
        "ERROR <string>",
        "    Return a RESP error reply.",
        "HTSTATS <dbid>",
        "    Return hash table statistics.",
        "LOG <message>",
        "    Write <message> to the server log.",
        "OBJECT <key>",
        "    Show low level info about key and associated value.",
        "PANIC",
        "    Crash the server.",
        "POPULATE <count> [<prefix>] [<size>]",
        "    Create <count> string keys named key:<num>.",
        "PROTOCOL <type>",
        "    Reply with a test value of the specified type.",
        "RELOAD [option ...]",
        "    Save the RDB on disk and reload it back to memory. Valid <option> values:",
        "    * MERGE: conflicting keys will be loaded from RDB.",
        "    * NOFLUSH: the existing database will not be removed before load.",
        "    * NOSAVE: the database will not be saved before reloading.",
        "SET-ACTIVE-EXPIRE <0|1>",
        "    Setting it to 0 disables expiring keys in background.",
        "SLEEP <seconds>",
        "    Stop the server for <seconds>. Decimals allowed.",
    ]);
}
