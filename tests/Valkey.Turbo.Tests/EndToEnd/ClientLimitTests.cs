using System.Globalization;
using System.Net.Sockets;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>What a client may send and queue before it is run, and what ends it at once.</summary>
public sealed class ClientLimitTests
{
    public static TheoryData<string, int> Matrix => EngineMatrixTests.Matrix;

    [Theory]
    [MemberData(nameof(Matrix))]
    public void AQueuedTransactionCountsAsInput(string engine, int threads)
    {
        using TestServer server = new(threads, engine, options: "client-query-buffer-limit 2mb");
        using RespClient other = server.Connect();
        foreach (int bytes in (int[])[100_000, 30_000, 1000])
        {
            using RespClient client = server.Connect();
            Assert.Equal("OK", client.Run("MULTI"));
            string value = new('x', bytes);
            int queued = 0;
            while (!IsEnded(client, "SET", "k", value))
            {
                Assert.True(queued++ < 3000);
            }
            // Three words and their pointers.
            int fitting = (2 << 20) / (bytes + 4 + 24);
            Assert.InRange(queued, fitting - 2, fitting);
            Assert.Equal("nil", other.Run("GET", "k"));
        }
        Assert.Equal(3, server.Info("client_query_buffer_limit_disconnections"));
        Assert.Equal("OK", other.Run("MULTI"));
        Assert.Equal("QUEUED", other.Run("SET", "k", "v"));
        using RespClient observer = server.Connect();
        // Words of five bytes together, and three pointers.
        Assert.Contains(" multi-mem=29 ", observer.Run("CLIENT", "LIST"), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void OnePipelineCannotPassTheLimitEither(string engine, int threads)
    {
        using TestServer server = new(threads, engine, options: "client-query-buffer-limit 2mb");
        using RespClient client = server.Connect();
        Assert.Equal("OK", client.Run("MULTI"));
        Assert.True(IsEnded(client, "SET", "k", new string('x', 3 << 20)));
        Assert.Equal(1, server.Info("client_query_buffer_limit_disconnections"));
    }

    /// <summary>Where the limit allows it, there is no other; five names of 480 MB each are queued and looked up.</summary>
    [Fact]
    public void ATransactionMayBeLargerThanTwoGibibytes()
    {
        if (GC.GetGCMemoryInfo().TotalAvailableMemoryBytes < 10L << 30)
        {
            return;
        }
        const int nameBytes = 480_000_000, requests = 5;
        using TestServer server = new(2, options: "client-query-buffer-limit 8gb");
        using RespClient client = server.Connect();
        client.ReceiveTimeoutMs = 120_000;
        Assert.Equal("OK", client.Run("MULTI"));
        byte[] part = [.. Enumerable.Repeat((byte)'n', 1_000_000)];
        for (int i = 0; i < requests; i++)
        {
            client.Write(System.Text.Encoding.ASCII.GetBytes($"*2\r\n$6\r\nSTRLEN\r\n${nameBytes.ToString(CultureInfo.InvariantCulture)}\r\n"));
            for (int sent = 0; sent < nameBytes; sent += part.Length)
            {
                client.Write(part);
            }
            client.Write("\r\n"u8);
            Assert.Equal("QUEUED", client.Read());
        }
        Assert.Equal("[0 0 0 0 0]", client.Run("EXEC"));
    }

    [Theory]
    [MemberData(nameof(Matrix))]
    public void WhoSpeaksHttpIsEndedAtOnce(string engine, int threads)
    {
        using TestServer server = new(threads, engine);
        foreach (string first in (string[])["POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nSET k v\r\n", "GET / HTTP/1.1\r\nhOST: me\r\n\r\n", "*1\r\n$4\r\npost\r\n", "PING\r\nPOST\r\nSET k v\r\n", "MULTI\r\nHost:\r\n"])
        {
            using RespClient client = server.Connect();
            client.Write(System.Text.Encoding.ASCII.GetBytes(first));
            // What was answered in the same breath is dropped as well.
            Assert.True(client.IsAtEnd());
        }
        using RespClient other = server.Connect();
        Assert.Equal("nil", other.Run("GET", "k"));
        Assert.StartsWith("-ERR unknown command 'host'", other.Run("host"), StringComparison.Ordinal);
        Assert.StartsWith("-ERR unknown command 'POST:'", other.Run("POST:"), StringComparison.Ordinal);
    }

    [Fact]
    public void BeforeAuthenticationAnUnknownCommandTellsNothing()
    {
        using TestServer server = new(1, options: "requirepass secret");
        using RespClient client = server.Connect();
        Assert.Equal("-NOAUTH Authentication required.", client.Run("nosuch", "word"));
        Assert.Equal("-NOAUTH Authentication required.", client.Run("GET", "k"));
        client.Write("Host: me\r\n"u8);
        Assert.True(client.IsAtEnd());
    }

    /// <summary>Sends a request of a transaction; false if it is queued, true if the connection ends.</summary>
    private static bool IsEnded(RespClient client, params string[] words)
    {
        try
        {
            client.Send(words);
            Assert.Equal("QUEUED", client.Read());
            return false;
        }
        catch (EndOfStreamException)
        {
            return true;
        }
        catch (IOException e) when (e.InnerException is SocketException)
        {
            return true;
        }
    }
}
