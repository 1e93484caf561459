using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Tests.Structures;

/// <summary>Random operations on each structure beside a simple model; in the end all memory comes back.</summary>
public sealed class CollectionModelTests
{
    private const int Steps = 20_000;
    private readonly Arena _arena = new(new SpanSource(-1));

    private Entry NewEntry(ValueType type, ValueEncoding encoding)
    {
        Entry entry = Entry.Create(_arena, "key"u8, type, encoding, 0, ITableEntry.NoExpiry);
        entry.Collection = Collection.Create(type, encoding, _arena);
        return entry;
    }

    private void Free(Entry entry)
    {
        Collection.Free(entry, _arena);
        _arena.Free(entry.Address, entry.EntryBytes);
        Assert.Equal(0, _arena.UsedBytes);
    }

    private static byte[] Bytes(string text) => Encoding.Latin1.GetBytes(text);

    private static string Text(ReadOnlySpan<byte> bytes) => Encoding.Latin1.GetString(bytes);

    private static string RandomElement(RandomSource random) => random.Below(10) switch
    {
        0 => "",
        1 => new string('x', random.Below(300)),
        2 => random.Below(100) == 0 ? new string('y', 5000) : "y",
        3 => ((long)random.Next()).ToString(CultureInfo.InvariantCulture),
        < 7 => (random.Below(4000) - 2000).ToString(CultureInfo.InvariantCulture),
        _ => "m" + random.Below(500),
    };

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void AListpackIsARowOfStrings(ulong seed)
    {
        RandomSource random = new(seed);
        List<string> model = [];
        Listpack items = Listpack.Create(_arena);
        Span<byte> scratch = stackalloc byte[32];
        for (int step = 0; step < Steps; step++)
        {
            int index = random.Below(model.Count + 1), offset = index == model.Count ? items.EndOffset : items.At(index);
            string element = RandomElement(random);
            switch (random.Below(model.Count > 60 ? 6 : 4))
            {
                case 0 or 1:
                    items = items.Insert(_arena, offset, Bytes(element));
                    model.Insert(index, element);
                    break;
                case 2 when index < model.Count:
                    items = items.Replace(_arena, offset, Bytes(element));
                    model[index] = element;
                    break;
                case > 2 when index < model.Count:
                    int count = Math.Min(random.Below(4), model.Count - index);
                    items = items.Remove(_arena, offset, count);
                    model.RemoveRange(index, count);
                    break;
            }
            Assert.Equal(model.Count, items.Count);
            if (step % 50 == 0)
            {
                Assert.True(Listpack.IsValid(items.Span));
                int at = items.First;
                foreach (string expected in model)
                {
                    Assert.Equal(expected, Text(items.Read(at, scratch)));
                    at = items.Next(at);
                }
                Assert.Equal(Listpack.None, at);
                int found = items.Find(Bytes(element), items.First, 1);
                int expectedIndex = model.IndexOf(element);
                Assert.Equal(expectedIndex < 0 ? Listpack.None : items.At(expectedIndex), found);
                Assert.Equal(model.Count == 0 ? Listpack.None : items.At(model.Count - 1), items.Last);
            }
        }
        items.Free(_arena);
        Assert.Equal(0, _arena.UsedBytes);
    }

