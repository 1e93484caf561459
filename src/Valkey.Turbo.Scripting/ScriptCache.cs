using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Valkey.Turbo.Lua;

namespace Valkey.Turbo.Scripting;

/// <summary>The scripts that are known by their digests. All threads share it; looking one up takes no lock.</summary>
/// <param name="threads">How many threads run scripts.</param>
public sealed class ScriptCache(int threads)
{
    private const int MostEvictable = 500;
    private const long BytesPerScript = 256;
    private static readonly LuaString s_chunkName = LuaString.Constant("@user_script");

    private readonly Lock _lock = new();
    private readonly Dictionary<ScriptDigest, Script> _evictable = [];
    private ConcurrentDictionary<ScriptDigest, Script> _scripts = new();
    private long _lastNumber;
    private long _sourceBytes;

    /// <summary>How many scripts there are.</summary>
    public int Count => _scripts.Count;

    /// <summary>How many were evicted.</summary>
    public long EvictedCount { get; private set; }

    /// <summary>How often all scripts were forgotten; interpreters that have seen less begin anew.</summary>
    public int Generation { get; private set; }

    /// <summary>Bytes of the scripts' sources and what is kept beside them.</summary>
    public long OverheadBytes => Interlocked.Read(ref _sourceBytes) + Count * BytesPerScript;

    /// <summary>Finds a script.</summary>
    public bool TryFind(ScriptDigest digest, [NotNullWhen(true)] out Script? script) => _scripts.TryGetValue(digest, out script);

    /// <summary>Adds a script, unless it is there.</summary>
    /// <param name="source">The script.</param>
    /// <param name="digest">Its digest.</param>
    /// <param name="stays">Whether it stays until all are forgotten, as one that SCRIPT LOAD brings.</param>
    /// <param name="nowNs">The time, for whose turn it is to go.</param>
    /// <param name="script">The script.</param>
    /// <returns>Null, or why it can't be run.</returns>
    public string? Add(ReadOnlySpan<byte> source, ScriptDigest digest, bool stays, long nowNs, out Script? script)
    {
        if (!_scripts.TryGetValue(digest, out script))
        {
            if (Shebang.Read(source, out ScriptFlags flags, out int shebangBytes) is string problem)
            {
                return problem;
            }
            try
            {
                LuaChunk chunk = LuaCompiler.Compile(source[shebangBytes..], s_chunkName);
                script = new Script(digest, source.ToArray(), chunk, flags, threads) { Number = Interlocked.Increment(ref _lastNumber) };
            }
            catch (LuaException error)
            {
                return $"Error compiling script (new function): {error.Value}";
            }
        }
        lock (_lock)
        {
            Keep(ref script, stays, nowNs);
        }
        return null;
    }

    /// <summary>What a script says of itself, or null if that can't be read.</summary>
    public static ScriptFlags? FlagsOf(ReadOnlySpan<byte> source) => Shebang.Read(source, out ScriptFlags flags, out _) is null ? flags : null;

    /// <summary>Forgets all scripts.</summary>
    public void Flush()
    {
        lock (_lock)
        {
            _scripts = new ConcurrentDictionary<ScriptDigest, Script>();
            _evictable.Clear();
            Interlocked.Exchange(ref _sourceBytes, 0);
            Generation++;
        }
    }

    private void Keep(ref Script script, bool stays, long nowNs)
    {
        Script kept = _scripts.GetOrAdd(script.Digest, script);
        bool isNew = kept == script && !_evictable.ContainsKey(kept.Digest) && kept.LastUsedNs == 0 && !kept.IsEvictable;
        script = kept;
        if (stays)
        {
            kept.IsEvictable = false;
            _evictable.Remove(kept.Digest);
        }
        else if (isNew)
        {
            MakeRoom();
            kept.IsEvictable = true;
            kept.NoteUse(0, nowNs);
            _evictable.Add(kept.Digest, kept);
        }
        if (isNew)
        {
            Interlocked.Add(ref _sourceBytes, kept.Source.Length);
        }
    }

    private void MakeRoom()
    {
        while (_evictable.Count >= MostEvictable)
        {
            Script oldest = _evictable.Values.MinBy(static script => (script.LastUsedNs, script.Number))!;
            _evictable.Remove(oldest.Digest);
            _scripts.TryRemove(oldest.Digest, out _);
            Interlocked.Add(ref _sourceBytes, -oldest.Source.Length);
            EvictedCount++;
        }
    }
}
