using System.Buffers.Binary;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>Writes values in the RDB format.</summary>
public static class RdbValueWriter
{
    private const int PackedNode = 2;

    /// <summary>The type under which an entry's value is written.</summary>
    public static RdbType TypeOf(Entry entry, Arena arena) => (entry.Type, entry.Encoding) switch
    {
        (ValueType.List, _) => RdbType.ListOfListpacks,
        (ValueType.Set, ValueEncoding.IntSet) => RdbType.SetIntset,
        (ValueType.Set, ValueEncoding.Listpack) => RdbType.SetListpack,
        (ValueType.Set, _) => RdbType.Set,
        (ValueType.SortedSet, ValueEncoding.Listpack) => RdbType.SortedSetListpack,
        (ValueType.SortedSet, _) => RdbType.SortedSet,
        (ValueType.Hash, ValueEncoding.Listpack) => RdbType.HashListpack,
        (ValueType.Hash, _) => new HashTable<HashField>(entry.Collection, arena).ExpiringCount > 0 ? RdbType.HashWithExpiry : RdbType.Hash,
        (ValueType.Stream, _) => RdbType.Stream3,
        _ => RdbType.String,
    };

    /// <summary>Writes an entry's value, without its type.</summary>
    public static void Write(Entry entry, Arena arena, RdbWriter writer)
    {
        switch (TypeOf(entry, arena))
        {
            case RdbType.String when entry.Encoding == ValueEncoding.Int:
                writer.String(entry.Integer);
                break;
            case RdbType.String:
                writer.String(entry.Encoding == ValueEncoding.Block ? entry.Block.Span : entry.EmbeddedSpan);
                break;
            case RdbType.ListOfListpacks:
                WriteList(new ListValue(entry, arena), writer);
                break;
            case RdbType.SetIntset:
                WriteBytes(writer, new SetValue(entry, arena).IntSet.Span);
                break;
            case RdbType.SetListpack or RdbType.SortedSetListpack or RdbType.HashListpack:
                WriteBytes(writer, new Listpack(entry.Collection).Span);
                break;
            case RdbType.Set:
                WriteSet(new SetValue(entry, arena), writer);
                break;
            case RdbType.SortedSet:
                WriteSortedSet(new SortedSetValue(entry, arena), writer);
                break;
            case RdbType.Stream3:
                WriteStream(new StreamValue(entry, arena), writer);
                break;
            default:
                WriteHash(new HashTable<HashField>(entry.Collection, arena), writer);
                break;
        }
    }

    private static void WriteBytes(RdbWriter writer, ReadOnlySpan<byte> bytes)
    {
        writer.Length((ulong)bytes.Length);
        writer.Raw(bytes);
    }

    private static void WriteList(ListValue list, RdbWriter writer)
    {
        writer.Length((ulong)list.LinkCount);
        for (ListLinkEnumerator links = list.EnumerateLinks(); links.MoveNext();)
        {
            writer.Length(PackedNode);
            WriteBytes(writer, links.Current.Span);
        }
    }

    private static void WriteSet(SetValue set, RdbWriter writer)
    {
        writer.Length((ulong)set.Count);
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (SetEnumerator members = set.Enumerate(); members.MoveNext();)
        {
            writer.String(members.Read(scratch));
        }
    }

    private static void WriteSortedSet(SortedSetValue set, RdbWriter writer)
    {
        writer.Length((ulong)set.Count);
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        // From the greatest down, as Valkey does, whose loading is fastest that way.
        for (SortedSetEnumerator members = set.Enumerate(set.Count - 1, set.Count, isReverse: true); members.MoveNext();)
        {
            writer.String(members.Member(scratch));
            writer.Double(members.Score);
        }
    }

    private static void WriteHash(HashTable<HashField> table, RdbWriter writer)
    {
        bool withExpiry = table.ExpiringCount > 0;
        writer.Length((ulong)table.Count);
        foreach (nint address in table)
        {
            HashField field = new(address);
            writer.String(field.Name);
            writer.String(field.Value);
            if (withExpiry)
            {
                writer.Integer64(field.Expiry);
            }
        }
    }

    private static void WriteStream(StreamValue stream, RdbWriter writer)
    {
        writer.Length((ulong)stream.Blocks.Count);
        for (StreamId from = StreamId.Min; stream.Blocks.TryCeiling(from, out StreamId id, out nint items);)
        {
            writer.Length(16);
            WriteId(writer, id);
            WriteBytes(writer, new Listpack(items).Span);
            if (!id.TryNext(out from))
            {
                break;
            }
        }
        writer.Length((ulong)stream.Length);
        WriteLengths(writer, stream.LastId);
        WriteLengths(writer, stream.FirstId);
        WriteLengths(writer, stream.MaxDeletedId);
        writer.Length((ulong)stream.EntriesAdded);
        writer.Length(stream.HasGroups ? (ulong)stream.Groups.Count : 0);
        if (stream.HasGroups)
        {
            foreach (nint group in stream.Groups)
            {
                WriteGroup(new ConsumerGroup(group), stream.Arena, writer);
            }
        }
    }

    private static void WriteGroup(ConsumerGroup group, Arena arena, RdbWriter writer)
    {
        writer.String(group.Name);
        WriteLengths(writer, group.LastId);
        writer.Length((ulong)group.EntriesRead);
        WritePending(writer, group.Pending(arena), withDelivery: true);
        HashTable<Consumer> consumers = group.Consumers(arena);
        writer.Length((ulong)consumers.Count);
        foreach (nint address in consumers)
        {
            Consumer consumer = new(address);
            writer.String(consumer.Name);
            writer.Integer64(consumer.SeenAtUnixMs);
            writer.Integer64(consumer.ActiveAtUnixMs);
            WritePending(writer, consumer.Pending(arena), withDelivery: false);
        }
    }

    private static void WritePending(RdbWriter writer, IdMap pending, bool withDelivery)
    {
        writer.Length((ulong)pending.Count);
        for (StreamId from = StreamId.Min; pending.TryCeiling(from, out StreamId id, out nint address);)
        {
            WriteId(writer, id);
            if (withDelivery)
            {
                PendingEntry entry = new(address);
                writer.Integer64(entry.DeliveredAtUnixMs);
                writer.Length((ulong)entry.DeliveryCount);
            }
            if (!id.TryNext(out from))
            {
                break;
            }
        }
    }

    private static void WriteLengths(RdbWriter writer, StreamId id)
    {
        writer.Length(id.Ms);
        writer.Length(id.Sequence);
    }

    private static void WriteId(RdbWriter writer, StreamId id)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, id.Ms);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], id.Sequence);
        writer.Raw(bytes);
    }
}
