using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Lists;

/// <summary>Several lists: moving an element from one to another, and popping from the first that has any.</summary>
internal static class ListMoveCommands
{
    internal static readonly KeySpec Source = KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete);
    internal static readonly KeySpec Destination = new(2, 2, 1, KeyFlags.RW | KeyFlags.Insert);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("lmove", 5, CommandFlags.Write | DenyOom, "list", "6.2.0", "O(1)",
            "Moves an element from an end of one list to an end of another, and returns it.", Move, Source,
            "source:key destination:key wherefrom=<left:LEFT | right:RIGHT> whereto=<left:LEFT | right:RIGHT>",
            moreKeys: [Destination]),
        CommandSpec.Define("rpoplpush", 3, CommandFlags.Write | DenyOom, "list", "1.2.0", "O(1)",
            "Moves the last element of one list to the head of another, and returns it.",
            context => Move(context, fromHead: false, toHead: true), Source, "source:key destination:key",
            moreKeys: [Destination]),
        CommandSpec.Define("lmpop", -4, CommandFlags.Write | MovableKeys, "list", "7.0.0",
            "O(N+M) where N is the number of keys and M the number of elements returned.",
            "Takes elements from the first list that has any.", MultiPop,
            KeySpec.Counted(1, 1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete),
            "numkeys:integer key:key... where=<left:LEFT | right:RIGHT> [count:integer@COUNT]"),
    ];

    /// <summary>Reads LEFT or RIGHT, or replies the error.</summary>
    internal static bool TryEnd(CommandContext context, int index, out bool isHead)
    {
        isHead = context.Is(index, "LEFT");
        if (isHead || context.Is(index, "RIGHT"))
        {
            return true;
        }
        context.Reply.Error(Errors.Syntax);
        return false;
    }

    private static void Move(CommandContext context)
    {
        if (TryEnd(context, 3, out bool fromHead) && TryEnd(context, 4, out bool toHead))
        {
            Move(context, fromHead, toHead);
        }
    }

    private static void Move(CommandContext context, bool fromHead, bool toHead)
    {
        if (TryMove(context, fromHead, toHead, out bool isRefused) || isRefused)
        {
            return;
        }
        context.Reply.Null();
    }

    /// <summary>Moves and replies an element. False means that the source is empty, or that the error has been replied.</summary>
    internal static bool TryMove(CommandContext context, bool fromHead, bool toHead, out bool isRefused)
    {
        if (!context.TryWrite(1, ValueType.List, out KeyHandle source, out isRefused))
        {
            return false;
        }
        if (context.Argument(1).SequenceEqual(context.Argument(2)))
        {
            Rotate(context, source, fromHead, toHead);
            return true;
        }
        KeyHandle target = context.Write(2);
        if (!context.IsTypeOrAbsent(target, ValueType.List))
        {
            isRefused = true;
            return false;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        // The element is copied aside: adding to another list may move it.
        ReadOnlySpan<byte> element = context.SetAside(source.List.At(fromHead ? 0 : -1, scratch));
        context.BeginChange(ref target, ValueType.List, ValueEncoding.Listpack);
        target.List.ExpectMore(element.Length, 1, context.Limits);
        target.List.Push(element, toHead, context.Limits);
        context.Changed(target, KeyEvent.List, toHead ? "lpush" : "rpush", 0);
        source = context.Open(1);
        ListCommands.PopItems(context, ref source, 1, fromHead);
        context.Reply.Bulk(element);
        return true;
    }

    /// <summary>Moves an element within its list, which never holds more meanwhile than it did.</summary>
    private static void Rotate(CommandContext context, in KeyHandle key, bool fromHead, bool toHead)
    {
        ListValue list = key.List;
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        ReadOnlySpan<byte> element = context.SetAside(list.At(fromHead ? 0 : -1, scratch));
        context.BeginChange(key);
        if (fromHead != toHead && list.Count > 1)
        {
            list.RemoveRange(fromHead ? 0 : list.Count - 1, 1);
            list.ExpectMore(element.Length, 1, context.Limits);
            list.Push(element, toHead, context.Limits);
        }
        list.ShrinkIfSmall(context.Limits);
        context.Changed(key, KeyEvent.List, toHead ? "lpush" : "rpush", 0);
        context.Changed(key, KeyEvent.List, fromHead ? "lpop" : "rpop");
        context.Reply.Bulk(element);
    }

    private static void MultiPop(CommandContext context)
    {
        if (!TryMultiPopOptions(context, 1, out int keyCount, out bool atHead, out long count)
            || TryMultiPop(context, 2, keyCount, atHead, count, out bool isRefused) || isRefused)
        {
            return;
        }
        context.Reply.NullArray();
    }

    /// <summary>Reads what follows a number of keys: the keys, an end and a count.</summary>
    internal static bool TryMultiPopOptions(CommandContext context, int at, out int keyCount, out bool atHead, out long count)
    {
        atHead = false;
        count = 1;
        if (!context.TryKeyCount(at, out keyCount, "ERR numkeys should be greater than 0"))
        {
            return false;
        }
        int next = at + keyCount + 1;
        if (next >= context.ArgumentCount)
        {
            context.Reply.Error(Errors.Syntax);
            return false;
        }
        return TryEnd(context, next, out atHead) && TryCount(context, next + 1, out count);
    }

    /// <summary>Reads an optional COUNT, which must be more than 0.</summary>
    internal static bool TryCount(CommandContext context, int at, out long count)
    {
        const string error = "ERR count should be greater than 0";
        count = 1;
        bool isGiven = false;
        for (; at < context.ArgumentCount; at += 2)
        {
            if (isGiven || !context.Is(at, "COUNT") || at + 1 == context.ArgumentCount)
            {
                context.Reply.Error(Errors.Syntax);
                return false;
            }
            if (!context.TryInteger(at + 1, out count, error))
            {
                return false;
            }
            if (count <= 0)
            {
                context.Reply.Error(error);
                return false;
            }
            isGiven = true;
        }
        return true;
    }

    /// <summary>Pops from the first list that has elements. False means that none has, or that the error has been replied.</summary>
    internal static bool TryMultiPop(
        CommandContext context, int firstKey, int keyCount, bool atHead, long count, out bool isRefused)
    {
        isRefused = false;
        for (int i = firstKey; i < firstKey + keyCount; i++)
        {
            KeyHandle key = context.Write(i);
            if (!key.Exists || (context.IsRetry && key.Entry.Type != ValueType.List))
            {
                continue;
            }
            isRefused = !context.IsTypeOrAbsent(key, ValueType.List);
            if (isRefused)
            {
                return false;
            }
            count = Math.Min(count, key.List.Count);
            context.Reply.Array(2);
            context.Reply.Bulk(key.Name);
            context.Reply.Array(count);
            ListCommands.ReplyItems(context, key.List, count, atHead);
            ListCommands.PopItems(context, ref key, count, atHead);
            context.Record(3).Add(atHead ? "LPOP"u8 : "RPOP"u8).Add(key.Name).Add(count);
            context.Journal(key);
            return true;
        }
        return false;
    }
}
