using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A stream: blocks of entries by the ID of their first, and consumer groups by name. A view of the entry that owns the
/// stream.
/// </summary>
public readonly unsafe partial struct StreamValue(Entry entry, Arena arena)
{
    [StructLayout(LayoutKind.Sequential)]
    private struct Head
    {
        internal long Length;
        internal StreamId LastId;
        internal StreamId FirstId;
        internal StreamId MaxDeletedId;
        internal long EntriesAdded;
        internal nint Blocks;
        internal nint Groups;
    }

    private Head* State => (Head*)entry.Collection;

    /// <summary>The memory that the stream lies in.</summary>
    public Arena Arena => arena;

    /// <summary>How many entries there are.</summary>
    public long Length
    {
        get => State->Length;
        private set => State->Length = value;
    }

    /// <summary>The greatest ID that was ever added.</summary>
    public StreamId LastId
    {
        get => State->LastId;
        set => State->LastId = value;
    }

    /// <summary>The ID of the first entry; zero if there is none.</summary>
    public StreamId FirstId => State->FirstId;

    /// <summary>The greatest ID that was deleted.</summary>
    public StreamId MaxDeletedId
    {
        get => State->MaxDeletedId;
        set => State->MaxDeletedId = value;
    }

    /// <summary>How many entries were ever added.</summary>
    public long EntriesAdded
    {
        get => State->EntriesAdded;
        set => State->EntriesAdded = value;
    }

    /// <summary>The blocks; the values are listpacks.</summary>
    public IdMap Blocks => new(State->Blocks, arena);

    /// <summary>Whether there may be consumer groups.</summary>
    public bool HasGroups => State->Groups != 0;

    /// <summary>The consumer groups; to be asked only where <see cref="HasGroups"/>.</summary>
    public HashTable<ConsumerGroup> Groups => new(State->Groups, arena);

    /// <summary>Makes an empty stream.</summary>
    internal static nint Create(Arena arena)
    {
        nint at = arena.Allocate(sizeof(Head));
        *(Head*)at = new Head { Blocks = IdMap.Create(arena).Address };
        return at;
    }

    /// <summary>Finds a consumer group.</summary>
    public bool TryGroup(ReadOnlySpan<byte> name, out ConsumerGroup group)
    {
        TablePosition position = HasGroups ? Groups.Find(name, KeyHash.Of(name)) : default;
        group = new ConsumerGroup(position.IsNone ? 0 : position.Entry);
        return !position.IsNone;
    }

    /// <summary>Adds a consumer group that the stream does not have.</summary>
    public ConsumerGroup AddGroup(ReadOnlySpan<byte> name, StreamId lastId, long entriesRead)
    {
        if (!HasGroups)
        {
            State->Groups = new HashTable<ConsumerGroup>(arena).Address;
        }
        ConsumerGroup group = ConsumerGroup.Create(arena, name, lastId, entriesRead);
        Groups.Insert(group.Address, KeyHash.Of(name));
        return group;
    }

    /// <summary>Removes a consumer group.</summary>
    public void RemoveGroup(ConsumerGroup group)
    {
        HashTable<ConsumerGroup> groups = Groups;
        groups.Remove(groups.Find(group.Name, KeyHash.Of(group.Name)));
        group.Free(arena);
    }

    /// <summary>Goes over entries that are not deleted, from the least ID or, in reverse, from the greatest.</summary>
    public StreamEnumerator Enumerate(StreamId start, StreamId end, bool isReverse = false) => new(this, start, end, isReverse);

    /// <summary>Whether an entry is there and not deleted.</summary>
    public bool Contains(StreamId id) => Enumerate(id, id).MoveNext();

    /// <summary>
    /// How many entries were added up to an ID, or <see cref="ConsumerGroup.Unknown"/> where deletions make that
    /// unknowable.
    /// </summary>
    public long EstimateEntriesUpTo(StreamId id)
    {
        if (EntriesAdded == 0)
        {
            return 0;
        }
        if (Length == 0 && id <= LastId)
        {
            return EntriesAdded;
        }
        if (id != StreamId.Min && id < MaxDeletedId)
        {
            return ConsumerGroup.Unknown;
        }
        if (id == LastId)
        {
            return EntriesAdded;
        }
        if (id > LastId)
        {
            return ConsumerGroup.Unknown;
        }
        if (MaxDeletedId == StreamId.Min || MaxDeletedId < FirstId)
        {
            return id < FirstId ? EntriesAdded - Length : id == FirstId ? EntriesAdded - Length + 1 : ConsumerGroup.Unknown;
        }
        return ConsumerGroup.Unknown;
    }

    /// <summary>Whether something behind <paramref name="start"/>, up to <paramref name="end"/>, was deleted.</summary>
    public bool HasDeletedIn(StreamId start, StreamId end) =>
        Length > 0 && MaxDeletedId != StreamId.Min && start <= MaxDeletedId && MaxDeletedId <= end;

    /// <summary>Bytes of memory, from a sample of blocks.</summary>
    internal long MemoryBytes(long samples)
    {
        long sampled = 0, seen = 0;
        for (StreamId from = StreamId.Min; seen < samples && Blocks.TryCeiling(from, out StreamId id, out nint items); seen++)
        {
            sampled += new Listpack(items).MemoryBytes;
            if (!id.TryNext(out from))
            {
                break;
            }
        }
        long bytes = SizeClass.RoundUp(sizeof(Head)) + Blocks.MemoryBytes + (seen == 0 ? 0 : sampled * Blocks.Count / seen);
        if (HasGroups)
        {
            foreach (nint group in Groups)
            {
                bytes += new ConsumerGroup(group).Pending(arena).MemoryBytes * 3;
            }
        }
        return bytes;
    }

    /// <summary>Frees everything.</summary>
    /// <summary>How many pieces of memory there are to free, about.</summary>
    internal long FreeEffort => Length + (HasGroups ? Groups.Count : 0);

    /// <summary>Frees the entries and what is pending in steps, and the stream with the last.</summary>
    internal IEnumerator<bool> FreeGradually(int piecesPerStep)
    {
        StreamValue stream = this;
        int step = 0;
        IdMap blocks = Blocks;
        while (blocks.TryCeiling(StreamId.Min, out StreamId first, out nint items))
        {
            new Listpack(items).Free(stream.Arena);
            blocks.Remove(first);
            if (++step % piecesPerStep == 0)
            {
                yield return true;
            }
        }
        if (stream.HasGroups)
        {
            foreach (nint address in stream.Groups)
            {
                IEnumerator<bool> pending = new ConsumerGroup(address).ForgetPendingGradually(stream.Arena, piecesPerStep);
                while (pending.MoveNext())
                {
                    yield return true;
                }
            }
        }
        stream.Free();
    }

    internal void Free()
    {
        IdMap blocks = Blocks;
        for (StreamId from = StreamId.Min; blocks.TryCeiling(from, out StreamId id, out nint items);)
        {
            new Listpack(items).Free(arena);
            if (!id.TryNext(out from))
            {
                break;
            }
        }
        blocks.Free();
        if (HasGroups)
        {
            foreach (nint group in Groups)
            {
                new ConsumerGroup(group).Free(arena);
            }
            Groups.Free();
        }
        arena.Free(entry.Collection, sizeof(Head));
    }

    /// <summary>Copies the stream into an arena, which may be another.</summary>
    internal nint Copy(Arena target, Arena source)
    {
        nint at = Create(target);
        Head* copy = (Head*)at;
        nint blocksAt = copy->Blocks;
        *copy = *State;
        copy->Blocks = blocksAt;
        copy->Groups = 0;
        IdMap blocks = new(blocksAt, target);
        for (StreamId from = StreamId.Min; Blocks.TryCeiling(from, out StreamId id, out nint items);)
        {
            blocks.Set(id, Listpack.Create(target, new Listpack(items).Span).Address);
            if (!id.TryNext(out from))
            {
                break;
            }
        }
        if (HasGroups)
        {
            HashTable<ConsumerGroup> groups = new(target);
            copy->Groups = groups.Address;
            foreach (nint group in Groups)
            {
                ConsumerGroup copied = new ConsumerGroup(group).Copy(source, target);
                groups.Insert(copied.Address, KeyHash.Of(copied.Name));
            }
        }
        return at;
    }
}
