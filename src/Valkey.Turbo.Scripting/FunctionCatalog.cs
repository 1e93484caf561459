using System.Collections.Concurrent;
using System.Text;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Scripting;

/// <summary>The functions that can be called, by their names in lower case. Changed under all shards; looked at by all threads.</summary>
internal sealed class FunctionCatalog
{
    private readonly ConcurrentDictionary<byte[], Function> _functions = new(BytesComparer.Instance);

    /// <summary>How often libraries were removed; interpreters forget them when they see that.</summary>
    internal int RemovedCount { get; private set; }

    /// <summary>How often all libraries were removed: interpreters begin anew then.</summary>
    internal int Generation { get; private set; }

    /// <summary>Bytes of the compiled libraries.</summary>
    internal long CodeBytes { get; private set; }

    internal void Add(CompiledLibrary library)
    {
        CodeBytes += library.Chunk.SizeBytes;
        foreach (Function function in library.Functions)
        {
            _functions[Encoding.Latin1.GetBytes(function.Name.ToLowerInvariant())] = function;
        }
    }

    internal void Remove(CompiledLibrary library)
    {
        CodeBytes -= library.Chunk.SizeBytes;
        library.IsRemoved = true;
        RemovedCount++;
        foreach (Function function in library.Functions)
        {
            _functions.TryRemove(Encoding.Latin1.GetBytes(function.Name.ToLowerInvariant()), out _);
        }
    }

    internal void Clear()
    {
        CodeBytes = 0;
        Generation++;
        _functions.Clear();
    }

    internal Function? Find(ReadOnlySpan<byte> name)
    {
        const int longestOnStack = 128;
        Span<byte> lower = name.Length <= longestOnStack ? stackalloc byte[name.Length] : new byte[name.Length];
        Ascii.ToLower(name, lower, out int written);
        return written == name.Length && _functions.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(lower, out Function? found) ? found : null;
    }
}
