using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using Kind = Valkey.Turbo.Commands.SortedSets.SortedRange.Kind;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.SortedSets;

/// <summary>Ranges of a sorted set: returned, stored, counted, removed.</summary>
internal static class SortedSetRangeCommands
{
    private const string Ranging = "O(log(N)+M) where N is the size of the sorted set and M the number of members returned.";
    private const string Counting = "O(log(N)) where N is the size of the sorted set.";
    private const string Removing = "O(log(N)*M) where N is the size of the sorted set and M the number of members removed.";
    private const string Limit = "[limit={offset:integer count:integer}@LIMIT]";
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);
    private static readonly KeySpec Deletes = KeySpec.One(KeyFlags.RW | KeyFlags.Delete);

    /// <summary>What a range command is to return.</summary>
    private struct Query
    {
        internal Kind? Kind;
        internal bool? IsReverse;
        internal bool WithScores;
        internal bool HasLimit;
        internal long Offset;
        internal long Limit;
    }

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("zrange", -4, ReadOnly, "sorted-set", "1.2.0", Ranging, "Returns members of a sorted set within a range.",
            context => Range(context, null, null), Reads,
            "key:key start:string stop:string [sortby=<byscore:BYSCORE | bylex:BYLEX>^6.2.0] [rev:REV^6.2.0] "
            + "[limit={offset:integer count:integer}@LIMIT^6.2.0] [withscores:WITHSCORES]"),
        CommandSpec.Define("zrevrange", -4, ReadOnly, "sorted-set", "1.2.0", Ranging,
            "Returns members of a sorted set within a range of ranks, from above.", context => Range(context, Kind.Rank, true), Reads,
            "key:key start:integer stop:integer [withscores:WITHSCORES]"),
        CommandSpec.Define("zrangebyscore", -4, ReadOnly, "sorted-set", "1.0.5", Ranging,
            "Returns members of a sorted set within a range of scores.", context => Range(context, Kind.Score, false), Reads,
            $"key:key min:double max:double [withscores:WITHSCORES^2.0.0] {Limit}"),
        CommandSpec.Define("zrevrangebyscore", -4, ReadOnly, "sorted-set", "2.2.0", Ranging,
            "Returns members of a sorted set within a range of scores, from above.", context => Range(context, Kind.Score, true), Reads,
            $"key:key max:double min:double [withscores:WITHSCORES] {Limit}"),
        CommandSpec.Define("zrangebylex", -4, ReadOnly, "sorted-set", "2.8.9", Ranging,
            "Returns members of a sorted set within a range of strings.", context => Range(context, Kind.Lex, false), Reads,
            $"key:key min:string max:string {Limit}"),
        CommandSpec.Define("zrevrangebylex", -4, ReadOnly, "sorted-set", "2.8.9", Ranging,
            "Returns members of a sorted set within a range of strings, from above.", context => Range(context, Kind.Lex, true), Reads,
            $"key:key max:string min:string {Limit}"),
        CommandSpec.Define("zrangestore", -5, CommandFlags.Write | DenyOom, "sorted-set", "6.2.0",
            "O(log(N)+M) where N is the size of the sorted set and M the number of members stored.",
            "Stores members of a sorted set within a range in a key.", RangeStore, KeySpec.One(KeyFlags.OW | KeyFlags.Update),
            $"dst:key src:key min:string max:string [sortby=<byscore:BYSCORE | bylex:BYLEX>] [rev:REV] {Limit}",
            moreKeys: [new KeySpec(2, 2, 1, KeyFlags.RO | KeyFlags.Access)]),
        CommandSpec.Define("zcount", 4, ReadOnly | Fast, "sorted-set", "2.0.0", Counting,
            "Counts the members of a sorted set within a range of scores.", context => Count(context, Kind.Score), Reads,
            "key:key min:double max:double"),
        CommandSpec.Define("zlexcount", 4, ReadOnly | Fast, "sorted-set", "2.8.9", Counting,
            "Counts the members of a sorted set within a range of strings.", context => Count(context, Kind.Lex), Reads,
            "key:key min:string max:string"),
        CommandSpec.Define("zremrangebyrank", 4, CommandFlags.Write, "sorted-set", "2.0.0", Removing,
            "Removes the members of a sorted set within a range of ranks.",
            context => RemoveRange(context, Kind.Rank, "zremrangebyrank"), Deletes, "key:key start:integer stop:integer"),
        CommandSpec.Define("zremrangebyscore", 4, CommandFlags.Write, "sorted-set", "1.2.0", Removing,
            "Removes the members of a sorted set within a range of scores.",
            context => RemoveRange(context, Kind.Score, "zremrangebyscore"), Deletes, "key:key min:double max:double"),
        CommandSpec.Define("zremrangebylex", 4, CommandFlags.Write, "sorted-set", "2.8.9", Removing,
            "Removes the members of a sorted set within a range of strings.",
            context => RemoveRange(context, Kind.Lex, "zremrangebylex"), Deletes, "key:key min:string max:string"),
    ];

    private static void Range(CommandContext context, Kind? kind, bool? isReverse)
    {
        Query query = new() { Kind = kind, IsReverse = isReverse, Limit = -1 };
        if (!TryOptions(context, 4, allowScores: true, ref query) || !TryParseRange(context, 2, query, out SortedRange range))
        {
            return;
        }
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (!exists)
        {
            context.Reply.Array(0);
            return;
        }
        SortedSetValue set = key.SortedSet;
        (long first, long length) = Select(set, range, query);
        context.Reply.Array(query.WithScores && !context.Reply.IsResp3 ? length * 2 : length);
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        bool reverse = query.IsReverse!.Value;
        for (SortedSetEnumerator members = set.Enumerate(first, length, reverse); members.MoveNext();)
        {
            ReplyMember(context, members.Member(scratch), members.Score, query.WithScores);
        }
    }

    /// <summary>Replies a member, with its score if wanted: as a pair in RESP3.</summary>
    internal static void ReplyMember(CommandContext context, ReadOnlySpan<byte> member, double score, bool withScore)
    {
        if (withScore && context.Reply.IsResp3)
        {
            context.Reply.Array(2);
        }
        context.Reply.Bulk(member);
        if (withScore)
        {
            context.Reply.Double(score);
        }
    }

    /// <summary>The rank of the first member in the reply's direction, and how many there are.</summary>
    private static (long First, long Length) Select(SortedSetValue set, in SortedRange range, in Query query)
    {
        bool reverse = query.IsReverse!.Value;
        (long first, long length) = range.In(set, reverse);
        // Of ranks there is no limit but -1, and with it nothing is left out.
        bool hasLimit = query.HasLimit && query.Kind != Kind.Rank;
        long skipped = hasLimit ? query.Offset : 0;
        if (skipped < 0 && !set.IsListpack)
        {
            // As Valkey's skiplist has it: an offset below 0 counts from the end of the range.
            skipped += length;
        }
        if (skipped < 0 || skipped >= length)
        {
            return (0, 0);
        }
        long start = reverse ? first + length - 1 - skipped : first + skipped;
        length -= skipped;
        return (start, hasLimit && query.Limit >= 0 ? Math.Min(length, query.Limit) : length);
    }

    private static bool TryParseRange(CommandContext context, int at, in Query query, out SortedRange range)
    {
        // In a reverse range the greater end comes first.
        bool reverse = query.IsReverse!.Value;
        return SortedRange.TryParse(context, query.Kind!.Value, reverse ? at + 1 : at, reverse ? at : at + 1, out range);
    }

    private static bool TryOptions(CommandContext context, int first, bool allowScores, ref Query query)
    {
        // What the command itself decides, or has been decided, is not to be said again.
        for (int i = first; i < context.ArgumentCount; i++)
        {
            if (allowScores && context.Is(i, "WITHSCORES"))
            {
                query.WithScores = true;
            }
            else if (context.Is(i, "LIMIT") && i + 2 < context.ArgumentCount)
            {
                if (!context.TryInteger(i + 1, out query.Offset) || !context.TryInteger(i + 2, out query.Limit))
                {
                    return false;
                }
                query.HasLimit = true;
                i += 2;
            }
            else if (query.IsReverse is null && context.Is(i, "REV"))
            {
                query.IsReverse = true;
            }
            else if (query.Kind is null && context.Is(i, "BYLEX"))
            {
                query.Kind = Kind.Lex;
            }
            else if (query.Kind is null && context.Is(i, "BYSCORE"))
            {
                query.Kind = Kind.Score;
            }
            else
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
        }
        query.Kind ??= Kind.Rank;
        query.IsReverse ??= false;
        if (query.HasLimit && query.Limit != -1 && query.Kind == Kind.Rank)
        {
            context.Reply.Error("ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX");
            return false;
        }
        if (query.WithScores && query.Kind == Kind.Lex)
        {
            context.Reply.Error("ERR syntax error, WITHSCORES not supported in combination with BYLEX");
            return false;
        }
        return true;
    }

    private static void RangeStore(CommandContext context)
    {
        Query query = new() { Limit = -1 };
        if (!TryOptions(context, 5, allowScores: false, ref query) || !TryParseRange(context, 3, query, out SortedRange range))
        {
            return;
        }
        bool exists = context.TryRead(2, ValueType.SortedSet, out KeyHandle source, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        KeyHandle target = context.Open(1);
        Entry result = target.Keyspace.NewDetached(
            context.Worker, target.Name, ValueType.SortedSet, ValueEncoding.RankedTree, ITableEntry.NoExpiry);
        SortedSetBuilder builder = new(result, CommandContext.ArenaOf(target));
        if (exists)
        {
            (long first, long length) = Select(source.SortedSet, range, query);
            Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
            for (SortedSetEnumerator members = source.SortedSet.Enumerate(first, length, query.IsReverse!.Value); members.MoveNext();)
            {
                builder.Add(members.Member(scratch), members.Score);
            }
        }
        long count = builder.Count;
        builder.Finish(context.Limits);
        context.Store(ref target, result, count, KeyEvent.SortedSet, "zrangestore");
        context.Reply.Integer(count);
    }

    private static void Count(CommandContext context, Kind kind)
    {
        if (!SortedRange.TryParse(context, kind, 2, 3, out SortedRange range))
        {
            return;
        }
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            context.Reply.Integer(exists ? range.In(key.SortedSet, isReverse: false).Length : 0);
        }
    }

    private static void RemoveRange(CommandContext context, Kind kind, string eventName)
    {
        if (!SortedRange.TryParse(context, kind, 2, 3, out SortedRange range))
        {
            return;
        }
        bool exists = context.TryWrite(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        long removed = 0;
        if (exists)
        {
            SortedSetValue set = key.SortedSet;
            (long first, removed) = range.In(set, isReverse: false);
            if (removed > 0)
            {
                context.BeginChange(key);
                context.Changed(key, KeyEvent.SortedSet, eventName, removed);
                if (!context.DeleteIfEmpty(ref key, set.Count - removed))
                {
                    set.RemoveRange(first, removed);
                }
            }
        }
        context.Reply.Integer(removed);
    }
}
