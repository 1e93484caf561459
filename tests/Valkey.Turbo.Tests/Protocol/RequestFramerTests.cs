using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Tests.Protocol;

public sealed class RequestFramerTests
{
    private static readonly FramingLimits Limits = new(512 << 20, IsUnauthenticated: false);

    /// <summary>Feeds input in the given pieces, as a connection does, and returns the requests and the error.</summary>
    private static (List<string[]> Requests, string? Error) Feed(IEnumerable<byte[]> pieces, FramingLimits limits)
    {
        using RequestBatch batch = new();
        using NativeBuffer buffer = new();
        PartialRequest partial = PartialRequest.None;
        List<string[]> requests = [];
        foreach (byte[] piece in pieces)
        {
            buffer.Append(piece);
            while (buffer.Length > 0)
            {
                batch.Clear();
                int framed = RequestFramer.Frame(buffer.Span, limits, ref partial, batch, out string? error);
                for (int i = 0; i < batch.Count; i++)
                {
                    string[] words = new string[batch.ArgumentCount(i)];
                    for (int j = 0; j < words.Length; j++)
                    {
                        words[j] = Encoding.Latin1.GetString(batch.Argument(i, j));
                    }
                    requests.Add(words);
                }
                buffer.Consume(framed);
                if (error is not null)
                {
                    return (requests, error);
                }
                if (framed == 0)
                {
                    break;
                }
            }
        }
        return (requests, null);
    }

    private static (List<string[]> Requests, string? Error) Feed(string input) => Feed([Encoding.Latin1.GetBytes(input)], Limits);

    [Fact]
    public void RequestsSplitAtEveryByteComeOutTheSame()
    {
        string input = "*3\r\n$3\r\nSET\r\n$5\r\nk\r\nxy\r\n$0\r\n\r\nPING\r\n*0\r\n*-1\r\n\r\nset \"a b\" 'c'\r\n*1\r\n$4\r\nPING\r\n";
        input += "*20\r\n" + string.Concat(Enumerable.Range(0, 20).Select(i => $"$2\r\n{i:D2}\r\n"));
        byte[] bytes = Encoding.Latin1.GetBytes(input);
        (List<string[]> whole, string? error) = Feed(input);
        Assert.Null(error);
        Assert.Equal(5, whole.Count);
        Assert.Equal(["SET", "k\r\nxy", ""], whole[0]);
        Assert.Equal(["set", "a b", "c"], whole[2]);
        for (int first = 1; first < bytes.Length; first++)
        {
            Assert.Equal(whole, Feed([bytes[..first], bytes[first..]], Limits).Requests);
        }
        Assert.Equal(whole, Feed(bytes.Select(b => new[] { b }), Limits).Requests);
    }

    [Theory]
    [InlineData("*abc\r\n", "invalid multibulk length")]
    [InlineData("*3000000000\r\n", "invalid multibulk length")]
    [InlineData("*1\r\n:1\r\n", "expected '$', got ':'")]
    [InlineData("*1\r\n$-5\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$x\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$2000000000\r\n", "invalid bulk length")]
    [InlineData("*1\r\n$4\rxPING\r\n", "invalid CRLF in request")]
    [InlineData("*1\rx$4\r\nPING\r\n", "invalid CRLF in request")]
    [InlineData("*1\r\n$4\r\nPINGxx", "invalid CRLF in request")]
    [InlineData("get \"a\r\n", "unbalanced quotes in request")]
    public void MalformedInputIsRefusedInValkeysWords(string input, string error) => Assert.Equal(error, Feed(input).Error);

    [Fact]
    public void EndlessLinesAreRefused()
    {
        Assert.Equal("too big inline request", Feed(new string('a', 70_000)).Error);
        Assert.Equal("too big mbulk count string", Feed("*" + new string('1', 70_000)).Error);
        Assert.Equal("too big bulk count string", Feed("*1\r\n$" + new string('1', 70_000)).Error);
    }

    [Fact]
    public void LimitsAreTighterBeforeAuthentication()
    {
        FramingLimits limits = Limits with { IsUnauthenticated = true };
        Assert.Equal("unauthenticated multibulk length", Feed([Encoding.ASCII.GetBytes("*11\r\n")], limits).Error);
        Assert.Equal("unauthenticated bulk length", Feed([Encoding.ASCII.GetBytes("*1\r\n$16385\r\n")], limits).Error);
        Assert.Null(Feed([Encoding.ASCII.GetBytes("*10\r\n$16384\r\n")], limits).Error);
    }

    [Theory]
    [InlineData(41UL)]
    [InlineData(42UL)]
    public void RandomInputNeverBreaksTheFramer(ulong seed)
    {
        RandomSource random = new(seed);
        byte[] alphabet = Encoding.Latin1.GetBytes("*$0123456789\r\n\"'\\x ab-\0\u00ff");
        for (int round = 0; round < 20_000; round++)
        {
            List<byte[]> pieces = [];
            for (int i = 1 + random.Below(4); i > 0; i--)
            {
                byte[] piece = new byte[random.Below(40)];
                for (int j = 0; j < piece.Length; j++)
                {
                    piece[j] = alphabet[random.Below(alphabet.Length)];
                }
                pieces.Add(piece);
            }
            pieces[0] = [.. random.Below(2) == 0 ? "*2\r\n$3\r\nGET\r\n"u8 : ""u8, .. pieces[0]];
            byte[] whole = [.. pieces.SelectMany(piece => piece)];
            (List<string[]> split, string? splitError) = Feed(pieces, Limits);
            (List<string[]> joined, string? joinedError) = Feed([whole], Limits);
            Assert.Equal(joined, split);
            Assert.Equal(joinedError, splitError);
        }
    }

    [Theory]
    [InlineData("0", true, 0)]
    [InlineData("-9223372036854775808", true, long.MinValue)]
    [InlineData("9223372036854775807", true, long.MaxValue)]
    [InlineData("9223372036854775808", false, 0)]
    [InlineData("-9223372036854775809", false, 0)]
    [InlineData("01", false, 0)]
    [InlineData("-0", false, 0)]
    [InlineData("+1", false, 0)]
    [InlineData("", false, 0)]
    [InlineData("-", false, 0)]
    [InlineData(" 1", false, 0)]
    [InlineData("1 ", false, 0)]
    public void IntegersAreReadInCanonicalFormOnly(string text, bool valid, long value)
    {
        Assert.Equal(valid, Decimal64.TryParse(Encoding.ASCII.GetBytes(text), out long parsed));
        if (valid)
        {
            Assert.Equal(value, parsed);
            byte[] written = new byte[Decimal64.MaxDigits];
            Assert.Equal(text, Encoding.ASCII.GetString(written, 0, Decimal64.Format(value, written)));
        }
    }
}
