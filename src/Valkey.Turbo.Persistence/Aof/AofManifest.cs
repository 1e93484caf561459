using System.Globalization;
using System.Text;
using Valkey.Turbo.Protocol;

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
    private const string TooLong = "The AOF manifest file contains too long line";
    private const string Invalid = "Invalid AOF manifest file format";

    /// <summary>The files, in the order in which they are loaded.</summary>
    public IReadOnlyList<AofFile> Files { get; } = files;

    /// <summary>Those of them that are needed.</summary>
    public IReadOnlyList<AofFile> Current => [.. Files.Where(file => file.Type != AofFileType.History)];

    /// <summary>The name of a log's manifest.</summary>
    public static string NameFor(string logName) => logName + ".manifest";

    /// <summary>The manifest of the same log with all data in a new base, and nothing written since.</summary>
    /// <param name="logName">The log's name, which those of its files begin with.</param>
    /// <param name="isRdb">Whether the base is an RDB file rather than commands.</param>
    /// <param name="goesOn">Whether there is a file for the writes to come.</param>
    public AofManifest WithNewBase(string logName, bool isRdb, bool goesOn = true)
    {
        long sequence = NextOf(AofFileType.Base);
        string name = string.Create(CultureInfo.InvariantCulture, $"{logName}.{sequence}.base.{(isRdb ? "rdb" : "aof")}");
        AofFile newBase = new(name, sequence, AofFileType.Base);
        return new AofManifest(goesOn ? [newBase, NewIncremental(logName)] : [newBase]);
    }

    /// <summary>The manifest of the same log with another file for the writes to come.</summary>
    public AofManifest WithNewIncremental(string logName) => new([.. Files, NewIncremental(logName)]);

    /// <summary>Reads a manifest.</summary>
    /// <returns>Null, or what is wrong with it, in Valkey's words.</returns>
    public static string? TryParse(string text, out AofManifest manifest)
    {
        List<AofFile> files = [];
        manifest = new AofManifest(files);
        if (text.Length == 0)
        {
            return "Found an empty AOF manifest";
        }
        string[] lines = text.Split('\n');
        for (int i = 0; i < lines.Length - 1; i++)
        {
            if (!lines[i].StartsWith('#') && TryAdd(lines[i], files) is string problem)
            {
                return problem;
            }
        }
        // What follows the last line's end is half a line.
        return lines[^1].Length == 0 || lines[^1].StartsWith('#') ? null : TooLong;
    }

    /// <summary>The manifest as it stands in its file.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        foreach (AofFile file in Files)
        {
            text.Append(CultureInfo.InvariantCulture, $"file {Quoted(file.Name)} seq {file.Sequence} type {(char)file.Type}\n");
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

    private static string? TryAdd(string line, List<AofFile> files)
    {
        if (line.Length >= MaxLineBytes)
        {
            return TooLong;
        }
        List<byte[]>? words = InlineLine.Split(Encoding.UTF8.GetBytes(line));
        if (words is null || words.Count < 6 || words.Count % 2 != 0)
        {
            return Invalid;
        }
        AofFile file = default;
        for (int i = 0; i < words.Count; i += 2)
        {
            string value = Encoding.UTF8.GetString(words[i + 1]);
            file = Encoding.UTF8.GetString(words[i]).ToLowerInvariant() switch
            {
                "file" => file with { Name = value },
                "seq" => file with { Sequence = long.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out long sequence) ? sequence : 0 },
                "type" => file with { Type = (AofFileType)value.FirstOrDefault() },
                // Of a later version.
                _ => file,
            };
        }
        if (file.Name is string name && (name.IndexOfAny(['/', '\0']) >= 0 || name is "." or ".."))
        {
            return "File can't be a path, just a filename";
        }
        return file is { Name.Length: > 0, Sequence: > 0, Type: not 0 } ? TryAdd(file, files) : Invalid;
    }

    private static string? TryAdd(AofFile file, List<AofFile> files)
    {
        long last = files.LastOrDefault(other => other.Type == file.Type).Sequence;
        switch (file.Type)
        {
            case AofFileType.Base when last > 0:
                return "Found duplicate base file information";
            case AofFileType.Incremental when file.Sequence <= last:
                return "Found a non-monotonic sequence number";
            case AofFileType.Base or AofFileType.Incremental or AofFileType.History:
                files.Add(file);
                return null;
            default:
                return "Unknown AOF file type";
        }
    }

    private static string Quoted(string name)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(name);
        if (!bytes.AsSpan().ContainsAnyExceptInRange((byte)'!', (byte)'~') && name.IndexOfAny(['"', '\\', '\'']) < 0)
        {
            return name;
        }
        StringBuilder quoted = new();
        InlineLine.Quote(quoted, bytes);
        return quoted.ToString();
    }
}
