using System.Security.Cryptography;
using System.Text;
using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>What concerns security or other machines and can't be obeyed is refused.</summary>
public sealed class ConfigRefusalTests
{
    private static readonly string HashOfSecret = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes("secret")));

    [Theory]
    [InlineData("aclfile /etc/valkey/users.acl")]
    [InlineData("user default off")]
    [InlineData("user default on nopass ~app:* &* +@all")]
    [InlineData("user default on nopass ~* +@all")]
    [InlineData("user default on nopass ~* &* +@read")]
    [InlineData("user default on nopass ~* &* +@all -debug")]
    [InlineData("user default on nopass ~* &* +@all db=0")]
    [InlineData("user default on ~* &* +@all")]
    [InlineData("user alice on nopass ~* &* +@all")]
    [InlineData("user alice")]
    [InlineData("tls-port 6380")]
    [InlineData("port 0", "tls-port 6379")]
    [InlineData("tls-replication yes")]
    [InlineData("tls-cluster yes")]
    [InlineData("replicaof 10.0.0.1 6379")]
    [InlineData("slaveof 10.0.0.1 6379")]
    [InlineData("min-replicas-to-write 1")]
    [InlineData("min-slaves-to-write 1")]
    [InlineData("cluster-enabled yes")]
    public void AServerDoesNotStartWithIt(params string[] lines)
    {
        string message = Assert.Throws<ConfigException>(() => new ServerConfig().LoadLines(["# first", .. lines])).Message;
        Assert.Contains($"at line {lines.Length + 1}\n>>> '{lines[^1]}'\n", message, StringComparison.Ordinal);
        Assert.Contains("not supported yet", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tls-port", "6380")]
    [InlineData("tls-replication", "yes")]
    [InlineData("tls-cluster", "yes")]
    [InlineData("min-replicas-to-write", "1")]
    public void ItCannotBeSetLater(string name, string value)
    {
        using DispatchFixture server = new();
        string before = server.Run("CONFIG", "GET", name);
        Assert.StartsWith($"-ERR CONFIG SET failed (possibly related to argument '{name}') - ", server.Run("CONFIG", "SET", "maxmemory", "1gb", name, value), StringComparison.Ordinal);
        Assert.Equal(before, server.Run("CONFIG", "GET", name));
        Assert.Equal("0", server.Server.Config.MaxMemory.Value);
    }

    [Theory]
    [InlineData("aclfile \"\"")]
    [InlineData("tls-port 6380", "tls-port 0")]
    [InlineData("replicaof 10.0.0.1 6379", "replicaof no one")]
    [InlineData("tls-cert-file /etc/ssl/valkey.pem", "tls-auth-clients no", "tls-protocols \"TLSv1.2 TLSv1.3\"")]
    [InlineData("min-replicas-to-write 0", "cluster-enabled no", "cluster-node-timeout 5000")]
    [InlineData("user default on nopass ~* &* alldbs +@all")]
    [InlineData("user default on nopass sanitize-payload ~* &* +@all")]
    [InlineData("user default +@all allkeys allchannels nopass on")]
    public void WhatTurnsNothingOnIsAccepted(params string[] lines) => new ServerConfig().LoadLines(lines);

    [Fact]
    public void TheLineOfTheDefaultUserMustHaveItsPassword()
    {
        string line = $"user default on sanitize-payload #{HashOfSecret} ~* &* alldbs +@all", open = "user default on nopass ~* &* alldbs +@all";
        ServerConfig config = new();
        config.LoadLines(["requirepass secret", line]);
        Assert.Equal("secret", config.RequirePass.Text);
        new ServerConfig().LoadLines([line, "requirepass secret"]);
        foreach (string[] lines in (string[][])[[line], [line, "requirepass other"], [open, "requirepass secret"], [open, open]])
        {
            Assert.Contains(">>> 'user default ", Assert.Throws<ConfigException>(() => new ServerConfig().LoadLines(lines)).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void TheLineOfTheDefaultUserFollowsThePassword()
    {
        string path = Path.GetTempFileName();
        File.WriteAllLines(path, ["user default on nopass sanitize-payload ~* &* alldbs +@all"]);
        ServerConfig config = new();
        config.Load(path);
        Assert.Null(config.RequirePass.TrySet("secret"));
        config.RewriteFile();
        Assert.Contains($"user default on sanitize-payload #{HashOfSecret} ~* &* alldbs +@all", File.ReadAllLines(path));
        new ServerConfig().Load(path);
        File.Delete(path);
    }
}
