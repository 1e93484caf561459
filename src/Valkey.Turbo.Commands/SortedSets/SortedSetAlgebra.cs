using System.Buffers;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.SortedSets;

/// <summary>Several sorted sets, or sets, whose members count as having score 1: intersection, union and difference.</summary>
internal static class SortedSetAlgebra
{
    private const string Uniting = "O(N)+O(M*log(M)) where N is the number of members of all sets and M that of the result.";
    private const string Intersecting =
        "O(N*K)+O(M*log(M)) where N is the size of the smallest set, K the number of sets and M the size of the result.";
    private const string Weights = "[weight:integer@WEIGHTS...] [aggregate=<sum:SUM | min:MIN | max:MAX>@AGGREGATE]";
    private const string Scores = "[withscores:WITHSCORES]";
    private static readonly KeySpec Sources = KeySpec.Counted(1, 1, KeyFlags.RO | KeyFlags.Access);
    private static readonly KeySpec Destination = KeySpec.One(KeyFlags.OW | KeyFlags.Update);
    private static readonly KeySpec[] SourcesBehind = [KeySpec.Counted(2, 1, KeyFlags.RO | KeyFlags.Access)];

    private enum Operation
    {
        Union,
        Intersection,
        Difference,
    }

    private enum Aggregate
    {
        Sum,
        Min,
        Max,
    }

    internal static readonly CommandSpec[] Rows =
    [
        Reader("zunion", Operation.Union, Uniting, "Returns the union of sorted sets.", $"{Weights} {Scores}"),
        Reader("zinter", Operation.Intersection, Intersecting, "Returns the intersection of sorted sets.", $"{Weights} {Scores}"),
        Reader("zdiff", Operation.Difference, Uniting, "Returns the difference of the first sorted set and all others.", Scores),
        Writer("zunionstore", "2.0.0", Operation.Union, Uniting, "Stores the union of sorted sets in a key.", " " + Weights),
        Writer("zinterstore", "2.0.0", Operation.Intersection, Intersecting, "Stores the intersection of sorted sets in a key.", " " + Weights),
        Writer("zdiffstore", "6.2.0", Operation.Difference, Uniting, "Stores the difference of the first sorted set and all others in a key.", ""),
        CommandSpec.Define("zintercard", -3, ReadOnly | MovableKeys, "sorted-set", "7.0.0", Intersecting,
            "Returns the number of members of the intersection of sorted sets.", IntersectionSize, Sources,
            "numkeys:integer key:key... [limit:integer@LIMIT]"),
    ];

    private static CommandSpec Reader(string name, Operation operation, string complexity, string summary, string options) =>
        CommandSpec.Define(name, -3, ReadOnly | MovableKeys, "sorted-set", "6.2.0", complexity, summary,
            context => Compute(context, operation), Sources, $"numkeys:integer key:key... {options}");

    private static CommandSpec Writer(
        string name, string since, Operation operation, string complexity, string summary, string options) =>
        CommandSpec.Define(name, -4, CommandFlags.Write | DenyOom | MovableKeys, "sorted-set", since, complexity, summary,
            context => Store(context, operation, name), Destination, $"destination:key numkeys:integer key:key...{options}",
            moreKeys: SourcesBehind);

    /// <summary>One of the sets that go into a result.</summary>
    private struct Source
    {
        private bool _isPresent;
        private bool _isSorted;
        private SortedSetValue _sorted;
        private SetValue _set;

        internal double Weight;
        internal readonly int Index;

        internal Source(in KeyHandle key, int index)
        {
            Index = index;
            _isPresent = key.Exists;
            _isSorted = key.Exists && key.Entry.Type == ValueType.SortedSet;
            _sorted = _isSorted ? key.SortedSet : default;
            _set = _isPresent && !_isSorted ? key.Set : default;
            Weight = 1;
        }

        internal readonly long Count => !_isPresent ? 0 : _isSorted ? _sorted.Count : _set.Count;

        internal readonly bool TryScore(ReadOnlySpan<byte> member, out double score)
        {
            score = 1;
            return _isPresent && (_isSorted ? _sorted.TryScore(member, out score) : _set.Contains(member));
        }

        /// <summary>The score times the weight; what is not a number counts as 0.</summary>
        internal readonly double Weighted(double score) => double.IsNaN(Weight * score) ? 0 : Weight * score;

        internal readonly SourceEnumerator GetEnumerator() => _isSorted
            ? new SourceEnumerator(_sorted.Enumerate(0, _sorted.Count), default, true)
            : new SourceEnumerator(default, _isPresent ? _set.Enumerate() : default, false, !_isPresent);
    }

