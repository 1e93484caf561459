using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Many clients on few keys over all shards: nobody ever sees half a command.</summary>
public sealed class AtomicityTests
{
    private const int RunMs = 1500;

    [Theory]
    [InlineData(2, "auto")]
    [InlineData(4, "auto")]
    [InlineData(4, "epoll")]
    public async Task NoClientSeesATornWrite(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        string[] keys = [.. Enumerable.Range(0, 12).Select(i => $"key{i}")];
        using (RespClient client = server.Connect())
        {
            client.Run([.. (string[])["MSET"], .. keys.SelectMany(key => (string[])[key, "0"])]);
        }
        using CancellationTokenSource stop = new(RunMs);
        List<Task> tasks = [];
        for (int i = 0; i < 4; i++)
        {
            int writer = i;
            tasks.Add(Task.Factory.StartNew(() => Write(server, keys, writer, stop.Token), TaskCreationOptions.LongRunning));
            tasks.Add(Task.Factory.StartNew(() => CheckReads(server, keys, stop.Token), TaskCreationOptions.LongRunning));
        }
        tasks.Add(Task.Factory.StartNew(() => MoveAround(server, stop.Token), TaskCreationOptions.LongRunning));
        tasks.Add(Task.Factory.StartNew(() => CheckPipelineOrder(server, stop.Token), TaskCreationOptions.LongRunning));
        await Task.WhenAll(tasks).WaitAsync(TimeSpan.FromSeconds(60));
    }

    private static void Write(TestServer server, string[] keys, int writer, CancellationToken stop)
    {
        using RespClient client = server.Connect();
        for (int i = 0; !stop.IsCancellationRequested; i++)
        {
            Assert.Equal("OK", client.Run([.. (string[])["MSET"], .. keys.SelectMany(key => (string[])[key, $"{writer}-{i}"])]));
        }
    }

    private static void CheckReads(TestServer server, string[] keys, CancellationToken stop)
    {
        using RespClient client = server.Connect();
        while (!stop.IsCancellationRequested)
        {
            string[] values = client.Run([.. (string[])["MGET"], .. keys])[1..^1].Split(' ');
            Assert.Single(values.Distinct());
        }
    }

    /// <summary>A token moves between keys by RENAME and COPY; there is always exactly one.</summary>
    private static void MoveAround(TestServer server, CancellationToken stop)
    {
        using RespClient mover = server.Connect(), watcher = server.Connect();
        Assert.Equal("OK", mover.Run("SET", "token:a", "t"));
        while (!stop.IsCancellationRequested)
        {
            mover.Send("RENAME", "token:a", "token:b");
            mover.Send("RENAME", "token:b", "token:a");
            Assert.Equal("1", watcher.Run("EXISTS", "token:a", "token:b"));
            Assert.Equal("OK", mover.Read());
            Assert.Equal("OK", mover.Read());
        }
    }

    /// <summary>A pipeline's later writes never show before its earlier ones.</summary>
    private static void CheckPipelineOrder(TestServer server, CancellationToken stop)
    {
        using RespClient writer = server.Connect(), reader = server.Connect();
        writer.Run("MSET", "order:1", "0", "order:2", "0", "order:3", "0");
        for (int i = 1; !stop.IsCancellationRequested; i++)
        {
            writer.Write([.. Enumerable.Range(1, 3).SelectMany(n => RespClient.Encode("SET", $"order:{n}", $"{i}"))]);
            int[] values = [.. reader.Run("MGET", "order:1", "order:2", "order:3")[1..^1].Split(' ').Select(int.Parse)];
            Assert.True(values[0] >= values[1] && values[1] >= values[2], string.Join(' ', values));
            for (int n = 0; n < 3; n++)
            {
                Assert.Equal("OK", writer.Read());
            }
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void IncrementsFromAllThreadsAddUp(int threads)
    {
        using TestServer server = new(threads);
        const int clients = 8, increments = 3000;
        Parallel.For(0, clients, new ParallelOptions { MaxDegreeOfParallelism = clients }, index =>
        {
            using RespClient client = server.Connect();
            RandomSource random = new((ulong)index);
            for (int sent = 0; sent < increments;)
            {
                int batch = Math.Min(1 + random.Below(50), increments - sent);
                client.Write([.. Enumerable.Range(0, batch).SelectMany(_ => RespClient.Encode("INCR", "hot"))]);
                for (int i = 0; i < batch; i++)
                {
                    client.Read();
                }
                sent += batch;
            }
        });
        using RespClient last = server.Connect();
        Assert.Equal($"{clients * increments}", last.Run("GET", "hot"));
    }
}
