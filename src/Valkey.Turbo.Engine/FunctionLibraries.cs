using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>A library of functions.</summary>
/// <param name="name">Its name.</param>
/// <param name="code">Its code.</param>
public readonly struct FunctionLibrary(string name, ValueBlock code)
{
    /// <summary>Its name.</summary>
    public string Name { get; } = name;

    /// <summary>Its code; valid while the library is there.</summary>
    public ReadOnlySpan<byte> Code => code.Span;
}

/// <summary>
/// Libraries of functions that files have brought, as the bytes they are: they can't be called yet, but whatever is saved holds them again.
/// Used under all shards, or before the threads have started.
/// </summary>
/// <param name="arena">Where the code lies.</param>
public sealed class FunctionLibraries(Arena arena)
{
    private const string Engine = "lua";
    private readonly SortedDictionary<string, ValueBlock> _codeByName = new(StringComparer.Ordinal);

    /// <summary>How many there are.</summary>
    public int Count => _codeByName.Count;

    /// <summary>All of them, by name.</summary>
    public IEnumerable<FunctionLibrary> Libraries => _codeByName.Select(static one => new FunctionLibrary(one.Key, one.Value));

    /// <summary>Adds a library.</summary>
    /// <param name="code">Begins with a line that names engine and library: <c>#!lua name=mylib</c>.</param>
    /// <param name="replaces">Whether it takes the place of another of its name.</param>
    /// <returns>Null, or why it can't be taken.</returns>
    public string? Add(ReadOnlySpan<byte> code, bool replaces)
    {
        if (TryReadHead(code, out string name) is string problem)
        {
            return problem;
        }
        if (_codeByName.ContainsKey(name) && !replaces)
        {
            return $"Library '{name}' already exists";
        }
        Remove(name);
        ValueBlock copy = ValueBlock.Create(arena, code.Length);
        code.CopyTo(copy.Span);
        _codeByName.Add(name, copy);
        return null;
    }

    /// <summary>Removes a library; false if there is none of that name.</summary>
    public bool Remove(string name)
    {
        if (!_codeByName.Remove(name, out ValueBlock code))
        {
            return false;
        }
        code.Free(arena);
        return true;
    }

    /// <summary>Removes all.</summary>
    public void Clear()
    {
        foreach (ValueBlock code in _codeByName.Values)
        {
            code.Free(arena);
        }
        _codeByName.Clear();
    }

    private static string? TryReadHead(ReadOnlySpan<byte> code, out string name)
    {
        name = "";
        int end = code.IndexOf((byte)'\n');
        if (!code.StartsWith("#!"u8))
        {
            return "Missing library metadata";
        }
        if (end < 0)
        {
            return "Invalid library metadata";
        }
        string[] words = Encoding.Latin1.GetString(code[2..end]).Split([' ', '\t', '\r'], StringSplitOptions.RemoveEmptyEntries);
        string[] names = [.. words.Skip(1).Where(word => word.StartsWith("name=", StringComparison.Ordinal)).Select(word => word[5..])];
        if (words.Length == 0 || !words[0].Equals(Engine, StringComparison.OrdinalIgnoreCase))
        {
            return $"Engine '{words.FirstOrDefault("")}' not found";
        }
        if (words.Skip(1).FirstOrDefault(word => !word.StartsWith("name=", StringComparison.Ordinal)) is string unknown)
        {
            return $"Invalid metadata value given: {unknown}";
        }
        if (names.Length != 1)
        {
            return names.Length == 0 ? "Library name was not given" : "Invalid metadata value, name argument was given multiple times";
        }
        name = names[0];
        return name.Length > 0 && name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_')
            ? null
            : "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";
    }
}
