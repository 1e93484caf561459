using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Benchmarks;

/// <summary>
/// Runs the keys whose shards are at home here and sends the others to their home threads, a message a batch and thread, over
/// rings of one writer and one reader. Up to eight batches of a thread may be on their way, as if of eight connections.
/// </summary>
/// <remarks>
/// This is what delegation can gain at best: a message takes no reply along, and the commands of a batch take effect out of
/// order, which a server that keeps the order of a pipeline for every onlooker could not allow.
/// </remarks>
internal sealed class Delegator(ServerInstance server, int thread) : BatchRunner(server, thread)
{
    private const int RingSize = 8;

    private sealed class Message
    {
        internal int Count;
        internal byte[] Stream = [];
        internal readonly int[] Shards = new int[EngineScaling.BatchSize];
        internal readonly int[] Keys = new int[EngineScaling.BatchSize];
        internal readonly ulong[] Hashes = new ulong[EngineScaling.BatchSize];
    }

    private sealed class Ring
    {
        internal readonly Message[] Messages = [.. Enumerable.Range(0, RingSize).Select(_ => new Message())];
        // Far enough from each other for lines of their own: posted by the writer at 0, done by the reader at 32.
        internal readonly long[] Counts = new long[64];
    }

    private static Ring[,] s_rings = new Ring[0, 0];

    private readonly int _thread = thread;
    private readonly Message _own = new();
    private readonly int _threadCount = server.Workers.Length;

    /// <summary>Makes the rings between so many threads anew.</summary>
    internal static void Reset(int threadCount)
    {
        s_rings = new Ring[threadCount, threadCount];
        for (int i = 0; i < threadCount * threadCount; i++)
        {
            s_rings[i / threadCount, i % threadCount] = new Ring();
        }
    }

    internal override int Run(byte[] stream, int at)
    {
        int done = Serve();
        for (int other = 0; other < _threadCount; other++)
        {
            Ring ring = s_rings[_thread, other];
            if (other != _thread && ring.Counts[8] - Volatile.Read(ref ring.Counts[32]) == RingSize)
            {
                // Nothing more may be sent until an answer is back.
                return done;
            }
        }
        for (int other = 0; other < _threadCount; other++)
        {
            MessageTo(other).Count = 0;
        }
        for (int i = 0; i < EngineScaling.BatchSize; i++)
        {
            int position = at + i * EngineScaling.KeyBytes;
            ReadOnlySpan<byte> key = stream.AsSpan(position, EngineScaling.KeyBytes);
            int shard = Server.ShardOf(key);
            Message message = MessageTo(Server.Shards[shard].HomeThread);
            (message.Stream, message.Shards[message.Count], message.Keys[message.Count]) = (stream, shard, position);
            message.Hashes[message.Count++] = KeyHash.Of(key);
        }
        for (int other = 0; other < _threadCount; other++)
        {
            if (other != _thread && MessageTo(other).Count > 0)
            {
                Ring ring = s_rings[_thread, other];
                Volatile.Write(ref ring.Counts[0], ++ring.Counts[8]);
            }
        }
        Execute(_own);
        return done + _own.Count;
    }

    /// <summary>Where keys for a thread are gathered; counts 8 is the writer's own copy of what it has posted.</summary>
    private Message MessageTo(int other) =>
        other == _thread ? _own : s_rings[_thread, other].Messages[s_rings[_thread, other].Counts[8] % RingSize];

    private int Serve()
    {
        int done = 0;
        for (int other = 0; other < _threadCount; other++)
        {
            Ring ring = s_rings[other, _thread];
            if (other != _thread && Volatile.Read(ref ring.Counts[0]) > ring.Counts[32])
            {
                Message message = ring.Messages[ring.Counts[32] % RingSize];
                Execute(message);
                done += message.Count;
                Volatile.Write(ref ring.Counts[32], ring.Counts[32] + 1);
            }
        }
        return done;
    }

    private void Execute(Message message)
    {
        for (int i = 0; i < message.Count; i++)
        {
            KeyspaceOf(message.Shards[i]).Table.PrefetchBucket(message.Hashes[i]);
        }
        for (int i = 0; i < message.Count; i++)
        {
            KeyspaceOf(message.Shards[i]).Table.PrefetchEntry(message.Hashes[i]);
        }
        for (int i = 0; i < message.Count; i++)
        {
            Change(message.Shards[i], message.Stream.AsSpan(message.Keys[i], EngineScaling.KeyBytes), message.Hashes[i], i);
        }
    }
}