    [Theory]
    [InlineData(-2, 0, 1UL)]
    [InlineData(-1, 0, 2UL)]
    [InlineData(4, 0, 3UL)]
    [InlineData(-1, 1, 4UL)]
    [InlineData(4, 1, 5UL)]
    [InlineData(4, 3, 6UL)]
    public void AListIsAListInEveryEncoding(int fill, int compressDepth, ulong seed)
    {
        RandomSource random = new(seed);
        CollectionLimits limits = new() { ListMaxListpackSize = fill, ListCompressDepth = compressDepth };
        List<string> model = [];
        Entry entry = NewEntry(ValueType.List, ValueEncoding.Listpack);
        ListValue list = new(entry, _arena);
        Span<byte> scratch = stackalloc byte[32];
        for (int step = 0; step < Steps / 4; step++)
        {
            string element = RandomElement(random);
            int index = model.Count == 0 ? 0 : random.Below(model.Count);
            switch (random.Below(step / 1000 % 2 == 0 ? 8 : 12))
            {
                case < 5:
                    bool atHead = random.Below(2) == 0;
                    list.ExpectMore(element.Length, 1, limits);
                    list.Push(Bytes(element), atHead, limits);
                    model.Insert(atHead ? 0 : model.Count, element);
                    break;
                case 5 when model.Count > 0:
                    list.Set(index, Bytes(element), limits);
                    model[index] = element;
                    break;
                case 6 when model.Count > 0:
                    string pivot = model[index];
                    bool isBehind = random.Below(2) == 0;
                    list.ExpectMore(element.Length, 1, limits);
                    Assert.True(list.Insert(Bytes(pivot), isBehind, Bytes(element), limits));
                    model.Insert(model.IndexOf(pivot) + (isBehind ? 1 : 0), element);
                    break;
                case 7 when model.Count > 0:
                    bool fromTail = random.Below(2) == 0;
                    string removed = model[index];
                    Assert.Equal(1, list.Remove(Bytes(removed), 1, fromTail));
                    model.RemoveAt(fromTail ? model.LastIndexOf(removed) : model.IndexOf(removed));
                    break;
                case > 7 when model.Count > 0:
                    int count = Math.Min(random.Below(5), model.Count - index);
                    list.RemoveRange(index, count);
                    model.RemoveRange(index, count);
                    list.ShrinkIfSmall(limits);
                    break;
            }
            Assert.Equal(model.Count, list.Count);
            if (step % 100 == 0)
            {
                List<string> forwards = [], backwards = [];
                for (ListEnumerator items = list.Enumerate(0); items.MoveNext();)
                {
                    forwards.Add(Text(items.Read(scratch)));
                }
                for (ListEnumerator items = list.Enumerate(list.Count - 1, isReverse: true); items.MoveNext();)
                {
                    backwards.Add(Text(items.Read(scratch)));
                }
                Assert.Equal(model, forwards);
                AssertCompressed(list);
                backwards.Reverse();
                Assert.Equal(model, backwards);
            }
        }
        Free(entry);
    }

    /// <summary>All links but those near the ends are compressed where that saves something; one more may have been opened.</summary>
    private static void AssertCompressed(ListValue list)
    {
        int depth = list.CompressDepth, plain = 0;
        long place = 0;
        for (QuickListNode node = list.IsListpack ? default : list.Chain.Head; !node.IsNull; node = node.Next, place++)
        {
            bool isInside = depth > 0 && place >= depth && place < list.LinkCount - depth;
            Assert.True(isInside || !node.IsCompressed);
            bool isWorthIt = isInside && !node.IsCompressed && node.PlainBytes >= 48
                && Lzf.Compress(node.Items.Span, new byte[node.PlainBytes - 8]) > 0;
            plain += isWorthIt ? 1 : 0;
        }
        Assert.InRange(plain, 0, 1);
    }

