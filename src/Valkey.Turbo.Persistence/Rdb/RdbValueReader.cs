using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>
/// Reads values in the RDB format, of every version up to 80. The input is not trusted: packed forms are taken apart and
/// built anew, but for streams, whose listpacks are checked element by element; what is damaged is refused.
/// </summary>
/// <param name="arena">Where the values will be.</param>
/// <param name="limits">When collections change their encoding.</param>
/// <param name="nowUnixMs">The time.</param>
/// <param name="dropsExpiredFields">Whether fields of hashes that have expired are left out.</param>
public sealed class RdbValueReader(Arena arena, CollectionLimits limits, long nowUnixMs, bool dropsExpiredFields = false)
{
    /// <summary>Reads a value of a type into a new entry that is in no keyspace. The caller sets its access data.</summary>
    public RdbOutcome Read(RdbType type, ref RdbReader reader, ReadOnlySpan<byte> key, long expiresAtUnixMs, out Entry entry)
    {
        if (type == RdbType.String)
        {
            return ReadString(ref reader, key, expiresAtUnixMs, out entry);
        }
        (ValueType valueType, ValueEncoding encoding) = TargetOf(type);
        entry = Entry.Create(arena, key, valueType, encoding, 0, expiresAtUnixMs);
        entry.Collection = Collection.Create(valueType, encoding, arena);
        bool hasExpired = false;
        Fill(type, entry, ref reader, ref hasExpired);
        if (!reader.IsDamaged && !IsEmpty(entry))
        {
            return RdbOutcome.Read;
        }
        Free(entry);
        entry = default;
        return reader.IsDamaged ? RdbOutcome.Damaged : hasExpired ? RdbOutcome.AllFieldsExpired : RdbOutcome.Empty;
    }

    /// <summary>Frees an entry that was read and that nobody has taken over.</summary>
    public void Free(Entry entry)
    {
        Collection.Free(entry, arena);
        arena.Free(entry.Address, entry.EntryBytes);
    }

    /// <summary>Whether a byte names a type that can be read.</summary>
    public static bool IsKnown(byte type) => Enum.IsDefined((RdbType)type);

    private static (ValueType Type, ValueEncoding Encoding) TargetOf(RdbType type) => type switch
    {
        RdbType.List or RdbType.ListZiplist or RdbType.ListOfZiplists or RdbType.ListOfListpacks => (ValueType.List, ValueEncoding.Listpack),
        RdbType.Set or RdbType.SetIntset => (ValueType.Set, ValueEncoding.IntSet),
        RdbType.SetListpack => (ValueType.Set, ValueEncoding.Listpack),
        RdbType.Hash or RdbType.HashZipmap or RdbType.HashZiplist or RdbType.HashListpack or RdbType.HashWithExpiry
            => (ValueType.Hash, ValueEncoding.Listpack),
        RdbType.Stream or RdbType.Stream2 or RdbType.Stream3 => (ValueType.Stream, ValueEncoding.Stream),
        _ => (ValueType.SortedSet, ValueEncoding.RankedTree),
    };

    private bool IsEmpty(Entry entry) => entry.Type switch
    {
        ValueType.List => new ListValue(entry, arena).Count == 0,
        ValueType.Set => new SetValue(entry, arena).Count == 0,
        ValueType.Hash => HashOf(entry).Count == 0,
        ValueType.SortedSet => new SortedSetValue(entry, arena).Count == 0,
        _ => false,
    };

    private void Fill(RdbType type, Entry entry, ref RdbReader reader, ref bool hasExpired)
    {
        switch (type)
        {
            case RdbType.List:
                ReadItems(new ListValue(entry, arena), ref reader);
                return;
            case RdbType.ListOfListpacks or RdbType.ListOfZiplists:
                ReadNodes(new ListValue(entry, arena), ref reader, type == RdbType.ListOfListpacks);
                return;
            case RdbType.ListZiplist:
                ReadListZiplist(new ListValue(entry, arena), ref reader);
                return;
            case RdbType.SetIntset:
                ReadIntset(new SetValue(entry, arena), ref reader);
                return;
            case RdbType.Set:
                ReadMembers(new SetValue(entry, arena), ref reader);
                return;
            case RdbType.SetListpack:
                ReadPackedSet(new SetValue(entry, arena), ref reader);
                return;
            case RdbType.Hash or RdbType.HashWithExpiry:
                ReadFields(HashOf(entry), ref reader, type == RdbType.HashWithExpiry, ref hasExpired);
                return;
            case RdbType.HashListpack or RdbType.HashZiplist or RdbType.HashZipmap:
                ReadPackedHash(type, HashOf(entry), ref reader);
                return;
            case RdbType.SortedSet or RdbType.SortedSetText:
                ReadScores(entry, ref reader, type == RdbType.SortedSet);
                return;
            case RdbType.SortedSetListpack or RdbType.SortedSetZiplist:
                ReadPackedScores(type, entry, ref reader);
                return;
            default:
                new RdbStreamReader(new StreamValue(entry, arena), arena, nowUnixMs).Read(type, ref reader);
                return;
        }
    }

