using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.SortedSets;

/// <summary>Members of a sorted set: their scores and ranks.</summary>
internal static class SortedSetCommands
{
    private const string EachMember = "O(log(N)) for each member given, where N is the size of the sorted set.";
    private const string NotANumber = "ERR resulting score is not a number (NaN)";
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);

    [Flags]
    private enum Options
    {
        None = 0,
        Nx = 1,
        Xx = 2,
        Gt = 4,
        Lt = 8,
        Changed = 16,
        Increment = 32,
    }

    private enum Outcome
    {
        Nothing,
        Refused,
        Added,
        Updated,
        NotANumber,
    }

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("zadd", -4, CommandFlags.Write | DenyOom | Fast, "sorted-set", "1.2.0", EachMember,
            "Adds members to a sorted set, which is created if there is none, or changes their scores.", Add,
            KeySpec.One(KeyFlags.RW | KeyFlags.Update),
            "key:key [condition=<nx:NX | xx:XX>^3.0.2] [comparison=<gt:GT | lt:LT>^6.2.0] [change:CH^3.0.2] [increment:INCR^3.0.2] "
            + "data={score:double member:string}...", memberAt: 3),
        CommandSpec.Define("zincrby", 4, CommandFlags.Write | DenyOom | Fast, "sorted-set", "1.2.0",
            "O(log(N)) where N is the size of the sorted set.", "Adds to the score of a member of a sorted set.",
            context => Add(context, Options.Increment, 2), KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Update),
            "key:key increment:integer member:string", memberAt: 3),
        CommandSpec.Define("zrem", -3, CommandFlags.Write | Fast, "sorted-set", "1.2.0", EachMember,
            "Removes members from a sorted set.", Remove, KeySpec.One(KeyFlags.RW | KeyFlags.Delete), "key:key member:string...", memberAt: 2),
        CommandSpec.Define("zcard", 2, ReadOnly | Fast, "sorted-set", "1.2.0", "O(1)",
            "Returns the number of members of a sorted set.", Cardinality, KeySpec.One(KeyFlags.RO), "key:key"),
        CommandSpec.Define("zscore", 3, ReadOnly | Fast, "sorted-set", "1.2.0", "O(1)",
            "Returns the score of a member of a sorted set.", Score, Reads, "key:key member:string", memberAt: 2),
        CommandSpec.Define("zmscore", -3, ReadOnly | Fast, "sorted-set", "6.2.0", "O(N) where N is the number of members given.",
            "Returns the scores of members of a sorted set.", Scores, Reads, "key:key member:string...", memberAt: 2),
        CommandSpec.Define("zrank", -3, ReadOnly | Fast, "sorted-set", "2.0.0", "O(log(N)) where N is the size of the sorted set.",
            "Returns how many members of a sorted set stand before one.", context => Rank(context, isReverse: false), Reads,
            "key:key member:string [withscore:WITHSCORE]", memberAt: 2),
        CommandSpec.Define("zrevrank", -3, ReadOnly | Fast, "sorted-set", "2.0.0", "O(log(N)) where N is the size of the sorted set.",
            "Returns how many members of a sorted set stand behind one.", context => Rank(context, isReverse: true), Reads,
            "key:key member:string [withscore:WITHSCORE]", memberAt: 2),
    ];

    private static void Add(CommandContext context)
    {
        Options options = Options.None;
        int i = 2;
        for (; i < context.ArgumentCount; i++)
        {
            Options one = context.Is(i, "NX") ? Options.Nx
                : context.Is(i, "XX") ? Options.Xx
                : context.Is(i, "CH") ? Options.Changed
                : context.Is(i, "INCR") ? Options.Increment
                : context.Is(i, "GT") ? Options.Gt
                : context.Is(i, "LT") ? Options.Lt
                : Options.None;
            if (one == Options.None)
            {
                break;
            }
            options |= one;
        }
        Add(context, options, i);
    }

    private static void Add(CommandContext context, Options options, int first)
    {
        int words = context.ArgumentCount - first;
        if (words == 0 || words % 2 != 0)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        if (FindConflict(options, words / 2) is string conflict)
        {
            context.Reply.Error(conflict);
            return;
        }
        long longest = 0;
        for (int i = first; i < context.ArgumentCount; i += 2)
        {
            if (!context.TryDouble(i, out _))
            {
                return;
            }
            longest = Math.Max(longest, context.Argument(i + 1).Length);
        }
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.SortedSet))
        {
            return;
        }
        bool isIncrement = (options & Options.Increment) != 0;
        if (!key.Exists && (options & Options.Xx) != 0)
        {
            ReplyNothing(context, isIncrement);
            return;
        }
        BeginAdding(context, ref key, words / 2, longest);
        AddMembers(context, ref key, options, first);
    }

    /// <summary>
    /// Begins to change a sorted set, which is made if there is none. What the command names decides the encoding, whether it ends up in
    /// the set or not.
    /// </summary>
    internal static void BeginAdding(CommandContext context, ref KeyHandle key, int count, long longestMember)
    {
        ValueEncoding encoding = SortedSetValue.EncodingFor(count, longestMember, context.Limits);
        bool isOutgrown = key.Exists && encoding == ValueEncoding.RankedTree && key.Entry.Encoding != encoding;
        context.BeginChange(ref key, ValueType.SortedSet, encoding);
        if (isOutgrown)
        {
            key.SortedSet.ConvertToTree();
        }
    }

    private static string? FindConflict(Options options, int pairs)
    {
        bool nx = (options & Options.Nx) != 0, gt = (options & Options.Gt) != 0, lt = (options & Options.Lt) != 0;
        if (nx && (options & Options.Xx) != 0)
        {
            return "ERR XX and NX options at the same time are not compatible";
        }
        if ((gt && nx) || (lt && nx) || (gt && lt))
        {
            return "ERR GT, LT, and/or NX options at the same time are not compatible";
        }
        return (options & Options.Increment) != 0 && pairs > 1 ? "ERR INCR option supports a single increment-element pair" : null;
    }

    private static void AddMembers(CommandContext context, ref KeyHandle key, Options options, int first)
    {
        bool isIncrement = (options & Options.Increment) != 0;
        int added = 0, updated = 0;
        double score = 0;
        Outcome outcome = Outcome.Nothing;
        for (int i = first; i < context.ArgumentCount && outcome != Outcome.NotANumber; i += 2)
        {
            context.TryDouble(i, out score);
            outcome = AddOne(context, key.SortedSet, context.Argument(i + 1), ref score, options);
            added += outcome == Outcome.Added ? 1 : 0;
            updated += outcome == Outcome.Updated ? 1 : 0;
        }
        if (added + updated > 0)
        {
            context.Changed(key, KeyEvent.SortedSet, isIncrement ? "zincr" : "zadd", added + updated);
        }
        context.DeleteIfEmpty(ref key, key.SortedSet.Count);
        if (outcome == Outcome.NotANumber)
        {
            context.Reply.Error(NotANumber);
        }
        else if (!isIncrement)
        {
            context.Reply.Integer((options & Options.Changed) != 0 ? added + updated : added);
        }
        else if (outcome == Outcome.Refused)
        {
            context.Reply.Null();
        }
        else
        {
            context.Reply.Double(score);
        }
    }

    private static Outcome AddOne(CommandContext context, SortedSetValue set, ReadOnlySpan<byte> member, ref double score, Options options)
    {
        if (!set.TryScore(member, out double current))
        {
            if ((options & Options.Xx) != 0)
            {
                return Outcome.Refused;
            }
            set.Add(member, score, context.Limits);
            return Outcome.Added;
        }
        if ((options & Options.Nx) != 0)
        {
            return Outcome.Refused;
        }
        if ((options & Options.Increment) != 0)
        {
            score += current;
            if (double.IsNaN(score))
            {
                return Outcome.NotANumber;
            }
        }
        if (((options & Options.Lt) != 0 && score >= current) || ((options & Options.Gt) != 0 && score <= current))
        {
            return Outcome.Refused;
        }
        if (score == current)
        {
            return Outcome.Nothing;
        }
        set.SetScore(member, score);
        return Outcome.Updated;
    }

    private static void ReplyNothing(CommandContext context, bool isIncrement)
    {
        if (isIncrement)
        {
            context.Reply.Null();
        }
        else
        {
            context.Reply.Integer(0);
        }
    }

    private static void Remove(CommandContext context)
    {
        if (!context.TryWrite(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                context.Reply.Integer(0);
            }
            return;
        }
        context.BeginChange(key);
        SortedSetValue set = key.SortedSet;
        int removed = 0;
        for (int i = 2; i < context.ArgumentCount && set.Count > 0; i++)
        {
            removed += set.Remove(context.Argument(i)) ? 1 : 0;
        }
        if (removed > 0)
        {
            context.Changed(key, KeyEvent.SortedSet, "zrem", removed);
            context.DeleteIfEmpty(ref key, set.Count);
        }
        context.Reply.Integer(removed);
    }

    private static void Cardinality(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            context.Reply.Integer(exists ? key.SortedSet.Count : 0);
        }
    }

    private static void Score(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            ReplyScore(context, key, exists, context.Argument(2));
        }
    }

    private static void ReplyScore(CommandContext context, in KeyHandle key, bool exists, ReadOnlySpan<byte> member)
    {
        if (exists && key.SortedSet.TryScore(member, out double score))
        {
            context.Reply.Double(score);
        }
        else
        {
            context.Reply.Null();
        }
    }

    private static void Scores(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        context.Reply.Array(context.ArgumentCount - 2);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            ReplyScore(context, key, exists, context.Argument(i));
        }
    }

    private static void Rank(CommandContext context, bool isReverse)
    {
        bool withScore = context.ArgumentCount == 4 && context.Is(3, "WITHSCORE");
        if (context.ArgumentCount > 4)
        {
            context.Reply.Error(Errors.Arity(context.Command.FullName));
            return;
        }
        if (context.ArgumentCount == 4 && !withScore)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        bool exists = context.TryRead(1, ValueType.SortedSet, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (!exists || !key.SortedSet.TryScore(context.Argument(2), out double score))
        {
            if (withScore)
            {
                context.Reply.NullArray();
            }
            else
            {
                context.Reply.Null();
            }
            return;
        }
        long rank = key.SortedSet.RankOf(new MemberBound(score, context.Argument(2)));
        if (withScore)
        {
            context.Reply.Array(2);
        }
        context.Reply.Integer(isReverse ? key.SortedSet.Count - 1 - rank : rank);
        if (withScore)
        {
            context.Reply.Double(score);
        }
    }
}
