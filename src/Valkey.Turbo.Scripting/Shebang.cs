using System.Text;

namespace Valkey.Turbo.Scripting;

/// <summary>The first line of a script, which may name its engine and flags: <c>#!lua flags=no-writes,allow-oom</c>.</summary>
internal static class Shebang
{
    private const string FlagsOption = "flags=";

    /// <summary>Reads the line.</summary>
    /// <param name="source">The script.</param>
    /// <param name="flags">What it says.</param>
    /// <param name="length">Bytes of the line, its end not included; 0 if there is none.</param>
    /// <returns>Null, or what is wrong with it.</returns>
    internal static string? Read(ReadOnlySpan<byte> source, out ScriptFlags flags, out int length)
    {
        (flags, length) = (ScriptFlags.IsCompatible, 0);
        if (!source.StartsWith("#!"u8))
        {
            return null;
        }
        length = source.IndexOf((byte)'\n');
        if (length < 0)
        {
            return "Invalid script shebang";
        }
        flags = ScriptFlags.None;
        string[] words = Encoding.Latin1.GetString(source[..length]).Split([' ', '\t', '\r', '\v', '\f'], StringSplitOptions.RemoveEmptyEntries);
        foreach (string word in words.AsSpan(1))
        {
            if (!word.StartsWith(FlagsOption, StringComparison.Ordinal))
            {
                return $"Unknown lua shebang option: {word}";
            }
            foreach (string name in word[FlagsOption.Length..].Split(',', StringSplitOptions.None))
            {
                if (name.Length == 0 && word.Length == FlagsOption.Length)
                {
                    continue;
                }
                if (!ScriptFlagNames.TryParse(name, StringComparison.Ordinal, out ScriptFlags flag))
                {
                    return $"Unexpected flag in script shebang: {name}";
                }
                flags |= flag;
            }
        }
        return words[0].Equals("#!lua", StringComparison.OrdinalIgnoreCase) ? null : $"Could not find scripting engine '{words[0][2..]}'";
    }
}
