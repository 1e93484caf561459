using Valkey.Turbo.Engine;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Lists;

/// <summary>The commands of lists that wait for elements.</summary>
internal static class BlockingListCommands
{
    private const CommandFlags Flags = CommandFlags.Write | CommandFlags.Blocking;
    private static readonly KeySpec Keys = new(1, -2, 1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("blpop", -3, Flags, "list", "2.0.0", "O(N) where N is the number of keys.",
            "Takes the first element of the first list that has any, and waits for one.", context => Pop(context, atHead: true), Keys,
            "key:key... timeout:double"),
        CommandSpec.Define("brpop", -3, Flags, "list", "2.0.0", "O(N) where N is the number of keys.",
            "Takes the last element of the first list that has any, and waits for one.", context => Pop(context, atHead: false), Keys,
            "key:key... timeout:double"),
        CommandSpec.Define("blmove", 6, Flags | DenyOom, "list", "6.2.0", "O(1)",
            "Moves an element from one list to another, and waits for one.", Move, ListMoveCommands.Source,
            "source:key destination:key wherefrom=<left:LEFT | right:RIGHT> whereto=<left:LEFT | right:RIGHT> timeout:double",
            moreKeys: [ListMoveCommands.Destination]),
        CommandSpec.Define("brpoplpush", 4, Flags | DenyOom, "list", "2.2.0", "O(1)",
            "Moves the last element of one list to the head of another, and waits for one.",
            context => Move(context, fromHead: false, toHead: true, timeoutAt: 3), ListMoveCommands.Source,
            "source:key destination:key timeout:double", moreKeys: [ListMoveCommands.Destination]),
        CommandSpec.Define("blmpop", -5, Flags | MovableKeys, "list", "7.0.0",
            "O(N+M) where N is the number of keys and M the number of elements returned.",
            "Takes elements from the first list that has any, and waits for some.", MultiPop,
            KeySpec.Counted(2, 1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete),
            "timeout:double numkeys:integer key:key... where=<left:LEFT | right:RIGHT> [count:integer@COUNT]"),
    ];

    private static void Pop(CommandContext context, bool atHead)
    {
        int last = context.ArgumentCount - 1;
        if (!context.TryTimeout(last, out long timeoutNs))
        {
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        if (context.TryFirstFilled(last, ValueType.List, out KeyHandle key, out bool isRefused))
        {
            context.Reply.Array(2);
            context.Reply.Bulk(key.Name);
            context.Reply.Bulk(key.List.At(atHead ? 0 : -1, scratch));
            ListCommands.PopItems(context, ref key, 1, atHead);
            context.Record(2).Add(atHead ? "LPOP"u8 : "RPOP"u8).Add(key.Name);
            context.Journal(key);
        }
        else if (!isRefused)
        {
            context.WaitOrReplyNothing(1, last - 1, timeoutNs);
        }
    }

    private static void Move(CommandContext context)
    {
        if (ListMoveCommands.TryEnd(context, 3, out bool fromHead) && ListMoveCommands.TryEnd(context, 4, out bool toHead))
        {
            Move(context, fromHead, toHead, timeoutAt: 5);
        }
    }

    private static void Move(CommandContext context, bool fromHead, bool toHead, int timeoutAt)
    {
        if (!context.TryTimeout(timeoutAt, out long timeoutNs))
        {
            return;
        }
        bool isRefused = false;
        KeyHandle source = context.Open(1);
        bool isOther = context.IsRetry && source.Exists && source.Entry.Type != ValueType.List;
        if (!isOther && (ListMoveCommands.TryMove(context, fromHead, toHead, out isRefused) || isRefused))
        {
            if (!isRefused)
            {
                context.Record(5).Add("LMOVE"u8).Add(context.Argument(1)).Add(context.Argument(2))
                    .Add(fromHead ? "LEFT"u8 : "RIGHT"u8).Add(toHead ? "LEFT"u8 : "RIGHT"u8);
                context.JournalHeld();
            }
            return;
        }
        if (context.Worker.Shards.IsPinned)
        {
            // In a transaction, which never waits, the null is the one of LMOVE.
            context.Reply.Null();
            return;
        }
        context.WaitOrReplyNothing(1, 1, timeoutNs, movesOn: true);
    }

    private static void MultiPop(CommandContext context)
    {
        if (!ListMoveCommands.TryMultiPopOptions(context, 2, out int keyCount, out bool atHead, out long count)
            || !context.TryTimeout(1, out long timeoutNs)
            || ListMoveCommands.TryMultiPop(context, 3, keyCount, atHead, count, out bool isRefused) || isRefused)
        {
            return;
        }
        context.WaitOrReplyNothing(3, keyCount, timeoutNs);
    }
}
