using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Persistence.Rdb;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>What a file holds beside sound keys: it is taken, kept, skipped and counted, or refused in Valkey's words; never dropped without one.</summary>
public sealed class RdbRecordTests : IDisposable
{
    private const byte SlotInfo = 244, Function = 245, Idle = 248, Frequency = 249, Auxiliary = 250,
        Sizes = 251, ExpiryMs = 252, Database = 254;

    private const string Library = "#!lua name=mylib\nserver.register_function('f', function() return 1 end)\n";
    private readonly string _directory = Directory.CreateTempSubdirectory("turbo-records-").FullName;
    private readonly List<string> _log = [];

    private string Path => System.IO.Path.Combine(_directory, "dump.rdb");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    /// <summary>Records of every kind that may stand between an expiry and its key.</summary>
    public static TheoryData<string> RecordsBetween => ["auxiliary", "slot information", "function", "idle", "frequency", "sizes", "database"];

    [Theory]
    [MemberData(nameof(RecordsBetween))]
    public void AnExpiryBelongsToTheNextKeyWhateverComesInBetween(string between)
    {
        using DispatchFixture server = Start();
        Assert.Null(Load(server, "REDIS0011", file =>
        {
            file.Byte(ExpiryMs);
            file.Integer64(2_569_704_056_336);
            Between(file, between);
            Text(file, "first");
            Text(file, "second");
        }));
        Assert.Equal(":2569704056336\r\n", server.Run("PEXPIRETIME", "first"));
        Assert.Equal(":-1\r\n", server.Run("PEXPIRETIME", "second"));
        // It is still there after what was loaded has been saved.
        DatasetFile.Save(server.Server.Workers[0], Path);
        server.Run("FLUSHALL", "SYNC");
        Assert.Null(DatasetFile.Load(server.Server.Workers[0], Path, replaces: true));
        Assert.Equal(":2569704056336\r\n", server.Run("PEXPIRETIME", "first"));
    }

    [Theory]
    [InlineData(-1, ":-1\r\n", 1)]
    [InlineData(-5, ":-2\r\n", 0)]
    [InlineData(0, ":-2\r\n", 0)]
    [InlineData(long.MaxValue, ":9223372036854775807\r\n", 1)]
    public void ExtremeExpiriesAreWhatTheyAreInValkey(long expiresAtUnixMs, string reply, int loaded)
    {
        using DispatchFixture server = Start();
        Assert.Null(Load(server, "VALKEY080", file =>
        {
            file.Byte(ExpiryMs);
            file.Integer64(expiresAtUnixMs);
            Text(file, "key");
        }));
        Assert.Equal(reply, server.Run("PEXPIRETIME", "key"));
        Assert.Contains($"rdb_last_load_keys_expired:{1 - loaded}\r\nrdb_last_load_keys_loaded:{loaded}\r\n", server.Run("INFO", "persistence"), StringComparison.Ordinal);
        Assert.Contains($"Done loading RDB, keys loaded: {loaded}, keys expired: {1 - loaded}, all fields expired hashes: 0.", _log);
    }

