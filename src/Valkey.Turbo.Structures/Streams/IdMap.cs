using System.Runtime.InteropServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A B+tree from stream IDs to addresses: a stream's listpacks by the ID of their first entry, and the entries that
/// consumers have yet to acknowledge. Finds the nearest key on either side, which is how it is iterated, so it may change
/// between two steps.
/// <code>
/// head   | root 8 | count 8 |
/// node   | count 2 | level 2 | 4 | (ID 16, value or child 8) × 20 |
/// </code>
/// An inner key bounds the keys of its child from below. A view of the head's address.
/// </summary>
public readonly unsafe struct IdMap(nint address, Arena arena)
{
    private const int HeadBytes = 16;
    private const int Places = 20;
    private const int NodeBytes = 8 + Places * 24;

    [StructLayout(LayoutKind.Sequential)]
    private struct Slot
    {
        internal StreamId Id;
        internal nint Value;
    }

    [StructLayout(LayoutKind.Explicit)]
    private struct Node
    {
        [FieldOffset(0)] internal ushort Count;
        [FieldOffset(2)] internal ushort Level;
        [FieldOffset(8)] internal Slot First;
    }

    /// <summary>Where the head lies.</summary>
    public nint Address { get; } = address;

    /// <summary>How many IDs there are.</summary>
    public long Count
    {
        get => *(long*)(Address + 8);
        private set => *(long*)(Address + 8) = value;
    }

    private Node* Root
    {
        get => *(Node**)Address;
        set => *(Node**)Address = value;
    }

    /// <summary>Makes an empty map.</summary>
    public static IdMap Create(Arena arena)
    {
        IdMap map = new(arena.Allocate(HeadBytes), arena);
        map.Root = map.NewNode(0);
        map.Count = 0;
        return map;
    }

    /// <summary>Frees the map, not what its values name.</summary>
    public void Free()
    {
        Free(Root);
        arena.Free(Address, HeadBytes);
    }

    /// <summary>Bytes of memory of the map, estimated from the count.</summary>
    public long MemoryBytes => HeadBytes + (Count * 3 / (2 * Places) + 1) * NodeBytes;

    /// <summary>Finds an ID.</summary>
    public bool TryGet(StreamId id, out nint value) => TryFloor(id, out StreamId found, out value) && found == id;

    /// <summary>Finds the greatest ID that is at most <paramref name="id"/>.</summary>
    public bool TryFloor(StreamId id, out StreamId found, out nint value)
    {
        Node* node = Root;
        Node* left = null;
        while (true)
        {
            int at = CountUpTo(node, id) - 1;
            if (node->Level == 0)
            {
                if (at >= 0)
                {
                    return Take(node, at, out found, out value);
                }
                return Last(left, out found, out value);
            }
            // Everything left of the way down is smaller; the nearest of it is remembered.
            left = at > 0 ? Child(node, at - 1) : left;
            node = Child(node, Math.Max(at, 0));
        }
    }

    /// <summary>Finds the least ID that is at least <paramref name="id"/>.</summary>
    public bool TryCeiling(StreamId id, out StreamId found, out nint value)
    {
        Node* node = Root;
        Node* right = null;
        while (true)
        {
            int upTo = CountUpTo(node, id);
            if (node->Level == 0)
            {
                if (upTo > 0 && SlotAt(node, upTo - 1)->Id == id)
                {
                    return Take(node, upTo - 1, out found, out value);
                }
                return upTo < node->Count ? Take(node, upTo, out found, out value) : First(right, out found, out value);
            }
            int at = Math.Max(upTo - 1, 0);
            right = at + 1 < node->Count ? Child(node, at + 1) : right;
            node = Child(node, at);
        }
    }

    /// <summary>Sets the value of an ID.</summary>
    /// <returns>Whether the ID is new.</returns>
    public bool Set(StreamId id, nint value)
    {
        bool isNew = Set(Root, id, value, out Node* split);
        if (split != null)
        {
            Node* above = NewNode(Root->Level + 1);
            above->Count = 2;
            *SlotAt(above, 0) = new Slot { Id = SlotAt(Root, 0)->Id, Value = (nint)Root };
            *SlotAt(above, 1) = new Slot { Id = SlotAt(split, 0)->Id, Value = (nint)split };
            Root = above;
        }
        Count += isNew ? 1 : 0;
        return isNew;
    }

    /// <summary>Removes an ID; false if there is none.</summary>
    public bool Remove(StreamId id)
    {
        if (!Remove(Root, id))
        {
            return false;
        }
        while (Root->Level > 0 && Root->Count == 1)
        {
            Node* root = Root;
            Root = Child(root, 0);
            arena.Free((nint)root, NodeBytes);
        }
        Count--;
        return true;
    }

    private bool Set(Node* node, StreamId id, nint value, out Node* split)
    {
        split = null;
        int upTo = CountUpTo(node, id);
        if (node->Level == 0)
        {
            if (upTo > 0 && SlotAt(node, upTo - 1)->Id == id)
            {
                SlotAt(node, upTo - 1)->Value = value;
                return false;
            }
            split = InsertSlot(node, upTo, new Slot { Id = id, Value = value });
            return true;
        }
        int at = Math.Max(upTo - 1, 0);
        if (upTo == 0)
        {
            SlotAt(node, 0)->Id = id;
        }
        bool isNew = Set(Child(node, at), id, value, out Node* childSplit);
        if (childSplit != null)
        {
            split = InsertSlot(node, at + 1, new Slot { Id = SlotAt(childSplit, 0)->Id, Value = (nint)childSplit });
        }
        return isNew;
    }

    private Node* InsertSlot(Node* node, int at, Slot slot)
    {
        Node* right = null;
        if (node->Count == Places)
        {
            right = NewNode(node->Level);
            // IDs mostly ascend: then the left node stays full.
            int kept = at == Places ? Places : Places / 2;
            Copy(SlotAt(node, kept), SlotAt(right, 0), Places - kept);
            right->Count = (ushort)(Places - kept);
            node->Count = (ushort)kept;
            if (at > kept || right->Count == 0)
            {
                at -= kept;
                node = right;
            }
        }
        Copy(SlotAt(node, at), SlotAt(node, at + 1), node->Count - at);
        *SlotAt(node, at) = slot;
        node->Count++;
        return right;
    }

    private bool Remove(Node* node, StreamId id)
    {
        int at = CountUpTo(node, id) - 1;
        if (at < 0)
        {
            return false;
        }
        if (node->Level > 0)
        {
            Node* child = Child(node, at);
            if (!Remove(child, id))
            {
                return false;
            }
            if (child->Count > 0)
            {
                return true;
            }
            arena.Free((nint)child, NodeBytes);
        }
        else if (SlotAt(node, at)->Id != id)
        {
            return false;
        }
        Copy(SlotAt(node, at + 1), SlotAt(node, at), node->Count - at - 1);
        node->Count--;
        if (node->Level > 0 && node->Count == 0 && node == Root)
        {
            Root = NewNode(0);
            arena.Free((nint)node, NodeBytes);
        }
        return true;
    }

    /// <summary>How many keys of a node are at most <paramref name="id"/>.</summary>
    private static int CountUpTo(Node* node, StreamId id)
    {
        int low = 0, high = node->Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            (low, high) = SlotAt(node, middle)->Id <= id ? (middle + 1, high) : (low, middle);
        }
        return low;
    }

    private static bool First(Node* node, out StreamId found, out nint value)
    {
        while (node != null && node->Level > 0)
        {
            node = Child(node, 0);
        }
        return Take(node, 0, out found, out value);
    }

    private static bool Last(Node* node, out StreamId found, out nint value)
    {
        while (node != null && node->Level > 0)
        {
            node = Child(node, node->Count - 1);
        }
        return Take(node, node == null ? 0 : node->Count - 1, out found, out value);
    }

    private static bool Take(Node* leaf, int at, out StreamId found, out nint value)
    {
        bool exists = leaf != null && (uint)at < leaf->Count;
        found = exists ? SlotAt(leaf, at)->Id : default;
        value = exists ? SlotAt(leaf, at)->Value : 0;
        return exists;
    }

    private static Slot* SlotAt(Node* node, int at)
    {
        Invariant.Check((uint)at <= Places);
        return &node->First + at;
    }

    private static Node* Child(Node* node, int at) => (Node*)SlotAt(node, at)->Value;

    private static void Copy(Slot* source, Slot* target, int count) =>
        Buffer.MemoryCopy(source, target, (long)count * sizeof(Slot), (long)count * sizeof(Slot));

    private Node* NewNode(int level)
    {
        Node* node = (Node*)arena.Allocate(NodeBytes);
        node->Count = 0;
        node->Level = (ushort)level;
        return node;
    }

    private void Free(Node* node)
    {
        for (int i = 0; node->Level > 0 && i < node->Count; i++)
        {
            Free(Child(node, i));
        }
        arena.Free((nint)node, NodeBytes);
    }
}
