namespace Valkey.Turbo.Structures;

/// <summary>The sizes at which collections change their encoding; the directives of the same names.</summary>
public sealed class CollectionLimits
{
    public long HashMaxListpackEntries { get; set; } = 512;
    public long HashMaxListpackValue { get; set; } = 64;
    public long SetMaxIntsetEntries { get; set; } = 512;
    public long SetMaxListpackEntries { get; set; } = 128;
    public long SetMaxListpackValue { get; set; } = 64;
    public long ZsetMaxListpackEntries { get; set; } = 128;
    public long ZsetMaxListpackValue { get; set; } = 64;
    public int ListMaxListpackSize { get; set; } = -2;
    public int ListCompressDepth { get; set; }
    public long StreamNodeMaxBytes { get; set; } = 4096;
    public long StreamNodeMaxEntries { get; set; } = 100;
    public long HllSparseMaxBytes { get; set; } = 3000;
}
