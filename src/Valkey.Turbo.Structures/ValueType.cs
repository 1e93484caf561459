namespace Valkey.Turbo.Structures;

/// <summary>The type of a value; the numbers are those of Valkey's object types.</summary>
public enum ValueType : byte
{
    String = 0,
    List = 1,
    Set = 2,
    SortedSet = 3,
    Hash = 4,
    Module = 5,
    Stream = 6,
}

/// <summary>How an entry holds its value.</summary>
public enum ValueEncoding : byte
{
    /// <summary>A 64-bit integer in the entry.</summary>
    Int = 0,
    /// <summary>Bytes in the entry, behind the key.</summary>
    Embedded = 1,
    /// <summary>Bytes in a block of their own.</summary>
    Block = 2,
    /// <summary>A <see cref="Structures.Listpack"/>.</summary>
    Listpack = 3,
    /// <summary>An <see cref="Structures.IntSet"/>.</summary>
    IntSet = 4,
    /// <summary>A hash table of members or fields.</summary>
    HashTable = 5,
    /// <summary>A sorted set's table and tree.</summary>
    RankedTree = 6,
    /// <summary>A list's chain of listpacks.</summary>
    QuickList = 7,
    /// <summary>A stream.</summary>
    Stream = 8,
}
