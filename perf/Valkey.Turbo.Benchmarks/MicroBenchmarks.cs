using System.Text;
using BenchmarkDotNet.Attributes;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Benchmarks;

/// <summary>Framing of a pipeline of sixteen.</summary>
[MemoryDiagnoser]
public class Framing
{
    private readonly RequestBatch _batch = new();
    private byte[] _input = [];

    [Params("GET", "SET")]
    public string Command { get; set; } = "";

    [GlobalSetup]
    public void Setup()
    {
        string one = Command == "GET"
            ? "*2\r\n$3\r\nGET\r\n$16\r\nkey:000000000001\r\n"
            : $"*3\r\n$3\r\nSET\r\n$16\r\nkey:000000000001\r\n$64\r\n{new string('x', 64)}\r\n";
        _input = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(one, 16)));
    }

    [Benchmark(OperationsPerInvoke = 16)]
    public int Frame()
    {
        PartialRequest partial = PartialRequest.None;
        _batch.Clear();
        return RequestFramer.Frame(_input, new FramingLimits(512 << 20, false), ref partial, _batch, out _);
    }
}

/// <summary>The keyed hash, beside SipHash, and the hash slot.</summary>
[MemoryDiagnoser]
public class Hashing
{
    private byte[] _key = [];

    [Params(16, 64, 1024)]
    public int KeyBytes { get; set; }

    [GlobalSetup]
    public void Setup() => _key = new byte[KeyBytes];

    [Benchmark]
    public ulong Aes() => KeyHash.Of(_key);

    [Benchmark]
    public ulong SipHash13() => KeyHash.SipHash13(_key, 1, 2);

    [Benchmark]
    public int Slot() => KeySlot.Of(_key);
}

/// <summary>Lookup, and insert with removal, in tables of several sizes.</summary>
[MemoryDiagnoser]
public class Table
{
    private readonly RandomSource _random = new(1);
    private Arena _arena = null!;
    private HashTable<Entry> _table;
    private byte[][] _keys = [];

    [Params(1_000, 100_000, 3_000_000)]
    public int Count { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _arena = new Arena(new SpanSource(-1));
        _table = new HashTable<Entry>(_arena);
        _keys = [.. Enumerable.Range(0, Count).Select(i => Encoding.ASCII.GetBytes($"key:{i:D12}"))];
        foreach (byte[] key in _keys)
        {
            _table.Insert(NewEntry(key), KeyHash.Of(key));
        }
    }

    [Benchmark]
    public bool Find()
    {
        byte[] key = _keys[_random.Below(Count)];
        return _table.Find(key, KeyHash.Of(key)).IsNone;
    }

    [Benchmark]
    public void RemoveAndInsert()
    {
        byte[] key = _keys[_random.Below(Count)];
        ulong hash = KeyHash.Of(key);
        TablePosition position = _table.Find(key, hash);
        Entry entry = new(position.Entry);
        _table.Remove(position);
        _arena.Free(entry.Address, entry.EntryBytes);
        _table.Insert(NewEntry(key), hash);
    }

    private nint NewEntry(byte[] key) =>
        Entry.Create(_arena, key, ValueType.String, ValueEncoding.Embedded, 16, ITableEntry.NoExpiry).Address;
}

/// <summary>The allocator against itself at several sizes.</summary>
[MemoryDiagnoser]
public class Allocation
{
    private readonly Arena _arena = new(new SpanSource(-1));

    [Params(40, 500, 10_000)]
    public int Bytes { get; set; }

    [Benchmark]
    public void AllocateAndFree() => _arena.Free(_arena.Allocate(Bytes), Bytes);
}

/// <summary>Reply writing.</summary>
[MemoryDiagnoser]
public class Replies
{
    private readonly ReplyWriter _writer = new();
    private readonly OutputQueue _queue = new(new OutputBlockPool(new ByteCounter()));
    private readonly byte[] _value = new byte[64];

    [Benchmark(OperationsPerInvoke = 16)]
    public void SixteenBulks()
    {
        _writer.Target(_queue);
        for (int i = 0; i < 16; i++)
        {
            _writer.Bulk(_value);
        }
        _writer.Flush();
        _queue.Clear();
    }
}
