namespace Valkey.Turbo.Lua.Libraries;

/// <summary>What numbers that JSON does not have are written as.</summary>
internal enum InvalidNumbers
{
    Refused,
    AsText,
    AsNull,
}

/// <summary>The settings of one instance of <c>cjson</c>.</summary>
internal sealed class JsonSettings
{
    /// <summary>Whether arrays with too many holes are written as objects.</summary>
    internal bool ConvertsSparse { get; set; }

    /// <summary>How many times longer than its items an array may be; zero allows everything.</summary>
    internal int SparseRatio { get; set; } = 2;

    /// <summary>Arrays up to this length may have any holes.</summary>
    internal int SparseSafe { get; set; } = 10;

    internal int EncodeMaxDepth { get; set; } = 1000;

    internal int DecodeMaxDepth { get; set; } = 1000;

    internal int NumberPrecision { get; set; } = 14;

    /// <summary>Kept for scripts that ask for it; there is no buffer that could be kept.</summary>
    internal bool KeepsBuffer { get; set; } = true;

    internal InvalidNumbers EncodeInvalidNumbers { get; set; }

    internal bool DecodeInvalidNumbers { get; set; } = true;
}
