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

/// <summary>What else than a key a file says; the numbers are Valkey's.</summary>
public enum RdbOpcode : byte
{
    SlotImport = 243,
    SlotInfo = 244,
    Function = 245,
    EarlyFunction = 246,
    ModuleAuxiliary = 247,
    Idle = 248,
    Frequency = 249,
    Auxiliary = 250,
    Sizes = 251,
    ExpiryMilliseconds = 252,
    ExpirySeconds = 253,
    Database = 254,
    End = 255,
}

/// <summary>Constants of the format.</summary>
public static class RdbFormat
{
    /// <summary>The version that is written.</summary>
    public const int Version = 80;

    /// <summary>The first version whose files end with a checksum.</summary>
    internal const int FirstChecksummedVersion = 5;

    /// <summary>How a file of this version begins, and with it all that carry the same word.</summary>
    internal static ReadOnlySpan<byte> Magic => "VALKEY"u8;

    /// <summary>How files of versions 1 to 11, and foreign ones, begin.</summary>
    internal static ReadOnlySpan<byte> OldMagic => "REDIS0"u8;

    /// <summary>Bytes of the magic word and the version.</summary>
    internal const int HeaderBytes = 9;

    /// <summary>Whether a version is one of those that belong to other servers.</summary>
    public static bool IsForeign(int version) => version is >= FirstForeignVersion and < Version;

    /// <summary>The first of the versions that belong to other servers and mean other things.</summary>
    public const int FirstForeignVersion = 12;

    /// <summary>The first type that other servers give another meaning.</summary>
    public const int FirstForeignType = 22;

    /// <summary>The last type or opcode that other servers give another meaning.</summary>
    internal const int LastForeignType = 243;

    /// <summary>The type of a module's value as it was before modules were released; not read.</summary>
    internal const int EarlyModuleType = 6;

    /// <summary>The type of a module's value; not read, as there are no modules.</summary>
    internal const int ModuleType = 7;
}
