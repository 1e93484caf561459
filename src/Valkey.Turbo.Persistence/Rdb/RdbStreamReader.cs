using System.Buffers.Binary;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>Reads streams in any of their three forms.</summary>
internal readonly struct RdbStreamReader(StreamValue stream, Arena arena, long nowUnixMs)
{
    private const int IdBytes = 16;

    /// <summary>Fills the stream.</summary>
    internal void Read(RdbType type, ref RdbReader reader)
    {
        if (!ReadBlocks(ref reader, out long entries))
        {
            reader.Fail("Stream listpack integrity check failed.");
            return;
        }
        long stated = (long)reader.Length();
        StreamId lastId = ReadLengths(ref reader), maxDeleted = default;
        long added = stated;
        if (type != RdbType.Stream)
        {
            // The first ID is that of the first entry.
            ReadLengths(ref reader);
            maxDeleted = ReadLengths(ref reader);
            added = (long)reader.Length();
        }
        if (reader.IsDamaged || added < 0 || (stated != 0 && stream.Blocks.Count == 0))
        {
            reader.Fail("Stream length inconsistent with rax entries");
            return;
        }
        // The entries are what there is, whatever their stated number: older servers have written wrong ones.
        stream.SetLoaded(entries, lastId, StreamId.Min, maxDeleted, added);
        if (entries > 0)
        {
            StreamEnumerator first = stream.Enumerate(StreamId.Min, StreamId.Max), last = stream.Enumerate(StreamId.Min, StreamId.Max, isReverse: true);
            if (!first.MoveNext() || !last.MoveNext() || last.Id > lastId)
            {
                reader.Fail("Stream with entries beyond its last ID");
                return;
            }
            stream.SetLoaded(entries, lastId, first.Id, maxDeleted, added);
        }
        for (int groups = reader.Count(); groups > 0 && !reader.IsDamaged; groups--)
        {
            if (!ReadGroup(type, ref reader))
            {
                reader.Fail("Damaged consumer group of a stream");
            }
        }
    }

    private bool ReadBlocks(ref RdbReader reader, out long entries)
    {
        entries = 0;
        StreamId previous = default;
        int count = reader.Count();
        for (int i = 0; i < count; i++)
        {
            ReadOnlySpan<byte> key = reader.String();
            if (key.Length != IdBytes)
            {
                return false;
            }
            StreamId id = ReadId(key);
            ReadOnlySpan<byte> bytes = reader.String();
            if (reader.IsDamaged || !Listpack.IsValid(bytes) || (i > 0 && id <= previous))
            {
                return false;
            }
            Listpack items = Listpack.Create(arena, bytes);
            if (!StreamBlock.IsValid(id, items, out int valid, out StreamId last) || (i > 0 && id <= previous))
            {
                items.Free(arena);
                return false;
            }
            stream.AppendBlock(id, items);
            entries += valid;
            previous = last;
        }
        return !reader.IsDamaged;
    }

    private bool ReadGroup(RdbType type, ref RdbReader reader)
    {
        using Scratch<byte> kept = new();
        ReadOnlySpan<byte> name = RdbValueReader.Keep(kept.Items, reader.String());
        StreamId lastId = ReadLengths(ref reader);
        // The oldest form does not tell.
        long entriesRead = type == RdbType.Stream ? stream.EstimateEntriesUpTo(lastId) : (long)reader.Length();
        if (reader.IsDamaged || stream.TryGroup(name, out _))
        {
            return false;
        }
        ConsumerGroup group = stream.AddGroup(name, lastId, entriesRead);
        Dictionary<StreamId, (long At, long Count)> pending = [];
        for (int count = reader.Count(); count > 0 && !reader.IsDamaged; count--)
        {
            StreamId id = ReadId(reader.Raw(IdBytes));
            long at = reader.Integer64();
            if (!pending.TryAdd(id, (at, (long)reader.Length())))
            {
                return false;
            }
        }
        for (int count = reader.Count(); count > 0 && !reader.IsDamaged; count--)
        {
            if (!ReadConsumer(type, ref reader, group, pending))
            {
                return false;
            }
        }
        // Every pending entry belongs to a consumer.
        return !reader.IsDamaged && pending.Count == 0;
    }

    private bool ReadConsumer(RdbType type, ref RdbReader reader, ConsumerGroup group, Dictionary<StreamId, (long At, long Count)> pending)
    {
        using Scratch<byte> kept = new();
        ReadOnlySpan<byte> name = RdbValueReader.Keep(kept.Items, reader.String());
        if (reader.IsDamaged || group.TryConsumer(arena, name, out _))
        {
            return false;
        }
        Consumer consumer = group.AddConsumer(arena, name, nowUnixMs);
        consumer.SeenAtUnixMs = reader.Integer64();
        consumer.ActiveAtUnixMs = type == RdbType.Stream3 ? reader.Integer64() : consumer.SeenAtUnixMs;
        for (int count = reader.Count(); count > 0 && !reader.IsDamaged; count--)
        {
            StreamId id = ReadId(reader.Raw(IdBytes));
            if (!pending.Remove(id, out (long At, long Count) delivery))
            {
                return false;
            }
            group.AddPending(arena, id, consumer, delivery.At, delivery.Count);
        }
        return !reader.IsDamaged;
    }

    private static StreamId ReadLengths(ref RdbReader reader) => new(reader.Length(), reader.Length());

    private static StreamId ReadId(ReadOnlySpan<byte> bytes) => bytes.Length < IdBytes
        ? default
        : new StreamId(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
}
