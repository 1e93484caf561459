using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Structures;

/// <summary>What can be done with any value's memory, whatever its type: make, copy, free, measure.</summary>
public static class Collection
{
    /// <summary>Makes an empty collection; lists, hashes and streams begin in one encoding, sets and sorted sets in several.</summary>
    public static nint Create(ValueType type, ValueEncoding encoding, Arena arena) => type switch
    {
        ValueType.Set => SetValue.Create(encoding, arena),
        ValueType.SortedSet => SortedSetValue.Create(encoding, arena),
        ValueType.Stream => StreamValue.Create(arena),
        ValueType.Hash when encoding == ValueEncoding.HashTable => new HashTable<HashField>(arena).Address,
        _ => Listpack.Create(arena).Address,
    };

    /// <summary>The encoding in which a collection of a type begins, where that does not depend on its first element.</summary>
    public static ValueEncoding InitialEncoding(ValueType type) =>
        type == ValueType.Stream ? ValueEncoding.Stream : ValueEncoding.Listpack;

    /// <summary>The table that an entry's members are looked up in, or 0 if the value has none.</summary>
    public static nint MemberTable(Entry entry) => entry.Encoding switch
    {
        ValueEncoding.HashTable => entry.Collection,
        ValueEncoding.RankedTree => new SortedSetValue(entry, null!).Table.Address,
        _ => 0,
    };

    /// <summary>Frees what an entry refers to; the entry itself stays.</summary>
    public static void Free(Entry entry, Arena arena)
    {
        switch (entry.Type)
        {
            case ValueType.String:
                if (entry.Encoding == ValueEncoding.Block)
                {
                    entry.Block.Free(arena);
                }
                break;
            case ValueType.List:
                new ListValue(entry, arena).Free();
                break;
            case ValueType.Set:
                new SetValue(entry, arena).Free();
                break;
            case ValueType.SortedSet:
                new SortedSetValue(entry, arena).Free();
                break;
            case ValueType.Hash:
                FreeHash(entry, arena);
                break;
            case ValueType.Stream:
                new StreamValue(entry, arena).Free();
                break;
        }
    }

    /// <summary>Copies a collection into an arena, which may be another than the source's.</summary>
    /// <returns>The copy's address, for an entry of the same type and encoding.</returns>
    public static nint Copy(Entry source, Arena arena)
    {
        switch (source.Encoding)
        {
            case ValueEncoding.Listpack:
                return Listpack.Create(arena, new Listpack(source.Collection).Span).Address;
            case ValueEncoding.IntSet:
                return IntSet.Create(arena, new IntSet(source.Collection).Span).Address;
            case ValueEncoding.QuickList:
                QuickList original = new ListValue(source, arena).Chain, chain = QuickList.Create(arena, original.CompressDepth);
                for (QuickListNode node = original.Head; !node.IsNull; node = node.Next)
                {
                    chain.AppendLink(node.CopyItems(arena));
                }
                return chain.Address;
            case ValueEncoding.Stream:
                return new StreamValue(source, arena).Copy(arena, arena);
            default:
                return source.Type switch
                {
                    ValueType.Set => CopySet(new SetValue(source, arena), arena),
                    ValueType.Hash => CopyHash(new HashTable<HashField>(source.Collection, arena), arena),
                    _ => SortedSetValue.Copy(new SortedSetValue(source, arena), arena),
                };
        }
    }

    /// <summary>Bytes of memory that a value takes beside its entry. Walks over at most <paramref name="samples"/> elements.</summary>
    public static long MemoryBytes(Entry entry, Arena arena, long samples) => entry.Encoding switch
    {
        ValueEncoding.Int or ValueEncoding.Embedded => 0,
        ValueEncoding.Block => SizeClass.RoundUp(entry.Block.BlockBytes),
        ValueEncoding.Listpack => new Listpack(entry.Collection).MemoryBytes,
        ValueEncoding.IntSet => new IntSet(entry.Collection).MemoryBytes,
        ValueEncoding.QuickList => ListBytes(new ListValue(entry, arena).Chain, samples),
        ValueEncoding.Stream => new StreamValue(entry, arena).MemoryBytes(samples),
        ValueEncoding.RankedTree => SortedSetBytes(new SortedSetValue(entry, arena), samples),
        _ => entry.Type == ValueType.Set
            ? TableBytes(new SetValue(entry, arena).Table, samples, static member => SetMember.BytesFor(SetMember.Key(member).Length))
            : TableBytes(new HashTable<HashField>(entry.Collection, arena), samples, static field => new HashField(field).EntryBytes),
    };

    private static long ListBytes(QuickList chain, long samples)
    {
        long sampled = 0, links = 0;
        for (QuickListNode node = chain.Head; !node.IsNull && links < samples; node = node.Next, links++)
        {
            sampled += node.MemoryBytes;
        }
        return QuickList.RootBytes + (links == 0 || links == chain.LinkCount ? sampled : (long)((double)sampled / links * chain.LinkCount));
    }

    private static long SortedSetBytes(SortedSetValue set, long samples) => 16 + set.Tree.NodeBytes()
        + TableBytes(set.Table, samples, static member => 8 + SetMember.BytesFor(SortedMember.Key(member).Length));

    private static long TableBytes<TEntry>(HashTable<TEntry> table, long samples, Func<nint, long> bytesOf)
        where TEntry : struct, ITableEntry
    {
        long sampled = 0, seen = 0;
        foreach (nint entry in table)
        {
            if (seen++ >= samples)
            {
                seen--;
                break;
            }
            sampled += SizeClass.RoundUp(bytesOf(entry));
        }
        return table.TableBytes + (seen == 0 ? 0 : (long)((double)sampled / seen * table.Count));
    }

    private static void FreeHash(Entry entry, Arena arena)
    {
        if (entry.Encoding == ValueEncoding.Listpack)
        {
            new Listpack(entry.Collection).Free(arena);
            return;
        }
        HashTable<HashField> table = new(entry.Collection, arena);
        foreach (nint field in table)
        {
            new HashField(field).Free(arena);
        }
        table.Free();
    }

    private static nint CopySet(SetValue source, Arena arena)
    {
        HashTable<SetMember> copy = new(arena);
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        SetEnumerator members = source.Enumerate();
        while (members.MoveNext())
        {
            ReadOnlySpan<byte> value = members.Read(scratch);
            copy.Insert(SetMember.Create(arena, value), KeyHash.Of(value));
        }
        return copy.Address;
    }

    private static nint CopyHash(HashTable<HashField> source, Arena arena)
    {
        HashTable<HashField> copy = new(arena);
        copy.SetNow(source.NowUnixMs);
        foreach (nint address in source)
        {
            HashField field = new(address);
            copy.Insert(HashField.Create(arena, field.Name, field.Value, field.Expiry).Address, KeyHash.Of(field.Name));
        }
        return copy.Address;
    }
}
