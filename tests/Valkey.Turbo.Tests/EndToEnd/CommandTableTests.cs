using Valkey.Turbo.Commands;
using Valkey.Turbo.Tests.EndToEnd.Fuzzing;
using Xunit.Abstractions;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// COMMAND INFO and COMMAND DOCS of every command are a real valkey-server's: flags, categories, tips, key specifications, arguments,
/// and when they came. Sentences are each server's own. Redis 7.0 knows older commands and is not asked.
/// </summary>
public sealed class CommandTableTests(ITestOutputHelper output)
{
    /// <summary>What is written in sentences, and the subcommands, which are asked for by themselves.</summary>
    private static readonly string[] NotCompared = ["notes", "summary", "complexity", "history", "subcommands"];

    [Fact]
    public void EveryCommandIsDescribedAsByTheReference()
    {
        using ReferenceServer? reference = ReferenceServer.TryStart(output);
        if (reference?.IsValkey != true)
        {
            return;
        }
        using TestServer server = new();
        using RespClient ours = server.Connect(), theirs = reference.Connect();
        List<string> differences = [];
        foreach (string subcommand in (string[])["INFO", "DOCS"])
        {
            foreach (CommandSpec spec in CommandTable.Instance.All)
            {
                string expected = Describe(theirs, subcommand, spec), actual = Describe(ours, subcommand, spec);
                if (expected != actual)
                {
                    differences.Add($"{subcommand} {spec.FullName}\n  expected {expected}\n  but was  {actual}");
                }
            }
        }
        Assert.True(differences.Count == 0, string.Join('\n', differences));
    }

    [Theory]
    [InlineData("2", "$-1")]
    [InlineData("3", "_")]
    public void AnUnknownCommandIsNull(string protocol, string nothing)
    {
        using TestServer server = new();
        using RespClient client = server.Connect();
        client.Run("HELLO", protocol);
        client.Send("COMMAND", "INFO", "nosuch");
        byte[] reply = new byte[4 + nothing.Length + 2];
        client.Stream.ReadExactly(reply);
        Assert.Equal($"*1\r\n{nothing}\r\n", System.Text.Encoding.ASCII.GetString(reply));
        Assert.Equal("-ERR unknown subcommand 'nosuch'. Try COMMAND HELP.", client.Run("COMMAND", "nosuch"));
        Assert.Equal("OK", client.Run("MULTI"));
        Assert.Equal("-ERR unknown subcommand 'nosuch'. Try COMMAND HELP.", client.Run("COMMAND", "nosuch"));
        Assert.Equal("-EXECABORT Transaction discarded because of previous errors.", client.Run("EXEC"));
    }

    private static string Describe(RespClient client, string subcommand, CommandSpec spec)
    {
        client.Send("HELLO", "3");
        RespReply.Read(client.Stream, 0);
        client.Send("COMMAND", subcommand, spec.FullName);
        RespReply reply = RespReply.Read(client.Stream, 3);
        // Of ten parts of INFO the last are the subcommands.
        return string.Join(' ', (subcommand == "INFO" ? reply.Items![0].Items!.Take(9) : reply.Items!).Select(item => item.Without(NotCompared).Sorted()));
    }
}
