using System.Runtime.Intrinsics.X86;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Tests.Structures;

public sealed class HashTableTests
{
    private const long Now = 1_800_000_000_000;
    private const int Places = 10;
    private readonly Arena _arena = new(new SpanSource(-1));

    private readonly struct Collector(List<nint> found) : IEntryVisitor
    {
        public void Visit(nint entry) => found.Add(entry);
    }

    private nint NewEntry(string key, long expiresAt = ITableEntry.NoExpiry)
    {
        Entry entry = Entry.Create(_arena, Encoding.UTF8.GetBytes(key), ValueType.String, ValueEncoding.Int, 0, expiresAt);
        entry.Integer = 0;
        return entry.Address;
    }

    private static ulong Hash(string key) => KeyHash.Of(Encoding.UTF8.GetBytes(key));

    [Fact]
    public void PrefetchingTellsWhichKeysLieInOverflowBuckets()
    {
        HashTable<Entry> table = new(_arena);
        Assert.False(table.PrefetchEntry(Hash("none")));
        int before = 0;
        for (int i = 0; i < 20_000; i++)
        {
            table.Insert(NewEntry($"key:{i}"), Hash($"key:{i}"));
            int overflowing = 0;
            if (i % 1000 == 999)
            {
                for (int key = 0; key <= i; key++)
                {
                    if (table.PrefetchEntry(Hash($"key:{key}")))
                    {
                        overflowing++;
                        table.PrefetchOverflow(Hash($"key:{key}"));
                    }
                    Assert.False(table.Find(Encoding.UTF8.GetBytes($"key:{key}"), Hash($"key:{key}")).IsNone);
                }
                before = Math.Max(before, overflowing);
                // An overflow bucket holds one key at least, which has no place before it unless another's tag looks the same.
                // Without instructions to load ahead there is nothing to tell.
                Assert.InRange(overflowing, Sse.IsSupported ? table.OverflowCount * 9 / 10 : 0, Sse.IsSupported ? table.OverflowCount * (Places - 1) : 0);
            }
        }
        Assert.Equal(Sse.IsSupported, before > 100);
    }

    [Theory]
    [InlineData(11UL)]
    [InlineData(12UL)]
    [InlineData(13UL)]
    public void BehavesAsADictionaryWhileItGrowsAndShrinks(ulong seed)
    {
        RandomSource random = new(seed);
        HashTable<Entry> table = new(_arena);
        Dictionary<string, nint> model = [];
        for (int phase = 0; phase < 6; phase++)
        {
            int insertPercent = phase % 2 == 0 ? 80 : 20;
            for (int step = 0; step < 20_000; step++)
            {
                string key = $"k{random.Below(30_000)}";
                TablePosition position = table.Find(Encoding.UTF8.GetBytes(key), Hash(key));
                Assert.Equal(model.ContainsKey(key), !position.IsNone);
                if (random.Below(100) < insertPercent)
                {
                    if (position.IsNone)
                    {
                        model[key] = NewEntry(key, random.Below(3) == 0 ? Now + random.Below(100_000) : ITableEntry.NoExpiry);
                        table.Insert(model[key], Hash(key));
                    }
                }
                else if (!position.IsNone)
                {
                    Assert.Equal(model[key], position.Entry);
                    table.Remove(position);
                    model.Remove(key);
                }
            }
            Assert.Equal(model.Count, table.Count);
            Assert.Equal(model.Values.Count(entry => new Entry(entry).ExpiresAtUnixMs != ITableEntry.NoExpiry), table.ExpiringCount);
            List<nint> found = [];
            Collector collector = new(found);
            for (long bucket = 0; bucket < table.BucketCount; bucket++)
            {
                table.VisitBucket(bucket, ref collector);
            }
            Assert.Equal(model.Values.Order(), found.Order());
        }
        foreach (string key in model.Keys)
        {
            table.Remove(table.Find(Encoding.UTF8.GetBytes(key), Hash(key)));
        }
        Assert.Equal(0, table.Count);
        Assert.Equal(0, table.OverflowCount);
        Assert.Equal(1, table.BucketCount);
    }

    [Theory]
    [InlineData(21UL)]
    [InlineData(22UL)]
    public void ScanReturnsWhateverStaysWhileTheTableGrowsAndShrinks(ulong seed)
    {
        RandomSource random = new(seed);
        HashTable<Entry> table = new(_arena);
        HashSet<string> staying = [];
        for (int i = 0; i < 500; i++)
        {
            staying.Add($"stay{i}");
            table.Insert(NewEntry($"stay{i}"), Hash($"stay{i}"));
        }
        int passing = 0;
        for (int round = 0; round < 20; round++)
        {
            HashSet<string> seen = [];
            List<nint> found = [];
            Collector collector = new(found);
            ulong cursor = 0;
            do
            {
                cursor = table.Scan(cursor, ref collector);
                foreach (nint entry in found)
                {
                    seen.Add(Encoding.UTF8.GetString(Entry.Key(entry)));
                }
                found.Clear();
                for (int i = random.Below(60); i > 0; i--)
                {
                    string key = $"pass{passing++ % 3000}";
                    TablePosition position = table.Find(Encoding.UTF8.GetBytes(key), Hash(key));
                    if (position.IsNone && round % 2 == 0)
                    {
                        table.Insert(NewEntry(key), Hash(key));
                    }
                    else if (!position.IsNone && round % 2 == 1)
                    {
                        table.Remove(position);
                    }
                }
            }
            while (cursor != 0);
            Assert.Superset(staying, seen);
        }
    }

