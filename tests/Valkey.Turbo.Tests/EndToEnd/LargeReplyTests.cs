using System.Globalization;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Replies that are sent from where the data lies, or gathered bit by bit, while other clients change the data.</summary>
public sealed class LargeReplyTests
{
    private const int ValueBytes = 3 << 20;
    private const int Reads = 40;
    private const int Tokens = 12_000;

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(1, "epoll")]
    [InlineData(4, "auto")]
    [InlineData(4, "epoll")]
    public void AValueIsSentAsItWasWhenItWasRead(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        using RespClient control = server.Connect();
        long before = server.DataBytes;
        bool isOver = false;
        Thread[] writers = [.. Enumerable.Range(0, 2).Select(writer => new Thread(() =>
        {
            Random random = new(writer);
            using RespClient client = server.Connect();
            while (!Volatile.Read(ref isOver))
            {
                Change(client, random);
            }
        }))];
        Array.ForEach(writers, writer => writer.Start());
        Parallel.For(0, 3, reader =>
        {
            using RespClient client = server.Connect();
            for (int i = 0; i < Reads; i++)
            {
                client.Send("GET", "k");
                client.Send("GETDEL", "k");
                client.Send("MGET", "k", "none", "k");
                for (int reply = 0; reply < 3; reply++)
                {
                    string text = client.Read();
                    string value = text.TrimStart('[').Split(' ')[0];
                    // Every value is set as one letter; only its first letter and its end are changed afterwards.
                    Assert.True(value.Length < ValueBytes / 3 || value.AsSpan(1, ValueBytes / 3 - 1).IndexOfAnyExcept(value[1]) < 0);
                }
            }
        });
        Volatile.Write(ref isOver, true);
        Array.ForEach(writers, writer => writer.Join());
        control.Run("FLUSHALL");
        Assert.True(SpinWait.SpinUntil(() => server.DataBytes <= before + 200_000, 5000), $"{before} then {server.DataBytes}");
    }

    [Fact]
    public void AClientThatDoesNotReadKeepsNothingAlive()
    {
        using TestServer server = new();
        using RespClient control = server.Connect();
        long before = server.DataBytes;
        control.Run("SET", "k", new string('x', ValueBytes));
        using (RespClient deaf = server.Connect())
        {
            for (int i = 0; i < 20; i++)
            {
                deaf.Send("GET", "k");
            }
            Assert.True(SpinWait.SpinUntil(() => control.Run("CLIENT", "LIST").Contains("cmd=get", StringComparison.Ordinal), 5000));
            control.Run("DEL", "k");
        }
        Assert.True(SpinWait.SpinUntil(() => server.DataBytes <= before + 200_000, 5000), $"{before} then {server.DataBytes}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void KeysShowsOneMoment(int threads)
    {
        using TestServer server = new(threads);
        using (RespClient client = server.Connect())
        {
            for (int i = 0; i < Tokens; i++)
            {
                client.Send("SET", $"token:{i}:a", "x");
            }
            for (int i = 0; i < Tokens; i++)
            {
                client.Read();
            }
        }
        bool isOver = false;
        Thread[] writers = [.. Enumerable.Range(0, 2).Select(writer => new Thread(() =>
        {
            Random random = new(writer);
            using RespClient client = server.Connect();
            while (!Volatile.Read(ref isOver))
            {
                int token = random.Next(Tokens / 2) * 2 + writer;
                string[] ends = random.Next(2) == 0 ? ["a", "b"] : ["b", "a"];
                client.Run("RENAME", $"token:{token}:{ends[0]}", $"token:{token}:{ends[1]}");
            }
        }))];
        Array.ForEach(writers, writer => writer.Start());
        using (RespClient lister = server.Connect())
        {
            for (int i = 0; i < 20; i++)
            {
                lister.Send("KEYS", "token:*");
                lister.Send("PING");
                string[] names = lister.Read().Trim('[', ']').Split(' ');
                Assert.Equal("PONG", lister.Read());
                Assert.Equal(Tokens, names.Length);
                Assert.Equal(Tokens, names.Select(name => int.Parse(name.Split(':')[1], CultureInfo.InvariantCulture)).Distinct().Count());
            }
        }
        // Clients that leave in the middle of a listing.
        for (int i = 0; i < 20; i++)
        {
            using RespClient leaver = server.Connect();
            leaver.Send("KEYS", "*");
        }
        Volatile.Write(ref isOver, true);
        Array.ForEach(writers, writer => writer.Join());
        server.AssertInside(inside => inside.Shards.All(shard => shard.Keyspaces[0].Listings.Count == 0));
    }

    private static void Change(RespClient client, Random random)
    {
        string letter = ((char)('a' + random.Next(26))).ToString();
        switch (random.Next(6))
        {
            case 0:
                client.Run("SETRANGE", "k", "0", letter);
                client.Run("DEL", "k");
                break;
            case 1:
                client.Run("APPEND", "k", letter);
                client.Run("SET", "k", new string(letter[0], ValueBytes));
                break;
            case 2:
                client.Run("FLUSHALL", random.Next(2) == 0 ? "SYNC" : "ASYNC");
                break;
            default:
                client.Run("SET", "k", new string(letter[0], ValueBytes / (1 + random.Next(3))));
                break;
        }
    }
}
