using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>An entry that was delivered to a consumer who has not acknowledged it yet.</summary>
public readonly unsafe struct PendingEntry(nint address)
{
    private const int Bytes = 24;

    /// <summary>Where it lies.</summary>
    public nint Address { get; } = address;

    /// <summary>When it was last delivered, in milliseconds since 1970.</summary>
    public long DeliveredAtUnixMs
    {
        get => *(long*)Address;
        set => *(long*)Address = value;
    }

    /// <summary>How often it was delivered.</summary>
    public long DeliveryCount
    {
        get => *(long*)(Address + 8);
        set => *(long*)(Address + 8) = value;
    }

    /// <summary>Who has it.</summary>
    public Consumer Consumer
    {
        get => new(*(nint*)(Address + 16));
        set => *(nint*)(Address + 16) = value.Address;
    }

    internal static PendingEntry Create(Arena arena, Consumer consumer, long deliveredAtUnixMs, long deliveryCount) =>
        new(arena.Allocate(Bytes)) { Consumer = consumer, DeliveredAtUnixMs = deliveredAtUnixMs, DeliveryCount = deliveryCount };

    internal void Free(Arena arena) => arena.Free(Address, Bytes);
}

/// <summary>
/// A reader of a consumer group.
/// <code>
/// | seen at 8 | active at 8 | pending 8 | name as in <see cref="SetMember"/> |
/// </code>
/// </summary>
public readonly unsafe struct Consumer(nint address) : ITableEntry
{
    private const int NameOffset = 24;

    /// <summary>Stands for a consumer that was never active.</summary>
    public const long Never = -1;

    /// <summary>Where it lies.</summary>
    public nint Address { get; } = address;

    /// <summary>When it last tried to read, in milliseconds since 1970.</summary>
    public long SeenAtUnixMs
    {
        get => *(long*)Address;
        set => *(long*)Address = value;
    }

    /// <summary>When it last got something, in milliseconds since 1970, or <see cref="Never"/>.</summary>
    public long ActiveAtUnixMs
    {
        get => *(long*)(Address + 8);
        set => *(long*)(Address + 8) = value;
    }

    private nint PendingAddress => *(nint*)(Address + 16);

    /// <summary>Its name.</summary>
    public ReadOnlySpan<byte> Name => SetMember.Read((byte*)Address + NameOffset);

    /// <summary>What it has not acknowledged.</summary>
    public IdMap Pending(Arena arena) => new(PendingAddress, arena);

    internal static Consumer Create(Arena arena, ReadOnlySpan<byte> name, long nowUnixMs)
    {
        Consumer consumer = new(arena.Allocate(NameOffset + SetMember.BytesFor(name.Length)))
        {
            SeenAtUnixMs = nowUnixMs,
            ActiveAtUnixMs = Never,
        };
        *(nint*)(consumer.Address + 16) = IdMap.Create(arena).Address;
        SetMember.Write((byte*)consumer.Address + NameOffset, name);
        return consumer;
    }

    internal void Free(Arena arena)
    {
        Pending(arena).Free();
        arena.Free(Address, Bytes(Address));
    }

    /// <inheritdoc/>
    public static ReadOnlySpan<byte> Key(nint entry) => new Consumer(entry).Name;

    /// <inheritdoc/>
    public static long Bytes(nint entry) => NameOffset + SetMember.BytesFor(new Consumer(entry).Name.Length);

    /// <inheritdoc/>
    public static long ExpiresAtUnixMs(nint entry) => ITableEntry.NoExpiry;
}

