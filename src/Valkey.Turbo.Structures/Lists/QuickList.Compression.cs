namespace Valkey.Turbo.Structures;

/// <content>Which links are compressed: those further than the depth from both ends, but for the one opened last.</content>
internal readonly unsafe partial struct QuickList
{
    /// <summary>How many links at each end are never compressed; 0 where none is.</summary>
    internal int CompressDepth
    {
        get => *(int*)(Address + 40);
        private set => *(int*)(Address + 40) = value;
    }

    private QuickListNode LastOpened
    {
        get => new(*(nint*)(Address + 32));
        set => *(nint*)(Address + 32) = value.Address;
    }

    /// <summary>
    /// The items of a link, to be read or changed until another link is opened: until then it stays as it is even if it comes to
    /// stand further inside.
    /// </summary>
    internal Listpack Open(QuickListNode node)
    {
        if (CompressDepth != 0)
        {
            QuickListNode last = LastOpened;
            LastOpened = node;
            node.Decompress(arena);
            if (!last.IsNull && last.Address != node.Address)
            {
                Settle(last);
            }
        }
        return node.Items;
    }

    private void Forget(QuickListNode node)
    {
        if (LastOpened.Address == node.Address)
        {
            LastOpened = default;
        }
    }

    /// <summary>Compresses a link unless it is near an end or open.</summary>
    private void Settle(QuickListNode node)
    {
        int depth = CompressDepth;
        if (depth == 0 || node.Address == LastOpened.Address || LinkCount <= 2L * depth)
        {
            return;
        }
        QuickListNode first = Head, last = Tail;
        for (int i = 0; i < depth; i++)
        {
            if (first.Address == node.Address || last.Address == node.Address)
            {
                return;
            }
            (first, last) = (first.Next, last.Previous);
        }
        node.Compress(arena);
    }

    /// <summary>Opens the links near the ends, and compresses those that come next; after a link was added or removed.</summary>
    private void TendEnds()
    {
        int depth = CompressDepth;
        if (depth == 0)
        {
            return;
        }
        QuickListNode first = Head, last = Tail;
        for (int i = 0; i < depth && !first.IsNull && !last.IsNull; i++)
        {
            first.Decompress(arena);
            last.Decompress(arena);
            (first, last) = (first.Next, last.Previous);
        }
        if (LinkCount > 2L * depth)
        {
            Settle(first);
            Settle(last);
        }
    }
}
