using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Persistence.Rdb;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>In which encoding a value is held that comes from a file: as in Valkey, where what was packed in the file stays so.</summary>
public sealed class LoadedEncodingTests : IDisposable
{
    private const string Short = "a b", Long = "a 0123456789012345678901234567890123456789012345678901234567890123456789";
    private readonly string _path = Path.Combine(Directory.CreateTempSubdirectory("turbo-encodings-").FullName, "dump.rdb");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_path)!, recursive: true);

    [Theory]
    [InlineData(RdbType.List, Short, "listpack")]
    [InlineData(RdbType.ListZiplist, Short, "quicklist")]
    [InlineData(RdbType.ListOfZiplists, Short, "listpack")]
    [InlineData(RdbType.ListOfListpacks, Short, "listpack")]
    [InlineData(RdbType.Hash, Short, "listpack")]
    [InlineData(RdbType.Hash, Long, "hashtable")]
    [InlineData(RdbType.HashListpack, Long, "listpack")]
    [InlineData(RdbType.HashZiplist, Long, "listpack")]
    [InlineData(RdbType.HashZipmap, Short, "listpack")]
    [InlineData(RdbType.HashZipmap, Long, "hashtable")]
    [InlineData(RdbType.Set, "1 2", "intset")]
    [InlineData(RdbType.SetListpack, "1 2", "listpack")]
    [InlineData(RdbType.SetListpack, Long, "listpack")]
    [InlineData(RdbType.Set, Long, "hashtable")]
    [InlineData(RdbType.SortedSetListpack, "a 1", "listpack")]
    [InlineData(RdbType.SortedSetZiplist, "a0123456789012345678901234567890123456789012345678901234567890123456789 1", "listpack")]
    [InlineData(RdbType.SortedSetListpack, "a0123456789012345678901234567890123456789012345678901234567890123456789 1", "listpack")]
    public void WhatWasPackedStaysPacked(RdbType type, string items, string encoding)
    {
        using DispatchFixture server = Load(type, items.Split(' '));
        Assert.Equal(encoding, Encoding(server));
        Assert.Equal(items.Split(' ').Order(), Content(server, type).Order());
    }

    [Theory]
    [InlineData(RdbType.HashListpack, 1026, "hashtable")]
    [InlineData(RdbType.HashListpack, 1024, "listpack")]
    [InlineData(RdbType.SetListpack, 129, "hashtable")]
    [InlineData(RdbType.SetListpack, 128, "listpack")]
    [InlineData(RdbType.SortedSetListpack, 258, "skiplist")]
    [InlineData(RdbType.SortedSetListpack, 256, "listpack")]
    [InlineData(RdbType.ListOfListpacks, 3000, "quicklist")]
    public void ButForTooManyElements(RdbType type, int count, string encoding)
    {
        using DispatchFixture server = Load(type, [.. Enumerable.Range(0, count).Select(i => i.ToString(CultureInfo.InvariantCulture))]);
        Assert.Equal(encoding, Encoding(server));
    }

    [Theory]
    [InlineData(2UL, 2, "quicklist")]
    [InlineData(1UL, 1, "quicklist")]
    [InlineData(2UL, 1, "listpack")]
    public void AListOfSeveralLinksOrOfAnItemByItselfIsAChain(ulong kind, int links, string encoding)
    {
        using DispatchFixture server = new();
        Write(file =>
        {
            file.Byte((byte)RdbType.ListOfListpacks);
            file.String("key"u8);
            file.Length((ulong)links);
            for (int i = 0; i < links; i++)
            {
                file.Length(kind);
                file.String(kind == 1 ? "item"u8 : Listpack(["item"]));
            }
        });
        Assert.Null(DatasetFile.Load(server.Server.Workers[0], _path, replaces: false));
        Assert.Equal(encoding, Encoding(server));
        Assert.Equal($":{links}\r\n", server.Run("LREM", "key", "0", "item"));
    }

    [Fact]
    public void ElementsAreFoundHoweverTheyAreWritten()
    {
        // The integer 5, as a string of one letter and as a number of 13 bits.
        using DispatchFixture server = new();
        byte[] packed = [0, 0, 0, 0, 4, 0, 0x81, (byte)'5', 2, 0x81, (byte)'a', 2, 0xC0, 6, 2, 0x81, (byte)'b', 2, 255];
        BinaryPrimitives.WriteInt32LittleEndian(packed, packed.Length);
        Write(file =>
        {
            file.Byte((byte)RdbType.HashListpack);
            file.String("key"u8);
            file.String(packed);
        });
        Assert.Null(DatasetFile.Load(server.Server.Workers[0], _path, replaces: false));
        Assert.Equal("*2\r\n$1\r\na\r\n$1\r\nb\r\n", server.Run("HMGET", "key", "5", "6"));
    }

    [Fact]
    public void TheSerializedLengthIsThatOfTheValueInADump()
    {
        using DispatchFixture server = new();
        Assert.Null(server.Server.Config.EnableDebugCommand.TrySet("yes"));
        server.Run("SET", "text", "some text");
        server.Run("SET", "number", "70000");
        server.Run("RPUSH", "list", "a", "b", new string('c', 200));
        server.Run("HSETEX", "hash", "EX", "100", "FIELDS", "1", "f", "v");
        server.Run("ZADD", "sorted", "1", new string('c', 200));
        server.Run("XADD", "stream", "*", "f", "v");
        foreach (string key in (string[])["text", "number", "list", "hash", "sorted", "stream"])
        {
            string dump = server.Run("DUMP", key);
            // A type before the value, and a version and a checksum behind it.
            int length = int.Parse(dump.AsSpan(1, dump.IndexOf('\r', StringComparison.Ordinal) - 1), CultureInfo.InvariantCulture) - 1 - 10;
            Assert.Contains($" serializedlength:{length} ", server.Run("DEBUG", "OBJECT", key), StringComparison.Ordinal);
        }
    }

    private DispatchFixture Load(RdbType type, string[] items)
    {
        DispatchFixture server = new();
        Write(file =>
        {
            file.Byte((byte)type);
            file.String("key"u8);
            switch (type)
            {
                case RdbType.List or RdbType.Set or RdbType.Hash:
                    file.Length((ulong)(type == RdbType.Hash ? items.Length / 2 : items.Length));
                    Array.ForEach(items, item => file.String(System.Text.Encoding.ASCII.GetBytes(item)));
                    break;
                case RdbType.ListOfListpacks:
                    file.Length(1);
                    file.Length(2);
                    file.String(Listpack(items));
                    break;
                case RdbType.ListOfZiplists:
                    file.Length(1);
                    file.String(RdbSamples.Ziplist(items));
                    break;
                case RdbType.ListZiplist or RdbType.HashZiplist or RdbType.SortedSetZiplist:
                    file.String(RdbSamples.Ziplist(items));
                    break;
                case RdbType.HashZipmap:
                    file.String(RdbSamples.Zipmap(items));
                    break;
                default:
                    file.String(Listpack(items));
                    break;
            }
        });
        Assert.Null(DatasetFile.Load(server.Server.Workers[0], _path, replaces: false));
        return server;
    }

    private void Write(Action<RdbWriter> records)
    {
        using MemoryStream bytes = new();
        RdbWriter file = new(bytes);
        file.Raw("VALKEY080"u8);
        records(file);
        file.Byte(255);
        file.Integer64(0);
        file.Flush();
        RdbSamples.Put(_path, bytes.ToArray());
    }

    /// <summary>A listpack of strings of up to 63 bytes, or up to 4,095.</summary>
    private static byte[] Listpack(string[] items)
    {
        List<byte> bytes = [.. new byte[6]];
        foreach (string item in items)
        {
            int length = item.Length, before = bytes.Count;
            bytes.AddRange(length < 64 ? [(byte)(0x80 | length)] : [(byte)(0xE0 | length >> 8), (byte)length]);
            bytes.AddRange(System.Text.Encoding.ASCII.GetBytes(item));
            bytes.Add((byte)(bytes.Count - before));
        }
        bytes.Add(255);
        byte[] whole = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(whole, whole.Length);
        BinaryPrimitives.WriteInt16LittleEndian(whole.AsSpan(4), (short)items.Length);
        return whole;
    }

    private static string Encoding(DispatchFixture server) => server.Run("OBJECT", "ENCODING", "key").Split("\r\n")[1];

    private static IEnumerable<string> Content(DispatchFixture server, RdbType type)
    {
        string[] command = type switch
        {
            RdbType.List or RdbType.ListZiplist or RdbType.ListOfZiplists or RdbType.ListOfListpacks => ["LRANGE", "key", "0", "-1"],
            RdbType.Set or RdbType.SetListpack => ["SMEMBERS", "key"],
            RdbType.SortedSetListpack or RdbType.SortedSetZiplist => ["ZRANGE", "key", "0", "-1", "WITHSCORES"],
            _ => ["HGETALL", "key"],
        };
        return server.Run(command).Split("\r\n").Where((word, i) => i > 0 && i % 2 == 0 && word.Length > 0);
    }
}
