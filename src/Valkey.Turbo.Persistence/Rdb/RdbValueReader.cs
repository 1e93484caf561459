using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>
/// Reads values in the RDB format, of every version up to 80. The input is not trusted: packed forms are taken apart and
/// built anew, but for lists and streams, whose listpacks are checked element by element; what is damaged is refused.
/// </summary>
/// <param name="arena">Where the values will be.</param>
/// <param name="limits">When collections change their encoding.</param>
/// <param name="nowUnixMs">The time.</param>
/// <param name="dropsExpiredFields">Whether fields of hashes that have expired are left out; a hash may be empty then.</param>
public sealed class RdbValueReader(Arena arena, CollectionLimits limits, long nowUnixMs, bool dropsExpiredFields = false)
{
    private const int LargestNodeBytes = 1 << 30;

    /// <summary>Reads a value of a type into a new entry that is in no keyspace. The caller sets its access data.</summary>
    /// <returns>The entry, or a null entry if the input is damaged.</returns>
    public Entry Read(RdbType type, ref RdbReader reader, ReadOnlySpan<byte> key, long expiresAtUnixMs)
    {
        if (type == RdbType.String)
        {
            return ReadString(ref reader, key, expiresAtUnixMs);
        }
        (ValueType valueType, ValueEncoding encoding) = TargetOf(type);
        Entry entry = Entry.Create(arena, key, valueType, encoding, 0, expiresAtUnixMs);
        entry.Collection = Collection.Create(valueType, encoding, arena);
        if (Fill(type, entry, ref reader) && !reader.IsDamaged)
        {
            return entry;
        }
        Free(entry);
        return default;
    }

    /// <summary>Frees an entry that was read and that nobody has taken over.</summary>
    public void Free(Entry entry)
    {
        Collection.Free(entry, arena);
        arena.Free(entry.Address, entry.EntryBytes);
    }

    private static (ValueType Type, ValueEncoding Encoding) TargetOf(RdbType type) => type switch
    {
        RdbType.List or RdbType.ListZiplist or RdbType.ListOfZiplists or RdbType.ListOfListpacks => (ValueType.List, ValueEncoding.Listpack),
        RdbType.Set or RdbType.SetIntset or RdbType.SetListpack => (ValueType.Set, ValueEncoding.IntSet),
        RdbType.Hash or RdbType.HashZipmap or RdbType.HashZiplist or RdbType.HashListpack or RdbType.HashWithExpiry
            => (ValueType.Hash, ValueEncoding.Listpack),
        RdbType.Stream or RdbType.Stream2 or RdbType.Stream3 => (ValueType.Stream, ValueEncoding.Stream),
        _ => (ValueType.SortedSet, ValueEncoding.RankedTree),
    };

    /// <summary>Whether all fields of a hash were left out.</summary>
    public static bool IsEmptyHash(Entry entry, Arena arena) => entry.Encoding == ValueEncoding.HashTable && new HashTable<HashField>(entry.Collection, arena).Count == 0;

    /// <summary>Whether a byte names a type that can be read.</summary>
    public static bool IsKnown(byte type) => Enum.IsDefined((RdbType)type);

    private bool Fill(RdbType type, Entry entry, ref RdbReader reader)
    {
        switch (type)
        {
            case RdbType.List:
                return ReadItems(new ListValue(entry, arena), ref reader);
            case RdbType.ListOfListpacks or RdbType.ListOfZiplists:
                return ReadNodes(new ListValue(entry, arena), ref reader, type == RdbType.ListOfListpacks);
            case RdbType.ListZiplist:
                ListSink list = new(new ListValue(entry, arena), limits);
                return Ziplist.TryRead(reader.String(), ref list) && list.IsComplete;
            case RdbType.SetIntset:
                return ReadIntset(new SetValue(entry, arena), ref reader);
            case RdbType.Set:
                return ReadMembers(new SetValue(entry, arena), ref reader);
            case RdbType.SetListpack:
                SetSink set = new(new SetValue(entry, arena), limits);
                return TryReadListpack(reader.String(), ref set) && set.IsComplete;
            case RdbType.Hash or RdbType.HashWithExpiry:
                return ReadFields(HashOf(entry), ref reader, type == RdbType.HashWithExpiry);
            case RdbType.HashListpack or RdbType.HashZiplist or RdbType.HashZipmap:
                return ReadPackedHash(type, HashOf(entry), ref reader);
            case RdbType.SortedSet or RdbType.SortedSetText:
                return ReadScores(entry, ref reader, type == RdbType.SortedSet);
            case RdbType.SortedSetListpack or RdbType.SortedSetZiplist:
                SortedSetSink sorted = new(new SortedSetBuilder(entry, arena));
                ReadOnlySpan<byte> packed = reader.String();
                return (type == RdbType.SortedSetListpack ? TryReadListpack(packed, ref sorted) : Ziplist.TryRead(packed, ref sorted))
                    && sorted.TryFinish(limits);
            default:
                return new RdbStreamReader(new StreamValue(entry, arena), arena, nowUnixMs).Read(type, ref reader);
        }
    }

    /// <summary>A hash in which a field is found, expired or not, so that none is taken twice.</summary>
    private HashValue HashOf(Entry entry) => new(entry, arena, new ExpiryClock(nowUnixMs, SeesExpired: true));

