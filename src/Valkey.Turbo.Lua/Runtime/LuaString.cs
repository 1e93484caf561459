using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Text;

namespace Valkey.Turbo.Lua;

/// <summary>An immutable string of bytes.</summary>
public sealed class LuaString : IEquatable<LuaString>
{
    /// <summary>What <see cref="MeasuredIn"/> says of strings that compiled chunks and the process share: no interpreter counts them.</summary>
    internal const int Shared = -1;

    /// <summary>Bytes of the managed heap that a string takes besides its text.</summary>
    internal const int OverheadBytes = 56;

    private static readonly ulong s_seed = (ulong)Random.Shared.NextInt64() | 1;

    private readonly byte[] _bytes;
    private int _hash;

    /// <summary>The measurement of the heap that saw this string last.</summary>
    internal int MeasuredIn;

    /// <summary>A string that owns these bytes, which nobody may change any more.</summary>
    internal LuaString(byte[] bytes) => _bytes = bytes;

    /// <summary>A string of a copy of these bytes.</summary>
    public LuaString(ReadOnlySpan<byte> bytes) => _bytes = bytes.ToArray();

    /// <summary>The string without bytes.</summary>
    public static LuaString Empty { get; } = Constant("");

    /// <summary>The bytes.</summary>
    public ReadOnlySpan<byte> Span => _bytes;

    /// <summary>The bytes, to keep.</summary>
    public ReadOnlyMemory<byte> Memory => _bytes;

    /// <summary>The bytes, which nobody changes.</summary>
    internal byte[] Bytes => _bytes;

    /// <summary>Count of bytes.</summary>
    public int Length => _bytes.Length;

    /// <summary>The hash of the content, computed when first asked for; never zero.</summary>
    internal int Hash
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            int hash = _hash;
            return hash != 0 ? hash : ComputeHash();
        }
    }

    /// <summary>A string that lives as long as the process and that all interpreters may share.</summary>
    /// <param name="text">Written as UTF-8.</param>
    public static LuaString Constant(string text) => Share(new LuaString(Encoding.UTF8.GetBytes(text)));

    /// <summary>Makes a string one that no interpreter counts as its own.</summary>
    internal static LuaString Share(LuaString value)
    {
        value.MeasuredIn = Shared;
        _ = value.Hash;
        return value;
    }

    /// <summary>Whether the bytes are the same.</summary>
    internal bool ContentEquals(LuaString other) =>
        Hash == other.Hash && _bytes.AsSpan().SequenceEqual(other._bytes);

    /// <inheritdoc/>
    public bool Equals(LuaString? other) => other is not null && (ReferenceEquals(this, other) || ContentEquals(other));

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LuaString);

    /// <inheritdoc/>
    public override int GetHashCode() => Hash;

    /// <summary>The bytes as text, each byte a character.</summary>
    public override string ToString() => Encoding.Latin1.GetString(_bytes);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int ComputeHash()
    {
        ReadOnlySpan<byte> rest = _bytes;
        ulong state = s_seed ^ (ulong)rest.Length;
        while (rest.Length >= 8)
        {
            state = Mix(state ^ BinaryPrimitives.ReadUInt64LittleEndian(rest));
            rest = rest[8..];
        }
        ulong tail = 0;
        for (int i = 0; i < rest.Length; i++)
        {
            tail |= (ulong)rest[i] << (8 * i);
        }
        state = Mix(state ^ tail);
        int hash = (int)(state ^ (state >> 32));
        return _hash = hash != 0 ? hash : 1;
    }

    private static ulong Mix(ulong value)
    {
        ulong high = Math.BigMul(value ^ 0x9E3779B97F4A7C15, 0xD6E8FEB86659FD93, out ulong low);
        return high ^ low;
    }
}
