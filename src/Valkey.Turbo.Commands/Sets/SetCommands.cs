using Valkey.Turbo.Commands.Keys;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Sets;

/// <summary>One set: its members, one by one, all, or at random.</summary>
internal static class SetCommands
{
    private const string EachMember = "O(N) where N is the number of members given.";
    private static readonly KeySpec Reads = KeySpec.One(KeyFlags.RO | KeyFlags.Access);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("sadd", -3, CommandFlags.Write | DenyOom | Fast, "set", "1.0.0", EachMember,
            "Adds members to a set, which is created if there is none.", Add, KeySpec.One(KeyFlags.RW | KeyFlags.Insert),
            "key:key member:string...", memberAt: 2),
        CommandSpec.Define("srem", -3, CommandFlags.Write | Fast, "set", "1.0.0", EachMember, "Removes members from a set.",
            Remove, KeySpec.One(KeyFlags.RW | KeyFlags.Delete), "key:key member:string...", memberAt: 2),
        CommandSpec.Define("sismember", 3, ReadOnly | Fast, "set", "1.0.0", "O(1)", "Tells whether a value is a member of a set.",
            IsMember, KeySpec.One(KeyFlags.RO), "key:key member:string", memberAt: 2),
        CommandSpec.Define("smismember", -3, ReadOnly | Fast, "set", "6.2.0", EachMember,
            "Tells of several values whether they are members of a set.", AreMembers, Reads, "key:key member:string...", memberAt: 2),
        CommandSpec.Define("scard", 2, ReadOnly | Fast, "set", "1.0.0", "O(1)", "Returns the number of members of a set.",
            Cardinality, KeySpec.One(KeyFlags.RO), "key:key"),
        CommandSpec.Define("smembers", 2, ReadOnly, "set", "1.0.0", "O(N) where N is the number of members.",
            "Returns all members of a set.", Members, Reads, "key:key", tips: "nondeterministic_output_order"),
        CommandSpec.Define("spop", -2, CommandFlags.Write | Fast, "set", "1.0.0", "O(1), and O(N) for N members returned with a count.",
            "Removes members at random from a set, and returns them.", Pop,
            KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete), "key:key [count:integer^3.2.0]", tips: "nondeterministic_output"),
        CommandSpec.Define("srandmember", -2, ReadOnly, "set", "1.0.0", "O(N) where N is the number of members returned.",
            "Returns members of a set at random.", RandomMember, Reads, "key:key [count:integer^2.6.0]", tips: "nondeterministic_output"),
        CommandSpec.Define("smove", 4, CommandFlags.Write | Fast, "set", "1.0.0", "O(1)", "Moves a member from one set to another.",
            Move, KeySpec.One(KeyFlags.RW | KeyFlags.Access | KeyFlags.Delete), "source:key destination:key member:string",
            moreKeys: [new KeySpec(2, 2, 1, KeyFlags.RW | KeyFlags.Insert)]),
        CommandSpec.Define("sscan", -3, ReadOnly, "set", "2.8.0", "O(1) for every call, O(N) for a complete iteration.",
            "Iterates over the members of a set.", Scan, Reads,
            "key:key cursor:integer [pattern:pattern@MATCH] [count:integer@COUNT]", tips: "nondeterministic_output"),
    ];

    private static void Add(CommandContext context)
    {
        KeyHandle key = context.Write(1);
        if (!context.IsTypeOrAbsent(key, ValueType.Set))
        {
            return;
        }
        int count = context.ArgumentCount - 2;
        bool existed = key.Exists;
        context.BeginChange(ref key, ValueType.Set, existed ? default : SetValue.EncodingFor(context.Argument(2), count, context.Limits));
        SetValue set = key.Set;
        if (existed)
        {
            set.ExpectMore(count, context.Limits);
        }
        int added = 0;
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            added += set.Add(context.Argument(i), context.Limits) ? 1 : 0;
        }
        if (added > 0)
        {
            context.Changed(key, KeyEvent.Set, "sadd", added);
        }
        context.Reply.Integer(added);
    }

    private static void Remove(CommandContext context)
    {
        if (!context.TryWrite(1, ValueType.Set, out KeyHandle key, out bool isRefused))
        {
            ReplyZero(context, isRefused);
            return;
        }
        context.BeginChange(key);
        SetValue set = key.Set;
        int removed = 0;
        bool isGone = false;
        for (int i = 2; i < context.ArgumentCount && !isGone; i++)
        {
            if (set.Remove(context.Argument(i)))
            {
                removed++;
                isGone = set.Count == 0;
            }
        }
        if (removed > 0)
        {
            context.Changed(key, KeyEvent.Set, "srem", removed);
            context.DeleteIfEmpty(ref key, set.Count);
        }
        context.Reply.Integer(removed);
    }

    private static void IsMember(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Set, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            context.Reply.Integer(exists && key.Set.Contains(context.Argument(2)) ? 1 : 0);
        }
    }

    private static void AreMembers(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Set, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        context.Reply.Array(context.ArgumentCount - 2);
        for (int i = 2; i < context.ArgumentCount; i++)
        {
            context.Reply.Integer(exists && key.Set.Contains(context.Argument(i)) ? 1 : 0);
        }
    }

    private static void Cardinality(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Set, out KeyHandle key, out bool isRefused);
        if (!isRefused)
        {
            context.Reply.Integer(exists ? key.Set.Count : 0);
        }
    }

    private static void Members(CommandContext context)
    {
        bool exists = context.TryRead(1, ValueType.Set, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        context.Reply.Set(exists ? key.Set.Count : 0);
        if (exists)
        {
            ReplyMembers(context, key.Set);
        }
    }

    /// <summary>Replies every member, without the header.</summary>
    internal static void ReplyMembers(CommandContext context, SetValue set)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        SetEnumerator members = set.Enumerate();
        while (members.MoveNext())
        {
            context.Reply.Bulk(members.Read(scratch));
        }
    }

    private static void Pop(CommandContext context)
    {
        if (context.ArgumentCount > 3)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        if (context.ArgumentCount == 3)
        {
            PopSeveral(context);
            return;
        }
        if (!context.TryWrite(1, ValueType.Set, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                context.Reply.Null();
            }
            return;
        }
        context.BeginChange(key);
        SetValue set = key.Set;
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        ReadOnlySpan<byte> member = context.SetAside(set.Random(context.Worker.Random, scratch));
        set.Remove(member);
        context.Reply.Bulk(member);
        context.Changed(key, KeyEvent.Set, "spop");
        context.DeleteIfEmpty(ref key, set.Count);
        context.Record(3).Add("SREM"u8).Add(key.Name).Add(member);
        context.Journal(key);
    }

    private static void PopSeveral(CommandContext context)
    {
        if (!context.TryPositive(2, out long count))
        {
            return;
        }
        bool exists = context.TryWrite(1, ValueType.Set, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (!exists || count == 0)
        {
            context.Reply.Set(0);
            return;
        }
        context.BeginChange(key);
        SetValue set = key.Set;
        if (count >= set.Count)
        {
            context.Reply.Set(set.Count);
            ReplyMembers(context, set);
            context.Changed(key, KeyEvent.Set, "spop", set.Count);
            context.DeleteIfEmpty(ref key, 0);
            context.JournalDeletion(key, context.Server.Config.LazyServerDel);
            return;
        }
        context.Reply.Set(count);
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (long i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> member = context.SetAside(set.Random(context.Worker.Random, scratch));
            set.Remove(member);
            context.Reply.Bulk(member);
            context.AppendPart(key, "SREM"u8, member);
        }
        context.Changed(key, KeyEvent.Set, "spop", count);
        context.JournalParts(key, "SREM"u8);
    }

    private static void RandomMember(CommandContext context)
    {
        if (context.ArgumentCount > 3)
        {
            context.Reply.Error(Errors.Syntax);
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        bool exists;
        if (context.ArgumentCount == 2)
        {
            exists = context.TryRead(1, ValueType.Set, out KeyHandle single, out bool isSingleRefused);
            if (exists)
            {
                context.Reply.Bulk(single.Set.Random(context.Worker.Random, scratch));
            }
            else if (!isSingleRefused)
            {
                context.Reply.Null();
            }
            return;
        }
        if (!TryRandomCount(context, 2, out long count))
        {
            return;
        }
        exists = context.TryRead(1, ValueType.Set, out KeyHandle key, out bool isRefused);
        if (isRefused)
        {
            return;
        }
        if (!exists || count == 0)
        {
            context.Reply.Array(0);
            return;
        }
        SetValue set = key.Set;
        if (count < 0)
        {
            context.Reply.Array(-count);
            for (; count < 0; count++)
            {
                context.Reply.Bulk(set.Random(context.Worker.Random, scratch));
            }
            return;
        }
        ReplyDistinct(context, set, (int)Math.Min(count, set.Count));
    }

    /// <summary>Reads how many elements to draw, which may be negative but not beyond half of what 64 bits hold.</summary>
    internal static bool TryRandomCount(CommandContext context, int index, out long count)
    {
        if (!context.TryInteger(index, out count))
        {
            return false;
        }
        if (count is < -long.MaxValue or > long.MaxValue)
        {
            context.Reply.Error($"ERR value is out of range, value must between {-long.MaxValue} and {long.MaxValue}");
            return false;
        }
        return true;
    }

    private static void ReplyDistinct(CommandContext context, SetValue set, int count)
    {
        context.Reply.Array(count);
        if (count == set.Count)
        {
            ReplyMembers(context, set);
            return;
        }
        RandomSource random = context.Worker.Random;
        if (set.Encoding == ValueEncoding.HashTable)
        {
            NativeList<nint> found = context.Worker.Found;
            RandomSubset.Entries(random, set.Table, count, found);
            foreach (nint member in found)
            {
                context.Reply.Bulk(SetMember.Key(member));
            }
            found.Clear();
            return;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        using Scratch<int> chosen = new();
        RandomSubset.Indexes(random, count, (int)set.Count, chosen.Items);
        foreach (int index in chosen.Items)
        {
            if (set.Encoding == ValueEncoding.IntSet)
            {
                context.Reply.BulkInteger(set.IntSet[index]);
            }
            else
            {
                context.Reply.Bulk(set.Listpack.Read(set.Listpack.At(index), scratch));
            }
        }
    }

    private static void Move(CommandContext context)
    {
        if (!context.TryWrite(1, ValueType.Set, out KeyHandle source, out bool isRefused))
        {
            ReplyZero(context, isRefused);
            return;
        }
        KeyHandle target = context.Write(2);
        if (!context.IsTypeOrAbsent(target, ValueType.Set))
        {
            return;
        }
        ReadOnlySpan<byte> member = context.Argument(3);
        if (source.Name.SequenceEqual(target.Name))
        {
            context.Reply.Integer(source.Set.Contains(member) ? 1 : 0);
            return;
        }
        context.BeginChange(source);
        if (!source.Set.Remove(member))
        {
            context.Reply.Integer(0);
            return;
        }
        context.Changed(source, KeyEvent.Set, "srem");
        context.DeleteIfEmpty(ref source, source.Set.Count);
        target = context.Open(2);
        context.BeginChange(ref target, ValueType.Set, SetValue.EncodingFor(member, 1, context.Limits));
        if (target.Set.Add(member, context.Limits))
        {
            context.Changed(target, KeyEvent.Set, "sadd");
        }
        context.Reply.Integer(1);
    }

    private static void Scan(CommandContext context)
    {
        if (!CollectionScan.TryCursor(context, out ulong cursor))
        {
            return;
        }
        if (!context.TryRead(1, ValueType.Set, out KeyHandle key, out bool isRefused))
        {
            if (!isRefused)
            {
                CollectionScan.ReplyNothing(context);
            }
            return;
        }
        if (!CollectionScan.TryOptions(context, "", out CollectionScan.Options options))
        {
            return;
        }
        SetValue set = key.Set;
        NativeList<nint> found = context.Worker.Found;
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        if (set.Encoding == ValueEncoding.HashTable)
        {
            cursor = CollectionScan.Gather(context, set.Table, cursor, options.Count);
            int kept = 0;
            for (int i = 0; i < found.Count; i++)
            {
                nint member = found[i];
                if (options.Matches(SetMember.Key(member)))
                {
                    found[kept++] = member;
                }
            }
            context.Reply.Array(2);
            context.Reply.Bulk(cursor.ToString());
            context.Reply.Array(kept);
            for (int i = 0; i < kept; i++)
            {
                context.Reply.Bulk(SetMember.Key(found[i]));
            }
            found.Clear();
            return;
        }
        int matching = 0;
        for (SetEnumerator members = set.Enumerate(); members.MoveNext();)
        {
            matching += options.Matches(members.Read(scratch)) ? 1 : 0;
        }
        context.Reply.Array(2);
        context.Reply.Bulk("0"u8);
        context.Reply.Array(matching);
        for (SetEnumerator members = set.Enumerate(); members.MoveNext();)
        {
            ReadOnlySpan<byte> member = members.Read(scratch);
            if (options.Matches(member))
            {
                context.Reply.Bulk(member);
            }
        }
    }

    private static void ReplyZero(CommandContext context, bool isRefused)
    {
        if (!isRefused)
        {
            context.Reply.Integer(0);
        }
    }
}