    /// <summary>A hash in which a field is found, expired or not, so that none is taken twice.</summary>
    private HashValue HashOf(Entry entry) => new(entry, arena, new ExpiryClock(nowUnixMs, SeesExpired: true));

    private RdbOutcome ReadString(ref RdbReader reader, ReadOnlySpan<byte> key, long expiresAtUnixMs, out Entry entry)
    {
        ReadOnlySpan<byte> value = reader.String();
        if (reader.IsDamaged)
        {
            entry = default;
            return RdbOutcome.Damaged;
        }
        if (Decimal64.TryParse(value, out long integer))
        {
            entry = Entry.Create(arena, key, ValueType.String, ValueEncoding.Int, 0, expiresAtUnixMs);
            entry.Integer = integer;
        }
        else if (value.Length <= Entry.LargestEmbeddedBytes)
        {
            entry = Entry.Create(arena, key, ValueType.String, ValueEncoding.Embedded, value.Length, expiresAtUnixMs);
            value.CopyTo(entry.EmbeddedSpan);
        }
        else
        {
            entry = Entry.Create(arena, key, ValueType.String, ValueEncoding.Block, 0, expiresAtUnixMs);
            ValueBlock block = ValueBlock.Create(arena, value.Length);
            value.CopyTo(block.Span);
            entry.Block = block;
        }
        return RdbOutcome.Read;
    }

    private void ReadItems(ListValue list, ref RdbReader reader)
    {
        ListSink sink = new(list, limits);
        for (int count = reader.Count(); count > 0 && !reader.IsDamaged; count--)
        {
            sink.Add(reader.String());
        }
    }

    /// <summary>A list is a single listpack if it was one in the file and may be one here.</summary>
    private void ReadNodes(ListValue list, ref RdbReader reader, bool areListpacks)
    {
        const int plainNode = 1, packedNode = 2;
        LinkSink sink = new(list, limits);
        for (int count = reader.Count(); count > 0 && !reader.IsDamaged; count--)
        {
            ulong kind = areListpacks ? reader.Length() : packedNode;
            ReadOnlySpan<byte> node = reader.String();
            if (reader.IsDamaged || kind is not (plainNode or packedNode) || node.IsEmpty)
            {
                reader.Fail("Quicklist integrity check failed.");
                return;
            }
            // What is beyond the limit even if ziplists' headers are left out need not be moved at every addition.
            if (list.IsListpack && (list.Count > 0 || kind == plainNode || !ListValue.MayBeListpack(node.Length / 2, 1, limits)))
            {
                list.ConvertToChain(limits);
            }
            if (kind == plainNode)
            {
                sink.Add(node);
            }
            else if (!(areListpacks ? TryReadListpack(node, ref sink) : Ziplist.TryRead(node, ref sink)))
            {
                reader.Fail(areListpacks ? "Listpack integrity check failed." : "Ziplist integrity check failed.");
            }
            if (list.IsListpack && !ListValue.MayBeListpack(list.PlainBytes, list.Count, limits))
            {
                list.ConvertToChain(limits);
            }
        }
    }

    private void ReadListZiplist(ListValue list, ref RdbReader reader)
    {
        list.ConvertToChain(limits);
        LinkSink sink = new(list, limits);
        ReadOnlySpan<byte> packed = reader.String();
        if (!reader.IsDamaged && !Ziplist.TryRead(packed, ref sink))
        {
            reader.Fail("List ziplist integrity check failed.");
        }
    }

    private void ReadIntset(SetValue set, ref RdbReader reader)
    {
        ReadOnlySpan<byte> bytes = reader.String();
        if (reader.IsDamaged || !IntSet.IsValid(bytes))
        {
            reader.Fail("Intset integrity check failed.");
            return;
        }
        set.ReplaceIntSet(bytes);
        if (set.Count > limits.SetMaxIntsetEntries)
        {
            set.ConvertTo(ValueEncoding.HashTable);
        }
    }

    private void ReadMembers(SetValue set, ref RdbReader reader)
    {
        int count = reader.Count();
        SetSink sink = new(set, limits);
        set.ExpectMore(count, limits);
        for (; count > 0 && !reader.IsDamaged && !sink.HasDuplicate; count--)
        {
            sink.Add(reader.String());
        }
        if (sink.HasDuplicate)
        {
            reader.Fail("Duplicate set members detected");
        }
    }

    private void ReadPackedSet(SetValue set, ref RdbReader reader)
    {
        SetSink sink = new(set, PackedLimits());
        ReadOnlySpan<byte> packed = reader.String();
        if (!reader.IsDamaged && !(TryReadListpack(packed, ref sink) && !sink.HasDuplicate))
        {
            reader.Fail("Set listpack integrity check failed.");
        }
    }

