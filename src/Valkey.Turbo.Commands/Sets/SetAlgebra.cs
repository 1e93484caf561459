using System.Buffers;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using static Valkey.Turbo.Commands.CommandFlags;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Commands.Sets;

/// <summary>Several sets: intersection, union and difference.</summary>
internal static class SetAlgebra
{
    private const string Intersecting = "O(N*M) where N is the size of the smallest set and M the number of sets.";
    private const string Uniting = "O(N) where N is the number of members of all sets.";
    private const CommandFlags Storing = CommandFlags.Write | DenyOom;
    private static readonly KeySpec Sources = KeySpec.All(KeyFlags.RO | KeyFlags.Access);
    private static readonly KeySpec Destination = KeySpec.One(KeyFlags.OW | KeyFlags.Update);
    private static readonly KeySpec[] SourcesBehind = [new KeySpec(2, -1, 1, KeyFlags.RO | KeyFlags.Access)];

    /// <summary>Puts the result's members into a set, or replies them.</summary>
    private delegate long Operation(CommandContext context, ReadOnlySpan<SetValue?> sets, SetValue target);

    internal static readonly CommandSpec[] Rows =
    [
        CommandSpec.Define("sinter", -2, ReadOnly, "set", "1.0.0", Intersecting, "Returns the intersection of sets.",
            ComputeIntersection, Sources, "key:key...", tips: "nondeterministic_output_order"),
        CommandSpec.Define("sunion", -2, ReadOnly, "set", "1.0.0", Uniting, "Returns the union of sets.",
            Union, Sources, "key:key...", tips: "nondeterministic_output_order"),
        CommandSpec.Define("sdiff", -2, ReadOnly, "set", "1.0.0", Uniting, "Returns the difference of the first set and all others.",
            Difference, Sources, "key:key...", tips: "nondeterministic_output_order"),
        CommandSpec.Define("sinterstore", -3, Storing, "set", "1.0.0", Intersecting, "Stores the intersection of sets in a key.",
            StoreIntersection, Destination, "destination:key key:key...", moreKeys: SourcesBehind),
        CommandSpec.Define("sunionstore", -3, Storing, "set", "1.0.0", Uniting, "Stores the union of sets in a key.",
            StoreUnion, Destination, "destination:key key:key...", moreKeys: SourcesBehind),
        CommandSpec.Define("sdiffstore", -3, Storing, "set", "1.0.0", Uniting, "Stores the difference of sets in a key.",
            StoreDifference, Destination, "destination:key key:key...", moreKeys: SourcesBehind),
        CommandSpec.Define("sintercard", -3, ReadOnly | MovableKeys, "set", "7.0.0", Intersecting,
            "Returns the number of members of the intersection of sets.", IntersectionSize,
            KeySpec.Counted(1, 1, KeyFlags.RO | KeyFlags.Access), "numkeys:integer key:key... [limit:integer@LIMIT]"),
    ];

    private static void Union(CommandContext context) => Compute(context, Unite);

    private static void Difference(CommandContext context) => Compute(context, Subtract);

    private static void StoreIntersection(CommandContext context) => Store(context, Intersect, "sinterstore");

    private static void StoreUnion(CommandContext context) => Store(context, Unite, "sunionstore");

    private static void StoreDifference(CommandContext context) => Store(context, Subtract, "sdiffstore");

    /// <summary>Finds the sets of keys; absent ones are null. False means that the error has been replied.</summary>
    private static bool TrySets(CommandContext context, int first, Span<SetValue?> sets)
    {
        for (int i = 0; i < sets.Length; i++)
        {
            KeyHandle key = context.Read(first + i);
            if (!context.IsTypeOrAbsent(key, ValueType.Set))
            {
                return false;
            }
            sets[i] = key.Exists ? key.Set : null;
        }
        return true;
    }

    private static void Compute(CommandContext context, Operation operation)
    {
        int count = context.ArgumentCount - 1;
        SetValue?[] sets = ArrayPool<SetValue?>.Shared.Rent(count);
        if (TrySets(context, 1, sets.AsSpan(0, count)))
        {
            ReplyResult(context, sets.AsSpan(0, count), operation);
        }
        ArrayPool<SetValue?>.Shared.Return(sets);
    }

