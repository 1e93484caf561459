using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Tests.Protocol;

public sealed class ReplyWriterTests
{
    private static string Written(bool resp3, Action<ReplyWriter> write)
    {
        using OutputBlockPool pool = new(new ByteCounter());
        OutputQueue queue = new(pool);
        ReplyWriter writer = new() { IsResp3 = resp3 };
        writer.Target(queue);
        write(writer);
        writer.Flush();
        return Drain(queue);
    }

    private static string Drain(OutputQueue queue)
    {
        StringBuilder text = new();
        while (queue.Head is { } head)
        {
            text.Append(Encoding.Latin1.GetString(head.Unsent));
            head.SentBytes = head.Length;
            queue.DropHead();
        }
        Assert.Equal(0, queue.QueuedBytes);
        return text.ToString();
    }

    [Fact]
    public void EachKindHasItsFormInBothProtocols()
    {
        void Check(string resp2, string resp3, Action<ReplyWriter> write)
        {
            Assert.Equal(resp2, Written(false, write));
            Assert.Equal(resp3, Written(true, write));
        }
        Check("$-1\r\n", "_\r\n", w => w.Null());
        Check("*-1\r\n", "_\r\n", w => w.NullArray());
        Check("*4\r\n", "%2\r\n", w => w.Map(2));
        Check("*2\r\n", "~2\r\n", w => w.Set(2));
        Check(":1\r\n", "#t\r\n", w => w.Boolean(true));
        Check("$3\r\n1.5\r\n", ",1.5\r\n", w => w.Double(1.5));
        Check("$3\r\ninf\r\n", ",inf\r\n", w => w.Double(double.PositiveInfinity));
        Check("$1\r\nx\r\n", "=5\r\ntxt:x\r\n", w => w.Verbatim("txt", "x"));
        Check("-ERR a  b\r\n", "-ERR a  b\r\n", w => w.Error("ERR a\r\nb"));
        Check(":-12\r\n", ":-12\r\n", w => w.Integer(-12));
        Check("$2\r\n42\r\n", "$2\r\n42\r\n", w => w.BulkInteger(42));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(10)]
    [InlineData(99)]
    [InlineData(100)]
    [InlineData(16_000)]
    [InlineData(16_384)]
    [InlineData(3_000_000)]
    public void BulksOfAnyLengthArriveWhole(int length)
    {
        byte[] value = new byte[length];
        Random.Shared.NextBytes(value);
        string expected = $"${length}\r\n{Encoding.Latin1.GetString(value)}\r\n";
        Assert.Equal(expected + expected, Written(false, w =>
        {
            w.Bulk(value);
            w.Bulk(value);
        }));
    }

    [Fact]
    public void RollingBackForgetsExactlyWhatCameAfterTheMark()
    {
        Assert.Equal("+OK\r\n:1\r\n", Written(false, w =>
        {
            w.Ok();
            ReplyWriter.Mark mark = w.GetMark();
            w.Bulk(new byte[100_000]);
            w.Rollback(mark);
            w.Integer(1);
        }));
    }
}
