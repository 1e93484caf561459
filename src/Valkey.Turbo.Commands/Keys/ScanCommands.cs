using System.Buffers.Binary;
using System.Buffers.Text;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>Keys by pattern: KEYS and SCAN.</summary>
internal static class ScanCommands
{
    private const int DefaultCount = 10;
    // More are listed bit by bit, between other clients' commands.
    private const long MostKeysAtOnce = 4096;
    private const int IterationsPerCount = 10;

    private static readonly string[] TypeNames = ["string", "list", "set", "zset", "hash", "stream", "module"];

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("keys", 2, ReadOnly, "generic", "1.0.0", "O(N) where N is the number of keys in the database.",
            "Returns all key names that match a pattern.", Keys, syntax: "pattern:pattern", categories: "dangerous",
            tips: "request_policy:all_shards nondeterministic_output_order", scope: ShardScope.All),
        CommandSpec.Define("scan", -2, ReadOnly | TouchesArbitraryKeys, "generic", "2.8.0",
            "O(1) for every call, O(N) for a complete iteration.",
            "Iterates over the key names in the database.", Scan,
            syntax: "cursor:integer [pattern:pattern@MATCH] [count:integer@COUNT] [type:string@TYPE^6.0.0]",
            tips: "nondeterministic_output request_policy:special response_policy:special", scope: ShardScope.None),
    ];

    private readonly ref struct Collector(NativeList<nint> found) : IEntryVisitor
    {
        public void Visit(nint entry) => found.Add(entry);
    }

    private static void Keys(CommandContext context)
    {
        if (context.Session.Blocked?.Work is KeyListing listing)
        {
            context.WorkedNs = listing.ElapsedNs;
            listing.Reply(context.Reply);
            return;
        }
        ReadOnlySpan<byte> pattern = context.Argument(1);
        int database = context.Session.Database;
        if (!context.Worker.Shards.IsPinned && context.Server.Shards.Sum(shard => shard.Keyspaces[database].Table.Count) > MostKeysAtOnce)
        {
            context.WaitFor(KeyListing.Begin(context.Worker, database, pattern, context.SeenBy));
            return;
        }
        ListNow(context, pattern);
    }

    private static void ListNow(CommandContext context, ReadOnlySpan<byte> pattern)
    {
        NativeList<nint> found = context.Worker.Found;
        foreach (Shard shard in context.Server.Shards)
        {
            Keyspace keyspace = shard.Keyspaces[context.Session.Database];
            Collector collector = new(found);
            for (long bucket = 0; bucket < keyspace.Table.BucketCount; bucket++)
            {
                keyspace.Table.VisitBucket(bucket, ref collector);
            }
        }
        Filter(found, pattern, null, context.SeenBy, expired: null);
        ReplyNames(context, found);
        Clear(found);
    }

    private static void Scan(CommandContext context)
    {
        if (!UnsignedText.TryParse(context.Argument(1), out ulong cursor))
        {
            context.Reply.Error(Errors.InvalidCursor);
            return;
        }
        if (!TryOptions(context, out ReadOnlySpan<byte> pattern, out long count, out string? type))
        {
            return;
        }
        NativeList<nint> found = context.Worker.Found;
        using Scratch<byte> scratch = new();
        NativeList<byte> names = scratch.Items;
        int nameCount = 0;
        ulong shardCount = (ulong)context.Server.Shards.Length;
        int shard = (int)(cursor % shardCount);
        ulong tableCursor = cursor / shardCount;
        long iterations = Math.Min(count, long.MaxValue / IterationsPerCount) * IterationsPerCount, sampled = 0;
        bool ended = false;
        while (iterations > 0 && sampled < count && !ended)
        {
            if (context.Server.Workers.Length > 1 && !context.Worker.Shards.TryHold(shard))
            {
                // Somebody is busy there: this call ends early, which SCAN may always do.
                break;
            }
            tableCursor = ScanShard(context, shard, tableCursor, count, ref iterations, ref sampled);
            nameCount += TakeNames(context, shard, found, pattern, type, names);
            if (tableCursor == 0)
            {
                ended = ++shard == (int)shardCount;
            }
        }
        context.Worker.Shards.ReleaseAll();
        context.Reply.Array(2);
        Span<byte> digits = stackalloc byte[Decimal64.MaxDigits];
        Utf8Formatter.TryFormat(ended ? 0 : tableCursor * shardCount + (ulong)shard, digits, out int digitCount);
        context.Reply.Bulk(digits[..digitCount]);
        context.Reply.Array(nameCount);
        context.Reply.Raw(names.Span);
        Clear(found);
    }

    private static ulong ScanShard(
        CommandContext context, int shard, ulong cursor, long count, ref long iterations, ref long sampled)
    {
        HashTable<Entry> table = context.Server.Shards[shard].Keyspaces[context.Session.Database].Table;
        NativeList<nint> found = context.Worker.Found;
        do
        {
            int before = found.Count;
            Collector collector = new(found);
            cursor = table.Scan(cursor, ref collector);
            sampled += found.Count - before;
            iterations--;
        }
        while (cursor != 0 && iterations > 0 && sampled < count);
        return cursor;
    }

    /// <summary>Adds the names of what matches as bulk strings, and returns how many; the shard may be let go then.</summary>
    private static int TakeNames(
        CommandContext context, int shard, NativeList<nint> found, ReadOnlySpan<byte> pattern, string? type, NativeList<byte> names)
    {
        using Scratch<byte> scratch = new();
        NativeList<byte> expired = scratch.Items;
        Filter(found, pattern, type, context.SeenBy, expired);
        Span<byte> digits = stackalloc byte[Decimal64.MaxDigits];
        foreach (nint entry in found)
        {
            ReadOnlySpan<byte> name = Entry.Key(entry);
            names.Add((byte)'$');
            names.AddRange(digits[..Decimal64.Format(name.Length, digits)]);
            names.AddRange("\r\n"u8);
            names.AddRange(name);
            names.AddRange("\r\n"u8);
        }
        int count = found.Count;
        found.Clear();
        Keyspace keyspace = context.Server.Shards[shard].Keyspaces[context.Session.Database];
        for (int at = 0; at < expired.Count;)
        {
            ReadOnlySpan<byte> rest = expired.Span[at..];
            ReadOnlySpan<byte> name = rest.Slice(sizeof(int), BinaryPrimitives.ReadInt32LittleEndian(rest));
            at += sizeof(int) + name.Length;
            // Looking an expired key up removes it.
            keyspace.Find(context.Worker, name, KeyHash.Of(name));
        }
        return count;
    }

    private static void Filter(NativeList<nint> found, ReadOnlySpan<byte> pattern, string? type, ExpiryClock seenBy, NativeList<byte>? expired)
    {
        bool all = GlobPattern.IsAll(pattern);
        int kept = 0;
        for (int i = 0; i < found.Count; i++)
        {
            Entry entry = new(found[i]);
            if (!all && !GlobPattern.IsMatch(pattern, entry.KeySpan))
            {
                continue;
            }
            if (type is not null && KeyCommands.TypeName(entry.Type) != type)
            {
                continue;
            }
            if (seenBy.IsOver(entry.ExpiresAtUnixMs))
            {
                Add(expired, entry.KeySpan);
                continue;
            }
            found[kept++] = found[i];
        }
        found.SetCount(kept);
    }

    /// <summary>Keeps a name behind its length, as it will be gone when it is wanted.</summary>
    private static void Add(NativeList<byte>? names, ReadOnlySpan<byte> name)
    {
        Span<byte> length = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(length, name.Length);
        names?.AddRange(length);
        names?.AddRange(name);
    }

    private static void ReplyNames(CommandContext context, NativeList<nint> found)
    {
        context.Reply.Array(found.Count);
        foreach (nint entry in found)
        {
            context.Reply.Bulk(Entry.Key(entry));
        }
    }

    private static void Clear(NativeList<nint> found)
    {
        found.Clear();
        if (found.Capacity > 1 << 16)
        {
            found.Dispose();
        }
    }

    private static bool TryOptions(CommandContext context, out ReadOnlySpan<byte> pattern, out long count, out string? type)
    {
        pattern = GlobPattern.All;
        count = DefaultCount;
        type = null;
        for (int i = 2; i < context.ArgumentCount; i += 2)
        {
            bool hasValue = i + 1 < context.ArgumentCount;
            if (hasValue && context.Is(i, "COUNT"))
            {
                if (!context.TryInteger(i + 1, out count))
                {
                    return false;
                }
                if (count < 1)
                {
                    context.Reply.Error(Errors.Syntax);
                    return false;
                }
            }
            else if (hasValue && context.Is(i, "MATCH"))
            {
                pattern = context.Argument(i + 1);
            }
            else if (hasValue && context.Is(i, "TYPE"))
            {
                type = context.Text(i + 1).ToLowerInvariant();
                if (Array.IndexOf(TypeNames, type) < 0)
                {
                    context.Reply.Error($"ERR unknown type name '{context.Shown(i + 1)}'");
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
}
