namespace Valkey.Turbo.Structures;

/// <summary>How a hash table reads the entries it refers to. Entries lie in the heap and are named by their address.</summary>
public interface ITableEntry
{
    /// <summary>The bytes that identify the entry.</summary>
    static abstract ReadOnlySpan<byte> Key(nint entry);

    /// <summary>How many bytes it takes by itself, as asked of the arena.</summary>
    static abstract long Bytes(nint entry);

    /// <summary>When the entry expires, in milliseconds since 1970, or <see cref="NoExpiry"/>.</summary>
    static abstract long ExpiresAtUnixMs(nint entry);

    /// <summary>Marks an entry that does not expire.</summary>
    const long NoExpiry = -1;
}

/// <summary>Receives entries, one after another. A struct, so that iteration allocates nothing.</summary>
public interface IEntryVisitor
{
    /// <summary>Called for every entry. The entry may be removed only after the iteration has returned.</summary>
    void Visit(nint entry);
}
