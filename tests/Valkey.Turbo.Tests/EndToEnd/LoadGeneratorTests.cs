using System.Globalization;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// What load generators such as memtier_benchmark send, which differs from ordinary clients: the session is set up in the same
/// segment as the first requests, and a window of requests slides, one sent for every reply, rather than batches that end.
/// </summary>
public sealed class LoadGeneratorTests
{
    private const int Clients = 8, Requests = 4000, Depth = 16, KeysPerClient = 50, ValueBytes = 32;
    private const string Nil = "nil";

    [Theory]
    [MemberData(nameof(EngineMatrixTests.Matrix), MemberType = typeof(EngineMatrixTests))]
    public async Task WindowsOfMixedRequestsGetEveryReplyInOrder(string engine, int threads)
    {
        using TestServer server = new(threads, engine, null, "requirepass secret");
        // Each client has keys of its own, spread over all shards, so that it knows every reply.
        await Task.WhenAll(Enumerable.Range(0, Clients).Select(client => Task.Factory.StartNew(
            () => Generate(server, client), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default)));
    }

    private static void Generate(TestServer server, int number)
    {
        Random random = new(number);
        using RespClient client = server.Connect();
        Dictionary<string, string> model = [];
        Queue<string> expected = new();
        bool isThree = number % 2 == 1;
        client.Write([.. RespClient.Encode("AUTH", "secret"), .. RespClient.Encode("SELECT", "3"),
            .. isThree ? RespClient.Encode("HELLO", "3") : [], .. Next()]);
        Assert.Equal("OK", client.Read());
        Assert.Equal("OK", client.Read());
        if (isThree)
        {
            Assert.Contains("proto", client.Read());
        }
        for (int sent = 1; sent < Requests || expected.Count > 0;)
        {
            while (expected.Count < Depth && sent < Requests)
            {
                client.Write(Next());
                sent++;
            }
            Assert.Equal(expected.Dequeue(), client.Read());
        }

        byte[] Next()
        {
            string key = Key(), value = new((char)('a' + random.Next(26)), ValueBytes);
            int offset = random.Next(ValueBytes);
            switch (random.Next(10))
            {
                case 0 or 1:
                    model[key] = value;
                    expected.Enqueue("OK");
                    return RespClient.Encode("SET", key, value);
                case 2:
                    model[key] = value;
                    expected.Enqueue("OK");
                    return RespClient.Encode("SETEX", key, "1000", value);
                case 3:
                    string old = model.GetValueOrDefault(key, "").PadRight(offset + 4, '\0');
                    model[key] = string.Concat(old.AsSpan(0, offset), "abcd", old.AsSpan(offset + 4));
                    expected.Enqueue(model[key].Length.ToString(CultureInfo.InvariantCulture));
                    return RespClient.Encode("SETRANGE", key, offset.ToString(CultureInfo.InvariantCulture), "abcd");
                case 4:
                    string held = model.GetValueOrDefault(key, "");
                    expected.Enqueue(held[Math.Min(offset, held.Length)..Math.Min(offset + 8, held.Length)]);
                    return RespClient.Encode("GETRANGE", key, offset.ToString(CultureInfo.InvariantCulture), (offset + 7).ToString(CultureInfo.InvariantCulture));
                case 5:
                    string[] keys = [.. Enumerable.Range(0, 10).Select(_ => Key())];
                    expected.Enqueue($"[{string.Join(' ', keys.Select(one => model.GetValueOrDefault(one, Nil)))}]");
                    return RespClient.Encode(["MGET", .. keys]);
                default:
                    expected.Enqueue(model.GetValueOrDefault(key, Nil));
                    return RespClient.Encode("GET", key);
            }
        }

        string Key() => $"memtier-{number}-{random.Next(KeysPerClient)}";
    }
}
