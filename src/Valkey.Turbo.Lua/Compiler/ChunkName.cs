using System.Text;

namespace Valkey.Turbo.Lua.Compiler;

/// <summary>How messages name a chunk.</summary>
internal static class ChunkName
{
    private const int MaxLiteral = 59;
    private const int MaxPath = 52;
    private const int MaxSource = 43;

    /// <summary>The text before the colon of a position: what follows <c>=</c> or <c>@</c>, or the beginning of the source.</summary>
    internal static string Display(LuaString name)
    {
        string text = name.ToString();
        int end = text.IndexOf('\0', StringComparison.Ordinal);
        text = end < 0 ? text : text[..end];
        if (text.StartsWith('='))
        {
            return text.Length - 1 > MaxLiteral ? text.Substring(1, MaxLiteral) : text[1..];
        }
        if (text.StartsWith('@'))
        {
            return text.Length - 1 > MaxPath ? "..." + text[^MaxPath..] : text[1..];
        }
        int line = text.AsSpan().IndexOfAny('\n', '\r');
        int shown = Math.Min(line < 0 ? text.Length : line, MaxSource);
        StringBuilder display = new("[string \"");
        display.Append(text, 0, shown);
        if (shown < text.Length)
        {
            display.Append("...");
        }
        return display.Append("\"]").ToString();
    }
}