    private struct SourceEnumerator(SortedSetEnumerator sorted, SetEnumerator set, bool isSorted, bool isEmpty = false)
    {
        private SortedSetEnumerator _sorted = sorted;
        private SetEnumerator _set = set;

        internal bool MoveNext() => !isEmpty && (isSorted ? _sorted.MoveNext() : _set.MoveNext());

        internal readonly ReadOnlySpan<byte> Member(Span<byte> scratch) => isSorted ? _sorted.Member(scratch) : _set.Read(scratch);

        internal readonly double Score => isSorted ? _sorted.Score : 1;
    }

    private struct Options
    {
        internal Aggregate Aggregate;
        internal bool WithScores;
        internal long Limit;
    }

    private static void Compute(CommandContext context, Operation operation)
    {
        if (!TrySources(context, 1, operation, isStore: false, isCount: false, out Source[] rented, out int count, out Options options))
        {
            return;
        }
        Keyspace keyspace = context.Open(2).Keyspace;
        Entry result = keyspace.NewDetached(context.Worker, [], ValueType.SortedSet, ValueEncoding.RankedTree, ITableEntry.NoExpiry);
        SortedSetBuilder builder = new(result, keyspace.Shard.Arena);
        Run(operation, rented.AsSpan(0, count), options, ref builder);
        // A listpack would not keep the sign of a zero.
        builder.FinishAsTree();
        SortedSetValue set = new(result, keyspace.Shard.Arena);
        context.Reply.Array(options.WithScores && !context.Reply.IsResp3 ? set.Count * 2 : set.Count);
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (SortedSetEnumerator members = set.Enumerate(0, set.Count); members.MoveNext();)
        {
            SortedSetRangeCommands.ReplyMember(context, members.Member(scratch), members.Score, options.WithScores);
        }
        keyspace.Discard(result);
        ArrayPool<Source>.Shared.Return(rented);
    }

    private static void Store(CommandContext context, Operation operation, string eventName)
    {
        if (!TrySources(context, 2, operation, isStore: true, isCount: false, out Source[] rented, out int count, out Options options))
        {
            return;
        }
        KeyHandle target = context.Open(1);
        Entry result = target.Keyspace.NewDetached(
            context.Worker, target.Name, ValueType.SortedSet, ValueEncoding.RankedTree, ITableEntry.NoExpiry);
        SortedSetBuilder builder = new(result, CommandContext.ArenaOf(target));
        Run(operation, rented.AsSpan(0, count), options, ref builder);
        long size = builder.Count;
        builder.Finish(context.Limits);
        context.Store(ref target, result, size, KeyEvent.SortedSet, eventName);
        context.Reply.Integer(size);
        ArrayPool<Source>.Shared.Return(rented);
    }

    private static void IntersectionSize(CommandContext context)
    {
        if (!TrySources(
            context, 1, Operation.Intersection, isStore: false, isCount: true, out Source[] rented, out int count, out Options options))
        {
            return;
        }
        Span<Source> sources = rented.AsSpan(0, count);
        sources.Sort(BySize);
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        long found = 0, limit = options.Limit == 0 ? long.MaxValue : options.Limit;
        for (SourceEnumerator members = sources[0].GetEnumerator(); found < limit && members.MoveNext();)
        {
            found += IsInAll(sources[1..], members.Member(scratch)) ? 1 : 0;
        }
        context.Reply.Integer(found);
        ArrayPool<Source>.Shared.Return(rented);
    }

    /// <summary>The smallest first; of the same size, in the order in which they were given, as sums depend on it.</summary>
    private static int BySize(Source a, Source b) => a.Count == b.Count ? a.Index.CompareTo(b.Index) : a.Count.CompareTo(b.Count);

    private static bool IsInAll(ReadOnlySpan<Source> sources, ReadOnlySpan<byte> member)
    {
        foreach (ref readonly Source source in sources)
        {
            if (!source.TryScore(member, out _))
            {
                return false;
            }
        }
        return true;
    }

    private static void Run(Operation operation, Span<Source> sources, in Options options, ref SortedSetBuilder builder)
    {
        switch (operation)
        {
            case Operation.Union:
                sources.Sort(BySize);
                Unite(sources, options.Aggregate, ref builder);
                break;
            case Operation.Intersection:
                sources.Sort(BySize);
                Intersect(sources, options.Aggregate, ref builder);
                break;
            default:
                Subtract(sources, ref builder);
                break;
        }
    }

