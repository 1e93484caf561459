using System.Globalization;

namespace Valkey.Turbo.Commands;

/// <summary>An argument of a command, as COMMAND DOCS describes it.</summary>
public sealed record CommandArgument(string Name, string Type)
{
    /// <summary>The word that announces it, or null.</summary>
    public string? Token { get; init; }

    /// <summary>Whether the word is given again with every repetition.</summary>
    public bool RepeatsToken { get; init; }

    /// <summary>What usage lines show for it.</summary>
    public string DisplayText { get; init; } = Name;

    /// <summary>Which of the command's key specifications it belongs to, where that is not the order of the keys; else -1.</summary>
    public int KeySpecIndex { get; init; } = -1;

    /// <summary>The version that brought it to the command, or null if the command always had it.</summary>
    public string? Since { get; init; }

    /// <summary>The version from which on it should not be used, or null.</summary>
    public string? DeprecatedSince { get; init; }

    /// <summary>Whether it may be left out.</summary>
    public bool IsOptional { get; init; }

    /// <summary>Whether it may be repeated.</summary>
    public bool IsMultiple { get; init; }

    /// <summary>What a block or an alternative consists of.</summary>
    public IReadOnlyList<CommandArgument> Arguments { get; init; } = [];
}

/// <summary>
/// Reads the notation in which command rows give their arguments:
/// <code>
/// name:type            an argument; types are key, string, integer, double, pattern, unix-time
/// name(text):type      an argument that usage lines call text
/// name:TOKEN           a word that stands for itself: whatever is not a type
/// name=&lt; … | … &gt;      one of several
/// name={ … }           several in a row
/// [ … ]                optional
/// Behind any but the last, in this order:
/// @TOKEN               stands behind a word
/// @@TOKEN              stands behind a word, every time that it is repeated
/// #n                   belongs to key specification n
/// ^version             since that version
/// !version             deprecated since that version
/// …                    may be repeated (written as three dots)
/// </code>
/// </summary>
public static class ArgumentSyntax
{
    private static readonly string[] Types = ["key", "string", "integer", "double", "pattern", "unix-time"];

    /// <summary>Reads a row's arguments. The notation is the server's own, so a mistake in it is a defect.</summary>
    public static IReadOnlyList<CommandArgument> Parse(string syntax)
    {
        int at = 0;
        List<CommandArgument> arguments = ParseSequence(syntax, ref at);
        return at == syntax.Length ? arguments : throw new FormatException($"command syntax '{syntax}' at {at}");
    }

    private static List<CommandArgument> ParseSequence(string syntax, ref int at)
    {
        List<CommandArgument> arguments = [];
        while (true)
        {
            while (at < syntax.Length && syntax[at] == ' ')
            {
                at++;
            }
            if (at == syntax.Length || syntax[at] is ']' or '>' or '}' or '|')
            {
                return arguments;
            }
            arguments.Add(ParseOne(syntax, ref at));
        }
    }

    private static CommandArgument ParseOne(string syntax, ref int at)
    {
        if (syntax[at] == '[')
        {
            at++;
            CommandArgument inner = ParseSequence(syntax, ref at)[0];
            Expect(syntax, ref at, ']');
            return inner with { IsOptional = true };
        }
        string name = ReadWord(syntax, ref at), text = name;
        if (TryRead(syntax, ref at, "("))
        {
            text = ReadWord(syntax, ref at, "-:");
            Expect(syntax, ref at, ')');
        }
        CommandArgument argument;
        if (syntax[at++] == ':')
        {
            string type = ReadWord(syntax, ref at, "-_*=~$");
            argument = Array.IndexOf(Types, type) < 0
                ? new CommandArgument(name, "pure-token") { Token = type }
                : new CommandArgument(name, type);
        }
        else
        {
            argument = ParseGroup(syntax, ref at, name);
        }
        if (TryRead(syntax, ref at, "@"))
        {
            argument = argument with { RepeatsToken = TryRead(syntax, ref at, "@"), Token = ReadWord(syntax, ref at) };
        }
        return argument with
        {
            DisplayText = text,
            KeySpecIndex = TryRead(syntax, ref at, "#") ? int.Parse(ReadWord(syntax, ref at), CultureInfo.InvariantCulture) : -1,
            Since = TryRead(syntax, ref at, "^") ? ReadVersion(syntax, ref at) : null,
            DeprecatedSince = TryRead(syntax, ref at, "!") ? ReadVersion(syntax, ref at) : null,
            IsMultiple = TryRead(syntax, ref at, "..."),
        };
    }

    private static CommandArgument ParseGroup(string syntax, ref int at, string name)
    {
        if (syntax[at++] == '{')
        {
            List<CommandArgument> block = ParseSequence(syntax, ref at);
            Expect(syntax, ref at, '}');
            return new CommandArgument(name, "block") { Arguments = block };
        }
        List<CommandArgument> choices = ParseSequence(syntax, ref at);
        while (syntax[at] == '|')
        {
            at++;
            choices.AddRange(ParseSequence(syntax, ref at));
        }
        Expect(syntax, ref at, '>');
        return new CommandArgument(name, "oneof") { Arguments = choices };
    }

    private static string ReadWord(string syntax, ref int at, string symbols = "-_")
    {
        int start = at;
        while (at < syntax.Length && (char.IsAsciiLetterOrDigit(syntax[at]) || symbols.Contains(syntax[at], StringComparison.Ordinal)))
        {
            at++;
        }
        return syntax[start..at];
    }

    /// <summary>Three numbers; the dots behind them say that the argument may be repeated.</summary>
    private static string ReadVersion(string syntax, ref int at)
    {
        string major = ReadWord(syntax, ref at);
        Expect(syntax, ref at, '.');
        string minor = ReadWord(syntax, ref at);
        Expect(syntax, ref at, '.');
        return $"{major}.{minor}.{ReadWord(syntax, ref at)}";
    }

    private static bool TryRead(string syntax, ref int at, string expected)
    {
        bool found = syntax.AsSpan(at).StartsWith(expected);
        at += found ? expected.Length : 0;
        return found;
    }

    private static void Expect(string syntax, ref int at, char expected)
    {
        if (at >= syntax.Length || syntax[at++] != expected)
        {
            throw new FormatException($"command syntax '{syntax}' wants '{expected}' at {at}");
        }
    }
}
