using System.Text;
using Valkey.Turbo.Native;
using Valkey.Turbo.Protocol;

namespace Valkey.Turbo.Engine;

/// <summary>A mistake in the configuration; the message is complete, with the line where there is one.</summary>
public class ConfigException(string message) : Exception(message);

/// <summary>A file of the configuration can't be read; belongs in the log.</summary>
public sealed class ConfigFileException(string message) : ConfigException(message);

/// <summary>A line of configuration: its number, its text, and the file if it was included.</summary>
public sealed record ConfigLine(int Number, string Text, string? IncludedFrom)
{
    /// <summary>What is said of a line that is wrong, in Valkey's form.</summary>
    public ConfigException Error(string reason) => new(
        $"\n*** FATAL CONFIG FILE ERROR (Version {VersionInfo.Valkey}) ***\nReading the configuration file, at line {Number}\n>>> '{Text}'\n{reason}"
        + (IncludedFrom is null ? "" : $"\n(in {IncludedFrom})"));
}

/// <summary>A command that is to have another name, or none where <paramref name="To"/> is empty.</summary>
public sealed record CommandRename(ConfigLine Line, string From, string To);

/// <summary>
/// Reads valkey.conf and what the command line adds. Text is held with a character for each byte, so that whatever bytes a file has
/// come through as they are.
/// </summary>
internal sealed class ConfigReader(ServerConfig config)
{
    private readonly Dictionary<string, ConfigLine> _given = new(StringComparer.Ordinal);
    private readonly DefaultUser _defaultUser = new(config);
    private bool _hasSave;

    /// <summary>The directives that were given, under their own names.</summary>
    internal IReadOnlyCollection<string> Given => _given.Keys;

    /// <summary>Reads a file, or all that a pattern matches, then what was given on standard input, then the options.</summary>
    /// <exception cref="ConfigException">Something is wrong, or asks for what the server can't do.</exception>
    internal void Load(string? path, string? input, string options)
    {
        string files = ReadFiles(path);
        Read(files + (files.Length > 0 && input is not null && files[^1] != '\n' ? "\n" : "") + input + "\n" + options, null);
        foreach (Directive directive in config.All)
        {
            if (directive.Refuse?.Invoke() is string reason)
            {
                throw _given.TryGetValue(directive.Name, out ConfigLine? line) ? line.Error(reason) : new ConfigException(reason);
            }
        }
        _defaultUser.Check();
    }

    private static string ReadFiles(string? path)
    {
        if (path is null)
        {
            return "";
        }
        StringBuilder text = new();
        foreach (string file in PathPattern.HasWildcards(path) ? PathPattern.Expand(path) : [path])
        {
            if (text.Length > 0 && text[^1] != '\n')
            {
                text.Append('\n');
            }
            try
            {
                text.Append(File.ReadAllText(file, Encoding.Latin1));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
            {
                throw new ConfigFileException($"Fatal error, can't open config file '{file}': {Errno.Describe(e)}");
            }
        }
        return text.ToString();
    }

    private void Read(string text, string? includedFrom)
    {
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            string content = lines[i].Trim(' ', '\t', '\r', '\n');
            if (content.Length == 0 || content[0] == '#')
            {
                continue;
            }
            ConfigLine line = new(i + 1, Utf8(Encoding.Latin1.GetBytes(content)), includedFrom);
            if (Apply(line, content) is string error)
            {
                throw line.Error(error);
            }
        }
    }

    private string? Apply(ConfigLine line, string content)
    {
        List<byte[]>? words = InlineLine.Split(Encoding.Latin1.GetBytes(content));
        if (words is null)
        {
            return "Unbalanced quotes in configuration line";
        }
        if (words.Count == 0)
        {
            return null;
        }
        string name = Utf8(words[0]).ToLowerInvariant();
        string[] values = [.. words.Skip(1).Select(Utf8)];
        if (config.Find(name) is Directive directive)
        {
            return Set(directive, values, line);
        }
        switch (name, values.Length)
        {
            case (_, 1) when Array.IndexOf(DirectiveTable.Deprecated, name) >= 0:
                return null;
            case ("include", 1):
                Read(ReadFiles(values[0]), values[0]);
                return null;
            case ("rename-command", 2):
                config.CommandRenames.Add(new CommandRename(line, values[0], values[1]));
                return null;
            case ("user", >= 1):
                return _defaultUser.TryState(values, line);
            case ("loadmodule", >= 1):
                return "Modules are not supported";
            case ("sentinel", _):
                return "sentinel directive while not in sentinel mode";
            default:
                return name.Contains('.', StringComparison.Ordinal)
                    ? "Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting"
                    : "Bad directive or wrong number of arguments";
        }
    }

    private string? Set(Directive directive, string[] values, ConfigLine line)
    {
        if (!directive.Flags.HasFlag(DirectiveFlags.MultiArgument))
        {
            if (values.Length != 1)
            {
                return "wrong number of arguments";
            }
        }
        else if (values is [{ Length: > 0 } text])
        {
            // One word that holds several: --bind "a b".
            values = [.. (InlineLine.Split(Encoding.UTF8.GetBytes(text)) ?? []).Select(Utf8)];
        }
        string value = string.Join(' ', values);
        if (directive == config.Save && value.Length > 0)
        {
            // The first line takes the place of the default, others add to it.
            value = _hasSave ? $"{directive.Value} {value}" : value;
            _hasSave = true;
        }
        _given[directive.Name] = line;
        string? error = directive.TrySet(value);
        directive.Changed?.Invoke();
        return error;
    }

    private static string Utf8(byte[] bytes) => Encoding.UTF8.GetString(bytes);
}