    private static void ReplyResult(CommandContext context, Span<SetValue?> sets, Operation operation)
    {
        // The result is gathered in memory of the first key's shard.
        Keyspace keyspace = context.Open(1).Keyspace;
        Entry result = keyspace.NewDetached(context.Worker, [], ValueType.Set, ValueEncoding.IntSet, ITableEntry.NoExpiry);
        SetValue target = new(result, keyspace.Shard.Arena);
        operation(context, sets, target);
        context.Reply.Set(target.Count);
        SetCommands.ReplyMembers(context, target);
        keyspace.Discard(result);
    }

    /// <summary>Finds the intersection of intsets, in order; false if not all are.</summary>
    private static bool TryIntersectIntegers(ReadOnlySpan<SetValue?> sets, NativeList<long> common)
    {
        foreach (SetValue? set in sets)
        {
            if (set is not { Encoding: ValueEncoding.IntSet })
            {
                return false;
            }
        }
        TrySmallest(sets, out SetValue smallest);
        smallest.IntSet.CopyTo(common);
        foreach (SetValue? set in sets)
        {
            IntSet other = set!.Value.IntSet;
            if (other.Address != smallest.IntSet.Address)
            {
                int kept = other.Keep(common.Span);
                common.SetCount(kept);
            }
        }
        return true;
    }

    /// <summary>The intersection of tables is replied from where its members lie; other sets are small.</summary>
    private static void ComputeIntersection(CommandContext context)
    {
        int count = context.ArgumentCount - 1;
        SetValue?[] rented = ArrayPool<SetValue?>.Shared.Rent(count);
        Span<SetValue?> sets = rented.AsSpan(0, count);
        bool areTables = TrySets(context, 1, sets);
        bool isRefused = !areTables;
        foreach (SetValue? set in sets)
        {
            areTables &= set is { Encoding: ValueEncoding.HashTable };
        }
        if (areTables)
        {
            NativeList<nint> found = context.Worker.Found;
            GatherIntersection(sets, found);
            context.Reply.Set(found.Count);
            foreach (nint member in found)
            {
                context.Reply.Bulk(SetMember.Key(member));
            }
            found.Clear();
        }
        else if (!isRefused)
        {
            using Scratch<long> scratch = new();
            NativeList<long> common = scratch.Items;
            if (TryIntersectIntegers(sets, common))
            {
                context.Reply.Set(common.Count);
                foreach (long member in common)
                {
                    context.Reply.BulkInteger(member);
                }
            }
            else
            {
                ReplyResult(context, sets, Intersect);
            }
        }
        ArrayPool<SetValue?>.Shared.Return(rented);
    }

    private static void GatherIntersection(Span<SetValue?> sets, NativeList<nint> found)
    {
        sets.Sort(static (a, b) => a!.Value.Count.CompareTo(b!.Value.Count));
        foreach (nint member in sets[0]!.Value.Table)
        {
            found.Add(member);
        }
        for (int i = 1; i < sets.Length; i++)
        {
            sets[i]!.Value.Table.KeepCommon(found);
        }
    }

    private static void Store(CommandContext context, Operation operation, string eventName)
    {
        int count = context.ArgumentCount - 2;
        SetValue?[] sets = ArrayPool<SetValue?>.Shared.Rent(count);
        if (TrySets(context, 2, sets.AsSpan(0, count)))
        {
            KeyHandle destination = context.Open(1);
            Entry result = destination.Keyspace.NewDetached(
                context.Worker, destination.Name, ValueType.Set, ValueEncoding.IntSet, ITableEntry.NoExpiry);
            SetValue target = new(result, destination.Keyspace.Shard.Arena);
            operation(context, sets.AsSpan(0, count), target);
            long size = target.Count;
            context.Store(ref destination, result, size, KeyEvent.Set, eventName);
            context.Reply.Integer(size);
        }
        ArrayPool<SetValue?>.Shared.Return(sets);
    }

