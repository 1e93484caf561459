using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Valkey.Turbo.Engine;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Native;
using Valkey.Turbo.Persistence.Files;
using Valkey.Turbo.Persistence.Rdb;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>RDB files of every type and encoding, as this server writes them and as older ones did.</summary>
internal static class RdbSamples
{
    internal const string Library = "#!lua name=mylib\nserver.register_function('f', function() return 1 end)\n";
    private const int ChecksumBytes = 8;

    /// <summary>Fills a server with some of everything; each size and value is another each time.</summary>
    internal static void Populate(DispatchFixture server, RandomSource random)
    {
        string[] Some(int most) => [.. Enumerable.Range(0, 1 + random.Below(most)).Select(i => random.Below(3) == 0 ? $"{i * 1000}" : $"x{i}{new string('y', random.Below(30))}")];
        string[] many = Some(20), more = Some(300);
        string[][] commands =
        [
            ["SET", "integer", "12345"], ["SET", "brief", "text", "EX", "100000"], ["SET", "long", new string('x', random.Below(3000))],
            ["RPUSH", "list", .. many], ["RPUSH", "chain", .. more, new string('y', 9000)], ["SADD", "ints", "1", "2", "300000", "-5"], ["SADD", "set", .. many], ["SADD", "table", .. more],
            ["HSET", "hash", .. many.SelectMany(one => (string[])[one, "v"])], ["HSET", "wide", .. more.SelectMany(one => (string[])[one, one])],
            ["HSETEX", "volatile", "EX", "5000", "FIELDS", "2", "f", "v", "g", "w"], ["HSET", "volatile", "h", "stays"],
            ["ZADD", "sorted", .. many.SelectMany((one, i) => (string[])[$"{i}.5", one])], ["ZADD", "tree", .. more.SelectMany((one, i) => (string[])[$"{i}", one])],
            ["XADD", "stream", "1-1", "f", "v"], ["XADD", "stream", "5-1", "other", "x", "y", "z"], ["XADD", "stream", "6-1", "f", "w"], ["XDEL", "stream", "5-1"],
            ["XGROUP", "CREATE", "stream", "group", "0"], ["XREADGROUP", "GROUP", "group", "consumer", "STREAMS", "stream", ">"], ["PFADD", "counts", .. many],
            ["PEXPIRE", "tree", "900000"], ["SELECT", "3"], ["SET", "elsewhere", "value"], ["SELECT", "0"],
        ];
        foreach (string[] command in commands)
        {
            Assert.False(server.Run(command).StartsWith('-'), string.Join(' ', command));
        }
        server.Server.Functions.Add(Encoding.ASCII.GetBytes(Library), replaces: true);
    }

    /// <summary>What the server holds, as the file it writes.</summary>
    internal static byte[] Written(DispatchFixture server, string path)
    {
        DatasetFile.Save(server.Server.Workers[0], path);
        return Get(path);
    }

    /// <summary>Writes a file without the runtime's lock on it, which a process that another test is just starting would hold for a moment longer.</summary>
    internal static void Put(string path, byte[] bytes)
    {
        using DurableFile file = DurableFile.Open(FileCalls.Kernel, path, FileUse.AppendAnew);
        file.Write(bytes);
    }

