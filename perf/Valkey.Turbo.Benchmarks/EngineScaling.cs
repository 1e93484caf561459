using System.Diagnostics;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Native;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Benchmarks;

/// <summary>
/// The engine without a network: threads that hash and prefetch sixteen keys, then find each key and change it, as the
/// dispatcher does with a pipeline. Prints operations a second on one thread and on two, for uniform keys and for one hot key:
/// borrowing each key's shard, as the server does, and delegating to the shard's home thread, which it does not. Beside them two
/// threads with an engine each, which share nothing: what the machine allows; and one thread that borrows with nobody to
/// contend with: what sharing costs by itself.
/// </summary>
internal static class EngineScaling
{
    internal const int BatchSize = 16;
    internal const int KeyBytes = 16;
    private const int KeyCount = 1 << 20;
    private const int RunMs = 2000;
    private const int StreamKeys = 1 << 15;

    internal static void Run()
    {
        foreach (string pattern in (string[])["uniform", "hot"])
        {
            bool isHot = pattern == "hot";
            double one = Measure(1, 1, isHot, false, static (server, thread) => new Borrower(server, thread));
            double alone = Measure(1, 2, isHot, false, static (server, thread) => new Borrower(server, thread));
            double apart = Measure(2, 1, isHot, true, static (server, thread) => new Borrower(server, thread));
            double borrowed = Measure(2, 2, isHot, false, static (server, thread) => new Borrower(server, thread));
            Delegator.Reset(2);
            double delegated = Measure(2, 2, isHot, false, static (server, thread) => new Delegator(server, thread));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{pattern,-8} 1 thread {one / 1e6,5:F1} M/s, borrowing although alone x {alone / one:F2} | 2 threads: an engine each x {apart / one:F2}, borrowing x {borrowed / one:F2}, delegating x {delegated / one:F2}"));
        }
    }

    /// <summary>Operations a second of so many threads, on an engine for so many, or on one each.</summary>
    private static double Measure(int threadCount, int engineThreads, bool isHot, bool isApart, Func<ServerInstance, int, BatchRunner> makeRunner)
    {
        ServerInstance[] servers = [.. Enumerable.Range(0, isApart ? threadCount : 1).Select(_ => Fill(engineThreads))];
        int[] cpus = CpuAffinity.Allowed();
        long[] done = new long[threadCount * 16];
        using Barrier start = new(threadCount + 1);
        bool stop = false;
        Thread[] threads = [.. Enumerable.Range(0, threadCount).Select(index => new Thread(() =>
        {
            CpuAffinity.Pin(cpus[index % cpus.Length]);
            byte[] stream = KeyStream(isHot, new RandomSource((ulong)index + 1));
            BatchRunner runner = isApart ? makeRunner(servers[index], 0) : makeRunner(servers[0], index);
            start.SignalAndWait();
            for (int at = 0; !Volatile.Read(ref stop); at = (at + BatchSize) % StreamKeys)
            {
                done[index * 16] += runner.Run(stream, at * KeyBytes);
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
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        foreach (Thread thread in threads)
        {
            thread.Join();
        }
        Array.ForEach(servers, server => server.Dispose());
        return done.Sum() / seconds;
    }

    private static ServerInstance Fill(int threadCount)
    {
        ServerInstance server = new(new ServerConfig(), threadCount);
        for (int i = 0; i < KeyCount; i++)
        {
            byte[] key = Encoding.ASCII.GetBytes($"key:{i:D12}");
            Shard shard = server.Shards[server.ShardOf(key)];
            server.Workers[0].Shards.TryHold(shard.Index);
            shard.Keyspaces[0].SetInteger(server.Workers[0], default, key, KeyHash.Of(key), 0, ITableEntry.NoExpiry);
        }
        server.Workers[0].Shards.ReleaseAll();
        return server;
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
}

/// <summary>One thread's way of running a batch of keys.</summary>
internal abstract class BatchRunner(ServerInstance server, int thread)
{
    protected ServerInstance Server { get; } = server;

    protected Worker Worker { get; } = server.Workers[thread];

    /// <summary>Runs the batch that begins at a position in a stream of keys. Returns how many operations have ended.</summary>
    internal abstract int Run(byte[] stream, int at);

    protected Keyspace KeyspaceOf(int shard) => Server.Shards[shard].Keyspaces[0];

    /// <summary>Finds a key and changes it.</summary>
    protected void Change(int shard, ReadOnlySpan<byte> key, ulong hash, long value)
    {
        Keyspace keyspace = KeyspaceOf(shard);
        TablePosition position = keyspace.Find(Worker, key, hash);
        keyspace.SetInteger(Worker, position, key, hash, value, ITableEntry.NoExpiry);
    }
}

/// <summary>Borrows the shard of each key in turn.</summary>
internal sealed class Borrower(ServerInstance server, int thread) : BatchRunner(server, thread)
{
    internal override int Run(byte[] stream, int at)
    {
        Span<int> shards = stackalloc int[EngineScaling.BatchSize];
        Span<ulong> hashes = stackalloc ulong[EngineScaling.BatchSize];
        for (int i = 0; i < shards.Length; i++)
        {
            ReadOnlySpan<byte> key = stream.AsSpan(at + i * EngineScaling.KeyBytes, EngineScaling.KeyBytes);
            hashes[i] = KeyHash.Of(key);
            shards[i] = Server.ShardOf(key);
            Server.Shards[shards[i]].Approach();
            KeyspaceOf(shards[i]).Table.PrefetchBucket(hashes[i]);
        }
        for (int i = 0; i < shards.Length; i++)
        {
            KeyspaceOf(shards[i]).Table.PrefetchEntry(hashes[i]);
        }
        for (int i = 0; i < shards.Length; i++)
        {
            while (!Worker.Shards.TryHold(shards[i]))
            {
                Thread.SpinWait(4);
            }
            Change(shards[i], stream.AsSpan(at + i * EngineScaling.KeyBytes, EngineScaling.KeyBytes), hashes[i], i);
        }
        Worker.Shards.ReleaseAll();
        return shards.Length;
    }
}
