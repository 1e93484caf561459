using System.Text;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>Ordinary commands allocate nothing on the managed heap once warm.</summary>
public sealed class AllocationTests
{
    [Theory]
    [InlineData("GET k")]
    [InlineData("GET none")]
    [InlineData("SET k value-of-some-length")]
    [InlineData("SET k 12345")]
    [InlineData("SET k v EX 100")]
    [InlineData("INCR n")]
    [InlineData("APPEND a x")]
    [InlineData("GETRANGE k 0 2")]
    [InlineData("MGET k n a")]
    [InlineData("MSET k 1 n 2")]
    [InlineData("EXISTS k")]
    [InlineData("EXPIRE k 100")]
    [InlineData("TTL k")]
    [InlineData("DEL k")]
    [InlineData("PING")]
    public void ACommandAllocatesNothing(string line)
    {
        using DispatchFixture server = new();
        string[] words = line.Split(' ');
        StringBuilder text = new();
        for (int i = 0; i < 16; i++)
        {
            text.Append($"*{words.Length}\r\n");
            foreach (string word in words)
            {
                text.Append($"${word.Length}\r\n{word}\r\n");
            }
        }
        byte[] input = Encoding.ASCII.GetBytes(text.ToString());
        server.Run("SET", "k", "value");
        void Batch()
        {
            server.RunRaw(input);
            server.DropReplies();
        }
        // Code that is not yet optimised may box; the runtime replaces it in the background.
        long allocated = long.MaxValue;
        for (int attempt = 0; attempt < 60 && allocated > 0; attempt++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < 100; i++)
            {
                Batch();
            }
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
            Thread.Sleep(attempt < 3 ? 0 : 50);
        }
        Assert.Equal(0, allocated);
    }
}