    /// <summary>Reads a file in the same way.</summary>
    internal static byte[] Get(string path)
    {
        using DurableFile file = DurableFile.Open(FileCalls.Kernel, path, FileUse.Read);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>A file of version 9 with the types that are no longer written.</summary>
    internal static byte[] Old(RandomSource random)
    {
        string[] items = [.. Enumerable.Range(0, 2 * (1 + random.Below(6))).Select(i => i % 3 == 1 ? $"{i * 77}" : $"item{i}")];
        string[] pairs = [.. items.Select((item, i) => i % 2 == 0 ? item : $"{i}.5")];
        byte[] ziplist = Ziplist(items), scores = Ziplist(pairs);
        using MemoryStream bytes = new();
        RdbWriter file = new(bytes);
        file.Raw("REDIS0009"u8);
        foreach ((RdbType type, byte[] packed) in ((RdbType, byte[])[])
            [(RdbType.HashZipmap, Zipmap(items)), (RdbType.ListZiplist, ziplist), (RdbType.SortedSetZiplist, scores), (RdbType.HashZiplist, ziplist)])
        {
            Key(file, type);
            file.String(packed);
        }
        Key(file, RdbType.ListOfZiplists);
        file.Length(2);
        file.String(ziplist);
        file.String(Ziplist(["more"]));
        Key(file, RdbType.List);
        Strings(file, items);
        Key(file, RdbType.Set);
        Strings(file, [.. items.Distinct()]);
        Key(file, RdbType.Hash);
        file.Length((ulong)items.Length / 2);
        Array.ForEach(items, item => file.String(Encoding.ASCII.GetBytes(item)));
        Key(file, RdbType.SortedSetText);
        file.Length(2);
        file.String("a"u8);
        file.Raw([3, (byte)'1', (byte)'.', (byte)'5']);
        file.String("b"u8);
        file.Byte(254);
        Key(file, RdbType.String);
        byte[] repeated = Encoding.ASCII.GetBytes(new string('r', 200));
        Span<byte> compressed = stackalloc byte[200];
        int length = Lzf.Compress(repeated, compressed);
        file.Byte(0xC3);
        file.Length((ulong)length);
        file.Length((ulong)repeated.Length);
        file.Raw(compressed[..length]);
        file.Byte(255);
        file.Flush();
        file.Integer64((long)file.Checksum);
        file.Flush();
        return bytes.ToArray();
    }

    /// <summary>Some bytes of a file changed, and its checksum made true again, or taken out, or left as it was.</summary>
    internal static byte[] Damage(byte[] whole, RandomSource random)
    {
        List<byte> body = [.. whole[..^ChecksumBytes]];
        for (int count = 1 + random.Below(3); count > 0 && body.Count > 16; count--)
        {
            int at = random.Below(50) == 0 ? random.Below(9) : 9 + random.Below(body.Count - 9);
            switch (random.Below(8))
            {
                case 0:
                    body[at] ^= (byte)(1 << random.Below(8));
                    break;
                case 1:
                    body[at] = (byte)random.Next();
                    break;
                case 2:
                    body.RemoveRange(at, Math.Min(random.Below(8), body.Count - at));
                    break;
                case 3:
                    body.InsertRange(at, body.GetRange(at, Math.Min(random.Below(40), body.Count - at)));
                    break;
                case 4:
                    // A length, or what will be taken for one: as large as can be.
                    body.InsertRange(at, random.Below(2) == 0 ? [0x81, 0x7F, 255, 255, 255, 255, 255, 255, 255] : [0x80, 0x7F, 255, 255, 255]);
                    break;
                case 5:
                    body[at] = (byte)(240 + random.Below(16));
                    break;
                case 6:
                    body.RemoveRange(at, body.Count - at);
                    break;
                default:
                    body[at] = (byte)random.Below(24);
                    break;
            }
        }
        byte[] checksum = random.Below(3) switch
        {
            0 => BitConverter.GetBytes(Crc64.Append(0, body.ToArray())),
            1 => new byte[ChecksumBytes],
            _ => whole[^ChecksumBytes..],
        };
        return [.. body, .. checksum];
    }

    private static void Key(RdbWriter file, RdbType type)
    {
        file.Byte((byte)type);
        file.String(Encoding.ASCII.GetBytes(type.ToString()));
    }

    private static void Strings(RdbWriter file, string[] items)
    {
        file.Length((ulong)items.Length);
        Array.ForEach(items, item => file.String(Encoding.ASCII.GetBytes(item)));
    }

    internal static byte[] Ziplist(string[] items)
    {
        List<byte> bytes = [.. new byte[10]];
        int before = 0, last = 10;
        foreach (string item in items)
        {
            last = bytes.Count;
            bytes.Add((byte)before);
            if (short.TryParse(item, CultureInfo.InvariantCulture, out short number))
            {
                bytes.AddRange([0xC0, (byte)number, (byte)(number >> 8)]);
            }
            else
            {
                bytes.AddRange(item.Length < 64 ? [(byte)item.Length] : [(byte)(0x40 | item.Length >> 8), (byte)item.Length]);
                bytes.AddRange(Encoding.ASCII.GetBytes(item));
            }
            before = bytes.Count - last;
        }
        bytes.Add(255);
        byte[] whole = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(whole, whole.Length);
        BinaryPrimitives.WriteInt32LittleEndian(whole.AsSpan(4), last);
        BinaryPrimitives.WriteInt16LittleEndian(whole.AsSpan(8), (short)items.Length);
        return whole;
    }

    internal static byte[] Zipmap(string[] items) =>
    [
        (byte)(items.Length / 2),
        .. items.SelectMany((item, i) => (byte[])[(byte)item.Length, .. i % 2 == 1 ? (byte[])[0] : [], .. Encoding.ASCII.GetBytes(item)]),
        255,
    ];
}
