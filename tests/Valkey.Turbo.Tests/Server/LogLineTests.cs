using Valkey.Turbo.Server;

namespace Valkey.Turbo.Tests.Server;

/// <summary>The forms of the log's lines.</summary>
public sealed class LogLineTests
{
    private static readonly DateTimeOffset Time = new(2026, 11, 22, 10, 3, 4, 56, TimeSpan.FromHours(-3.5));

    [Theory]
    [InlineData("legacy", "legacy", "7:M 22 Nov 2026 10:03:04.056 # a \"b\"\n\u0001")]
    [InlineData("legacy", "iso8601", "7:M 2026-11-22T10:03:04.056-03:30 # a \"b\"\n\u0001")]
    [InlineData("logfmt", "milliseconds", "pid=7 role=primary timestamp=\"1795354384056\" level=warning message=\"a 'b' \u0001\"")]
    [InlineData("json", "legacy", "{\"pid\":7,\"role\":\"primary\",\"timestamp\":\"22 Nov 2026 10:03:04.056\",\"level\":\"warning\",\"message\":\"a \\\"b\\\"\\n\\u0001\"}")]
    public void EachFormSaysTheSame(string format, string timeFormat, string line) =>
        Assert.Equal(line, LogLine.Format(format, timeFormat, 7, Time, LogLevel.Warning, "a \"b\"\n\u0001"));
}
