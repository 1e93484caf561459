namespace Valkey.Turbo.Structures;

/// <summary>
/// How large a listpack of a list may get: from 0 on <c>list-max-listpack-size</c> is a number of items (and 8 KiB), below a
/// number of bytes, 4 KiB for -1 up to 64 KiB for -5.
/// </summary>
internal readonly struct ListLimit
{
    private const int SafetyBytes = 8192;

    /// <summary>
    /// The most that a link of a chain takes: what fits a slab eight times. Longer links would make every insertion move
    /// more, and waste memory.
    /// </summary>
    private const int LongestLinkBytes = 8128;

    private readonly int _bytes;
    private readonly int _count;

    internal ListLimit(int fill)
    {
        _count = fill < 0 ? int.MaxValue : Math.Max(1, fill);
        _bytes = fill switch { >= 0 => SafetyBytes, -1 => 4096, -2 => 8192, -3 => 16384, -4 => 32768, _ => 65536 };
    }

    /// <summary>Whether a list of so many bytes and items is too large for a single listpack.</summary>
    internal bool IsExceededBy(long bytes, long count) => bytes > _bytes || count > _count;

    /// <summary>Whether a chained list is so small that it becomes a single listpack again.</summary>
    internal bool IsFarFrom(long bytes, long count) => bytes <= _bytes / 2 && count <= _count / 2;

    /// <summary>Whether a link of so many bytes and items is full.</summary>
    internal bool IsLinkExceededBy(long bytes, long count) => bytes > Math.Min(_bytes, LongestLinkBytes) || count > _count;
}
