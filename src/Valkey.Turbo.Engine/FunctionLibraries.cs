using System.Text;
using Valkey.Turbo.Memory;
using Valkey.Turbo.Protocol;
using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Engine;

/// <summary>What the code of a library has turned out to hold.</summary>
public interface ICompiledLibrary
{
    /// <summary>The names of its functions.</summary>
    IReadOnlyList<string> FunctionNames { get; }
}

/// <summary>What can make something of the code of libraries.</summary>
public interface ILibraryCompiler
{
    /// <summary>Compiles a library and finds its functions.</summary>
    /// <param name="code">All of its code; the head has been read already.</param>
    /// <param name="compiled">What it holds.</param>
    /// <returns>Null, or what is wrong with it.</returns>
    string? Compile(ReadOnlySpan<byte> code, out ICompiledLibrary compiled);

    /// <summary>A library is there, and its functions can be called.</summary>
    void Link(ICompiledLibrary library);

    /// <summary>A library is gone.</summary>
    void Unlink(ICompiledLibrary library);

    /// <summary>All libraries are gone, and interpreters are to begin anew.</summary>
    void UnlinkAll();
}

/// <summary>A library of functions.</summary>
public sealed class FunctionLibrary
{
    private readonly ValueBlock _code;

    internal FunctionLibrary(string name, ValueBlock code, ICompiledLibrary compiled)
    {
        Name = name;
        _code = code;
        Compiled = compiled;
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Its code; valid while the library is there.</summary>
    public ReadOnlySpan<byte> Code => _code.Span;

    /// <summary>What it holds.</summary>
    public ICompiledLibrary Compiled { get; }

    internal void Free(Arena arena) => _code.Free(arena);
}

/// <summary>
/// The libraries of functions, as a part of the data: whatever is saved holds them. Used under all shards, or before the threads have started.
/// </summary>
/// <param name="arena">Where the code lies.</param>
public sealed class FunctionLibraries(Arena arena)
{
    private const string Engine = "lua";
    private readonly SortedDictionary<string, FunctionLibrary> _libraries = new(StringComparer.Ordinal);
    // Functions are called in any case.
    private readonly HashSet<string> _functionNames = new(StringComparer.OrdinalIgnoreCase);

    private bool _isBeside;

    /// <summary>What compiles them; set before the first is added.</summary>
    public ILibraryCompiler? Compiler { get; set; }

    /// <summary>How many there are.</summary>
    public int Count => _libraries.Count;

    /// <summary>How many functions they have.</summary>
    public int FunctionCount => _functionNames.Count;

    /// <summary>All of them, by name.</summary>
    public IReadOnlyCollection<FunctionLibrary> Libraries => _libraries.Values;

    /// <summary>Bytes of their code.</summary>
    public long CodeBytes { get; private set; }

    /// <summary>An empty set of libraries beside these, whose functions can't be called before they have joined.</summary>
    public FunctionLibraries Beside() => new(arena) { Compiler = Compiler, _isBeside = true };

    /// <summary>Adds a library.</summary>
    /// <param name="code">Begins with a line that names engine and library: <c>#!lua name=mylib</c>.</param>
    /// <param name="replaces">Whether it takes the place of another of its name.</param>
    /// <returns>Null, or why it can't be taken.</returns>
    public string? Add(ReadOnlySpan<byte> code, bool replaces) => Add(code, replaces, out _);

    /// <summary>The same, and tells the library's name.</summary>
    public string? Add(ReadOnlySpan<byte> code, bool replaces, out string name)
    {
        if (TryReadHead(code, out name) is string problem)
        {
            return problem;
        }
        _libraries.TryGetValue(name, out FunctionLibrary? old);
        if (old is not null && !replaces)
        {
            return $"Library '{name}' already exists";
        }
        ICompiledLibrary compiled = NoFunctions.Instance;
        if (Compiler?.Compile(code, out compiled) is string error)
        {
            return error;
        }
        string? taken = compiled.FunctionNames.FirstOrDefault(
            function => _functionNames.Contains(function) && old?.Compiled.FunctionNames.Contains(function, StringComparer.OrdinalIgnoreCase) != true);
        if (taken is not null)
        {
            return $"Function {taken} already exists";
        }
        Drop(name);
        ValueBlock copy = ValueBlock.Create(arena, code.Length);
        code.CopyTo(copy.Span);
        Link(new FunctionLibrary(name, copy, compiled));
        return null;
    }

