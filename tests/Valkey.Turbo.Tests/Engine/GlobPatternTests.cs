using System.Text;
using Valkey.Turbo.Engine;

namespace Valkey.Turbo.Tests.Engine;

public sealed class GlobPatternTests
{
    [Theory]
    [InlineData("*", "", false)]
    [InlineData("a**", "a", true)]
    [InlineData("h?llo", "hello", true)]
    [InlineData("h?llo", "hllo", false)]
    [InlineData("h*llo", "heeeello", true)]
    [InlineData("h[ae]llo", "hallo", true)]
    [InlineData("h[ae]llo", "hillo", false)]
    [InlineData("h[^e]llo", "hallo", true)]
    [InlineData("h[^e]llo", "hello", false)]
    [InlineData("h[a-b]llo", "hbllo", true)]
    [InlineData("h[b-a]llo", "hallo", true)]
    [InlineData("h\\*llo", "h*llo", true)]
    [InlineData("h\\*llo", "hallo", false)]
    [InlineData("[abc", "a", true)]
    [InlineData("a*b*c", "a1b2b3c", true)]
    [InlineData("a*b*c", "a1b2b3", false)]
    [InlineData("**a", "ba", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    public void MatchesAsValkeyDoes(string pattern, string text, bool expected) =>
        Assert.Equal(expected, GlobPattern.IsMatch(Encoding.ASCII.GetBytes(pattern), Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void CaseCanBeIgnored()
    {
        Assert.True(GlobPattern.IsMatch("MAX*"u8, "maxmemory"u8, ignoreCase: true));
        Assert.False(GlobPattern.IsMatch("MAX*"u8, "maxmemory"u8));
    }

    [Fact]
    public void HostilePatternsEndQuickly()
    {
        byte[] text = new byte[50_000];
        Array.Fill(text, (byte)'a');
        byte[] pattern = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("*?", 50_000)));
        Assert.False(GlobPattern.IsMatch(pattern, text));
    }
}
