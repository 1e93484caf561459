using System.Text;

namespace Valkey.Turbo.Lua.Compiler;

/// <summary>How messages name a chunk.</summary>
internal static class ChunkName
{
    /// <summary>Room that errors of running code have for the name.</summary>
    internal const int RunningSize = 60;

    /// <summary>Room that errors of the source have for the name.</summary>
    internal const int SourceSize = 80;

    /// <summary>What stands around a path that is cut, in bytes.</summary>
    private const int AroundPath = 8;

    /// <summary>What stands around a source, in bytes.</summary>
    private const int AroundSource = 17;

    /// <summary>The text before the colon of a position: what follows <c>=</c> or <c>@</c>, or the beginning of the source.</summary>
    /// <param name="name">The name of the chunk.</param>
    /// <param name="size">Bytes there are for it, C's end of string included.</param>
    internal static string Display(LuaString name, int size)
    {
        string text = name.ToString();
        int end = text.IndexOf('\0', StringComparison.Ordinal);
        text = end < 0 ? text : text[..end];
        if (text.StartsWith('='))
        {
            return text.Length > size ? text[1..size] : text[1..];
        }
        if (text.StartsWith('@'))
        {
            return text.Length - 1 > size - AroundPath ? "..." + text[^(size - AroundPath)..] : text[1..];
        }
        int line = text.AsSpan().IndexOfAny('\n', '\r');
        int shown = Math.Min(line < 0 ? text.Length : line, size - AroundSource);
        StringBuilder display = new("[string \"");
        display.Append(text, 0, shown);
        if (shown < text.Length)
        {
            display.Append("...");
        }
        return display.Append("\"]").ToString();
    }
}