    /// <summary>Takes all libraries of another set over, or none.</summary>
    /// <param name="others">They; none are left there.</param>
    /// <param name="replaces">Whether they take the places of those of their names.</param>
    /// <returns>Null, or why they can't be taken.</returns>
    public string? Join(FunctionLibraries others, bool replaces)
    {
        HashSet<string> left = new(_functionNames, StringComparer.OrdinalIgnoreCase);
        foreach (FunctionLibrary library in others.Libraries)
        {
            if (_libraries.TryGetValue(library.Name, out FunctionLibrary? old))
            {
                if (!replaces)
                {
                    return $"Library {library.Name} already exists";
                }
                left.ExceptWith(old.Compiled.FunctionNames);
            }
        }
        if (others._functionNames.FirstOrDefault(left.Contains) is string taken)
        {
            return $"Function {taken} already exists";
        }
        foreach (FunctionLibrary library in others.Libraries)
        {
            Drop(library.Name);
            Link(library);
        }
        others._libraries.Clear();
        others._functionNames.Clear();
        others.CodeBytes = 0;
        return null;
    }

    /// <summary>Removes a library; false if there is none of that name.</summary>
    public bool Remove(string name) => Drop(name);

    /// <summary>Removes all.</summary>
    public void Clear()
    {
        foreach (FunctionLibrary library in _libraries.Values)
        {
            library.Free(arena);
        }
        _libraries.Clear();
        _functionNames.Clear();
        CodeBytes = 0;
        Audience?.UnlinkAll();
    }

    private ILibraryCompiler? Audience => _isBeside ? null : Compiler;

    private void Link(FunctionLibrary library)
    {
        _libraries.Add(library.Name, library);
        CodeBytes += library.Code.Length;
        _functionNames.UnionWith(library.Compiled.FunctionNames);
        Audience?.Link(library.Compiled);
    }

    private bool Drop(string name)
    {
        if (!_libraries.Remove(name, out FunctionLibrary? library))
        {
            return false;
        }
        _functionNames.ExceptWith(library.Compiled.FunctionNames);
        CodeBytes -= library.Code.Length;
        Audience?.Unlink(library.Compiled);
        library.Free(arena);
        return true;
    }

    /// <summary>Where nothing compiles libraries they are kept as they are.</summary>
    private sealed class NoFunctions : ICompiledLibrary
    {
        internal static readonly NoFunctions Instance = new();

        public IReadOnlyList<string> FunctionNames => [];
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
        string[] words = InlineLine.Split(code[..end])?.Select(Encoding.Latin1.GetString).ToArray() ?? [];
        if (words.Length == 0)
        {
            return "Invalid library metadata";
        }
        string[] names = [.. words.Skip(1).Where(IsName).Select(word => word[5..])];
        if (words.Skip(1).FirstOrDefault(word => !IsName(word)) is string unknown)
        {
            return $"Invalid metadata value given: {unknown}";
        }
        if (names.Length != 1)
        {
            return names.Length == 0 ? "Library name was not given" : "Invalid metadata value, name argument was given multiple times";
        }
        name = names[0];
        if (name.Length == 0 || !name.All(letter => char.IsAsciiLetterOrDigit(letter) || letter == '_'))
        {
            return "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long";
        }
        string engine = words[0][2..];
        return engine.Equals(Engine, StringComparison.OrdinalIgnoreCase) ? null : $"Engine '{engine}' not found";
    }

    private static bool IsName(string word) => word.StartsWith("name=", StringComparison.OrdinalIgnoreCase);
}