    private Entry ReadString(ref RdbReader reader, ReadOnlySpan<byte> key, long expiresAtUnixMs)
    {
        ReadOnlySpan<byte> value = reader.String();
        if (reader.IsDamaged)
        {
            return default;
        }
        Entry entry;
        if (Decimal64.TryParse(value, out long integer))
        {
            entry = Entry.Create(arena, key, ValueType.String, ValueEncoding.Int, 0, expiresAtUnixMs);
            entry.Integer = integer;
            return entry;
        }
        if (value.Length <= Entry.LargestEmbeddedBytes)
        {
            entry = Entry.Create(arena, key, ValueType.String, ValueEncoding.Embedded, value.Length, expiresAtUnixMs);
            value.CopyTo(entry.EmbeddedSpan);
            return entry;
        }
        entry = Entry.Create(arena, key, ValueType.String, ValueEncoding.Block, 0, expiresAtUnixMs);
        ValueBlock block = ValueBlock.Create(arena, value.Length);
        value.CopyTo(block.Span);
        entry.Block = block;
        return entry;
    }

    private bool ReadItems(ListValue list, ref RdbReader reader)
    {
        ListSink sink = new(list, limits);
        for (int count = reader.Count(); count > 0 && !reader.IsDamaged; count--)
        {
            sink.Add(reader.String());
        }
        return sink.IsComplete;
    }

    private bool ReadNodes(ListValue list, ref RdbReader reader, bool areListpacks)
    {
        const int plainNode = 1, packedNode = 2;
        ListSink sink = new(list, limits);
        for (int count = reader.Count(); count > 0 && !reader.IsDamaged; count--)
        {
            ulong kind = areListpacks ? reader.Length() : packedNode;
            ReadOnlySpan<byte> node = reader.String();
            if (kind is not (plainNode or packedNode) || node.Length > LargestNodeBytes)
            {
                return false;
            }
            if (kind == plainNode)
            {
                sink.Add(node);
            }
            else if (!(areListpacks ? TryReadListpack(node, ref sink) : Ziplist.TryRead(node, ref sink)))
            {
                return false;
            }
        }
        list.ShrinkIfSmall(limits);
        return sink.IsComplete;
    }

    private bool ReadIntset(SetValue set, ref RdbReader reader)
    {
        ReadOnlySpan<byte> bytes = reader.String();
        if (reader.IsDamaged || !IntSet.IsValid(bytes))
        {
            return false;
        }
        set.ReplaceIntSet(bytes);
        if (set.Count > limits.SetMaxIntsetEntries)
        {
            set.ConvertTo(ValueEncoding.HashTable);
        }
        return true;
    }

    private bool ReadMembers(SetValue set, ref RdbReader reader)
    {
        int count = reader.Count();
        SetSink sink = new(set, limits);
        set.ExpectMore(count, limits);
        for (; count > 0 && !reader.IsDamaged && !sink.HasDuplicate; count--)
        {
            sink.Add(reader.String());
        }
        return sink.IsComplete;
    }

    private bool ReadFields(HashValue hash, ref RdbReader reader, bool withExpiry)
    {
        int count = reader.Count(), dropped = 0;
        if (withExpiry || count > limits.HashMaxListpackEntries)
        {
            hash.ConvertToTable();
        }
        for (; count > 0 && !reader.IsDamaged; count--)
        {
            // The second string would overwrite the first in the reader's scratch memory.
            byte[] name = reader.String().ToArray();
            ReadOnlySpan<byte> value = reader.String();
            long expiresAt = ITableEntry.NoExpiry;
            if (withExpiry)
            {
                byte[] kept = value.ToArray();
                expiresAt = reader.Integer64();
                value = kept;
            }
            bool isExpired = expiresAt >= 0 && expiresAt <= nowUnixMs;
            if (dropsExpiredFields && isExpired && !reader.IsDamaged)
            {
                dropped++;
                continue;
            }
            if (reader.IsDamaged || expiresAt < ITableEntry.NoExpiry || !hash.Set(name, value, expiresAt, limits))
            {
                return false;
            }
        }
        return hash.Count > 0 || dropped > 0;
    }

    private bool ReadPackedHash(RdbType type, HashValue hash, ref RdbReader reader)
    {
        HashSink sink = new(hash, limits);
        ReadOnlySpan<byte> packed = reader.String();
        bool isRead = type switch
        {
            RdbType.HashListpack => TryReadListpack(packed, ref sink),
            RdbType.HashZiplist => Ziplist.TryRead(packed, ref sink),
            _ => Ziplist.TryReadZipmap(packed, ref sink),
        };
        return isRead && sink.IsComplete;
    }

    private bool ReadScores(Entry entry, ref RdbReader reader, bool isBinary)
    {
        SortedSetBuilder builder = new(entry, arena);
        int count = reader.Count();
        for (; count > 0 && !reader.IsDamaged; count--)
        {
            byte[] member = reader.String().ToArray();
            double score = isBinary ? reader.Double() : reader.DoubleText();
            if (reader.IsDamaged || double.IsNaN(score) || builder.Find(member) != 0)
            {
                return false;
            }
            builder.Add(member, score);
        }
        if (builder.Count == 0)
        {
            return false;
        }
        builder.Finish(limits);
        return true;
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