    private static long Intersect(CommandContext context, ReadOnlySpan<SetValue?> sets, SetValue target)
    {
        using Scratch<long> integers = new();
        if (TryIntersectIntegers(sets, integers.Items))
        {
            foreach (long member in integers.Items)
            {
                target.Add(member, context.Limits);
            }
            return target.Count;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        if (!TrySmallest(sets, out SetValue smallest))
        {
            return 0;
        }
        for (SetEnumerator members = smallest.Enumerate(); members.MoveNext();)
        {
            ReadOnlySpan<byte> member = members.Read(scratch);
            if (IsInAll(sets, member))
            {
                target.Add(member, context.Limits);
            }
        }
        return target.Count;
    }

    private static bool TrySmallest(ReadOnlySpan<SetValue?> sets, out SetValue smallest)
    {
        smallest = default;
        long least = long.MaxValue;
        foreach (SetValue? candidate in sets)
        {
            if (candidate is not SetValue set)
            {
                return false;
            }
            if (set.Count < least)
            {
                least = set.Count;
                smallest = set;
            }
        }
        return true;
    }

    private static bool IsInAll(ReadOnlySpan<SetValue?> sets, ReadOnlySpan<byte> member)
    {
        foreach (SetValue? set in sets)
        {
            if (!set!.Value.Contains(member))
            {
                return false;
            }
        }
        return true;
    }

    private static long Unite(CommandContext context, ReadOnlySpan<SetValue?> sets, SetValue target)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        foreach (SetValue? candidate in sets)
        {
            if (candidate is not SetValue set)
            {
                continue;
            }
            for (SetEnumerator members = set.Enumerate(); members.MoveNext();)
            {
                target.Add(members.Read(scratch), context.Limits);
            }
        }
        return target.Count;
    }

    private static long Subtract(CommandContext context, ReadOnlySpan<SetValue?> sets, SetValue target)
    {
        if (sets[0] is not SetValue first)
        {
            return 0;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (SetEnumerator members = first.Enumerate(); members.MoveNext();)
        {
            ReadOnlySpan<byte> member = members.Read(scratch);
            if (!IsInAny(sets[1..], member))
            {
                target.Add(member, context.Limits);
            }
        }
        return target.Count;
    }

    private static bool IsInAny(ReadOnlySpan<SetValue?> sets, ReadOnlySpan<byte> member)
    {
        foreach (SetValue? set in sets)
        {
            if (set is SetValue present && present.Contains(member))
            {
                return true;
            }
        }
        return false;
    }

    private static void IntersectionSize(CommandContext context)
    {
        if (!context.TryKeyCount(1, out int count, "ERR numkeys should be greater than 0", "ERR Number of keys can't be greater than number of args"))
        {
            return;
        }
        long limit = 0;
        for (int i = 2 + count; i < context.ArgumentCount; i += 2)
        {
            if (!context.Is(i, "LIMIT") || i + 1 == context.ArgumentCount)
            {
                context.Reply.Error(Errors.Syntax);
                return;
            }
            if (!context.TryPositive(i + 1, out limit, "ERR LIMIT can't be negative"))
            {
                return;
            }
        }
        SetValue?[] rented = ArrayPool<SetValue?>.Shared.Rent(count);
        Span<SetValue?> sets = rented.AsSpan(0, count);
        if (TrySets(context, 2, sets))
        {
            context.Reply.Integer(CountIntersection(sets, limit == 0 ? long.MaxValue : limit));
        }
        ArrayPool<SetValue?>.Shared.Return(rented);
    }

    private static long CountIntersection(ReadOnlySpan<SetValue?> sets, long limit)
    {
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        long found = 0;
        using Scratch<long> integers = new();
        if (TryIntersectIntegers(sets, integers.Items))
        {
            return Math.Min(limit, integers.Items.Count);
        }
        if (TrySmallest(sets, out SetValue smallest))
        {
            for (SetEnumerator members = smallest.Enumerate(); found < limit && members.MoveNext();)
            {
                found += IsInAll(sets, members.Read(scratch)) ? 1 : 0;
            }
        }
        return found;
    }
}
