using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Tests.Structures;

/// <summary>Long lists as queues and stacks, in bursts at both ends, with changes inside between them, beside a model.</summary>
public sealed class ListEndsTests
{
    private readonly Arena _arena = new(new SpanSource(-1));

    [Theory]
    [InlineData(-2, 0, 1UL)]
    [InlineData(-2, 2, 2UL)]
    [InlineData(-1, 0, 3UL)]
    [InlineData(-5, 0, 4UL)]
    [InlineData(10, 0, 5UL)]
    [InlineData(500, 1, 6UL)]
    public void ItemsComeAndGoAtBothEnds(int fill, int compressDepth, ulong seed)
    {
        RandomSource random = new(seed);
        CollectionLimits limits = new() { ListMaxListpackSize = fill, ListCompressDepth = compressDepth };
        LinkedList<string> model = [];
        Entry entry = Entry.Create(_arena, "key"u8, ValueType.List, ValueEncoding.Listpack, 0, ITableEntry.NoExpiry);
        entry.Collection = Collection.Create(ValueType.List, ValueEncoding.Listpack, _arena);
        ListValue list = new(entry, _arena);
        for (int burst = 0; burst < 400; burst++)
        {
            bool atHead = random.Below(2) == 0;
            int size = random.Below(600);
            // The list grows over the first half and drains over the second, through the length at which ends have room.
            if (random.Below(10) < (burst < 200 ? 7 : 3))
            {
                Push(size, atHead);
            }
            else
            {
                Pop(size, atHead);
            }
            if (model.Count > 0 && random.Below(4) == 0)
            {
                ChangeNearAnEnd(atHead);
            }
            if (burst % 5 == 4)
            {
                AssertEqual();
            }
        }
        Collection.Free(entry, _arena);
        _arena.Free(entry.Address, entry.EntryBytes);
        Assert.Equal(0, _arena.UsedBytes);

        void Push(int count, bool atHead)
        {
            for (int i = 0; i < count; i++)
            {
                string item = RandomItem(random);
                list.ExpectMore(item.Length, 1, limits);
                list.Push(Encoding.Latin1.GetBytes(item), atHead, limits);
                _ = atHead ? model.AddFirst(item) : model.AddLast(item);
            }
        }

        void Pop(int count, bool atHead)
        {
            for (int left = Math.Min(count, model.Count); left > 0;)
            {
                int taken = Math.Min(left, 1 + random.Below(3));
                list.RemoveRange(atHead ? 0 : model.Count - taken, taken);
                left -= taken;
                for (; taken > 0; taken--)
                {
                    (atHead ? (Action)model.RemoveFirst : model.RemoveLast)();
                }
            }
            list.ShrinkIfSmall(limits);
        }

        void ChangeNearAnEnd(bool atHead)
        {
            int fromEnd = Math.Min(random.Below(5), model.Count - 1), index = atHead ? fromEnd : model.Count - 1 - fromEnd;
            LinkedListNode<string> node = (atHead ? model.First : model.Last)!;
            for (int i = 0; i < fromEnd; i++)
            {
                node = (atHead ? node.Next : node.Previous)!;
            }
            switch (random.Below(3))
            {
                case 0:
                    node.Value = RandomItem(random);
                    list.Set(index, Encoding.Latin1.GetBytes(node.Value), limits);
                    break;
                case 1:
                    list.RemoveRange(index, 1);
                    model.Remove(node);
                    break;
                default:
                    Assert.Equal(1, list.Remove(Encoding.Latin1.GetBytes(node.Value), 1, fromTail: !atHead));
                    model.Remove((atHead ? model.Find(node.Value) : model.FindLast(node.Value))!);
                    break;
            }
        }

        void AssertEqual()
        {
            Span<byte> scratch = stackalloc byte[32];
            LinkedListNode<string>? node = model.First;
            for (ListEnumerator items = list.Enumerate(0); items.MoveNext(); node = node.Next)
            {
                Assert.Equal(node!.Value, Encoding.Latin1.GetString(items.Read(scratch)));
            }
            Assert.Null(node);
            Assert.Equal(model.Count, list.Count);
            for (QuickListNode link = list.IsListpack ? default : list.Chain.Head; !link.IsNull; link = link.Next)
            {
                bool isEnd = link.Address == list.Chain.Head.Address || link.Address == list.Chain.Tail.Address;
                Assert.True(!link.HasRoom || (isEnd && list.LinkCount >= 8));
                Assert.True(link.IsCompressed || Listpack.IsValid(link.Items.Span));
                Assert.True(link.IsCompressed || link.Items.Count == link.Count);
            }
            Assert.Equal(_arena.UsedBytes, Collection.MemoryBytes(entry, _arena, long.MaxValue) + SizeClass.RoundUp(entry.EntryBytes));
        }
    }

    private static string RandomItem(RandomSource random) => random.Below(40) switch
    {
        0 => "",
        1 => new string('z', random.Below(5000)),
        2 => random.Below(20) == 0 ? new string('Z', 9000 + random.Below(2000)) : "Z",
        < 10 => (random.Below(100_000) - 50_000).ToString(System.Globalization.CultureInfo.InvariantCulture),
        _ => new string((char)('a' + random.Below(26)), 20 + random.Below(100)),
    };
}
