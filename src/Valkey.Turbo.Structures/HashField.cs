using System.Runtime.CompilerServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A field of a hash that is held as a hash table, with its value.
/// <code>
/// | flags 1 | field length 1 | value length 1 | expiry, 8 if expiring | field | value |
/// </code>
/// If one of them has more than 255 bytes, both lengths take 4 bytes.
/// </summary>
public readonly unsafe struct HashField(nint address) : ITableEntry
{
    private const byte HasExpiryFlag = 1;
    private const byte WideFlag = 2;
    private const int NarrowLimit = 255;

    /// <summary>Where it lies.</summary>
    public nint Address { get; } = address;

    private byte* Bytes => (byte*)Address;

    private bool IsWide => (*Bytes & WideFlag) != 0;

    private bool HasExpiryField => (*Bytes & HasExpiryFlag) != 0;

    private int NameLength => IsWide ? Unsafe.ReadUnaligned<int>(Bytes + 1) : Bytes[1];

    private int ValueLength => IsWide ? Unsafe.ReadUnaligned<int>(Bytes + 5) : Bytes[2];

    private int ExpiryOffset => IsWide ? 9 : 3;

    private int NameOffset => ExpiryOffset + (HasExpiryField ? 8 : 0);

    /// <summary>The field's name.</summary>
    public ReadOnlySpan<byte> Name => new(Bytes + NameOffset, NameLength);

    /// <summary>The field's value.</summary>
    public ReadOnlySpan<byte> Value => new(Bytes + NameOffset + NameLength, ValueLength);

    /// <summary>When the field expires, in milliseconds since 1970, or <see cref="ITableEntry.NoExpiry"/>.</summary>
    public long Expiry
    {
        get => HasExpiryField ? Unsafe.ReadUnaligned<long>(Bytes + ExpiryOffset) : ITableEntry.NoExpiry;
        set
        {
            Invariant.Require(HasExpiryField);
            Unsafe.WriteUnaligned(Bytes + ExpiryOffset, value);
        }
    }

    /// <summary>Bytes of the field, as asked of the arena.</summary>
    public long EntryBytes => NameOffset + (long)NameLength + ValueLength;

    /// <summary>Makes a field.</summary>
    public static HashField Create(Arena arena, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value, long expiresAtUnixMs)
    {
        bool isWide = name.Length > NarrowLimit || value.Length > NarrowLimit, expires = expiresAtUnixMs != ITableEntry.NoExpiry;
        long bytes = (isWide ? 9 : 3) + (expires ? 8 : 0) + (long)name.Length + value.Length;
        HashField field = new(arena.Allocate(bytes));
        *field.Bytes = (byte)((expires ? HasExpiryFlag : 0) | (isWide ? WideFlag : 0));
        field.SetLengths(name.Length, value.Length);
        if (expires)
        {
            field.Expiry = expiresAtUnixMs;
        }
        name.CopyTo(new Span<byte>(field.Bytes + field.NameOffset, name.Length));
        value.CopyTo(new Span<byte>(field.Bytes + field.NameOffset + name.Length, value.Length));
        return field;
    }

    /// <summary>Changes value and expiry in place, if that needs no other memory.</summary>
    public bool TryOverwrite(ReadOnlySpan<byte> value, long expiresAtUnixMs)
    {
        bool fits = (expiresAtUnixMs == ITableEntry.NoExpiry || HasExpiryField)
            && (IsWide || value.Length <= NarrowLimit)
            && SizeClass.RoundUp(EntryBytes) == SizeClass.RoundUp(EntryBytes - ValueLength + value.Length);
        if (fits)
        {
            SetLengths(NameLength, value.Length);
            value.CopyTo(new Span<byte>(Bytes + NameOffset + NameLength, value.Length));
            if (HasExpiryField)
            {
                Expiry = expiresAtUnixMs;
            }
        }
        return fits;
    }

    /// <summary>Frees the field.</summary>
    public void Free(Arena arena) => arena.Free(Address, EntryBytes);

    /// <inheritdoc/>
    public static ReadOnlySpan<byte> Key(nint entry) => new HashField(entry).Name;

    /// <inheritdoc/>
    static long ITableEntry.Bytes(nint entry) => new HashField(entry).EntryBytes;

    /// <inheritdoc/>
    public static long ExpiresAtUnixMs(nint entry) => new HashField(entry).Expiry;

    private void SetLengths(int nameLength, int valueLength)
    {
        if (IsWide)
        {
            Unsafe.WriteUnaligned(Bytes + 1, nameLength);
            Unsafe.WriteUnaligned(Bytes + 5, valueLength);
        }
        else
        {
            Bytes[1] = (byte)nameLength;
            Bytes[2] = (byte)valueLength;
        }
    }
}
