namespace Valkey.Turbo.Persistence.Rdb;

/// <summary>How a value is written in RDB files and dump payloads; the numbers are Valkey's.</summary>
public enum RdbType : byte
{
    String = 0,
    List = 1,
    Set = 2,
    SortedSetText = 3,
    Hash = 4,
    SortedSet = 5,
    HashZipmap = 9,
    ListZiplist = 10,
    SetIntset = 11,
    SortedSetZiplist = 12,
    HashZiplist = 13,
    ListOfZiplists = 14,
    Stream = 15,
    HashListpack = 16,
    SortedSetListpack = 17,
    ListOfListpacks = 18,
    Stream2 = 19,
    SetListpack = 20,
    Stream3 = 21,
    HashWithExpiry = 22,
}

/// <summary>Constants of the format.</summary>
public static class RdbFormat
{
    /// <summary>The version that is written.</summary>
    public const int Version = 80;

    /// <summary>The first of the versions that belong to other servers and mean other things.</summary>
    public const int FirstForeignVersion = 12;

    /// <summary>The first type that versions of other servers give another meaning.</summary>
    public const int FirstForeignType = 22;
}