    [Theory]
    [InlineData(ValueEncoding.IntSet, 1UL)]
    [InlineData(ValueEncoding.Listpack, 2UL)]
    [InlineData(ValueEncoding.HashTable, 3UL)]
    public void ASetIsASetInEveryEncoding(ValueEncoding encoding, ulong seed)
    {
        RandomSource random = new(seed);
        CollectionLimits limits = new();
        HashSet<string> model = [];
        Entry entry = NewEntry(ValueType.Set, encoding);
        SetValue set = new(entry, _arena);
        Span<byte> scratch = stackalloc byte[32];
        for (int step = 0; step < Steps; step++)
        {
            string element = encoding == ValueEncoding.IntSet && step < Steps / 2
                ? (random.Below(step < 2000 ? 300 : 100_000_000) - 50L).ToString(CultureInfo.InvariantCulture)
                : RandomElement(random);
            if (random.Below(3) < 2)
            {
                Assert.Equal(model.Add(element), set.Add(Bytes(element), limits));
            }
            else
            {
                Assert.Equal(model.Remove(element), set.Remove(Bytes(element)));
            }
            Assert.Equal(model.Contains(element), set.Contains(Bytes(element)));
            Assert.Equal(model.Count, set.Count);
            if (step % 500 == 0 && model.Count > 0)
            {
                HashSet<string> seen = [];
                for (SetEnumerator members = set.Enumerate(); members.MoveNext();)
                {
                    Assert.True(seen.Add(Text(members.Read(scratch))));
                }
                Assert.True(seen.SetEquals(model));
                Assert.Contains(Text(set.Random(random, scratch)), model);
            }
        }
        Free(entry);
    }

    [Theory]
    [InlineData(ValueEncoding.Listpack, 1UL)]
    [InlineData(ValueEncoding.HashTable, 2UL)]
    public void AHashIsADictionaryWithExpiries(ValueEncoding encoding, ulong seed)
    {
        RandomSource random = new(seed);
        CollectionLimits limits = new();
        Dictionary<string, (string Value, long Expiry)> model = [];
        Entry entry = NewEntry(ValueType.Hash, encoding);
        HashValue hash = default;
        byte[] scratch = new byte[32];
        long now = 1_000_000;
        for (int step = 0; step < Steps; step++)
        {
            now += random.Below(3);
            hash = new HashValue(entry, _arena, new ExpiryClock(now));
            string field = "f" + random.Below(encoding == ValueEncoding.Listpack ? 40 : 2000), value = RandomElement(random);
            bool isAlive = model.TryGetValue(field, out (string Value, long Expiry) known) && (known.Expiry < 0 || known.Expiry > now);
            long expiry = encoding == ValueEncoding.HashTable && random.Below(3) == 0 ? now + random.Below(3000) : ITableEntry.NoExpiry;
            switch (random.Below(4))
            {
                case < 2:
                    value = encoding == ValueEncoding.Listpack ? value[..Math.Min(60, value.Length)] : value;
                    Assert.Equal(!isAlive, hash.Set(Bytes(field), Bytes(value), expiry, limits));
                    model[field] = (value, expiry);
                    break;
                case 2:
                    Assert.Equal(isAlive, hash.Remove(Bytes(field)));
                    model.Remove(field);
                    break;
                default:
                    Assert.Equal(isAlive, hash.TryGet(Bytes(field), scratch, out ReadOnlySpan<byte> found));
                    Assert.Equal(isAlive ? known.Value : "", Text(found));
                    Assert.Equal(isAlive, hash.TryGetExpiry(Bytes(field), out long expires));
                    Assert.Equal(isAlive ? known.Expiry : ITableEntry.NoExpiry, expires);
                    if (isAlive && encoding == ValueEncoding.HashTable)
                    {
                        hash.SetExpiry(Bytes(field), expiry);
                        model[field] = (known.Value, expiry);
                    }
                    break;
            }
            Assert.Equal(model.Count, hash.Count);
            if (encoding == ValueEncoding.HashTable)
            {
                Assert.Equal(model.Values.Count(one => one.Expiry >= 0), hash.Table.ExpiringCount);
            }
        }
        HashSet<string> names = [];
        for (HashEnumerator fields = hash.Enumerate(); fields.MoveNext();)
        {
            names.Add(Text(fields.Name(scratch)));
        }
        Assert.True(names.SetEquals(model.Where(one => one.Value.Expiry < 0 || one.Value.Expiry > now).Select(one => one.Key)));
        Free(entry);
    }

