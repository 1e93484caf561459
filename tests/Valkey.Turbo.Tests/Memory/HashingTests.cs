using System.Text;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.Memory;

public sealed class HashingTests
{
    [Theory]
    [InlineData("123456789", 0x31C3)]
    [InlineData("", 0)]
    public void Crc16IsXmodem(string text, int expected) => Assert.Equal(expected, KeySlot.Crc16(Encoding.ASCII.GetBytes(text)));

    [Theory]
    [InlineData("foo", 12182)]
    [InlineData("{user1000}.following", 3443)]
    [InlineData("user1000", 3443)]
    public void SlotsAreThoseOfTheClusterSpecification(string key, int slot) => Assert.Equal(slot, KeySlot.Of(Encoding.ASCII.GetBytes(key)));

    [Fact]
    public void EmptyAndUnclosedTagsCountAsPartOfTheKey()
    {
        Assert.Equal(KeySlot.Crc16("foo{}{bar}"u8) & 16383, KeySlot.Of("foo{}{bar}"u8));
        Assert.Equal(KeySlot.Crc16("foo{bar"u8) & 16383, KeySlot.Of("foo{bar"u8));
        Assert.Equal(KeySlot.Of("bar"u8), KeySlot.Of("foo{bar}{zap}"u8));
    }

    [Fact]
    public void CrcEqualsTheBitwiseOne()
    {
        RandomSource random = new(7);
        for (int length = 0; length < 100; length++)
        {
            byte[] bytes = new byte[length];
            foreach (ref byte b in bytes.AsSpan())
            {
                b = (byte)random.Below(256);
            }
            uint crc = 0;
            foreach (byte b in bytes)
            {
                crc ^= (uint)b << 8;
                for (int bit = 0; bit < 8; bit++)
                {
                    crc = ((crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1) & 0xFFFF;
                }
            }
            Assert.Equal(crc, KeySlot.Crc16(bytes));
        }
    }

    [Fact]
    public void HashesOfSimilarKeysSpreadEvenlyOverBucketsAndTags()
    {
        int[] buckets = new int[1024], tags = new int[256];
        const int keys = 200_000;
        for (int i = 0; i < keys; i++)
        {
            ulong hash = KeyHash.Of(Encoding.ASCII.GetBytes($"key:{i:D12}"));
            buckets[hash & 1023]++;
            tags[hash >> 56]++;
        }
        Assert.InRange(buckets.Max(), 0, keys / 1024 * 3 / 2);
        Assert.InRange(tags.Max(), 0, keys / 256 * 6 / 5);
    }

    [Fact]
    public void EveryByteOfAKeyCounts()
    {
        for (int length = 1; length < 70; length++)
        {
            byte[] key = new byte[length];
            ulong hash = KeyHash.Of(key);
            Assert.Equal(hash, KeyHash.Of(new byte[length]));
            Assert.NotEqual(hash, KeyHash.Of(new byte[length + 1]));
            for (int i = 0; i < length; i++)
            {
                key[i] ^= 1;
                Assert.NotEqual(hash, KeyHash.Of(key));
                key[i] ^= 1;
            }
        }
    }

    [Fact]
    public void SipHashChangesWithKeyAndData()
    {
        Assert.NotEqual(KeyHash.SipHash13("a"u8, 1, 2), KeyHash.SipHash13("a"u8, 2, 1));
        Assert.NotEqual(KeyHash.SipHash13("a"u8, 1, 2), KeyHash.SipHash13("b"u8, 1, 2));
        Assert.NotEqual(KeyHash.SipHash13("12345678"u8, 1, 2), KeyHash.SipHash13("123456780"u8, 1, 2));
    }
}
