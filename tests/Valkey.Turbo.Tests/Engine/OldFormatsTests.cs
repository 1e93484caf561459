using System.Text;
using Valkey.Turbo.Persistence.Rdb;

namespace Valkey.Turbo.Tests.Engine;

/// <summary>Dump payloads as older servers wrote them.</summary>
public sealed class OldFormatsTests
{
    private const int OldVersion = 9;

    [Theory]
    [InlineData(2, 0, 0)]
    [InlineData(2, 5, 1)]
    [InlineData(2, 6, 2)]
    [InlineData(3, 6, null)]
    public void AGroupOfTheOldestStreamsHasReadWhatCanBeTold(int count, ulong groupAt, int? expected)
    {
        using DispatchFixture server = new();
        for (int i = 0; i < count; i++)
        {
            server.Run("XADD", "stream", $"{5 + i}-0", "field", "value");
        }
        string dump = server.Run("DUMP", "stream");
        RdbReader reader = new(Encoding.Latin1.GetBytes(dump[(dump.IndexOf('\n', StringComparison.Ordinal) + 1)..]));
        Assert.Equal((byte)RdbType.Stream3, reader.Byte());
        Assert.Equal(1UL, reader.Length());
        byte[] blockId = reader.String().ToArray(), block = reader.String().ToArray();
        using MemoryStream payload = new();
        RdbWriter old = new(payload);
        old.Byte((byte)RdbType.Stream);
        old.Length(1);
        old.String(blockId);
        old.String(block);
        WriteNumbers(old, (ulong)count, (ulong)(4 + count), 0, 1);
        old.String("group"u8);
        WriteNumbers(old, groupAt, 0, 0, 0);
        old.Raw([OldVersion, 0]);
        old.Flush();
        old.Integer64((long)old.Checksum);
        old.Flush();
        Assert.Equal("+OK\r\n", server.Run("RESTORE", "old", "0", Encoding.Latin1.GetString(payload.ToArray())));
        string read = expected is int number ? $":{number}\r\n" : "$-1\r\n";
        Assert.Contains($"$12\r\nentries-read\r\n{read}", server.Run("XINFO", "GROUPS", "old"), StringComparison.Ordinal);
    }

    private static void WriteNumbers(RdbWriter writer, params ReadOnlySpan<ulong> numbers)
    {
        foreach (ulong number in numbers)
        {
            writer.Length(number);
        }
    }
}
