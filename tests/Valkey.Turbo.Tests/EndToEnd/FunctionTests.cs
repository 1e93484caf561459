namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>FUNCTION and FCALL: libraries come, go, are saved and loaded, and their functions are called on all threads.</summary>
public sealed class FunctionTests
{
    private const string Library = "#!lua name=mylib\nlocal function set(keys, args) return redis.call('set', keys[1], args[1]) end\n"
        + "redis.register_function('put', set)\nredis.register_function{function_name='look', flags={'no-writes'}, "
        + "callback=function(keys) return redis.call('get', keys[1]) end, description='looks'}";

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void FunctionsAreLoadedCalledListedAndDeleted(int threads)
    {
        using TestServer server = new(threads);
        using RespClient client = server.Connect();
        Assert.Equal("mylib", client.Run("FUNCTION", "LOAD", Library));
        Assert.Equal("-ERR Library 'mylib' already exists", client.Run("FUNCTION", "LOAD", Library));
        Assert.Equal("mylib", client.Run("FUNCTION", "LOAD", "REPLACE", Library));
        Assert.Equal("-ERR Function put already exists", client.Run("FUNCTION", "LOAD", Library.Replace("mylib", "other", StringComparison.Ordinal)));
        Assert.Equal("[[library_name mylib engine LUA functions [[name put description nil flags []] [name look description looks flags [no-writes]]]]]",
            client.Run("FUNCTION", "LIST"));
        for (int i = 0; i < 8; i++)
        {
            // Connections are spread over the threads, each with an interpreter of its own.
            using RespClient other = server.Connect();
            Assert.Equal("OK", other.Run("FCALL", "PUT", "1", $"k{i}", "v"));
            Assert.Equal("v", other.Run("FCALL_RO", "look", "1", $"k{i}"));
        }
        Assert.Equal("-ERR Can not execute a script with write flag using *_ro command.", client.Run("FCALL_RO", "put", "1", "k", "v"));
        Assert.Equal("[running_script nil engines [LUA [libraries_count 1 functions_count 2]]]", client.Run("FUNCTION", "STATS"));
        Assert.Equal(2, server.Info("number_of_functions"));
        Assert.Equal("OK", client.Run("FUNCTION", "DELETE", "mylib"));
        Assert.Equal("-ERR Function not found", client.Run("FCALL", "put", "0"));
    }

    [Theory]
    [InlineData("x", "Missing library metadata")]
    [InlineData("#!lua name=a", "Invalid library metadata")]
    [InlineData("#!lua\nreturn 1", "Library name was not given")]
    [InlineData("#!foo name=a\nreturn 1", "Engine 'foo' not found")]
    [InlineData("#! name=a\nreturn 1", "Engine '' not found")]
    [InlineData("#!lua name=\"a\nreturn 1", "Invalid library metadata")]
    [InlineData("#!lua name=\"a\"\nreturn 1", "No functions registered")]
    [InlineData("#!lua name=a\nreturn 1", "No functions registered")]
    [InlineData("#!lua name=a\nx y", "Error compiling function: user_function:2: '=' expected near 'y'")]
    [InlineData("#!lua name=a\nredis.call('get', 'x')",
        "Error registering functions: ERR user_function:2: Script attempted to access nonexistent global variable 'call'")]
    [InlineData("#!lua name=a\nredis.register_function('a b', function() end)",
        "Function names can only contain letters, numbers, or underscores(_) and must be at least one character long")]
    [InlineData("#!lua name=a\nwhile true do end", "Error registering functions: ERR FUNCTION LOAD timeout")]
    public void BadLibrariesAreRefused(string code, string problem)
    {
        using TestServer server = new(2);
        using RespClient client = server.Connect();
        Assert.Equal("-ERR " + problem, client.Run("FUNCTION", "LOAD", code));
        Assert.Equal("[]", client.Run("FUNCTION", "LIST"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void LibrariesAreSavedDumpedAndLogged(int threads)
    {
        string directory = Directory.CreateTempSubdirectory("turbo").FullName;
        try
        {
            using TestServer server = new(threads, options: $"dir {directory}");
            using RespClient client = server.Connect();
            Assert.Equal("OK", client.Run("CONFIG", "SET", "appendonly", "yes"));
            client.Run("FUNCTION", "LOAD", Library);
            client.Run("FCALL", "put", "1", "k", "v");
            Assert.Equal("OK", client.Run("DEBUG", "RELOAD"));
            Assert.Equal("v", client.Run("FCALL", "look", "1", "k"));
            Assert.Equal("OK", client.Run("DEBUG", "LOADAOF"));
            Assert.Equal("v", client.Run("FCALL", "look", "1", "k"));
            string dump = client.Run("FUNCTION", "DUMP");
            Assert.Equal("-ERR Library mylib already exists", client.Run("FUNCTION", "RESTORE", dump));
            Assert.Equal("OK", client.Run("FUNCTION", "RESTORE", dump, "REPLACE"));
            Assert.Equal("OK", client.Run("FUNCTION", "FLUSH"));
            Assert.Equal("-ERR Function not found", client.Run("FCALL", "look", "1", "k"));
            for (int i = 0; i < dump.Length; i++)
            {
                string damaged = dump[..i] + (char)(dump[i] ^ 1) + dump[(i + 1)..];
                Assert.Equal("-ERR DUMP payload version or checksum are wrong", client.Run("FUNCTION", "RESTORE", damaged));
            }
            Assert.Equal("OK", client.Run("FUNCTION", "RESTORE", dump, "FLUSH"));
            Assert.Equal("v", client.Run("FCALL", "look", "1", "k"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
