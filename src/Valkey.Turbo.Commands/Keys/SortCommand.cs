using System.Text;
using Valkey.Turbo.Engine;
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

    /// <summary>The elements, one behind the other, in the order of their bytes; a thread uses one again and again.</summary>
    private sealed class Elements
    {
        private const int LargestKeptBytes = 1 << 20;

        [ThreadStatic]
        private static Elements? t_idle;

        private byte[] _bytes = new byte[256];
        private int _length;
        private readonly List<int> _ends = [];

        private Elements() => ByBytes = (a, b) => this[a].SequenceCompareTo(this[b]);

        /// <summary>Compares two elements, given by their indexes.</summary>
        internal Comparison<int> ByBytes { get; }

        internal int Count => _ends.Count;

        /// <summary>The indexes of the elements, to be put in order.</summary>
        internal int[] Order { get; private set; } = [];

        /// <summary>Their scores, for sorting by number.</summary>
        internal double[] Scores { get; private set; } = [];

        /// <summary>The arguments of the GET options.</summary>
        internal List<int> Gets { get; } = [];

        internal ReadOnlySpan<byte> this[int index]
        {
            get
            {
                int start = index == 0 ? 0 : _ends[index - 1];
                return _bytes.AsSpan(start, _ends[index] - start);
            }
        }

        internal static Elements Take()
        {
            Elements elements = t_idle ?? new Elements();
            t_idle = null;
            return elements;
        }

        internal void GiveBack()
        {
            _length = 0;
            _ends.Clear();
            Gets.Clear();
            t_idle = _bytes.Length + (long)Order.Length * (sizeof(int) + sizeof(double)) <= LargestKeptBytes ? this : null;
        }

        internal void Add(ReadOnlySpan<byte> element)
        {
            if (_bytes.Length - _length < element.Length)
            {
                Array.Resize(ref _bytes, checked((int)Math.Max(_bytes.Length * 2L, _length + (long)element.Length)));
            }
            element.CopyTo(_bytes.AsSpan(_length));
            _length += element.Length;
            _ends.Add(_length);
        }

        /// <summary>Puts the indexes in the order in which the elements were added.</summary>
        internal void ResetOrder()
        {
            if (Order.Length < Count)
            {
                Order = new int[Math.Max(Count, Order.Length * 2)];
                Scores = new double[Order.Length];
            }
            for (int i = 0; i < Count; i++)
            {
                Order[i] = i;
            }
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
        if (options.Unsorted && options.StoreAt > 0 && key.Exists && key.Entry.Type == ValueType.Set)
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
            Store(context, options, elements, elements.Order.AsSpan(first, count));
            return;
        }
        Reply(context, elements, elements.Order.AsSpan(first, count));
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
        Span<int> order = elements.Order.AsSpan(0, elements.Count);
        if (options.Alphabetical)
        {
            SortAlphabetically(context, options, elements, order);
            return true;
        }
        Span<double> scores = elements.Scores.AsSpan(0, order.Length);
        for (int i = 0; i < scores.Length; i++)
        {
            if (!TryScore(context, options, elements[i], out scores[i]))
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

    private static bool TryScore(CommandContext context, in Options options, ReadOnlySpan<byte> element, out double score)
    {
        score = 0;
        if (options.ByAt == 0)
        {
            return TryNumber(element, out score);
        }
        byte[]? value = LookUp(context, context.Argument(options.ByAt), element);
        // What is not there counts as 0.
        return value is null || TryNumber(value, out score);
    }

    private static bool TryNumber(ReadOnlySpan<byte> text, out double number)
    {
        // Most numbers are integers, which are read many times faster.
        if (Decimal64.TryParse(text, out long integer))
        {
            number = integer;
            return true;
        }
        return DoubleText.TryParse(text, out number) && !double.IsNaN(number);
    }

    private static void SortAlphabetically(CommandContext context, in Options options, Elements elements, Span<int> order)
    {
        if (options.ByAt == 0)
        {
            order.Sort(elements.ByBytes);
        }
        else
        {
            SortByWeight(context, options, elements, order);
        }
        if (options.Descending)
        {
            order.Reverse();
        }
    }

    private static void SortByWeight(CommandContext context, in Options options, Elements elements, Span<int> order)
    {
        byte[]?[] weights = new byte[]?[order.Length];
        for (int i = 0; i < weights.Length; i++)
        {
            weights[i] = LookUp(context, context.Argument(options.ByAt), elements[i]);
        }
        order.Sort((a, b) => Compare(weights[a], weights[b]));
    }

    private static int Compare(byte[]? a, byte[]? b) =>
        a is null || b is null ? (a is null ? 0 : 1) - (b is null ? 0 : 1) : a.AsSpan().SequenceCompareTo(b);

    /// <summary>What a pattern names for an element: a string, or a field of a hash behind <c>-&gt;</c>; null if there is none.</summary>
    private static byte[]? LookUp(CommandContext context, ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> element)
    {
        if (pattern is [(byte)'#'])
        {
            return element.ToArray();
        }
        int star = pattern.IndexOf((byte)'*');
        if (star < 0)
        {
            return null;
        }
        int arrow = pattern[(star + 1)..].IndexOf("->"u8);
        bool hasField = arrow >= 0 && star + 1 + arrow + 2 < pattern.Length;
        ReadOnlySpan<byte> suffix = hasField ? pattern.Slice(star + 1, arrow) : pattern[(star + 1)..];
        byte[] name = [.. pattern[..star], .. element, .. suffix];
        KeyHandle key = context.Peek(name);
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        if (hasField)
        {
            ReadOnlySpan<byte> field = pattern[(star + 1 + arrow + 2)..];
            return key.Exists && key.Entry.Type == ValueType.Hash
                && context.HashOf(key).TryGet(field, scratch, out ReadOnlySpan<byte> value) ? value.ToArray() : null;
        }
        return key.Exists && key.Entry.Type == ValueType.String ? StringValue.Read(key.Entry, scratch).ToArray() : null;
    }

    private static void Reply(CommandContext context, Elements elements, ReadOnlySpan<int> order)
    {
        context.Reply.Array(order.Length * (long)Math.Max(1, elements.Gets.Count));
        foreach (int index in order)
        {
            if (elements.Gets.Count == 0)
            {
                context.Reply.Bulk(elements[index]);
            }
            foreach (int get in elements.Gets)
            {
                if (LookUp(context, context.Argument(get), elements[index]) is byte[] value)
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
                Push(context, list, LookUp(context, context.Argument(get), elements[index]));
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
                options.Unsorted = !context.Argument(i).Contains((byte)'*');
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