    private void ReadFields(HashValue hash, ref RdbReader reader, bool withExpiry, ref bool hasExpired)
    {
        int count = reader.Count();
        if (withExpiry || count > limits.HashMaxListpackEntries)
        {
            hash.ConvertToTable();
        }
        using Scratch<byte> first = new(), second = new();
        for (; count > 0 && !reader.IsDamaged; count--)
        {
            ReadOnlySpan<byte> name = Keep(first.Items, reader.String());
            ReadOnlySpan<byte> value = reader.String();
            long expiresAt = ITableEntry.NoExpiry;
            if (withExpiry)
            {
                value = Keep(second.Items, value);
                expiresAt = reader.Integer64();
            }
            if (reader.IsDamaged || expiresAt < ITableEntry.NoExpiry)
            {
                reader.Fail("Damaged expiry of a hash field");
                return;
            }
            if (dropsExpiredFields && new ExpiryClock(nowUnixMs).IsOver(expiresAt))
            {
                hasExpired = true;
            }
            else if (!hash.Set(name, value, expiresAt, limits))
            {
                reader.Fail("Duplicate hash fields detected");
            }
        }
    }

    private void ReadPackedHash(RdbType type, HashValue hash, ref RdbReader reader)
    {
        ReadOnlySpan<byte> packed = reader.String();
        if (reader.IsDamaged)
        {
            return;
        }
        using Scratch<byte> name = new();
        HashSink sink = new(hash, type == RdbType.HashZipmap ? limits : PackedLimits(), name.Items);
        bool isRead = type switch
        {
            RdbType.HashListpack => TryReadListpack(packed, ref sink),
            RdbType.HashZiplist => Ziplist.TryRead(packed, ref sink),
            _ => Ziplist.TryReadZipmap(packed, ref sink),
        };
        if (!isRead || !sink.IsComplete)
        {
            reader.Fail(type switch
            {
                RdbType.HashListpack => "Hash listpack integrity check failed.",
                RdbType.HashZiplist => "Hash ziplist integrity check failed.",
                _ => "Zipmap integrity check failed.",
            });
        }
    }

    private void ReadScores(Entry entry, ref RdbReader reader, bool isBinary)
    {
        SortedSetBuilder builder = new(entry, arena);
        using Scratch<byte> kept = new();
        for (int count = reader.Count(); count > 0 && !reader.IsDamaged; count--)
        {
            ReadOnlySpan<byte> member = Keep(kept.Items, reader.String());
            double score = isBinary ? reader.Double() : reader.DoubleText();
            if (reader.IsDamaged || double.IsNaN(score))
            {
                reader.Fail("Zset with NAN score detected");
            }
            else if (builder.Find(member) != 0)
            {
                reader.Fail("Duplicate zset fields detected");
            }
            else
            {
                builder.Add(member, score);
            }
        }
        builder.Finish(limits);
    }

    private void ReadPackedScores(RdbType type, Entry entry, ref RdbReader reader)
    {
        SortedSetBuilder builder = new(entry, arena);
        using Scratch<byte> member = new();
        SortedSetSink sink = new(builder, member.Items);
        bool isListpack = type == RdbType.SortedSetListpack;
        ReadOnlySpan<byte> packed = reader.String();
        if (!reader.IsDamaged && !((isListpack ? TryReadListpack(packed, ref sink) : Ziplist.TryRead(packed, ref sink)) && sink.IsComplete))
        {
            reader.Fail(isListpack ? "Zset listpack integrity check failed." : "Zset ziplist integrity check failed.");
        }
        builder.Finish(PackedLimits());
    }

    /// <summary>What was packed when it was written stays so whatever the length of its elements, unless there are too many of them.</summary>
    private CollectionLimits PackedLimits() => new()
    {
        HashMaxListpackEntries = limits.HashMaxListpackEntries,
        HashMaxListpackValue = long.MaxValue,
        SetMaxListpackEntries = limits.SetMaxListpackEntries,
        SetMaxListpackValue = long.MaxValue,
        ZsetMaxListpackEntries = limits.ZsetMaxListpackEntries,
        ZsetMaxListpackValue = long.MaxValue,
    };

    /// <summary>Copies what was read to where it stays while more is.</summary>
    internal static ReadOnlySpan<byte> Keep(NativeList<byte> place, ReadOnlySpan<byte> bytes)
    {
        place.Clear();
        place.AddRange(bytes);
        return place.Span;
    }

    /// <summary>Hands the elements of a listpack from outside to a sink; false if it is damaged.</summary>
    private static bool TryReadListpack<TSink>(ReadOnlySpan<byte> bytes, ref TSink sink)
        where TSink : struct, IElementSink, allows ref struct
    {
        if (!Listpack.IsValid(bytes))
        {
            return false;
        }
        Listpack.Visit(bytes, ref sink);
        return true;
    }
}
