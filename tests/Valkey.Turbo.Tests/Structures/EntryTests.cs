using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;
using ValueType = Valkey.Turbo.Structures.ValueType;

namespace Valkey.Turbo.Tests.Structures;

public sealed class EntryTests
{
    private readonly Arena _arena = new(new SpanSource(-1));

    [Theory]
    [InlineData(16, 16, false, 40)]
    [InlineData(16, 64, false, 88)]
    [InlineData(16, 64, true, 96)]
    public void SmallStringsTakeWhatTheLayoutPromises(int keyLength, int valueLength, bool expires, long bytes)
    {
        Entry entry = Entry.Create(_arena, new byte[keyLength], ValueType.String, ValueEncoding.Embedded, valueLength,
            expires ? 5 : ITableEntry.NoExpiry);
        Assert.Equal(bytes, entry.EntryBytes);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(255)]
    [InlineData(256)]
    [InlineData(70_000)]
    public void KeyAndValueComeBackWithEveryEncodingAndExpiry(int keyLength)
    {
        byte[] key = new byte[keyLength];
        Array.Fill(key, (byte)0xAB);
        foreach (long expiry in (long[])[ITableEntry.NoExpiry, 1, long.MaxValue])
        {
            Entry number = Entry.Create(_arena, key, ValueType.String, ValueEncoding.Int, 0, expiry);
            number.Integer = long.MinValue;
            Entry text = Entry.Create(_arena, key, ValueType.String, ValueEncoding.Embedded, 100, expiry);
            text.EmbeddedSpan.Fill(0xCD);
            Entry large = Entry.Create(_arena, key, ValueType.String, ValueEncoding.Block, 0, expiry);
            large.Block = ValueBlock.Create(_arena, 5000);
            large.Block.Span.Fill(0xEF);
            foreach (Entry entry in (Entry[])[number, text, large])
            {
                Assert.True(entry.KeySpan.SequenceEqual(key));
                Assert.Equal(expiry, entry.ExpiresAtUnixMs);
                Assert.Equal(ValueType.String, entry.Type);
                Entry written = entry;
                written.Access = 0xFFFFFF;
                Assert.Equal(0xFFFFFFu, entry.Access);
                Assert.True(entry.KeySpan.SequenceEqual(key));
            }
            Assert.Equal(long.MinValue, number.Integer);
            Assert.Equal(-1, text.EmbeddedSpan.IndexOfAnyExcept((byte)0xCD));
            Assert.Equal(5000, large.Block.Length);
        }
    }

    [Fact]
    public void AGrowingBlockKeepsItsBytes()
    {
        ValueBlock block = ValueBlock.Create(_arena, 10);
        "0123456789"u8.CopyTo(block.Span);
        for (int length = 11; length < 100_000; length = length * 3 / 2)
        {
            block = block.Resize(_arena, length);
            Assert.Equal(length, block.Length);
            Assert.True(block.Span[..10].SequenceEqual("0123456789"u8));
        }
        block.Free(_arena);
        Assert.Equal(0, _arena.UsedBytes);
    }
}
