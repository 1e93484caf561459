using System.Buffers.Binary;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Persistence.Rdb;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>DUMP and RESTORE: a key's value as bytes that any server of the family can read.</summary>
internal static class DumpCommands
{
    internal const int TailBytes = 10;
    internal const string BadPayload = "ERR DUMP payload version or checksum are wrong";
    private const string BadFormat = "ERR Bad data format";
    private const string RestoreSyntax = "key:key ttl:integer serialized-value:string [replace:REPLACE^3.0.0] [absttl:ABSTTL^5.0.0] "
        + "[seconds:integer@IDLETIME^5.0.0] [frequency:integer@FREQ^5.0.0]";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("dump", 2, ReadOnly, "generic", "2.6.0", "O(N) where N is the size of the value.",
            "Returns the value of a key as bytes to be restored elsewhere.", Dump, KeySpec.One(KeyFlags.RO | KeyFlags.Access), "key:key",
            tips: "nondeterministic_output"),
        CommandSpec.Define("restore", -4, CommandFlags.Write | DenyOom, "generic", "2.6.0", "O(N*log(N)) where N is the size of the value.",
            "Creates a key from bytes that DUMP returned.", Restore, KeySpec.One(KeyFlags.OW | KeyFlags.Update), RestoreSyntax,
            categories: "dangerous"),
        CommandSpec.Define("restore-asking", -4, CommandFlags.Write | DenyOom | Asking, "server", "3.0.0",
            "O(N*log(N)) where N is the size of the value.", "RESTORE for the keys of a slot that is being moved.", Restore,
            KeySpec.One(KeyFlags.OW | KeyFlags.Update), RestoreSyntax, categories: "dangerous keyspace"),
    ];

    private static void Dump(CommandContext context)
    {
        KeyHandle key = context.Read(1);
        if (!key.Exists)
        {
            context.Reply.Null();
            return;
        }
        using NativeBuffer payload = new();
        using NativeBufferStream stream = new(payload);
        RdbWriter writer = new(stream);
        writer.Byte((byte)RdbValueWriter.TypeOf(key.Entry, CommandContext.ArenaOf(key)));
        RdbValueWriter.Write(key.Entry, CommandContext.ArenaOf(key), writer);
        WriteTail(writer);
        context.Reply.Bulk(payload);
    }

    /// <summary>Ends what was written with the version of the format and a checksum, and flushes it.</summary>
    internal static void WriteTail(RdbWriter writer)
    {
        writer.Raw([RdbFormat.Version & 255, RdbFormat.Version >> 8]);
        writer.Flush();
        writer.Integer64((long)writer.Checksum);
        writer.Flush();
    }

    private struct Options
    {
        internal bool Replaces;
        internal bool IsAbsolute;
        internal long IdleSeconds;
        internal long Frequency;
    }

    private static void Restore(CommandContext context)
    {
        if (!TryOptions(context, out Options options))
        {
            return;
        }
        KeyHandle key = context.Write(1);
        if (key.Exists && !options.Replaces)
        {
            context.Reply.Error("BUSYKEY Target key name already exists.");
            return;
        }
        if (!context.TryInteger(2, out long ttl))
        {
            return;
        }
        if (ttl < 0)
        {
            context.Reply.Error("ERR Invalid TTL value, must be >= 0");
            return;
        }
        long expiresAt = ttl == 0 ? ITableEntry.NoExpiry : options.IsAbsolute ? ttl : unchecked(ttl + context.NowUnixMs);
        if (!TryRead(context, key, expiresAt, out Entry entry))
        {
            return;
        }
        if (ttl > 0 && context.IsPast(expiresAt))
        {
            key.Keyspace.Discard(entry);
            DropReplaced(context, ref key);
            context.Reply.Ok();
            return;
        }
        entry.Access = AccessClock.Restored(context.Worker, options.IdleSeconds, options.Frequency);
        key.Keyspace.Attach(context.Worker, key.Position, entry, key.Hash);
        context.Changed(key, KeyEvent.Generic, "restore");
        Record(context, key, options, ttl, expiresAt);
        context.Reply.Ok();
    }

    private static void DropReplaced(CommandContext context, ref KeyHandle key)
    {
        if (key.Exists)
        {
            context.Delete(ref key);
            context.Changed(key, KeyEvent.Generic, "del");
            context.JournalDeletion(key, context.Server.Config.LazyServerDel);
        }
    }

    private static bool TryRead(CommandContext context, in KeyHandle key, long expiresAtUnixMs, out Entry entry)
    {
        entry = default;
        ReadOnlySpan<byte> payload = context.Argument(3);
        if (!HasValidTail(context, payload, out int version))
        {
            context.Reply.Error(BadPayload);
            return false;
        }
        RdbReader reader = new(payload[..^TailBytes]);
        byte type = reader.Byte();
        if (reader.IsDamaged || !RdbValueReader.IsKnown(type))
        {
            context.Reply.Error(BadFormat);
            return false;
        }
        if (RdbFormat.IsForeign(version) && type >= RdbFormat.FirstForeignType)
        {
            context.Reply.Error($"ERR Unsupported foreign data type: {type}");
            return false;
        }
        RdbValueReader values = new(CommandContext.ArenaOf(key), context.Limits, context.NowUnixMs);
        bool isRead = values.Read((RdbType)type, ref reader, key.Name, expiresAtUnixMs, out entry) == RdbOutcome.Read;
        reader.Release();
        if (!isRead)
        {
            context.Reply.Error(BadFormat);
        }
        return isRead;
    }

    /// <summary>Whether a payload ends with a version that can be read and the right checksum.</summary>
    internal static bool HasValidTail(CommandContext context, ReadOnlySpan<byte> payload, out int version)
    {
        version = 0;
        if (payload.Length < TailBytes)
        {
            return false;
        }
        version = BinaryPrimitives.ReadUInt16LittleEndian(payload[^TailBytes..]);
        if (!context.Server.Config.ReadsForeignRdb && (version > RdbFormat.Version || RdbFormat.IsForeign(version)))
        {
            return false;
        }
        ulong stated = BinaryPrimitives.ReadUInt64LittleEndian(payload[^8..]);
        return context.Server.SkipsChecksums || stated == Crc64.Append(0, payload[..^8]);
    }

    /// <summary>Journals the command with the moment of expiry in place of the time until then.</summary>
    private static void Record(CommandContext context, in KeyHandle key, in Options options, long ttl, long expiresAtUnixMs)
    {
        if (ttl == 0 || options.IsAbsolute || !context.IsJournalling)
        {
            return;
        }
        context.Record(context.ArgumentCount + 1);
        for (int i = 0; i < context.ArgumentCount; i++)
        {
            if (i == 2)
            {
                context.Append(expiresAtUnixMs);
            }
            else
            {
                context.Append(context.Argument(i));
            }
        }
        context.Append("ABSTTL"u8);
        context.Journal(key);
    }

    private static bool TryOptions(CommandContext context, out Options options)
    {
        options = new Options { IdleSeconds = -1, Frequency = -1 };
        for (int i = 4; i < context.ArgumentCount; i++)
        {
            bool hasValue = i + 1 < context.ArgumentCount;
            if (context.Is(i, "REPLACE"))
            {
                options.Replaces = true;
            }
            else if (context.Is(i, "ABSTTL"))
            {
                options.IsAbsolute = true;
            }
            else if (hasValue && options.Frequency < 0 && context.Is(i, "IDLETIME"))
            {
                if (!TryWithin(context, ++i, long.MaxValue, "ERR Invalid IDLETIME value, must be >= 0", out options.IdleSeconds))
                {
                    return false;
                }
            }
            else if (hasValue && options.IdleSeconds < 0 && context.Is(i, "FREQ"))
            {
                if (!TryWithin(context, ++i, 255, "ERR Invalid FREQ value, must be >= 0 and <= 255", out options.Frequency))
                {
                    return false;
                }
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
        }
        return true;
    }

    private static bool TryWithin(CommandContext context, int index, long limit, string error, out long value)
    {
        if (!context.TryInteger(index, out value))
        {
            return false;
        }
        if (value < 0 || value > limit)
        {
            context.Reply.Error(error);
            return false;
        }
        return true;
    }
}
