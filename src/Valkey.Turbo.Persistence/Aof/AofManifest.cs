using System.Globalization;
using System.Text;

namespace Valkey.Turbo.Persistence.Aof;

/// <summary>What a file of an append-only log holds; the value is the letter in the manifest.</summary>
public enum AofFileType
{
    /// <summary>All data at one moment.</summary>
    Base = 'b',

    /// <summary>The writes since.</summary>
    Incremental = 'i',

    /// <summary>Nothing that is needed any more.</summary>
    History = 'h',
}

/// <summary>A file of an append-only log.</summary>
/// <param name="Name">Its name within the log's directory.</param>
/// <param name="Sequence">The how manieth of its type.</param>
/// <param name="Type">What it holds.</param>
public readonly record struct AofFile(string Name, long Sequence, AofFileType Type);

/// <summary>
/// The list of files that make up an append-only log: at most one base, then the writes since in order. A line each, such as
/// <c>file appendonly.aof.1.incr.aof seq 1 type i</c>, as in Valkey's manifests.
/// </summary>
/// <param name="files">The files, in the order in which they are loaded.</param>
public sealed class AofManifest(IReadOnlyList<AofFile> files)
{
    private const int MaxLineBytes = 1024;

    /// <summary>The files, in the order in which they are loaded.</summary>
    public IReadOnlyList<AofFile> Files { get; } = files;

    /// <summary>Those of them that are needed.</summary>
    public IReadOnlyList<AofFile> Current => [.. Files.Where(file => file.Type != AofFileType.History)];

    /// <summary>The name of a log's manifest.</summary>
    public static string NameFor(string logName) => logName + ".manifest";

    /// <summary>The manifest of the same log with all data in a new base, and nothing written since.</summary>
    /// <param name="logName">The log's name, which those of its files begin with.</param>
    /// <param name="isRdb">Whether the base is an RDB file rather than commands.</param>
    public AofManifest WithNewBase(string logName, bool isRdb)
    {
        long sequence = NextOf(AofFileType.Base);
        string name = string.Create(CultureInfo.InvariantCulture, $"{logName}.{sequence}.base.{(isRdb ? "rdb" : "aof")}");
        return new AofManifest([new AofFile(name, sequence, AofFileType.Base), NewIncremental(logName)]);
    }

    /// <summary>The manifest of the same log with another file for the writes to come.</summary>
    public AofManifest WithNewIncremental(string logName) => new([.. Files, NewIncremental(logName)]);

    /// <summary>Reads a manifest.</summary>
    /// <returns>Null, or what is wrong with it.</returns>
    public static string? TryParse(string text, out AofManifest manifest)
    {
        List<AofFile> files = [];
        manifest = new AofManifest(files);
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith('#'))
            {
                continue;
            }
            if (line.Length > MaxLineBytes)
            {
                return "The AOF manifest file contains too long line";
            }
            if (!TryParseLine(line, out AofFile file))
            {
                return "Invalid AOF manifest file format";
            }
            long last = files.LastOrDefault(other => other.Type == file.Type).Sequence;
            if (file.Type == AofFileType.Base && last > 0)
            {
                return "Found duplicate base file information";
            }
            if (file.Type == AofFileType.Incremental && file.Sequence <= last)
            {
                return "Found a non-monotonic sequence number";
            }
            files.Add(file);
        }
        return files.Count == 0 ? "Found an empty AOF manifest" : null;
    }

    /// <summary>The manifest as it stands in its file.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach (AofFile file in Files)
        {
            string name = file.Name.AsSpan().IndexOfAny(" \"\\\t\r") < 0 ? file.Name : $"\"{file.Name.Replace("\\", "\\\\").Replace("\"", "\\\"")}\"";
            text.Append(CultureInfo.InvariantCulture, $"file {name} seq {file.Sequence} type {(char)file.Type}\n");
        }
        return text.ToString();
    }

    private AofFile NewIncremental(string logName)
    {
        long sequence = NextOf(AofFileType.Incremental);
        string name = string.Create(CultureInfo.InvariantCulture, $"{logName}.{sequence}.incr.aof");
        return new AofFile(name, sequence, AofFileType.Incremental);
    }

    private long NextOf(AofFileType type) => Files.Where(file => file.Type == type).Select(file => file.Sequence).DefaultIfEmpty().Max() + 1;

    private static bool TryParseLine(string line, out AofFile file)
    {
        file = default;
        List<string> words = Words(line.TrimEnd('\r'));
        if (words.Count < 6 || words.Count % 2 != 0)
        {
            return false;
        }
        for (int i = 0; i < words.Count; i += 2)
        {
            switch (words[i].ToLowerInvariant())
            {
                case "file" when words[i + 1].IndexOfAny(['/', '\0']) < 0 && words[i + 1] is not ("." or ".."):
                    file = file with { Name = words[i + 1] };
                    break;
                case "seq" when long.TryParse(words[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out long sequence):
                    file = file with { Sequence = sequence };
                    break;
                case "type" when words[i + 1] is "b" or "i" or "h":
                    file = file with { Type = (AofFileType)words[i + 1][0] };
                    break;
                case "startoffset" or "endoffset":
                    break;
                default:
                    return false;
            }
        }
        return file is { Name.Length: > 0, Sequence: > 0, Type: not 0 };
    }

    /// <summary>Cuts a line at its spaces; a word may stand in double quotes, where a backslash precedes quotes and backslashes.</summary>
    private static List<string> Words(string line)
    {
        List<string> words = [];
        for (int at = 0; at < line.Length;)
        {
            if (line[at] == ' ')
            {
                at++;
                continue;
            }
            StringBuilder word = new();
            bool isQuoted = line[at] == '"';
            for (at += isQuoted ? 1 : 0; at < line.Length && line[at] != (isQuoted ? '"' : ' '); at++)
            {
                at += isQuoted && line[at] == '\\' && at + 1 < line.Length ? 1 : 0;
                word.Append(line[at]);
            }
            at += isQuoted ? 1 : 0;
            words.Add(word.ToString());
        }
        return words;
    }
}
