using System.Runtime.CompilerServices;
using Valkey.Turbo.Memory;

namespace Valkey.Turbo.Structures;

/// <summary>
/// A key with its value, in one allocation. This is a view of an address; it owns nothing.
/// <code>
/// 0        1       2          5         6            8
/// | type 4 | flags | access   | key     | embedded   | expiry   | key length | value    | key | embedded value |
/// | enc. 4 |       | 24 bits  | length  | value len. | 8, if    | 8, if wide | 8, if    |     |                |
/// |        |       | LRU/LFU  | 8 bits  | 16 bits    | expiring |            | not emb. |     |                |
/// </code>
/// The value word is the integer itself, or the address of a <see cref="ValueBlock"/>. A 16-byte key with a 16-byte value
/// takes 40 bytes, 48 with an expiry; with an integer 32.
/// </summary>
public readonly unsafe struct Entry(nint address) : ITableEntry
{
    /// <summary>The longest value that is embedded; longer ones get a block, so that they can grow and be sent in place.</summary>
    public const int LargestEmbeddedBytes = 2048;

    private const int HeaderBytes = 8;
    private const byte HasExpiryFlag = 1;
    private const byte WideKeyFlag = 2;
    private const byte RawNameFlag = 4;
    private const byte HasVolatileFieldsFlag = 8;
    private const byte IsCountedAsVolatileOnlyFlag = 16;
    private const int NarrowKeyLimit = 255;
    private const uint AccessMask = 0xFFFFFF;

    /// <summary>Where the entry lies; 0 means no entry.</summary>
    public nint Address { get; } = address;

    /// <summary>Whether this is no entry.</summary>
    public bool IsNull => Address == 0;

    private byte* Bytes => (byte*)Address;

    private byte Flags
    {
        get => Bytes[1];
        set => Bytes[1] = value;
    }

    /// <summary>The type of the value.</summary>
    public ValueType Type => (ValueType)(Bytes[0] & 15);

    /// <summary>How the value is held.</summary>
    public ValueEncoding Encoding => (ValueEncoding)(Bytes[0] >> 4);

    /// <summary>Whether the string was changed in place since it was set, which Valkey shows as encoding <c>raw</c>.</summary>
    public bool WasModified
    {
        get => (Flags & RawNameFlag) != 0;
        set => Flags = (byte)(value ? Flags | RawNameFlag : Flags & ~RawNameFlag);
    }

    /// <summary>Whether this hash is counted among those with fields that expire; kept by the keyspace.</summary>
    public bool HasVolatileFields
    {
        get => (Flags & HasVolatileFieldsFlag) != 0;
        set => Flags = (byte)(value ? Flags | HasVolatileFieldsFlag : Flags & ~HasVolatileFieldsFlag);
    }

    /// <summary>Whether this hash stands in the expiry index for its fields alone; kept by the keyspace.</summary>
    public bool IsVolatileOnly
    {
        get => (Flags & IsCountedAsVolatileOnlyFlag) != 0;
        set => Flags = (byte)(value ? Flags | IsCountedAsVolatileOnlyFlag : Flags & ~IsCountedAsVolatileOnlyFlag);
    }

    /// <summary>The 24 bits of LRU or LFU data.</summary>
    public uint Access
    {
        get => Unsafe.ReadUnaligned<uint>(Bytes + 2) & AccessMask;
        set => Unsafe.WriteUnaligned(Bytes + 2, Unsafe.ReadUnaligned<uint>(Bytes + 2) & ~AccessMask | value & AccessMask);
    }

    /// <summary>Whether the entry has room for an expiry.</summary>
    public bool HasExpiryField => (Flags & HasExpiryFlag) != 0;

    /// <summary>When the entry expires, or <see cref="ITableEntry.NoExpiry"/>. Settable only where there is room for it.</summary>
    public long ExpiresAtUnixMs
    {
        get => HasExpiryField ? *(long*)(Bytes + HeaderBytes) : ITableEntry.NoExpiry;
        set
        {
            Invariant.Require(HasExpiryField);
            *(long*)(Bytes + HeaderBytes) = value;
        }
    }

    private bool IsWide => (Flags & WideKeyFlag) != 0;

    private int WideKeyOffset => HeaderBytes + (HasExpiryField ? 8 : 0);

    private int ValueOffset => WideKeyOffset + (IsWide ? 8 : 0);

    private int KeyOffset => ValueOffset + (Encoding == ValueEncoding.Embedded ? 0 : 8);

    /// <summary>How long the key is.</summary>
    public int KeyLength => IsWide ? *(int*)(Bytes + WideKeyOffset) : Bytes[5];

    /// <summary>The key.</summary>
    public ReadOnlySpan<byte> KeySpan
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Bytes + KeyOffset, KeyLength);
    }

    /// <summary>The integer of an entry encoded <see cref="ValueEncoding.Int"/>.</summary>
    public long Integer
    {
        get
        {
            Invariant.Check(Encoding == ValueEncoding.Int);
            return *(long*)(Bytes + ValueOffset);
        }
        set
        {
            Invariant.Check(Encoding == ValueEncoding.Int);
            *(long*)(Bytes + ValueOffset) = value;
        }
    }

    /// <summary>The block of an entry encoded <see cref="ValueEncoding.Block"/>.</summary>
    public ValueBlock Block
    {
        get
        {
            Invariant.Check(Encoding == ValueEncoding.Block);
            return new ValueBlock(*(nint*)(Bytes + ValueOffset));
        }
        set
        {
            Invariant.Check(Encoding == ValueEncoding.Block);
            *(nint*)(Bytes + ValueOffset) = value.Address;
        }
    }

    /// <summary>Where a collection lies, or its root. Whoever moves it renews this.</summary>
    public nint Collection
    {
        get
        {
            Invariant.Check(Encoding > ValueEncoding.Block);
            return *(nint*)(Bytes + ValueOffset);
        }
        set
        {
            Invariant.Check(Encoding > ValueEncoding.Block);
            *(nint*)(Bytes + ValueOffset) = value;
        }
    }

    /// <summary>Gives a collection another encoding.</summary>
    public void SetCollection(ValueEncoding encoding, nint address)
    {
        Invariant.Check(Encoding > ValueEncoding.Block && encoding > ValueEncoding.Block);
        Bytes[0] = (byte)((int)Type | (int)encoding << 4);
        Collection = address;
    }

    /// <summary>The bytes of an embedded value; writable up to its length.</summary>
    public Span<byte> EmbeddedSpan
    {
        get
        {
            Invariant.Check(Encoding == ValueEncoding.Embedded);
            return new Span<byte>(Bytes + KeyOffset + KeyLength, *(ushort*)(Bytes + 6));
        }
    }

    /// <summary>Bytes of the entry itself, as asked of the arena.</summary>
    public long EntryBytes => KeyOffset + (long)KeyLength + (Encoding == ValueEncoding.Embedded ? *(ushort*)(Bytes + 6) : 0);

    /// <summary>Allocates an entry with its key; the value is to be set by the caller.</summary>
    /// <param name="arena">The shard's memory.</param>
    /// <param name="key">The key, copied.</param>
    /// <param name="type">The value's type.</param>
    /// <param name="encoding">How the value will be held.</param>
    /// <param name="embeddedLength">Bytes to embed, at most <see cref="LargestEmbeddedBytes"/>.</param>
    /// <param name="expiresAtUnixMs">The expiry, or <see cref="ITableEntry.NoExpiry"/> for an entry without room for one.</param>
    public static Entry Create(
        Arena arena, ReadOnlySpan<byte> key, ValueType type, ValueEncoding encoding, int embeddedLength, long expiresAtUnixMs)
    {
        Invariant.Check((uint)embeddedLength <= LargestEmbeddedBytes);
        bool wide = key.Length > NarrowKeyLimit, expires = expiresAtUnixMs != ITableEntry.NoExpiry;
        bool embedded = encoding == ValueEncoding.Embedded;
        long bytes = HeaderBytes + (expires ? 8 : 0) + (wide ? 8 : 0) + (embedded ? embeddedLength : 8) + (long)key.Length;
        byte* at = (byte*)arena.Allocate(bytes);
        *(ulong*)at = (uint)type | (uint)encoding << 4 | (ulong)(uint)embeddedLength << 48
            | (wide ? WideKeyFlag : (ulong)key.Length << 32) << 8
            | (expires ? (ulong)HasExpiryFlag << 8 : 0);
        Entry entry = new((nint)at);
        if (expires)
        {
            *(long*)(at + HeaderBytes) = expiresAtUnixMs;
        }
        if (wide)
        {
            *(long*)(at + entry.WideKeyOffset) = key.Length;
        }
        key.CopyTo(new Span<byte>(at + entry.KeyOffset, key.Length));
        return entry;
    }

    /// <summary>Whether an embedded value of another length can take this one's place without a new allocation.</summary>
    public bool FitsInPlace(int embeddedLength)
    {
        if (Encoding != ValueEncoding.Embedded || embeddedLength > LargestEmbeddedBytes)
        {
            return false;
        }
        long now = EntryBytes;
        long then = now - *(ushort*)(Bytes + 6) + embeddedLength;
        return SizeClass.RoundUp(now) == SizeClass.RoundUp(then);
    }

    /// <summary>Changes the length of an embedded value, after <see cref="FitsInPlace"/> has agreed.</summary>
    public void SetEmbeddedLength(int length)
    {
        Invariant.Check(FitsInPlace(length));
        *(ushort*)(Bytes + 6) = (ushort)length;
    }

    /// <inheritdoc/>
    public static ReadOnlySpan<byte> Key(nint entry) => new Entry(entry).KeySpan;

    /// <inheritdoc/>
    static long ITableEntry.Bytes(nint entry) => new Entry(entry).EntryBytes;

    /// <inheritdoc/>
    static long ITableEntry.ExpiresAtUnixMs(nint entry)
    {
        Entry view = new(entry);
        return view.HasVolatileFields ? view.EarliestExpiryUnixMs : view.ExpiresAtUnixMs;
    }

    /// <summary>When the first of the key and its fields expires.</summary>
    private long EarliestExpiryUnixMs
    {
        get
        {
            long fields = new HashTable<HashField>(Collection, null!).EarliestExpiryUnixMs, own = ExpiresAtUnixMs;
            return own == ITableEntry.NoExpiry ? fields : Math.Min(own, fields);
        }
    }
}
