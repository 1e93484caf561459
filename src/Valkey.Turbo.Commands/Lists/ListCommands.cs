using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Lists;

/// <summary>One list: pushing, popping, and its items by index.</summary>
internal static class ListCommands
{
    private const string EachElement = "O(N) where N is the number of elements given.";
    private const string Seek = "O(N) where N is the number of elements to pass before the one wanted; O(1) at either end.";
    private static readonly KeySpec Inserts = KeySpec.One(KeyFlags.RW | KeyFlags.Insert);
    private static readonly KeySpec Pops = KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete);
    private static readonly KeySpec Deletes = KeySpec.One(KeyFlags.RW | KeyFlags.Delete);
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("lpush", -3, CommandFlags.Write | DenyOom | Fast, "list", "1.0.0", EachElement,
            "Puts elements before the head of a list, which is created if there is none.",
            context => Push(context, atHead: true, onlyIfPresent: false), Inserts, "key:key element:string..."),
        CommandSpec.Define("rpush", -3, CommandFlags.Write | DenyOom | Fast, "list", "1.0.0", EachElement,
            "Puts elements behind the tail of a list, which is created if there is none.",
            context => Push(context, atHead: false, onlyIfPresent: false), Inserts, "key:key element:string..."),
        CommandSpec.Define("lpushx", -3, CommandFlags.Write | DenyOom | Fast, "list", "2.2.0", EachElement,
            "Puts elements before the head of a list, if there is one.",
            context => Push(context, atHead: true, onlyIfPresent: true), Inserts, "key:key element:string..."),
        CommandSpec.Define("rpushx", -3, CommandFlags.Write | DenyOom | Fast, "list", "2.2.0", EachElement,
            "Puts elements behind the tail of a list, if there is one.",
            context => Push(context, atHead: false, onlyIfPresent: true), Inserts, "key:key element:string..."),
        CommandSpec.Define("lpop", -2, CommandFlags.Write | Fast, "list", "1.0.0", "O(1), and O(N) for N elements returned with a count.",
            "Takes elements from the head of a list.", context => Pop(context, atHead: true), Pops, "key:key [count:integer^6.2.0]"),
        CommandSpec.Define("rpop", -2, CommandFlags.Write | Fast, "list", "1.0.0", "O(1), and O(N) for N elements returned with a count.",
            "Takes elements from the tail of a list.", context => Pop(context, atHead: false), Pops, "key:key [count:integer^6.2.0]"),
        CommandSpec.Define("llen", 2, ReadOnly | Fast, "list", "1.0.0", "O(1)", "Returns the length of a list.",
            Length, KeySpec.One(KeyFlags.RO), "key:key"),
        CommandSpec.Define("lindex", 3, ReadOnly, "list", "1.0.0", Seek, "Returns the element of a list at an index.",
            Index, Reads, "key:key index:integer"),
        CommandSpec.Define("lset", 4, CommandFlags.Write | DenyOom, "list", "1.0.0", Seek,
            "Replaces the element of a list at an index.", Set, KeySpec.One(KeyFlags.RW | KeyFlags.Update),
            "key:key index:integer element:string"),
        CommandSpec.Define("linsert", 5, CommandFlags.Write | DenyOom, "list", "2.2.0", Seek,
            "Puts an element before or behind another.", Insert, Inserts,
            "key:key where=<before:BEFORE | after:AFTER> pivot:string element:string"),
        CommandSpec.Define("lrange", 4, ReadOnly, "list", "1.0.0",
            "O(S+N) where S is the distance of the range from the nearer end and N its length.",
            "Returns the elements of a list in a range of indexes.", Range, Reads, "key:key start:integer stop:integer"),
        CommandSpec.Define("ltrim", 4, CommandFlags.Write, "list", "1.0.0", "O(N) where N is the number of elements removed.",
            "Removes the elements of a list outside a range of indexes.", Trim, Deletes, "key:key start:integer stop:integer"),
        CommandSpec.Define("lrem", 4, CommandFlags.Write, "list", "1.0.0", "O(N) where N is the length of the list.",
            "Removes elements of a list that equal a value.", Remove, Deletes, "key:key count:integer element:string"),
        CommandSpec.Define("lpos", -3, ReadOnly, "list", "6.0.6", "O(N) where N is the number of elements looked at.",
            "Returns the indexes of elements that equal a value.", Position, Reads,
            "key:key element:string [rank:integer@RANK] [num-matches:integer@COUNT] [len:integer@MAXLEN]"),
    ];

    private static void Push(CommandContext context, bool atHead, bool onlyIfPresent)
    {
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.List))
        {
            return;
        }
        if (onlyIfPresent && !key.Exists)
        {
            context.Reply.Integer(0);
            return;
        }
        context.BeginChange(ref key, ValueType.List, ValueEncoding.Listpack);
        long bytes = 0;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            bytes += context.Argument(i).Length;
        }
        ListValue list = key.List;
        list.ExpectMore(bytes, context.ArgumentCount - 2, context.Limits);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            list.Push(context.Argument(i), atHead, context.Limits);
        }
        context.Changed(key, KeyEvent.List, atHead ? "lpush" : "rpush", context.ArgumentCount - 2);
        context.Reply.Integer(list.Count);
    }

    private static void Pop(CommandContext context, bool atHead)
    {
        if (context.ArgumentCount > 3)
        {
            context.Reply.Error(Errors.Arity(context.Command.FullName));
            return;
        }
        bool hasCount = context.ArgumentCount == 3;
        long count = 1;
        if (hasCount && !context.TryPositive(2, out count))
        {
            return;
        }
        if (!context.TryWrite(1, ValueType.List, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused && hasCount)
            {
                context.Reply.NullArray();
            }
            else if (!isRefused)
            {
                context.Reply.Null();
            }
            return;
        }
        if (!hasCount)
        {
            Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
            context.Reply.Bulk(key.List.At(atHead ? 0 : -1, scratch));
            PopItems(context, ref key, 1, atHead);
            return;
        }
        count = Math.Min(count, key.List.Count);
        context.Reply.Array(count);
        if (count > 0)
        {
            ReplyItems(context, key.List, count, atHead);
            PopItems(context, ref key, count, atHead);
        }
    }

    /// <summary>Replies items from an end of a list, without the array's header.</summary>
    internal static void ReplyItems(CommandContext context, ListValue list, long count, bool fromHead)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        ListEnumerator items = list.Enumerate(fromHead ? 0 : list.Count - 1, isReverse: !fromHead);
        while (count-- > 0 && items.MoveNext())
        {
            context.Reply.Bulk(items.Read(scratch));
        }
    }

    /// <summary>Removes items from an end of a list, and the list if none is left.</summary>
    internal static void PopItems(CommandContext context, ref KeyHandle key, long count, bool atHead)
    {
        context.BeginChange(key);
        ListValue list = key.List;
        long left = list.Count - count;
        list.RemoveRange(atHead ? 0 : left, count);
        context.Changed(key, KeyEvent.List, atHead ? "lpop" : "rpop", count);
        if (!context.DeleteIfEmpty(ref key, left))
        {
            list.ShrinkIfSmall(context.Limits);
        }
    }

    private static void Length(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.List, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            context.Reply.Integer(exists ? key.List.Count : 0);
        }
    }

    private static void Index(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.List, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (!exists)
        {
            context.Reply.Null();
            return;
        }
        if (!context.TryInteger(2, out long index))
        {
            return;
        }
        long count = key.List.Count;
        index = index < 0 ? index + count : index;
        if (index < 0 || index >= count)
        {
            context.Reply.Null();
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        context.Reply.Bulk(key.List.At(index, scratch));
    }

    private static void Set(CommandContext context)
    {
        if (!context.TryWrite(1, ValueType.List, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                context.Reply.Error(Errors.NoSuchKey);
            }
            return;
        }
        if (!context.TryInteger(2, out long index))
        {
            return;
        }
        context.BeginChange(key);
        ListValue list = key.List;
        // As in Valkey even where there is no such item.
        list.ExpectMore(context.Argument(3).Length, 1, context.Limits);
        index = index < 0 ? index + list.Count : index;
        if (index < 0 || index >= list.Count)
        {
            context.Reply.Error("ERR index out of range");
            return;
        }
        list.Set(index, context.Argument(3), context.Limits);
        list.ShrinkIfSmall(context.Limits);
        context.Changed(key, KeyEvent.List, "lset");
        context.Reply.Ok();
    }

    private static void Insert(CommandContext context)
    {
        bool isBehind = context.Is(2, "AFTER");
        if (!isBehind && !context.Is(2, "BEFORE"))
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        if (!context.TryWrite(1, ValueType.List, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                context.Reply.Integer(0);
            }
            return;
        }
        context.BeginChange(key);
        ListValue list = key.List;
        list.ExpectMore(context.Argument(4).Length, 1, context.Limits);
        if (!list.Insert(context.Argument(3), isBehind, context.Argument(4), context.Limits))
        {
            list.ShrinkIfSmall(context.Limits);
            context.Reply.Integer(-1);
            return;
        }
        context.Changed(key, KeyEvent.List, "linsert");
        context.Reply.Integer(list.Count);
    }

    private static void Range(CommandContext context)
    {
        if (!context.TryInteger(2, out long start) || !context.TryInteger(3, out long stop))
        {
            return;
        }
        bool exists = context.TryRead(1, ValueType.List, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        (long first, long length) = exists ? CommandContext.Range(start, stop, key.List.Count) : (0, 0);
        context.Reply.Array(length);
        if (length == 0)
        {
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        ListEnumerator items = key.List.Enumerate(first);
        while (length-- > 0 && items.MoveNext())
        {
            context.Reply.Bulk(items.Read(scratch));
        }
    }

    private static void Trim(CommandContext context)
    {
        if (!context.TryInteger(2, out long start) || !context.TryInteger(3, out long stop))
        {
            return;
        }
        bool exists = context.TryWrite(1, ValueType.List, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (exists)
        {
            context.BeginChange(key);
            ListValue list = key.List;
            (long first, long length) = CommandContext.Range(start, stop, list.Count);
            context.Changed(key, KeyEvent.List, "ltrim", list.Count - length);
            if (!context.DeleteIfEmpty(ref key, length))
            {
                list.RemoveRange(first + length, list.Count - first - length);
                list.RemoveRange(0, first);
                list.ShrinkIfSmall(context.Limits);
            }
        }
        context.Reply.Ok();
    }

    private static void Remove(CommandContext context)
    {
        if (!context.TryInteger(2, out long count))
        {
            return;
        }
        if (count == long.MinValue)
        {
            context.Reply.Error($"ERR value is out of range, value must between {-long.MaxValue} and {long.MaxValue}");
            return;
        }
        if (!context.TryWrite(1, ValueType.List, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                context.Reply.Integer(0);
            }
            return;
        }
        context.BeginChange(key);
        ListValue list = key.List;
        long removed = list.Remove(context.Argument(3), count == 0 ? long.MaxValue : Math.Abs(count), fromTail: count < 0);
        if (removed > 0)
        {
            context.Changed(key, KeyEvent.List, "lrem", removed);
            if (!context.DeleteIfEmpty(ref key, list.Count))
            {
                list.ShrinkIfSmall(context.Limits);
            }
        }
        context.Reply.Integer(removed);
    }

    private static void Position(CommandContext context)
    {
        if (!TryPositionOptions(context, out long rank, out long limit, out long longest))
        {
            return;
        }
        bool exists = context.TryRead(1, ValueType.List, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        using Scratch<long> scratch = new();
        NativeList<long> found = scratch.Items;
        if (exists)
        {
            Search(key.List, context.Argument(2), rank, limit < 0 ? 1 : limit, longest, found);
        }
        if (limit >= 0)
        {
            context.Reply.Array(found.Count);
        }
        else if (found.Count == 0)
        {
            context.Reply.Null();
        }
        foreach (long index in found)
        {
            context.Reply.Integer(index);
        }
    }

    private static void Search(ListValue list, ReadOnlySpan<byte> value, long rank, long limit, long longest, NativeList<long> found)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        long count = list.Count, skip = Math.Abs(rank) - 1;
        ListEnumerator items = list.Enumerate(rank < 0 ? count - 1 : 0, isReverse: rank < 0);
        for (long at = 0; (longest == 0 || at < longest) && items.MoveNext(); at++)
        {
            if (items.Read(scratch).SequenceEqual(value) && skip-- <= 0)
            {
                found.Add(rank < 0 ? count - 1 - at : at);
                if (found.Count == limit)
                {
                    return;
                }
            }
        }
    }

    /// <summary>Reads the options of LPOS; a limit of -1 means that none was given.</summary>
    private static bool TryPositionOptions(CommandContext context, out long rank, out long limit, out long longest)
    {
        rank = 1;
        limit = -1;
        longest = 0;
        for (int i = 3; i < context.ArgumentCount; i += 2)
        {
            bool hasValue = i + 1 < context.ArgumentCount;
            if (hasValue && context.Is(i, "RANK"))
            {
                if (!context.TryInteger(i + 1, out rank))
                {
                    return false;
                }
                if (rank is 0 or long.MinValue)
                {
                    context.Reply.Error(rank == 0
                        ? "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to "
                            + "start from the end of the list"
                        : $"ERR value is out of range, value must between {-long.MaxValue} and {long.MaxValue}");
                    return false;
                }
            }
            else if (hasValue && context.Is(i, "COUNT"))
            {
                if (!context.TryPositive(i + 1, out limit, "ERR COUNT can't be negative"))
                {
                    return false;
                }
            }
            else if (hasValue && context.Is(i, "MAXLEN"))
            {
                if (!context.TryPositive(i + 1, out longest, "ERR MAXLEN can't be negative"))
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
