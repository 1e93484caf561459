using Valkey.Turbo.Structures;

namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>What a file says of a key besides its value.</summary>
/// <param name="database">The number of its database.</param>
/// <param name="name">The key.</param>
public readonly ref struct RdbKey(int database, ReadOnlySpan<byte> name)
{
    /// <summary>The number of its database.</summary>
    public int Database { get; } = database;

    /// <summary>The key.</summary>
    public ReadOnlySpan<byte> Name { get; } = name;

    /// <summary>When it expires, or <see cref="ITableEntry.NoExpiry"/>.</summary>
    public long ExpiresAtUnixMs { get; init; }

    /// <summary>Since when it has not been used, or -1.</summary>
    public long IdleSeconds { get; init; }

    /// <summary>The counter of its uses, or -1.</summary>
    public int Frequency { get; init; }
}

/// <summary>What became of a value that was read.</summary>
public enum RdbOutcome
{
    /// <summary>It is there.</summary>
    Read,

    /// <summary>It has no elements, and is not kept.</summary>
    Empty,

    /// <summary>It is a hash whose fields have all expired, and is not kept.</summary>
    AllFieldsExpired,

    /// <summary>It makes no sense; the reader knows why.</summary>
    Damaged,
}

/// <summary>Where the content of a file goes. Methods that return a text return null, or why the file cannot be loaded.</summary>
public interface IRdbLoader
{
    /// <summary>The file is of a kind that is read; its content follows.</summary>
    void Begin();

    /// <summary>Something the file says of itself.</summary>
    string? Note(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value);

    /// <summary>Keys of a database follow.</summary>
    string? Database(ulong number);

    /// <summary>Takes a library of functions over, which is nothing but bytes here.</summary>
    string? AddLibrary(ReadOnlySpan<byte> code);

    /// <summary>What reads a key's value into the memory where it will stay.</summary>
    RdbValueReader ReaderOf(ReadOnlySpan<byte> key);

    /// <summary>Takes a key over, with its entry; after an error the entry stays the caller's.</summary>
    string? Add(in RdbKey key, Entry entry);

    /// <summary>A key of which nothing is left.</summary>
    void Skip(in RdbKey key, RdbOutcome why);

    /// <summary>The whole file has been read, and whether it carries a checksum to compare.</summary>
    void End(bool hasChecksum);
}