    [Theory]
    [InlineData(ValueEncoding.Listpack, 60, 1UL)]
    [InlineData(ValueEncoding.RankedTree, 60, 2UL)]
    [InlineData(ValueEncoding.RankedTree, 20_000, 3UL)]
    public void ASortedSetIsOrderedByScoreAndBytes(ValueEncoding encoding, int members, ulong seed)
    {
        RandomSource random = new(seed);
        CollectionLimits limits = new();
        Dictionary<string, double> scores = [];
        SortedSet<(double Score, string Member)> order = new(Comparer<(double Score, string Member)>.Create(static (a, b) =>
            a.Score != b.Score ? a.Score.CompareTo(b.Score) : string.CompareOrdinal(a.Member, b.Member)));
        Entry entry = NewEntry(ValueType.SortedSet, encoding);
        SortedSetValue set = new(entry, _arena);
        for (int step = 0; step < 2 * Steps; step++)
        {
            string member = "m" + random.Below(members);
            double score = random.Below(4) == 0 ? random.Below(8) : random.Below(100_000) / 16.0 - 3000;
            bool exists = scores.TryGetValue(member, out double current);
            Assert.Equal(exists, set.TryScore(Bytes(member), out double found));
            Assert.Equal(current, found);
            bool removes = random.Below(step / 10_000 % 2 == 0 ? 5 : 2) == 0;
            if (removes)
            {
                Assert.Equal(exists, set.Remove(Bytes(member)));
                order.Remove((current, member));
                scores.Remove(member);
            }
            else
            {
                if (exists)
                {
                    set.SetScore(Bytes(member), score);
                    order.Remove((current, member));
                }
                else
                {
                    set.Add(Bytes(member), score, limits);
                }
                scores[member] = score;
                order.Add((score, member));
            }
            Assert.Equal(order.Count, set.Count);
            if (step % 2000 == 0)
            {
                CompareOrder(set, order, random);
            }
        }
        while (order.Count > 0)
        {
            int first = random.Below(order.Count), count = Math.Min(order.Count - first, 1 + random.Below(500));
            (double Score, string Member)[] gone = [.. order.Skip(first).Take(count)];
            set.RemoveRange(first, count);
            order.ExceptWith(gone);
            CompareOrder(set, order, random);
        }
        Free(entry);
    }

