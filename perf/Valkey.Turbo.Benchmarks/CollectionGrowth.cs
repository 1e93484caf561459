using System.Diagnostics;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Benchmarks;

/// <summary>
/// The longest single insertion while a collection of each type grows to five million elements and who held up those over a
/// millisecond, beside what the machine itself takes away: the longest pause of a loop that only reads the clock for as many
/// seconds, and the longest first touch of a page while as much fresh memory is touched.
/// </summary>
internal static class CollectionGrowth
{
    private const int Size = 5_000_000;
    private const int WarmUpSize = 1_000_000;
    private static readonly CollectionLimits Limits = new();

    internal static void Run()
    {
        Measure("list", ValueType.List, static (entry, arena, element) =>
        {
            ListValue list = new(entry, arena);
            list.ExpectMore(element.Length, 1, Limits);
            list.Push(element, atHead: false, Limits);
        });
        Measure("set", ValueType.Set, static (entry, arena, element) => new SetValue(entry, arena).Add(element, Limits));
        Measure("hash", ValueType.Hash, static (entry, arena, element) =>
            new HashValue(entry, arena, new ExpiryClock(0)).Set(element, element, ITableEntry.NoExpiry, Limits));
        Measure("sorted set", ValueType.SortedSet, static (entry, arena, element) =>
            new SortedSetValue(entry, arena).Add(element, (int)KeyHash.Of(element), Limits));
    }

    private static void Measure(string name, ValueType type, Action<Entry, Arena, byte[]> insert)
    {
        Grow(type, insert, WarmUpSize);
        long began = Stopwatch.GetTimestamp();
        (StallCauses growing, long bytes) = Grow(type, insert, Size);
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{name,-10} {bytes >> 20,3} MiB in {seconds,4:F1} s: {growing} | clock: {Pauses.OfReadingTheClock(seconds)} | fresh pages: {Pauses.OfTouchingPages(bytes)}"));
    }

    private static (StallCauses Stalls, long Bytes) Grow(ValueType type, Action<Entry, Arena, byte[]> insert, int size)
    {
        Arena arena = new(new SpanSource(-1));
        ValueEncoding encoding = Collection.InitialEncoding(type);
        Entry entry = Entry.Create(arena, "key"u8, type, encoding, 0, ITableEntry.NoExpiry);
        entry.Collection = Collection.Create(type, encoding, arena);
        byte[] element = Encoding.ASCII.GetBytes("key:000000000000");
        StallCauses stalls = new();
        for (int i = 0; i < size; i++)
        {
            TableGrowth.Utf8(i, element);
            long began = Stopwatch.GetTimestamp();
            insert(entry, arena, element);
            stalls.Note(Stopwatch.GetTimestamp() - began);
        }
        long bytes = arena.UsedBytes;
        Collection.Free(entry, arena);
        return (stalls, bytes);
    }
}
