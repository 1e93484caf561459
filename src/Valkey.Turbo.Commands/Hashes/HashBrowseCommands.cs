using Valkey.Turbo.Commands.Keys;
using Valkey.Turbo.Commands.Sets;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Hashes;

/// <summary>Fields of a hash at random or one after another: HRANDFIELD and HSCAN.</summary>
internal static class HashBrowseCommands
{
    private const int DrawsBeforeWalk = 100;
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("hrandfield", -2, ReadOnly, "hash", "6.2.0", "O(N) where N is the number of fields returned.",
            "Returns fields of a hash at random.", RandomField, Reads,
            "key:key [options={count:integer [withvalues:WITHVALUES]}]", tips: "nondeterministic_output"),
        CommandSpec.Define("hscan", -3, ReadOnly, "hash", "2.8.0", "O(1) for every call, O(N) for a complete iteration.",
            "Iterates over the fields of a hash.", Scan, Reads,
            "key:key cursor:integer [pattern:pattern@MATCH] [count:integer@COUNT] [novalues:NOVALUES]",
            tips: "nondeterministic_output"),
    ];

    private static void RandomField(CommandContext context)
    {
        long count = 0;
        bool withValues = context.ArgumentCount == 4 && context.Is(3, "WITHVALUES");
        if (context.ArgumentCount >= 3)
        {
            if (!SetCommands.TryRandomCount(context, 2, out count))
            {
                return;
            }
            if (context.ArgumentCount > 4 || (context.ArgumentCount == 4 && !withValues))
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
            if (withValues && count is < -long.MaxValue / 2 or > long.MaxValue / 2)
            {
                context.Reply.Error("ERR value is out of range");
                return;
            }
        }
        bool exists = context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (context.ArgumentCount == 2)
        {
            ReplyOne(context, key, exists);
        }
        else if (!exists || count == 0)
        {
            context.Reply.Array(0);
        }
        else
        {
            ReplySeveral(context, context.HashOf(key), count, withValues);
        }
    }

    private static void ReplyOne(CommandContext context, in KeyHandle key, bool exists)
    {
        Span<byte> scratch = stackalloc byte[2 * Decimal64.MaxDigits];
        if (exists && TryDraw(context, context.HashOf(key), scratch, out ReadOnlySpan<byte> name, out _))
        {
            context.Reply.Bulk(name);
        }
        else
        {
            context.Reply.Null();
        }
    }

    /// <summary>Draws a field that has not expired.</summary>
    private static bool TryDraw(
        CommandContext context, HashValue hash, Span<byte> scratch, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        for (int i = 0; i < DrawsBeforeWalk; i++)
        {
            name = hash.Random(context.Worker.Random, scratch, out value);
            if (hash.TryGetExpiry(name, out _))
            {
                return true;
            }
        }
        // Nearly everything has expired: take the first that has not.
        HashEnumerator fields = hash.Enumerate();
        bool found = fields.MoveNext();
        name = found ? fields.Name(scratch) : default;
        value = found ? fields.Value(scratch[Decimal64.MaxDigits..]) : default;
        return found;
    }

    private static void ReplySeveral(CommandContext context, HashValue hash, long count, bool withValues)
    {
        long live = hash.LiveCount;
        if (live == 0)
        {
            context.Reply.Array(0);
            return;
        }
        Span<byte> scratch = stackalloc byte[2 * Decimal64.MaxDigits];
        if (count < 0)
        {
            ReplyHeader(context, -count, withValues);
            for (; count < 0; count++)
            {
                TryDraw(context, hash, scratch, out ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value);
                ReplyPair(context, name, value, withValues);
            }
            return;
        }
        ReplyHeader(context, Math.Min(count, live), withValues);
        if (count >= live)
        {
            ReplyAll(context, hash, withValues, scratch);
        }
        else if (hash.IsListpack)
        {
            using Scratch<int> chosen = new();
            RandomSubset.Indexes(context.Worker.Random, (int)count, (int)live, chosen.Items);
            foreach (int index in chosen.Items)
            {
                int at = hash.Listpack.At(2L * index);
                ReadOnlySpan<byte> name = hash.Listpack.Read(at, scratch);
                ReplyPair(context, name, hash.Listpack.Read(hash.Listpack.Behind(at), scratch[Decimal64.MaxDigits..]), withValues);
            }
        }
        else
        {
            ReplyDrawn(context, hash, (int)count, live, withValues);
        }
    }

    private static void ReplyAll(CommandContext context, HashValue hash, bool withValues, Span<byte> scratch)
    {
        for (HashEnumerator fields = hash.Enumerate(); fields.MoveNext();)
        {
            ReplyPair(context, fields.Name(scratch), fields.Value(scratch[Decimal64.MaxDigits..]), withValues);
        }
    }

    private static void ReplyDrawn(CommandContext context, HashValue hash, int count, long live, bool withValues)
    {
        NativeList<nint> found = context.Worker.Found;
        if (live == hash.Count)
        {
            RandomSubset.Entries(context.Worker.Random, hash.Table, count, found);
        }
        else
        {
            // Expired fields are in the way: choose among the others.
            foreach (nint field in hash.Table)
            {
                if (hash.Sees(new HashField(field)))
                {
                    found.Add(field);
                }
            }
            using Scratch<int> chosen = new();
            RandomSubset.Indexes(context.Worker.Random, count, found.Count, chosen.Items);
            using Scratch<nint> all = new();
            all.Items.AddRange(found.Span);
            found.Clear();
            foreach (int index in chosen.Items)
            {
                found.Add(all.Items[index]);
            }
        }
        foreach (nint address in found)
        {
            HashField field = new(address);
            ReplyPair(context, field.Name, field.Value, withValues);
        }
        found.Clear();
    }

    private static void ReplyHeader(CommandContext context, long count, bool withValues) =>
        context.Reply.Array(withValues && !context.Reply.IsResp3 ? count * 2 : count);

    private static void ReplyPair(CommandContext context, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, bool withValues)
    {
        if (withValues && context.Reply.IsResp3)
        {
            context.Reply.Array(2);
        }
        context.Reply.Bulk(name);
        if (withValues)
        {
            context.Reply.Bulk(value);
        }
    }

    private static void Scan(CommandContext context)
    {
        if (!CollectionScan.TryCursor(context, out ulong cursor))
        {
            return;
        }
        if (!context.TryRead(1, ValueType.Hash, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                CollectionScan.ReplyNothing(context);
            }
            return;
        }
        if (!CollectionScan.TryOptions(context, "NOVALUES", out CollectionScan.Options options))
        {
            return;
        }
        HashValue hash = context.HashOf(key);
        if (hash.IsListpack)
        {
            ScanListpack(context, hash, options);
            return;
        }
        NativeList<nint> found = context.Worker.Found;
        cursor = CollectionScan.Gather(context, hash.Table, cursor, options.Count);
        int kept = 0;
        for (int i = 0; i < found.Count; i++)
        {
            nint field = found[i];
            if (hash.Sees(new HashField(field)) && options.Matches(HashField.Key(field)))
            {
                found[kept++] = field;
            }
        }
        context.Reply.Array(2);
        context.Reply.Bulk(cursor.ToString());
        context.Reply.Array(options.NamesOnly ? kept : kept * 2);
        for (int i = 0; i < kept; i++)
        {
            HashField field = new(found[i]);
            context.Reply.Bulk(field.Name);
            if (!options.NamesOnly)
            {
                context.Reply.Bulk(field.Value);
            }
        }
        found.Clear();
    }

    private static void ScanListpack(CommandContext context, HashValue hash, in CollectionScan.Options options)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        int matching = 0;
        for (HashEnumerator fields = hash.Enumerate(); fields.MoveNext();)
        {
            matching += options.Matches(fields.Name(scratch)) ? 1 : 0;
        }
        context.Reply.Array(2);
        context.Reply.Bulk("0"u8);
        context.Reply.Array(options.NamesOnly ? matching : matching * 2);
        for (HashEnumerator fields = hash.Enumerate(); fields.MoveNext();)
        {
            ReadOnlySpan<byte> name = fields.Name(scratch);
            if (!options.Matches(name))
            {
                continue;
            }
            context.Reply.Bulk(name);
            if (!options.NamesOnly)
            {
                context.Reply.Bulk(fields.Value(scratch));
            }
        }
    }
}
