using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Keys;

/// <summary>SORT: the elements of a list, set or sorted set in order, or what keys named after them hold.</summary>
internal static class SortCommand
{
    private const string Syntax = "key:key [by-pattern(pattern):pattern@BY#1] [limit={offset:integer count:integer}@LIMIT] "
        + "[get-pattern(pattern):pattern@@GET#1...] [order=<asc:ASC | desc:DESC>] [sorting:ALPHA]";
    private const string Cost = "O(N+M*log(M)) where N is the number of elements sorted and M that of those returned.";

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("sort", -2, CommandFlags.Write | DenyOom | MovableKeys, "generic", "1.0.0", Cost,
            "Sorts the elements of a list, a set or a sorted set, and stores them if wanted.", context => Run(context, mayStore: true),
            KeySpec.One(KeyFlags.RO | KeyFlags.Access), Syntax + " [destination:key@STORE#2]", categories: "!keyspace list set sortedset dangerous",
            moreKeys: [KeySpec.Unknown(KeyFlags.RO | KeyFlags.Access), KeySpec.Behind("STORE", 2, KeyFlags.OW | KeyFlags.Update) with { IsUnknown = true }],
            scopeOf: ScopeOf),
        CommandSpec.Define("sort_ro", -2, ReadOnly | MovableKeys, "generic", "7.0.0", Cost, "Sorts the elements of a list, a set or a sorted set.",
            context => Run(context, mayStore: false), KeySpec.One(KeyFlags.RO | KeyFlags.Access), Syntax,
            categories: "!keyspace list set sortedset dangerous", moreKeys: [KeySpec.Unknown(KeyFlags.RO | KeyFlags.Access)], scopeOf: ScopeOf),
    ];

    /// <summary>Patterns name keys that only the elements tell, so all shards are needed; without patterns only those of the keys.</summary>
    private static ShardScope ScopeOf(RequestBatch batch, int request)
    {
        for (int i = 2; i + 1 < batch.ArgumentCount(request); i++)
        {
            ReadOnlySpan<byte> word = batch.Argument(request, i);
            bool isPattern = Ascii.EqualsIgnoreCase(word, "BY"u8) || Ascii.EqualsIgnoreCase(word, "GET"u8);
            if (isPattern && batch.Argument(request, i + 1).Contains((byte)'*'))
            {
                return ShardScope.All;
            }
        }
        return ShardScope.Keys;
    }

    private struct Options
    {
        internal bool Descending;
        internal bool Alphabetical;
        internal bool Unsorted;
        internal int ByAt;
        internal int StoreAt;
        internal long Offset;
        internal long Count;
    }

    /// <summary>The elements and the indexes to be put in order, off the managed heap; a thread uses one again and again.</summary>
    private sealed class Elements : IDisposable
    {
        private const int LargestKeptBytes = 1 << 20;

        [ThreadStatic]
        private static Elements? t_idle;

        private readonly NativeStrings _strings = new();
        private readonly NativeStrings _weights = new();
        private readonly NativeBuffer _name = new();

        private Elements()
        {
            ByBytes = (a, b) => _strings[a].SequenceCompareTo(_strings[b]);
            ByWeight = (a, b) => CompareWeights(a, b) is int difference and not 0 ? difference : a.CompareTo(b);
            ByWeightDescending = (a, b) => CompareWeights(b, a) is int difference and not 0 ? difference : a.CompareTo(b);
        }

        /// <summary>Compares two elements, given by their indexes.</summary>
        internal Comparison<int> ByBytes { get; }

        /// <summary>Compares the weights of two elements, what is not there first; elements of the same weight stay in their order.</summary>
        internal Comparison<int> ByWeight { get; }

        /// <summary>The same for the other direction, in which equal ones stay in their order as well.</summary>
        internal Comparison<int> ByWeightDescending { get; }

        internal int Count => _strings.Count;

        private int CompareWeights(int a, int b) => _weights.IsNull(a) || _weights.IsNull(b)
            ? (_weights.IsNull(a) ? 0 : 1) - (_weights.IsNull(b) ? 0 : 1)
            : _weights[a].SequenceCompareTo(_weights[b]);

        /// <summary>The indexes of the elements, to be put in order.</summary>
        internal NativeList<int> Order { get; } = new();

        /// <summary>Their scores, for sorting by number.</summary>
        internal NativeList<double> Scores { get; } = new();

        /// <summary>What the elements are sorted by, for sorting by bytes.</summary>
        internal NativeStrings Weights => _weights;

        /// <summary>The arguments of the GET options.</summary>
        internal NativeList<int> Gets { get; } = new();

        internal ReadOnlySpan<byte> this[int index] => _strings[index];

        internal static Elements Take()
        {
            Elements elements = t_idle ?? new Elements();
            t_idle = null;
            return elements;
        }

        internal void GiveBack()
        {
            long bytes = _strings.Capacity + _weights.Capacity + _name.Capacity + Order.Capacity * (long)(sizeof(int) + sizeof(double)) + Gets.Capacity * (long)sizeof(int);
            if (bytes > LargestKeptBytes)
            {
                Dispose();
                return;
            }
            _strings.Clear();
            _weights.Clear();
            Order.Clear();
            Scores.Clear();
            Gets.Clear();
            t_idle = this;
        }

        internal void Add(ReadOnlySpan<byte> element) => _strings.Add(element);

        /// <summary>Puts the indexes in the order in which the elements were added.</summary>
        internal void ResetOrder()
        {
            Order.EnsureCapacity(Count);
            for (int i = 0; i < Count; i++)
            {
                Order.Add(i);
            }
        }

        /// <summary>The name of a key, put together of three parts; valid until the next call.</summary>
        internal ReadOnlySpan<byte> Name(ReadOnlySpan<byte> prefix, ReadOnlySpan<byte> element, ReadOnlySpan<byte> suffix)
        {
            _name.Clear();
            _name.Append(prefix);
            _name.Append(element);
            _name.Append(suffix);
            return _name.Span;
        }

        public void Dispose()
        {
            _strings.Dispose();
            _weights.Dispose();
            _name.Dispose();
            Order.Dispose();
            Scores.Dispose();
            Gets.Dispose();
        }
    }

    private static void Run(CommandContext context, bool mayStore)
    {
        Elements elements = Elements.Take();
        Run(context, mayStore, elements);
        elements.GiveBack();
    }

    private static void Run(CommandContext context, bool mayStore, Elements elements)
    {
        if (!TryOptions(context, mayStore, elements, out Options options))
        {
            return;
        }
        KeyHandle key = context.Read(1);
        if (key.Exists && key.Entry.Type is not (ValueType.List or ValueType.Set or ValueType.SortedSet))
        {
            context.Reply.Error(Errors.WrongType);
            return;
        }
        if (options.Unsorted && (options.StoreAt > 0 || context.IsOfScript) && key.Exists && key.Entry.Type == ValueType.Set)
        {
            // A set has no order that replicas would share.
            (options.Unsorted, options.Alphabetical, options.ByAt) = (false, true, 0);
        }
        int first = 0, count = 0;
        if (key.Exists)
        {
            bool ranged = Gather(context, key, options, elements);
            (first, count) = ranged ? (0, elements.Count) : Window(options, elements.Count);
        }
        elements.ResetOrder();
        if (!options.Unsorted && !TrySort(context, options, elements))
        {
            context.Reply.Error("ERR One or more scores can't be converted into double");
            return;
        }
        if (options.StoreAt > 0)
        {
            Store(context, options, elements, elements.Order.Span.Slice(first, count));
            return;
        }
        Reply(context, elements, elements.Order.Span.Slice(first, count));
    }

    /// <summary>Copies the elements; of a list or a sorted set whose order is kept only those wanted, which is then true.</summary>
    private static bool Gather(CommandContext context, in KeyHandle key, in Options options, Elements elements)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        switch (key.Entry.Type)
        {
            case ValueType.List:
                GatherItems(key.List, options, elements);
                return options.Unsorted;
            case ValueType.Set:
                for (SetEnumerator members = key.Set.Enumerate(); members.MoveNext();)
                {
                    elements.Add(members.Read(scratch));
                }
                return false;
            default:
                SortedSetValue set = key.SortedSet;
                if (set.IsListpack)
                {
                    // Clients can see that Valkey turns it into a skiplist here.
                    context.BeginChange(key);
                    set.ConvertToTree();
                }
                (int first, int count) = options.Unsorted ? Window(options, (int)set.Count) : (0, (int)set.Count);
                bool isReverse = options is { Unsorted: true, Descending: true };
                for (SortedSetEnumerator members = set.Enumerate(isReverse ? set.Count - 1 - first : first, count, isReverse); members.MoveNext();)
                {
                    elements.Add(members.Member(scratch));
                }
                return options.Unsorted;
        }
    }

    private static void GatherItems(ListValue list, in Options options, Elements elements)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        int total = (int)list.Count;
        (int first, int count) = options.Unsorted ? Window(options, total) : (0, total);
        bool isReverse = options is { Unsorted: true, Descending: true };
        for (ListEnumerator items = list.Enumerate(isReverse ? total - 1 - first : first, isReverse); count-- > 0 && items.MoveNext();)
        {
            elements.Add(items.Read(scratch));
        }
    }

    private static (int First, int Count) Window(in Options options, int total)
    {
        long first = Math.Clamp(options.Offset, 0, total);
        long count = options.Count < 0 ? total - first : Math.Min(options.Count, total - first);
        return ((int)first, (int)count);
    }

    private static bool TrySort(CommandContext context, in Options options, Elements elements)
    {
        Span<int> order = elements.Order.Span;
        if (options.Alphabetical)
        {
            SortAlphabetically(context, options, elements, order);
            return true;
        }
        Span<double> scores = elements.Scores.Extend(order.Length);
        for (int i = 0; i < scores.Length; i++)
        {
            if (!TryScore(context, options, elements, i, out scores[i]))
            {
                return false;
            }
        }
        ScoreSort.Sort(scores, order);
        for (int start = 0, end; start < order.Length; start = end)
        {
            // Elements of the same score are ordered by their bytes.
            for (end = start + 1; end < order.Length && scores[end] == scores[start]; end++)
            {
            }
            if (end - start > 1)
            {
                order[start..end].Sort(elements.ByBytes);
            }
        }
        if (options.Descending)
        {
            order.Reverse();
        }
        return true;
    }

    private static bool TryScore(CommandContext context, in Options options, Elements elements, int index, out double score)
    {
        score = 0;
        if (options.ByAt == 0)
        {
            return TryNumber(elements[index], out score);
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        // What is not there counts as 0.
        return !TryLookUp(context, elements, options.ByAt, index, scratch, out ReadOnlySpan<byte> value) || TryNumber(value, out score);
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out double number)
    {
        // Most numbers are integers, which are read many times faster.
        if (Decimal64.TryParse(text, out long integer))
        {
            number = integer;
            return true;
        }
        // As in a C string, what follows a zero byte does not count.
        int length = DoubleText.Scan(text, out number, out bool isInRange);
        return length > 0 && isInRange && (length == text.Length || text[length] == 0);
    }

    private static void SortAlphabetically(CommandContext context, in Options options, Elements elements, Span<int> order)
    {
        if (options.ByAt != 0)
        {
            SortByWeight(context, options, elements, order);
            return;
        }
        order.Sort(elements.ByBytes);
        if (options.Descending)
        {
            order.Reverse();
        }
    }

    private static void SortByWeight(CommandContext context, in Options options, Elements elements, Span<int> order)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (int i = 0; i < order.Length; i++)
        {
            if (TryLookUp(context, elements, options.ByAt, i, scratch, out ReadOnlySpan<byte> value))
            {
                elements.Weights.Add(value);
            }
            else
            {
                elements.Weights.AddNull();
            }
        }
        order.Sort(options.Descending ? elements.ByWeightDescending : elements.ByWeight);
    }

    /// <summary>
    /// What the pattern in an argument names for an element: a string, or a field of a hash behind <c>-&gt;</c>; false if there is none. The value
    /// is valid until the next one is looked up.
    /// </summary>
    private static bool TryLookUp(
        CommandContext context, Elements elements, int patternAt, int index, Span<byte> scratch, out ReadOnlySpan<byte> value)
    {
        ReadOnlySpan<byte> pattern = context.Argument(patternAt);
        value = default;
        if (pattern is [(byte)'#'])
        {
            value = elements[index];
            return true;
        }
        int star = pattern.IndexOf((byte)'*');
        if (star < 0)
        {
            return false;
        }
        int arrow = pattern[(star + 1)..].IndexOf("->"u8);
        bool hasField = arrow >= 0 && star + 1 + arrow + 2 < pattern.Length;
        ReadOnlySpan<byte> suffix = hasField ? pattern.Slice(star + 1, arrow) : pattern[(star + 1)..];
        KeyHandle key = context.Peek(elements.Name(pattern[..star], elements[index], suffix));
        if (!key.Exists)
        {
            return false;
        }
        if (hasField)
        {
            return key.Entry.Type == ValueType.Hash && context.HashOf(key).TryGet(pattern[(star + 1 + arrow + 2)..], scratch, out value);
        }
        value = key.Entry.Type == ValueType.String ? StringValue.Read(key.Entry, scratch) : default;
        return key.Entry.Type == ValueType.String;
    }

    private static void Reply(CommandContext context, Elements elements, ReadOnlySpan<int> order)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        context.Reply.Array(order.Length * (long)Math.Max(1, elements.Gets.Count));
        foreach (int index in order)
        {
            if (elements.Gets.Count == 0)
            {
                context.Reply.Bulk(elements[index]);
            }
            foreach (int get in elements.Gets)
            {
                if (TryLookUp(context, elements, get, index, scratch, out ReadOnlySpan<byte> value))
                {
                    context.Reply.Bulk(value);
                }
                else
                {
                    context.Reply.Null();
                }
            }
        }
    }

    private static void Store(CommandContext context, in Options options, Elements elements, ReadOnlySpan<int> order)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        KeyHandle target = context.Open(options.StoreAt);
        Entry result = target.Keyspace.NewDetached(context.Worker, target.Name, ValueType.List, ValueEncoding.Listpack, ITableEntry.NoExpiry);
        ListValue list = new(result, CommandContext.ArenaOf(target));
        foreach (int index in order)
        {
            if (elements.Gets.Count == 0)
            {
                Push(context, list, elements[index]);
            }
            foreach (int get in elements.Gets)
            {
                // What is not there is stored as an empty string.
                TryLookUp(context, elements, get, index, scratch, out ReadOnlySpan<byte> value);
                Push(context, list, value);
            }
        }
        long count = list.Count;
        context.Store(ref target, result, count, KeyEvent.List, "sortstore", countsElements: true);
        context.Reply.Integer(count);
    }

    private static void Push(CommandContext context, ListValue list, ReadOnlySpan<byte> value)
    {
        list.ExpectMore(value.Length, 1, context.Limits);
        list.Push(value, atHead: false, context.Limits);
    }

    private static bool TryOptions(CommandContext context, bool mayStore, Elements elements, out Options options)
    {
        options = new Options { Count = -1 };
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            int left = context.ArgumentCount - i - 1;
            if (context.Is(i, "ASC"))
            {
                options.Descending = false;
            }
            else if (context.Is(i, "DESC"))
            {
                options.Descending = true;
            }
            else if (context.Is(i, "ALPHA"))
            {
                options.Alphabetical = true;
            }
            else if (left >= 2 && context.Is(i, "LIMIT"))
            {
                if (!context.TryInteger(i + 1, out options.Offset) || !context.TryInteger(i + 2, out options.Count))
                {
                    return false;
                }
                i += 2;
            }
            else if (mayStore && left >= 1 && context.Is(i, "STORE"))
            {
                options.StoreAt = ++i;
            }
            else if (left >= 1 && context.Is(i, "BY"))
            {
                // A pattern that names nothing means that no order is wanted.
                options.ByAt = ++i;
                options.Unsorted |= !context.Argument(i).Contains((byte)'*');
            }
            else if (left >= 1 && context.Is(i, "GET"))
            {
                elements.Gets.Add(++i);
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
