using System.Diagnostics;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Native;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Benchmarks;

/// <summary>
/// The engine without a network: threads that hash and prefetch sixteen keys, then borrow each one's shard, find
/// the key and change it, as the dispatcher does with a pipeline. Prints operations a second on one thread and on two, for uniform keys and for one hot key.
/// </summary>
internal static class EngineScaling
{
    private const int KeyCount = 1 << 20;
    private const int BatchSize = 16;
    private const int RunMs = 2000;
    private const int KeyBytes = 16;
    private const int StreamKeys = 1 << 15;

    internal static void Run()
    {
        foreach (string pattern in (string[])["uniform", "hot"])
        {
            double one = Measure(1, pattern), two = Measure(2, pattern);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{pattern,-8} 1 thread {one / 1e6,7:F2} M/s   2 threads {two / 1e6,7:F2} M/s   x {two / one:F2}"));
        }
    }

    private static double Measure(int threadCount, string pattern)
    {
        using ServerInstance server = new(new ServerConfig(), threadCount);
        for (int i = 0; i < KeyCount; i++)
        {
            byte[] key = Encoding.ASCII.GetBytes($"key:{i:D12}");
            Shard shard = server.Shards[server.ShardOf(key)];
            server.Workers[0].Shards.TryHold(shard.Index);
            shard.Keyspaces[0].SetInteger(server.Workers[0], default, key, KeyHash.Of(key), 0, ITableEntry.NoExpiry);
        }
        server.Workers[0].Shards.ReleaseAll();
        int[] cpus = CpuAffinity.Allowed();
        long[] done = new long[threadCount * 16];
        using Barrier start = new(threadCount + 1);
        bool stop = false;
        Thread[] threads = [.. Enumerable.Range(0, threadCount).Select(index => new Thread(() =>
        {
            CpuAffinity.Pin(cpus[index % cpus.Length]);
            byte[] stream = KeyStream(pattern == "hot", new RandomSource((ulong)index + 1));
            start.SignalAndWait();
            for (int at = 0; !Volatile.Read(ref stop); at = (at + BatchSize) % StreamKeys)
            {
                done[index * 16] += RunBatch(server, server.Workers[index], stream.AsSpan(at * KeyBytes, BatchSize * KeyBytes));
            }
        }))];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }
        start.SignalAndWait();
        long began = Stopwatch.GetTimestamp();
        Thread.Sleep(RunMs);
        Volatile.Write(ref stop, true);
        foreach (Thread thread in threads)
        {
            thread.Join();
        }
        return done.Sum() / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <summary>Keys in the order in which they will be asked for, close together as in a receive buffer.</summary>
    private static byte[] KeyStream(bool hot, RandomSource random)
    {
        byte[] stream = new byte[StreamKeys * KeyBytes];
        for (int i = 0; i < StreamKeys; i++)
        {
            int number = hot ? 0 : random.Below(KeyCount);
            Encoding.ASCII.GetBytes($"key:{number:D12}").CopyTo(stream, i * KeyBytes);
        }
        return stream;
    }

    private static int RunBatch(ServerInstance server, Worker worker, ReadOnlySpan<byte> keys)
    {
        Span<int> shards = stackalloc int[BatchSize];
        Span<ulong> hashes = stackalloc ulong[BatchSize];
        for (int i = 0; i < BatchSize; i++)
        {
            ReadOnlySpan<byte> key = keys.Slice(i * KeyBytes, KeyBytes);
            hashes[i] = KeyHash.Of(key);
            shards[i] = server.ShardOf(key);
            server.Shards[shards[i]].Approach();
            server.Shards[shards[i]].Keyspaces[0].Table.PrefetchBucket(hashes[i]);
        }
        for (int i = 0; i < BatchSize; i++)
        {
            server.Shards[shards[i]].Keyspaces[0].Table.PrefetchEntry(hashes[i]);
        }
        for (int i = 0; i < BatchSize; i++)
        {
            while (!worker.Shards.TryHold(shards[i]))
            {
                Thread.SpinWait(4);
            }
            Keyspace keyspace = server.Shards[shards[i]].Keyspaces[0];
            ReadOnlySpan<byte> key = keys.Slice(i * KeyBytes, KeyBytes);
            TablePosition position = keyspace.Find(worker, key, hashes[i]);
            keyspace.SetInteger(worker, position, key, hashes[i], i, ITableEntry.NoExpiry);
        }
        worker.Shards.ReleaseAll();
        return BatchSize;
    }
}
