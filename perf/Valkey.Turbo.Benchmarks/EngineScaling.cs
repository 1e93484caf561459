using System.Diagnostics;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Native;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Benchmarks;

/// <summary>
/// The engine without a network: threads that borrow a shard, find a key and change it, in batches of sixteen that share
/// what they can. Prints operations a second on one thread and on two, for uniform keys and for one hot key.
/// </summary>
internal static class EngineScaling
{
    private const int KeyCount = 1 << 20;
    private const int BatchSize = 16;
    private const int RunMs = 2000;

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
        byte[][] keys = [.. Enumerable.Range(0, KeyCount).Select(i => Encoding.ASCII.GetBytes($"key:{i:D12}"))];
        foreach (byte[] key in keys)
        {
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
            RandomSource random = new((ulong)index + 1);
            start.SignalAndWait();
            while (!Volatile.Read(ref stop))
            {
                done[index * 16] += RunBatch(server, server.Workers[index], keys, pattern == "hot", random);
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

    private static int RunBatch(ServerInstance server, Worker worker, byte[][] keys, bool hot, RandomSource random)
    {
        for (int i = 0; i < BatchSize; i++)
        {
            byte[] key = keys[hot ? 0 : random.Below(KeyCount)];
            ulong hash = KeyHash.Of(key);
            int shard = server.ShardOf(key);
            while (!worker.Shards.TryHold(shard))
            {
                Thread.SpinWait(4);
            }
            Keyspace keyspace = server.Shards[shard].Keyspaces[0];
            TablePosition position = keyspace.Find(worker, key, hash);
            keyspace.SetInteger(worker, position, key, hash, i, ITableEntry.NoExpiry);
        }
        worker.Shards.ReleaseAll();
        return BatchSize;
    }
}