    private static void CompareOrder(SortedSetValue set, SortedSet<(double Score, string Member)> order, RandomSource random)
    {
        Span<byte> scratch = stackalloc byte[32];
        List<(double, string)> up = [], down = [];
        for (SortedSetEnumerator members = set.Enumerate(0, set.Count); members.MoveNext();)
        {
            up.Add((members.Score, Text(members.Member(scratch))));
        }
        for (SortedSetEnumerator members = set.Enumerate(set.Count - 1, set.Count, isReverse: true); members.MoveNext();)
        {
            down.Add((members.Score, Text(members.Member(scratch))));
        }
        Assert.Equal(order, up);
        down.Reverse();
        Assert.Equal(order, down);
        double bound = random.Below(8);
        Assert.Equal(order.Count(one => one.Score < bound), set.RankOf(new ScoreBound(bound, isAbove: false)));
        Assert.Equal(order.Count(one => one.Score <= bound), set.RankOf(new ScoreBound(bound, isAbove: true)));
        if (order.Count > 0)
        {
            int rank = random.Below(order.Count);
            (double score, string member) = up[rank];
            Assert.Equal(rank, set.RankOf(new MemberBound(score, Bytes(member))));
        }
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void AnIdMapFindsNeighbours(ulong seed)
    {
        RandomSource random = new(seed);
        SortedDictionary<StreamId, nint> model = [];
        IdMap map = IdMap.Create(_arena);
        for (int step = 0; step < Steps; step++)
        {
            StreamId id = new((ulong)random.Below(300), (ulong)random.Below(4));
            if (random.Below(step / 4000 % 2 == 0 ? 4 : 2) != 0)
            {
                Assert.Equal(!model.ContainsKey(id), map.Set(id, step));
                model[id] = step;
            }
            else
            {
                Assert.Equal(model.Remove(id), map.Remove(id));
            }
            Assert.Equal(model.Count, map.Count);
            StreamId probe = new((ulong)random.Below(300), (ulong)random.Below(4));
            bool hasFloor = model.Keys.Any(key => key <= probe), hasCeiling = model.Keys.Any(key => key >= probe);
            if (step % 20 == 0)
            {
                Assert.Equal(hasFloor, map.TryFloor(probe, out StreamId floor, out nint value));
                Assert.True(!hasFloor || (floor == model.Keys.Last(key => key <= probe) && value == model[floor]));
                Assert.Equal(hasCeiling, map.TryCeiling(probe, out StreamId ceiling, out value));
                Assert.True(!hasCeiling || (ceiling == model.Keys.First(key => key >= probe) && value == model[ceiling]));
            }
        }
        map.Free();
        Assert.Equal(0, _arena.UsedBytes);
    }

    private readonly struct OneField(string field, string value) : IStreamFields
    {
        private readonly byte[] _field = Bytes(field), _value = Bytes(value);

        public int Count => 1;

        public ReadOnlySpan<byte> Field(int index) => _field;

        public ReadOnlySpan<byte> Value(int index) => _value;
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void AStreamIsALogWithHoles(ulong seed)
    {
        RandomSource random = new(seed);
        CollectionLimits limits = new();
        SortedDictionary<StreamId, (string Field, string Value)> model = [];
        Entry entry = NewEntry(ValueType.Stream, ValueEncoding.Stream);
        StreamValue stream = new(entry, _arena);
        StreamId last = default;
        byte[] scratch = new byte[64];
        for (int step = 0; step < Steps; step++)
        {
            switch (random.Below(10))
            {
                case < 7:
                    last = new StreamId(last.Ms + (ulong)random.Below(3), last.Sequence + 1);
                    (string, string) pair = (random.Below(5) == 0 ? "other" : "f", RandomElement(random));
                    stream.Append(last, new OneField(pair.Item1, pair.Item2), limits);
                    model[last] = pair;
                    break;
                case < 9 when model.Count > 0:
                    StreamId gone = model.Keys.ElementAt(random.Below(Math.Min(model.Count, 200)));
                    Assert.True(stream.Delete(gone));
                    Assert.False(stream.Delete(gone));
                    model.Remove(gone);
                    break;
                case 9 when step % 20 == 0:
                    long keep = Math.Max(0, model.Count - random.Below(300));
                    Assert.Equal(model.Count - keep, stream.Trim(keep, StreamId.Min, isApproximate: false, 0));
                    foreach (StreamId id in model.Keys.Take((int)(model.Count - keep)).ToArray())
                    {
                        model.Remove(id);
                    }
                    break;
            }
            Assert.Equal(model.Count, stream.Length);
            Assert.Equal(model.Count == 0 ? StreamId.Min : model.Keys.First(), stream.FirstId);
            if (step % 1000 == 0)
            {
                List<(StreamId, string, string)> forwards = [], backwards = [];
                foreach (bool isReverse in (bool[])[false, true])
                {
                    for (StreamEnumerator entries = stream.Enumerate(StreamId.Min, StreamId.Max, isReverse); entries.MoveNext();)
                    {
                        StreamId id = entries.Id;
                        entries.ReadField(scratch.AsSpan(0, 32), scratch.AsSpan(32), out ReadOnlySpan<byte> field, out ReadOnlySpan<byte> value);
                        (isReverse ? backwards : forwards).Add((id, Text(field), Text(value)));
                    }
                }
                Assert.Equal(model.Select(one => (one.Key, one.Value.Field, one.Value.Value)), forwards);
                backwards.Reverse();
                Assert.Equal(forwards, backwards);
            }
        }
        Free(entry);
    }
}
