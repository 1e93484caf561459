using System.Globalization;
using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Structures;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>A listing of keys shows the moment it began at, whatever happens until it ends. Seeded.</summary>
public sealed class KeyListingTests
{
    private const int OperationsBetweenSteps = 40;

    [Theory]
    [InlineData(1, 20_000, 0.5)]
    [InlineData(2, 20_000, 0.95)]
    [InlineData(3, 20_000, 0.05)]
    [InlineData(4, 300, 0.5)]
    public void ShowsTheMomentItBeganAt(int seed, int keys, double additions)
    {
        using DispatchFixture server = new();
        Random random = new(seed);
        HashSet<string> present = [];
        for (int i = 0; i < keys; i++)
        {
            Add(server, present, random.Next(keys * 4));
        }
        HashSet<string> expected = [.. present.Where(name => name.EndsWith('7'))];
        Worker worker = server.Server.Workers[0];
        KeyListing listing = KeyListing.Begin(worker, 0, "*7"u8, new ExpiryClock(worker.NowUnixMs));
        int steps = 0;
        while (!listing.Advance(worker, worker.Server.Clock.MonotonicNs + 1))
        {
            steps++;
            for (int i = 0; i < OperationsBetweenSteps; i++)
            {
                int key = random.Next(keys * 4);
                if (random.NextDouble() < additions)
                {
                    Add(server, present, key);
                }
                else
                {
                    string name = present.Count == 0 ? "none" : present.ElementAt(random.Next(Math.Min(present.Count, 50)));
                    server.Run(random.Next(2) == 0 ? ["DEL", name] : ["RENAME", name, Name(key)]);
                    present.Remove(name);
                    present.Remove(Name(key));
                    if (server.Run("EXISTS", Name(key)) == ":1\r\n")
                    {
                        present.Add(Name(key));
                    }
                }
            }
        }
        Assert.True(steps > 2 || keys < 1000);
        Assert.Equal(expected.Order(), Names(listing).Order());
    }

    [Theory]
    [InlineData("FLUSHALL")]
    [InlineData("FLUSHALL ASYNC")]
    [InlineData("SWAPDB 0 1")]
    public void SurvivesWhatEmptiesTheDatabase(string command)
    {
        using DispatchFixture server = new();
        HashSet<string> present = [];
        for (int i = 0; i < 5000; i++)
        {
            Add(server, present, i);
        }
        Worker worker = server.Server.Workers[0];
        KeyListing listing = KeyListing.Begin(worker, 0, "*"u8, new ExpiryClock(worker.NowUnixMs));
        listing.Advance(worker, worker.Server.Clock.MonotonicNs + 1);
        Assert.Equal("+OK\r\n", server.Run(command.Split(' ')));
        server.Run("SET", "later", "1");
        while (!listing.Advance(worker, worker.Server.Clock.MonotonicNs + 1))
        {
        }
        Assert.Equal(present.Order(), Names(listing).Order());
    }

    private static string Name(int key) => key.ToString(CultureInfo.InvariantCulture);

    private static void Add(DispatchFixture server, HashSet<string> present, int key)
    {
        server.Run("SET", Name(key), "x");
        present.Add(Name(key));
    }

    private static string[] Names(KeyListing listing)
    {
        using OutputBlockPool pool = new(new ByteCounter());
        OutputQueue queue = new(pool);
        ReplyWriter reply = new();
        reply.Target(queue);
        listing.Reply(reply);
        reply.Flush();
        StringBuilder text = new();
        for (; queue.Head is { } head; queue.DropHead())
        {
            text.Append(Encoding.ASCII.GetString(head.Unsent));
        }
        string[] lines = text.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal($"*{(lines.Length - 1) / 2}", lines[0]);
        return [.. lines.Skip(2).Where((_, i) => i % 2 == 0)];
    }
}
