using Valkey.Turbo.Commands.Keys;
using Valkey.Turbo.Commands.Lists;
using Valkey.Turbo.Commands.Sets;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.SortedSets;

/// <summary>Members of a sorted set taken from an end, at random, or one after another.</summary>
internal static class SortedSetPopCommands
{
    private const string Popping = "O(log(N)*M) where N is the size of the sorted set and M the number of members returned.";
    private static readonly KeySpec Pops = KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete);
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("zpopmin", -2, CommandFlags.Write | Fast, "sorted-set", "5.0.0", Popping,
            "Takes the members with the lowest scores from a sorted set.", context => Pop(context, isMax: false), Pops,
            "key:key [count:integer]"),
        CommandSpec.Define("zpopmax", -2, CommandFlags.Write | Fast, "sorted-set", "5.0.0", Popping,
            "Takes the members with the highest scores from a sorted set.", context => Pop(context, isMax: true), Pops,
            "key:key [count:integer]"),
        CommandSpec.Define("zmpop", -4, CommandFlags.Write | MovableKeys, "sorted-set", "7.0.0",
            "O(K)+O(M*log(N)) where K is the number of keys, N the size of the sorted set and M the number of members returned.",
            "Takes the lowest or highest members from the first sorted set that has any.", MultiPop,
            KeySpec.Counted(1, 1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete),
            "numkeys:integer key:key... where=<min:MIN | max:MAX> [count:integer@COUNT]"),
        CommandSpec.Define("zrandmember", -2, ReadOnly, "sorted-set", "6.2.0", "O(N) where N is the number of members returned.",
            "Returns members of a sorted set at random.", RandomMember, Reads,
            "key:key [options={count:integer [withscores:WITHSCORES]}]", tips: "nondeterministic_output"),
        CommandSpec.Define("zscan", -3, ReadOnly, "sorted-set", "2.8.0", "O(1) for every call, O(N) for a complete iteration.",
            "Iterates over the members of a sorted set.", Scan, Reads,
            "key:key cursor:integer [pattern:pattern@MATCH] [count:integer@COUNT] [noscores:NOSCORES]",
            tips: "nondeterministic_output"),
    ];

    private static void Pop(CommandContext context, bool isMax)
    {
        if (context.ArgumentCount > 3)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        bool hasCount = context.ArgumentCount == 3;
        long count = 1;
        if (hasCount && !context.TryPositive(2, out count))
        {
            return;
        }
        bool exists = context.TryWrite(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (!exists || count == 0)
        {
            context.Reply.Array(0);
            return;
        }
        count = Math.Min(count, key.SortedSet.Count);
        bool asPairs = hasCount && context.Reply.IsResp3;
        context.Reply.Array(asPairs ? count : count * 2);
        PopMembers(context, ref key, count, isMax, asPairs);
    }

    /// <summary>Replies and removes members from an end; the set goes with its last one.</summary>
    internal static void PopMembers(CommandContext context, ref KeyHandle key, long count, bool isMax, bool asPairs)
    {
        context.BeginChange(key);
        SortedSetValue set = key.SortedSet;
        long left = set.Count - count;
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (SortedSetEnumerator members = set.Enumerate(isMax ? set.Count - 1 : 0, count, isMax); members.MoveNext();)
        {
            if (asPairs)
            {
                context.Reply.Array(2);
            }
            context.Reply.Bulk(members.Member(scratch));
            context.Reply.Double(members.Score);
        }
        context.Changed(key, KeyEvent.SortedSet, isMax ? "zpopmax" : "zpopmin", count);
        if (!context.DeleteIfEmpty(ref key, left))
        {
            set.RemoveRange(isMax ? left : 0, count);
        }
    }

    private static void MultiPop(CommandContext context)
    {
        if (!TryMultiPopOptions(context, 1, out int keyCount, out bool isMax, out long count)
            || TryMultiPop(context, 2, keyCount, isMax, count, out bool isRefused) || isRefused)
        {
            return;
        }
        context.Reply.NullArray();
    }

    /// <summary>Reads what follows a number of keys: the keys, an end and a count.</summary>
    internal static bool TryMultiPopOptions(CommandContext context, int at, out int keyCount, out bool isMax, out long count)
    {
        isMax = false;
        count = 1;
        if (!context.TryKeyCount(at, out keyCount, "ERR numkeys should be greater than 0"))
        {
            return false;
        }
        int next = at + keyCount + 1;
        isMax = next < context.ArgumentCount && context.Is(next, "MAX");
        if (next >= context.ArgumentCount || (!isMax && !context.Is(next, "MIN")))
        {
            context.Reply.Error(Errors.Syntax);
            return false;
        }
        return ListMoveCommands.TryCount(context, next + 1, out count);
    }

    /// <summary>Pops from the first sorted set that has members. False means that none has, or that the error has been replied.</summary>
    internal static bool TryMultiPop(
        CommandContext context, int firstKey, int keyCount, bool isMax, long count, out bool isRefused)
    {
        isRefused = false;
        for (int i = firstKey; i < firstKey + keyCount; i++)
        {
            KeyHandle key = context.Write(i);
            if (!key.Exists || (context.IsRetry && key.Entry.Type != ValueType.SortedSet))
            {
                continue;
            }
            isRefused = !context.IsTypeOrAbsent(key, ValueType.SortedSet);
            if (isRefused)
            {
                return false;
            }
            count = Math.Min(count, key.SortedSet.Count);
            context.Reply.Array(2);
            context.Reply.Bulk(key.Name);
            context.Reply.Array(count);
            PopMembers(context, ref key, count, isMax, asPairs: true);
            context.Record(3).Add(isMax ? "ZPOPMAX"u8 : "ZPOPMIN"u8).Add(key.Name).Add(count);
            context.Journal(key);
            return true;
        }
        return false;
    }

    private static void RandomMember(CommandContext context)
    {
        long count = 0;
        bool withScores = context.ArgumentCount == 4 && context.Is(3, "WITHSCORES");
        if (context.ArgumentCount >= 3)
        {
            if (!SetCommands.TryRandomCount(context, 2, out count))
            {
                return;
            }
            if (context.ArgumentCount > 4 || (context.ArgumentCount == 4 && !withScores))
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
            if (withScores && count is < -long.MaxValue / 2 or > long.MaxValue / 2)
            {
                context.Reply.Error("ERR value is out of range");
                return;
            }
        }
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (context.ArgumentCount == 2)
        {
            if (exists)
            {
                ReplyAt(context, key.SortedSet, context.Worker.Random.Below((int)key.SortedSet.Count), withScore: false);
            }
            else
            {
                context.Reply.Null();
            }
            return;
        }
        if (!exists)
        {
            context.Reply.Array(0);
            return;
        }
        ReplySeveral(context, key.SortedSet, count, withScores);
    }

    private static void ReplySeveral(CommandContext context, SortedSetValue set, long count, bool withScores)
    {
        long drawn = count < 0 ? -count : Math.Min(count, set.Count);
        context.Reply.Array(withScores && !context.Reply.IsResp3 ? drawn * 2 : drawn);
        if (count < 0)
        {
            for (; count < 0; count++)
            {
                ReplyAt(context, set, context.Worker.Random.Below((int)set.Count), withScores);
            }
        }
        else if (drawn == set.Count)
        {
            Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
            for (SortedSetEnumerator members = set.Enumerate(0, drawn); members.MoveNext();)
            {
                SortedSetRangeCommands.ReplyMember(context, members.Member(scratch), members.Score, withScores);
            }
        }
        else
        {
            using Scratch<int> chosen = new();
            RandomSubset.Indexes(context.Worker.Random, (int)drawn, (int)set.Count, chosen.Items);
            foreach (int index in chosen.Items)
            {
                ReplyAt(context, set, index, withScores);
            }
        }
    }

    private static void ReplyAt(CommandContext context, SortedSetValue set, int rank, bool withScore)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        SortedSetEnumerator members = set.Enumerate(rank, 1);
        members.MoveNext();
        SortedSetRangeCommands.ReplyMember(context, members.Member(scratch), members.Score, withScore);
    }

    private static void Scan(CommandContext context)
    {
        if (!CollectionScan.TryCursor(context, out ulong cursor))
        {
            return;
        }
        if (!context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                CollectionScan.ReplyNothing(context);
            }
            return;
        }
        if (!CollectionScan.TryOptions(context, "NOSCORES", out CollectionScan.Options options))
        {
            return;
        }
        SortedSetValue set = key.SortedSet;
        if (set.IsListpack)
        {
            ScanListpack(context, set, options);
            return;
        }
        NativeList<nint> found = context.Worker.Found;
        cursor = CollectionScan.Gather(context, set.Table, cursor, options.Count);
        Span<byte> text = stackalloc byte[DoubleText.MaxBytes];
        int kept = 0;
        for (int i = 0; i < found.Count; i++)
        {
            nint member = found[i];
            if (options.Matches(SortedMember.Key(member)))
            {
                found[kept++] = member;
            }
        }
        context.Reply.Array(2);
        context.Reply.Bulk(cursor.ToString());
        context.Reply.Array(options.NamesOnly ? kept : kept * 2);
        for (int i = 0; i < kept; i++)
        {
            context.Reply.Bulk(SortedMember.Key(found[i]));
            if (!options.NamesOnly)
            {
                // Of a table, unlike of a listpack, Valkey shows more digits than it takes.
                context.Reply.Bulk(text[..DoubleText.FormatSeventeenDigits(SortedMember.Score(found[i]), text)]);
            }
        }
        found.Clear();
    }

    private static void ScanListpack(CommandContext context, SortedSetValue set, in CollectionScan.Options options)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits], text = stackalloc byte[DoubleText.MaxBytes];
        int matching = 0;
        for (SortedSetEnumerator members = set.Enumerate(0, set.Count); members.MoveNext();)
        {
            matching += options.Matches(members.Member(scratch)) ? 1 : 0;
        }
        context.Reply.Array(2);
        context.Reply.Bulk("0"u8);
        context.Reply.Array(options.NamesOnly ? matching : matching * 2);
        for (SortedSetEnumerator members = set.Enumerate(0, set.Count); members.MoveNext();)
        {
            ReadOnlySpan<byte> member = members.Member(scratch);
            if (options.Matches(member))
            {
                context.Reply.Bulk(member);
                if (!options.NamesOnly)
                {
                    // Scores of a scan are strings in RESP3, too.
                    context.Reply.Bulk(text[..DoubleText.Format(members.Score, text)]);
                }
            }
        }
    }
}
