using System.Numerics;
using System.Text;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Tests.EndToEnd;

/// <summary>
/// What the server computes with vector instructions, against plain computations here: through commands, so that a server built for
/// another processor, which no test can be linked with, is held to it as well.
/// </summary>
public sealed class VectorTests : IDisposable
{
    private readonly TestServer _server = new(threads: 2);
    private readonly RespClient _client;
    private readonly RandomSource _random = new(91);

    public VectorTests() => _client = _server.Connect();

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(1000)]
    [InlineData(70_001)]
    public void BitsAreCountedAsOneByOne(int length)
    {
        string text = Text(length);
        _client.Run("SET", "bits", text);
        int set = Encoding.Latin1.GetBytes(text).Sum(one => BitOperations.PopCount(one));
        Assert.Equal($"{set}", _client.Run("BITCOUNT", "bits"));
        _client.Run("SET", "other", Text(length));
        int of(string key) => int.Parse(_client.Run("BITCOUNT", key));
        _client.Run("BITOP", "AND", "and", "bits", "other");
        _client.Run("BITOP", "OR", "or", "bits", "other");
        _client.Run("BITOP", "XOR", "xor", "bits", "other");
        Assert.Equal(of("bits") + of("other"), of("or") + of("and"));
        Assert.Equal(of("or") - of("and"), of("xor"));
    }

    [Fact]
    public void HyperLogLogsAreEstimatedAndMergedAsWithoutVectors()
    {
        for (int i = 0; i < 4; i++)
        {
            for (int batch = 0; batch < 20; batch++)
            {
                _client.Run(["PFADD", $"hll{i}", .. Enumerable.Range(0, 500).Select(_ => $"{_random.Below(1_000_000)}")]);
            }
        }
        string[] count = ["PFCOUNT", "hll0", "hll1", "hll2", "hll3"], merge = ["PFMERGE", "merged", "hll0", "hll1", "hll2", "hll3"];
        string counted = _client.Run(count);
        _client.Run(merge);
        string merged = _client.Run("GET", "merged");
        Assert.Equal("OK", _client.Run("PFDEBUG", "SIMD", "OFF"));
        Assert.Equal(counted, _client.Run(count));
        _client.Run(merge);
        Assert.Equal(_client.Run("GET", "merged"), merged);
        Assert.Equal("OK", _client.Run("PFDEBUG", "SIMD", "ON"));
        Assert.InRange(int.Parse(counted), 38_000, 41_500);
    }

    [Theory]
    [InlineData(30_000)]
    [InlineData(2_000_000_000)]
    public void IntegersCommonToTwoSetsAreFound(int range)
    {
        int[] Numbers() => [.. Enumerable.Range(0, 400).Select(_ => _random.Below(range)), .. Enumerable.Range(range, 60)];
        int[] a = Numbers(), b = Numbers();
        _client.Run(["SADD", "a", .. a.Select(number => $"{number}")]);
        _client.Run(["SADD", "b", .. b.Select(number => $"{number}")]);
        Assert.Equal("intset", _client.Run("OBJECT", "ENCODING", "a"));
        Assert.Equal($"{a.Intersect(b).Count()}", _client.Run("SINTERSTORE", "common", "a", "b"));
        foreach (int number in a.Intersect(b))
        {
            Assert.Equal("1", _client.Run("SISMEMBER", "common", $"{number}"));
        }
    }

    [Fact]
    public void HashSlotsAreThoseOfTheSpecification()
    {
        for (int length = 0; length < 80; length++)
        {
            string key = Text(length);
            Assert.Equal($"{KeySlot.Sliced(Encoding.Latin1.GetBytes(key)) % KeySlot.Count}", _client.Run("CLUSTER", "KEYSLOT", key));
        }
    }

    public void Dispose()
    {
        _client.Dispose();
        _server.Dispose();
    }

    // Without braces, which name a part of a key that alone counts.
    private string Text(int length) => string.Create(length, _random, static (text, random) =>
    {
        foreach (ref char c in text)
        {
            c = (char)(128 + random.Below(128));
        }
    });
}
