using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Valkey.Turbo.Engine.Diagnostics;

/// <summary>How often each error code was replied. Any thread, at any time.</summary>
public sealed class ErrorCounts
{
    private const int MaxCodes = 128;
    private const string OverflowCode = "ERRORSTATS_OVERFLOW";
    private readonly ConcurrentDictionary<string, StrongBox<long>> _byCode = new();

    /// <summary>Notes an error reply under its code; what codes there are is limited, as a client can make them up.</summary>
    public void Count(string code)
    {
        if (_byCode.Count >= MaxCodes && !_byCode.ContainsKey(code))
        {
            code = OverflowCode;
        }
        Interlocked.Increment(ref _byCode.GetOrAdd(code, static _ => new StrongBox<long>()).Value);
    }

    /// <summary>The codes in order with their counts. A copy: LINQ's own way to sort a dictionary fails while another thread clears it.</summary>
    public IReadOnlyList<(string Code, long Count)> InOrder()
    {
        KeyValuePair<string, StrongBox<long>>[] pairs = _byCode.ToArray();
        Array.Sort(pairs, static (a, b) => string.CompareOrdinal(a.Key, b.Key));
        return Array.ConvertAll(pairs, static pair => (pair.Key, Volatile.Read(ref pair.Value.Value)));
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => _byCode.Clear();
}