/// <summary>
/// A consumer group of a stream: how far it has read, who reads, and what is pending, over all consumers and for each.
/// </summary>
public readonly unsafe struct ConsumerGroup(nint address) : ITableEntry
{
    /// <summary>Stands for a number of entries read that is not known.</summary>
    public const long Unknown = -1;

    [StructLayout(LayoutKind.Sequential)]
    private struct Head
    {
        internal StreamId LastId;
        internal long EntriesRead;
        internal nint Pending;
        internal nint Consumers;
    }

    /// <summary>Where it lies; 0 means no group.</summary>
    public nint Address { get; } = address;

    private Head* State => (Head*)Address;

    /// <summary>Whether this is no group.</summary>
    public bool IsNull => Address == 0;

    /// <summary>The last entry that was delivered.</summary>
    public StreamId LastId
    {
        get => State->LastId;
        set => State->LastId = value;
    }

    /// <summary>How many entries were delivered, or <see cref="Unknown"/>.</summary>
    public long EntriesRead
    {
        get => State->EntriesRead;
        set => State->EntriesRead = value;
    }

    /// <summary>Its name.</summary>
    public ReadOnlySpan<byte> Name => SetMember.Read((byte*)Address + sizeof(Head));

    /// <summary>What is pending, over all consumers; the values are <see cref="PendingEntry"/>.</summary>
    public IdMap Pending(Arena arena) => new(State->Pending, arena);

    /// <summary>Who reads.</summary>
    public HashTable<Consumer> Consumers(Arena arena) => new(State->Consumers, arena);

    internal static ConsumerGroup Create(Arena arena, ReadOnlySpan<byte> name, StreamId lastId, long entriesRead)
    {
        ConsumerGroup group = new(arena.Allocate(sizeof(Head) + SetMember.BytesFor(name.Length)));
        *group.State = new Head
        {
            LastId = lastId,
            EntriesRead = entriesRead,
            Pending = IdMap.Create(arena).Address,
            Consumers = new HashTable<Consumer>(arena).Address,
        };
        SetMember.Write((byte*)group.Address + sizeof(Head), name);
        return group;
    }

    /// <summary>Finds a consumer.</summary>
    public bool TryConsumer(Arena arena, ReadOnlySpan<byte> name, out Consumer consumer)
    {
        TablePosition position = Consumers(arena).Find(name, KeyHash.Of(name));
        consumer = new Consumer(position.IsNone ? 0 : position.Entry);
        return !position.IsNone;
    }

    /// <summary>Adds a consumer that the group does not have.</summary>
    public Consumer AddConsumer(Arena arena, ReadOnlySpan<byte> name, long nowUnixMs)
    {
        Consumer consumer = Consumer.Create(arena, name, nowUnixMs);
        Consumers(arena).Insert(consumer.Address, KeyHash.Of(name));
        return consumer;
    }

    /// <summary>Removes a consumer with all that it has pending.</summary>
    /// <returns>How much that was.</returns>
    public long RemoveConsumer(Arena arena, Consumer consumer)
    {
        IdMap pending = consumer.Pending(arena);
        long count = pending.Count;
        while (pending.TryCeiling(StreamId.Min, out StreamId id, out nint entry))
        {
            pending.Remove(id);
            Pending(arena).Remove(id);
            new PendingEntry(entry).Free(arena);
        }
        HashTable<Consumer> consumers = Consumers(arena);
        consumers.Remove(consumers.Find(consumer.Name, KeyHash.Of(consumer.Name)));
        consumer.Free(arena);
        return count;
    }

    /// <summary>Notes that an entry was delivered. It must not be pending yet.</summary>
    public PendingEntry AddPending(Arena arena, StreamId id, Consumer consumer, long deliveredAtUnixMs, long deliveryCount)
    {
        PendingEntry entry = PendingEntry.Create(arena, consumer, deliveredAtUnixMs, deliveryCount);
        Pending(arena).Set(id, entry.Address);
        consumer.Pending(arena).Set(id, entry.Address);
        return entry;
    }

    /// <summary>Hands a pending entry to another consumer.</summary>
    public static void Assign(Arena arena, StreamId id, PendingEntry entry, Consumer consumer)
    {
        if (entry.Consumer.Address != consumer.Address)
        {
            entry.Consumer.Pending(arena).Remove(id);
            entry.Consumer = consumer;
            consumer.Pending(arena).Set(id, entry.Address);
        }
    }

    /// <summary>Forgets a pending entry; false if it was none.</summary>
    public bool RemovePending(Arena arena, StreamId id)
    {
        if (!Pending(arena).TryGet(id, out nint address))
        {
            return false;
        }
        PendingEntry entry = new(address);
        Pending(arena).Remove(id);
        entry.Consumer.Pending(arena).Remove(id);
        entry.Free(arena);
        return true;
    }

    internal void Free(Arena arena)
    {
        IdMap pending = Pending(arena);
        for (StreamId from = StreamId.Min; pending.TryCeiling(from, out StreamId id, out nint entry);)
        {
            new PendingEntry(entry).Free(arena);
            if (!id.TryNext(out from))
            {
                break;
            }
        }
        pending.Free();
        foreach (nint consumer in Consumers(arena))
        {
            new Consumer(consumer).Free(arena);
        }
        Consumers(arena).Free();
        arena.Free(Address, Bytes(Address));
    }

    /// <summary>Frees what is pending, in steps.</summary>
    internal IEnumerator<bool> ForgetPendingGradually(Arena arena, int piecesPerStep)
    {
        int step = 0;
        foreach (nint address in Consumers(arena))
        {
            // The entries are those of the group's own map, which frees them.
            IdMap own = new Consumer(address).Pending(arena);
            while (own.TryCeiling(StreamId.Min, out StreamId id, out _))
            {
                own.Remove(id);
                if (++step % piecesPerStep == 0)
                {
                    yield return true;
                }
            }
        }
        IdMap all = Pending(arena);
        while (all.TryCeiling(StreamId.Min, out StreamId id, out nint entry))
        {
            new PendingEntry(entry).Free(arena);
            all.Remove(id);
            if (++step % piecesPerStep == 0)
            {
                yield return true;
            }
        }
    }

    internal ConsumerGroup Copy(Arena source, Arena target)
    {
        ConsumerGroup copy = Create(target, Name, LastId, EntriesRead);
        foreach (nint address in Consumers(source))
        {
            Consumer consumer = new(address);
            Consumer added = copy.AddConsumer(target, consumer.Name, consumer.SeenAtUnixMs);
            added.ActiveAtUnixMs = consumer.ActiveAtUnixMs;
            IdMap pending = consumer.Pending(source);
            for (StreamId from = StreamId.Min; pending.TryCeiling(from, out StreamId id, out nint value);)
            {
                PendingEntry entry = new(value);
                copy.AddPending(target, id, added, entry.DeliveredAtUnixMs, entry.DeliveryCount);
                if (!id.TryNext(out from))
                {
                    break;
                }
            }
        }
        return copy;
    }

    /// <inheritdoc/>
    public static ReadOnlySpan<byte> Key(nint entry) => new ConsumerGroup(entry).Name;

    /// <inheritdoc/>
    public static long Bytes(nint entry) => sizeof(Head) + SetMember.BytesFor(new ConsumerGroup(entry).Name.Length);

    /// <inheritdoc/>
    public static long ExpiresAtUnixMs(nint entry) => ITableEntry.NoExpiry;
}
