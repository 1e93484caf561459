using System.Runtime.CompilerServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A member of a sorted set that is held as a table and a tree; both refer to it.
/// <code>
/// | score 8 | member as in <see cref="SetMember"/> |
/// </code>
/// </summary>
public readonly unsafe struct SortedMember : ITableEntry
{
    private const int ScoreBytes = 8;

    /// <summary>Makes a member.</summary>
    public static nint Create(Arena arena, double score, ReadOnlySpan<byte> value)
    {
        nint at = arena.Allocate(ScoreBytes + SetMember.BytesFor(value.Length));
        *(double*)at = score;
        SetMember.Write((byte*)at + ScoreBytes, value);
        return at;
    }

    /// <summary>Frees a member.</summary>
    public static void Free(Arena arena, nint member) =>
        arena.Free(member, Bytes(member));

    /// <summary>A member's score.</summary>
    public static double Score(nint member) => *(double*)member;

    /// <summary>Changes a score; the member must stand in no tree meanwhile.</summary>
    public static void SetScore(nint member, double score) => *(double*)member = score;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ReadOnlySpan<byte> Key(nint entry) => SetMember.Read((byte*)entry + ScoreBytes);

    /// <inheritdoc/>
    public static long Bytes(nint entry) => ScoreBytes + SetMember.BytesFor(Key(entry).Length);

    /// <inheritdoc/>
    public static long ExpiresAtUnixMs(nint entry) => ITableEntry.NoExpiry;
}
