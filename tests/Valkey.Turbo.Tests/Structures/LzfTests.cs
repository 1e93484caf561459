using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Tests.Structures;

/// <summary>What is compressed comes back, and nothing is written beyond its place.</summary>
public sealed class LzfTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void LzfComesBackAsItWas(int seed)
    {
        Random random = new(seed);
        for (int i = 0; i < 2000; i++)
        {
            byte[] source = new byte[random.Next(20_000)];
            int letters = random.Next(1, 257), repeat = random.Next(1, 400);
            for (int at = 0; at < source.Length; at++)
            {
                source[at] = at >= repeat && random.Next(20) != 0 ? source[at - repeat] : (byte)random.Next(letters);
            }
            byte[] target = new byte[random.Next(2) == 0 ? source.Length + source.Length / 16 + 8 : source.Length / 2], back = new byte[source.Length];
            int length = Lzf.Compress(source, target);
            Assert.True(length > 0 || source.Length == 0 || target.Length < source.Length);
            if (length > 0)
            {
                Assert.True(Lzf.TryDecompress(target.AsSpan(0, length), back));
                Assert.Equal(source, back);
                Assert.False(Lzf.TryDecompress(target.AsSpan(0, length), back.AsSpan(1)));
            }
        }
    }
}
