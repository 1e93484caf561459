using System.Diagnostics;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Benchmarks;

/// <summary>
/// A table that grows through twenty million keys: the longest single insert, and the cost of a random lookup at each size
/// beside two dependent reads of a plain array of the same footprint.
/// </summary>
internal static class TableGrowth
{
    private const int LastSize = 20_000_000;
    private const int WarmUpSize = 200_000;

    internal static void Run()
    {
        Grow(WarmUpSize, report: false);
        Grow(LastSize, report: true);
    }

    private static void Grow(int size, bool report)
    {
        Arena arena = new(new SpanSource(-1));
        HashTable<Entry> table = new(arena);
        byte[] key = Encoding.ASCII.GetBytes("key:000000000000");
        StallCauses stalls = new();
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i <= size; i++)
        {
            Utf8(i, key);
            long began = Stopwatch.GetTimestamp();
            Entry entry = Entry.Create(arena, key, ValueType.String, ValueEncoding.Embedded, 16, ITableEntry.NoExpiry);
            table.Insert(entry.Address, KeyHash.Of(key));
            stalls.Note(Stopwatch.GetTimestamp() - began);
            if (report && i is 100_000 or 1_000_000 or LastSize)
            {
                double lookupNs = Lookups(table, i, key), walkNs = ArrayWalk((long)(i * 50.0));
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{i,10} keys: lookup {lookupNs,6:F1} ns, two reads of an array {walkNs,6:F1} ns, difference {lookupNs - walkNs,6:F1} ns, "
                    + $"table {(double)table.TableBytes / table.Count:F2} B/key, inserts so far {stalls}"));
            }
        }
        if (report)
        {
            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Console.WriteLine($"beside it: reading the clock {Pauses.OfReadingTheClock(seconds)}; touching as many fresh pages {Pauses.OfTouchingPages(arena.UsedBytes)}");
        }
    }

    /// <summary>Writes a number over the zeros at the end of <c>key:000000000000</c>.</summary>
    internal static void Utf8(int number, Span<byte> key)
    {
        for (int at = key.Length - 1; at >= 4; at--)
        {
            key[at] = (byte)('0' + number % 10);
            number /= 10;
        }
    }

    private static double Lookups(HashTable<Entry> table, int count, byte[] key)
    {
        const int lookups = 2_000_000;
        RandomSource random = new(1);
        long found = 0, began = Stopwatch.GetTimestamp();
        for (int i = 0; i < lookups; i++)
        {
            Utf8(random.Below(count), key);
            found += table.Find(key, KeyHash.Of(key)).IsNone ? 0 : 1;
        }
        double ns = Stopwatch.GetElapsedTime(began).TotalNanoseconds / lookups;
        return found == lookups ? ns : throw new InvalidOperationException("a key was not found");
    }

    private static double ArrayWalk(long bytes)
    {
        const int walks = 2_000_000;
        int[] array = new int[Math.Max(1, bytes / sizeof(int))];
        for (int i = 0; i < array.Length; i++)
        {
            array[i] = i;
        }
        RandomSource random = new(1);
        byte[] key = new byte[16];
        long sum = 0, began = Stopwatch.GetTimestamp();
        for (int i = 0; i < walks; i++)
        {
            int at = random.Below(array.Length);
            Utf8(at, key);
            sum += KeyHash.Of(key) == 0 ? 1 : 0;
            sum += array[(int)((uint)(array[at] * 2654435761L) % (uint)array.Length)];
        }
        GC.KeepAlive(sum);
        return Stopwatch.GetElapsedTime(began).TotalNanoseconds / walks;
    }
}
