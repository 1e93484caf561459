using System.Net;
using System.Net.Sockets;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>Where the server listens, changed while it runs.</summary>
public sealed class ListenerTests
{
    [Theory]
    [InlineData(1, "auto")]
    [InlineData(2, "auto")]
    [InlineData(2, "epoll")]
    public void ThePortCanBeChangedAndClientsStay(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        using RespClient client = server.Connect(), other = server.Connect();
        int port = TestServer.FreePort();
        Assert.Equal("OK", other.Run("CONFIG", "SET", "port", $"{port}", "maxmemory", "123456789"));
        Assert.Throws<SocketException>(server.Connect);
        using (RespClient late = new(new IPEndPoint(IPAddress.Loopback, port)))
        {
            Assert.Equal("PONG", late.Run("PING"));
            Assert.Contains($"tcp_port:{port}\r\n", late.Run("INFO", "server"), StringComparison.Ordinal);
        }
        Assert.Equal("OK", client.Run("CONFIG", "SET", "port", $"{server.Port}"));
        using RespClient back = server.Connect();
        Assert.Equal("PONG", back.Run("PING"));
    }

    [Theory]
    [InlineData(1, "auto")]
    [InlineData(2, "epoll")]
    public void APortThatIsTakenChangesNothing(int threads, string engine)
    {
        using TestServer server = new(threads, engine);
        using RespClient client = server.Connect();
        using TcpListener taken = new(IPAddress.Loopback, 0);
        taken.Start();
        int port = ((IPEndPoint)taken.LocalEndpoint).Port;
        Assert.Equal("OK", client.Run("CONFIG", "SET", "maxmemory", "123456789"));
        Assert.Equal(
            "-ERR CONFIG SET failed (possibly related to argument 'port') - Unable to listen on this port. Check server logs.",
            client.Run("CONFIG", "SET", "maxmemory", "1", "port", $"{port}", "timeout", "77"));
        Assert.Equal($"[maxmemory 123456789 port {server.Port} timeout 0]", client.Run("CONFIG", "GET", "port", "maxmemory", "timeout"));
        using RespClient late = server.Connect();
        Assert.Equal("PONG", late.Run("PING"));
    }

    [Fact]
    public void AddressesCanBeChangedOnTheSamePort()
    {
        using TestServer server = new();
        using RespClient client = server.Connect();
        Assert.Equal("OK", client.Run("CONFIG", "SET", "bind", "127.0.0.1 127.0.0.2"));
        using RespClient second = new(new IPEndPoint(IPAddress.Parse("127.0.0.2"), server.Port)), first = server.Connect();
        Assert.Equal("PONG", second.Run("PING"));
        Assert.Equal("PONG", first.Run("PING"));
        Assert.Equal(
            "-ERR CONFIG SET failed (possibly related to argument 'bind') - Failed to bind to specified addresses.",
            client.Run("CONFIG", "SET", "bind", "192.0.2.1"));
        Assert.Equal("[bind 127.0.0.1 127.0.0.2]", client.Run("CONFIG", "GET", "bind"));
        using RespClient third = server.Connect();
        Assert.Equal("PONG", third.Run("PING"));
    }

    [Fact]
    public void WhatIsShownCanBeSetElsewhere()
    {
        using TestServer server = new();
        using RespClient client = server.Connect();
        string all = client.Run("CONFIG", "GET", "*");
        Assert.DoesNotContain("io-engine", all, StringComparison.Ordinal);
        Assert.DoesNotContain(" threads ", all, StringComparison.Ordinal);
        Assert.StartsWith("[io-engine auto threads ", client.Run("CONFIG", "GET", "io-engine", "threads"), StringComparison.Ordinal);
        // A share of a very large limit is no small one.
        Assert.Equal("OK", client.Run("CONFIG", "SET", "maxmemory", "9223372036854775808", "maxmemory-clients", "100%"));
        Assert.Equal("[maxmemory 9223372036854775808 maxmemory-clients 100%]", client.Run("CONFIG", "GET", "maxmemory", "maxmemory-clients"));
        Assert.Equal("OK", client.Run("CONFIG", "SET", "maxmemory", "0", "maxmemory-clients", "0"));
        Assert.EndsWith("- percentage argument must be less or equal to 100", client.Run("CONFIG", "SET", "maxmemory-clients", "200%"), StringComparison.Ordinal);
    }
}