    [Fact]
    public void EmptyCollectionsAreSkippedAndCounted()
    {
        byte[] emptyZiplist = [11, 0, 0, 0, 10, 0, 0, 0, 0, 0, 255], emptyListpack = [7, 0, 0, 0, 0, 0, 255];
        (RdbType Type, byte[]? Packed)[] kinds =
        [
            (RdbType.List, null), (RdbType.Set, null), (RdbType.SortedSetText, null), (RdbType.Hash, null), (RdbType.SortedSet, null),
            (RdbType.ListZiplist, emptyZiplist), (RdbType.SortedSetZiplist, emptyZiplist), (RdbType.HashZiplist, emptyZiplist), (RdbType.ListOfZiplists, null),
            (RdbType.HashListpack, emptyListpack), (RdbType.SortedSetListpack, emptyListpack), (RdbType.ListOfListpacks, null), (RdbType.SetListpack, emptyListpack),
            (RdbType.HashWithExpiry, null),
        ];
        using DispatchFixture server = Start();
        Assert.Null(Load(server, "VALKEY080", file =>
        {
            foreach ((RdbType type, byte[]? packed) in kinds)
            {
                file.Byte((byte)type);
                file.String(Encoding.ASCII.GetBytes(type.ToString()));
                if (packed is null)
                {
                    file.Length(0);
                }
                else
                {
                    file.String(packed);
                }
            }
            file.Byte((byte)RdbType.ListOfZiplists);
            file.String("a list of an empty one"u8);
            file.Length(1);
            file.String(emptyZiplist);
            file.Byte((byte)RdbType.HashWithExpiry);
            file.String("all expired"u8);
            file.Length(1);
            file.String("field"u8);
            file.String("value"u8);
            file.Integer64(1);
            Text(file, "key");
        }));
        Assert.Equal(":1\r\n", server.Run("DBSIZE"));
        Assert.Contains($"Done loading RDB, keys loaded: 1, keys expired: 0, empty keys skipped: {kinds.Length + 1}, all fields expired hashes: 1.", _log);
        Assert.Equal(10, _log.Count(line => line.StartsWith("rdbLoadObject skipping empty key: ", StringComparison.Ordinal)));
        Assert.Contains("rdbLoadObject skipping empty key: List", _log);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public void AStreamHasTheEntriesThatItHasWhateverTheirStatedNumber(int stated)
    {
        using DispatchFixture server = Start();
        server.Run("XADD", "stream", "5-0", "field", "value");
        server.Run("XADD", "stream", "6-0", "field", "value");
        server.Run("XADD", "stream", "7-0", "field", "value");
        server.Run("XDEL", "stream", "6-0");
        RdbReader dump = new(Payload(server.Run("DUMP", "stream")));
        Assert.Equal((byte)RdbType.Stream3, dump.Byte());
        Assert.Equal(1UL, dump.Length());
        byte[] id = dump.String().ToArray(), block = dump.String().ToArray();
        Assert.Null(Load(server, "REDIS0009", file =>
        {
            file.Byte((byte)RdbType.Stream);
            file.String("old"u8);
            file.Length(1);
            file.String(id);
            file.String(block);
            // The number of entries, the last ID, the number of groups.
            file.Length((ulong)stated);
            file.Length(7);
            file.Length(0);
            file.Length(0);
        }));
        Assert.Equal(":2\r\n", server.Run("XLEN", "old"));
        Assert.Equal(":1\r\n", server.Run("XTRIM", "old", "MAXLEN", "1"));
        Assert.Equal("*1\r\n*2\r\n$3\r\n7-0\r\n*2\r\n$5\r\nfield\r\n$5\r\nvalue\r\n", server.Run("XRANGE", "old", "-", "+"));
    }

    [Fact]
    public void AStreamWithoutBlocksHasNoEntriesToState()
    {
        using DispatchFixture server = Start();
        Assert.Contains("Stream length inconsistent with rax entries", Load(server, "REDIS0009", file =>
        {
            file.Byte((byte)RdbType.Stream);
            file.String("stream"u8);
            file.Length(0);
            file.Length(3);
            file.Length(7);
            file.Length(0);
            file.Length(0);
        }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2, null)]
    [InlineData(254, null)]
    [InlineData(0, "Zipmap integrity check failed.")]
    [InlineData(3, "Zipmap integrity check failed.")]
    [InlineData(255, "Zipmap integrity check failed.")]
    public void AZipmapHasTheFieldsThatItSays(byte stated, string? problem)
    {
        using DispatchFixture server = Start();
        byte[] zipmap = [stated, 1, (byte)'a', 1, 0, (byte)'b', 1, (byte)'c', 2, 1, (byte)'d', (byte)'e', 0, 255];
        string? found = Load(server, "REDIS0003", file =>
        {
            file.Byte((byte)RdbType.HashZipmap);
            file.String("hash"u8);
            file.String(zipmap);
        });
        Assert.Equal(problem is null, found is null);
        Assert.Contains(problem ?? "", found ?? "", StringComparison.Ordinal);
        Assert.Equal(problem is null ? "*4\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n$2\r\nde\r\n" : "*0\r\n", server.Run("HGETALL", "hash"));
    }

    [Theory]
    [InlineData(new byte[] { 14, 0, 0, 0, 11, 0, 0, 0, 1, 0, 0, 1, (byte)'a', 255 }, "List ziplist integrity check failed.")]
    [InlineData(new byte[] { 14, 0, 0, 0, 10, 0, 0, 0, 1, 0, 3, 1, (byte)'a', 255 }, "List ziplist integrity check failed.")]
    [InlineData(new byte[] { 14, 0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 1, (byte)'a', 255 }, "List ziplist integrity check failed.")]
    [InlineData(new byte[] { 14, 0, 0, 0, 10, 0, 0, 0, 1, 0, 0, 1, (byte)'a', 255 }, null)]
    public void AZiplistContradictsItselfNowhere(byte[] ziplist, string? problem)
    {
        using DispatchFixture server = Start();
        string? found = Load(server, "REDIS0003", file =>
        {
            file.Byte((byte)RdbType.ListZiplist);
            file.String("list"u8);
            file.String(ziplist);
        });
        Assert.Equal(problem is null, found is null);
        Assert.Contains(problem ?? "", found ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("REDIS0000", 0, "Can't handle RDB format version 0")]
    [InlineData("REDIS0011", 6, "Pre-release module format not supported")]
    [InlineData("REDIS0011", 7, "The RDB file contains module data I can't load: no matching module type 'ReJSON-RL'")]
    [InlineData("REDIS0011", 8, "Unknown RDB encoding type 8")]
    [InlineData("REDIS0011", 22, "Can't handle foreign type or opcode 22 in RDB with version 11")]
    [InlineData("REDIS0011", 243, "Can't handle foreign type or opcode 243 in RDB with version 11")]
    [InlineData("VALKEY080", 23, "Unknown RDB encoding type 23")]
    [InlineData("VALKEY080", 243, "Can't handle a slot import (opcode 243) without cluster mode")]
    [InlineData("VALKEY080", 246, "Pre-release function format not supported.")]
    [InlineData("VALKEY080", 247, "The RDB file contains AUX module data I can't load: no matching module 'ReJSON-RL'")]
    public void WhatCanNotBeReadIsNamed(string header, byte code, string problem)
    {
        using DispatchFixture server = Start();
        Assert.Equal(problem, Load(server, header, file =>
        {
            file.Byte(code);
            if (code < 240)
            {
                file.String("key"u8);
            }
            // A module's ID, where that is what comes next.
            file.Length(0x45E25238DF912C03UL);
            file.Length(2);
            file.Length(0);
        }));
    }

    [Fact]
    public void UnknownTypesOfNewerVersionsAreNamedOnlyWhereThoseAreAllowed()
    {
        using DispatchFixture server = Start();
        Assert.Null(server.Server.Config.RdbVersionCheck.TrySet("relaxed"));
        Assert.Equal("Unknown type or opcode when loading DB. Unrecoverable error, aborting now.", Load(server, "VALKEY081", file =>
        {
            file.Byte(23);
            file.String("key"u8);
        }));
    }

    [Theory]
    [InlineData(16, null)]
    [InlineData(17, "FATAL: Data file was created with a Valkey server configured to handle more than 16 databases.")]
    public void DatabasesBeyondTheLastAreRefusedEvenIfEmpty(int count, string? problem)
    {
        using DispatchFixture server = Start();
        Assert.Equal(problem, Load(server, "REDIS0011", file =>
        {
            file.Byte(Database);
            file.Length((ulong)count - 1);
        }));
    }

    [Fact]
    public void WhatAFileSaysOfItselfIsLogged()
    {
        using DispatchFixture server = Start();
        Assert.Null(Load(server, "REDIS0011", file =>
        {
            foreach ((string name, string value) in ((string, string)[])[("redis-ver", "6.2\n.1"), ("used-mem", "1048576"), ("aof-base", "1"), ("%note", "x"), ("other", "y")])
            {
                file.Byte(Auxiliary);
                file.String(Encoding.ASCII.GetBytes(name));
                file.String(Encoding.ASCII.GetBytes(value));
            }
        }));
        Assert.Equal(
            [
                "Loading RDB produced by Redis version 6.2?.1", "RDB memory usage when created 1.00 Mb", "RDB is base AOF", "RDB '%note': x",
                "RDB file was saved with checksum disabled: no check performed.", "Done loading RDB, keys loaded: 0, keys expired: 0, all fields expired hashes: 0.",
            ], _log);
    }

    [Theory]
    [InlineData("file")]
    [InlineData("base")]
    [InlineData("commands")]
    public void LibrariesOfFunctionsAreKeptAndSavedAgain(string way)
    {
        using DispatchFixture server = Start();
        Assert.Null(server.Server.Config.Directory.TrySet(_directory));
        Assert.Null(server.Server.Config.AofBaseIsRdb.TrySet(way == "commands" ? "no" : "yes"));
        Assert.Null(Load(server, "REDIS0011", file =>
        {
            file.Byte(Function);
            file.String(Encoding.ASCII.GetBytes(Library));
            Text(file, "key");
        }));
        Assert.Equal([Library], Codes(server));
        Assert.Contains($"$12\r\nlibrary_name\r\n$5\r\nmylib\r\n$6\r\nengine\r\n$3\r\nLUA\r\n", server.Run("FUNCTION", "LIST"), StringComparison.Ordinal);
        // FLUSHALL is about keys alone.
        server.Run("FLUSHALL", "SYNC");
        Assert.Equal([Library], Codes(server));
        string reload = way == "file" ? "RELOAD" : "LOADAOF";
        Assert.Null(server.Server.Config.AppendOnly.TrySet("yes"));
        server.Server.Log.Rewrite(server.Server.Workers[0]);
        Assert.Equal("+OK\r\n", server.Run("DEBUG", reload));
        Assert.Equal([Library], Codes(server));
        Assert.Equal("-ERR Library not found\r\n", server.Run("FUNCTION", "DELETE", "other"));
        Assert.Equal("+OK\r\n", server.Run("FUNCTION", "DELETE", "mylib"));
        Assert.Empty(Codes(server));
        Assert.Equal("*0\r\n", server.Run("FUNCTION", "LIST"));
        // What a client has deleted does not come back with the log, nor with a file that is saved now.
        Assert.Equal("+OK\r\n", server.Run("DEBUG", reload));
        Assert.Empty(Codes(server));
        server.Server.Log.Stop();
    }

    [Theory]
    [InlineData("no head", "Failed loading library, Missing library metadata")]
    [InlineData("#!lua name=mylib", "Failed loading library, Invalid library metadata")]
    [InlineData("#!js name=mylib\n", "Failed loading library, Engine 'js' not found")]
    [InlineData("#!lua\n", "Failed loading library, Library name was not given")]
    [InlineData("#!lua name=my-lib\n", "Failed loading library, Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")]
    [InlineData("#!lua name=mylib nam=e\n", "Failed loading library, Invalid metadata value given: nam=e")]
    public void WhatIsNoLibraryIsRefused(string code, string problem)
    {
        using DispatchFixture server = Start();
        Assert.Equal(problem, Load(server, "REDIS0011", file =>
        {
            file.Byte(Function);
            file.String(Encoding.ASCII.GetBytes(code));
        }));
    }

    [Fact]
    public void ALibraryComesOnceUnlessItReplaces()
    {
        using DispatchFixture server = Start();
        void Twice(RdbWriter file)
        {
            for (int i = 0; i < 2; i++)
            {
                file.Byte(Function);
                file.String(Encoding.ASCII.GetBytes(Library));
            }
        }
        Assert.Equal("Failed loading library, Library 'mylib' already exists", Load(server, "REDIS0011", Twice));
        Assert.Null(Load(server, "REDIS0011", Twice, replaces: true));
        Assert.Equal([Library], Codes(server));
    }

    [Fact]
    public void AFileThatIsNoneLeavesTheDataAsItWas()
    {
        using DispatchFixture server = Start();
        Assert.Null(server.Server.Config.Directory.TrySet(_directory));
        server.Run("SET", "key", "value");
        File.WriteAllText(Path, "REDIS0099 and more");
        Assert.Equal("-ERR Error trying to load the RDB dump, check server logs.\r\n", server.Run("DEBUG", "RELOAD", "NOSAVE"));
        Assert.Equal("$5\r\nvalue\r\n", server.Run("GET", "key"));
    }

    private static void Between(RdbWriter file, string kind)
    {
        switch (kind)
        {
            case "auxiliary":
                file.Byte(Auxiliary);
                file.String("mvcc-tstamp"u8);
                file.String("1645954001566433280"u8);
                break;
            case "slot information":
                file.Byte(SlotInfo);
                file.Length(7);
                file.Length(1);
                file.Length(1);
                break;
            case "function":
                file.Byte(Function);
                file.String(Encoding.ASCII.GetBytes(Library));
                break;
            case "idle":
                file.Byte(Idle);
                file.Length(3);
                break;
            case "frequency":
                file.Byte(Frequency);
                file.Byte(3);
                break;
            case "sizes":
                file.Byte(Sizes);
                file.Length(2);
                file.Length(1);
                break;
            default:
                file.Byte(Database);
                file.Length(0);
                break;
        }
    }

    private static void Text(RdbWriter file, string key)
    {
        file.Byte((byte)RdbType.String);
        file.String(Encoding.ASCII.GetBytes(key));
        file.String("value"u8);
    }

    /// <summary>Loads a file of some records, which ends without a checksum.</summary>
    private string? Load(DispatchFixture server, string header, Action<RdbWriter> records, bool replaces = false)
    {
        using MemoryStream bytes = new();
        RdbWriter file = new(bytes);
        file.Raw(Encoding.ASCII.GetBytes(header));
        records(file);
        file.Byte(255);
        file.Integer64(0);
        file.Flush();
        RdbSamples.Put(Path, bytes.ToArray());
        return DatasetFile.Load(server.Server.Workers[0], Path, replaces);
    }

    private DispatchFixture Start()
    {
        DispatchFixture server = new();
        Assert.Null(server.Server.Config.EnableDebugCommand.TrySet("yes"));
        server.Server.LogNotice = _log.Add;
        return server;
    }

    private static string[] Codes(DispatchFixture server)
    {
        List<string> codes = [];
        foreach (FunctionLibrary library in server.Server.Functions.Libraries)
        {
            codes.Add(Encoding.ASCII.GetString(library.Code));
        }
        return [.. codes];
    }

    private static byte[] Payload(string reply) => Encoding.Latin1.GetBytes(reply[(reply.IndexOf('\n', StringComparison.Ordinal) + 1)..^2]);
}
