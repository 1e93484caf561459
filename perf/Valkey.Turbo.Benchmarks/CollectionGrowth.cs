using System.Diagnostics;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Benchmarks;

/// <summary>
/// The longest single insertion while a collection of each type grows to five million elements, beside the longest pause of a
/// loop that only reads the clock: what the machine itself takes away.
/// </summary>
internal static class CollectionGrowth
{
    private const int Size = 5_000_000;
    private const int WarmUpSize = 100_000;
    private static readonly CollectionLimits Limits = new();

    internal static void Run()
    {
        Measure("clock alone", ValueType.String, static (_, _, _) => { });
        Measure("list", ValueType.List, static (entry, arena, element) =>
        {
            ListValue list = new(entry, arena);
            list.ExpectMore(element.Length, 1, Limits);
            list.Push(element, atHead: false, Limits);
        });
        Measure("set", ValueType.Set, static (entry, arena, element) => new SetValue(entry, arena).Add(element, Limits));
        Measure("hash", ValueType.Hash, static (entry, arena, element) =>
            new HashValue(entry, arena).Set(element, element, ITableEntry.NoExpiry, 0, Limits));
        Measure("sorted set", ValueType.SortedSet, static (entry, arena, element) =>
            new SortedSetValue(entry, arena).Add(element, (int)KeyHash.Of(element), Limits));
    }

    private static void Measure(string name, ValueType type, Action<Entry, Arena, byte[]> insert)
    {
        Grow(type, insert, WarmUpSize);
        (double longestMs, int overMs) = Grow(type, insert, Size);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-12} longest {longestMs,8:F3} ms, {overMs} of {Size} over 1 ms"));
    }

    private static (double LongestMs, int OverMs) Grow(ValueType type, Action<Entry, Arena, byte[]> insert, int size)
    {
        Arena arena = new(new SpanSource(-1));
        ValueEncoding encoding = type == ValueType.String ? ValueEncoding.Int : Collection.InitialEncoding(type);
        Entry entry = Entry.Create(arena, "key"u8, type, encoding, 0, ITableEntry.NoExpiry);
        if (type != ValueType.String)
        {
            entry.Collection = Collection.Create(type, encoding, arena);
        }
        byte[] element = Encoding.ASCII.GetBytes("key:000000000000");
        long longest = 0;
        int over = 0;
        for (int i = 0; i < size; i++)
        {
            TableGrowth.Utf8(i, element);
            long began = Stopwatch.GetTimestamp();
            insert(entry, arena, element);
            long ticks = Stopwatch.GetTimestamp() - began;
            longest = Math.Max(longest, ticks);
            over += ticks * 1000 > Stopwatch.Frequency ? 1 : 0;
        }
        if (type != ValueType.String)
        {
            Collection.Free(entry, arena);
        }
        return (longest * 1e3 / Stopwatch.Frequency, over);
    }
}
