using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Server;

namespace Valkey.Turbo.Tests.Server;

/// <summary>What the command line means, as valkey-server 9.1 understands it.</summary>
public sealed class CommandLineTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-line-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("requirepass", "pa ss", "--requirepass", "pa ss")]
    [InlineData("requirepass", "a\"b'c\\d\te", "--requirepass", "a\"b'c\\d\te")]
    [InlineData("requirepass", "--port", "--requirepass", "--port")]
    [InlineData("requirepass", "ümläut", "--requirepass", "ümläut")]
    [InlineData("requirepass", "ümläut", "--requirepass ümläut", "--port", "7000")]
    [InlineData("maxmemory", "0", "--maxmemory", "")]
    [InlineData("maxmemory", "18446744073709551615", "--maxmemory", "18446744073709551615")]
    [InlineData("maxmemory", "9223372036854775808", "--maxmemory", "9223372036854775808")]
    [InlineData("maxmemory", "9223372036854775807", "--maxmemory", "9223372036854775807")]
    [InlineData("maxmemory", "7", "--maxmemory", "18446744073709551615", "--maxmemory", "7b")]
    [InlineData("slot-migration-max-failover-repl-bytes", "-1", "--slot-migration-max-failover-repl-bytes", "-1")]
    [InlineData("save", "", "--save", "--port", "7000")]
    [InlineData("save", "", "--port", "7000", "--save")]
    [InlineData("save", "", "--save", "", "--port", "7000")]
    [InlineData("save", "900 1 300 10", "--save", "900 1", "--save", "300 10")]
    [InlineData("save", "900 1 300 10", "--save", "900", "1", "300", "10", "--port", "7000")]
    [InlineData("save", "900 1", "--save 900 1", "--port", "7000")]
    [InlineData("save", "", "--port 7000", "--save", "--maxmemory", "10mb")]
    [InlineData("bind", "127.0.0.1 ::1", "--bind", "127.0.0.1", "::1")]
    [InlineData("bind", "127.0.0.1 ::1", "--bind", "127.0.0.1 ::1")]
    [InlineData("maxmemory", "1073741824", "--MaxMemory", "1gb")]
    [InlineData("replicaof", "", "--replicaof", "no", "one")]
    [InlineData("replicaof", "", "--replicaof", "1.2.3.4", "6379", "--replicaof", "NO ONE")]
    [InlineData("tls-port", "0", "--tls-port", "6380", "--tls-port", "0")]
    [InlineData("maxmemory", "7340032", "-", "--port", "7000")]
    [InlineData("maxmemory", "7340032", "--port", "7000", "-")]
    [InlineData("maxmemory", "1048576", "--maxmemory", "1mb", "-")]
    // What comes on standard input stands before the options.
    public void OptionsAreRead(string directive, string value, params string[] arguments)
    {
        ServerConfig config = Parse(arguments).Config;
        Assert.Equal(value, config.Find(directive)!.Value);
    }

    [Theory]
    [InlineData("wrong number of arguments", "--maxmemory")]
    [InlineData("wrong number of arguments", "--port", "7000", "extra", "--nonsense", "1")]
    [InlineData("Bad directive or wrong number of arguments", "--port", "7000", "--nonsense", "1")]
    [InlineData("Bad directive or wrong number of arguments", "--port=7000")]
    [InlineData("wrong number of arguments", "--port", "7000", "-", "--loglevel", "verbose")]
    [InlineData("Bad directive or wrong number of arguments", "--list-max-ziplist-entries", "1", "2")]
    [InlineData("argument couldn't be parsed into an integer", "--port", "--maxmemory")]
    [InlineData("argument(s) must be one of the following: debug, verbose, notice, warning, nothing", "--logfile", "--my--log--file", "--loglevel", "--bla")]
    [InlineData("argument(s) must be one of the following: default, save, nosave, now, force, safe, failover", "--shutdown-on-sigint")]
    [InlineData("argument(s) must be one of the following: default, save, nosave, now, force, safe, failover", "--shutdown-on-sigint", "now force", "--shutdown-on-sigterm")]
    [InlineData("wrong number of arguments", "--replicaof", "--127.0.0.1", "--abc")]
    [InlineData("argument couldn't be parsed into an integer", "--port", "+7000")]
    [InlineData("No such command in rename-command", "--rename-command", "nonsense", "x")]
    [InlineData("Target command name already exists", "--rename-command", "get", "set")]
    [InlineData("argument must be a memory value", "--maxmemory", "18446744073709551616")]
    [InlineData("argument must be a memory value", "--maxmemory", "-1")]
    [InlineData("Invalid save parameters", "--save", "1 2 3")]
    [InlineData("No such file or directory", "--dir", "nowhere")]
    [InlineData("dir can't be empty", "--dir", "")]
    [InlineData("Can't open the log file: No such file or directory", "--logfile", "nowhere/log")]
    [InlineData("dbfilename can't be a path, just a filename", "--dbfilename", "a/b")]
    [InlineData("Hostnames may only contain alphanumeric characters, hyphens or dots", "--cluster-announce-hostname", "a_b")]
    [InlineData("Invalid IPv4 address", "--cluster-announce-client-ipv4", "300.1.1.1")]
    [InlineData("template format is invalid or contains unknown variables", "--proc-title-template", "{nonsense}")]
    [InlineData("Invalid primary port", "--replicaof", "a", "b")]
    [InlineData("Sentinel mode is not supported", "--port", "7000", "--sentinel")]
    public void WhatIsWrongIsNamed(string problem, params string[] arguments) =>
        Assert.EndsWith(problem, Assert.Throws<ConfigException>(() => Parse(arguments)).Message, StringComparison.Ordinal);

    [Fact]
    public void ALineThatIsWrongIsShownWithItsNumberInAllThatWasRead()
    {
        string path = Write("one.conf", "port 7000", "loglevel verbose");
        ConfigException error = Assert.Throws<ConfigException>(() => Parse(path, "--maxmemory", "ten", "mb"));
        Assert.Equal(
            "\n*** FATAL CONFIG FILE ERROR (Version 9.1.0) ***\nReading the configuration file, at line 4\n>>> 'maxmemory \"ten\" \"mb\"'\nwrong number of arguments",
            error.Message);
    }

    [Fact]
    public void IncludesMayHaveWildcardsAndAreRelativeToTheDirectory()
    {
        Directory.CreateDirectory(Path.Combine(_directory, "conf.d"));
        Write("conf.d/1.conf", "maxmemory 1mb", "maxclients 77");
        File.WriteAllText(Path.Combine(_directory, "conf.d/2.conf"), "maxmemory 2mb");
        string path = Write("main.conf", $"dir {_directory}", "include conf.d/*.conf", "include nothing-of-this-name*.conf", "include conf.d/[1].conf", "port 7000");
        ServerConfig config = Parse(path).Config;
        Assert.Equal("1048576", config.Find("maxmemory")!.Value);
        Assert.Equal("77", config.Find("maxclients")!.Value);
        Assert.Equal(path, config.FilePath);
        string missing = Write("missing.conf", "include nowhere.conf");
        Assert.Equal("Fatal error, can't open config file 'nowhere.conf': No such file or directory",
            Assert.Throws<ConfigFileException>(() => Parse(missing)).Message);
    }

    [Fact]
    public void BytesOfAFileComeThroughAsTheyAre()
    {
        string path = Path.Combine(_directory, "utf8.conf");
        File.WriteAllBytes(path, Encoding.UTF8.GetBytes("requirepass \"gr\\xc3\\xbcn ü\"\r\n"));
        Assert.Equal("grün ü", Parse(path).Config.RequirePass.Text);
    }

    [Fact]
    public void TitlesAreMadeOfTheSettings()
    {
        ServerConfig config = Parse("--port", "7000", "--bind", "127.0.0.1", "::1").Config;
        Assert.Equal("./server 127.0.0.1:7000", TitleTemplate.Expand(config.ProcessTitle.Text, "./server", config));
        Assert.Equal("{a} 7000 -", TitleTemplate.Expand(" {{a} {port} {config-file}", "x", config));
        Assert.Null(TitleTemplate.Expand("{", "x", config));
        Assert.Null(TitleTemplate.Expand("{port", "x", config));
    }

    private string Write(string name, params string[] lines)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllLines(path, lines);
        return path;
    }

    private static CommandLine Parse(params string[] arguments)
    {
        string before = Environment.CurrentDirectory;
        try
        {
            return CommandLine.Parse(arguments, () => "maxmemory 7mb"u8.ToArray());
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
    }
}