    [Theory]
    [InlineData(41UL, 3)]
    [InlineData(42UL, 1)]
    public void AWalkInStepsMissesNothingThatIsDue(ulong seed, int removals)
    {
        RandomSource random = new(seed);
        HashTable<Entry> table = new(_arena);
        table.SetNow(Now);
        Dictionary<string, nint> present = [];
        long time = Now;
        for (int round = 0; round < 40; round++)
        {
            long begin = time;
            HashSet<string> dueAtBegin = [.. present.Where(pair => new Entry(pair.Value).ExpiresAtUnixMs is var at && at != ITableEntry.NoExpiry && at <= begin).Select(pair => pair.Key)];
            using NativeList<nint> found = new();
            bool isOver = false;
            while (!isOver)
            {
                isOver = table.WalkDue(time, 8, 5, found);
                foreach (nint address in found)
                {
                    string key = Encoding.UTF8.GetString(new Entry(address).KeySpan);
                    Assert.True(new Entry(address).ExpiresAtUnixMs <= time);
                    table.Remove(table.Find(Encoding.UTF8.GetBytes(key), Hash(key)));
                    present.Remove(key);
                    dueAtBegin.Remove(key);
                }
                found.Clear();
                // The table grows in some rounds and shrinks in others, while the walk is under way.
                for (int i = 0; i < 20; i++)
                {
                    string key = $"w{random.Below(8000)}";
                    bool isPresent = present.ContainsKey(key);
                    if (!isPresent && random.Below(4) >= (round % 2 == 0 ? 1 : removals))
                    {
                        present[key] = NewEntry(key, random.Below(5) == 0 ? ITableEntry.NoExpiry : time + 1 + random.Below(60_000));
                        table.Insert(present[key], Hash(key));
                    }
                    else if (isPresent && round % 2 == 1)
                    {
                        table.Remove(table.Find(Encoding.UTF8.GetBytes(key), Hash(key)));
                        present.Remove(key);
                        dueAtBegin.Remove(key);
                    }
                }
            }
            Assert.Empty(dueAtBegin);
            Assert.All(present.Values, entry => Assert.True(new Entry(entry).ExpiresAtUnixMs >= table.EarliestExpiryUnixMs || new Entry(entry).ExpiresAtUnixMs == ITableEntry.NoExpiry));
            time += 5000;
        }
    }

    [Fact]
    public void TheExpiryIndexFindsEveryDueEntryAndNoOther()
    {
        RandomSource random = new(31);
        HashTable<Entry> table = new(_arena);
        table.SetNow(Now);
        Dictionary<nint, long> expiries = [];
        for (int i = 0; i < 20_000; i++)
        {
            long expiresAt = i % 4 == 0 ? ITableEntry.NoExpiry
                : i % 4 == 1 ? Now + 40L * 86_400_000 + random.Below(1000)
                : Now + random.Below(600_000);
            nint entry = NewEntry($"e{i}", expiresAt);
            expiries[entry] = expiresAt;
            table.Insert(entry, Hash($"e{i}"));
        }
        foreach (long time in (long[])[Now + 60_000, Now + 300_000, Now + 601_024, Now + 8L * 86_400_000, Now + 20L * 86_400_000, Now + 30L * 86_400_000, Now + 41L * 86_400_000])
        {
            // Less than half a circle of deadlines, twelve days, lies between two sweeps.
            List<nint> found = [];
            Collector collector = new(found);
            for (long bucket = 0; bucket < table.BucketCount; bucket++)
            {
                table.VisitDue(bucket, time, ref collector);
            }
            List<nint> due = [.. expiries.Where(pair => pair.Value != ITableEntry.NoExpiry && pair.Value <= time).Select(pair => pair.Key)];
            Assert.Equal(due.Order().Select(one => (time - Now, expiries[one] - Now)), found.Order().Select(one => (time - Now, expiries[one] - Now)));
            foreach (nint entry in due)
            {
                byte[] key = Entry.Key(entry).ToArray();
                table.Remove(table.Find(key, KeyHash.Of(key)));
                expiries.Remove(entry);
            }
        }
        Assert.Equal(0, table.ExpiringCount);
    }

    [Fact]
    public void RandomEntriesAreUniform()
    {
        HashTable<Entry> table = new(_arena);
        Dictionary<nint, int> drawn = [];
        for (int i = 0; i < 100; i++)
        {
            nint entry = NewEntry($"r{i}");
            drawn[entry] = 0;
            table.Insert(entry, Hash($"r{i}"));
        }
        RandomSource random = new(5);
        for (int i = 0; i < 100_000; i++)
        {
            drawn[table.RandomEntry(random)]++;
        }
        Assert.All(drawn.Values, count => Assert.InRange(count, 850, 1150));
    }

    [Fact]
    public void TheTableTakesLessThanTwelveBytesAnEntry()
    {
        HashTable<Entry> table = new(_arena);
        for (int i = 0; i < 300_000; i++)
        {
            table.Insert(NewEntry($"key:{i:D12}"), Hash($"key:{i:D12}"));
            if (i > 100_000 && i % 10_000 == 0)
            {
                Assert.InRange((double)table.TableBytes / table.Count, 6, 12);
            }
        }
    }
}
