using System.Runtime.CompilerServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A member of a set that is held as a hash table.
/// <code>
/// | length 1 | bytes |    or, from 255 bytes on,    | 255 | length 4 | bytes |
/// </code>
/// </summary>
public readonly unsafe struct SetMember : ITableEntry
{
    private const byte WideMark = 255;

    /// <summary>Adds a member's bytes to the arena.</summary>
    public static nint Create(Arena arena, ReadOnlySpan<byte> value)
    {
        nint at = arena.Allocate(BytesFor(value.Length));
        Write((byte*)at, value);
        return at;
    }

    /// <summary>Frees a member.</summary>
    public static void Free(Arena arena, nint member) => arena.Free(member, Bytes(member));

    /// <summary>Bytes of a member, as asked of the arena.</summary>
    public static long BytesFor(int length) => length < WideMark ? 1 + length : 5L + length;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> Key(nint entry) => Read((byte*)entry);

    /// <inheritdoc/>
    public static long Bytes(nint entry) => BytesFor(Key(entry).Length);

    /// <inheritdoc/>
    public static long ExpiresAtUnixMs(nint entry) => ITableEntry.NoExpiry;

    /// <summary>Reads bytes with their length before them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ReadOnlySpan<byte> Read(byte* at) =>
        *at < WideMark ? new(at + 1, *at) : new(at + 5, Unsafe.ReadUnaligned<int>(at + 1));

    /// <summary>Writes bytes with their length before them.</summary>
    internal static void Write(byte* at, ReadOnlySpan<byte> value)
    {
        if (value.Length < WideMark)
        {
            *at++ = (byte)value.Length;
        }
        else
        {
            *at = WideMark;
            Unsafe.WriteUnaligned(at + 1, value.Length);
            at += 5;
        }
        value.CopyTo(new Span<byte>(at, value.Length));
    }
}
