using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Structures;

/// <summary>The fields and values of an entry that is to be added, one after another.</summary>
public interface IStreamFields
{
    /// <summary>How many pairs there are.</summary>
    int Count { get; }

    /// <summary>A pair's field.</summary>
    ReadOnlySpan<byte> Field(int index);

    /// <summary>A pair's value.</summary>
    ReadOnlySpan<byte> Value(int index);
}

/// <content>Adding, deleting and trimming entries.</content>
public readonly unsafe partial struct StreamValue
{
    private const int WriterBytes = 512;

    /// <summary>Adds an entry, whose ID is greater than <see cref="LastId"/>.</summary>
    public void Append<TFields>(StreamId id, TFields fields, CollectionLimits limits)
        where TFields : struct, IStreamFields, allows ref struct
    {
        Span<byte> buffer = stackalloc byte[WriterBytes];
        ListpackWriter writer = new(buffer);
        long added = 0;
        for (int i = 0; i < fields.Count; i++)
        {
            added += fields.Field(i).Length + fields.Value(i).Length;
        }
        bool hasBlock = Blocks.TryFloor(StreamId.Max, out StreamId first, out nint address);
        Listpack items = new(address);
        if (!hasBlock || IsFull(new StreamBlock(first, items), added, limits))
        {
            items = BeginBlock(fields, ref writer);
            first = id;
            writer.Dispose();
            writer = new ListpackWriter(buffer);
        }
        else
        {
            items = items.Replace(arena, Listpack.HeaderBytes, new StreamBlock(first, items).Count + 1);
        }
        WriteEntry(id, first, items, fields, ref writer);
        items = items.Append(arena, writer);
        writer.Dispose();
        Blocks.Set(first, items.Address);
        State->FirstId = Length == 0 ? id : State->FirstId;
        Length++;
        EntriesAdded++;
        LastId = id;
    }

    /// <summary>Adds a block that was loaded; its ID is greater than that of any other.</summary>
    public void AppendBlock(StreamId first, Listpack items) => Blocks.Set(first, items.Address);

    /// <summary>Sets what is known beside the entries, after blocks have been loaded.</summary>
    public void SetLoaded(long length, StreamId lastId, StreamId firstId, StreamId maxDeletedId, long entriesAdded)
    {
        Length = length;
        LastId = lastId;
        State->FirstId = firstId;
        MaxDeletedId = maxDeletedId;
        EntriesAdded = entriesAdded;
    }

    /// <summary>Deletes an entry; false if it is not there.</summary>
    public bool Delete(StreamId id)
    {
        StreamEnumerator entries = Enumerate(id, id);
        if (!entries.MoveNext())
        {
            return false;
        }
        StreamBlock block = entries.Block;
        Listpack items = block.Items;
        int count = block.Count;
        if (count == 1)
        {
            Blocks.Remove(block.FirstId);
            items.Free(arena);
        }
        else
        {
            items = items.Replace(arena, block.EntryAt, block.Flags | StreamBlock.DeletedFlag);
            items = items.Replace(arena, Listpack.HeaderBytes, count - 1);
            items = items.Replace(arena, items.Behind(Listpack.HeaderBytes), block.Deleted + 1);
            Blocks.Set(block.FirstId, items.Address);
        }
        Length--;
        RefreshFirstId();
        return true;
    }

    /// <summary>
    /// Deletes the oldest entries until no more than <paramref name="maxLength"/> are left and none is older than
    /// <paramref name="minId"/>. Approximately means by whole blocks only, and at most <paramref name="limit"/> entries (0: any
    /// number).
    /// </summary>
    /// <returns>How many were deleted.</returns>
    public long Trim(long maxLength, StreamId minId, bool isApproximate, long limit)
    {
        long deleted = 0;
        while (Length > maxLength || (Length > 0 && FirstId < minId))
        {
            Blocks.TryCeiling(StreamId.Min, out StreamId first, out nint address);
            StreamBlock block = new(first, new Listpack(address));
            int count = block.Count;
            if (limit > 0 && deleted + count > limit)
            {
                break;
            }
            if (CanDropBlock(block, maxLength, minId))
            {
                Blocks.Remove(first);
                block.Items.Free(arena);
                Length -= count;
                deleted += count;
                RefreshFirstId();
                continue;
            }
            if (isApproximate)
            {
                break;
            }
            Delete(FirstId);
            deleted++;
        }
        return deleted;
    }

    private bool CanDropBlock(StreamBlock block, long maxLength, StreamId minId)
    {
        if (Length - block.Count >= maxLength && maxLength < long.MaxValue)
        {
            return true;
        }
        return LastIdOf(block) < minId;
    }

    /// <summary>The ID of a block's last entry, deleted or not.</summary>
    private static StreamId LastIdOf(StreamBlock block)
    {
        block.MoveToEnd();
        return block.MovePrevious() ? block.Id : block.FirstId;
    }

    private void RefreshFirstId()
    {
        StreamEnumerator entries = Enumerate(StreamId.Min, StreamId.Max);
        State->FirstId = Length > 0 && entries.MoveNext() ? entries.Id : StreamId.Min;
    }

    private static bool IsFull(StreamBlock block, long addedBytes, CollectionLimits limits)
    {
        long bytes = block.Items.TotalBytes + addedBytes;
        return bytes >= Math.Min(limits.StreamNodeMaxBytes == 0 ? Listpack.LargestBytes : limits.StreamNodeMaxBytes, Listpack.LargestBytes)
            || (limits.StreamNodeMaxEntries > 0 && block.Count + block.Deleted >= limits.StreamNodeMaxEntries);
    }

    private Listpack BeginBlock<TFields>(TFields fields, ref ListpackWriter writer)
        where TFields : struct, IStreamFields, allows ref struct
    {
        writer.Add(1);
        writer.Add(0);
        writer.Add(fields.Count);
        for (int i = 0; i < fields.Count; i++)
        {
            writer.Add(fields.Field(i));
        }
        writer.Add(0);
        return Listpack.Create(arena).Append(arena, writer);
    }

    private static void WriteEntry<TFields>(StreamId id, StreamId first, Listpack items, TFields fields, ref ListpackWriter writer)
        where TFields : struct, IStreamFields, allows ref struct
    {
        bool isSame = HasMasterFields(items, fields);
        writer.Add(isSame ? StreamBlock.SameFieldsFlag : 0);
        writer.Add(unchecked((long)(id.Ms - first.Ms)));
        writer.Add(unchecked((long)(id.Sequence - first.Sequence)));
        if (!isSame)
        {
            writer.Add(fields.Count);
        }
        for (int i = 0; i < fields.Count; i++)
        {
            if (!isSame)
            {
                writer.Add(fields.Field(i));
            }
            writer.Add(fields.Value(i));
        }
        writer.Add(isSame ? fields.Count + 3L : fields.Count * 2L + 4);
    }

    private static bool HasMasterFields<TFields>(Listpack items, TFields fields)
        where TFields : struct, IStreamFields, allows ref struct
    {
        if (!StreamBlock.HasFieldCount(items, fields.Count, out int at))
        {
            return false;
        }
        Span<byte> scratch = stackalloc byte[Decimal64.MaxDigits];
        for (int i = 0; i < fields.Count; i++)
        {
            if (!items.Read(at, scratch).SequenceEqual(fields.Field(i)))
            {
                return false;
            }
            at = items.Behind(at);
        }
        return true;
    }
}
