using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.SortedSets;

/// <summary>The commands of sorted sets that wait for members.</summary>
internal static class BlockingSortedSetCommands
{
    private const CommandFlags Flags = CommandFlags.Write | CommandFlags.Blocking;
    private const string Cost = "O(log(N)) where N is the size of the sorted set.";
    private static readonly KeySpec Keys = new(1, -2, 1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("bzpopmin", -3, Flags | Fast, "sorted-set", "5.0.0", Cost,
            "Takes the lowest member of the first sorted set that has any, and waits for one.", context => Pop(context, isMax: false), Keys,
            "key:key... timeout:double"),
        CommandSpec.Define("bzpopmax", -3, Flags | Fast, "sorted-set", "5.0.0", Cost,
            "Takes the highest member of the first sorted set that has any, and waits for one.", context => Pop(context, isMax: true), Keys,
            "key:key... timeout:double"),
        CommandSpec.Define("bzmpop", -5, Flags | MovableKeys, "sorted-set", "7.0.0",
            "O(K)+O(M*log(N)) where K is the number of keys, N the size of the sorted set and M the number of members returned.",
            "Takes members from the first sorted set that has any, and waits for some.", MultiPop,
            KeySpec.Counted(2, 1, KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete),
            "timeout:double numkeys:integer key:key... where=<min:MIN | max:MAX> [count:integer@COUNT]"),
    ];

    private static void Pop(CommandContext context, bool isMax)
    {
        int last = context.ArgumentCount - 1;
        if (!context.TryTimeout(last, out long timeoutNs))
        {
            return;
        }
        if (context.TryFirstFilled(last, ValueType.SortedSet, out KeyHandle key, out bool isRefused))
        {
            context.Reply.Array(3);
            context.Reply.Bulk(key.Name);
            SortedSetPopCommands.PopMembers(context, ref key, 1, isMax, asPairs: false);
            context.Record(2).Add(isMax ? "ZPOPMAX"u8 : "ZPOPMIN"u8).Add(key.Name);
            context.Journal(key);
        }
        else if (!isRefused)
        {
            context.WaitOrReplyNothing(1, last - 1, timeoutNs);
        }
    }

    private static void MultiPop(CommandContext context)
    {
        if (!SortedSetPopCommands.TryMultiPopOptions(context, 2, out int keyCount, out bool isMax, out long count)
            || !context.TryTimeout(1, out long timeoutNs)
            || SortedSetPopCommands.TryMultiPop(context, 3, keyCount, isMax, count, out bool isRefused) || isRefused)
        {
            return;
        }
        context.WaitOrReplyNothing(3, keyCount, timeoutNs);
    }
}