    private static void Unite(ReadOnlySpan<Source> sources, Aggregate aggregate, ref SortedSetBuilder builder)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        foreach (ref readonly Source source in sources)
        {
            for (SourceEnumerator members = source.GetEnumerator(); members.MoveNext();)
            {
                ReadOnlySpan<byte> member = members.Member(scratch);
                double score = source.Weighted(members.Score);
                nint known = builder.Find(member);
                if (known == 0)
                {
                    builder.Add(member, score);
                }
                else
                {
                    SortedMember.SetScore(known, Combine(aggregate, SortedMember.Score(known), score));
                }
            }
        }
    }

    private static void Intersect(ReadOnlySpan<Source> sources, Aggregate aggregate, ref SortedSetBuilder builder)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (SourceEnumerator members = sources[0].GetEnumerator(); members.MoveNext();)
        {
            ReadOnlySpan<byte> member = members.Member(scratch);
            double score = sources[0].Weighted(members.Score);
            bool isInAll = true;
            foreach (ref readonly Source source in sources[1..])
            {
                isInAll = source.TryScore(member, out double other);
                if (!isInAll)
                {
                    break;
                }
                // Only of the first does Valkey look whether it is a number.
                score = Combine(aggregate, score, source.Weight * other);
            }
            // A set may be named twice, but its members come only once.
            if (isInAll)
            {
                builder.Add(member, score);
            }
        }
    }

    private static void Subtract(ReadOnlySpan<Source> sources, ref SortedSetBuilder builder)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (SourceEnumerator members = sources[0].GetEnumerator(); members.MoveNext();)
        {
            ReadOnlySpan<byte> member = members.Member(scratch);
            bool isInOther = false;
            foreach (ref readonly Source source in sources[1..])
            {
                isInOther |= source.TryScore(member, out _);
            }
            if (!isInOther)
            {
                builder.Add(member, members.Score);
            }
        }
    }

    private static double Combine(Aggregate aggregate, double a, double b) => aggregate switch
    {
        // Infinities of both signs cancel out.
        Aggregate.Sum => a + b is double sum && !double.IsNaN(sum) ? sum : 0,
        Aggregate.Min => b < a ? b : a,
        _ => b > a ? b : a,
    };

    private static bool TrySources(
        CommandContext context, int countIndex, Operation operation, bool isStore, bool isCount,
        out Source[] rented, out int count, out Options options)
    {
        rented = [];
        options = default;
        count = 0;
        if (!context.TryInteger(countIndex, out long number))
        {
            return false;
        }
        if (number < 1)
        {
            context.Reply.Error($"ERR at least 1 input key is needed for '{context.Command.FullName}' command");
            return false;
        }
        if (number > context.ArgumentCount - countIndex - 1)
        {
            context.Reply.Error(Errors.Syntax);
            return false;
        }
        count = (int)number;
        rented = ArrayPool<Source>.Shared.Rent(count);
        for (int i = 0; i < count; i++)
        {
            KeyHandle key = context.Read(countIndex + 1 + i);
            if (key.Exists && key.Entry.Type is not (ValueType.SortedSet or ValueType.Set))
            {
                context.Reply.Error(Errors.WrongType);
                ArrayPool<Source>.Shared.Return(rented);
                return false;
            }
            rented[i] = new Source(key, i);
        }
        if (TryOptions(context, countIndex + 1 + count, operation, isStore, isCount, rented.AsSpan(0, count), ref options))
        {
            return true;
        }
        ArrayPool<Source>.Shared.Return(rented);
        return false;
    }

    private static bool TryOptions(
        CommandContext context, int first, Operation operation, bool isStore, bool isCount, Span<Source> sources, ref Options options)
    {
        bool isWeighted = operation != Operation.Difference && !isCount;
        for (int i = first; i < context.ArgumentCount; i++)
        {
            int left = context.ArgumentCount - i - 1;
            if (isWeighted && left >= sources.Length && context.Is(i, "WEIGHTS"))
            {
                for (int j = 0; j < sources.Length; j++)
                {
                    if (!context.TryDouble(++i, out sources[j].Weight, "ERR weight value is not a float"))
                    {
                        return false;
                    }
                }
            }
            else if (isWeighted && left >= 1 && context.Is(i, "AGGREGATE"))
            {
                i++;
                if (!context.Is(i, "SUM") && !context.Is(i, "MIN") && !context.Is(i, "MAX"))
                {
                    context.Reply.Error(Errors.Syntax);
                    return false;
                }
                options.Aggregate = context.Is(i, "SUM") ? Aggregate.Sum : context.Is(i, "MIN") ? Aggregate.Min : Aggregate.Max;
            }
            else if (!isStore && !isCount && context.Is(i, "WITHSCORES"))
            {
                options.WithScores = true;
            }
            else if (isCount && left >= 1 && context.Is(i, "LIMIT"))
            {
                if (!context.TryPositive(++i, out options.Limit, "ERR LIMIT can't be negative"))
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
}
